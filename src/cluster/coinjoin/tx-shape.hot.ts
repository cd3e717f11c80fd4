/**
 * One transaction as the detectors see it: columns of its inputs and outputs, filled again and again.
 *
 *   fill (flow-shape.hot.ts, or a test) -> analyse() -> detectors read
 *
 * Invariants: rows [0, inputCount) and [0, outputCount) count, whatever lies behind them is old; outputs are
 * the spendable ones only (data outputs are counted apart); script ids are any dense numbers, equal for equal
 * scripts. The columns grow with the largest transaction met and never shrink: nothing is allocated per
 * transaction. `analyse` costs two sorts of the ids and one of the values, so it comes after the cheap tests.
 */
const START_CAPACITY = 64;
/** Up to here insertion sort beats the built-in one, which needs a view object. */
const INSERTION_MAX = 24;

export class TxShape {
  height = 0;
  timeSeconds = 0;
  isCoinbase = false;
  /** A previous output is unknown. */
  isIncomplete = false;

  inputCount = 0;
  inputValue = new Float64Array(START_CAPACITY);
  /** NO_SCRIPT where it is unknown. */
  inputScript = new Uint32Array(START_CAPACITY);
  /** SCRIPT_KIND of the script spent. */
  inputScriptKind = new Uint8Array(START_CAPACITY);
  inputSequence = new Uint32Array(START_CAPACITY);
  /** SIGHASH bits, see `chain/input-kind.ts`. */
  inputSighash = new Uint8Array(START_CAPACITY);

  /** Spendable outputs. */
  outputCount = 0;
  outputValue = new Float64Array(START_CAPACITY);
  outputScript = new Uint32Array(START_CAPACITY);
  outputScriptKind = new Uint8Array(START_CAPACITY);
  /** Outputs that can never be spent (OP_RETURN). */
  dataOutputCount = 0;
  dataOutputSats = 0;

  /** Script ids of the Wasabi 1 coordinators, where the index has them. Set once per index. */
  coordinatorScripts: readonly number[] = [];
  /** The id of this transaction in hex; asked only when everything else fits. Set once per index. */
  txidHex: () => string = () => '';

  // --- what analyse() finds ---

  /** Output values, ascending. */
  sortedValue = new Float64Array(START_CAPACITY);
  outputSats = 0;
  inputSats = 0;
  inputSatsMin = 0;
  /** The output value that occurs most often; the larger one of several. */
  modeSats = 0;
  modeCount = 0;
  /** Output values that occur exactly once, and more than once. */
  valuesOnce = 0;
  valuesRepeated = 0;
  /** SI and SO of the rules. */
  distinctInputScripts = 0;
  distinctOutputScripts = 0;
  /** Inputs that the script with the most inputs has. */
  inputScriptTop = 0;
  /** Most slots, inputs and outputs together, that one script fills. */
  slotScriptTop = 0;
  #sortedIn = new Uint32Array(START_CAPACITY);
  #sortedOut = new Uint32Array(START_CAPACITY);

  /** Forget the transaction before and make room. */
  start(inputCount: number, outputRows: number): void {
    this.inputCount = inputCount;
    this.outputCount = 0;
    this.dataOutputCount = 0;
    this.dataOutputSats = 0;
    if (inputCount > this.inputValue.length) this.#growInputs(2 * inputCount);
    if (outputRows > this.outputValue.length) this.#growOutputs(2 * outputRows);
  }

