import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../test/support/flow-graph.ts';
import { ClewError } from '../errors.ts';
import { OVERWRITTEN } from '../ledger/flow-index.ts';
import { NONE } from '../units/ids.ts';
import type { StopReason, TraceLimits, TraceMethod } from './investigation.ts';
import type { StopOracle } from './stop-oracle.ts';
import { NO_LIMITS, type TraceOptions, traceBackward, traceForward } from './trace.ts';
import type { TraceResult } from './trace-result.ts';
import { LABELS_MAX } from './trace-sources.ts';

const METHODS = ['fifo', 'haircut'] as const satisfies TraceMethod[];
const EXCHANGE = { name: 'exchange' } as never;
const MIX = { ruleId: 'WW2', ruleVersion: 1, strength: 'strong', anonymitySet: 40 } as const;

interface Marks {
  readonly services?: readonly string[];
  readonly mixes?: readonly number[];
  readonly selves?: readonly string[];
}

function oracleOf(graph: FlowGraph, marks: Marks = {}): StopOracle {
  const scripts = (names: readonly string[] = []): Set<number> =>
    new Set(names.map((name) => graph.script(name)));
  const services = scripts(marks.services);
  const selves = scripts(marks.selves);
  return {
    serviceOf: (script) => (services.has(script) ? EXCHANGE : undefined),
    mixOf: (tx) => (marks.mixes?.includes(tx) ? MIX : undefined),
    isSelf: (script) => selves.has(script),
  };
}

function setting(
  graph: FlowGraph,
  marks: Marks = {},
  limits: Partial<TraceLimits> = {},
): Omit<TraceOptions, 'method'> {
  return { limits: { ...NO_LIMITS, ...limits }, oracle: oracleOf(graph, marks) };
}

/** `script:amount:reason@hops` of each leaf, and the fees. */
function shown(graph: FlowGraph, names: readonly string[], result: TraceResult): string[] {
  const lines = [...result.leaves()].map((leaf) => {
    const script = graph.flow.outputScript.at(leaf.outputIndex);
    const name = script === NONE ? 'data' : names.find((one) => graph.script(one) === script);
    return `${name} ${leaf.amountSats} ${leaf.reason} @${leaf.hops}`;
  });
  const fees = result.feeSats.reduce((sum, sats) => sum + sats, 0n);
  return fees > 0n ? [...lines, `fee ${fees}`] : lines;
}

/** The transaction of heuristics 9.2: A = 70,000 (the first 30,000 marked), B = 30,000; o1, o2, a fee of 667. */
function workedTransaction(): { graph: FlowGraph; a: number; b: number; tx: number } {
  const graph = new FlowGraph();
  const a = graph.out(graph.coinbase([['A', 70_000]]), 0);
  graph.block();
  const b = graph.out(graph.coinbase([['B', 30_000]]), 0);
  graph.block();
  const tx = graph.tx(
    [a, b],
    [
      ['o1', 33_333],
      ['o2', 66_000],
    ],
  );
  return { graph, a, b, tx };
}
const WORKED = ['A', 'B', 'o1', 'o2'];

test('worked example 9.2: fifo gives o1 all 30,000', () => {
  const { graph, a } = workedTransaction();
  const source = { outputIndex: a, lengthSats: 30_000, label: 'T' };
  const result = traceForward(graph.flow, [source], { ...setting(graph), method: 'fifo' });
  assert.deepEqual(shown(graph, WORKED, result), ['o1 30000 unspent @1']);
});

test('worked example 9.2 and 9.3: haircut gives 10,000, 19,800 and 200, the odd satoshi to o1', () => {
  const { graph, a } = workedTransaction();
  const source = { outputIndex: a, lengthSats: 30_000, label: 'T' };
  const result = traceForward(graph.flow, [source], { ...setting(graph), method: 'haircut' });
  assert.deepEqual(shown(graph, WORKED, result), [
    'o1 10000 unspent @1',
    'o2 19800 unspent @1',
    'fee 200',
  ]);
});

