/**
 * First in, first out: the satoshi of a transaction keep their order.
 *
 *     inputs   |--- A ---|------ B ------|            end to end in the order of the inputs
 *     outputs  |-- o1 --|----- o2 -----|f|            cut from the front, the fee last
 *
 * Forward, the labelled pieces of the inputs are laid on that line and cut at the outputs; backward, the
 * pieces of the outputs are laid on it and cut at the inputs. Nothing is rounded, so backward undoes forward.
 *
 * An input of unknown value hides where everything behind it lies; what lies before it is still exact. One whose value undo data
 * tells takes its place, and what it brought came from before the ledger.
 *
 * Source: heuristics reference, section 9.3; R. Anderson, I. Shumailov, M. Ahmed, "Making Bitcoin Legal"
 * (2018), after Clayton's case (1816). Cost: one pass over inputs and outputs, no allocation.
 */
import { ClewError } from '../errors.ts';
import { TX_FLAG } from '../ledger/flow-index.ts';
import { NONE } from '../units/ids.ts';
import { STOP } from './stop-reason.ts';
import { NO_RECORD, RECORD_FLAG } from './trace-records.hot.ts';
import type { TraceWork } from './trace-work.hot.ts';

const START_CAPACITY = 256;

export class Fifo {
  readonly #work: TraceWork;
  /** The pieces on the line of the transaction at hand, ascending, without overlap. */
  #starts = new Float64Array(START_CAPACITY);
  #ends = new Float64Array(START_CAPACITY);
  #labels = new Uint16Array(START_CAPACITY);
  #records = new Uint32Array(START_CAPACITY);
  #count = 0;
  /** First piece that is not used up. */
  #head = 0;

  constructor(work: TraceWork) {
    this.#work = work;
  }

  /** Follow the waiting outputs that `tx` spends into its outputs. */
  visitForward(tx: number): void {
    const work = this.#work;
    const flow = work.flow;
    work.gather(tx);
    this.#count = 0;
    this.#head = 0;
    let offset = 0;
    let toFind = work.mineCount;
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (let input = flow.txFirstInput.at(tx); input < inputEnd && toFind > 0; input += 1) {
      const prevout = flow.inputPrevout.at(input);
      if (prevout === NONE) {
        if (!flow.isInputKnown(input)) break;
        offset += flow.inputValue(input);
        continue;
      }
      const place = work.findMine(prevout);
      if (place >= 0) {
        this.#lay(work.mine[place]!, offset);
        toFind -= 1;
      }
      offset += flow.outputValue.at(prevout);
    }
    work.expectExact(offset, tx);
    if (toFind > 0) this.#endUnplaced(tx);
    if (this.#count > 0) this.#cutAtOutputs(tx);
  }

  #cutAtOutputs(tx: number): void {
    const flow = this.#work.flow;
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    let offset = 0;
    for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
      const slotEnd = offset + flow.outputValue.at(output);
      if (this.#starts[this.#head]! < slotEnd) {
        this.#cutSlot(output, offset, slotEnd, false);
        if (this.#head === this.#count) return;
      }
      offset = slotEnd;
    }
    this.#payFee(offset);
  }

  /** Explain the waiting outputs of `tx` by its inputs. */
  visitBackward(tx: number): void {
    const work = this.#work;
    const flow = work.flow;
    work.gather(tx);
    this.#count = 0;
    this.#head = 0;
    let offset = 0;
    let output = flow.txFirstOutput.at(tx);
    for (let place = 0; place < work.mineCount; place += 1) {
      const record = work.mine[place]!;
      const wanted = work.records.outputs[record]!;
      for (; output < wanted; output += 1) offset += flow.outputValue.at(output);
      this.#lay(record, offset);
    }
    work.expectExact(offset, tx);
    offset = 0;
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
      const prevout = flow.inputPrevout.at(input);
      if (prevout === NONE && !flow.isInputKnown(input)) {
        this.#endBeyondKnown(tx, offset, work.originStop(input));
        return;
      }
      const slotEnd =
        offset + (prevout === NONE ? flow.inputValue(input) : flow.outputValue.at(prevout));
      if (this.#starts[this.#head]! < slotEnd) {
        if (prevout === NONE) this.#endSlot(offset, slotEnd, work.originStop(input));
        else this.#cutApart(prevout, offset, slotEnd);
        if (this.#head === this.#count) return;
      }
      offset = slotEnd;
    }
    this.#endBeyondKnown(tx, offset, STOP.unknown_prevout);
  }