  #growInputs(capacity: number): void {
    this.inputValue = new Float64Array(capacity);
    this.inputScript = new Uint32Array(capacity);
    this.inputScriptKind = new Uint8Array(capacity);
    this.inputSequence = new Uint32Array(capacity);
    this.inputSighash = new Uint8Array(capacity);
    this.#sortedIn = new Uint32Array(capacity);
  }

  #growOutputs(capacity: number): void {
    this.outputValue = new Float64Array(capacity);
    this.outputScript = new Uint32Array(capacity);
    this.outputScriptKind = new Uint8Array(capacity);
    this.sortedValue = new Float64Array(capacity);
    this.#sortedOut = new Uint32Array(capacity);
  }

  /** Work out sums, repeated values and distinct scripts of what was filled in. */
  analyse(): void {
    this.#analyseValues();
    this.#analyseScripts();
  }

  #analyseValues(): void {
    const { outputCount, sortedValue, outputValue, inputCount, inputValue } = this;
    let outputSats = 0;
    for (let row = 0; row < outputCount; row += 1) {
      const sats = outputValue[row]!;
      sortedValue[row] = sats;
      outputSats += sats;
    }
    this.outputSats = outputSats;
    let inputSats = 0;
    let inputSatsMin = inputCount === 0 ? 0 : Number.POSITIVE_INFINITY;
    for (let row = 0; row < inputCount; row += 1) {
      const sats = inputValue[row]!;
      inputSats += sats;
      if (sats < inputSatsMin) inputSatsMin = sats;
    }
    this.inputSats = inputSats;
    this.inputSatsMin = inputSatsMin;

    sortF64(sortedValue, outputCount);
    this.modeSats = 0;
    this.modeCount = 0;
    this.valuesOnce = 0;
    this.valuesRepeated = 0;
    let row = 0;
    while (row < outputCount) {
      const sats = sortedValue[row]!;
      let end = row + 1;
      while (end < outputCount && sortedValue[end] === sats) end += 1;
      const count = end - row;
      if (count === 1) this.valuesOnce += 1;
      else this.valuesRepeated += 1;
      // Values ascend, so the larger one of equally frequent values comes later and wins.
      if (count >= this.modeCount) {
        this.modeSats = sats;
        this.modeCount = count;
      }
      row = end;
    }
  }

  #analyseScripts(): void {
    const { inputCount, outputCount } = this;
    const sortedIn = this.#sortedIn;
    const sortedOut = this.#sortedOut;
    for (let row = 0; row < inputCount; row += 1) sortedIn[row] = this.inputScript[row]!;
    for (let row = 0; row < outputCount; row += 1) sortedOut[row] = this.outputScript[row]!;
    sortU32(sortedIn, inputCount);
    sortU32(sortedOut, outputCount);
    this.distinctInputScripts = 0;
    this.distinctOutputScripts = 0;
    this.inputScriptTop = 0;
    this.slotScriptTop = 0;
    // One walk over both sorted lists.
    let inRow = 0;
    let outRow = 0;
    while (inRow < inputCount || outRow < outputCount) {
      const nextIn = inRow < inputCount ? sortedIn[inRow]! : Number.POSITIVE_INFINITY;
      const nextOut = outRow < outputCount ? sortedOut[outRow]! : Number.POSITIVE_INFINITY;
      const script = Math.min(nextIn, nextOut);
      const inStart = inRow;
      const outStart = outRow;
      while (inRow < inputCount && sortedIn[inRow] === script) inRow += 1;
      while (outRow < outputCount && sortedOut[outRow] === script) outRow += 1;
      const inSlots = inRow - inStart;
      const slots = inSlots + outRow - outStart;
      if (inSlots > 0) this.distinctInputScripts += 1;
      if (outRow > outStart) this.distinctOutputScripts += 1;
      if (inSlots > this.inputScriptTop) this.inputScriptTop = inSlots;
      if (slots > this.slotScriptTop) this.slotScriptTop = slots;
    }
  }

  /** Output `row` values equal to `sats`, by binary search in the sorted values. */
  countOutputsOf(sats: number): number {
    return this.#sortedEnd(sats, true) - this.#sortedEnd(sats, false);
  }

  /** Outputs with a value in [min, max]. */
  countOutputsBetween(min: number, max: number): number {
    return max < min ? 0 : this.#sortedEnd(max, true) - this.#sortedEnd(min, false);
  }

  /** Rows of `sortedValue` below `sats`, or at most `sats` when `inclusive`. */
  #sortedEnd(sats: number, inclusive: boolean): number {
    let low = 0;
    let high = this.outputCount;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const value = this.sortedValue[middle]!;
      if (value < sats || (inclusive && value === sats)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function sortF64(rows: Float64Array, count: number): void {
  if (count > INSERTION_MAX) {
    rows.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i += 1) {
    const held = rows[i]!;
    let j = i - 1;
    while (j >= 0 && rows[j]! > held) {
      rows[j + 1] = rows[j]!;
      j -= 1;
    }
    rows[j + 1] = held;
  }
}

function sortU32(rows: Uint32Array, count: number): void {
  if (count > INSERTION_MAX) {
    rows.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i += 1) {
    const held = rows[i]!;
    let j = i - 1;
    while (j >= 0 && rows[j]! > held) {
      rows[j + 1] = rows[j]!;
      j -= 1;
    }
    rows[j + 1] = held;
  }
}
