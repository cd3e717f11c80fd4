/**
 * Which scripts hold the same key: a hash table from hash160 to the earliest script with it.
 *
 *   slot: script + 1 (u32, 0 when free) | first 8 bytes of the hash (2 x u32)
 *
 * Open addressing with linear probing, at most half full. A slot is compared by its 8-byte prefix, and the whole
 * hash only when that agrees, by reading the script again: hashes are uniform, so that is a real hit. No
 * object stays per script. The three numbers of a slot lie together: one cache miss per look-up, which is the cost.
 */
import { hash160 } from '../../bytes/hash.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';

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
const SLOT_NUMBERS = 3;

export class KeyTable {
  readonly #flow: FlowIndex;
  readonly #mask: number;
  readonly #slots: Uint32Array;
  /** The hash that was read last stands in these bytes from `#at` on. */
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** @param scriptCount how many scripts may be added */
  constructor(flow: FlowIndex, scriptCount: number) {
    let slots = 16;
    while (slots < 2 * scriptCount) slots *= 2;
    this.#flow = flow;
    this.#mask = slots - 1;
    this.#slots = new Uint32Array(SLOT_NUMBERS * slots);
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
   * @returns the earliest script added with the same hash, or NONE when it is the first
   */
  add(scriptId: number, kind: number): number {
    this.#readHash(scriptId, kind);
    const bytes = this.#bytes;
    const at = this.#at;
    const slot = this.#slotOf(bytes, at);
    const held = this.#slots[slot]!;
    if (held !== 0) return held - 1;
    this.#slots[slot] = scriptId + 1;
    this.#slots[slot + 1] = readU32(bytes, at);
    this.#slots[slot + 2] = readU32(bytes, at + 4);
    return NONE;
  }

  /** The earliest script with the hash in the 20 bytes at `at`, or NONE. */
  find(bytes: Uint8Array, at: number): number {
    const held = this.#slots[this.#slotOf(bytes, at)]!;
    return held === 0 ? NONE : held - 1;
  }

  /** Where the slot that holds the hash begins, or the free one where it would go. */
  #slotOf(bytes: Uint8Array, at: number): number {
    const low = readU32(bytes, at);
    const high = readU32(bytes, at + 4);
    const slots = this.#slots;
    let number = low & this.#mask;
    for (;;) {
      const slot = SLOT_NUMBERS * number;
      const held = slots[slot]!;
      if (held === 0) return slot;
      if (
        slots[slot + 1] === low &&
        slots[slot + 2] === high &&
        this.#isHash(held - 1, bytes, at)
      ) {
        return slot;
      }
      number = (number + 1) & this.#mask;
    }
  }

  #isHash(scriptId: number, bytes: Uint8Array, at: number): boolean {
    this.#readHash(scriptId, this.#flow.scriptKind.at(scriptId));
    for (let i = 0; i < 20; i += 1) if (this.#bytes[this.#at + i] !== bytes[at + i]) return false;
    return true;
  }
}
