/**
 * Haircut: every output of a transaction takes its share of what is labelled, in proportion to its value.
 *
 *     T labelled of V paid in: slot j (outputs in order, the fee last) of size s gets floor(T * s / V), and the
 *     satoshi left over go to the largest remainders (`proportional-split.hot.ts`)
 *
 * Several labels: slot by slot, the slot's share is split over what is left of each label by the same rule,
 * ties to the older label. Backward the slots are the inputs; that is not the exact inverse, since each hop
 * rounds anew. A transaction with an input of unknown value has no V, so the way ends before it. What an input brought of
 * which undo data tells the value came from before the ledger: backward it ends there.
 *
 * Source: heuristics reference, sections 9.1, 9.3 and 9.4. Cost: one wide division per output and label.
 */
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';
import { ProportionalSplit } from './proportional-split.hot.ts';
import { NO_RECORD, RECORD_FLAG } from './trace-records.hot.ts';
import type { TraceWork } from './trace-work.hot.ts';

const START_CAPACITY = 256;

export class Haircut {
  readonly #work: TraceWork;
  readonly #split = new ProportionalSplit();
  #sizes = new Float64Array(START_CAPACITY);
  #shares = new Float64Array(START_CAPACITY);
  /** What is left of each label at the transaction at hand, ascending by label number. */
  readonly #leftLabels: Uint16Array;
  readonly #left: Float64Array;
  readonly #labelShares: Float64Array;
  #leftCount = 0;
  readonly #labelSums: Float64Array;
  /** Labelled satoshi of the transaction at hand, and where they come from. */
  #total = 0;
  #parent = NO_RECORD;
  #hops = 0;
  #flags = 0;

  constructor(work: TraceWork) {
    this.#work = work;
    this.#leftLabels = new Uint16Array(work.labelCount);
    this.#left = new Float64Array(work.labelCount);
    this.#labelShares = new Float64Array(work.labelCount);
    this.#labelSums = new Float64Array(work.labelCount);
  }

  /** Share out the waiting outputs that `tx` spends over its outputs and its fee. */
  visitForward(tx: number): void {
    const work = this.#work;
    const flow = work.flow;
    work.gather(tx);
    let paidIn = 0;
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
      const prevout = flow.inputPrevout.at(input);
      if (prevout !== NONE) {
        paidIn += flow.outputValue.at(prevout);
        continue;
      }
      if (!flow.isInputKnown(input)) {
        this.#endAll(work.originStop(input));
        return;
      }
      paidIn += flow.inputValue(input);
    }
    work.expectExact(paidIn, tx);
    this.#addUp();
    const firstOutput = flow.txFirstOutput.at(tx);
    const outputCount = flow.txFirstOutput.at(tx + 1) - firstOutput;
    this.#makeRoom(outputCount + 1);
    let fee = paidIn;
    for (let j = 0; j < outputCount; j += 1) {
      const value = flow.outputValue.at(firstOutput + j);
      this.#sizes[j] = value;
      fee -= value;
    }
    if (fee < 0) {
      throw new ClewError('CLEW_LEDGER_DAMAGED', 'A transaction pays out more than it took in.', {
        txid: flow.txid(tx),
      });
    }
    this.#sizes[outputCount] = fee;
    this.#split.split(this.#total, this.#sizes, outputCount + 1, paidIn, this.#shares);
    this.#findOrigin(tx);
    for (let j = 0; j < outputCount; j += 1) {
      if (this.#shares[j] === 0) continue;
      this.#settleShare(firstOutput + j, this.#shares[j]!);
    }
    if (this.#shares[outputCount]! > 0) this.#payFee(this.#shares[outputCount]!);
  }

  /** Share the waiting outputs of `tx` out over its inputs. */
  visitBackward(tx: number): void {
    const work = this.#work;
    const flow = work.flow;
    work.gather(tx);
    const firstInput = flow.txFirstInput.at(tx);
    const inputCount = flow.txFirstInput.at(tx + 1) - firstInput;
    this.#makeRoom(inputCount);
    let paidIn = 0;
    for (let i = 0; i < inputCount; i += 1) {
      const prevout = flow.inputPrevout.at(firstInput + i);
      if (prevout === NONE && !flow.isInputKnown(firstInput + i)) {
        this.#endAll(work.originStop(firstInput + i));
        return;
      }
      const value =
        prevout === NONE ? flow.inputValue(firstInput + i) : flow.outputValue.at(prevout);
      this.#sizes[i] = value;
      paidIn += value;
    }
    work.expectExact(paidIn, tx);
    this.#addUp();
    if (this.#total > paidIn) {
      throw new ClewError('CLEW_LEDGER_DAMAGED', 'A transaction pays out more than it took in.', {
        txid: flow.txid(tx),
      });
    }
    this.#split.split(this.#total, this.#sizes, inputCount, paidIn, this.#shares);
    this.#findOrigin(tx);
    for (let i = 0; i < inputCount; i += 1) {
      if (this.#shares[i] === 0) continue;
      const prevout = flow.inputPrevout.at(firstInput + i);
      if (prevout === NONE) this.#endShare(this.#shares[i]!, work.originStop(firstInput + i));
      else this.#settleShare(prevout, this.#shares[i]!);
    }
  }

  /** A share that came from where the ledger has nothing: it ends at the output that most of it lay in. */
  #endShare(share: number, reason: number): void {
    const work = this.#work;
    const first = work.pool.length;
    if (this.#leftCount === 1) work.pool.push(0, share, this.#leftLabels[0]!);
    else this.#takeLabels(share);
    work.endPart(this.#parent, first, reason);
  }

  /** An input of unknown value: nothing can be shared out here. */
  #endAll(reason: number): void {
    const work = this.#work;
    for (let i = 0; i < work.mineCount; i += 1) {
      work.endRecord(work.mine[i]!, reason);
    }
  }

  /** Add up the waiting records by label. */
  #addUp(): void {
    const { mine, mineCount, records, pool } = this.#work;
    const sums = this.#labelSums;
    this.#total = 0;
    for (let i = 0; i < mineCount; i += 1) {
      const first = records.firsts[mine[i]!]!;
      const end = first + records.counts[mine[i]!]!;
      for (let row = first; row < end; row += 1) {
        sums[pool.labels[row]!]! += pool.lengths[row]!;
        this.#total += pool.lengths[row]!;
      }
    }
    this.#leftCount = 0;
    for (let label = 0; label < sums.length; label += 1) {
      if (sums[label] === 0) continue;
      this.#leftLabels[this.#leftCount] = label;
      this.#left[this.#leftCount] = sums[label]!;
      this.#leftCount += 1;
      sums[label] = 0;
    }
  }

  /** Where the shares of `tx` come from: most from the largest record, by the shortest way. */
  #findOrigin(tx: number): void {
    const work = this.#work;
    const { mine, mineCount, records } = work;
    let parent = mine[0]!;
    let hops = 0xffff;
    let flags = work.passMixes && work.oracle.mixOf(tx) !== undefined ? RECORD_FLAG.diluted : 0;
    for (let i = 0; i < mineCount; i += 1) {
      const record = mine[i]!;
      if (records.amounts[record]! > records.amounts[parent]!) parent = record;
      hops = Math.min(hops, records.hops[record]! + 1);
      flags |= records.flags[record]! & RECORD_FLAG.diluted;
    }
    this.#parent = parent;
    this.#hops = hops;
    this.#flags = flags;
  }