test('worked example 9.4: o2 backward is 36,667 + 29,333 by fifo, 46,200 + 19,800 by haircut', () => {
  const { graph, tx } = workedTransaction();
  const source = { outputIndex: graph.out(tx, 1), label: 'o2' };
  const fifo = traceBackward(graph.flow, [source], { ...setting(graph), method: 'fifo' });
  assert.deepEqual(shown(graph, WORKED, fifo), ['A 36667 mined @1', 'B 29333 mined @1']);
  const haircut = traceBackward(graph.flow, [source], { ...setting(graph), method: 'haircut' });
  assert.deepEqual(shown(graph, WORKED, haircut), ['A 46200 mined @1', 'B 19800 mined @1']);
});

test('worked example 9.4: fifo takes A from offset 33,333 on', () => {
  const { graph, a, tx } = workedTransaction();
  // Going forward again from just that range must fill o2 up to where B begins, and nothing else.
  const range = { outputIndex: a, startSats: 33_333, lengthSats: 36_667, label: 'T' };
  const result = traceForward(graph.flow, [range], { ...setting(graph), method: 'fifo' });
  assert.deepEqual(shown(graph, WORKED, result), ['o2 36667 unspent @1']);
  const before = { outputIndex: a, startSats: 0, lengthSats: 33_333, label: 'T' };
  const rest = traceForward(graph.flow, [before], { ...setting(graph), method: 'fifo' });
  assert.deepEqual(shown(graph, WORKED, rest), ['o1 33333 unspent @1']);
  assert.equal(graph.flow.outputTx.at(graph.out(tx, 0)), tx);
});

test('haircut: an odd satoshi between equal remainders goes to the earlier slot', () => {
  const graph = new FlowGraph();
  const a = graph.out(
    graph.coinbase([
      ['A', 10],
      ['B', 10],
    ]),
    0,
  );
  graph.block();
  // 10 of 20 over slots of 5, 5, 5 and a fee of 5: 2.5 each, so the first two get one more.
  graph.tx(
    [a, a + 1],
    [
      ['x', 5],
      ['y', 5],
      ['z', 5],
    ],
  );
  const source = { outputIndex: a, label: 'T' };
  const result = traceForward(graph.flow, [source], { ...setting(graph), method: 'haircut' });
  const names = ['A', 'B', 'x', 'y', 'z'];
  assert.deepEqual(shown(graph, names, result), [
    'x 3 unspent @1',
    'y 3 unspent @1',
    'z 2 unspent @1',
    'fee 2',
  ]);
});

test('haircut with two labels: each slot is split over what is left of the labels, ties to the older', () => {
  const graph = new FlowGraph();
  const a = graph.out(
    graph.coinbase([
      ['A', 3],
      ['B', 3],
      ['C', 4],
    ]),
    0,
  );
  graph.block();
  // Labels old (3) and new (3) of 10. Slots 5 and 5: 3 each. x: 3 over 3:3 is 1.5 each, the odd one to old; y: 1 old, 2 new.
  graph.tx(
    [a, a + 1, a + 2],
    [
      ['x', 5],
      ['y', 5],
    ],
  );
  const sources = [
    { outputIndex: a, label: 'old' },
    { outputIndex: a + 1, label: 'new' },
  ];
  const result = traceForward(graph.flow, sources, { ...setting(graph), method: 'haircut' });
  assert.deepEqual(result.labels, ['old', 'new']);
  assert.deepEqual(
    [...result.leaves()].map((leaf) => result.amountsByLabel(leaf.record)),
    [
      [
        { label: 0, amountSats: 2 },
        { label: 1, amountSats: 1 },
      ],
      [
        { label: 0, amountSats: 1 },
        { label: 1, amountSats: 2 },
      ],
    ],
  );
});

