/** The fast engine against the obvious one, over random graphs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FlowGraph, type GraphInput, type GraphOutput } from '../../test/support/flow-graph.ts';
import { type SlowResult, slowSplit, slowTrace } from '../../test/support/slow-trace.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { NONE } from '../units/ids.ts';
import type { TraceLimits, TraceMethod } from './investigation.ts';
import { ProportionalSplit } from './proportional-split.hot.ts';
import type { StopOracle } from './stop-oracle.ts';
import { stopReason } from './stop-reason.ts';
import { NO_LIMITS, type TraceDirection, traceBackward, traceForward } from './trace.ts';
import type { TraceResult } from './trace-result.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => `trace-${i}`);
const SERVICE = { name: 'service' } as never;
const MIX = { ruleId: 'TEST', ruleVersion: 1, strength: 'strong', anonymitySet: 5 } as const;

interface RandomGraph {
  readonly graph: FlowGraph;
  readonly oracle: StopOracle;
  readonly sources: { outputIndex: number; label: string }[];
}

/** A random economy of tiny amounts, with everything in it that can end a way. */
function randomGraph(random: SeededRandom, scale = 1): RandomGraph {
  const graph = new FlowGraph();
  const unspent: { output: number; value: number }[] = [];
  const names = Array.from({ length: 30 }, (_, i) => `script ${i}`);
  let time = 1_600_000_000;
  const keep = (tx: number, outputs: readonly GraphOutput[]): void =>
    outputs.forEach(([name, value], vout) => {
      if (name !== null) unspent.push({ output: graph.out(tx, vout), value: value / scale });
    });
  const unknownChance = random.chance(0.3) ? 0.08 : 0;
  const beforeChance = random.chance(0.4) ? 0.15 : 0;
  for (let block = 0; block < 12; block += 1) {
    // Header times go back now and then.
    time += random.int(-100, 900);
    graph.block({ time });
    const reward: GraphOutput[] = [[random.pick(names), random.int(20, 60) * scale]];
    keep(graph.coinbase(reward), reward);
    for (let i = random.int(1, 7); i > 0 && unspent.length > 0; i -= 1) {
      const inputs: GraphInput[] = [];
      let paidIn = 0;
      for (let n = random.int(1, 4); n > 0 && unspent.length > 0; n -= 1) {
        if (random.chance(unknownChance)) {
          inputs.push('unknown');
          paidIn += random.int(0, 20);
          continue;
        }
        if (random.chance(beforeChance)) {
          const before = { script: random.pick(names), sats: random.int(0, 20) * scale };
          inputs.push(before);
          paidIn += before.sats / scale;
          continue;
        }
        // Newer outputs are spent more often, so that ways get long.
        const place =
          unspent.length - 1 - Math.min(unspent.length - 1, random.int(0, random.int(0, 12)));
        const [{ output, value }] = unspent.splice(place, 1) as [{ output: number; value: number }];
        inputs.push(output);
        paidIn += value;
      }
      const outputs: GraphOutput[] = [];
      let left = paidIn - random.int(0, Math.min(3, paidIn));
      for (let n = random.int(1, 5); n > 0; n -= 1) {
        const value = n === 1 ? left : random.int(0, left);
        left -= value;
        outputs.push([random.chance(0.04) ? null : random.pick(names), value * scale]);
      }
      keep(graph.tx(inputs, outputs), outputs);
    }
  }
  const { flow } = graph;
  const services = new Set(
    names.filter(() => random.chance(0.07)).map((name) => tryScript(graph, name)),
  );
  const selves = new Set(
    names.filter(() => random.chance(0.1)).map((name) => tryScript(graph, name)),
  );
  const mixes = new Set(
    Array.from({ length: flow.txCount }, (_, tx) => tx).filter(() => random.chance(0.04)),
  );
  const oracle: StopOracle = {
    serviceOf: (script) => (services.has(script) ? SERVICE : undefined),
    mixOf: (tx) => (mixes.has(tx) ? MIX : undefined),
    isSelf: (script) => selves.has(script),
    clusterScriptsOf: (script) => script * 10,
  };
  const labels = ['a', 'b', 'c', 'd'].slice(0, random.int(1, 4));
  const outputs = new Set(
    Array.from({ length: random.int(1, 8) }, () => random.int(0, flow.outputCount - 1)),
  );
  const sources = [...outputs].map((outputIndex) => ({ outputIndex, label: random.pick(labels) }));
  return { graph, oracle, sources };
}

