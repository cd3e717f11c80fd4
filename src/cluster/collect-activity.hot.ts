/**
 * What the busy clusters of a run did: totals, and the list of their transactions.
 *
 *     outputs ------> events per cluster ------> which are busy
 *     transactions in chain order --(inputs and outputs of busy clusters)--> totals, packed lists
 *
 * A cluster is busy when it has several scripts and BUSY_EVENTS events (outputs, and spends of them) or more. What
 * others did is read from the lists of their scripts when somebody asks; so is what a single script did, however much it is.
 *
 * Cost: one pass over the outputs, one over inputs and outputs; memory: 5 bytes per script while it runs.
 */
import type { FlowIndex } from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import { ActivityBuilder, type ActivityLists } from './activity-columns.hot.ts';
import { firstTxOf } from './first-tx.ts';

/** Events from which on a cluster's totals and transactions are kept with the run. */
export const BUSY_EVENTS = 512;

/** Places of a busy cluster's totals. A stored format: append, never reorder. */
export const TOTAL = {
  scripts: 0,
  addresses: 1,
  outputs: 2,
  spentOutputs: 3,
  transactions: 4,
  firstTx: 5,
  lastTx: 6,
  receivedHigh: 7,
  receivedLow: 8,
  sentHigh: 9,
  sentLow: 10,
  destroyedHigh: 11,
  destroyedLow: 12,
  /** Of what was sent, what had been received before the ledger. */
  beforeHigh: 13,
  beforeLow: 14,
} as const;
export const TOTALS_WIDTH = 15;

/** Sums are kept as two doubles, both exact: the sum is `high * SUM_SPLIT + low`. */
const SUM_SPLIT = 2n ** 50n;

export interface ActivityColumns extends ActivityLists {
  /** The root of each busy cluster, ascending. */
  readonly root: Uint32Array;
  /** TOTALS_WIDTH numbers per busy cluster. */
  readonly totals: Float64Array;
}

/**
 * @param roots per script the earliest script of its cluster
 * @param countsAsAddress per script 1 when it counts as an address of its own
 * @param txEnd transactions from this row on are left out
 */
export function collectActivity(
  flow: FlowIndex,
  roots: Uint32Array,
  countsAsAddress: Uint8Array,
  txEnd: number,
  busyEvents: number = BUSY_EVENTS,
): ActivityColumns {
  const numbers = numberBusy(flow, roots, txEnd, busyEvents);
  const pass = new ActivityPass(flow, roots, numbers.ofRoot, numbers.root.length, txEnd);
  pass.run();
  pass.countScripts(countsAsAddress);
  return { root: numbers.root, ...pass.finish() };
}

interface BusyNumbers {
  readonly root: Uint32Array;
  /** Per script, for roots of busy clusters, their place in `root` plus one; 0 for all others. */
  readonly ofRoot: Uint32Array;
}

function numberBusy(
  flow: FlowIndex,
  roots: Uint32Array,
  txEnd: number,
  busyEvents: number,
): BusyNumbers {
  const { outputScript, outputSpender } = flow;
  const events = new Uint32Array(roots.length);
  const txBegin = firstTxOf(flow);
  const outputEnd = flow.txFirstOutput.at(txEnd);
  for (let output = flow.txFirstOutput.at(txBegin); output < outputEnd; output += 1) {
    const script = outputScript.at(output);
    if (script === NONE) continue;
    const root = roots[script]!;
    const sum = events[root]! + (outputSpender.at(output) < txEnd ? 2 : 1);
    // Enough is enough: the sum only decides whether a cluster is busy.
    events[root] = Math.min(sum, busyEvents);
  }
  // Spends from before the ledger are events of scripts that may have no output here.
  const { undoInputs } = flow;
  const undoEnd = undoInputs.firstFrom(flow.txFirstInput.at(txEnd));
  for (let row = 0; row < undoEnd; row += 1) {
    const root = roots[undoInputs.script.at(row)]!;
    events[root] = Math.min(events[root]! + 1, busyEvents);
  }
  const hasSeveral = new Uint8Array(roots.length);
  for (let script = 0; script < roots.length; script += 1) {
    if (roots[script] !== script) hasSeveral[roots[script]!] = 1;
  }
  const busy: number[] = [];
  for (let script = 0; script < roots.length; script += 1) {
    const isBusy = hasSeveral[script] === 1 && events[script]! >= busyEvents;
    if (isBusy) busy.push(script);
    events[script] = isBusy ? busy.length : 0;
  }
  return { root: Uint32Array.from(busy), ofRoot: events };
}

class ActivityPass {
  readonly #flow: FlowIndex;
  readonly #roots: Uint32Array;
  readonly #ofRoot: Uint32Array;
  readonly #txEnd: number;
  readonly #lists: ActivityBuilder;
  readonly #totals: Float64Array;
  readonly #received: SatsTotal[];
  readonly #sent: SatsTotal[];
  readonly #destroyed: SatsTotal[];
  readonly #before: SatsTotal[];

