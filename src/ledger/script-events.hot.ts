/**
 * What happened to a script: every output that pays it and every input that spends from it, newest first.
 *
 *   scriptLastOutput -> output -> outputPrevOfScript -> output -> ... -> NONE
 *   scriptLastInput  -> input  -> inputPrevOfScript  -> input  -> ... -> NONE
 *
 * Merged, the two lists are the script's *events* in reverse chain order (in one transaction, inputs come before
 * outputs). Every 256th event leaves a *milestone*: the heads of both lists at that moment, and counts and sums of
 * everything up to it. So sums of an address with millions of transactions take at most 255 steps, and a page of its
 * history starts anywhere after as many links as there are milestones.
 *
 * `scriptEvents` counts the events since the last milestone; it is what finds the milestone again.
 */
import { ClewError } from '../errors.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import type { SumColumns } from './f64-column.ts';
import type { FlowIndex } from './flow-index.ts';
import { lowerBound } from './lower-bound.ts';

/** Events from one milestone of a script to its next: what one byte counts. A stored format. */
export const EVENTS_PER_MILESTONE = 256;

/** Where stored sums are split in two numbers, both exact as doubles. */
const SUM_SPLIT = 2 ** 50;

/**
 * Visits the events of one script after the other, newest first. One walk can be used again and again.
 *
 * What lies far apart is read only when it is asked for: a step needs the two lists and the transactions of their heads, which
 * stand close together in the columns; the value of an input stands wherever the output is that it spends.
 */
export class EventWalk {
  readonly #flow: FlowIndex;
  /** The events that come next: heads of the two lists. */
  output = NONE;
  input = NONE;
  /** The event that `next` came to: an output row, or an input row when `isInput`. */
  row = NONE;
  tx = NONE;
  isInput = false;
  /** The heads whose transactions were found last, and these. */
  #knownOutput = NONE;
  #knownOutputTx = -1;
  #knownInput = NONE;
  #knownInputTx = -1;

  constructor(flow: FlowIndex) {
    this.#flow = flow;
  }

  /** What the event paid or spent. */
  get valueSats(): number {
    return this.isInput ? this.#flow.inputValue(this.row) : this.#flow.outputValue.at(this.row);
  }

  /** An input that spends from before the ledger. */
  get isBefore(): boolean {
    return this.isInput && this.#flow.inputPrevout.at(this.row) === NONE;
  }

  /** Begin at the newest event of a script. */
  toNewest(scriptId: number): void {
    this.#forget();
    this.output = this.#flow.scriptLastOutput.at(scriptId);
    this.input = this.#flow.scriptLastInput.at(scriptId);
  }

  /** Begin at the event that a milestone was made at, itself included. */
  toMilestone(milestone: number): void {
    this.#forget();
    this.output = this.#flow.milestoneOutput.at(milestone);
    this.input = this.#flow.milestoneInput.at(milestone);
  }