/**
 * seed 100 -> (50 kept, 49 on, fee 1) -> (20 to `middle`, 28 on, fee 1) -> exchange 27, fee 1
 * One block per transaction, ten minutes apart, the first spend at 1_600_001_800.
 */
function chainOfThree(): { graph: FlowGraph; seed: number; txs: number[] } {
  const graph = new FlowGraph();
  graph.block();
  const seed = graph.out(graph.coinbase([['seed', 100]]), 0);
  graph.block();
  const first = graph.tx(
    [seed],
    [
      ['kept', 50],
      ['on', 49],
    ],
  );
  graph.block();
  const second = graph.tx(
    [graph.out(first, 1)],
    [
      ['middle', 20],
      ['on', 28],
    ],
  );
  graph.block();
  const third = graph.tx([graph.out(second, 1)], [['exchange', 27]]);
  return { graph, seed, txs: [first, second, third] };
}
const CHAIN = ['seed', 'kept', 'on', 'middle', 'exchange'];

interface StopCase {
  readonly reason: StopReason;
  readonly marks?: (txs: readonly number[]) => Marks;
  readonly limits?: Partial<TraceLimits>;
  readonly expected: readonly string[];
}

const FREE = ['kept 50 unspent @1', 'middle 20 unspent @2', 'exchange 27 unspent @3', 'fee 3'];
const FORWARD_STOPS: readonly StopCase[] = [
  { reason: 'unspent', expected: FREE },
  {
    reason: 'service',
    marks: () => ({ services: ['exchange'] }),
    expected: ['kept 50 unspent @1', 'middle 20 unspent @2', 'exchange 27 service @3', 'fee 3'],
  },
  {
    reason: 'coinjoin',
    marks: (txs) => ({ mixes: [txs[1]!] }),
    expected: ['kept 50 unspent @1', 'on 49 coinjoin @1', 'fee 1'],
  },
  {
    reason: 'depth',
    limits: { depth: 2 },
    expected: ['kept 50 unspent @1', 'middle 20 unspent @2', 'on 28 depth @2', 'fee 2'],
  },
  { reason: 'depth', limits: { depth: 3 }, expected: FREE },
  { reason: 'depth', limits: { depth: 0 }, expected: ['seed 100 depth @0'] },
  {
    reason: 'time',
    limits: { toSeconds: 1_600_002_399 },
    expected: ['kept 50 unspent @1', 'middle 20 unspent @2', 'on 28 time @2', 'fee 2'],
  },
  { reason: 'time', limits: { toSeconds: 1_600_002_400 }, expected: FREE },
  {
    reason: 'value',
    limits: { valueMinSats: 29 },
    expected: ['kept 50 unspent @1', 'middle 20 unspent @2', 'on 28 value @2', 'fee 2'],
  },
  { reason: 'value', limits: { valueMinSats: 28 }, expected: FREE },
  {
    reason: 'budget',
    limits: { transactionsMax: 2 },
    expected: ['kept 50 unspent @1', 'middle 20 unspent @2', 'on 28 budget @2', 'fee 2'],
  },
  { reason: 'budget', limits: { transactionsMax: 3 }, expected: FREE },
  {
    reason: 'self',
    marks: () => ({ selves: ['kept', 'on'] }),
    expected: ['kept 50 self @1', 'middle 20 unspent @2', 'exchange 27 unspent @3', 'fee 3'],
  },
];

for (const { reason, marks, limits, expected } of FORWARD_STOPS) {
  const limit = JSON.stringify(limits ?? {});
  test(`forward, ${reason} ${limit}: fires or lets pass as said`, () => {
    for (const method of METHODS) {
      const { graph, seed, txs } = chainOfThree();
      const options = { ...setting(graph, marks?.(txs), limits), method };
      const result = traceForward(graph.flow, [{ outputIndex: seed, label: 'T' }], options);
      assert.deepEqual(shown(graph, CHAIN, result), expected);
    }
  });
}

