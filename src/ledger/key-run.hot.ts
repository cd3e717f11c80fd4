/**
 * One immutable run of a key index, open for reading.
 *
 * In memory: the first hash of each block (4 bytes per 2,048 in the file), the cache slot of each block (4 bytes), and the
 * filter (12 bits an entry) when there is room. A look-up costs one probe of the filter; when that passes, a guess
 * from the hash (hashes are spread evenly) corrected by a short search, and one read of a block that is
 * not in the cache.
 */
import { crc32 } from 'node:zlib';
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';
import {
  isKeyBlockWhole,
  KEY_BLOCK_BYTES,
  KeyBlockEntries,
  type KeyBlockShape,
  keyBlockCount,
  keyEqualsAt,
  keyRowAt,
  lastNotAbove,
  unpackKeyBlock,
} from './key-block.hot.ts';
import type { CachedRun, KeyBlockCache } from './key-block-cache.ts';
import type { KeyFile, KeyFiles } from './key-files.ts';
import { FILTER_BLOCK_BYTES, filterMayHold } from './key-filter.hot.ts';
import type { KeyEntry, KeyOfEntry } from './key-front.hot.ts';
import {
  blocksStart,
  damagedRun,
  headerCrc,
  type KeyRunHeader,
  type KeyRunState,
  RUN_HEADER_BYTES,
  runIndexStart,
  unpackRunHeader,
} from './key-run-file.ts';

const HIGH_UNIT = 0x1_0000_0000;
const NO_FILTER = new Uint32Array(0);
const FILTER_PIECE_BYTES = 1 << 20;

export class KeyRun implements CachedRun {
  readonly fileName: string;
  readonly rowFrom: number;
  /** Rows from here on do not count any more. */
  limit: number;
  readonly #files: KeyFiles;
  readonly #file: KeyFile;
  readonly #cache: KeyBlockCache;
  readonly #header: KeyRunHeader;
  readonly #crc: number;
  readonly #shape: KeyBlockShape;
  readonly #blocksStart: number;
  readonly #firsts: Uint32Array;
  readonly #slots: Int32Array;
  readonly #scratch: Uint8Array;
  readonly #filterBlocks: number;
  #filter: Uint32Array = NO_FILTER;
  /** The block under the cursor: its array, its start there. */
  #bytes: Uint8Array;
  #at = 0;
  /** Where `findOlder` goes on; -1 when there is nothing more. */
  #block = -1;
  #position = -1;

  private constructor(
    files: KeyFiles,
    file: KeyFile,
    fileName: string,
    header: KeyRunHeader,
    state: KeyRunState,
    firsts: Uint32Array,
    cache: KeyBlockCache,
  ) {
    this.#files = files;
    this.#file = file;
    this.#cache = cache;
    this.#header = header;
    this.#crc = state.crc;
    this.#shape = header.shape;
    this.#blocksStart = blocksStart(header.filterBlocks);
    this.#filterBlocks = header.filterBlocks;
    this.#firsts = firsts;
    this.#slots = new Int32Array(header.blocks).fill(-1);
    this.#scratch = cache.scratch;
    this.#bytes = cache.scratch;
    this.fileName = fileName;
    this.rowFrom = header.shape.rowFrom;
    this.limit = state.rowEnd;
  }

  /**
   * Open the run that a state names.
   *
   * @throws {ClewError} CLEW_COLUMN_DAMAGED when header or list of blocks are changed or cut, or the file is not
   *   the one meant; CLEW_FLOW_FORMAT when it is missing or of another version
   */
  static open(
    files: KeyFiles,
    folder: string,
    name: string,
    state: KeyRunState,
    cache: KeyBlockCache,
  ): KeyRun {
    const file = openFile(files, `${folder}/${state.file}`);
    try {
      const bytes = Buffer.alloc(RUN_HEADER_BYTES);
      if (files.read(file, bytes, 0) < RUN_HEADER_BYTES) {
        throw damagedRun(file.path, 'header', 'A key run is cut short.');
      }
      const header = unpackRunHeader(bytes, file.path);
      if (headerCrc(bytes) !== state.crc || header.name !== name) {
        throw damagedRun(file.path, 'header', 'A key run is not the one that belongs here.');
      }
      const firsts = new Uint32Array(header.blocks);
      const list = new Uint8Array(firsts.buffer);
      const found = files.read(file, list, runIndexStart(header));
      if (found < list.length || crc32(list) !== header.indexCrc) {
        throw damagedRun(file.path, 'index', 'The list of blocks of a key run is cut or damaged.');
      }
      return new KeyRun(files, file, state.file, header, state, firsts, cache);
    } catch (cause) {
      files.close(file);
      throw cause;
    }
  }

