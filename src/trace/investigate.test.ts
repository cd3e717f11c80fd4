/** What holds of investigations as a whole. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import { HARBOUR, investigateSeeds, mine } from '../../test/support/investigated-graph.ts';
import type { Investigation } from './investigation.ts';

test('the same seeds in another order give the same figures, and twice the same gives the same text', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['other payer', 80_000], ['harbour hot', 5_000]);
  graph.block();
  const one = graph.tx(
    [coins['payer']!],
    [
      ['v1', 50_000],
      ['payer', 49_000],
    ],
  );
  const two = graph.tx([coins['other payer']!], [['v2', 70_000]]);
  graph.block();
  graph.tx([graph.out(one, 0)], [['harbour hot', 49_000]]);
  graph.tx([graph.out(two, 0)], [['harbour hot', 69_000]]);
  const text = (result: Investigation): string =>
    JSON.stringify({ ...result, seeds: undefined }, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value,
    );
  const forward = await investigateSeeds(graph, ['v1', 'v2'], [HARBOUR]);
  const again = await investigateSeeds(graph, ['v1', 'v2'], [HARBOUR]);
  const backward = await investigateSeeds(graph, ['v2', 'v1'], [HARBOUR]);
  assert.equal(text(forward), text(again));
  assert.equal(text(forward), text(backward));
  // Two vendors at one exchange account: the shares of both are shown.
  assert.deepEqual(
    forward.cashOuts[0]!.clusters!.map(({ totalSats }) => totalSats),
    [69_000n, 49_000n],
  );
});