const BACKWARD_STOPS: readonly StopCase[] = [
  { reason: 'mined', expected: ['seed 27 mined @3'] },
  { reason: 'service', marks: () => ({ services: ['seed'] }), expected: ['seed 27 service @3'] },
  // The output that is asked about may lie at a service: that is no reason not to look where it came from.
  { reason: 'service', marks: () => ({ services: ['exchange'] }), expected: ['seed 27 mined @3'] },
  { reason: 'self', marks: () => ({ selves: ['on'] }), expected: ['on 27 self @1'] },
  { reason: 'coinjoin', marks: (txs) => ({ mixes: [txs[0]!] }), expected: ['on 27 coinjoin @2'] },
  {
    reason: 'coinjoin',
    marks: (txs) => ({ mixes: [txs[2]!] }),
    expected: ['exchange 27 coinjoin @0'],
  },
  { reason: 'depth', limits: { depth: 2 }, expected: ['on 27 depth @2'] },
  { reason: 'depth', limits: { depth: 3 }, expected: ['seed 27 mined @3'] },
  { reason: 'time', limits: { fromSeconds: 1_600_001_801 }, expected: ['on 27 time @1'] },
  { reason: 'time', limits: { fromSeconds: 1_600_001_800 }, expected: ['on 27 time @2'] },
  { reason: 'value', limits: { valueMinSats: 28 }, expected: ['on 27 value @1'] },
  { reason: 'value', limits: { valueMinSats: 27 }, expected: ['seed 27 mined @3'] },
  { reason: 'budget', limits: { transactionsMax: 1 }, expected: ['on 27 budget @1'] },
];

for (const { reason, marks, limits, expected } of BACKWARD_STOPS) {
  test(`backward, ${reason} ${JSON.stringify(limits ?? {})}: fires or lets pass as said`, () => {
    for (const method of METHODS) {
      const { graph, txs } = chainOfThree();
      const options = { ...setting(graph, marks?.(txs), limits), method };
      const source = { outputIndex: graph.out(txs[2]!, 0), label: 'T' };
      const result = traceBackward(graph.flow, [source], options);
      assert.deepEqual(shown(graph, CHAIN, result), expected);
    }
  });
}

test('a large unnamed cluster is not looked into; a named one, the subject itself and sources are', () => {
  for (const method of METHODS) {
    const { graph, seed, txs } = chainOfThree();
    const large = new Set(['seed', 'on'].map((name) => graph.script(name)));
    const clusterScriptsOf = (script: number): number => (large.has(script) ? 1_001 : 1);
    const run = (clusterScriptsMax: number, selves: readonly string[] = []): string[] => {
      const options = setting(graph, { selves }, { clusterScriptsMax });
      const oracle = { ...options.oracle, clusterScriptsOf };
      const result = traceForward(graph.flow, [{ outputIndex: seed, label: 'T' }], {
        ...options,
        oracle,
        method,
      });
      return shown(graph, CHAIN, result);
    };
    assert.deepEqual(run(1_000), ['kept 50 unspent @1', 'on 49 large_cluster @1', 'fee 1']);
    assert.deepEqual(run(1_001), FREE);
    assert.deepEqual(run(1_000, ['on']), FREE);
    const options = setting(graph, {}, { clusterScriptsMax: 1_000 });
    const back = traceBackward(graph.flow, [{ outputIndex: graph.out(txs[2]!, 0), label: 'T' }], {
      ...options,
      oracle: { ...options.oracle, clusterScriptsOf },
      method,
    });
    assert.deepEqual(shown(graph, CHAIN, back), ['on 27 large_cluster @1']);
    assert.equal([...back.leaves()][0]!.towardsSource, graph.out(txs[2]!, 0));
  }
});

