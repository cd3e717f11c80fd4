/** What a trace found: the outputs on the way and the leaves where it ended, as columns with a reader. */
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import type { StopReason, TraceLimits, TraceMethod } from './investigation.ts';
import { FOLLOWED, STOP, STOP_REASONS, stopReason } from './stop-reason.ts';
import { NO_RECORD, RECORD_FLAG, type TraceRecords } from './trace-records.hot.ts';
import type { TraceWork } from './trace-work.hot.ts';

interface RunFacts {
  readonly direction: 'forward' | 'backward';
  readonly method: TraceMethod;
  readonly limits: TraceLimits;
  readonly visited: number;
  readonly budgetPlaces: number;
}

/** A place where following ended. */
export interface TraceLeaf {
  /** Row in the records: names the leaf within this result only. */
  readonly record: number;
  readonly outputIndex: number;
  readonly reason: StopReason;
  readonly amountSats: number;
  /** Transactions between the nearest source and this output; 0 for a source itself. */
  readonly hops: number;
  /** The way passed a mix or a service, where neither order nor ownership says anything. */
  readonly diluted: boolean;
  /**
   * Forward: the output itself. Backward: the next output towards the source, which the leaf's output was
   * spent into; for a service that is what its customer was paid out. NONE when the leaf is a source.
   */
  readonly towardsSource: number;
}

/** All leaves of one reason together. */
export interface StopSum {
  readonly reason: StopReason;
  /** Outputs, or transactions for fees. */
  readonly places: number;
  readonly totalSats: bigint;
}

export class TraceResult {
  readonly direction: 'forward' | 'backward';
  readonly method: TraceMethod;
  readonly limits: TraceLimits;
  /** Label names; older sources have smaller numbers. */
  readonly labels: readonly string[];
  /** Labels that were counted together because there were too many. */
  readonly foldedLabels: number;
  /** Satoshi that were followed, by label. */
  readonly seededSats: readonly bigint[];
  /** Satoshi of sources that were not seeded again, because they carried a label already or were named twice. */
  readonly alreadyLabelledSats: bigint;
  /** Satoshi that were paid as fees on the way, by label. */
  readonly feeSats: readonly bigint[];
  readonly feeTransactions: number;
  /** Transactions looked at. */
  readonly visitedTransactions: number;
  /** Places that were still waiting when the budget of transactions was spent; 0 when it sufficed. */
  readonly budgetPlaces: number;
  /** The outputs that were met, for whoever needs more than the leaves. */
  readonly records: TraceRecords;

  constructor(work: TraceWork, facts: RunFacts) {
    this.direction = facts.direction;
    this.method = facts.method;
    this.limits = facts.limits;
    this.labels = work.sources.labelNames;
    this.foldedLabels = work.sources.foldedLabels;
    this.seededSats = work.seeded.map((total) => total.value);
    this.alreadyLabelledSats = work.alreadyLabelled.value + work.sources.overlapSats;
    this.feeSats = work.inFees.map((total) => total.value);
    this.feeTransactions = work.feeTransactions;
    this.visitedTransactions = facts.visited;
    this.budgetPlaces = facts.budgetPlaces;
    this.records = work.records;
  }

  /** The leaves in the order in which they were met; fees are no places and stand in `feeSats`. */
  *leaves(): Generator<TraceLeaf> {
    const { records } = this;
    for (let record = 0; record < records.length; record += 1) {
      if (records.reasons[record] !== FOLLOWED) yield this.leaf(record);
    }
  }

  /** The leaf in a row of the records. */
  leaf(record: number): TraceLeaf {
    const { records } = this;
    const reason = stopReason(records.reasons[record]!);
    if (reason === undefined) throw new RangeError(`record ${record} is no leaf`);
    const parent = records.parents[record]!;
    return {
      record,
      outputIndex: records.outputs[record]!,
      reason,
      amountSats: records.amounts[record]!,
      hops: records.hops[record]!,
      diluted: (records.flags[record]! & RECORD_FLAG.diluted) !== 0,
      towardsSource: parent === NO_RECORD ? NONE : records.outputs[parent]!,
    };
  }

  /** The amounts of a leaf by label number, those above zero. */
  amountsByLabel(record: number): { label: number; amountSats: number }[] {
    const { records } = this;
    if (this.labels.length === 1) return [{ label: 0, amountSats: records.amounts[record]! }];
    const first = records.firsts[record]!;
    const amounts: { label: number; amountSats: number }[] = [];
    for (let row = first; row < first + records.counts[record]!; row += 1) {
      amounts.push({ label: records.leafLabels[row]!, amountSats: records.leafAmounts[row]! });
    }
    return amounts.sort((a, b) => a.label - b.label);
  }

  /** The outputs from the nearest source to a record, the source first. */
  pathOutputs(record: number): number[] {
    return this.records.pathTo(record).map((row) => this.records.outputs[row]!);
  }

  /** Sums by reason, fees included, in the order of STOP_REASONS; reasons that did not occur are left out. */
  stopSums(): StopSum[] {
    const { records } = this;
    const places = STOP_REASONS.map(() => 0);
    const totals = STOP_REASONS.map(() => new SatsTotal());
    for (let record = 0; record < records.length; record += 1) {
      const code = records.reasons[record]!;
      if (code === FOLLOWED) continue;
      places[code - 1]! += 1;
      totals[code - 1]!.add(records.amounts[record]!);
    }
    places[STOP.fee - 1] = this.feeTransactions;
    const fees = this.feeSats.reduce((sum, sats) => sum + sats, 0n);
    return STOP_REASONS.map((reason, i) => ({
      reason,
      places: places[i]!,
      totalSats: reason === 'fee' ? fees : totals[i]!.value,
    })).filter((sum) => sum.places > 0);
  }
}
