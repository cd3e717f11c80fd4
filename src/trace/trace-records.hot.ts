/**
 * The outputs that a trace met, one row each, in the order in which they were met (chain order forward,
 * its reverse backward). A row either was followed on or is a leaf with a reason.
 *
 * Invariants: a parent's row is smaller than its child's; `amounts` is above zero; the amounts of a leaf by
 * label stand in `leafLabels`/`leafAmounts` and add up to its amount.
 */
import { FOLLOWED } from './stop-reason.ts';

const START_CAPACITY = 64;

/** No such record. Records count what one trace met, so they are u32 where rows of the ledger are not. */
export const NO_RECORD = 0xffff_ffff;

/** Bits of `flags`. */
export const RECORD_FLAG = {
  /** One of the outputs that the trace began with. */
  source: 1,
  /** The way here passed a mix or a service, where neither order nor ownership says anything. */
  diluted: 2,
} as const;

export class TraceRecords {
  /** Output rows pass 2^32. */
  outputs = new Float64Array(START_CAPACITY);
  /** The row from which most of the amount came, or NO_RECORD. */
  parents = new Uint32Array(START_CAPACITY);
  /** Transactions between the nearest source and this output. */
  hops = new Uint16Array(START_CAPACITY);
  /** STOP code, or FOLLOWED. */
  reasons = new Uint8Array(START_CAPACITY);
  flags = new Uint8Array(START_CAPACITY);
  /** Traced satoshi in the output, all labels together. */
  amounts = new Float64Array(START_CAPACITY);
  /** Where the pieces stand: in the segment pool while waiting, in the leaf columns once a leaf. */
  firsts = new Uint32Array(START_CAPACITY);
  counts = new Uint32Array(START_CAPACITY);
  length = 0;

  leafLabels = new Uint16Array(START_CAPACITY);
  leafAmounts = new Float64Array(START_CAPACITY);
  leafLength = 0;

  /** Begin a row without pieces; returns it. */
  add(output: number, parent: number, hops: number, flags: number, amountSats: number): number {
    const record = this.length;
    if (record === this.outputs.length) this.#grow();
    this.outputs[record] = output;
    this.parents[record] = parent;
    this.hops[record] = hops;
    this.reasons[record] = FOLLOWED;
    this.flags[record] = flags;
    this.amounts[record] = amountSats;
    this.length = record + 1;
    return record;
  }

  addLeafAmount(label: number, amountSats: number): void {
    if (this.leafLength === this.leafLabels.length) {
      const labels = new Uint16Array(this.leafLength * 2);
      labels.set(this.leafLabels);
      this.leafLabels = labels;
      const amounts = new Float64Array(this.leafLength * 2);
      amounts.set(this.leafAmounts);
      this.leafAmounts = amounts;
    }
    this.leafLabels[this.leafLength] = label;
    this.leafAmounts[this.leafLength] = amountSats;
    this.leafLength += 1;
  }

  /** The rows from a source to this one, the source first. */
  pathTo(record: number): number[] {
    const path: number[] = [];
    for (let at = record; at !== NO_RECORD; at = this.parents[at]!) path.push(at);
    return path.reverse();
  }

  #grow(): void {
    const capacity = this.outputs.length * 2;
    const u32 = (old: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(capacity);
      grown.set(old);
      return grown;
    };
    const outputs = new Float64Array(capacity);
    outputs.set(this.outputs);
    this.outputs = outputs;
    this.parents = u32(this.parents);
    this.firsts = u32(this.firsts);
    this.counts = u32(this.counts);
    const hops = new Uint16Array(capacity);
    hops.set(this.hops);
    this.hops = hops;
    const reasons = new Uint8Array(capacity);
    reasons.set(this.reasons);
    this.reasons = reasons;
    const flags = new Uint8Array(capacity);
    flags.set(this.flags);
    this.flags = flags;
    const amounts = new Float64Array(capacity);
    amounts.set(this.amounts);
    this.amounts = amounts;
  }
}