test('the budget says how many places were not looked at', () => {
  const graph = new FlowGraph();
  const paid = graph.coinbase([
    ['a', 10],
    ['b', 20],
    ['c', 30],
  ]);
  graph.block();
  for (const vout of [0, 1, 2]) graph.tx([graph.out(paid, vout)], [['end', 5]]);
  const sources = [0, 1, 2].map((vout) => ({ outputIndex: graph.out(paid, vout), label: 'T' }));
  const options = { ...setting(graph, {}, { transactionsMax: 1 }), method: 'fifo' as const };
  const result = traceForward(graph.flow, sources, options);
  assert.equal(result.visitedTransactions, 1);
  assert.equal(result.budgetPlaces, 2);
  assert.deepEqual(result.stopSums(), [
    { reason: 'budget', places: 2, totalSats: 50n },
    { reason: 'unspent', places: 1, totalSats: 5n },
    { reason: 'fee', places: 1, totalSats: 5n },
  ]);
  const enough = { ...setting(graph, {}, { transactionsMax: 3 }), method: 'fifo' as const };
  assert.equal(traceForward(graph.flow, sources, enough).budgetPlaces, 0);
});

test('what can not be spent ends there: data outputs, overwritten outputs', () => {
  for (const method of METHODS) {
    const graph = new FlowGraph();
    const seed = graph.out(graph.coinbase([['seed', 100]]), 0);
    graph.block();
    const tx = graph.tx(
      [seed],
      [
        [null, 10],
        ['lost', 50],
        ['kept', 40],
      ],
    );
    graph.flow.outputSpender.set(graph.out(tx, 1), OVERWRITTEN);
    const source = { outputIndex: seed, label: 'T' };
    const result = traceForward(graph.flow, [source], { ...setting(graph), method });
    assert.deepEqual(shown(graph, ['lost', 'kept'], result), [
      'data 10 unspendable @1',
      'lost 50 unspendable @1',
      'kept 40 unspent @1',
    ]);
  }
});

/** Inputs: 30 known, unknown, 20 known; outputs 25 and 40. */
function unknownInTheMiddle(): { graph: FlowGraph; before: number; after: number; tx: number } {
  const graph = new FlowGraph();
  const before = graph.out(graph.coinbase([['before', 30]]), 0);
  graph.block();
  const after = graph.out(graph.coinbase([['after', 20]]), 0);
  graph.block();
  const tx = graph.tx(
    [before, 'unknown', after],
    [
      ['x', 25],
      ['y', 40],
    ],
  );
  return { graph, before, after, tx };
}
const UNKNOWN = ['before', 'after', 'x', 'y'];

test('an input of unknown value: fifo is exact before it, silent behind it; haircut knows nothing', () => {
  const { graph, before, after } = unknownInTheMiddle();
  const sources = [before, after].map((outputIndex) => ({ outputIndex, label: 'T' }));
  const fifo = traceForward(graph.flow, sources, { ...setting(graph), method: 'fifo' });
  assert.deepEqual(
    shown(graph, UNKNOWN, fifo),
    ['after 20 unknown_prevout @0', 'x 25 unspent @1', 'y 5 unspent @1'].sort((a, b) =>
      Number(a > b),
    ),
  );
  const haircut = traceForward(graph.flow, sources, { ...setting(graph), method: 'haircut' });
  assert.deepEqual(shown(graph, UNKNOWN, haircut), [
    'before 30 unknown_prevout @0',
    'after 20 unknown_prevout @0',
  ]);
});

test('backward to an input of unknown value: the part before it is explained, the rest is said to be unknown', () => {
  const { graph, tx } = unknownInTheMiddle();
  const sources = [{ outputIndex: graph.out(tx, 1), label: 'T' }];
  const fifo = traceBackward(graph.flow, sources, { ...setting(graph), method: 'fifo' });
  assert.deepEqual(shown(graph, UNKNOWN, fifo), ['before 5 mined @1', 'y 35 unknown_prevout @0']);
  const haircut = traceBackward(graph.flow, sources, { ...setting(graph), method: 'haircut' });
  assert.deepEqual(shown(graph, UNKNOWN, haircut), ['y 40 unknown_prevout @0']);
});

