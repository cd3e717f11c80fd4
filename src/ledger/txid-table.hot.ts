/**
 * Finds the row of a transaction from its id while blocks are loaded.
 *
 * Open addressing with linear probing over one flat array of pairs, so that a probe is one miss of the cache:
 *
 *   slots[2s] = row + 1, 0 when free        slots[2s + 1] = tag: bytes 4–7 of the id
 *
 * The slot comes from bytes 0–3 of the id, which are as good as random. A tag that agrees is followed by a
 * comparison of all 32 bytes in the txid column. At most 0.6 of the slots are used, so a look-up touches 1 to 2
 * slots. Memory: 8 bytes a slot, 13 to 27 bytes a transaction.
 */
import { NONE } from '../units/ids.ts';
import type { BytesColumn } from './column.ts';

const LOAD_MAX = 0.6;

export class TxidTable {
  readonly #txids: BytesColumn;
  #slots: Uint32Array;
  #mask: number;
  #used = 0;

  /**
   * @param txids the column that rows refer to
   * @param capacity rows that find room without growing
   */
  constructor(txids: BytesColumn, capacity = 1 << 16) {
    this.#txids = txids;
    let size = 1 << 16;
    while (size * LOAD_MAX < capacity) size *= 2;
    this.#slots = new Uint32Array(2 * size);
    this.#mask = size - 1;
  }

  /** The newest row with the id that stands at `start`, or NONE. */
  find(bytes: Uint8Array, start: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const tag = word(bytes, start + 4);
    let slot = (word(bytes, start) & mask) >>> 0;
    for (;;) {
      const entry = slots[2 * slot]!;
      if (entry === 0) return NONE;
      if (slots[2 * slot + 1] === tag && this.#txids.equals(entry - 1, bytes, start)) {
        return entry - 1;
      }
      slot = ((slot + 1) & mask) >>> 0;
    }
  }

  /**
   * Note the row of an id whose bytes stand at `start` (they must be in the column before the next find).
   *
   * @returns the older row with the same id, which is replaced (BIP 30), or NONE
   */
  insert(bytes: Uint8Array, start: number, row: number): number {
    if (this.#used > (this.#mask + 1) * LOAD_MAX) this.#grow();
    const slots = this.#slots;
    const mask = this.#mask;
    const tag = word(bytes, start + 4);
    let slot = (word(bytes, start) & mask) >>> 0;
    for (;;) {
      const entry = slots[2 * slot]!;
      if (entry === 0) {
        slots[2 * slot] = row + 1;
        slots[2 * slot + 1] = tag;
        this.#used += 1;
        return NONE;
      }
      if (slots[2 * slot + 1] === tag && this.#txids.equals(entry - 1, bytes, start)) {
        slots[2 * slot] = row + 1;
        return entry - 1;
      }
      slot = ((slot + 1) & mask) >>> 0;
    }
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Uint32Array(old.length * 2);
    const mask = slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) {
      const entry = old[at]!;
      if (entry === 0) continue;
      let slot = (word(this.#txids.at(entry - 1), 0) & mask) >>> 0;
      while (slots[2 * slot] !== 0) slot = ((slot + 1) & mask) >>> 0;
      slots[2 * slot] = entry;
      slots[2 * slot + 1] = old[at + 1]!;
    }
    this.#slots = slots;
    this.#mask = mask;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}
