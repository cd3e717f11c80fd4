/**
 * Finds the row of a scriptPubKey from its bytes while blocks are loaded, and the key that look-ups by
 * script use in the tables.
 *
 * Same shape as `txid-table.hot.ts`: slots hold row + 1, tags the second half of the script's 64-bit key.
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
  #tags: Uint32Array;
  #mask: number;
  #used = 0;

  /** @param scripts the blob that rows refer to */
  constructor(scripts: ScriptBlob, capacity = 1 << 16) {
    this.#scripts = scripts;
    let size = 1 << 16;
    while (size * LOAD_MAX < capacity) size *= 2;
    this.#slots = new Uint32Array(size);
    this.#tags = new Uint32Array(size);
    this.#mask = size - 1;
  }

  /** The row of the script in [start, end), or NONE. Leaves its key in `scriptKey`. */
  find(bytes: Uint8Array, start: number, end: number): number {
    hashScript(bytes, start, end);
    const tag = scriptKey.high;
    let slot = (scriptKey.low & this.#mask) >>> 0;
    for (;;) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return NONE;
      if (this.#tags[slot] === tag && this.#scripts.equals(entry - 1, bytes, start, end)) {
        return entry - 1;
      }
      slot = ((slot + 1) & this.#mask) >>> 0;
    }
  }

  /** Note the row of the script whose key `find` just left in `scriptKey`, and which it did not find. */
  insert(row: number): void {
    if (this.#used > this.#slots.length * LOAD_MAX) this.#grow();
    this.#place(scriptKey.low, scriptKey.high, row + 1);
    this.#used += 1;
  }

  #place(low: number, high: number, entry: number): void {
    let slot = (low & this.#mask) >>> 0;
    while (this.#slots[slot] !== 0) slot = ((slot + 1) & this.#mask) >>> 0;
    this.#slots[slot] = entry;
    this.#tags[slot] = high;
  }

  #grow(): void {
    const slots = this.#slots;
    const low = scriptKey.low;
    const high = scriptKey.high;
    this.#slots = new Uint32Array(slots.length * 2);
    this.#tags = new Uint32Array(slots.length * 2);
    this.#mask = this.#slots.length - 1;
    for (let old = 0; old < slots.length; old += 1) {
      const entry = slots[old]!;
      if (entry === 0) continue;
      const script = this.#scripts.read(entry - 1);
      hashScript(script, 0, script.length);
      this.#place(scriptKey.low, scriptKey.high, entry);
    }
    scriptKey.low = low;
    scriptKey.high = high;
  }
}
