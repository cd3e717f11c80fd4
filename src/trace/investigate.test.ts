/** Each careful point of payers and cash-outs on a graph small enough to follow by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import { clusterAndTag, type NamedScript } from '../../test/support/named-services.ts';
import { scriptName } from '../cluster/script-name.ts';
import type { OutputIndex, ScriptId } from '../units/ids.ts';
import { type InvestigateOptions, investigate } from './investigate.ts';
import type { Investigation, SeedPlace } from './investigation.ts';

const MIB: NamedScript = { name: 'Harbour', category: 'exchange', script: 'harbour hot' };
const GAMES: NamedScript = { name: 'Games', category: 'gambling', script: 'games hot' };
const UNTIL_THE_END: InvestigateOptions = { forward: { valueMinSats: 0 } };

function addressOf(graph: FlowGraph, name: string): string {
  return scriptName(graph.flow, graph.script(name));
}

function addressSeed(graph: FlowGraph, name: string, line = 2): SeedPlace {
  const script = graph.script(name) as ScriptId;
  return {
    seed: addressOf(graph, name),
    kind: 'address',
    scripts: [script],
    outputs: [],
    lines: [line],
  };
}

async function investigateSeeds(
  graph: FlowGraph,
  names: readonly string[],
  named: readonly NamedScript[] = [],
  options: InvestigateOptions = UNTIL_THE_END,
): Promise<Investigation> {
  const txEnd =
    options.asOfHeight === undefined ? undefined : graph.flow.txEndAtHeight(options.asOfHeight);
  const { run, attributions } = await clusterAndTag(graph, named, txEnd);
  const seeds = names.map((name, line) => addressSeed(graph, name, line + 2));
  const result = investigate(graph.flow, run, attributions, seeds, options);
  checkSums(result);
  return result;
}

/** What must hold in every investigation. */
function checkSums(result: Investigation): void {
  const add = (list: readonly bigint[]): bigint => list.reduce((sum, each) => sum + each, 0n);
  assert.equal(
    add(result.payments.map(({ amountSats }) => BigInt(amountSats))),
    result.receivedSats,
  );
  assert.equal(add(result.payers.map(({ totalSats }) => totalSats)), result.receivedSats);
  assert.equal(result.receivedSats - result.spentSats, result.balanceSats);
  for (const { amountSats, origins } of result.payments) {
    assert.equal(
      origins.reduce((sum, origin) => sum + origin.amountSats, 0),
      amountSats,
    );
  }
  for (const { sumByMethod, deposits, clusters } of result.cashOuts) {
    for (const method of ['fifo', 'haircut'] as const) {
      const all = deposits.map(({ amountByMethod }) => BigInt(amountByMethod[method]));
      assert.equal(add(all), sumByMethod[method]);
    }
    assert.equal(add(clusters!.map(({ totalSats }) => totalSats)), sumByMethod.fifo);
  }
}

function stopOf(result: Investigation, reason: string): bigint {
  return result.forwardStops.find((stop) => stop.reason === reason)?.sumByMethod.fifo ?? 0n;
}

/** Mine coins for some names, one output each. */
function mine(graph: FlowGraph, ...outputs: [string, number][]): Record<string, number> {
  graph.block();
  const tx = graph.coinbase(outputs);
  return Object.fromEntries(outputs.map(([name], vout) => [name, graph.out(tx, vout)]));
}

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

