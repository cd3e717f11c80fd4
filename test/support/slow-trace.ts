/**
 * Tracing in the most obvious way, as the oracle of the fast one.
 *
 * FIFO holds one label for every single satoshi of every output and moves them one by one, so amounts must be tiny.
 * Haircut is the formula of the reference with bigints. Transactions are simply walked from one end of the chain to the
 * other. Shares no code with `src/trace` but its types.
 */
import { type FlowIndex, OVERWRITTEN, TX_FLAG, UNSPENDABLE } from '../../src/ledger/flow-index.ts';
import type { TraceLimits } from '../../src/trace/investigation.ts';
import type { StopOracle } from '../../src/trace/stop-oracle.ts';
import { NONE } from '../../src/units/ids.ts';

export interface SlowSource {
  readonly outputIndex: number;
  readonly label: string;
}

export interface SlowOptions {
  readonly direction: 'forward' | 'backward';
  readonly method: 'fifo' | 'haircut';
  readonly limits: TraceLimits;
  readonly oracle: StopOracle;
  readonly txEnd: number;
}

/** Leaves as `output reason label hops` -> satoshi, fees by label. */
export interface SlowResult {
  readonly leaves: Map<string, bigint>;
  readonly fees: Map<string, bigint>;
  readonly seeded: Map<string, bigint>;
  readonly visited: number;
}

/** One label per satoshi (null is clean) for FIFO; amounts by label for haircut. */
interface Held {
  readonly sats: (string | null)[];
  readonly byLabel: Map<string, bigint>;
  readonly hops: number;
}

function addTo(map: Map<string, bigint>, key: string, amount: bigint): void {
  if (amount > 0n) map.set(key, (map.get(key) ?? 0n) + amount);
}

function countLabels(sats: readonly (string | null)[]): Map<string, bigint> {
  const counts = new Map<string, bigint>();
  for (const label of sats) if (label !== null) addTo(counts, label, 1n);
  return counts;
}

/** floor(total * size / whole), the rest to the largest remainders, ties to the earlier. */
export function slowSplit(total: bigint, sizes: readonly bigint[]): bigint[] {
  const whole = sizes.reduce((sum, size) => sum + size, 0n);
  const parts = sizes.map((size) => (total * size) / whole);
  let left = total - parts.reduce((sum, part) => sum + part, 0n);
  const order = sizes
    .map((size, place) => ({ place, rest: (total * size) % whole }))
    .sort((a, b) => (a.rest === b.rest ? a.place - b.place : a.rest > b.rest ? -1 : 1));
  for (const { place } of order) {
    if (left === 0n) break;
    parts[place]! += 1n;
    left -= 1n;
  }
  return parts;
}

