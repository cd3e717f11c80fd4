import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { multisigScript } from '../chain/script.ts';
import type { BlockHash, ScriptId } from '../units/ids.ts';
import { type ClusterRun, runClustering } from './cluster-run.ts';
import { SmallFlow, type Spent } from './test-support/small-flow.ts';

/** A chain of random payments; the same seed gives the same chain, `length` transactions long. */
function randomChain(seed: string, length: number): SmallFlow {
  const random = seededRandom(seed);
  const chain = new SmallFlow('regtest', 0, 1_500_000_000);
  let coins: Spent[] = [];
  for (let i = 0; i < length; i += 1) {
    if (coins.length < 8 || random.chance(0.2)) {
      coins.push(...chain.fund(payments(random, 6)));
      continue;
    }
    coins = random.shuffle(coins);
    const inputs = coins.splice(0, random.int(1, 4));
    const outputs = payments(random, 5);
    const tx = chain.tx(inputs, outputs);
    coins.push(...outputs.map((_, vout) => [tx, vout] as const));
  }
  return chain;
}

function payments(random: SeededRandom, max: number): [string, number][] {
  return Array.from({ length: random.int(1, max) }, () => [
    `script ${random.int(0, 120)}`,
    random.int(1, 6) * 10_000,
  ]);
}

/** Everything that a run answers, in names that do not depend on the run's id. */
function answers(run: ClusterRun): unknown {
  const scripts = Array.from({ length: run.scriptCount }, (_, id) => id);
  return {
    roots: scripts.map((id) => run.rootOf(id)),
    sizes: scripts.map((id) => run.size(run.rootOf(id))),
    links: Array.from(run.links.txIndex, (_, row) => run.link(row)),
    mixes: [...run.mixes()],
    counts: run.counts,
    clusters: run.clusterCount,
    addresses: run.addressCount,
  };
}

test('a run as of an earlier block equals a run over the chain that ends there', () => {
  for (let round = 0; round < 12; round += 1) {
    const seed = `as-of ${round}`;
    const whole = randomChain(seed, 90).flow;
    const random = seededRandom(`${seed} cut`);
    const cut = random.int(1, 89);
    const short = randomChain(seed, cut).flow;
    const tip = { height: cut - 1, hash: 'ab'.repeat(32) as BlockHash };
    short.tip = tip;
    const asOf = runClustering(whole, { txEnd: cut, tip });
    const truncated = runClustering(short);
    assert.deepEqual(answers(asOf), answers(truncated), `seed ${seed}, cut ${cut}`);
    assert.equal(asOf.runId, truncated.runId);
    assert.deepEqual(asOf.tip, tip);
  }
});

test('why as of an earlier transaction uses only what was known', () => {
  const chain = randomChain('why', 120);
  const run = runClustering(chain.flow);
  const cut = 60;
  const earlier = runClustering(chain.flow, { txEnd: cut });
  for (let a = 0; a < earlier.scriptCount; a += 7) {
    for (let b = 0; b < earlier.scriptCount; b += 5) {
      const together = earlier.rootOf(a) === earlier.rootOf(b);
      const path = run.why(a, b, { asOfTxEnd: cut });
      assert.equal(path !== undefined, together);
      assert.deepEqual(path, earlier.why(a, b));
      assert.equal(run.why(a, b) !== undefined, run.rootOf(a) === run.rootOf(b));
    }
  }
});

test('the same chain gives the same run, and a longer one another id', () => {
  const one = runClustering(randomChain('same', 50).flow);
  const two = runClustering(randomChain('same', 50).flow);
  const longer = runClustering(randomChain('same', 51).flow);
  assert.deepEqual(answers(one), answers(two));
  assert.equal(one.runId, two.runId);
  assert.match(one.runId, /^[0-9a-f]{16}$/);
  assert.notEqual(one.runId, longer.runId);
});

