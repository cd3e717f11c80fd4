import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph } from '../../../test/support/flow-graph.ts';
import { SIGHASH } from '../../chain/input-kind.ts';
import { type ClusterRun, runClustering } from '../cluster-run.ts';
import { type Payee, SmallFlow } from '../test-support/small-flow.ts';
import { noCoSpends } from './multi-input.ts';

/** Each link as `a-b` by the names given, in order. */
function linkNames(chain: SmallFlow, run: ClusterRun, names: readonly string[]): string[] {
  const nameOf = (id: number) => names.find((name) => chain.id(name) === id) ?? '?';
  return Array.from(run.links.txIndex, (_, row) => {
    const link = run.link(row);
    return `${nameOf(link.scriptA)}-${nameOf(link.scriptB)}`;
  });
}

function fund(chain: SmallFlow, names: readonly string[], sats = 50_000) {
  return chain.fund(names.map((name) => [name, sats] as const));
}

const NAMES = ['a', 'b', 'c', 'd'];

test('star edges from the first input, one per further distinct script', () => {
  const chain = new SmallFlow();
  const [a, b, c] = fund(chain, NAMES);
  const [again] = fund(chain, ['b']);
  const tx = chain.tx([a!, b!, again!, c!], [['x', 190_000]]);
  const run = runClustering(chain.flow);
  assert.deepEqual(linkNames(chain, run, NAMES), ['a-b', 'a-c']);
  assert.deepEqual(
    [0, 1].map((row) => [run.link(row).txIndex, run.link(row).inputA, run.link(row).inputB]),
    [
      [tx, 0, 1],
      [tx, 0, 3],
    ],
  );
  assert.equal(run.rootOf(chain.id('c')), chain.id('a'));
  assert.equal(run.rootOf(chain.id('d')), chain.id('d'));
  assert.deepEqual(run.counts, { ...noCoSpends(), linked: 1 });
});

test('the same script several times is no link', () => {
  const chain = new SmallFlow();
  const coins = chain.fund([
    ['a', 1_000],
    ['a', 2_000],
  ]);
  chain.tx(coins, [['x', 2_900]]);
  assert.equal(runClustering(chain.flow).links.txIndex.length, 0);
});

test('redundant links are kept', () => {
  const chain = new SmallFlow();
  for (let i = 0; i < 3; i += 1) chain.tx(fund(chain, ['a', 'b']), [['x', 90_000]]);
  assert.deepEqual(linkNames(chain, runClustering(chain.flow), NAMES), ['a-b', 'a-b', 'a-b']);
});

test('an unknown previous output drops the whole transaction', () => {
  const chain = new SmallFlow();
  const [a, b, c] = fund(chain, NAMES);
  chain.tx([a!, b!, null], [['x', 190_000]]);
  chain.tx([null], [['x', 190_000]]);
  chain.tx([c!], [['x', 190_000]]);
  const run = runClustering(chain.flow);
  assert.equal(run.links.txIndex.length, 0);
  assert.equal(run.counts.droppedIncomplete, 1, 'one input alone would have joined nothing');
});

/** A chain whose last transaction has these output values, from the coins of `names`. */
function spendAll(
  names: readonly string[],
  sats: number,
  outputs: readonly (readonly [Payee, number])[],
  network: 'main' | 'regtest' = 'main',
): { readonly chain: SmallFlow; readonly run: ClusterRun; readonly tx: number } {
  const chain = new SmallFlow(network);
  const tx = chain.tx(fund(chain, names, sats), outputs);
  return { chain, run: runClustering(chain.flow), tx };
}