export function slowTrace(
  flow: FlowIndex,
  sources: readonly SlowSource[],
  options: SlowOptions,
): SlowResult {
  const { limits, oracle, txEnd } = options;
  const forward = options.direction === 'forward';
  const labelOf = new Map(sources.map((source) => [source.outputIndex, source.label]));
  // Labels in the order of their oldest source: ties between labels go to the older.
  const labels = [
    ...new Set(
      sources
        .filter((source) => flow.outputValue.at(source.outputIndex) > 0)
        .toSorted((a, b) => a.outputIndex - b.outputIndex)
        .map((source) => source.label),
    ),
  ];
  const result: SlowResult & { visited: number } = {
    leaves: new Map(),
    fees: new Map(),
    seeded: new Map(),
    visited: 0,
  };
  const waiting = new Map<number, Held>();
  const begun = new Set<number>();
  let budgetSpent = false;

  function stop(
    output: number,
    amount: bigint,
    hops: number,
    isSource: boolean,
  ): string | undefined {
    const script = flow.outputScript.at(output);
    const isService = script !== NONE && oracle.serviceOf(script) !== undefined;
    const isSelf = script !== NONE && oracle.isSelf?.(script) === true;
    const isLarge = isInLargeCluster(output) && !isSource;
    if (forward) {
      const spender = flow.outputSpender.at(output);
      if (spender === UNSPENDABLE || spender === OVERWRITTEN) return 'unspendable';
      if (isService) return 'service';
      if (isLarge) return 'large_cluster';
      if (spender >= txEnd) return isSelf ? 'self' : 'unspent';
      if (limits.toSeconds !== undefined && flow.txTime(spender) > limits.toSeconds) return 'time';
      if (oracle.mixOf(spender) !== undefined) return 'coinjoin';
    } else {
      if (isSelf && !isSource) return 'self';
      if (isService && !isSource) return 'service';
      if (isLarge) return 'large_cluster';
      const tx = flow.outputTx.at(output);
      if (limits.fromSeconds !== undefined && flow.txTime(tx) < limits.fromSeconds) return 'time';
      if (flow.txFlags.at(tx) & TX_FLAG.coinbase) return 'mined';
      if (oracle.mixOf(tx) !== undefined) return 'coinjoin';
    }
    if (!isSource && amount < BigInt(limits.valueMinSats)) return 'value';
    if (hops >= limits.depth) return 'depth';
    return budgetSpent ? 'budget' : undefined;
  }

  function isHeld(output: number): boolean {
    const script = flow.outputScript.at(output);
    return (
      script !== NONE &&
      (oracle.serviceOf(script) !== undefined ||
        oracle.isSelf?.(script) === true ||
        isInLargeCluster(output))
    );
  }

  function isInLargeCluster(output: number): boolean {
    const script = flow.outputScript.at(output);
    if (script === NONE || limits.clusterScriptsMax === undefined) return false;
    if (oracle.serviceOf(script) !== undefined || oracle.isSelf?.(script) === true) return false;
    return oracle.clusterScriptsOf!(script) > limits.clusterScriptsMax;
  }

  function end(output: number, reason: string, held: Held, byLabel = held.byLabel): void {
    for (const [label, amount] of byLabel) {
      addTo(result.leaves, `${output} ${reason} ${label} ${held.hops}`, amount);
    }
  }

  /** An output was reached (or is a source): stop there or wait. */
  function meet(
    output: number,
    sats: (string | null)[],
    byLabel: Map<string, bigint>,
    hops: number,
  ): void {
    const source = labelOf.get(output);
    const isSource = source !== undefined;
    if (isSource) {
      begun.add(output);
      let clean = BigInt(flow.outputValue.at(output));
      for (const amount of byLabel.values()) clean -= amount;
      addTo(result.seeded, source, clean);
      addTo(byLabel, source, clean);
      for (let i = 0; i < sats.length; i += 1) sats[i] ??= source;
    }
    let amount = 0n;
    for (const part of byLabel.values()) amount += part;
    if (amount === 0n) return;
    const held: Held = { sats, byLabel, hops: isSource ? 0 : hops };
    const reason = stop(output, amount, held.hops, isSource);
    if (reason === undefined) waiting.set(output, held);
    else end(output, reason, held);
  }

  function meetClean(output: number): void {
    const value = flow.outputValue.at(output);
    meet(output, options.method === 'fifo' ? new Array(value).fill(null) : [], new Map(), 0);
  }

  function rows(from: number, to: number): number[] {
    return Array.from({ length: to - from }, (_, i) => from + i);
  }

  /** What an input spends: an output, NONE when nothing is known, or a number below 0 that only its value is known of. */
  function spentBy(input: number): number {
    const output = flow.inputPrevout.at(input);
    return output === NONE && flow.isInputKnown(input) ? -1 - input : output;
  }

  function satsOf(slot: number): number {
    return slot < 0 ? flow.inputValue(-1 - slot) : flow.outputValue.at(slot);
  }

  function visit(tx: number): void {
    const outputs = rows(flow.txFirstOutput.at(tx), flow.txFirstOutput.at(tx + 1));
    const inputs = rows(flow.txFirstInput.at(tx), flow.txFirstInput.at(tx + 1)).map(spentBy);
    const from = forward ? inputs : outputs;
    const mine = from.filter((output) => waiting.has(output));
    if (mine.length === 0) return;
    if (result.visited === limits.transactionsMax) {
      budgetSpent = true;
      return;
    }
    result.visited += 1;
    const held = new Map(mine.map((output) => [output, waiting.get(output)!]));
    for (const output of mine) waiting.delete(output);
    const slots = forward ? outputs : inputs;
    if (options.method === 'fifo') visitFifo(from, slots, inputs, held);
    else visitHaircut(slots, inputs, outputs, held);
  }

  function visitFifo(
    from: number[],
    slots: number[],
    inputs: number[],
    held: Map<number, Held>,
  ): void {
    const line: { label: string | null; origin: number }[] = [];
    for (const [place, output] of from.entries()) {
      const one = held.get(output);
      if (forward && output === NONE) {
        // Behind an unknown input nothing has a place.
        for (const late of from.slice(place))
          if (held.has(late)) end(late, 'unknown_prevout', held.get(late)!);
        break;
      }
      for (let i = 0; i < satsOf(output); i += 1) {
        line.push({ label: one ? one.sats[i]! : null, origin: output });
      }
    }
    for (const slot of slots) {
      if (slot === NONE) break;
      const piece = line.splice(0, satsOf(slot));
      if (slot < 0) {
        if (!forward) for (const sat of piece) endSat(sat, held);
        continue;
      }
      const sats = piece.map((sat) => sat.label);
      while (sats.length < flow.outputValue.at(slot)) sats.push(null);
      const byLabel = countLabels(sats);
      if (byLabel.size === 0) continue;
      // Backward, a service or the subject itself paid each output apart; else a place is met once, by the shortest way.
      const origins = new Set(piece.filter((sat) => sat.label !== null).map((sat) => sat.origin));
      const apart = !forward && !labelOf.has(slot) && isHeld(slot);
      for (const group of apart ? [...origins].map((origin) => [origin]) : [[...origins]]) {
        const own = piece.map((sat) => (group.includes(sat.origin) ? sat.label : null));
        while (own.length < sats.length) own.push(null);
        const hops = Math.min(...group.map((origin) => held.get(origin)!.hops + 1));
        meet(slot, own, countLabels(own), hops);
      }
    }
    if (forward) {
      for (const [label, amount] of countLabels(line.map((sat) => sat.label)))
        addTo(result.fees, label, amount);
    } else {
      for (const sat of line) {
        if (sat.label !== null && !inputs.includes(NONE)) throw new Error('unexplained satoshi');
        endSat(sat, held);
      }
    }
  }

  /** Backward, one satoshi that came from where the ledger has nothing. */
  function endSat(
    { label, origin }: { label: string | null; origin: number },
    held: Map<number, Held>,
  ): void {
    if (label === null) return;
    end(origin, 'unknown_prevout', held.get(origin)!, new Map([[label, 1n]]));
  }

  function visitHaircut(
    slots: number[],
    inputs: number[],
    outputs: number[],
    held: Map<number, Held>,
  ): void {
    if (inputs.includes(NONE)) {
      for (const [output, one] of held) end(output, 'unknown_prevout', one);
      return;
    }
    const left = new Map(labels.map((label) => [label, 0n]));
    for (const one of held.values())
      for (const [label, amount] of one.byLabel) addTo(left, label, amount);
    const total = [...left.values()].reduce((sum, amount) => sum + amount, 0n);
    const sizes = slots.map((slot) => BigInt(satsOf(slot)));
    if (forward) {
      const sum = (list: number[]): bigint =>
        list.reduce((all, slot) => all + BigInt(satsOf(slot)), 0n);
      sizes.push(sum(inputs) - sum(outputs));
    }
    const shares = slowSplit(total, sizes);
    const hops = Math.min(...[...held.values()].map((one) => one.hops)) + 1;
    shares.forEach((share, place) => {
      if (share === 0n) return;
      const parts = slowSplit(share, [...left.values()]);
      const byLabel = new Map<string, bigint>();
      [...left.keys()].forEach((label, i) => {
        addTo(byLabel, label, parts[i]!);
        left.set(label, left.get(label)! - parts[i]!);
      });
      if (place < slots.length && slots[place]! < 0) {
        const sum = (one: Held): bigint =>
          [...one.byLabel.values()].reduce((all, amount) => all + amount, 0n);
        const [output, most] = [...held].reduce((a, b) => (sum(b[1]) > sum(a[1]) ? b : a));
        end(output, 'unknown_prevout', most, byLabel);
      } else if (place < slots.length) meet(slots[place]!, [], byLabel, hops);
      else for (const [label, amount] of byLabel) addTo(result.fees, label, amount);
    });
  }

  function beginSources(tx: number): void {
    for (const output of rows(flow.txFirstOutput.at(tx), flow.txFirstOutput.at(tx + 1))) {
      if (labelOf.has(output) && !begun.has(output)) meetClean(output);
    }
  }

  const order = rows(0, txEnd);
  for (const tx of forward ? order : order.reverse()) {
    // Backward, all sources of a transaction wait before it is looked at; forward they follow from the visit.
    if (!forward) beginSources(tx);
    visit(tx);
    if (budgetSpent) break;
    if (forward) beginSources(tx);
  }
  if (budgetSpent) {
    for (const { outputIndex } of sources) if (!begun.has(outputIndex)) meetClean(outputIndex);
    for (const [output, held] of waiting) end(output, 'budget', held);
  } else if (waiting.size > 0) throw new Error('something still waits');
  return result;
}
