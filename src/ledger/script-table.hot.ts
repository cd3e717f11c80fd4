/**
 * Finds the row of a scriptPubKey from its bytes while blocks are loaded, and the key that look-ups by
 * script use in the tables.
 *
 * Same shape as `txid-table.hot.ts`: pairs of row + 1 and a tag, the second half of the script's 64-bit key.
 * A tag that agrees is followed by a comparison of all bytes, so scripts crafted to collide cost time,
 * never a wrong answer.
 */
import { NONE } from '../units/ids.ts';
import type { ScriptBlob } from './script-blob.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';

const LOAD_MAX = 0.6;

export class ScriptTable {
  readonly #scripts: ScriptBlob;
  #slots: Uint32Array;
  #mask: number;
  #used = 0;

  /**
   * @param scripts the blob that rows refer to
   * @param capacity rows that find room without growing
   */
  constructor(scripts: ScriptBlob, capacity = 1 << 16) {
    this.#scripts = scripts;
    let size = 1 << 16;
    while (size * LOAD_MAX < capacity) size *= 2;
    this.#slots = new Uint32Array(2 * size);
    this.#mask = size - 1;
  }

  /** The row of the script in [start, end), or NONE. Leaves its key in `scriptKey`. */
  find(bytes: Uint8Array, start: number, end: number): number {
    hashScript(bytes, start, end);
    const slots = this.#slots;
    const mask = this.#mask;
    const tag = scriptKey.high;
    let slot = (scriptKey.low & mask) >>> 0;
    for (;;) {
      const entry = slots[2 * slot]!;
      if (entry === 0) return NONE;
      if (slots[2 * slot + 1] === tag && this.#scripts.equals(entry - 1, bytes, start, end)) {
        return entry - 1;
      }
      slot = ((slot + 1) & mask) >>> 0;
    }
  }

  /** Note the row of the script whose key `find` just left in `scriptKey`, and which it did not find. */
  insert(row: number): void {
    if (this.#used > (this.#mask + 1) * LOAD_MAX) this.#grow();
    place(this.#slots, this.#mask, scriptKey.low, scriptKey.high, row + 1);
    this.#used += 1;
  }

  /** The first half of each key is not kept: the scripts are hashed again, in order of their rows, which is quick. */
  #grow(): void {
    const low = scriptKey.low;
    const high = scriptKey.high;
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length / 2 - 1;
    for (let row = 0; row < this.#used; row += 1) {
      this.#scripts.hash(row);
      place(slots, mask, scriptKey.low, scriptKey.high, row + 1);
    }
    this.#slots = slots;
    this.#mask = mask;
    scriptKey.low = low;
    scriptKey.high = high;
  }
}

function place(slots: Uint32Array, mask: number, low: number, tag: number, entry: number): void {
  let slot = (low & mask) >>> 0;
  while (slots[2 * slot] !== 0) slot = ((slot + 1) & mask) >>> 0;
  slots[2 * slot] = entry;
  slots[2 * slot + 1] = tag;
}