test('a strong mix, a possible mix and a Stonewall join nobody', () => {
  const people = ['a', 'b', 'c', 'd', 'e'];
  const joinmarket = spendAll(people, 1_100_000, [
    ...people.map((name) => [`${name} mixed`, 1_000_001] as const),
    ...people.map((name, i) => [`${name} change`, 98_000 + i] as const),
  ]);
  assert.equal(joinmarket.run.links.txIndex.length, 0);
  assert.equal(joinmarket.run.counts.droppedStrongMix, 1);
  assert.equal(joinmarket.run.mixVerdict(joinmarket.tx)?.ruleId, 'JM-1');
  assert.equal(joinmarket.run.stopVerdict(joinmarket.tx)?.ruleId, 'JM-1');

  const equal = spendAll(people, 1_100_000, [
    ...people.slice(0, 4).map((name) => [`${name} x`, 1_000_001] as const),
    ['y', 700_000],
  ]);
  assert.deepEqual([equal.run.links.txIndex.length, equal.run.counts.droppedPossibleMix], [0, 1]);
  assert.equal(equal.run.mixVerdict(equal.tx)?.ruleId, 'EQ-1');

  const stonewall = spendAll(['a', 'b'], 1_100_000, [
    ['x', 900_000],
    ['y', 900_000],
    ['z', 150_000],
    ['u', 149_000],
  ]);
  assert.deepEqual(
    [stonewall.run.links.txIndex.length, stonewall.run.counts.droppedStonewall],
    [0, 1],
  );
  assert.equal(stonewall.run.mixVerdict(stonewall.tx), undefined, 'nobody is called a mixer');
  assert.equal(stonewall.run.stopVerdict(stonewall.tx)?.ruleId, 'SW-1');
});

test('look-alikes stay one payer: exact split, batch payout', () => {
  const split = spendAll(['a', 'b', 'c'], 100_000, [
    ['x', 74_000],
    ['y', 74_000],
    ['z', 74_000],
    ['u', 74_000],
  ]);
  assert.deepEqual(linkNames(split.chain, split.run, NAMES), ['a-b', 'a-c']);
  const payees = Array.from(
    { length: 15 },
    (_, i) => [`p${i}`, i < 5 ? 5_000 : 6_000 + i] as const,
  );
  const batch = spendAll(['a', 'b', 'c'], 100_000, payees);
  assert.deepEqual(linkNames(batch.chain, batch.run, NAMES), ['a-b', 'a-c']);
});

test('a PayJoin shape is joined and marked, counted apart, and no verdict is kept for it', () => {
  const { chain, run, tx } = spendAll(['a', 'b'], 50_000, [
    ['x', 49_000],
    ['y', 50_500],
  ]);
  assert.equal(run.link(0)?.isMarked, false, 'an output below the smallest input is change');
  const marked = spendAll(['a', 'b'], 50_000, [
    ['x', 50_000],
    ['y', 50_000],
  ]);
  assert.deepEqual(linkNames(marked.chain, marked.run, NAMES), ['a-b']);
  assert.equal(marked.run.link(0).isMarked, true);
  assert.equal(marked.run.link(0).ruleId, 'MI-1');
  assert.deepEqual([marked.run.counts.linked, marked.run.counts.payjoinMarked], [1, 1]);
  assert.equal(marked.run.stopVerdict(marked.tx), undefined);
  assert.equal(run.stopVerdict(tx), undefined);
  assert.equal(chain.flow.txCount, 2);
});

test('before BIP 78 nothing is marked', () => {
  const chain = new SmallFlow('main', 300_000, 1_400_000_000);
  chain.tx(fund(chain, ['a', 'b']), [
    ['x', 50_000],
    ['y', 50_000],
  ]);
  assert.equal(runClustering(chain.flow).link(0).isMarked, false);
});