test('unspent before a gap of the ledger is its edge, not "unspent"', () => {
  const graph = new FlowGraph();
  graph.block({ height: 100 });
  const early = graph.coinbase([
    ['early', 10],
    ['spent later', 10],
  ]);
  graph.block({ height: 101 });
  graph.block({ height: 500 });
  const late = graph.tx([graph.out(early, 1)], [['late', 9]]);
  const sources = [0, 1].map((vout) => ({ outputIndex: graph.out(early, vout), label: 'T' }));
  const names = ['early', 'spent later', 'late'];
  const options = { ...setting(graph), method: 'fifo' as const };
  const all = traceForward(graph.flow, sources, options);
  assert.deepEqual(shown(graph, names, all), [
    'early 10 edge_of_ledger @0',
    'late 9 unspent @1',
    'fee 1',
  ]);
  // As of a height before the gap nothing is missing.
  const asOf = { ...options, txEnd: graph.flow.txEndAtHeight(101) };
  assert.deepEqual(shown(graph, names, traceForward(graph.flow, sources, asOf)), [
    'early 10 unspent @0',
    'spent later 10 unspent @0',
  ]);
  assert.equal(late, 1);
});

test('as of a height: later spends have not happened', () => {
  const { graph, seed } = chainOfThree();
  const options = {
    ...setting(graph),
    method: 'fifo' as const,
    txEnd: graph.flow.txEndAtHeight(1),
  };
  const result = traceForward(graph.flow, [{ outputIndex: seed, label: 'T' }], options);
  assert.deepEqual(shown(graph, CHAIN, result), [
    'kept 50 unspent @1',
    'on 49 unspent @1',
    'fee 1',
  ]);
});

test('a source that an older source reaches keeps the older label and is counted once', () => {
  for (const method of METHODS) {
    const graph = new FlowGraph();
    const old = graph.out(graph.coinbase([['set 1', 100]]), 0);
    graph.block();
    const fresh = graph.out(graph.coinbase([['other', 40]]), 0);
    graph.block();
    // 100 of the set and 40 of a stranger: 60 go away, 75 come back to the set, 5 are fee.
    const tx = graph.tx(
      [old, fresh],
      [
        ['away', 60],
        ['set 2', 75],
      ],
    );
    const sources = [old, graph.out(tx, 1)].map((outputIndex) => ({
      outputIndex,
      label: `l${outputIndex}`,
    }));
    const result = traceForward(graph.flow, sources, { ...setting(graph), method });
    const [first, second] = result.seededSats;
    assert.equal(first, 100n);
    // FIFO: 40 of the old 100 are left for the change. Haircut: 100 * 75 / 140 = 53.57, the remainder rounds up: 54.
    assert.equal(second, method === 'fifo' ? 35n : 21n);
    assert.equal(result.alreadyLabelledSats, method === 'fifo' ? 40n : 54n);
    const change = [...result.leaves()].find((leaf) => leaf.outputIndex === graph.out(tx, 1))!;
    assert.equal(change.amountSats, 75);
    assert.equal(change.hops, 0, 'hops count from the nearest source');
  }
});