function tryScript(graph: FlowGraph, name: string): number {
  try {
    return graph.script(name);
  } catch {
    return NONE;
  }
}

function randomLimits(random: SeededRandom): TraceLimits {
  return {
    depth: random.chance(0.5) ? 60_000 : random.int(0, 5),
    transactionsMax: random.chance(0.6) ? 1e9 : random.int(1, 12),
    valueMinSats: random.chance(0.6) ? 0 : random.int(1, 12),
    ...(random.chance(0.3) ? { clusterScriptsMax: random.int(200, 280) } : {}),
    ...(random.chance(0.3) ? { fromSeconds: 1_600_001_000 + random.int(0, 2000) } : {}),
    ...(random.chance(0.3) ? { toSeconds: 1_600_003_000 + random.int(0, 3000) } : {}),
  };
}

/** The fast result in the form of the slow one. */
function plain(result: TraceResult, byHops = true): Omit<SlowResult, 'visited'> {
  const leaves = new Map<string, bigint>();
  for (const leaf of result.leaves()) {
    let sum = 0;
    for (const { label, amountSats } of result.amountsByLabel(leaf.record)) {
      sum += amountSats;
      const key = `${leaf.outputIndex} ${leaf.reason} ${result.labels[label]}${byHops ? ` ${leaf.hops}` : ''}`;
      leaves.set(key, (leaves.get(key) ?? 0n) + BigInt(amountSats));
    }
    assert.equal(sum, leaf.amountSats);
  }
  const byLabel = (sums: readonly bigint[]): Map<string, bigint> =>
    new Map(
      result.labels.map((label, i) => [label, sums[i]!] as const).filter(([, sum]) => sum > 0n),
    );
  return { leaves, fees: byLabel(result.feeSats), seeded: byLabel(result.seededSats) };
}

function sortedEntries(map: ReadonlyMap<string, bigint>): string[] {
  return [...map].map(([key, amount]) => `${key} = ${amount}`).sort();
}

function total(map: ReadonlyMap<string, bigint>): bigint {
  return [...map.values()].reduce((sum, amount) => sum + amount, 0n);
}

for (const method of ['fifo', 'haircut'] as const satisfies TraceMethod[]) {
  for (const direction of ['forward', 'backward'] as const satisfies TraceDirection[]) {
    test(`${method} ${direction} agrees with the obvious way, and nothing is lost`, () => {
      const reasons = new Set<string>();
      for (const seed of SEEDS) {
        const random = seededRandom(`${seed}/${method}/${direction}`);
        const { graph, oracle, sources } = randomGraph(random);
        const limits = randomLimits(random);
        const txEnd = random.chance(0.7)
          ? graph.flow.txCount
          : graph.flow.txEndAtHeight(random.int(6, 11));
        const given = sources.filter(
          (source) => graph.flow.outputTx.at(source.outputIndex) < txEnd,
        );
        const run = direction === 'forward' ? traceForward : traceBackward;
        const fast = run(graph.flow, given, { method, limits, oracle, txEnd });
        const slow = slowTrace(graph.flow, given, { direction, method, limits, oracle, txEnd });
        const found = plain(fast);
        const note = `replay with seed ${random.seed}`;
        assert.deepEqual(sortedEntries(found.leaves), sortedEntries(slow.leaves), note);
        assert.deepEqual(sortedEntries(found.fees), sortedEntries(slow.fees), note);
        assert.deepEqual(sortedEntries(found.seeded), sortedEntries(slow.seeded), note);
        assert.equal(fast.visitedTransactions, slow.visited, note);
        assert.equal(total(found.seeded), total(found.leaves) + total(found.fees), note);
        const sums = fast.stopSums();
        assert.equal(
          sums.reduce((sum, one) => sum + one.totalSats, 0n),
          total(found.seeded),
          note,
        );
        for (const one of sums) reasons.add(one.reason);
      }
      const expected = [
        'service',
        'coinjoin',
        'depth',
        'time',
        'value',
        'budget',
        'unknown_prevout',
        'self',
        'large_cluster',
      ];
      expected.push(...(direction === 'forward' ? ['unspent', 'unspendable', 'fee'] : ['mined']));
      assert.deepEqual([...reasons].sort(), expected.sort(), 'every way to end was met');
    });
  }
}