test('LA-6: in a swap only inputs that sign the whole transaction are joined', () => {
  const chain = new SmallFlow();
  const [a, b, c, d] = fund(chain, ['a', 'b', 'tr:c', 'd']);
  const tx = chain.tx(
    [
      [...a!, { sighash: SIGHASH.singleAnyoneCanPay }],
      b!,
      c!,
      [...d!, { sighash: SIGHASH.single }],
    ],
    [
      ['x', 60_000],
      ['y', 90_000],
    ],
  );
  const run = runClustering(chain.flow);
  assert.deepEqual(linkNames(chain, run, ['a', 'b', 'tr:c', 'd']), ['b-tr:c']);
  assert.deepEqual([run.counts.swaps, run.counts.inputsLeftOutOfSwaps], [1, 2]);
  assert.equal(run.stopVerdict(tx)?.ruleId, 'LA-6');
  assert.equal(run.mixVerdict(tx), undefined);
});

test('LA-7: pledges join no union, the rest of the transaction does', () => {
  const chain = new SmallFlow();
  const pledge = { sighash: SIGHASH.allAnyoneCanPay };
  const [a, b, c, d] = fund(chain, NAMES);
  chain.tx([[...a!, pledge], [...b!, pledge], c!, d!], [['x', 190_000]]);
  const [e, f] = fund(chain, ['e', 'f']);
  chain.tx([[...e!, pledge], f!], [['x', 90_000]]);
  const run = runClustering(chain.flow);
  assert.deepEqual(
    linkNames(chain, run, [...NAMES, 'e', 'f']),
    ['c-d', 'e-f'],
    'one pledge is no crowdfund',
  );
  assert.deepEqual([run.counts.crowdfunds, run.counts.inputsLeftOutOfCrowdfunds], [1, 2]);
});

test('an input without a signature to read is left out when it is taproot or dust', () => {
  const chain = new SmallFlow();
  const unsigned = { sighash: 0 };
  const [a, b] = fund(chain, ['a', 'b']);
  const [tr] = fund(chain, ['tr:c']);
  const [dust] = chain.fund([['d', 10_000]]);
  const [more] = chain.fund([['e', 10_001]]);
  chain.tx(
    [a!, [...b!, unsigned], [...tr!, unsigned], [...dust!, unsigned], [...more!, unsigned]],
    [['x', 150_000]],
  );
  const run = runClustering(chain.flow);
  assert.deepEqual(linkNames(chain, run, ['a', 'b', 'tr:c', 'd', 'e']), ['a-b', 'a-e']);
  assert.equal(run.counts.inputsLeftOutUnsigned, 2);
});

test('Wasabi 1 form A: the coordinator is found by its script', () => {
  // The P2WPKH script of the first published coordinator address.
  const coordinator = Buffer.from(`0014${'869f5c7a4cd7776ae0c0fcd9c3315abb239a9f0d'}`, 'hex');
  const chain = new SmallFlow('main', 540_000, 1_536_000_000);
  const tx = chain.tx(fund(chain, NAMES, 11_000_000), [
    ['x', 10_000_000],
    ['y', 10_000_000],
    ['z', 10_000_000],
    [coordinator, 90_000],
  ]);
  const run = runClustering(chain.flow);
  assert.deepEqual(run.mixVerdict(tx)?.facts['form'], 'A');
  assert.equal(run.links.txIndex.length, 0);
});

test('an input from before the ledger is joined when undo data tells its script, and only then', () => {
  const graph = new FlowGraph();
  const first = graph.coinbase([['a', 100]]);
  const second = graph.coinbase([['c', 100]]);
  graph.block();
  graph.tx([graph.out(first, 0), { script: 'b', sats: 50 }], [['x', 140]]);
  graph.tx([graph.out(second, 0), { script: 'd', sats: 50 }, 'unknown'], [['y', 140]]);
  const run = runClustering(graph.flow);
  assert.equal(run.rootOf(graph.script('a')), run.rootOf(graph.script('b')));
  assert.notEqual(run.rootOf(graph.script('c')), run.rootOf(graph.script('d')));
  assert.equal(run.counts.droppedIncomplete, 1);
  const [link] = run.why(graph.script('b'), graph.script('a'))!;
  assert.deepEqual([link!.inputA, link!.inputB], [0, 1]);
});
