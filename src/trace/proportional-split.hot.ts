/**
 * A whole number of satoshi shared out in proportion, by largest remainder: part j gets
 * floor(total * size_j / whole), and what is left goes, one satoshi each, to the parts with the largest
 * total * size_j mod whole, ties to the earlier part. No part exceeds its size, and the parts add up to the total.
 */
import { WideDivision } from './wide-division.hot.ts';

/** Up to here, the largest remainders are picked one by one; beyond, by sorting. */
const PICKS_MAX = 256;

export class ProportionalSplit {
  readonly #wide = new WideDivision();
  #rests = new Float64Array(64);

  /**
   * @param totalSats 0 to `wholeSats`
   * @param sizes the first `count` add up to `wholeSats`
   * @param wholeSats above 0
   * @param parts receives the shares; may not be `sizes`
   */
  split(
    totalSats: number,
    sizes: Float64Array,
    count: number,
    wholeSats: number,
    parts: Float64Array,
  ): void {
    if (totalSats === wholeSats) {
      for (let j = 0; j < count; j += 1) parts[j] = sizes[j]!;
      return;
    }
    if (this.#rests.length < count) this.#rests = new Float64Array(count * 2);
    const rests = this.#rests;
    const wide = this.#wide;
    let left = totalSats;
    for (let j = 0; j < count; j += 1) {
      wide.divide(totalSats, sizes[j]!, wholeSats);
      parts[j] = wide.quotient;
      rests[j] = wide.remainder;
      left -= wide.quotient;
    }
    if (left === 0) return;
    if (left * count <= PICKS_MAX) this.#pickOneByOne(left, count, parts);
    else this.#pickBySorting(left, count, parts);
  }

  #pickOneByOne(left: number, count: number, parts: Float64Array): void {
    const rests = this.#rests;
    for (let given = 0; given < left; given += 1) {
      let largest = 0;
      for (let j = 1; j < count; j += 1) if (rests[j]! > rests[largest]!) largest = j;
      parts[largest] = parts[largest]! + 1;
      rests[largest] = -1;
    }
  }

  #pickBySorting(left: number, count: number, parts: Float64Array): void {
    const rests = this.#rests;
    const sorted = rests.slice(0, count).sort();
    const threshold = sorted[count - left]!;
    let given = 0;
    for (let j = 0; j < count; j += 1) {
      if (rests[j]! > threshold) {
        parts[j] = parts[j]! + 1;
        given += 1;
      }
    }
    for (let j = 0; j < count && given < left; j += 1) {
      if (rests[j] === threshold) {
        parts[j] = parts[j]! + 1;
        given += 1;
      }
    }
  }
}
