/**
 * Blocks of key runs that were read lately, in a bounded amount of memory.
 *
 * The cache is cut into slots of one block. When all are taken, a hand goes round and takes the first slot that
 * was not used since it last came by (the CLOCK rule). Which slot holds a block is kept by the run, one number per
 * block, so that a hit costs one look-up.
 */
import { KEY_BLOCK_BYTES } from './key-block.hot.ts';

const CHUNK_SLOTS = 128;
const SLOTS_MIN = 4;

/** A run whose blocks the cache may forget. */
export interface CachedRun {
  /** The cache has given the block's slot away. */
  forget(block: number): void;
}

export class KeyBlockCache {
  #slotsMax: number;
  readonly #chunks: Uint8Array[] = [];
  readonly #owners: (CachedRun | undefined)[] = [];
  readonly #blocks: number[] = [];
  readonly #used: number[] = [];
  #hand = 0;
  /** One block on its way in; shared, since reading and checking are done before anything else begins. */
  readonly scratch = new Uint8Array(KEY_BLOCK_BYTES);

  constructor(maxBytes: number) {
    this.#slotsMax = slotsFor(maxBytes);
  }

  get memoryBytes(): number {
    return this.#chunks.length * CHUNK_SLOTS * KEY_BLOCK_BYTES;
  }

  /** Another limit; the blocks are forgotten when it is lower than what is held. */
  setMax(maxBytes: number): void {
    this.#slotsMax = slotsFor(maxBytes);
    if (this.#owners.length > this.#slotsMax) this.clear();
  }

  /** The array that a slot is in. */
  bytesOf(slot: number): Uint8Array {
    return this.#chunks[Math.floor(slot / CHUNK_SLOTS)]!;
  }

  /** Where in `bytesOf` the slot begins. */
  startOf(slot: number): number {
    return (slot % CHUNK_SLOTS) * KEY_BLOCK_BYTES;
  }

  /** Note that a slot was used. */
  touch(slot: number): void {
    this.#used[slot] = 1;
  }

  /** A slot for a block of a run; its bytes are for the caller to fill. */
  admit(owner: CachedRun, block: number): number {
    const slot = this.#owners.length < this.#slotsMax ? this.#newSlot() : this.#takeSlot();
    this.#owners[slot] = owner;
    this.#blocks[slot] = block;
    // Not used yet: a block that is read once and never again is the first to leave.
    this.#used[slot] = 0;
    return slot;
  }

  #newSlot(): number {
    const slot = this.#owners.length;
    if (slot % CHUNK_SLOTS === 0) {
      this.#chunks.push(new Uint8Array(CHUNK_SLOTS * KEY_BLOCK_BYTES));
    }
    this.#owners.push(undefined);
    this.#blocks.push(0);
    this.#used.push(0);
    return slot;
  }

  #takeSlot(): number {
    for (;;) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#owners.length ? 0 : slot + 1;
      if (this.#used[slot] === 1) {
        this.#used[slot] = 0;
        continue;
      }
      this.#owners[slot]?.forget(this.#blocks[slot]!);
      return slot;
    }
  }

  /** The blocks of a run that is closed are of no use any more. */
  release(owner: CachedRun): void {
    for (let slot = 0; slot < this.#owners.length; slot += 1) {
      if (this.#owners[slot] !== owner) continue;
      this.#owners[slot] = undefined;
      this.#used[slot] = 0;
    }
  }

  /** Forget everything and give the memory back. */
  clear(): void {
    for (let slot = 0; slot < this.#owners.length; slot += 1) {
      this.#owners[slot]?.forget(this.#blocks[slot]!);
    }
    this.#owners.length = 0;
    this.#blocks.length = 0;
    this.#used.length = 0;
    this.#chunks.length = 0;
    this.#hand = 0;
  }
}

function slotsFor(maxBytes: number): number {
  const slots = Math.floor(maxBytes / KEY_BLOCK_BYTES);
  return Math.max(SLOTS_MIN, slots - (slots % CHUNK_SLOTS));
}
