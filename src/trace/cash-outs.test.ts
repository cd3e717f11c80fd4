/** Where the money went, on graphs small enough to follow by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import {
  addressOf,
  checkUnspent,
  GAMES,
  HARBOUR,
  investigateSeeds,
  mine,
  mixGraph,
  stopOf,
} from '../../test/support/investigated-graph.ts';
import { clusterAndTag } from '../../test/support/named-services.ts';
import type { OutputIndex } from '../units/ids.ts';
import { investigate } from './investigate.ts';

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

test('what is not spent is listed output by output, both methods side by side, what is still with the set marked', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['stranger', 300_000]);
  graph.block();
  const paid = graph.tx(
    [coins['payer']!],
    [
      ['vendor', 60_000],
      ['vendor', 40_000],
    ],
  );
  graph.block();
  const first = graph.tx(
    [graph.out(paid, 0)],
    [
      ['vendor', 10_000],
      ['helper', 50_000],
    ],
  );
  graph.block();
  // 300,000 of a stranger come first: by FIFO they fill `left`, and the helper's 50,000 all go right.
  const joined = graph.tx(
    [coins['stranger']!, graph.out(first, 1)],
    [
      ['left', 280_000],
      ['right', 70_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor']);
  const row = (tx: number, vout: number, fifo: number, haircut: number) => ({
    output: `${graph.flow.txid(tx)}:${vout}`,
    fifo,
    haircut,
  });
  assert.deepEqual(
    result.unspent.map(({ txid, vout, amountByMethod }) => ({
      output: `${txid}:${vout}`,
      ...amountByMethod,
    })),
    [
      row(joined, 1, 50_000, 10_000),
      row(paid, 1, 40_000, 40_000),
      row(first, 0, 10_000, 10_000),
      row(joined, 0, 0, 40_000),
    ],
  );
  assert.deepEqual(
    result.unspent.map(({ address, heightOfTx, hops, isOwn }) => [
      address,
      heightOfTx,
      hops,
      isOwn,
    ]),
    [
      [addressOf(graph, 'right'), 3, 2, false],
      [addressOf(graph, 'vendor'), 1, 0, true],
      [addressOf(graph, 'vendor'), 2, 0, true],
      [addressOf(graph, 'left'), 3, 2, false],
    ],
  );
  assert.deepEqual(
    result.forwardStops.map(({ reason, placesByMethod }) => [reason, placesByMethod]),
    [
      ['unspent', { fifo: 1, haircut: 2 }],
      ['self', { fifo: 2, haircut: 2 }],
    ],
  );
});

test('an unspent output that a seed names lies with the set, although its address does not count', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const named = graph.tx(
    [coins['payer']!],
    [
      ['one', 60_000],
      ['two', 40_000],
    ],
  );
  const { run, attributions } = await clusterAndTag(graph, []);
  const outputs = [graph.out(named, 0), graph.out(named, 1)] as OutputIndex[];
  const seed = graph.flow.txid(named);
  const result = investigate(graph.flow, run, attributions, [
    { seed, kind: 'tx', scripts: [], outputs, lines: [2] },
  ]);
  checkUnspent(result, graph, graph.flow.txCount);
  assert.deepEqual(
    result.unspent.map(({ vout, amountByMethod, isOwn }) => [vout, amountByMethod.fifo, isOwn]),
    [
      [0, 60_000, true],
      [1, 40_000, true],
    ],
  );
});