  get state(): KeyRunState {
    return {
      file: this.fileName,
      entries: this.entries,
      rowFrom: this.rowFrom,
      rowEnd: this.limit,
      crc: this.#crc,
    };
  }

  /** Entries in the file, those of forgotten rows included. */
  get entries(): number {
    return this.#header.entries;
  }

  /** The row after the last one that the file may hold. */
  get rowEnd(): number {
    return this.#header.rowEnd;
  }

  get path(): string {
    return this.#file.path;
  }

  get blocks(): number {
    return this.#header.blocks;
  }

  /** Bytes of the whole filter. */
  get filterBytes(): number {
    return this.#filterBlocks * FILTER_BLOCK_BYTES;
  }

  /** Bytes of it that are in memory. */
  get filterBytesHeld(): number {
    return this.#filter.byteLength;
  }

  /** Bytes in memory whatever the budget is. */
  get indexBytes(): number {
    return this.#firsts.byteLength + this.#slots.byteLength;
  }

  /**
   * Hold so many bytes of the filter in memory: the beginning, which is for the lower hashes.
   *
   * @throws {ClewError} CLEW_COLUMN_DAMAGED when the stored filter is changed
   */
  holdFilter(bytes: number): void {
    const length = Math.min(bytes - (bytes % FILTER_BLOCK_BYTES), this.filterBytes) / 4;
    if (length === this.#filter.length) return;
    this.#filter =
      length < this.#filter.length ? this.#filter.slice(0, length) : this.#readFilter(length);
  }

  /** @throws {ClewError} CLEW_COLUMN_DAMAGED when the stored filter is changed */
  checkFilter(): void {
    this.#readFilter(0);
  }

  /** Read the whole filter, to check it, and keep the first words. */
  #readFilter(length: number): Uint32Array {
    const filter = new Uint32Array(length);
    const kept = new Uint8Array(filter.buffer);
    const piece = new Uint8Array(Math.min(FILTER_PIECE_BYTES, this.filterBytes));
    let crc = 0;
    for (let from = 0; from < this.filterBytes; from += piece.length) {
      const part = piece.subarray(0, Math.min(piece.length, this.filterBytes - from));
      this.#files.read(this.#file, part, RUN_HEADER_BYTES + from);
      crc = crc32(part, crc);
      if (from < kept.length) kept.set(part.subarray(0, kept.length - from), from);
    }
    if (crc !== this.#header.filterCrc) {
      throw damagedRun(this.#file.path, 'filter', 'The filter of a key run is damaged.');
    }
    return filter;
  }

  /** False when the run certainly does not hold the hash. */
  mayHold(low: number, high: number): boolean {
    return filterMayHold(this.#filter, this.#filterBlocks, low, high);
  }

  /** The newest row with this hash, or NONE. */
  find(low: number, high: number): number {
    let block = this.#lastBlockNotAbove(high);
    this.#block = -1;
    if (block < 0) return NONE;
    this.#load(block);
    let position = lastNotAbove(this.#bytes, this.#at, this.#shape, low, high);
    if (position < 0) {
      block = this.#lastBlockBeginningNotAbove(block, low, high);
      if (block < 0) return NONE;
      this.#load(block);
      position = lastNotAbove(this.#bytes, this.#at, this.#shape, low, high);
    }
    return this.#searchDown(block, position, low, high);
  }

  /** The next older row of the same hash, or NONE. */
  findOlder(low: number, high: number): number {
    const block = this.#block;
    if (block < 0) return NONE;
    this.#block = -1;
    this.#load(block);
    return this.#searchDown(block, this.#position, low, high);
  }

  /** From a position (-1: the end of the block before) down, over rows that do not count. The block is loaded. */
  #searchDown(fromBlock: number, fromPosition: number, low: number, high: number): number {
    let block = fromBlock;
    let position = fromPosition;
    for (;;) {
      if (position < 0) {
        if (block === 0) return NONE;
        block -= 1;
        this.#load(block);
        position = keyBlockCount(this.#bytes, this.#at) - 1;
      }
      if (!keyEqualsAt(this.#bytes, this.#at, this.#shape, position, low, high)) return NONE;
      const row = keyRowAt(this.#bytes, this.#at, this.#shape, position);
      position -= 1;
      if (row >= this.limit) continue;
      this.#block = block;
      this.#position = position;
      return row;
    }
  }

  /**
   * Note the entries whose hashes, as far as they are kept, lie from one to another, both included, in their order.
   *
   * @param max no more than these
   */
  collectBetween(from: KeyOfEntry, to: KeyOfEntry, max: number, into: KeyEntry[]): void {
    const entries = new KeyBlockEntries();
    const first = this.#lastBlockNotAbove(from.high);
    const start = first < 0 ? 0 : this.#lastBlockBeginningBelow(first + 1, from);
    let left = max;
    for (let block = start; block < this.blocks; block += 1) {
      this.#load(block);
      unpackKeyBlock(this.#bytes, this.#at, this.#shape, entries);
      for (let i = 0; i < entries.count; i += 1) {
        const low = entries.lows[i]!;
        const high = entries.highs[i]!;
        if (high > to.high || (high === to.high && low > to.low)) return;
        if (high < from.high || (high === from.high && low < keptLow(from.low))) continue;
        const row = entries.rows[i]!;
        if (row >= this.limit) continue;
        if (left <= 0) return;
        into.push({ low, high, row });
        left -= 1;
      }
    }
  }

  /** A block before `end` before which no entry is as large as a hash: the last one that begins below it, or the first. */
  #lastBlockBeginningBelow(end: number, { low, high }: KeyOfEntry): number {
    let block = this.#lastBlockBeginningNotAbove(end, low, high);
    // Of one hash there may be more entries than a block holds.
    while (block > 0 && this.#firsts[block]! >= high) block -= 1;
    return Math.max(0, block);
  }

  /** The last block whose first `high` is not above this one, or -1. */
  #lastBlockNotAbove(high: number): number {
    const firsts = this.#firsts;
    const count = firsts.length;
    let from = Math.floor((high * count) / HIGH_UNIT);
    let step = 4;
    // Widen from the guess until firsts[from] <= high < firsts[end].
    let end = from + 1;
    while (from >= 0 && firsts[from]! > high) {
      end = from;
      from -= step;
      step *= 2;
    }
    if (from < 0) from = -1;
    while (end < count && firsts[end]! <= high) {
      from = end;
      end += step;
      step *= 2;
    }
    if (end > count) end = count;
    while (end - from > 1) {
      const middle = Math.floor((from + end) / 2);
      if (firsts[middle]! <= high) from = middle;
      else end = middle;
    }
    return from;
  }

  /**
   * The last block before `end` whose first entry is not above (high, low), or -1. For blocks that begin with the very
   * same `high`: one by chance, thousands when somebody crafted them.
   */
  #lastBlockBeginningNotAbove(end: number, low: number, high: number): number {
    let from = -1;
    let above = end;
    while (above - from > 1) {
      const middle = Math.floor((from + above) / 2);
      let isAbove = this.#firsts[middle]! > high;
      if (this.#firsts[middle] === high) {
        this.#load(middle);
        isAbove = lastNotAbove(this.#bytes, this.#at, this.#shape, low, high) < 0;
      }
      if (isAbove) above = middle;
      else from = middle;
    }
    return from;
  }

  #load(block: number): void {
    let slot = this.#slots[block]!;
    if (slot < 0) slot = this.#fetch(block);
    else this.#cache.touch(slot);
    this.#bytes = this.#cache.bytesOf(slot);
    this.#at = this.#cache.startOf(slot);
  }

  #fetch(block: number): number {
    const scratch = this.#scratch;
    this.#readBlocks(block, scratch);
    const slot = this.#cache.admit(this, block);
    this.#slots[block] = slot;
    this.#cache.bytesOf(slot).set(scratch, this.#cache.startOf(slot));
    return slot;
  }

  forget(block: number): void {
    this.#slots[block] = -1;
  }

  /** Read and check as many blocks as `into` has room for. */
  #readBlocks(block: number, into: Uint8Array): void {
    const found = this.#files.read(this.#file, into, this.#blocksStart + block * KEY_BLOCK_BYTES);
    for (let start = 0; start < into.length; start += KEY_BLOCK_BYTES) {
      const number = block + start / KEY_BLOCK_BYTES;
      const end = start + KEY_BLOCK_BYTES;
      const one = into.length === KEY_BLOCK_BYTES ? into : into.subarray(start, end);
      if (found < end || !isKeyBlockWhole(one, number)) {
        throw damagedRun(this.#file.path, number, 'A block of a key run is cut or damaged.');
      }
    }
  }

  /**
   * Hand all blocks over in their order, unpacked: the reading side of a merge, and of a check.
   *
   * @param visit gets the same object again and again, and the blocks come as they are asked for
   * @throws {ClewError} CLEW_COLUMN_DAMAGED naming file and block
   */
  reader(entries: KeyBlockEntries, pieceBlocks = 64): KeyRunReader {
    return new KeyRunReader(this.blocks, this.#shape, entries, pieceBlocks, {
      read: (block, into) => this.#readBlocks(block, into),
    });
  }

  close(): void {
    this.#cache.release(this);
    this.#filter = NO_FILTER;
    this.#files.close(this.#file);
  }
}

/** What of the lower half of a hash a run keeps. */
function keptLow(low: number): number {
  return low - (low % 0x1_0000);
}

function openFile(files: KeyFiles, path: string): KeyFile {
  try {
    return files.open(path);
  } catch (cause) {
    if (!(cause instanceof ClewError) || cause.facts['systemCode'] !== 'ENOENT') throw cause;
    throw new ClewError('CLEW_FLOW_FORMAT', 'A run of a key index is missing.', { path }, cause);
  }
}

/** Reads the blocks of a run from front to end, some at a time. */
export class KeyRunReader {
  readonly #blocks: number;
  readonly #shape: KeyBlockShape;
  readonly #entries: KeyBlockEntries;
  readonly #source: { read(block: number, into: Uint8Array): void };
  readonly #piece: Uint8Array;
  #pieceFrom = 0;
  #pieceEnd = 0;
  #next = 0;

  constructor(
    blocks: number,
    shape: KeyBlockShape,
    entries: KeyBlockEntries,
    pieceBlocks: number,
    source: { read(block: number, into: Uint8Array): void },
  ) {
    this.#blocks = blocks;
    this.#shape = shape;
    this.#entries = entries;
    this.#source = source;
    this.#piece = new Uint8Array(Math.min(pieceBlocks, blocks) * KEY_BLOCK_BYTES);
  }

  /** Unpack the next block; false when there is none. */
  nextBlock(): boolean {
    const block = this.#next;
    if (block === this.#blocks) return false;
    if (block === this.#pieceEnd) {
      const room = this.#piece.length / KEY_BLOCK_BYTES;
      const count = Math.min(room, this.#blocks - block);
      this.#source.read(block, this.#piece.subarray(0, count * KEY_BLOCK_BYTES));
      this.#pieceFrom = block;
      this.#pieceEnd = block + count;
    }
    const at = (block - this.#pieceFrom) * KEY_BLOCK_BYTES;
    unpackKeyBlock(this.#piece, at, this.#shape, this.#entries);
    this.#next = block + 1;
    return true;
  }
}
