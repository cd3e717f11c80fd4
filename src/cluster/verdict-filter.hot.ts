/**
 * Which transactions may have a verdict: look-ups come by the million while tracing, and verdicts are few.
 *
 *   marks[transaction mod size]: 1 when some transaction with a verdict falls there
 *
 * A table by the number of verdicts, not of transactions: eight bytes for each. One answer in eight or so that says
 * maybe is wrong, and costs the caller a binary search.
 */
const SIZE_MIN = 64;
const PLACES_PER_VERDICT = 8;

export class VerdictFilter {
  readonly #marks: Uint8Array;
  readonly #size: number;

  /** @param txIndexes transactions with verdicts; one may stand there several times */
  constructor(txIndexes: Float64Array) {
    let size = SIZE_MIN;
    while (size < PLACES_PER_VERDICT * txIndexes.length) size *= 2;
    this.#size = size;
    this.#marks = new Uint8Array(size);
    for (let row = 0; row < txIndexes.length; row += 1)
      this.#marks[this.#place(txIndexes[row]!)] = 1;
  }

  #place(txIndex: number): number {
    return txIndex - Math.floor(txIndex / this.#size) * this.#size;
  }

  /** False when the transaction has no verdict for certain. */
  has(txIndex: number): boolean {
    return this.#marks[this.#place(txIndex)] === 1;
  }
}