  /** Cut a slot that is an output; whoever holds it paid each of the outputs that it became: all of them are named. */
  #cutApart(output: number, slotStart: number, slotEnd: number): void {
    const isApart = this.#work.endsWithHolder(output);
    while (this.#cutSlot(output, slotStart, slotEnd, isApart));
  }

  /** Lay the pieces of a record on the line, its output beginning at `offset`. */
  #lay(record: number, offset: number): void {
    const { records, pool } = this.#work;
    const first = records.firsts[record]!;
    const end = first + records.counts[record]!;
    while (this.#count + (end - first) > this.#starts.length) this.#grow();
    let at = this.#count;
    for (let row = first; row < end; row += 1) {
      const start = offset + pool.starts[row]!;
      this.#starts[at] = start;
      this.#ends[at] = start + pool.lengths[row]!;
      this.#labels[at] = pool.labels[row]!;
      this.#records[at] = record;
      at += 1;
    }
    this.#count = at;
  }

  /**
   * Cut what lies in [slotStart, slotEnd) off the line, as a record of `output` when there is any.
   *
   * @param isApart stop where the pieces of another record begin
   * @returns true when it stopped there, so that more lies in the slot
   */
  #cutSlot(output: number, slotStart: number, slotEnd: number, isApart: boolean): boolean {
    const work = this.#work;
    const { pool, records } = work;
    const first = pool.length;
    let head = this.#head;
    let parent = NO_RECORD;
    let hops = 0xffff;
    let flags = 0;
    let most = 0;
    let run = 0;
    let runRecord = NO_RECORD;
    let isMore = false;
    while (head < this.#count && this.#starts[head]! < slotEnd) {
      if (isApart && runRecord !== NO_RECORD && this.#records[head] !== runRecord) {
        isMore = true;
        break;
      }
      const start = Math.max(this.#starts[head]!, slotStart);
      const end = Math.min(this.#ends[head]!, slotEnd);
      if (end > start) {
        pool.append(first, start - slotStart, end - start, this.#labels[head]!);
        const record = this.#records[head]!;
        if (record !== runRecord) {
          runRecord = record;
          run = 0;
          hops = Math.min(hops, records.hops[record]! + 1);
          flags |= records.flags[record]! & RECORD_FLAG.diluted;
        }
        run += end - start;
        if (run > most) {
          most = run;
          parent = record;
        }
      }
      if (this.#ends[head]! > slotEnd) break;
      head += 1;
    }
    this.#head = head;
    if (pool.length === first) return isMore;
    work.parent = parent;
    work.hops = hops;
    work.flags = flags;
    const source = work.sourceAt(output);
    if (source >= 0) this.#fillFrom(source, first);
    work.settle(output, first);
    return isMore;
  }

  /** What is left on the line after all outputs is fee. */
  #payFee(offset: number): void {
    const work = this.#work;
    work.feeTransactions += 1;
    for (; this.#head < this.#count; this.#head += 1) {
      const start = Math.max(this.#starts[this.#head]!, offset);
      work.inFees[this.#labels[this.#head]!]!.add(this.#ends[this.#head]! - start);
    }
  }

  /** End the waiting outputs that stand behind an input of unknown value. */
  #endUnplaced(tx: number): void {
    const work = this.#work;
    this.#expectUnknown(tx);
    const flow = work.flow;
    let input = flow.txFirstInput.at(tx);
    while (flow.isInputKnown(input)) input += 1;
    const reason = work.originStop(input);
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (; input < inputEnd; input += 1) {
      const prevout = flow.inputPrevout.at(input);
      const place = prevout === NONE ? -1 : work.findMine(prevout);
      if (place >= 0) work.endRecord(work.mine[place]!, reason);
    }
  }

  /** Backward, what lies behind the first input of unknown value can not be explained. */
  #endBeyondKnown(tx: number, offset: number, reason: number): void {
    this.#expectUnknown(tx);
    this.#endSlot(offset, Number.POSITIVE_INFINITY, reason);
  }

  /** Backward, what lies in [slotStart, slotEnd) came from where nothing is known: it ends where it is, record by record. */
  #endSlot(slotStart: number, slotEnd: number, reason: number): void {
    const work = this.#work;
    while (this.#head < this.#count && this.#starts[this.#head]! < slotEnd) {
      const record = this.#records[this.#head]!;
      const first = work.pool.length;
      let goesOn = false;
      while (
        !goesOn &&
        this.#head < this.#count &&
        this.#records[this.#head] === record &&
        this.#starts[this.#head]! < slotEnd
      ) {
        const start = Math.max(this.#starts[this.#head]!, slotStart);
        const end = Math.min(this.#ends[this.#head]!, slotEnd);
        work.pool.push(start, end - start, this.#labels[this.#head]!);
        goesOn = this.#ends[this.#head]! > slotEnd;
        if (!goesOn) this.#head += 1;
      }
      work.endPart(record, first, reason);
      if (goesOn) return;
    }
  }

  #expectUnknown(tx: number): void {
    const flow = this.#work.flow;
    if ((flow.txFlags.at(tx) & TX_FLAG.unknownPrevout) !== 0) return;
    throw new ClewError('CLEW_LEDGER_DAMAGED', 'A transaction pays out more than it took in.', {
      txid: flow.txid(tx),
    });
  }

  /** Take up a source that nothing reached, as it is. */
  startSource(source: number): void {
    const work = this.#work;
    const first = work.pool.length;
    work.flags = 0;
    this.#fillFrom(source, first);
    work.settle(work.sources.outputs[source]!, first);
  }

  /** Label what is still clean of a source; satoshi that carry a label keep it. */
  #fillFrom(source: number, first: number): void {
    const work = this.#work;
    const { pool, sources } = work;
    const held = pool.length - first;
    while (this.#count + held > this.#starts.length) this.#grow();
    // The held pieces move to the free end of the line's arrays and are merged back with the source's.
    const free = this.#count;
    for (let i = 0; i < held; i += 1) {
      this.#starts[free + i] = pool.starts[first + i]!;
      this.#ends[free + i] = pool.starts[first + i]! + pool.lengths[first + i]!;
      this.#labels[free + i] = pool.labels[first + i]!;
    }
    pool.length = first;
    let next = free;
    const end = free + held;
    const rangeEnd = sources.firstRange[source + 1]!;
    let covered = 0;
    for (let range = sources.firstRange[source]!; range < rangeEnd; range += 1) {
      const label = sources.labels[range]!;
      const stop = sources.starts[range]! + sources.lengths[range]!;
      let at = Math.max(sources.starts[range]!, covered);
      let clean = 0;
      while (at < stop) {
        // A piece that begins here or before takes what it covers; else it is clean up to the next piece.
        if (next < end && this.#starts[next]! <= at) {
          covered = this.#ends[next]!;
          pool.append(
            first,
            this.#starts[next]!,
            covered - this.#starts[next]!,
            this.#labels[next]!,
          );
          next += 1;
          at = Math.max(at, covered);
          continue;
        }
        const cleanEnd = next < end ? Math.min(stop, this.#starts[next]!) : stop;
        pool.append(first, at, cleanEnd - at, label);
        clean += cleanEnd - at;
        at = cleanEnd;
      }
      work.seeded[label]!.add(clean);
      work.alreadyLabelled.add(sources.lengths[range]! - clean);
    }
    for (; next < end; next += 1) {
      pool.append(
        first,
        this.#starts[next]!,
        this.#ends[next]! - this.#starts[next]!,
        this.#labels[next]!,
      );
    }
    work.becomeSource(source);
  }

  #grow(): void {
    const capacity = this.#starts.length * 2;
    const starts = new Float64Array(capacity);
    starts.set(this.#starts);
    this.#starts = starts;
    const ends = new Float64Array(capacity);
    ends.set(this.#ends);
    this.#ends = ends;
    const labels = new Uint16Array(capacity);
    labels.set(this.#labels);
    this.#labels = labels;
    const records = new Uint32Array(capacity);
    records.set(this.#records);
    this.#records = records;
  }
}