test('the run id names network, coverage and tip', () => {
  const build = (network: 'main' | 'regtest', height: number): ClusterRun => {
    const chain = new SmallFlow(network, height);
    chain.coinbase([['a', 1]]);
    return runClustering(chain.flow);
  };
  const ids = [build('main', 5), build('regtest', 5), build('main', 6)].map((run) => run.runId);
  assert.equal(new Set(ids).size, 3);

  const chain = new SmallFlow();
  const tx = chain.coinbase([['a', 1]]);
  const hash = 'cd'.repeat(32) as BlockHash;
  const unnamed = runClustering(chain.flow);
  const named = runClustering(chain.flow, { tip: { height: 700_000 + tx, hash } });
  assert.equal(unnamed.tip?.hash, undefined);
  assert.deepEqual(named.tip, { height: 700_000, hash });
  assert.notEqual(unnamed.runId, named.runId);
  const elsewhere = runClustering(chain.flow, { tip: { height: 9, hash } });
  assert.equal(elsewhere.runId, unnamed.runId, 'a hash of another height is not taken for the tip');
});

test('members come by pages in order of first sight', () => {
  const chain = new SmallFlow();
  const names = ['c', 'a', 'e', 'b', 'd'];
  const coins = chain.fund([...names, 'alone'].map((name) => [name, 20_000] as const));
  chain.tx([coins[4]!, coins[1]!, coins[0]!], [['x', 50_000]]);
  chain.tx([coins[3]!, coins[2]!], [['x', 30_000]]);
  chain.tx(
    chain.fund([
      ['a', 20_000],
      ['b', 20_000],
    ]),
    [['x', 30_000]],
  );
  const run = runClustering(chain.flow);
  const ids = names.map((name) => chain.id(name));
  const root = run.rootOf(chain.id('d'));
  assert.equal(root, chain.id('c'));
  const first = run.members(root, { limit: 2 });
  const second = run.members(root, { after: first[1]!, limit: 2 });
  const third = run.members(root, { after: second[1]!, limit: 2 });
  assert.deepEqual([...first, ...second, ...third], ids);
  assert.deepEqual(run.members(root, { after: ids[4]!, limit: 2 }), []);
  assert.deepEqual(run.size(root), { scripts: 5, addresses: 5 });
  assert.equal(run.clusterCount, 3);
  assert.equal(run.addressCount, 7);
});

test('a cluster is named by its run and the address of its earliest script', () => {
  const chain = new SmallFlow();
  const [coin] = chain.fund([['a', 20_000]]);
  const key = Uint8Array.from([2, ...new Array<number>(32).fill(7)]);
  const multisig = multisigScript(1, [key]);
  chain.tx([coin!], [[multisig, 10_000]]);
  const run = runClustering(chain.flow);
  assert.match(run.clusterId(chain.id('a')), /^[0-9a-f]{16}:bc1q[0-9a-z]{38}$/);
  assert.match(run.clusterId(chain.id(multisig)), /^[0-9a-f]{16}:script:[0-9a-f]{16}$/);
  assert.equal(run.clusterCount, 1, 'a script without an address is no cluster to count');
  assert.equal(run.addressCount, 1);
});

test('a script first seen after the run is a cluster of its own', () => {
  const chain = new SmallFlow();
  chain.coinbase([['a', 1]]);
  const run = runClustering(chain.flow);
  chain.coinbase([['late', 1]]);
  const late = chain.id('late');
  assert.equal(run.rootOf(late), late);
  assert.deepEqual(run.members(late, { limit: 5 }), [late]);
  assert.deepEqual(run.members(late, { after: late, limit: 5 }), []);
  assert.deepEqual(run.size(late), { scripts: 1, addresses: 1 });
  assert.equal(run.why(chain.id('a'), late), undefined);
  assert.deepEqual(run.linksOf(late), []);
  assert.deepEqual(run.bridges(late), []);
});

test('the bridge between two wallets is found, with its transaction', () => {
  const chain = new SmallFlow();
  const spend = (...names: string[]): number =>
    chain.tx(chain.fund(names.map((name) => [name, 20_000] as const)), [
      ['x', 15_000 * names.length],
    ]);
  spend('a', 'b', 'c');
  spend('b', 'c');
  spend('d', 'e');
  spend('d', 'e');
  const joining = spend('c', 'd');
  const run = runClustering(chain.flow);
  const [bridge, ...others] = run.bridges(run.rootOf(chain.id('a')));
  assert.deepEqual([bridge?.link.txIndex, bridge?.splitsOff, others.length], [joining, 2, 0]);
  assert.deepEqual(
    run.why(chain.id('a'), chain.id('e'))?.map((link) => link.txIndex),
    [1, joining, 5],
  );
  assert.deepEqual(run.why(chain.id('a'), chain.id('a')), []);
  assert.equal(run.linksOf(chain.id('c')).length, 3);
});

