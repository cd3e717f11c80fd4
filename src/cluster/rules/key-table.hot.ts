/**
 * Which scripts hold the same key: a hash table from hash160 to the earliest script with it.
 *
 *   slot: script + 1 (0 when free) | bytes 4 to 7 of the hash                both u32
 *
 * Open addressing with linear probing, at most two thirds full; bytes 0 to 3 of the hash say where. The rest is compared
 * only when both agree, by reading the script again: hashes are uniform, so that is a real hit. No object stays
 * per script. The two numbers of a slot lie together: one cache miss per look-up, which is the cost.
 */
import { hash160 } from '../../bytes/hash.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { NO_SCRIPT } from '../script-rows.ts';

/** Where the hash stands in a script of the kind; -1 when it has to be computed, or there is none. */
function hashOffset(kind: number): number {
  if (kind === SCRIPT_KIND.p2wpkh) return 2;
  return kind === SCRIPT_KIND.p2pkh ? 3 : -1;
}

/** True for the kinds that stand for one key. */
export function isKeyKind(kind: number): boolean {
  return kind === SCRIPT_KIND.p2pk || kind === SCRIPT_KIND.p2pkh || kind === SCRIPT_KIND.p2wpkh;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000
  );
}

/** Numbers in a slot. */
const SLOT_NUMBERS = 2;
const SLOTS_MIN = 16;
const SLOTS_PER_SCRIPT = 1.5;
const U32_RANGE = 2 ** 32;

export class KeyTable {
  readonly #flow: FlowIndex;
  readonly #slotCount: number;
  readonly #slots: Uint32Array;
  /** The hash that was read last stands in these bytes from `#at` on. */
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** @param scriptCount how many scripts may be added */
  constructor(flow: FlowIndex, scriptCount: number) {
    this.#flow = flow;
    this.#slotCount = Math.max(SLOTS_MIN, Math.ceil(SLOTS_PER_SCRIPT * scriptCount));
    this.#slots = new Uint32Array(SLOT_NUMBERS * this.#slotCount);
  }

  #readHash(scriptId: number, kind: number): void {
    const script = this.#flow.scripts.read(scriptId);
    const offset = hashOffset(kind);
    this.#bytes = offset < 0 ? hash160(script.subarray(1, script.length - 1)) : script;
    this.#at = Math.max(offset, 0);
  }

  /**
   * Add a script of a key kind.
   *
   * @returns the earliest script added with the same hash, or NO_SCRIPT when it is the first
   */
  add(scriptId: number, kind: number): number {
    this.#readHash(scriptId, kind);
    const bytes = this.#bytes;
    const at = this.#at;
    const slot = this.#slotOf(bytes, at);
    const held = this.#slots[slot]!;
    if (held !== 0) return held - 1;
    this.#slots[slot] = scriptId + 1;
    this.#slots[slot + 1] = readU32(bytes, at + 4);
    return NO_SCRIPT;
  }

  /** The earliest script with the hash in the 20 bytes at `at`, or NO_SCRIPT. */
  find(bytes: Uint8Array, at: number): number {
    const held = this.#slots[this.#slotOf(bytes, at)]!;
    return held === 0 ? NO_SCRIPT : held - 1;
  }

  /** Where the slot that holds the hash begins, or the free one where it would go. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const check = readU32(bytes, at + 4);
    const slots = this.#slots;
    // The hash as a fraction of its range: no mask, so any number of slots will do.
    let number = Math.floor((readU32(bytes, at) * this.#slotCount) / U32_RANGE);
    for (;;) {
      const slot = SLOT_NUMBERS * number;
      const held = slots[slot]!;
      if (held === 0) return slot;
      if (slots[slot + 1] === check && this.#isHash(held - 1, bytes, at)) return slot;
      number += 1;
      if (number === this.#slotCount) number = 0;
    }
  }

  #isHash(scriptId: number, bytes: Uint8Array, at: number): boolean {
    this.#readHash(scriptId, this.#flow.scriptKind.at(scriptId));
    for (let i = 0; i < 20; i += 1) if (this.#bytes[this.#at + i] !== bytes[at + i]) return false;
    return true;
  }
}