test('fifo on amounts of the size of the supply is the same graph, scaled', () => {
  const scale = 10_000_000_000_000;
  for (const seed of SEEDS.slice(0, 20)) {
    const small = randomGraph(seededRandom(seed));
    const large = randomGraph(seededRandom(seed), scale);
    for (const run of [traceForward, traceBackward]) {
      const options = { method: 'fifo', limits: NO_LIMITS } as const;
      const a = plain(run(small.graph.flow, small.sources, { ...options, oracle: small.oracle }));
      const b = plain(run(large.graph.flow, large.sources, { ...options, oracle: large.oracle }));
      const scaled = new Map([...a.leaves].map(([key, amount]) => [key, amount * BigInt(scale)]));
      assert.deepEqual(sortedEntries(b.leaves), sortedEntries(scaled), `replay with seed ${seed}`);
    }
  }
});

test('haircut on amounts of the size of the supply agrees with bigint', () => {
  for (const seed of SEEDS.slice(0, 20)) {
    const random = seededRandom(seed);
    const { graph, oracle, sources } = randomGraph(random, 9_876_543_210_987);
    for (const direction of ['forward', 'backward'] as const) {
      const run = direction === 'forward' ? traceForward : traceBackward;
      const options = {
        method: 'haircut',
        limits: NO_LIMITS,
        oracle,
        txEnd: graph.flow.txCount,
      } as const;
      const fast = plain(run(graph.flow, sources, options));
      const slow = slowTrace(graph.flow, sources, { ...options, direction });
      assert.deepEqual(
        sortedEntries(fast.leaves),
        sortedEntries(slow.leaves),
        `replay with seed ${seed}`,
      );
      assert.deepEqual(
        sortedEntries(fast.fees),
        sortedEntries(slow.fees),
        `replay with seed ${seed}`,
      );
    }
  }
});

test('fifo: what a source became, traced back, is the source', () => {
  const free: StopOracle = { serviceOf: () => undefined, mixOf: () => undefined };
  let checked = 0;
  for (const seed of SEEDS) {
    const random = seededRandom(`identity/${seed}`);
    const { graph, sources } = randomGraph(random);
    const { flow } = graph;
    const [source] = sources;
    const options = { method: 'fifo', limits: NO_LIMITS, oracle: free } as const;
    const forward = traceForward(flow, [source!], options);
    for (const leaf of forward.leaves()) {
      const back = traceBackward(flow, [{ outputIndex: leaf.outputIndex, label: 'leaf' }], options);
      const seen = back.records;
      let reached = 0;
      for (let row = 0; row < seen.length; row += 1) {
        // What is unexplained is a part of an output that was met before, not another one.
        const isPart = stopReason(seen.reasons[row]!) === 'unknown_prevout';
        if (seen.outputs[row] === source!.outputIndex && !isPart) reached += seen.amounts[row]!;
      }
      assert.equal(reached, leaf.amountSats, `replay with seed ${random.seed}`);
      checked += 1;
    }
  }
  assert.ok(checked > 50, `${checked} leaves were traced back`);
});

test('a share never exceeds its part, by picking and by sorting alike', () => {
  const random = seededRandom('split');
  const split = new ProportionalSplit();
  for (let i = 0; i < 3_000; i += 1) {
    const count = random.int(1, i % 10 === 0 ? 400 : 6);
    const max = i % 2 === 0 ? 20 : 2_000_000_000_000;
    const sizes = Float64Array.from({ length: count }, () => random.int(0, max));
    const whole = sizes.reduce((sum, size) => sum + size, 0);
    if (whole === 0) continue;
    const totalSats = random.int(0, whole);
    const parts = new Float64Array(count);
    split.split(totalSats, sizes, count, whole, parts);
    const expected = slowSplit(BigInt(totalSats), Array.from(sizes, BigInt));
    assert.deepEqual(Array.from(parts, BigInt), expected, `row ${i}`);
    assert.ok(parts.every((part, j) => part <= sizes[j]!));
  }
});
