/**
 * Tells of most hashes that a run does not hold them, without reading the run.
 *
 * A split-block Bloom filter: blocks of eight words, and in each word of its block every hash sets one bit
 * (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007; the salts are those of
 * Apache Parquet's format). One probe is half a line of the cache. At 12 bits a key about 1 in 200 absent hashes
 * passes.
 *
 * The block comes from `high`, in proportion. Runs are sorted by `high`, so a filter is made from front to
 * end while its run is written, with a small window in memory however large the run is.
 */
import { crc32 } from 'node:zlib';

const BITS_PER_KEY = 12;
const BLOCK_WORDS = 8;
export const FILTER_BLOCK_BYTES = BLOCK_WORDS * 4;
const BLOCK_BITS = FILTER_BLOCK_BYTES * 8;
const WINDOW_BLOCKS = 4096;
const HIGH_UNIT = 0x1_0000_0000;

/** Blocks of a filter for so many entries. */
export function filterBlocksFor(entries: number): number {
  return Math.max(1, Math.ceil((entries * BITS_PER_KEY) / BLOCK_BITS));
}

/**
 * False when the hash is certainly not among those that the filter was made of.
 *
 * @param words the filter, or its beginning: then the hashes of the rest all pass
 * @param blocks of the whole filter
 */
export function filterMayHold(
  words: Uint32Array,
  blocks: number,
  low: number,
  high: number,
): boolean {
  const at = Math.floor((high * blocks) / HIGH_UNIT) * BLOCK_WORDS;
  if (at >= words.length) return true;
  const hash = keptBits(low, high);
  // One branch for all eight: single ones would be foretold wrongly half of the time.
  const all =
    (words[at]! >>> (Math.imul(hash, 0x47b6_137b) >>> 27)) &
    (words[at + 1]! >>> (Math.imul(hash, 0x4497_4d91) >>> 27)) &
    (words[at + 2]! >>> (Math.imul(hash, 0x8824_ad5b) >>> 27)) &
    (words[at + 3]! >>> (Math.imul(hash, 0xa2b7_289d) >>> 27)) &
    (words[at + 4]! >>> (Math.imul(hash, 0x7054_95c7) >>> 27)) &
    (words[at + 5]! >>> (Math.imul(hash, 0x2df1_424b) >>> 27)) &
    (words[at + 6]! >>> (Math.imul(hash, 0x9efc_4947) >>> 27)) &
    (words[at + 7]! >>> (Math.imul(hash, 0x5c6b_fb31) >>> 27));
  return (all & 1) === 1;
}

/** What a run keeps of a hash, less the upper half of `high`, which is much the same in all of a block. */
function keptBits(low: number, high: number): number {
  return (low >>> 16) | (high << 16);
}

/** Makes a filter of hashes that come in the order of `high`. */
export class KeyFilterWriter {
  readonly blocks: number;
  /** CRC-32 of what was handed out so far. */
  crc = 0;
  readonly #write: (bytes: Uint8Array) => void;
  readonly #window = new Uint32Array(WINDOW_BLOCKS * BLOCK_WORDS);
  #windowStart = 0;

  /**
   * @param entries at most so many hashes will come
   * @param write takes the filter's bytes, piece after piece; they are overwritten afterwards
   */
  constructor(entries: number, write: (bytes: Uint8Array) => void) {
    this.blocks = filterBlocksFor(entries);
    this.#write = write;
  }

  add(low: number, high: number): void {
    const block = Math.floor((high * this.blocks) / HIGH_UNIT);
    while (block >= this.#windowStart + WINDOW_BLOCKS) this.#handOut(WINDOW_BLOCKS);
    const words = this.#window;
    const hash = keptBits(low, high);
    const at = (block - this.#windowStart) * BLOCK_WORDS;
    words[at]! |= 1 << (Math.imul(hash, 0x47b6_137b) >>> 27);
    words[at + 1]! |= 1 << (Math.imul(hash, 0x4497_4d91) >>> 27);
    words[at + 2]! |= 1 << (Math.imul(hash, 0x8824_ad5b) >>> 27);
    words[at + 3]! |= 1 << (Math.imul(hash, 0xa2b7_289d) >>> 27);
    words[at + 4]! |= 1 << (Math.imul(hash, 0x7054_95c7) >>> 27);
    words[at + 5]! |= 1 << (Math.imul(hash, 0x2df1_424b) >>> 27);
    words[at + 6]! |= 1 << (Math.imul(hash, 0x9efc_4947) >>> 27);
    words[at + 7]! |= 1 << (Math.imul(hash, 0x5c6b_fb31) >>> 27);
  }

  /** Hand out what is left. */
  finish(): void {
    while (this.#windowStart < this.blocks) {
      this.#handOut(Math.min(WINDOW_BLOCKS, this.blocks - this.#windowStart));
    }
  }

  #handOut(blocks: number): void {
    const bytes = new Uint8Array(this.#window.buffer, 0, blocks * FILTER_BLOCK_BYTES);
    this.crc = crc32(bytes, this.crc);
    this.#write(bytes);
    this.#window.fill(0);
    this.#windowStart += blocks;
  }
}