  #settleShare(output: number, share: number): void {
    const work = this.#work;
    const first = work.pool.length;
    if (this.#leftCount === 1) work.pool.push(0, share, this.#leftLabels[0]!);
    else this.#takeLabels(share);
    work.parent = this.#parent;
    work.hops = this.#hops;
    work.flags = this.#flags;
    const source = work.sourceAt(output);
    if (source >= 0) this.#fillFrom(source, first);
    work.settle(output, first);
  }

  /** Take a share out of what is left of the labels, in proportion, and put it into the pool. */
  #takeLabels(share: number): void {
    const { pool } = this.#work;
    const left = this.#left;
    let leftTotal = 0;
    for (let k = 0; k < this.#leftCount; k += 1) leftTotal += left[k]!;
    this.#split.split(share, left, this.#leftCount, leftTotal, this.#labelShares);
    for (let k = 0; k < this.#leftCount; k += 1) {
      const part = this.#labelShares[k]!;
      if (part === 0) continue;
      left[k] = left[k]! - part;
      pool.push(0, part, this.#leftLabels[k]!);
    }
  }

  /** The fee is the last slot, so it takes all that is left of every label. */
  #payFee(share: number): void {
    const work = this.#work;
    work.feeTransactions += 1;
    if (this.#leftCount === 1) {
      work.inFees[this.#leftLabels[0]!]!.add(share);
      return;
    }
    for (let k = 0; k < this.#leftCount; k += 1) {
      work.inFees[this.#leftLabels[k]!]!.add(this.#left[k]!);
    }
  }

  /** Take up a source that nothing reached, as it is. */
  startSource(source: number): void {
    const work = this.#work;
    const first = work.pool.length;
    work.flags = 0;
    this.#fillFrom(source, first);
    work.settle(work.sources.outputs[source]!, first);
  }

  /** Label what is still clean of a source: haircut knows how much that is, not where it lies. */
  #fillFrom(source: number, first: number): void {
    const work = this.#work;
    const { pool, sources } = work;
    const sums = this.#labelSums;
    let clean = work.flow.outputValue.at(sources.outputs[source]!);
    for (let row = first; row < pool.length; row += 1) {
      sums[pool.labels[row]!]! += pool.lengths[row]!;
      clean -= pool.lengths[row]!;
    }
    const rangeEnd = sources.firstRange[source + 1]!;
    for (let range = sources.firstRange[source]!; range < rangeEnd; range += 1) {
      const label = sources.labels[range]!;
      const added = Math.min(sources.lengths[range]!, clean);
      sums[label]! += added;
      clean -= added;
      work.seeded[label]!.add(added);
      work.alreadyLabelled.add(sources.lengths[range]! - added);
    }
    pool.length = first;
    for (let label = 0; label < sums.length; label += 1) {
      if (sums[label] === 0) continue;
      pool.push(0, sums[label]!, label);
      sums[label] = 0;
    }
    work.becomeSource(source);
  }

  #makeRoom(slots: number): void {
    if (this.#sizes.length >= slots) return;
    this.#sizes = new Float64Array(slots * 2);
    this.#shares = new Float64Array(slots * 2);
  }
}
