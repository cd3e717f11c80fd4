/**
 * Finds the row of a transaction from its id while blocks are loaded.
 *
 * Open addressing with linear probing over two flat arrays:
 *
 *   slots[s] = row + 1, 0 when free        tags[s] = bytes 4–7 of the id
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
  #tags: Uint32Array;
  #mask: number;
  #used = 0;

  /** @param txids the column that rows refer to */
  constructor(txids: BytesColumn, capacity = 1 << 16) {
    this.#txids = txids;
    let size = 1 << 16;
    while (size * LOAD_MAX < capacity) size *= 2;
    this.#slots = new Uint32Array(size);
    this.#tags = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** The newest row with the id that stands at `start`, or NONE. */
  find(bytes: Uint8Array, start: number): number {
    const tag = word(bytes, start + 4);
    let slot = (word(bytes, start) & this.#mask) >>> 0;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return NONE;
      if (this.#tags[slot] === tag && this.#txids.equals(entry - 1, bytes, start)) return entry - 1;
      slot = ((slot + 1) & this.#mask) >>> 0;
    }
  }

  /**
   * Note the row of an id whose bytes stand at `start` (they must be in the column before the next find).
   *
   * @returns the older row with the same id, which is replaced (BIP 30), or NONE
   */
  insert(bytes: Uint8Array, start: number, row: number): number {
    if (this.#used > this.#slots.length * LOAD_MAX) this.#grow();
    const tag = word(bytes, start + 4);
    let slot = (word(bytes, start) & this.#mask) >>> 0;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) {
        this.#slots[slot] = row + 1;
        this.#tags[slot] = tag;
        this.#used += 1;
        return NONE;
      }
      if (this.#tags[slot] === tag && this.#txids.equals(entry - 1, bytes, start)) {
        this.#slots[slot] = row + 1;
        return entry - 1;
      }
      slot = ((slot + 1) & this.#mask) >>> 0;
    }
  }

  #grow(): void {
    const slots = this.#slots;
    this.#slots = new Uint32Array(slots.length * 2);
    this.#tags = new Uint32Array(slots.length * 2);
    this.#mask = this.#slots.length - 1;
    for (let old = 0; old < slots.length; old += 1) {
      const entry = slots[old]!;
      if (entry === 0) continue;
      const txid = this.#txids.at(entry - 1);
      let slot = (word(txid, 0) & this.#mask) >>> 0;
      while (this.#slots[slot] !== 0) slot = ((slot + 1) & this.#mask) >>> 0;
      this.#slots[slot] = entry;
      this.#tags[slot] = word(txid, 4);
    }
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}