test('fifo keeps holes: only what is clean within the source is labelled', () => {
  const graph = new FlowGraph();
  const paid = graph.coinbase([
    ['a', 10],
    ['b', 10],
    ['c', 10],
  ]);
  graph.block();
  const tx = graph.tx(
    [0, 1, 2].map((vout) => graph.out(paid, vout)),
    [['set', 30]],
  );
  graph.block();
  const next = graph.tx(
    [graph.out(tx, 0)],
    [
      ['p', 5],
      ['q', 10],
      ['r', 15],
    ],
  );
  const sources = [
    { outputIndex: graph.out(paid, 1), label: 'older' },
    { outputIndex: graph.out(tx, 0), label: 'newer', startSats: 2, lengthSats: 25 },
  ];
  const result = traceForward(graph.flow, sources, { ...setting(graph), method: 'fifo' });
  assert.deepEqual(result.seededSats, [10n, 15n]);
  const byOutput = [0, 1, 2].map((vout) => {
    const leaf = [...result.leaves()].find((one) => one.outputIndex === graph.out(next, vout))!;
    return result
      .amountsByLabel(leaf.record)
      .map((part) => `${result.labels[part.label]} ${part.amountSats}`);
  });
  // The line: 0-2 clean, 2-10 newer, 10-20 older, 20-27 newer, 27-30 clean; cut at 5 and 15.
  assert.deepEqual(byOutput, [['newer 3'], ['older 5', 'newer 5'], ['older 5', 'newer 7']]);
});

test('the way to a leaf is told from the source on, by the part that brought most', () => {
  const { graph, seed, txs } = chainOfThree();
  const options = { ...setting(graph), method: 'fifo' as const };
  const result = traceForward(graph.flow, [{ outputIndex: seed, label: 'T' }], options);
  const last = [...result.leaves()].at(-1)!;
  assert.deepEqual(result.pathOutputs(last.record), [
    seed,
    graph.out(txs[0]!, 1),
    graph.out(txs[1]!, 1),
    graph.out(txs[2]!, 0),
  ]);
  const merged = new FlowGraph();
  const paid = merged.coinbase([
    ['little', 10],
    ['much', 90],
  ]);
  merged.block();
  merged.tx([merged.out(paid, 0), merged.out(paid, 1)], [['end', 100]]);
  for (const method of METHODS) {
    const sources = [0, 1].map((vout) => ({ outputIndex: merged.out(paid, vout), label: 'T' }));
    const found = traceForward(merged.flow, sources, { ...setting(merged), method });
    const [leaf] = [...found.leaves()];
    assert.equal(found.pathOutputs(leaf!.record)[0], merged.out(paid, 1));
  }
});

test('haircut may pass a mix and a service when told to, and what lies behind is marked', () => {
  const { graph, seed, txs } = chainOfThree();
  const marks = { mixes: [txs[1]!], services: ['kept'] };
  const options = { ...setting(graph, marks), method: 'haircut' as const };
  const source = { outputIndex: seed, label: 'T' };
  const result = traceForward(graph.flow, [source], {
    ...options,
    passMixes: true,
    passServices: true,
  });
  assert.deepEqual(
    [...result.leaves()].map((leaf) => `${leaf.reason} ${leaf.diluted}`),
    ['unspent true', 'unspent true', 'unspent true'],
  );
  const stopped = traceForward(graph.flow, [source], options);
  assert.ok([...stopped.leaves()].every((leaf) => !leaf.diluted));
});

test('backward, the leaf at a service names what its customer was paid out', () => {
  const graph = new FlowGraph();
  const hot = graph.out(graph.coinbase([['exchange', 1000]]), 0);
  graph.block();
  const withdrawal = graph.tx(
    [hot],
    [
      ['someone', 300],
      ['payer', 200],
      ['exchange', 490],
    ],
  );
  graph.block();
  const payment = graph.tx(
    [graph.out(withdrawal, 1)],
    [
      ['vendor', 150],
      ['payer', 45],
    ],
  );
  const options = { ...setting(graph, { services: ['exchange'] }), method: 'fifo' as const };
  const source = { outputIndex: graph.out(payment, 0), label: 'payment' };
  const [leaf] = [...traceBackward(graph.flow, [source], options).leaves()];
  assert.equal(leaf!.reason, 'service');
  assert.equal(leaf!.towardsSource, graph.out(withdrawal, 1));
  assert.equal(leaf!.amountSats, 150);
});

