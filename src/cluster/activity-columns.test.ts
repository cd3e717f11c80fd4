import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ActivityBuilder, BLOCK_TXS, txsBefore } from './activity-columns.hot.ts';

test('every page of every list is what a plain array gives, whatever the gaps and wherever the rows begin', () => {
  for (const base of [0, 2 ** 33 + 11]) {
    const random = seededRandom(`activity-${base}`);
    const expected: number[][] = Array.from({ length: 7 }, () => []);
    const builder = new ActivityBuilder(7);
    let tx = base;
    for (let n = 0; n < 9_000; n += 1) {
      tx += random.pick([1, 1, 1, random.int(1, 300), random.int(1, 20_000), 2 ** 21, 2 ** 28]);
      // Cluster 6 stays without any; cluster 0 gets most.
      const cluster = random.chance(0.6) ? 0 : random.int(0, 5);
      expected[cluster]!.push(tx);
      builder.add(cluster, tx);
      if (random.chance(0.2)) builder.add(cluster, tx);
    }
    assert.deepEqual(
      [...builder.counts],
      expected.map(({ length }) => length),
    );
    assert.deepEqual(
      [...builder.firstTx],
      expected.map((txs) => txs[0] ?? -1),
    );
    assert.deepEqual(
      [...builder.lastTx],
      expected.map((txs) => txs.at(-1) ?? -1),
    );
    const lists = builder.finish();
    assert.ok(expected[0]!.length > 5 * BLOCK_TXS);
    expected.forEach((txs, cluster) => {
      const newestFirst = txs.toReversed();
      assert.deepEqual(txsBefore(lists, cluster, Number.POSITIVE_INFINITY, 1e9), newestFirst);
      for (let n = 0; n < 60; n += 1) {
        const before = random.chance(0.5) ? random.pick([...txs, base]) : random.int(base, tx + 5);
        const limit = random.pick([1, 2, 50, BLOCK_TXS, 1200]);
        assert.deepEqual(
          txsBefore(lists, cluster, before, limit),
          newestFirst.filter((at) => at < before).slice(0, limit),
          `cluster ${cluster}, before ${before}, limit ${limit}`,
        );
      }
    });
  }
});