  /** Blocks may have been undone since the last walk, and rows given to others. */
  #forget(): void {
    this.#knownOutput = NONE;
    this.#knownInput = NONE;
  }

  /** Transaction of the event that comes next, or -1 at the end. */
  peekTx(): number {
    return Math.max(this.#outputTx(), this.#inputTx());
  }

  /** @returns false at the end */
  next(): boolean {
    const outputTx = this.#outputTx();
    const inputTx = this.#inputTx();
    if (outputTx < 0 && inputTx < 0) return false;
    this.isInput = inputTx > outputTx;
    if (this.isInput) {
      this.row = this.input;
      this.tx = inputTx;
      this.input = this.#flow.inputPrevOfScript.at(this.input);
    } else {
      this.row = this.output;
      this.tx = outputTx;
      this.output = this.#flow.outputPrevOfScript.at(this.output);
    }
    return true;
  }

  #outputTx(): number {
    const { output } = this;
    if (output === NONE) return -1;
    if (output !== this.#knownOutput) {
      this.#knownOutput = output;
      this.#knownOutputTx = this.#flow.outputTx.at(output);
    }
    return this.#knownOutputTx;
  }

  #inputTx(): number {
    const { input } = this;
    if (input === NONE) return -1;
    if (input !== this.#knownInput) {
      // Inputs come newest first, so the transaction is close below the one before.
      const isBelow = this.#knownInput !== NONE && input < this.#knownInput;
      this.#knownInputTx = this.#findInputTx(
        input,
        isBelow ? this.#knownInputTx + 1 : this.#flow.txCount,
      );
      this.#knownInput = input;
    }
    return this.#knownInputTx;
  }

  /** The last transaction before `txEnd` that begins with this input or an earlier one: strides that double, then halving. */
  #findInputTx(input: number, txEnd: number): number {
    const { txFirstInput } = this.#flow;
    let high = txEnd;
    let low = high - 1;
    for (let stride = 1; low > 0 && txFirstInput.at(low) > input; stride *= 2) {
      high = low;
      low = Math.max(0, low - stride);
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (txFirstInput.at(middle) <= input) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Counts and exact sums over some events of a script. */
export class EventTotals {
  outputs = 0;
  inputs = 0;
  transactions = 0;
  readonly received = new SatsTotal();
  readonly sent = new SatsTotal();
  /** Of `sent`, what was received before the ledger. */
  readonly before = new SatsTotal();
  /** Transaction of the newest event taken in, or -1. */
  newestTx = -1;
  /** Transaction of the oldest event taken in, or -1. */
  oldestTx = -1;

  /** Take in the event that a walk is at; events must come newest first. */
  take(walk: EventWalk): void {
    const { valueSats } = walk;
    if (walk.isInput) {
      this.inputs += 1;
      this.sent.add(valueSats);
      if (walk.isBefore) this.before.add(valueSats);
    } else {
      this.outputs += 1;
      this.received.add(valueSats);
    }
    if (walk.tx === this.oldestTx) return;
    this.transactions += 1;
    this.oldestTx = walk.tx;
    if (this.newestTx < 0) this.newestTx = walk.tx;
  }

  /** Take in everything up to a milestone that the events taken so far lead to. */
  takeMilestone(flow: FlowIndex, milestone: number): void {
    this.outputs += flow.milestoneOutputs.at(milestone);
    this.inputs += flow.milestoneInputs.at(milestone);
    this.transactions += flow.milestoneTransactions.at(milestone);
    addSplit(this.received, flow.milestoneReceived, milestone);
    addSplit(this.sent, flow.milestoneSent, milestone);
    addSplit(this.before, flow.milestoneBefore, milestone);
    const tx = flow.milestoneTx.at(milestone);
    // The transaction that the milestone stands in may go on behind it: counted on both sides.
    if (tx === this.oldestTx) this.transactions -= 1;
    if (this.newestTx < 0) this.newestTx = tx;
    this.oldestTx = tx;
  }
}

function addSplit(total: SatsTotal, sums: SumColumns, milestone: number): void {
  total.add(sums.low.at(milestone));
  total.addScaled(sums.high.at(milestone), SUM_SPLIT);
}

/** Note that the head of a script's lists is a new event; every 256th one leaves a milestone. */
export function noteEvent(flow: FlowIndex, scriptId: number, walk: EventWalk): void {
  const events = flow.scriptEvents.at(scriptId) + 1;
  if (events < EVENTS_PER_MILESTONE) {
    flow.scriptEvents.set(scriptId, events);
    return;
  }
  flow.scriptEvents.set(scriptId, 0);
  pushMilestone(flow, scriptId, walk);
}

/** Forget the newest event of a script, whose list head was just taken back; the counterpart of `noteEvent`. */
export function forgetEvent(flow: FlowIndex, scriptId: number): void {
  const events = flow.scriptEvents.at(scriptId);
  if (events > 0) {
    flow.scriptEvents.set(scriptId, events - 1);
    return;
  }
  flow.scriptEvents.set(scriptId, EVENTS_PER_MILESTONE - 1);
  flow.columns.truncateFamily('milestones', flow.milestoneCount - 1);
}

function pushMilestone(flow: FlowIndex, scriptId: number, walk: EventWalk): void {
  const totals = new EventTotals();
  walk.toNewest(scriptId);
  const { output, input } = walk;
  const tx = walk.peekTx();
  for (let n = 0; n < EVENTS_PER_MILESTONE; n += 1) {
    walk.next();
    totals.take(walk);
  }
  const previous = findMilestone(flow, scriptId, walk);
  if (previous !== NONE) totals.takeMilestone(flow, previous);
  flow.milestoneScript.push(scriptId);
  flow.milestoneTx.push(tx);
  flow.milestoneOutput.push(output);
  flow.milestoneInput.push(input);
  flow.milestonePrev.push(previous);
  flow.milestoneOutputs.push(totals.outputs);
  flow.milestoneInputs.push(totals.inputs);
  flow.milestoneTransactions.push(totals.transactions);
  pushSplit(totals.received, flow.milestoneReceived);
  pushSplit(totals.sent, flow.milestoneSent);
  pushSplit(totals.before, flow.milestoneBefore);
}

function pushSplit(total: SatsTotal, sums: SumColumns): void {
  const { value } = total;
  const split = BigInt(SUM_SPLIT);
  sums.high.push(Number(value / split));
  sums.low.push(Number(value % split));
}

/** The milestone at the event that a walk would come to next, or NONE when the walk is at its end. */
function findMilestone(flow: FlowIndex, scriptId: number, walk: EventWalk): number {
  const tx = walk.peekTx();
  if (tx < 0) return NONE;
  let low = lowerBound(flow.milestoneTx, 0, flow.milestoneCount, tx);
  for (; low < flow.milestoneCount && flow.milestoneTx.at(low) === tx; low += 1) {
    const isHere =
      flow.milestoneScript.at(low) === scriptId &&
      flow.milestoneOutput.at(low) === walk.output &&
      flow.milestoneInput.at(low) === walk.input;
    if (isHere) return low;
  }
  throw new ClewError('CLEW_FLOW_FORMAT', 'A script of the flow index lacks a milestone.', {
    script: scriptId,
  });
}

/** Leave a walk at the script's newest milestone: what it then comes to next is the milestone's own event. */
export function newestMilestone(flow: FlowIndex, scriptId: number, walk: EventWalk): number {
  walk.toNewest(scriptId);
  for (let n = flow.scriptEvents.at(scriptId); n > 0; n -= 1) walk.next();
  return findMilestone(flow, scriptId, walk);
}

/**
 * Set a walk so that all events of a script before `txEnd` are still to come, with as few others as the milestones
 * allow.
 *
 * @returns the newest milestone whose event lies before `txEnd`, or NONE
 */
export function walkBefore(
  flow: FlowIndex,
  scriptId: number,
  txEnd: number,
  walk: EventWalk,
): number {
  let milestone = newestMilestone(flow, scriptId, walk);
  let later = NONE;
  while (milestone !== NONE && flow.milestoneTx.at(milestone) >= txEnd) {
    later = milestone;
    milestone = flow.milestonePrev.at(milestone);
  }
  if (later === NONE) walk.toNewest(scriptId);
  else walk.toMilestone(later);
  while (walk.peekTx() >= txEnd) walk.next();
  return milestone;
}

/** Counts and sums of a script's events before a transaction: at most some 511 steps besides the milestones. */
export function totalEvents(
  flow: FlowIndex,
  scriptId: number,
  txEnd: number,
  walk: EventWalk,
): EventTotals {
  const totals = new EventTotals();
  const milestone = walkBefore(flow, scriptId, txEnd, walk);
  const output = milestone === NONE ? NONE : flow.milestoneOutput.at(milestone);
  const input = milestone === NONE ? NONE : flow.milestoneInput.at(milestone);
  while ((walk.output !== output || walk.input !== input) && walk.next()) totals.take(walk);
  if (milestone !== NONE) totals.takeMilestone(flow, milestone);
  return totals;
}
