/**
 * The exact CoinJoin rules of the heuristics reference (WH-1, TX0-1, WW1-B, WW2, JM-1), written a second time, slowly
 * and literally, to hold simulated mixes against them. Height gates are left out: regtest has none.
 */
import { describeScript, type SlowTransaction } from './slow-chain.ts';

interface Shape {
  readonly ins: readonly bigint[];
  readonly outs: readonly bigint[];
  readonly inScripts: readonly string[];
  readonly outScripts: readonly string[];
  readonly kinds: ReadonlySet<string>;
  readonly hasOpReturn: boolean;
}

const hex = (script: Uint8Array): string => Buffer.from(script).toString('hex');

function shapeOf(tx: SlowTransaction): Shape {
  const spendable = tx.outputs.filter((output) => output.script[0] !== 0x6a);
  const prevouts = tx.inputs.map((input) => input.prevout!);
  return {
    ins: prevouts.map((prevout) => prevout.sats),
    outs: spendable.map((output) => output.sats),
    inScripts: prevouts.map((prevout) => hex(prevout.script)),
    outScripts: spendable.map((output) => hex(output.script)),
    kinds: new Set([...prevouts, ...spendable].map((each) => describeScript(each.script).kind)),
    hasOpReturn: spendable.length < tx.outputs.length,
  };
}

function countValues(values: readonly bigint[]): Map<bigint, number> {
  const counts = new Map<bigint, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function mode(values: readonly bigint[]): { d: bigint; n: number } {
  let best = { d: 0n, n: 0 };
  for (const [d, n] of countValues(values))
    if (n > best.n || (n === best.n && d > best.d)) best = { d, n };
  return best;
}

const distinct = (values: readonly unknown[]): number => new Set(values).size;

/** LA-1: an exact split into equal parts. */
function isExactSplit(shape: Shape, d: bigint): boolean {
  const total = shape.outs.reduce((sum, value) => sum + value, 0n);
  const parts = (2n * total + d) / (2n * d);
  const rest = total - parts * d;
  return parts <= BigInt(shape.outs.length) && 10_000n * (rest < 0n ? -rest : rest) <= total;
}

const POOLS: readonly (readonly [bigint, bigint, number])[] = [
  [5_000_000n, 175_000n, Date.UTC(2019, 3, 17)],
  [1_000_000n, 50_000n, Date.UTC(2019, 4, 23)],
  [50_000_000n, 1_750_000n, Date.UTC(2019, 7, 2)],
  [100_000n, 5_000n, Date.UTC(2021, 2, 5)],
];

export function isWhirlpool(tx: SlowTransaction, timeSeconds: number): boolean {
  const { ins, outs, inScripts, outScripts, kinds, hasOpReturn } = shapeOf(tx);
  const pool = POOLS.find(
    ([d, , from]) => outs.every((value) => value === d) && timeSeconds * 1000 >= from,
  );
  if (pool === undefined || hasOpReturn) return false;
  const [d] = pool;
  const isSize = ins.length >= 5 && ins.length === outs.length && outs.length <= 10;
  const isPlain = kinds.size === 1 && kinds.has('p2wpkh');
  const areInputs = ins.every(
    (value) => value === d || (value >= d + 100n && value <= d + 110_000n),
  );
  const isMixed = ins.some((value) => value === d) && ins.some((value) => value > d);
  return (
    isSize &&
    isPlain &&
    areInputs &&
    isMixed &&
    distinct(inScripts) === ins.length &&
    distinct(outScripts) === outs.length
  );
}

export function isTx0(tx: SlowTransaction): boolean {
  const { outs } = shapeOf(tx);
  if (tx.outputs.length - outs.length !== 1) return false;
  return POOLS.some(([d, fee]) => {
    const premix = mode(outs.filter((value) => value >= d + 100n && value <= d + 110_000n));
    const fees = outs.filter((value) => 2n * value >= fee && value <= 3n * fee);
    return premix.n >= 1 && premix.n <= 70 && outs.length - premix.n <= 2 && fees.length === 1;
  });
}

export function isWasabiOne(tx: SlowTransaction): boolean {
  const shape = shapeOf(tx);
  const { d, n } = mode(shape.outs);
  const once = [...countValues(shape.outs).values()].filter((count) => count === 1).length;
  const most = Math.max(...countValuesOf(shape.inScripts));
  const isPlain = shape.kinds.size === 1 && shape.kinds.has('p2wpkh');
  const isShape =
    n >= 10 && d >= 8_000_000n && d <= 12_000_000n && shape.ins.length >= n && once >= 2;
  const isClear = shape.ins.length >= 20 || !isExactSplit(shape, d);
  return (
    isPlain &&
    isShape &&
    isClear &&
    distinct(shape.outScripts) === shape.outs.length &&
    most * 10 <= shape.ins.length
  );
}

function countValuesOf(values: readonly string[]): number[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()];
}