  constructor(
    flow: FlowIndex,
    roots: Uint32Array,
    ofRoot: Uint32Array,
    clusterCount: number,
    txEnd: number,
  ) {
    this.#flow = flow;
    this.#roots = roots;
    this.#ofRoot = ofRoot;
    this.#txEnd = txEnd;
    this.#lists = new ActivityBuilder(clusterCount);
    this.#totals = new Float64Array(TOTALS_WIDTH * clusterCount);
    const sums = (): SatsTotal[] => Array.from({ length: clusterCount }, () => new SatsTotal());
    this.#received = sums();
    this.#sent = sums();
    this.#destroyed = sums();
    this.#before = sums();
  }

  /** Place of the busy cluster that a script belongs to, or -1. */
  #clusterOf(script: number): number {
    return script === NONE ? -1 : this.#ofRoot[this.#roots[script]!]! - 1;
  }

  run(): void {
    if (this.#received.length === 0) return;
    const flow = this.#flow;
    const totals = this.#totals;
    const lists = this.#lists;
    const txBegin = firstTxOf(flow);
    let input = flow.txFirstInput.at(txBegin);
    let output = flow.txFirstOutput.at(txBegin);
    for (let tx = txBegin; tx < this.#txEnd; tx += 1) {
      const inputEnd = flow.txFirstInput.at(tx + 1);
      for (; input < inputEnd; input += 1) {
        const cluster = this.#clusterOf(flow.inputScript(input));
        if (cluster < 0) continue;
        const sats = flow.inputValue(input);
        lists.add(cluster, tx);
        totals[TOTALS_WIDTH * cluster + TOTAL.spentOutputs]! += 1;
        this.#sent[cluster]!.add(sats);
        if (flow.inputPrevout.at(input) === NONE) this.#before[cluster]!.add(sats);
      }
      const outputEnd = flow.txFirstOutput.at(tx + 1);
      for (; output < outputEnd; output += 1) {
        const cluster = this.#clusterOf(flow.outputScript.at(output));
        if (cluster < 0) continue;
        lists.add(cluster, tx);
        totals[TOTALS_WIDTH * cluster + TOTAL.outputs]! += 1;
        this.#received[cluster]!.add(flow.outputValue.at(output));
      }
    }
    for (const destroyed of destroyedOutputs(flow, txBegin, this.#txEnd)) {
      const cluster = this.#clusterOf(flow.outputScript.at(destroyed));
      if (cluster >= 0) this.#destroyed[cluster]!.add(flow.outputValue.at(destroyed));
    }
  }

  countScripts(countsAsAddress: Uint8Array): void {
    const totals = this.#totals;
    for (let script = 0; script < this.#roots.length; script += 1) {
      const cluster = this.#ofRoot[this.#roots[script]!]! - 1;
      if (cluster < 0) continue;
      totals[TOTALS_WIDTH * cluster + TOTAL.scripts]! += 1;
      totals[TOTALS_WIDTH * cluster + TOTAL.addresses]! += countsAsAddress[script]!;
    }
  }

  finish(): Omit<ActivityColumns, 'root'> {
    const totals = this.#totals;
    const { counts, firstTx, lastTx } = this.#lists;
    for (let cluster = 0; cluster < this.#received.length; cluster += 1) {
      const at = TOTALS_WIDTH * cluster;
      totals[at + TOTAL.transactions] = counts[cluster]!;
      totals[at + TOTAL.firstTx] = firstTx[cluster]!;
      totals[at + TOTAL.lastTx] = lastTx[cluster]!;
      putSum(totals, at + TOTAL.receivedHigh, this.#received[cluster]!.value);
      putSum(totals, at + TOTAL.sentHigh, this.#sent[cluster]!.value);
      putSum(totals, at + TOTAL.destroyedHigh, this.#destroyed[cluster]!.value);
      putSum(totals, at + TOTAL.beforeHigh, this.#before[cluster]!.value);
    }
    return { totals, ...this.#lists.finish() };
  }
}

function putSum(totals: Float64Array, at: number, sum: bigint): void {
  totals[at] = Number(sum / SUM_SPLIT);
  totals[at + 1] = Number(sum % SUM_SPLIT);
}

/** A sum from its two places. */
export function sumAt(totals: Float64Array, at: number): bigint {
  return BigInt(totals[at]!) * SUM_SPLIT + BigInt(totals[at + 1]!);
}

/**
 * Outputs that can never be spent since a transaction in [txBegin, txEnd): that of the genesis block, and those that a
 * later transaction of the same id destroyed (BIP 30).
 */
export function* destroyedOutputs(
  flow: FlowIndex,
  txBegin: number,
  txEnd: number,
): Generator<number> {
  const txFirst = firstTxOf(flow);
  if (txBegin <= txFirst && txFirst < txEnd && flow.blockHeight.at(0) === 0) {
    yield flow.txFirstOutput.at(txFirst);
  }
  for (let row = 0; row < flow.destroyedOutput.length; row += 1) {
    const tx = flow.destroyedTx.at(row);
    if (tx >= txBegin && tx < txEnd) yield flow.destroyedOutput.at(row);
  }
}
