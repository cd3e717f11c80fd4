/** Which scripts and outputs a seed set is about. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import {
  addressOf,
  checkSums,
  HARBOUR,
  investigateSeeds,
  mine,
  stopOf,
  UNTIL_THE_END,
} from '../../test/support/investigated-graph.ts';
import { clusterAndTag, type NamedScript } from '../../test/support/named-services.ts';
import type { OutputIndex } from '../units/ids.ts';
import { investigate } from './investigate.ts';
import type { SeedPlace } from './investigation.ts';

test('the vendor’s own co-spend gives a further address, and payments to it count', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['alice', 50_000], ['bob', 30_000]);
  graph.block();
  const toSeed = graph.tx(
    [coins['alice']!],
    [
      ['vendor 1', 40_000],
      ['alice change', 9_000],
    ],
  );
  const toOther = graph.tx(
    [coins['bob']!],
    [
      ['vendor 2', 25_000],
      ['bob change', 4_500],
    ],
  );
  graph.block();
  const joined = graph.tx([graph.out(toSeed, 0), graph.out(toOther, 0)], [['elsewhere', 64_000]]);
  const result = await investigateSeeds(graph, ['vendor 1']);
  const [cluster] = result.clusters;
  assert.equal(result.clusters.length, 1);
  assert.equal(cluster!.expanded, true);
  assert.equal(cluster!.addressCount, 2);
  assert.deepEqual(cluster!.furtherAddresses, [addressOf(graph, 'vendor 2')]);
  assert.deepEqual(
    result.payments.map((payment) => [payment.txid, payment.amountSats, payment.sites]),
    [
      [graph.flow.txid(toSeed), 40_000, [addressOf(graph, 'vendor 1')]],
      [graph.flow.txid(toOther), 25_000, []],
    ],
  );
  assert.equal(result.receivedSats, 65_000n);
  assert.equal(result.spentSats, 65_000n);
  assert.equal(result.balanceSats, 0n);
  assert.equal(stopOf(result, 'unspent'), 64_000n);
  assert.equal(stopOf(result, 'fee'), 1_000n);
  assert.equal(joined, 3);
});

test('why two seeds are together is the shortest chain of links', async () => {
  const graph = new FlowGraph();
  const coins = mine(
    graph,
    ['v1', 10_000],
    ['v2', 10_000],
    ['v2', 10_000],
    ['v3', 10_000],
    ['apart', 10_000],
  );
  graph.block();
  const [v1, v2a] = [coins['v1']!, coins['v1']! + 1];
  const first = graph.tx([v1, v2a], [['x', 19_000]]);
  const second = graph.tx([v2a + 1, coins['v3']!], [['y', 18_000]]);
  const result = await investigateSeeds(graph, ['v1', 'v3', 'apart']);
  const shared = result.clusters.find(({ seeds }) => seeds.length === 2)!;
  assert.deepEqual(
    shared.why.map(({ from, to, txid, rule }) => [from, to, txid, rule]),
    [
      [addressOf(graph, 'v1'), addressOf(graph, 'v2'), graph.flow.txid(first), 'MI-1'],
      [addressOf(graph, 'v2'), addressOf(graph, 'v3'), graph.flow.txid(second), 'MI-1'],
    ],
  );
  assert.equal(result.clusters.length, 2);
  assert.deepEqual(result.clusters.find(({ seeds }) => seeds.length === 1)!.why, []);
});

test('a seed that is a service’s deposit address counts alone; its service is never expanded', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['harbour hot', 500_000], ['stranger', 80_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['deposit', 90_000]]);
  const strange = graph.tx([coins['stranger']!], [['deposit of a stranger', 70_000]]);
  graph.block();
  const sweep = graph.tx(
    [graph.out(paid, 0), graph.out(strange, 0), coins['harbour hot']!],
    [['harbour cold', 650_000]],
  );
  graph.block();
  // The service now pays the vendor's private wallet out of coins among which the deposit was swept.
  graph.tx(
    [graph.out(sweep, 0)],
    [
      ['vendor', 50_000],
      ['harbour cold', 590_000],
    ],
  );
  const cold: NamedScript = { ...HARBOUR, script: 'harbour cold' };
  const result = await investigateSeeds(graph, ['deposit', 'vendor'], [HARBOUR, cold]);
  const held = result.clusters.find(({ service }) => service !== undefined)!;
  assert.equal(held.expanded, false);
  assert.deepEqual(held.furtherAddresses, []);
  assert.deepEqual(held.seeds, [addressOf(graph, 'deposit')]);
  assert.equal(held.service!.name, 'Harbour');
  assert.ok(held.addressCount >= 3, 'the size of the service is shown');
  assert.equal(held.receivedSats, 90_000n);
  // The stranger's deposit is nobody's business; the withdrawal to the vendor is a payment by the service.
  assert.deepEqual(
    result.payments.map(({ amountSats, payer }) => [amountSats, payer.split(':')[0]]),
    [
      [90_000, result.payments[0]!.payer.split(':')[0]],
      [50_000, 'service'],
    ],
  );
  assert.deepEqual(
    result.cashOuts.map(({ service, hopsMin, sumByMethod }) => [
      service.name,
      hopsMin,
      sumByMethod.fifo,
    ]),
    [['Harbour', 0, 90_000n]],
  );
  assert.ok(
    result.unresolved.some(
      ({ what, count }) => what.startsWith('seeds that a service holds') && count === 1,
    ),
  );
});

test('as of a height: what came later has not happened, seeds first seen later are not seen', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  graph.tx([graph.out(paid, 0)], [['later vendor', 89_000]]);
  const early = await investigateSeeds(graph, ['vendor', 'later vendor'], [], { asOfHeight: 1 });
  assert.equal(early.balanceSats, 90_000n);
  assert.deepEqual(
    early.notSeen.map(({ seed }) => seed),
    [addressOf(graph, 'later vendor')],
  );
  assert.deepEqual(
    early.forwardStops.map(({ reason }) => reason),
    ['self'],
  );
  const late = await investigateSeeds(graph, ['vendor', 'later vendor']);
  assert.equal(late.notSeen.length, 0);
  assert.equal(late.payments.length, 1);
});

test('a cluster above the cap counts only by its seeds, and it is said', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['v1', 10_000], ['v2', 10_000], ['v3', 10_000]);
  graph.block();
  graph.tx([coins['v1']!, coins['v2']!, coins['v3']!], [['x', 29_000]]);
  const capped = await investigateSeeds(graph, ['v1'], [], {
    seedLimits: { clusterScriptsMax: 2 },
  });
  assert.equal(capped.clusters[0]!.expanded, false);
  assert.equal(capped.clusters[0]!.addressCount, 3);
  assert.equal(capped.receivedSats, 10_000n);
  assert.ok(
    capped.unresolved.some(
      ({ what, count }) => what.includes('more than 2 scripts') && count === 1,
    ),
  );
  const whole = await investigateSeeds(graph, ['v1'], [], { seedLimits: { clusterScriptsMax: 3 } });
  assert.equal(whole.receivedSats, 30_000n);
});

test('seeds as outputs and as whole transactions', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const paid = graph.tx(
    [coins['payer']!],
    [
      ['vendor', 60_000],
      ['other', 20_000],
      ['payer', 19_000],
    ],
  );
  const { run, attributions } = await clusterAndTag(graph, []);
  const outputs = [0, 1, 2].map((vout) => graph.out(paid, vout) as OutputIndex);
  const base = { scripts: [], lines: [2] };
  const txid = graph.flow.txid(paid);
  const one: SeedPlace = { ...base, seed: `${txid}:0`, kind: 'output', outputs: [outputs[0]!] };
  const byOutput = investigate(graph.flow, run, attributions, [one], UNTIL_THE_END);
  checkSums(byOutput);
  assert.equal(byOutput.receivedSats, 60_000n);
  assert.deepEqual(byOutput.payments[0]!.sites, [`${txid}:0`]);
  assert.deepEqual(byOutput.clusters[0]!.seeds, [`${txid}:0`]);
  const whole: SeedPlace = { ...base, seed: txid, kind: 'tx', outputs };
  const byTx = investigate(graph.flow, run, attributions, [whole], UNTIL_THE_END);
  checkSums(byTx);
  assert.equal(byTx.receivedSats, 80_000n, 'what went back to the payer is left out');
  assert.deepEqual(
    byTx.unresolved.map(({ what, count }) => [what.slice(0, 30), count]),
    [
      ['transactions named whole with s', 1],
      ['outputs of transactions named w', 1],
    ].map(([what, count]) => [String(what).slice(0, 30), count]),
  );
});