test('an empty ledger has an empty run', () => {
  const run = runClustering(new SmallFlow().flow);
  assert.deepEqual([run.scriptCount, run.clusterCount, run.tip], [0, 0, undefined]);
  assert.deepEqual([...run.mixes()], []);
});

test('a small JoinMarket round is raised by a spend into a large one, and says as of when', () => {
  const chain = new SmallFlow();
  const people = ['a', 'b', 'c', 'd', 'e'];
  const round = (names: readonly string[], coins: readonly Spent[], equal: number): number =>
    chain.tx(coins, [
      ...names.map((name) => [`${name} ${equal}`, equal] as const),
      ...names.map((name, i) => [`${name} change ${equal}`, 98_000 + i] as const),
    ]);
  const small = round(
    people.slice(0, 3),
    chain.fund(people.slice(0, 3).map((p) => [p, 1_600_000])),
    1_500_001,
  );
  const before = runClustering(chain.flow);
  assert.equal(before.mixVerdict(small)?.strength, 'possible');
  assert.equal(before.mixVerdict(small)?.asOfHeight, undefined);
  const others = chain.fund(people.slice(0, 4).map((p) => [`${p} 2`, 1_600_000]));
  const large = round(people, [[small, 0], ...others], 1_400_001);
  const run = runClustering(chain.flow);
  assert.equal(run.mixVerdict(large)?.strength, 'strong');
  assert.deepEqual(
    [run.mixVerdict(small)?.strength, run.mixVerdict(small)?.asOfHeight],
    ['strong', 700_000 + large],
  );
  assert.deepEqual(
    [...run.mixes()].map((mix) => mix.txIndex),
    [small, large],
  );
});

test('a TX0 is strong once a premix output is in a mix of its pool', () => {
  const chain = new SmallFlow();
  const tx0 = chain.tx(chain.fund([['wallet', 9_000_000]]), [
    [null, 0],
    ['fee', 50_000],
    ['premix 1', 1_005_000],
    ['premix 2', 1_005_000],
    ['change', 6_000_000],
  ]);
  assert.equal(runClustering(chain.flow).verdictsOf(tx0)[0]?.strength, 'possible');
  const remixers = chain.fund(['r1', 'r2', 'r3', 'r4'].map((name) => [name, 1_000_000]));
  const mix = chain.tx(
    [[tx0, 2], ...remixers],
    ['m1', 'm2', 'm3', 'm4', 'm5'].map((name) => [name, 1_000_000]),
  );
  const run = runClustering(chain.flow);
  assert.equal(run.mixVerdict(mix)?.ruleId, 'WH-1');
  const [verdict] = run.verdictsOf(tx0);
  assert.deepEqual(
    [verdict?.ruleId, verdict?.strength, verdict?.asOfHeight],
    ['TX0-1', 'strong', 700_000 + mix],
  );
  assert.equal(run.mixVerdict(tx0), undefined, 'a TX0 is no mix');
  assert.equal(run.stopVerdict(tx0), undefined);
});

test('cluster roots do not depend on the order in which links are applied', () => {
  const run = runClustering(randomChain('order', 150).flow);
  const random = seededRandom('order of links');
  const order = random.shuffle(Array.from(run.links.txIndex, (_, row) => row));
  const label = Array.from({ length: run.scriptCount }, (_, id) => id);
  for (const row of order) {
    const a = label[run.links.scriptA[row]!]!;
    const b = label[run.links.scriptB[row]!]!;
    label.forEach((held, id) => {
      if (held === Math.max(a, b)) label[id] = Math.min(a, b);
    });
  }
  assert.deepEqual(
    label.map((root) => run.clusterId(root)),
    label.map((_, id) => run.clusterId(id as ScriptId)),
  );
});
