/**
 * What follows from the facts about each script is stored as it follows: its lists of outputs and inputs, where they begin, and
 * the counts and sums of its milestones.
 *
 * Made a second, simple way: everything from the first row on in chain order, with the newest output, the newest input and the
 * number of events of each script in memory. Sums are kept only for scripts that have milestones, which are few. Scripts are
 * taken as many at a time as fit in a fifth of the machine's memory, with a pass over all rows each time: 11 bytes for each.
 */
import { totalmem } from 'node:os';
import type { SumColumns } from '../../ledger/f64-column.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';
import type { CheckRange } from './check-range.ts';
import {
  type CheckSteps,
  Disagreement,
  placeOfInput,
  placeOfOutput,
  placeOfTx,
  STEP_ROWS,
} from './disagreement.ts';
import { RowArray } from './row-array.hot.ts';

/** Newest output, newest input, number of events. */
const BYTES_OF_SCRIPT = 11;
const MEMORY_SHARE = 0.2;
/** Where stored sums are split in two numbers: as `script-events.hot.ts` says. */
const SUM_SPLIT = 2 ** 50;
/** Numbers of a script with milestones, in `LinkPass.#totals`. */
const TOTAL = {
  outputs: 0,
  inputs: 1,
  transactions: 2,
  lastTx: 3,
  lastMilestone: 4,
  receivedLow: 5,
  receivedHigh: 6,
  sentLow: 7,
  sentHigh: 8,
  beforeLow: 9,
  beforeHigh: 10,
} as const;
const TOTALS = 11;

/** Scripts whose lists are made in one pass on this machine. */
function scriptsAtOnce(): number {
  return Math.max(1, Math.floor((totalmem() * MEMORY_SHARE) / BYTES_OF_SCRIPT));
}

/** Rows that `checkLinks` yields in all. */
export function linkRows(flow: FlowIndex, range: CheckRange, atOnce = scriptsAtOnce()): number {
  return Math.max(1, Math.ceil(flow.scriptCount / atOnce)) * range.txEnd;
}

/**
 * Lists and milestones of the rows of a range; where it ends with the ledger, also where the lists begin. Yields transactions.
 *
 * @param atOnce scripts whose lists are made in one pass
 */
export function* checkLinks(
  flow: FlowIndex,
  range: CheckRange,
  atOnce = scriptsAtOnce(),
): CheckSteps {
  const counts = { lists: 0, events: 0, milestones: 0 };
  let from = 0;
  do {
    const end = Math.min(from + atOnce, flow.scriptCount);
    const pass = new LinkPass(flow, range, from, end);
    let undone = 0;
    for (let tx = 0; tx < range.txEnd; tx += 1) {
      pass.take(tx);
      undone += 1;
      if (undone < STEP_ROWS) continue;
      yield undone;
      undone = 0;
    }
    yield undone;
    if (range.txEnd === flow.txCount) yield* pass.checkHeads();
    counts.lists += end - from;
    counts.events += pass.events;
    counts.milestones += pass.milestones;
    from = end;
  } while (from < flow.scriptCount);
  return counts;
}

class LinkPass {
  readonly #flow: FlowIndex;
  readonly #range: CheckRange;
  readonly #from: number;
  readonly #end: number;
  readonly #lastOutput: RowArray;
  readonly #lastInput: RowArray;
  /** Events since the last milestone: a byte begins again at 0 by itself. */
  readonly #eventCount: Uint8Array;
  /** Scripts that have milestones, and where their numbers stand. */
  readonly #busy = new Map<number, number>();
  readonly #totals: Float64Array;
  /** The milestone that comes next, whose script may be one of another pass. */
  #milestone = 0;
  events = 0;
  milestones = 0;

