/**
 * What all methods and directions share while a trace runs: the queue of outputs that wait, the records of
 * what was met, the decision whether to go on, and the books that must balance at the end.
 *
 *     waiting heap --(transaction in chain order)--> method visits it --settle--> leaf, or waiting again
 *
 * Key of a waiting record: forward its spending transaction; backward NONE - 1 - output, so that the newest
 * output comes first and the outputs of one transaction come together.
 *
 * Invariants: a record's pieces stay in the pool exactly while it waits; for each label, what was seeded
 * equals what lies in leaves, in fees and in waiting records.
 */
import { ClewError } from '../errors.ts';
import {
  type FlowIndex,
  NOT_FETCHED,
  OVERWRITTEN,
  TX_FLAG,
  UNSPENDABLE,
} from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import type { TraceLimits } from './investigation.ts';
import { RowHeap } from './row-heap.hot.ts';
import { SegmentPool } from './segment-pool.hot.ts';
import type { StopOracle } from './stop-oracle.ts';
import { FOLLOWED, STOP } from './stop-reason.ts';
import { NO_RECORD, RECORD_FLAG, TraceRecords } from './trace-records.hot.ts';
import type { SortedSources } from './trace-sources.ts';

/** Rows of dead pieces that are tolerated before the pool is copied. */
const DEAD_ROWS_MIN = 65_536;

export interface WorkSetting {
  readonly flow: FlowIndex;
  readonly oracle: StopOracle;
  readonly limits: TraceLimits;
  /** First transaction beyond the as-of point. */
  readonly txEnd: number;
  /** First transaction of the last run of blocks without a gap: outputs before it may have been spent in the gap. */
  readonly lastWindowTx: number;
  readonly isForward: boolean;
  readonly passServices: boolean;
  readonly passMixes: boolean;
}

export class TraceWork {
  readonly flow: FlowIndex;
  readonly oracle: StopOracle;
  readonly sources: SortedSources;
  readonly labelCount: number;
  readonly records = new TraceRecords();
  /** Pieces of waiting records and of the record being made. */
  pool = new SegmentPool();
  readonly heap = new RowHeap();
  readonly passServices: boolean;
  readonly passMixes: boolean;
  readonly seeded: SatsTotal[];
  readonly inLeaves: SatsTotal[];
  readonly inFees: SatsTotal[];
  feeTransactions = 0;
  /** Satoshi of sources that carried a label already when they were reached: they are followed once. */
  readonly alreadyLabelled = new SatsTotal();

  /** The waiting records of the transaction at hand, ascending by output. */
  mine = new Uint32Array(16);
  mineCount = 0;

  /** Set by the method before `settle`: where the amount came from. */
  parent = NO_RECORD;
  hops = 0;
  flags = 0;

  readonly #isForward: boolean;
  readonly #limits: TraceLimits;
  readonly #fromSeconds: number;
  readonly #toSeconds: number;
  readonly #clusterScriptsMax: number;
  readonly #txEnd: number;
  readonly #lastWindowTx: number;
  readonly #sourceDone: Uint8Array;
  #liveRows = 0;
  readonly #sums: Float64Array;

  constructor(setting: WorkSetting, sources: SortedSources) {
    this.flow = setting.flow;
    this.oracle = setting.oracle;
    this.sources = sources;
    this.labelCount = sources.labelNames.length;
    this.passServices = setting.passServices;
    this.passMixes = setting.passMixes;
    this.#isForward = setting.isForward;
    this.#limits = setting.limits;
    this.#fromSeconds = setting.limits.fromSeconds ?? 0;
    this.#toSeconds = setting.limits.toSeconds ?? Number.POSITIVE_INFINITY;
    this.#clusterScriptsMax = setting.limits.clusterScriptsMax ?? Number.POSITIVE_INFINITY;
    this.#txEnd = setting.txEnd;
    this.#lastWindowTx = setting.lastWindowTx;
    this.#sourceDone = new Uint8Array(sources.outputs.length);
    this.#sums = new Float64Array(this.labelCount);
    const totals = (): SatsTotal[] => sources.labelNames.map(() => new SatsTotal());
    this.seeded = totals();
    this.inLeaves = totals();
    this.inFees = totals();
  }

