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

const LOAD_MAX = 0.6;

/**
 * The halves of the key of the script hashed last. Module state, so that hashing returns no object.
 * The key is a stored format (`script_lookup.script_key`): changing it means a new ledger version.
 */
export const scriptKey = { low: 0, high: 0 };

/**
 * Two 32-bit hashes of the bytes in [start, end), after MurmurHash3's mixing (Austin Appleby, public domain) with
 * two seeds. Leaves them in `scriptKey`.
 */
export function hashScript(bytes: Uint8Array, start: number, end: number): void {
  let a = 0x9747_b28c;
  let b = 0x1b87_3593;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    let k = Math.imul(word, 0xcc9e_2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b87_3593);
    a ^= k;
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe654_6b64) | 0;
    k = Math.imul(word, 0x85eb_ca6b);
    k = Math.imul((k << 16) | (k >>> 16), 0xc2b2_ae35);
    b ^= k;
    b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561c_cd1b) | 0;
  }
  let tail = end - start;
  for (; i < end; i += 1) tail = (Math.imul(tail, 257) + bytes[i]!) | 0;
  scriptKey.low = finish(a ^ tail);
  scriptKey.high = finish(b ^ Math.imul(tail, 0x9e37_79b1));
}

function finish(hash: number): number {
  let h = hash;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85eb_ca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2_ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

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
