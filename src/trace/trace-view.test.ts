import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import { clusterAndTag, type NamedScript } from '../../test/support/named-services.ts';
import { scriptName } from '../cluster/script-name.ts';
import { ledgerOracle } from './ledger-oracle.ts';
import { NO_LIMITS, type TraceOptions, traceBackward, traceForward } from './trace.ts';
import { outputsOfScripts } from './trace-sources.ts';
import { type TraceDerivation, traceView } from './trace-view.ts';

const HARBOUR: NamedScript = { name: 'Harbour', category: 'exchange', script: 'harbour hot' };
const DERIVATION: TraceDerivation = {
  clewVersion: '0.1.0',
  network: 'regtest',
  tip: { height: 3, hash: '00'.repeat(32) },
  runId: 'run',
  rules: [{ id: 'MI-1', version: 1 }],
  tagsDigest: null,
};

/** harbour -> payer (200) -> vendor (150) and change; vendor -> harbour (90) and rest (55). */
async function paymentGraph() {
  const graph = new FlowGraph();
  graph.block();
  const hot = graph.out(graph.coinbase([['harbour hot', 1_000]]), 0);
  graph.block();
  const withdrawal = graph.tx(
    [hot],
    [
      ['payer', 200],
      ['harbour hot', 790],
    ],
  );
  graph.block();
  const payment = graph.tx(
    [graph.out(withdrawal, 0)],
    [
      ['vendor', 150],
      ['payer', 45],
    ],
  );
  graph.block();
  const out = graph.tx(
    [graph.out(payment, 0)],
    [
      ['harbour hot', 90],
      ['rest', 55],
    ],
  );
  const { run, attributions } = await clusterAndTag(graph, [HARBOUR]);
  const options: TraceOptions = {
    method: 'fifo',
    limits: NO_LIMITS,
    oracle: ledgerOracle(run, attributions),
  };
  return { graph, options, withdrawal, payment, out };
}

test('forward: names, stops that add up, services with their sums, the way to each leaf', async () => {
  const { graph, options, payment, out } = await paymentGraph();
  const { flow } = graph;
  const sources = outputsOfScripts(flow, [graph.script('vendor')], flow.txCount).map(
    (outputIndex) => ({ outputIndex, label: 'vendor' }),
  );
  const result = traceForward(flow, sources, options);
  const view = traceView(flow, result, { sources, options, asOfHeight: 3, derivation: DERIVATION });
  assert.equal(view.format, 'clew-trace/1');
  assert.equal(view.tracedSats, '150');
  assert.deepEqual(view.stops, [
    { reason: 'service', places: 1, totalSats: '90' },
    { reason: 'unspent', places: 1, totalSats: '55' },
    { reason: 'fee', places: 1, totalSats: '5' },
  ]);
  assert.deepEqual(view.sources, [
    {
      outpoint: `${flow.txid(payment)}:0`,
      address: scriptName(flow, graph.script('vendor')),
      valueSats: 150,
      label: 'vendor',
    },
  ]);
  assert.deepEqual(
    view.services.map(({ service, totalSats, places, hopsMin }) => [
      service.name,
      totalSats,
      places,
      hopsMin,
    ]),
    [['Harbour', '90', 1, 1]],
  );
  const [first, second] = view.leaves;
  assert.deepEqual(first, {
    rank: 1,
    outpoint: `${flow.txid(out)}:0`,
    address: scriptName(flow, graph.script('harbour hot')),
    reason: 'service',
    amountSats: 90,
    valueSats: 90,
    hops: 1,
    height: 3,
    timeSeconds: flow.txTime(out),
    service: 'harbour',
    path: [`${flow.txid(payment)}:0`, `${flow.txid(out)}:0`],
  });
  assert.equal(second!.reason, 'unspent');
  assert.equal(view.leavesOmitted, 0);
  // Everything is plain data: nothing that JSON can not hold.
  assert.deepEqual(JSON.parse(JSON.stringify(view)), view);
});

test('backward: what the service paid its customer is named', async () => {
  const { graph, options, withdrawal, payment } = await paymentGraph();
  const { flow } = graph;
  const sources = [{ outputIndex: graph.out(payment, 0), label: 'payment' }];
  const result = traceBackward(flow, sources, options);
  const view = traceView(flow, result, { sources, options, asOfHeight: 3, derivation: DERIVATION });
  const [leaf] = view.leaves;
  assert.equal(leaf!.reason, 'service');
  assert.equal(leaf!.paidOut, `${flow.txid(withdrawal)}:0`);
  assert.equal(leaf!.amountSats, 150);
});

test('what is left out is counted; several labels are told apart; a mix is named', async () => {
  const { graph, options, payment, out } = await paymentGraph();
  const { flow } = graph;
  const mix = { ruleId: 'WW2', ruleVersion: 1, strength: 'strong', anonymitySet: 40 } as const;
  const oracle = { ...options.oracle, mixOf: (tx: number) => (tx === out ? mix : undefined) };
  const sources = [
    { outputIndex: graph.out(payment, 0), label: 'first', lengthSats: 100 },
    { outputIndex: graph.out(payment, 1), label: 'second' },
  ];
  const asked = { ...options, oracle };
  const result = traceForward(flow, sources, asked);
  const input = { sources, options: asked, asOfHeight: 3, derivation: DERIVATION, leavesMax: 1 };
  const view = traceView(flow, result, input);
  assert.equal(view.leavesOmitted, 1);
  assert.deepEqual(view.labels, [
    { label: 'first', tracedSats: '100' },
    { label: 'second', tracedSats: '45' },
  ]);
  assert.deepEqual(view.leaves[0]!.amountsByLabel, { first: 100 });
  assert.deepEqual(view.leaves[0]!.mix, {
    txid: flow.txid(out),
    rule: 'WW2',
    ruleVersion: 1,
    strength: 'strong',
    anonymitySet: 40,
  });
  assert.equal(view.sources[0]!.lengthSats, 100);
});

test('a long way shows its beginning and its end', async () => {
  const graph = new FlowGraph();
  let coin = graph.out(graph.coinbase([['a', 1_000]]), 0);
  const sources = [{ outputIndex: coin, label: 'a' }];
  for (let i = 0; i < 99; i += 1) {
    graph.block();
    coin = graph.out(graph.tx([coin], [['a', 1_000]]), 0);
  }
  const { run, attributions } = await clusterAndTag(graph, []);
  const options: TraceOptions = {
    method: 'haircut',
    limits: NO_LIMITS,
    oracle: ledgerOracle(run, attributions),
  };
  const result = traceForward(graph.flow, sources, options);
  const view = traceView(graph.flow, result, {
    sources,
    options,
    asOfHeight: 99,
    derivation: DERIVATION,
  });
  const [leaf] = view.leaves;
  assert.equal(leaf!.path.length, 50);
  assert.equal(leaf!.pathOmitted, 50);
  assert.equal(leaf!.path[0], graph.flow.outpoint(sources[0]!.outputIndex));
  assert.equal(leaf!.path.at(-1), graph.flow.outpoint(coin));
});