test('a payer who pays twice, with change coming back in between, is one payer', async () => {
  const graph = new FlowGraph();
  mine(graph, ['harbour hot', 1_000_000]);
  graph.block();
  const withdrawal = graph.tx(
    [0],
    [
      ['payer', 100_000],
      ['harbour hot', 899_000],
    ],
  );
  graph.block();
  const first = graph.tx(
    [graph.out(withdrawal, 0)],
    [
      ['vendor', 30_000],
      ['payer', 69_500],
    ],
  );
  graph.block();
  const second = graph.tx(
    [graph.out(first, 1)],
    [
      ['vendor', 30_000],
      ['payer', 39_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor'], [MIB]);
  assert.equal(result.payers.length, 1);
  const [payer] = result.payers;
  assert.equal(payer!.kind, 'cluster');
  assert.equal(payer!.payments, 2);
  assert.equal(payer!.totalSats, 60_000n);
  assert.equal(payer!.firstSeconds, graph.flow.txTime(first));
  assert.equal(payer!.lastSeconds, graph.flow.txTime(second));
  assert.deepEqual(
    payer!.sources.map((source) => [source.service.name, source.totalSats, source.payments]),
    [['Harbour', 60_000n, 2]],
  );
  // Both payments lead to the same withdrawal, one and two transactions away.
  const place = { txid: graph.flow.txid(withdrawal), vout: 0, reason: 'service' };
  assert.deepEqual(
    result.payments.map(({ origins }) =>
      origins.map(({ txid, vout, reason, hops, amountSats }) => ({
        txid,
        vout,
        reason,
        hops,
        amountSats,
      })),
    ),
    [[{ ...place, hops: 1, amountSats: 30_000 }], [{ ...place, hops: 2, amountSats: 30_000 }]],
  );
  assert.equal(result.payments[0]!.origins[0]!.address, addressOf(graph, 'payer'));
});

test('a service that pays directly: each payment is another customer, asked for by txid and output', async () => {
  const graph = new FlowGraph();
  mine(graph, ['harbour hot', 1_000_000]);
  graph.block();
  // A batch of a hundred withdrawals, two of them ours; only these count.
  const others = Array.from({ length: 98 }, (_, i): [string, number] => [
    `customer ${i}`,
    1_000 + i,
  ]);
  const batch = graph.tx(
    [0],
    [
      ...others.slice(0, 40),
      ['vendor', 5_000],
      ...others.slice(40),
      ['vendor', 7_000],
      ['harbour hot', 800_000],
    ],
  );
  graph.block();
  const hot = graph.out(batch, 100);
  const later = graph.tx(
    [hot],
    [
      ['vendor', 9_000],
      ['harbour hot', 790_000],
    ],
  );
  const result = await investigateSeeds(graph, ['vendor'], [MIB]);
  assert.deepEqual(
    result.payments.map(({ amountSats }) => amountSats),
    [12_000, 9_000],
  );
  assert.equal(result.payers.length, 1);
  const [payer] = result.payers;
  assert.equal(payer!.kind, 'service');
  assert.equal(payer!.service!.name, 'Harbour');
  assert.equal(payer!.payments, 2);
  assert.equal(payer!.cadence, undefined);
  assert.equal(payer!.addressCount, 0);
  // Two outputs of one payment are two places to ask for.
  assert.deepEqual(
    result.payments.map(({ origins }) =>
      origins.map(({ txid, vout, hops, amountSats }) => [txid, vout, hops, amountSats]),
    ),
    [
      [
        [graph.flow.txid(batch), 99, 0, 7_000],
        [graph.flow.txid(batch), 40, 0, 5_000],
      ],
      [[graph.flow.txid(later), 0, 0, 9_000]],
    ],
  );
});

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
  const result = await investigateSeeds(graph, ['vendor'], [MIB]);
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
  const result = await investigateSeeds(graph, ['vendor'], [GAMES, MIB]);
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
  const cold: NamedScript = { ...MIB, script: 'harbour cold' };
  const result = await investigateSeeds(graph, ['deposit', 'vendor'], [MIB, cold]);
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

test('the vendor pays its own deposit address: no payment, but a cash-out of one step, counted once', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000], ['harbour hot', 500_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const deposit = graph.tx([graph.out(paid, 0)], [['deposit', 89_000]]);
  graph.block();
  graph.tx([graph.out(deposit, 0), coins['harbour hot']!], [['harbour cold', 580_000]]);
  const result = await investigateSeeds(graph, ['vendor', 'deposit'], [MIB]);
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

test('change and transfers of the vendor are no payments, and are counted', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const spent = graph.tx(
    [graph.out(paid, 0)],
    [
      ['supplier', 20_000],
      ['vendor', 69_000],
    ],
  );
  graph.block();
  const moved = graph.tx([graph.out(spent, 1)], [['vendor', 68_000]]);
  const result = await investigateSeeds(graph, ['vendor']);
  assert.equal(result.payments.length, 1);
  assert.deepEqual(result.ownTransfers, {
    transfers: 1,
    transferSats: 68_000n,
    withChange: 1,
    changeSats: 69_000n,
  });
  assert.equal(result.receivedSats, 90_000n);
  assert.equal(result.spentSats, 22_000n);
  assert.equal(result.balanceSats, 68_000n);
  // Forward, the same: 20,000 away, two fees of 1,000, the rest still there.
  assert.deepEqual(
    result.forwardStops.map(({ reason, sumByMethod }) => [
      reason,
      sumByMethod.fifo,
      sumByMethod.haircut,
    ]),
    [
      ['unspent', 20_000n, 20_000n],
      ['fee', 2_000n, 2_000n],
      ['self', 68_000n, 68_000n],
    ],
  );
  assert.equal(moved, 3);
});

/** Three people mix 100,000 each; one of the outputs pays the vendor. */
function mixGraph(): { graph: FlowGraph; mix: number } {
  const graph = new FlowGraph();
  const coins = mine(graph, ['a', 150_123], ['b', 140_456], ['c', 130_789]);
  graph.block();
  const mix = graph.tx(
    [coins['a']!, coins['b']!, coins['c']!],
    [
      ['vendor', 100_000],
      ['b mixed', 100_000],
      ['c mixed', 100_000],
      ['a change', 50_000],
      ['b change', 40_300],
      ['c change', 30_700],
    ],
  );
  return { graph, mix };
}

test('a CoinJoin output that pays the vendor: the payer is nobody in particular', async () => {
  const { graph, mix } = mixGraph();
  const result = await investigateSeeds(graph, ['vendor']);
  assert.deepEqual(
    result.payers.map(({ key, kind, payments }) => ({ key, kind, payments })),
    [{ key: 'coinjoin', kind: 'coinjoin', payments: 1 }],
  );
  assert.deepEqual(
    result.payments[0]!.origins.map(({ reason, txid, vout, hops }) => ({
      reason,
      txid,
      vout,
      hops,
    })),
    [{ reason: 'coinjoin', txid: graph.flow.txid(mix), vout: 0, hops: 0 }],
  );
  assert.deepEqual(
    result.mixes.map(({ txid, direction, amountSats, anonymitySet }) => ({
      txid,
      direction,
      amountSats,
      anonymitySet,
    })),
    [{ txid: graph.flow.txid(mix), direction: 'out', amountSats: 100_000n, anonymitySet: 3 }],
  );
  assert.ok(result.unresolved.some(({ what }) => what.includes('came out of a CoinJoin')));
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

test('newly mined coins, and coins of unknown origin, have payers of their own kind', async () => {
  const graph = new FlowGraph();
  graph.block();
  graph.coinbase([['vendor', 50_000]]);
  graph.block();
  graph.tx(['unknown'], [['vendor', 30_000]]);
  const result = await investigateSeeds(graph, ['vendor']);
  assert.deepEqual(
    result.payers.map(({ key, kind, totalSats }) => [key, kind, totalSats]),
    [
      ['mined', 'mined', 50_000n],
      ['unknown', 'unknown', 30_000n],
    ],
  );
  assert.deepEqual(
    result.payments.map(({ origins }) => origins[0]!.reason),
    ['mined', 'unknown_prevout'],
  );
});

test('money that was the vendor’s own and comes back is said to be so, and seeded once', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 100_000]);
  graph.block();
  const paid = graph.tx([coins['payer']!], [['vendor', 90_000]]);
  graph.block();
  const out = graph.tx([graph.out(paid, 0)], [['helper', 89_000]]);
  graph.block();
  graph.tx([graph.out(out, 0)], [['vendor', 88_000]]);
  const result = await investigateSeeds(graph, ['vendor']);
  assert.equal(result.receivedSats, 178_000n);
  const [, back] = result.payments;
  assert.deepEqual(
    back!.origins.map(({ reason, txid, hops }) => ({ reason, txid, hops })),
    [{ reason: 'self', txid: graph.flow.txid(out), hops: 1 }],
  );
  // Forward, the 90,000 are followed once: two fees of 1,000, and 88,000 back with the vendor.
  assert.equal(stopOf(result, 'self'), 88_000n);
  assert.equal(stopOf(result, 'fee'), 2_000n);
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

test('limits of the way back are said, and the budget of all payments together too', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['harbour hot', 1_000_000]);
  let coin = coins['harbour hot']!;
  for (let i = 0; i < 5; i += 1) {
    graph.block();
    coin = graph.out(graph.tx([coin], [[`step ${i}`, 900_000 - i]]), 0);
  }
  graph.block();
  graph.tx([coin], [['vendor', 800_000]]);
  const deep = await investigateSeeds(graph, ['vendor'], [MIB]);
  assert.equal(deep.payments[0]!.origins[0]!.service!.name, 'Harbour');
  assert.equal(deep.payments[0]!.origins[0]!.hops, 5);
  const shallow = await investigateSeeds(graph, ['vendor'], [MIB], { backward: { depth: 3 } });
  assert.equal(shallow.payments[0]!.origins[0]!.reason, 'depth');
  assert.ok(shallow.unresolved.some(({ what }) => what.includes('limit of steps')));
  const poor = await investigateSeeds(graph, ['vendor'], [MIB], { payerTransactionsMax: 0 });
  assert.equal(poor.payments[0]!.origins[0]!.hops, 1);
  assert.ok(
    poor.unresolved.some(({ what, count }) => what.includes('one step only') && count === 1),
  );
});

test('a monthly payer has a cadence', async () => {
  const graph = new FlowGraph();
  const coins = mine(graph, ['payer', 1_000_000]);
  let coin = coins['payer']!;
  for (let month = 0; month < 5; month += 1) {
    graph.block({ time: 1_610_000_000 + month * 30 * 86_400 });
    const tx = graph.tx(
      [coin],
      [
        ['vendor', 50_000],
        ['payer', 900_000 - month * 60_000],
      ],
    );
    coin = graph.out(tx, 1);
  }
  const result = await investigateSeeds(graph, ['vendor']);
  assert.deepEqual(result.payers[0]!.cadence, { medianDays: 30, payments: 5 });
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
  const result = await investigateSeeds(graph, ['vendor'], [MIB]);
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
  const forward = await investigateSeeds(graph, ['v1', 'v2'], [MIB]);
  const again = await investigateSeeds(graph, ['v1', 'v2'], [MIB]);
  const backward = await investigateSeeds(graph, ['v2', 'v1'], [MIB]);
  assert.equal(text(forward), text(again));
  assert.equal(text(forward), text(backward));
  // Two vendors at one exchange account: the shares of both are shown.
  assert.deepEqual(
    forward.cashOuts[0]!.clusters!.map(({ totalSats }) => totalSats),
    [69_000n, 49_000n],
  );
});