/** `D2` of rule WW2: 78 values from 5,000 on. */
export function wasabiTwoValues(): Set<bigint> {
  const values = new Set<bigint>();
  for (const [factor, base] of [
    [1n, 2n],
    [1n, 3n],
    [2n, 3n],
    [1n, 10n],
    [2n, 10n],
    [5n, 10n],
  ] as const) {
    for (let value: bigint = factor; value <= 134_375_000_000n; value *= base)
      if (value >= 5000n) values.add(value);
  }
  return values;
}

const descends = (values: readonly bigint[]): boolean =>
  values.every((value, i) => i === 0 || value <= values[i - 1]!);

/** With the larger size that the first coordinator had. */
export function isWasabiTwo(tx: SlowTransaction): boolean {
  const shape = shapeOf(tx);
  const { ins, outs, inScripts, outScripts } = shape;
  const inKinds = tx.inputs.map((input) => describeScript(input.prevout!.script).kind);
  const standard = wasabiTwoValues();
  const matches = outs.filter((value) => standard.has(value)).length;
  const isShape = inKinds.every((kind) => kind === 'p2wpkh' || kind === 'p2tr') && ins.length >= 50;
  const isBalanced = Math.abs(ins.length - outs.length) < 0.7 * Math.max(ins.length, outs.length);
  const isFresh =
    distinct(inScripts) >= 0.3 * ins.length && distinct(outScripts) >= 0.3 * outs.length;
  const isFinal = tx.inputs.every((input) => input.sequence >= 0xffff_fffe);
  return (
    isShape &&
    descends(ins) &&
    descends(outs) &&
    5 * matches > 4 * outs.length &&
    isBalanced &&
    isFresh &&
    isFinal
  );
}

export function isJoinMarket(tx: SlowTransaction): boolean {
  const shape = shapeOf(tx);
  const { ins, outs, inScripts, outScripts } = shape;
  const repeated = [...countValues(outs)].filter(([, count]) => count > 1);
  if (repeated.length !== 1) return false;
  const [d, n] = repeated[0]!;
  const slots = ins.length + outs.length;
  const most = Math.max(...countValuesOf([...inScripts, ...outScripts]));
  const larger = Math.max(ins.length, outs.length);
  return (
    d > 2730n &&
    n >= 3 &&
    (outs.length === 2 * n || outs.length === 2 * n - 1) &&
    distinct(inScripts) >= n &&
    distinct(outScripts) === outs.length &&
    !shape.hasOpReturn &&
    most <= 0.34 * slots &&
    larger <= 100 &&
    larger <= 4 * Math.min(ins.length, outs.length) &&
    (ins.length >= 20 || !isExactSplit(shape, d)) &&
    isAssignable(shape, d, n)
  );
}

/** JM-1 (e): whole groups of inputs by script fill a bucket for each participant. */
function isAssignable(shape: Shape, d: bigint, n: number): boolean {
  const tolerance = d / 100n > 50_000n ? d / 100n : 50_000n;
  const changes = shape.outs.filter((value) => value !== d);
  const goals = Array.from({ length: n }, (_, i) => d + (changes[i] ?? 0n) - tolerance);
  const sums = new Map<string, bigint>();
  for (const [i, script] of shape.inScripts.entries())
    sums.set(script, (sums.get(script) ?? 0n) + shape.ins[i]!);
  const groups = [...sums.values()].sort((a, b) => (a < b ? 1 : -1));
  goals.sort((x, y) => (x < y ? 1 : -1));
  let steps = 0;
  const place = (at: number): boolean => {
    // The rule has a budget; where it ends the answer is "not no".
    steps += 1;
    if (steps > 100_000 || goals.every((goal) => goal <= 0n)) return true;
    if (at === groups.length) return false;
    for (let i = 0; i < n; i += 1) {
      // A bucket that has reached its goal needs no more; equal buckets need be tried once.
      if (goals[i]! <= 0n || (i > 0 && goals[i] === goals[i - 1])) continue;
      goals[i]! -= groups[at]!;
      const isPlaced = place(at + 1);
      goals[i]! += groups[at]!;
      if (isPlaced) return true;
    }
    return false;
  };
  return place(0);
}

/** SW-1 with four outputs. */
export function isStonewall(tx: SlowTransaction): boolean {
  const { ins, outs, outScripts } = shapeOf(tx);
  const twice = [...countValues(outs)].filter(([, count]) => count === 2);
  const isShape = outs.length === 4 && ins.length >= 2 && distinct(outScripts) === 4;
  return isShape && twice.length === 1 && twice[0]![0] >= 5000n && countValues(outs).size === 3;
}

/** PJ-1: both outputs at least as large as the smallest input. */
export function isPayJoinShape(tx: SlowTransaction): boolean {
  const { ins, outs, inScripts } = shapeOf(tx);
  const smallest = ins.toSorted((a, b) => (a > b ? 1 : -1))[0]!;
  const kinds = tx.inputs.map((input) => describeScript(input.prevout!.script).kind);
  return (
    outs.length === 2 &&
    ins.length >= 2 &&
    distinct(inScripts) === ins.length &&
    distinct(kinds) === 1 &&
    outs.every((value) => value >= smallest)
  );
}
