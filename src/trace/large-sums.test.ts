/** Sums beyond 2^53 satoshi: more than all coins, as they come about when coins move again and again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import { checkSums, HARBOUR, investigateSeeds } from '../../test/support/investigated-graph.ts';
import { ClewError } from '../errors.ts';
import { NO_LIMITS, traceBackward, traceForward } from './trace.ts';

/** Nearly 21 million coins, and odd, so that a sum of doubles would lose its last digit. */
const MOST_SATS = 2_099_999_999_999_997;
const PAYMENTS = 40;
const ORACLE = { serviceOf: () => undefined, mixOf: () => undefined };

function paidAgainAndAgain(): { graph: FlowGraph; paid: number[] } {
  const graph = new FlowGraph();
  const paid: number[] = [];
  for (let n = 0; n < PAYMENTS; n += 1) {
    graph.block();
    const reward = graph.coinbase([['payer', MOST_SATS]]);
    graph.block();
    paid.push(graph.tx([graph.out(reward, 0)], [['vendor', MOST_SATS - 2]]));
    if (n % 2 === 1) {
      graph.block();
      graph.tx([graph.out(paid.at(-1)!, 0)], [['harbour hot', MOST_SATS - 3]]);
    }
  }
  return { graph, paid };
}

test('what a seed set received, spent and holds is exact beyond 2^53', async () => {
  const { graph } = paidAgainAndAgain();
  const result = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  checkSums(result);
  const each = BigInt(MOST_SATS - 2);
  assert.equal(result.receivedSats, each * 40n);
  assert.equal(result.spentSats, each * 20n);
  assert.equal(result.balanceSats, each * 20n);
  assert.ok(result.receivedSats > 2n ** 53n);
  const [payer] = result.payers;
  assert.deepEqual([payer!.payments, payer!.totalSats], [PAYMENTS, each * 40n]);
  const [cashOut] = result.cashOuts;
  const deposited = BigInt(MOST_SATS - 3) * 20n;
  assert.deepEqual(cashOut!.sumByMethod, { fifo: deposited, haircut: deposited });
});

test('a trace over sources of more than 2^53 in all closes its books to the satoshi', () => {
  const { graph, paid } = paidAgainAndAgain();
  const sources = paid.map((tx) => ({ outputIndex: graph.out(tx, 0), label: 'seed' }));
  const whole = BigInt(MOST_SATS - 2) * 40n;
  for (const method of ['fifo', 'haircut'] as const) {
    for (const trace of [traceForward, traceBackward]) {
      const result = trace(graph.flow, sources, { method, limits: NO_LIMITS, oracle: ORACLE });
      assert.deepEqual(result.seededSats, [whole]);
      const ended = result.stopSums().reduce((sum, { totalSats }) => sum + totalSats, 0n);
      assert.equal(ended, whole);
    }
  }
  const twice = traceForward(graph.flow, [...sources, ...sources], {
    method: 'fifo',
    limits: NO_LIMITS,
    oracle: ORACLE,
  });
  assert.equal(twice.alreadyLabelledSats, whole);
});

test('one transaction of more than 2^53, which no chain has, is refused instead of rounded', () => {
  const graph = new FlowGraph();
  const rewards = Array.from({ length: 5 }, () => graph.coinbase([['miner', MOST_SATS]]));
  graph.block();
  const all = graph.tx(
    rewards.map((tx) => graph.out(tx, 0)),
    [
      ['a', MOST_SATS],
      ['b', MOST_SATS],
      ['c', MOST_SATS],
      ['d', MOST_SATS],
      ['e', MOST_SATS],
    ],
  );
  const isDamaged = (error: unknown): boolean =>
    error instanceof ClewError && error.code === 'CLEW_LEDGER_DAMAGED';
  const options = { limits: NO_LIMITS, oracle: ORACLE };
  const forward = [{ outputIndex: graph.out(rewards[4]!, 0), label: 'seed' }];
  const backward = [{ outputIndex: graph.out(all, 4), label: 'end' }];
  for (const method of ['fifo', 'haircut'] as const) {
    assert.throws(() => traceForward(graph.flow, forward, { ...options, method }), isDamaged);
  }
  assert.throws(
    () => traceBackward(graph.flow, backward, { ...options, method: 'haircut' }),
    isDamaged,
  );
});