  /** Row of the source at an output, or -1 when the output is none or was taken up already. */
  sourceAt(output: number): number {
    const outputs = this.sources.outputs;
    let low = 0;
    let high = outputs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (outputs[middle]! < output) low = middle + 1;
      else high = middle;
    }
    return low < outputs.length && outputs[low] === output && this.#sourceDone[low] === 0
      ? low
      : -1;
  }

  isSourceDone(source: number): boolean {
    return this.#sourceDone[source] === 1;
  }

  /** The record being made is a source: a way begins here, whatever else led to it. */
  becomeSource(source: number): void {
    this.#sourceDone[source] = 1;
    this.parent = NO_RECORD;
    this.hops = 0;
    this.flags |= RECORD_FLAG.source;
  }

  /**
   * Make a record of an output whose pieces were just put at the end of the pool, from `first` on, and
   * either end it as a leaf or let it wait. `parent`, `hops` and `flags` must be set.
   */
  settle(output: number, first: number): void {
    const pool = this.pool;
    let amount = 0;
    for (let row = first; row < pool.length; row += 1) amount += pool.lengths[row]!;
    const isSource = (this.flags & RECORD_FLAG.source) !== 0;
    if (this.passServices && (this.#isForward || !isSource) && this.#isService(output)) {
      this.flags |= RECORD_FLAG.diluted;
    }
    const record = this.records.add(output, this.parent, this.hops, this.flags, amount);
    const reason = this.#isForward
      ? this.#forwardStop(output, amount, isSource)
      : this.#backwardStop(output, amount, isSource);
    const count = pool.length - first;
    this.records.firsts[record] = first;
    this.records.counts[record] = count;
    if (reason !== FOLLOWED) {
      this.endRecord(record, reason);
      pool.length = first;
      return;
    }
    this.#liveRows += count;
    const key = this.#isForward ? this.flow.outputSpender.at(output) : NONE - 1 - output;
    this.heap.push(key, record);
  }

  /** Make a record, whose pieces stand in the pool, a leaf. */
  endRecord(record: number, reason: number): void {
    const records = this.records;
    records.reasons[record] = reason;
    const first = records.firsts[record]!;
    const end = first + records.counts[record]!;
    if (this.labelCount === 1) {
      this.inLeaves[0]!.add(records.amounts[record]!);
      return;
    }
    const { labels, lengths } = this.pool;
    const sums = this.#sums;
    records.firsts[record] = records.leafLength;
    for (let row = first; row < end; row += 1) sums[labels[row]!]! += lengths[row]!;
    for (let row = first; row < end; row += 1) {
      const label = labels[row]!;
      const sum = sums[label]!;
      if (sum === 0) continue;
      records.addLeafAmount(label, sum);
      this.inLeaves[label]!.add(sum);
      sums[label] = 0;
    }
    records.counts[record] = records.leafLength - records.firsts[record]!;
  }

  /** End a part of a record as a leaf of its own; its pieces stand at the end of the pool, from `first` on. */
  endPart(record: number, first: number, reason: number): void {
    const { pool, records } = this;
    let amount = 0;
    for (let row = first; row < pool.length; row += 1) amount += pool.lengths[row]!;
    const parent = records.parents[record]!;
    const part = records.add(
      records.outputs[record]!,
      parent,
      records.hops[record]!,
      records.flags[record]!,
      amount,
    );
    records.firsts[part] = first;
    records.counts[part] = pool.length - first;
    this.endRecord(part, reason);
    pool.length = first;
  }

  /** End everything that waits; returns how many places that were. */
  endAllWaiting(reason: number): number {
    const waiting = new Uint32Array(this.heap.size);
    for (let i = 0; i < waiting.length; i += 1) waiting[i] = this.heap.pop();
    waiting.sort();
    for (const record of waiting) this.endRecord(record, reason);
    return waiting.length;
  }

  /** Take all waiting records of the first transaction in order into `mine`. */
  gather(tx: number): void {
    this.mineCount = 0;
    const outputTx = this.flow.outputTx;
    while (this.heap.size > 0) {
      const key = this.heap.firstKey;
      if ((this.#isForward ? key : outputTx.at(NONE - 1 - key)) !== tx) break;
      if (this.mineCount === this.mine.length) {
        const grown = new Uint32Array(this.mineCount * 2);
        grown.set(this.mine);
        this.mine = grown;
      }
      const record = this.heap.pop();
      this.mine[this.mineCount] = record;
      this.mineCount += 1;
      this.#liveRows -= this.records.counts[record]!;
    }
    this.#sortMine();
  }

  /** Place in `mine` of the record at an output, or -1. */
  findMine(output: number): number {
    const outputs = this.records.outputs;
    let low = 0;
    let high = this.mineCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (outputs[this.mine[middle]!]! < output) low = middle + 1;
      else high = middle;
    }
    return low < this.mineCount && outputs[this.mine[low]!] === output ? low : -1;
  }

  /** Copy the pool when most of it is dead. Only between transactions: it moves all pieces. */
  tidyPool(): void {
    if (this.pool.length < 2 * this.#liveRows + DEAD_ROWS_MIN) return;
    const fresh = new SegmentPool();
    const { firsts, counts } = this.records;
    for (let place = 0; place < this.heap.size; place += 1) {
      const record = this.heap.payloadAt(place);
      firsts[record] = fresh.copyRun(this.pool, firsts[record]!, counts[record]!);
    }
    this.pool = fresh;
  }

  /** The transaction that is next in order, or NONE when nothing waits. */
  nextTx(): number {
    if (this.heap.size === 0) return NONE;
    const key = this.heap.firstKey;
    return this.#isForward ? key : this.flow.outputTx.at(NONE - 1 - key);
  }

  /** Within a transaction sums are plain numbers: no chain has coins enough for one beyond 2^53. */
  expectExact(sumSats: number, tx: number): void {
    if (sumSats <= Number.MAX_SAFE_INTEGER) return;
    throw new ClewError(
      'CLEW_LEDGER_DAMAGED',
      'A transaction moves more than all coins there are.',
      {
        txid: this.flow.txid(tx),
      },
    );
  }

  #sortMine(): void {
    const { mine, mineCount } = this;
    const outputs = this.records.outputs;
    if (mineCount > 64) {
      mine.subarray(0, mineCount).sort((a, b) => outputs[a]! - outputs[b]!);
      return;
    }
    for (let i = 1; i < mineCount; i += 1) {
      const record = mine[i]!;
      let j = i - 1;
      while (j >= 0 && outputs[mine[j]!]! > outputs[record]!) {
        mine[j + 1] = mine[j]!;
        j -= 1;
      }
      mine[j + 1] = record;
    }
  }

  #isService(output: number): boolean {
    const script = this.flow.outputScript.at(output);
    return script !== NONE && this.oracle.serviceOf(script) !== undefined;
  }

  /** Backward: whether the way ends at an output because of who holds it. */
  endsWithHolder(output: number): boolean {
    const isHeld =
      this.#isSelf(output) ||
      (!this.passServices && this.#isService(output)) ||
      this.#isInLargeCluster(output);
    return isHeld && this.sourceAt(output) < 0;
  }

  /** An unnamed cluster above the limit; what belongs to the subject or to a named service is none. */
  #isInLargeCluster(output: number): boolean {
    if (this.#clusterScriptsMax === Number.POSITIVE_INFINITY) return false;
    const script = this.flow.outputScript.at(output);
    if (script === NONE || this.oracle.clusterScriptsOf === undefined) return false;
    return (
      this.oracle.clusterScriptsOf(script) > this.#clusterScriptsMax &&
      !this.#isSelf(output) &&
      !this.#isService(output)
    );
  }

  #isSelf(output: number): boolean {
    const script = this.flow.outputScript.at(output);
    return script !== NONE && this.oracle.isSelf?.(script) === true;
  }

  /** What ends the way at an output: where the money is, before how far the limits let us look. */
  #forwardStop(output: number, amount: number, isSource: boolean): number {
    const flow = this.flow;
    const spender = flow.outputSpender.at(output);
    if (spender === UNSPENDABLE || spender === OVERWRITTEN) return STOP.unspendable;
    if (!this.passServices && this.#isService(output)) return STOP.service;
    if (!isSource && this.#isInLargeCluster(output)) return STOP.large_cluster;
    if (spender === NOT_FETCHED) return this.#notFetchedStop(output, amount, isSource);
    if (spender >= this.#txEnd) {
      if (flow.outputTx.at(output) < this.#lastWindowTx) return STOP.edge_of_ledger;
      return this.#isSelf(output) ? STOP.self : STOP.unspent;
    }
    if (flow.txTime(spender) > this.#toSeconds) return STOP.time;
    if ((flow.txFlags.at(spender) & TX_FLAG.sideLedger) !== 0) return STOP.side_ledger;
    if (!this.passMixes && this.oracle.mixOf(spender) !== undefined) return STOP.coinjoin;
    return this.#limitStop(amount, isSource);
  }

  /** Spent by a transaction that is not there: it would say when, and whether it is a mix; a limit ends the way in any case. */
  #notFetchedStop(output: number, amount: number, isSource: boolean): number {
    const limit = this.#limitStop(amount, isSource);
    this.flow.openEnds?.needSpender(output, limit !== FOLLOWED);
    return limit === FOLLOWED ? STOP.not_fetched : limit;
  }

  /** Why a way ends at an input whose previous output is not there. */
  originStop(input: number): number {
    return this.flow.openEnds?.needOrigin(input) ? STOP.not_fetched : STOP.unknown_prevout;
  }

  #backwardStop(output: number, amount: number, isSource: boolean): number {
    const flow = this.flow;
    if (!isSource) {
      if (this.#isSelf(output)) return STOP.self;
      if (!this.passServices && this.#isService(output)) return STOP.service;
      if (this.#isInLargeCluster(output)) return STOP.large_cluster;
    }
    const tx = flow.outputTx.at(output);
    if (flow.txTime(tx) < this.#fromSeconds) return STOP.time;
    const flags = flow.txFlags.at(tx);
    if ((flags & TX_FLAG.coinbase) !== 0) return STOP.mined;
    if ((flags & TX_FLAG.sideLedger) !== 0) return STOP.side_ledger;
    if (!this.passMixes && this.oracle.mixOf(tx) !== undefined) return STOP.coinjoin;
    return this.#limitStop(amount, isSource);
  }

  #limitStop(amount: number, isSource: boolean): number {
    if (!isSource && amount < this.#limits.valueMinSats) return STOP.value;
    return this.hops >= this.#limits.depth ? STOP.depth : FOLLOWED;
  }
}
