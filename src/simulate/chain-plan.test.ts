import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BOOTSTRAP_BLOCKS, planChain, SPAN_DAYS, START_SECONDS } from './chain-plan.ts';

const DAY_SECONDS = 86_400;
const plan = (transactions: number) => planChain(transactions, seededRandom('plan'));

test('the counts add up exactly, and no block is empty of its coinbase', () => {
  for (const wanted of [1, 2, 129, 130, 131, 500, 5000, 20_000, 123_457, 1_000_000, 10_000_000]) {
    const counts = plan(wanted).transactionCounts;
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      wanted,
    );
    assert.ok(
      counts.every((count) => count >= 1),
      `${wanted}`,
    );
  }
});

test('larger economies have fuller blocks, as documented', () => {
  assert.equal(Math.round(plan(20_000).transactionsPerBlock), 15);
  assert.equal(Math.round(plan(1_000_000).transactionsPerBlock), 224);
  assert.equal(Math.round(plan(10_000_000).transactionsPerBlock), 1100);
  // 110 blocks of coinbases, then 19,889 transactions, 15 at a time.
  assert.equal(plan(20_000).blocks, 1 + BOOTSTRAP_BLOCKS + Math.round(19_889 / 15));
});

test('the economy lives 240 days after its first blocks, whatever its size', () => {
  for (const wanted of [5000, 20_000, 1_000_000]) {
    const { timesSeconds, blocks } = plan(wanted);
    const days = (timesSeconds[blocks - 1]! - timesSeconds[BOOTSTRAP_BLOCKS]!) / DAY_SECONDS;
    assert.ok(Math.abs(days - SPAN_DAYS) < 5, `${wanted}: ${days}`);
    assert.ok(timesSeconds[1]! >= START_SECONDS && timesSeconds[1]! < START_SECONDS + 1200);
  }
});

test('times go back now and then, but never to the median of the eleven before', () => {
  const { timesSeconds, blocks } = plan(20_000);
  let steps = 0;
  for (let height = 2; height < blocks; height += 1) {
    if (timesSeconds[height]! < timesSeconds[height - 1]!) steps += 1;
    const before = [...timesSeconds.slice(Math.max(1, height - 11), height)].sort((a, b) => a - b);
    assert.ok(timesSeconds[height]! > before[Math.floor(before.length / 2)]!, `height ${height}`);
  }
  assert.ok(steps > 10 && steps < blocks / 10);
});