  constructor(flow: FlowIndex, range: CheckRange, from: number, end: number) {
    this.#flow = flow;
    this.#range = range;
    this.#from = from;
    this.#end = end;
    this.#lastOutput = new RowArray(end - from);
    this.#lastInput = new RowArray(end - from);
    this.#eventCount = new Uint8Array(end - from);
    for (let row = 0; row < flow.milestoneCount; row += 1) {
      const script = flow.milestoneScript.at(row);
      if (this.#has(script) && !this.#busy.has(script)) this.#busy.set(script, this.#busy.size);
    }
    this.#totals = new Float64Array(this.#busy.size * TOTALS);
    for (let slot = 0; slot < this.#busy.size; slot += 1) {
      this.#totals[slot * TOTALS + TOTAL.lastTx] = -1;
      this.#totals[slot * TOTALS + TOTAL.lastMilestone] = NONE;
    }
  }

  #has(script: number): boolean {
    return script >= this.#from && script < this.#end;
  }

  /** Inputs come before outputs, as events of a script do. */
  take(tx: number): void {
    const flow = this.#flow;
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
      this.#takeInput(tx, input);
    }
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
      this.#takeOutput(tx, output);
    }
  }

  #takeInput(tx: number, input: number): void {
    const flow = this.#flow;
    const script = flow.inputScript(input);
    if (!this.#has(script)) {
      if (script === NONE && this.#from === 0) this.#compareInput(input, NONE);
      return;
    }
    const at = script - this.#from;
    this.#compareInput(input, this.#lastInput.at(at));
    this.#lastInput.set(at, input);
    const slot = this.#busy.size === 0 ? undefined : this.#busy.get(script);
    if (slot !== undefined) {
      const value = flow.inputValue(input);
      this.#add(slot, TOTAL.inputs, tx, TOTAL.sentLow, value);
      if (flow.inputPrevout.at(input) === NONE) this.#sum(slot * TOTALS + TOTAL.beforeLow, value);
    }
    this.#countEvent(tx, script, at, slot);
  }

  #takeOutput(tx: number, output: number): void {
    const flow = this.#flow;
    const script = flow.outputScript.at(output);
    if (!this.#has(script)) {
      if (script === NONE && this.#from === 0) this.#compareOutput(output, NONE);
      return;
    }
    const at = script - this.#from;
    this.#compareOutput(output, this.#lastOutput.at(at));
    this.#lastOutput.set(at, output);
    const slot = this.#busy.size === 0 ? undefined : this.#busy.get(script);
    if (slot !== undefined) {
      this.#add(slot, TOTAL.outputs, tx, TOTAL.receivedLow, flow.outputValue.at(output));
    }
    this.#countEvent(tx, script, at, slot);
  }

  #compareInput(input: number, expected: number): void {
    if (input < this.#range.inputFrom) return;
    const found = this.#flow.inputPrevOfScript.at(input);
    if (found === expected) return;
    const place = placeOfInput(this.#flow, input);
    throw linkFault(place, 'inputPrevOfScript', input, expected, found);
  }

  #compareOutput(output: number, expected: number): void {
    if (output < this.#range.outputFrom) return;
    const found = this.#flow.outputPrevOfScript.at(output);
    if (found === expected) return;
    const place = placeOfOutput(this.#flow, output);
    throw linkFault(place, 'outputPrevOfScript', output, expected, found);
  }

  #add(slot: number, count: number, tx: number, sum: number, valueSats: number): void {
    const totals = this.#totals;
    const at = slot * TOTALS;
    totals[at + count]! += 1;
    if (totals[at + TOTAL.lastTx] !== tx) {
      totals[at + TOTAL.lastTx] = tx;
      totals[at + TOTAL.transactions]! += 1;
    }
    this.#sum(at + sum, valueSats);
  }

  /** Add to a sum in two numbers, of which the first stays below 2^50. */
  #sum(low: number, valueSats: number): void {
    const totals = this.#totals;
    const sum = totals[low]! + valueSats;
    const carry = Math.floor(sum / SUM_SPLIT);
    totals[low] = sum - carry * SUM_SPLIT;
    totals[low + 1]! += carry;
  }

  #countEvent(tx: number, script: number, at: number, slot: number | undefined): void {
    this.events += 1;
    this.#eventCount[at]! += 1;
    if (this.#eventCount[at] !== 0) return;
    const flow = this.#flow;
    while (
      this.#milestone < flow.milestoneCount &&
      !this.#has(flow.milestoneScript.at(this.#milestone))
    ) {
      this.#milestone += 1;
    }
    const row = this.#milestone;
    const found = row < flow.milestoneCount ? flow.milestoneScript.at(row) : NONE;
    if (slot === undefined || found !== script) {
      throw linkFault(placeOfTx(flow, tx), 'milestoneScript', row, script, found);
    }
    this.#milestone += 1;
    this.milestones += 1;
    if (tx >= this.#range.txFrom) this.#compareMilestone(tx, at, slot, row);
    this.#totals[slot * TOTALS + TOTAL.lastMilestone] = row;
  }

  #compareMilestone(tx: number, at: number, slot: number, row: number): void {
    const flow = this.#flow;
    const total = (which: keyof typeof TOTAL): number => {
      return this.#totals[slot * TOTALS + TOTAL[which]]!;
    };
    const compare = (name: string, column: { at(row: number): number }, expected: number): void => {
      const found = column.at(row);
      if (found !== expected) throw linkFault(placeOfTx(flow, tx), name, row, expected, found);
    };
    compare('milestoneTx', flow.milestoneTx, tx);
    compare('milestoneOutput', flow.milestoneOutput, this.#lastOutput.at(at));
    compare('milestoneInput', flow.milestoneInput, this.#lastInput.at(at));
    compare('milestonePrev', flow.milestonePrev, total('lastMilestone'));
    compare('milestoneOutputs', flow.milestoneOutputs, total('outputs'));
    compare('milestoneInputs', flow.milestoneInputs, total('inputs'));
    compare('milestoneTransactions', flow.milestoneTransactions, total('transactions'));
    const compareSums = (name: string, sums: SumColumns, low: number, high: number): void => {
      compare(`${name}High`, sums.high, high);
      compare(`${name}Low`, sums.low, low);
    };
    const { milestoneReceived, milestoneSent, milestoneBefore } = flow;
    compareSums(
      'milestoneReceived',
      milestoneReceived,
      total('receivedLow'),
      total('receivedHigh'),
    );
    compareSums('milestoneSent', milestoneSent, total('sentLow'), total('sentHigh'));
    compareSums('milestoneBefore', milestoneBefore, total('beforeLow'), total('beforeHigh'));
  }

  /** The lists begin at the newest rows, no milestone is left over. */
  *checkHeads(): Generator<number> {
    const flow = this.#flow;
    for (let script = this.#from; script < this.#end; script += 1) {
      const at = script - this.#from;
      this.#compareHead('scriptLastOutput', script, this.#lastOutput.at(at));
      this.#compareHead('scriptLastInput', script, this.#lastInput.at(at));
      this.#compareHead('scriptEvents', script, this.#eventCount[at]!);
      if (script % STEP_ROWS === 0) yield 0;
    }
    for (let row = this.#milestone; row < flow.milestoneCount; row += 1) {
      const script = flow.milestoneScript.at(row);
      const isAnywhere = script < flow.scriptCount;
      if (!this.#has(script) && isAnywhere) continue;
      throw linkFault({}, 'milestoneScript', row, 'no milestone', script);
    }
  }

  #compareHead(
    column: 'scriptLastOutput' | 'scriptLastInput' | 'scriptEvents',
    script: number,
    expected: number,
  ): void {
    const found = this.#flow[column].at(script);
    if (found === expected) return;
    const place = placeOfOutput(this.#flow, this.#flow.scriptFirstOutput.at(script));
    throw linkFault(place, column, script, expected, found);
  }
}

function linkFault(
  place: Disagreement['facts'],
  column: string,
  row: number,
  expected: number | string,
  found: number,
): Disagreement {
  const text = (value: number | string): number | string => (value === NONE ? 'none' : value);
  return new Disagreement('A link is not what follows from the facts.', {
    ...place,
    column,
    row,
    expected: text(expected),
    found: text(found),
  });
}