test('labels beyond the cap are counted together, the oldest stay apart', () => {
  const graph = new FlowGraph();
  const count = LABELS_MAX + 10;
  const outputs = Array.from({ length: count }, (_, i) => [`s${i}`, 10] as const);
  const paid = graph.coinbase(outputs);
  graph.block();
  graph.tx(
    outputs.map((_, vout) => graph.out(paid, vout)),
    [['end', 10 * count - 7]],
  );
  const sources = outputs.map((_, vout) => ({
    outputIndex: graph.out(paid, vout),
    label: `l${vout}`,
  }));
  for (const method of METHODS) {
    const result = traceForward(graph.flow, sources, { ...setting(graph), method });
    assert.equal(result.labels.length, LABELS_MAX);
    assert.equal(result.foldedLabels, 11);
    assert.equal(result.labels.at(-1), 'further labels');
    assert.equal(result.seededSats.at(-1), 110n);
    const [leaf] = [...result.leaves()];
    assert.equal(result.amountsByLabel(leaf!.record).length, LABELS_MAX);
  }
});

test('sources that name a satoshi twice count it once, for the first', () => {
  const graph = new FlowGraph();
  const seed = graph.out(graph.coinbase([['seed', 100]]), 0);
  const sources = [
    { outputIndex: seed, label: 'first', startSats: 20, lengthSats: 30 },
    { outputIndex: seed, label: 'second' },
  ];
  for (const method of METHODS) {
    const result = traceForward(graph.flow, sources, { ...setting(graph), method });
    assert.deepEqual(result.seededSats, [30n, 70n]);
    assert.equal(result.alreadyLabelledSats, 30n);
  }
});

test('wrong options and sources are refused by name', () => {
  const { graph, seed } = chainOfThree();
  const source = { outputIndex: seed, label: 'T' };
  const refused = (
    sources: Parameters<typeof traceForward>[1],
    options: Partial<TraceOptions>,
  ): void => {
    const all = { ...setting(graph), method: 'fifo' as const, ...options };
    assert.throws(
      () => traceForward(graph.flow, sources, all),
      (error) => error instanceof ClewError && error.code === 'CLEW_TRACE_OPTION',
    );
  };
  const bad = (limits: Partial<TraceLimits>): Partial<TraceOptions> => ({
    limits: { ...NO_LIMITS, ...limits },
  });
  refused([source], bad({ depth: -1 }));
  refused([source], bad({ depth: 1.5 }));
  refused([source], bad({ depth: 70_000 }));
  refused([source], bad({ transactionsMax: 0 }));
  refused([source], bad({ valueMinSats: -5 }));
  refused([source], bad({ fromSeconds: 20, toSeconds: 10 }));
  refused([source], { passMixes: true });
  refused([{ outputIndex: 10_000, label: 'T' }], {});
  refused([{ outputIndex: seed, lengthSats: 101, label: 'T' }], {});
  refused([{ outputIndex: seed, startSats: 0.5, label: 'T' }], {});
  refused([{ outputIndex: graph.flow.outputCount - 1, label: 'T' }], { txEnd: 1 });
});

test('a transaction that pays out more than it took in is a damaged ledger', () => {
  for (const method of METHODS) {
    const { graph, txs } = chainOfThree();
    const read = graph.flow.outputValue;
    const poor = graph.out(txs[0]!, 1);
    const at = read.at.bind(read);
    read.at = (row) => (row === poor ? 10 : at(row));
    const source = { outputIndex: graph.out(txs[1]!, 1), label: 'T' };
    assert.throws(
      () => traceBackward(graph.flow, [source], { ...setting(graph), method }),
      (error) => error instanceof ClewError && error.code === 'CLEW_LEDGER_DAMAGED',
    );
  }
});

test('nothing to follow is no error', () => {
  const { graph } = chainOfThree();
  for (const run of [traceForward, traceBackward]) {
    const result = run(graph.flow, [], { ...setting(graph), method: 'fifo' });
    assert.equal([...result.leaves()].length, 0);
    assert.deepEqual(result.stopSums(), []);
  }
});
