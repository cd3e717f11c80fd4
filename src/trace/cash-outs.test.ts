/** Where the money went, on graphs small enough to follow by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import {
  addressOf,
  GAMES,
  HARBOUR,
  investigateSeeds,
  mine,
  mixGraph,
  stopOf,
} from '../../test/support/investigated-graph.ts';

test('the deposit address is not tagged, but its sweep co-spends with the tagged hot wallet', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['harbour hot', 500_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const cashOut = graph.tx(
    [graph.out(paid, 0)],
    [
      ['deposit 4711', 60_000],
      ['vendor change', 29_000],
    ],
  );
  graph.block();
  graph.tx([graph.out(cashOut, 0), coins['harbour hot']!], [['harbour cold', 559_000]]);
  const result = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  const [out] = result.cashOuts;
  assert.equal(result.cashOuts.length, 1);
  assert.equal(out!.service.name, 'Harbour');
  assert.equal(out!.service.basis, 'cluster');
  assert.deepEqual(out!.sumByMethod, { fifo: 60_000n, haircut: 60_000n });
  assert.equal(out!.hopsMin, 1);
  assert.deepEqual(
    out!.deposits.map(({ txid, vout, address, hops, valueSats }) => ({
      txid,
      vout,
      address,
      hops,
      valueSats,
    })),
    [
      {
        txid: graph.flow.txid(cashOut),
        vout: 0,
        address: addressOf(graph, 'deposit 4711'),
        hops: 1,
        valueSats: 60_000,
      },
    ],
  );
  assert.equal(stopOf(result, 'unspent'), 29_000n);
});

test('cash-outs are ranked by who can name a customer, then by amount', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['harbour hot', 5_000], ['games hot', 5_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 99_000]]);
  graph.block();
  graph.tx(
    [graph.out(paid, 0)],
    [
      ['harbour hot', 20_000],
      ['games hot', 70_000],
      ['harbour hot', 8_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor'], [GAMES, HARBOUR]);
  assert.deepEqual(
    result.cashOuts.map(({ service, sumByMethod }) => [service.name, sumByMethod.fifo]),
    [
      ['Harbour', 28_000n],
      ['Games', 70_000n],
    ],
  );
  assert.deepEqual(
    result.cashOuts[0]!.deposits.map(({ vout }) => vout),
    [0, 2],
  );
});

test('the vendor pays its own deposit address: no payment, but a cash-out of one step, counted once', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['harbour hot', 500_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const deposit = graph.tx([graph.out(paid, 0)], [['deposit', 89_000]]);
  graph.block();
  graph.tx([graph.out(deposit, 0), coins['harbour hot']!], [['harbour cold', 580_000]]);
  const result = await investigateSeeds(graph, ['vendor', 'deposit'], [HARBOUR]);
  assert.deepEqual(
    result.payments.map(({ amountSats }) => amountSats),
    [90_000],
  );
  assert.deepEqual(result.ownTransfers, {
    transfers: 1,
    transferSats: 89_000n,
    withChange: 0,
    changeSats: 0n,
  });
  assert.equal(result.cashOuts.length, 1);
  assert.equal(result.cashOuts[0]!.sumByMethod.fifo, 89_000n);
  assert.equal(stopOf(result, 'fee'), 1_000n);
});

test('the vendor mixes: money goes in, and what the same mix pays back is its own', async () => {
  const { graph, mix } = mixGraph();
  const result = await investigateSeeds(graph, ['a', 'vendor']);
  assert.deepEqual(
    result.payments.map(({ amountSats }) => amountSats),
    [150_123],
    'only the mined coins',
  );
  assert.deepEqual(
    result.mixes.map(({ txid, direction, amountSats }) => ({ txid, direction, amountSats })),
    [{ txid: graph.flow.txid(mix), direction: 'in', amountSats: 150_123n }],
  );
  const shared = result.unresolved.find(({ what }) => what.includes('spent together'))!;
  assert.equal(shared.count, 1);
});

test('the chart holds all the money: what came in, and where it is under FIFO', async () => {
  const { graph } = mixGraph();
  graph.block();
  graph.tx(
    [graph.out(3 - 2, 0)],
    [
      ['harbour hot', 60_000],
      ['helper', 39_000],
    ],
  );
  graph.block();
  graph.tx([graph.flow.outputCount - 1], [['harbour hot', 38_000]]);
  const result = await investigateSeeds(graph, ['vendor'], [HARBOUR]);
  const { nodes, edges } = result.flow;
  const keys = new Set(nodes.map(({ key }) => key));
  assert.ok(edges.every(({ from, to }) => keys.has(from) && keys.has(to)));
  const into = (key: string): bigint =>
    edges.filter(({ to }) => to === key).reduce((sum, { totalSats }) => sum + totalSats, 0n);
  const outOf = (key: string): bigint =>
    edges.filter(({ from }) => from === key).reduce((sum, { totalSats }) => sum + totalSats, 0n);
  assert.equal(into('seeds'), 100_000n);
  assert.equal(outOf('seeds'), 100_000n);
  assert.equal(into('between'), outOf('between'));
  assert.equal(into('to:harbour'), 98_000n);
  assert.deepEqual(
    nodes.map(({ kind }) => kind),
    ['seeds', 'coinjoin', 'cashout', 'intermediate', 'other'],
  );
});
