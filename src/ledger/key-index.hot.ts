/**
 * Finds rows from 64-bit hashes: transactions from txids, scripts from their bytes.
 *
 * The caller computes the hash and compares the candidates with the real bytes, so hashes that agree by chance
 * or by craft cost time, never a wrong answer. Several rows may have one hash; the newest comes first.
 */
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';
import { FRONT_BITS_MIN, KeyFront } from './key-front.hot.ts';

export interface KeyIndexOptions {
  /** Bytes that the index may take in memory. */
  readonly memoryBytes?: number;
}

export class KeyIndex {
  readonly #front: KeyFront;
  /** Rows below this one are known already; rows come in rising order. */
  #nextRow = 0;
  /** Where `next` goes on: a place in the front, or -1 when there is nothing more. */
  #place = -1;

  private constructor() {
    this.#front = new KeyFront();
  }

  /** An index without files. */
  static inMemory(_options: KeyIndexOptions = {}): KeyIndex {
    return new KeyIndex();
  }

  /** Rows with this hash that are known. */
  get entryCount(): number {
    return this.#front.count;
  }

  get memoryBytes(): number {
    return this.#front.memoryBytes;
  }

  /**
   * Note the row of a hash. Rows must come in rising order, each once.
   *
   * @param low first half of the hash, u32
   * @param high second half, u32; as good as random in its top bits
   * @param row below 2^40 - 1
   */
  insert(low: number, high: number, row: number): void {
    if (row < this.#nextRow || row >= 2 ** 40 - 1) refuseRow(row, this.#nextRow);
    if (this.#front.isFull) this.#front.grow();
    this.#front.insert(low, high, row);
    this.#nextRow = row + 1;
  }

  /** The newest row with this hash, or NONE. */
  first(low: number, high: number): number {
    const place = this.#front.find(low, high);
    this.#place = place;
    return place < 0 ? NONE : this.#front.rowAt(place);
  }

  /** The next older row with the hash that `first` was asked for, or NONE. Nothing may be inserted in between. */
  next(): number {
    if (this.#place < 0) return NONE;
    this.#place = this.#front.findOlder(this.#place);
    return this.#place < 0 ? NONE : this.#front.rowAt(this.#place);
  }

  /** Forget the rows from `rowEnd` on for ever. */
  truncate(rowEnd: number): void {
    if (rowEnd >= this.#nextRow) return;
    this.#front.truncate(rowEnd);
    this.#nextRow = rowEnd;
  }

  close(): void {
    this.#front.clear(FRONT_BITS_MIN);
  }
}

function refuseRow(row: number, nextRow: number): never {
  throw new ClewError('CLEW_INTERNAL', 'A row came out of order for a key index.', {
    row,
    nextRow,
  });
}
