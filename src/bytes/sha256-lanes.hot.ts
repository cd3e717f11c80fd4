/**
 * SHA-256 twice of very many messages, four at a time: transaction ids and Merkle trees.
 *
 *   source ──► one slot per lane and number of blocks ──(four full)──► module ──► results, 32 bytes each
 *          └─► messages that are long: OpenSSL, then the second hash four at a time
 *
 * Messages are sorted by their number of 64-byte blocks as they come, so the lanes that run together end together; what is
 * left over runs with lanes that hash something old. No object is made for a message, save one string for a long one.
 *
 * Cost on one core of an EPYC with SHA instructions, Node 24: a block in four lanes 290 ns (865 MB/s), a Merkle node 187 ns
 * (scalar JavaScript 810, `crypto.hash` into a buffer twice 2,100). OpenSSL hashes 1,800 MB/s once it is called, but a call
 * takes 300 ns with its result as a string and 1,100 as a buffer: from 500 bytes on it is faster than the lanes.
 *
 * All state is the instance's: calls of two users must not be mixed between `load` and `finish`.
 */
import { hash } from 'node:crypto';
import {
  FREE_AT,
  type LanesExports,
  writeLanesConstants,
  writeLanesModule,
} from './sha256-lanes-module.ts';
import { scalarLanes } from './sha256-lanes-scalar.hot.ts';

const PAGE_BYTES = 65_536;
/** Messages of up to that many blocks run in lanes. */
const BLOCKS_MAX = 8;
/** 0x80 and the length after the message. */
const PADDING_BYTES_MIN = 9;
/** Longest message of `BLOCKS_MAX` blocks. */
const LANE_BYTES_MAX = 64 * BLOCKS_MAX - PADDING_BYTES_MIN;
/** `place` takes four bytes from either end. */
const LANE_BYTES_MIN = 8;
/** What `place` may write after a message and read after its source. */
const SPILL_BYTES = 128;

const SHORT_AT = FREE_AT;
const TRASH_AT = SHORT_AT + 128;
const SLOTS_AT = TRASH_AT + 128;

/** Where the slots of messages of that many blocks begin. */
function slotsAt(blocks: number): number {
  return SLOTS_AT + 128 * blocks * (blocks - 1) + SPILL_BYTES * (blocks - 1);
}

const SOURCE_AT = slotsAt(BLOCKS_MAX + 1);

/** The part of the WebAssembly interface that is used; Node's types do not have it. */
interface WebAssemblyNames {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

/** The module, or the same in JavaScript where there is no WebAssembly with SIMD (old processors, `--jitless`). */
function startLanes(): LanesExports {
  const { WebAssembly } = globalThis as unknown as { WebAssembly?: WebAssemblyNames };
  if (WebAssembly === undefined) return scalarLanes();
  try {
    const module = new WebAssembly.Module(writeLanesModule(2 * PAGE_BYTES));
    return new WebAssembly.Instance(module).exports as LanesExports;
  } catch {
    return scalarLanes();
  }
}

export class Sha256Lanes {
  readonly #lanes: LanesExports;
  #bytes: Uint8Array;
  #resultsAt = SOURCE_AT;
  /** Messages waiting in the slots of each number of blocks, and the rows of their results; 0 blocks: once hashed. */
  readonly #waiting = new Uint8Array(BLOCKS_MAX + 1);
  readonly #rows = new Uint32Array(4 * (BLOCKS_MAX + 1));

  /** @param lanes the module; a test gives another one */
  constructor(lanes: LanesExports = startLanes()) {
    this.#lanes = lanes;
    writeLanesConstants(lanes.memory.buffer);
    this.#bytes = new Uint8Array(lanes.memory.buffer);
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#bytes.length;
    if (missing <= 0) return;
    // A quarter more, so that the next larger block does not grow the memory again.
    this.#lanes.memory.grow(Math.ceil((missing + bytes / 4) / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.#lanes.memory.buffer);
  }

  /**
   * Begin with new messages.
   *
   * @param source bytes that they are taken from; copied
   * @param count of results
   */
  load(source: Uint8Array, count: number): void {
    const resultsAt = Math.ceil((SOURCE_AT + source.length + SPILL_BYTES) / 64) * 64;
    this.#reserve(resultsAt + 32 * count + SPILL_BYTES);
    this.#bytes.set(source, SOURCE_AT);
    this.#resultsAt = resultsAt;
    this.#waiting.fill(0);
  }

  /**
   * Hash a message: 4 bytes of the source from `start`, those in [coreStart, coreEnd), and 4 from `tail`. For a transaction
   * these are version, inputs and outputs, and locktime; witness, marker and flag stand between them or not at all.
   *
   * The four places must rise, and no two messages may share bytes: those between the parts are overwritten.
   *
   * @param row of the result
   */
  add(row: number, start: number, coreStart: number, coreEnd: number, tail: number): void {
    const length = coreEnd - coreStart + 8;
    if (length > LANE_BYTES_MAX) {
      this.#addLong(row, start, coreStart, coreEnd, tail);
      return;
    }
    const blocks = (length + PADDING_BYTES_MIN + 63) >>> 6;
    const at = slotsAt(blocks);
    const slot = this.#waiting[blocks]!;
    const bits = 8 * length;
    this.#lanes.place(
      at + 64 * blocks * slot,
      blocks,
      SOURCE_AT + start,
      SOURCE_AT + coreStart,
      SOURCE_AT + coreEnd,
      SOURCE_AT + tail,
      ((bits & 0xff) << 24) | ((bits & 0xff00) << 8),
    );
    this.#rows[4 * blocks + slot] = row;
    this.#waiting[blocks] = slot + 1;
    if (slot === 3) this.#run(blocks);
  }

  /** As `add`, for a message that is one range of the source. */
  addRange(row: number, start: number, length: number): void {
    if (length >= LANE_BYTES_MIN)
      this.add(row, start, start + 4, start + length - 4, start + length - 4);
    else this.#addOnce(row, SOURCE_AT + start, SOURCE_AT + start + length);
  }

  /** The two ends are moved to the core, so that OpenSSL finds the message in one piece. */
  #addLong(row: number, start: number, coreStart: number, coreEnd: number, tail: number): void {
    const bytes = this.#bytes;
    for (let i = 3; i >= 0; i -= 1) {
      bytes[SOURCE_AT + coreStart - 4 + i] = bytes[SOURCE_AT + start + i]!;
    }
    for (let i = 0; i < 4; i += 1) bytes[SOURCE_AT + coreEnd + i] = bytes[SOURCE_AT + tail + i]!;
    this.#addOnce(row, SOURCE_AT + coreStart - 4, SOURCE_AT + coreEnd + 4);
  }

  /** The first hash by OpenSSL, the second with those of three others. */
  #addOnce(row: number, from: number, end: number): void {
    const bytes = this.#bytes;
    const once = hash('sha256', bytes.subarray(from, end), 'binary');
    const slot = this.#waiting[0]!;
    const at = SHORT_AT + 32 * slot;
    for (let i = 0; i < 32; i += 1) bytes[at + i] = once.charCodeAt(i);
    this.#rows[slot] = row;
    this.#waiting[0] = slot + 1;
    if (slot === 3) this.#run(0);
  }

  /** Hash the messages that wait in the slots of a number of blocks. */
  #run(blocks: number): void {
    const waiting = this.#waiting[blocks]!;
    const rows = this.#rows;
    const first = 4 * blocks;
    const results = this.#resultsAt;
    const a = results + 32 * rows[first]!;
    const b = waiting > 1 ? results + 32 * rows[first + 1]! : TRASH_AT;
    const c = waiting > 2 ? results + 32 * rows[first + 2]! : TRASH_AT;
    const d = waiting > 3 ? results + 32 * rows[first + 3]! : TRASH_AT;
    if (blocks === 0) this.#lanes.short(SHORT_AT, a, b, c, d);
    else this.#lanes.double(slotsAt(blocks), blocks, a, b, c, d);
    this.#waiting[blocks] = 0;
  }

  /**
   * The results, 32 bytes each in internal order, from row `first` on; those of rows that got no message are anything.
   *
   * @returns a view that is valid until the next call of anything here
   */
  finish(count: number): Uint8Array {
    for (let blocks = 0; blocks <= BLOCKS_MAX; blocks += 1) {
      if (this.#waiting[blocks] !== 0) this.#run(blocks);
    }
    return this.#bytes.subarray(this.#resultsAt, this.#resultsAt + 32 * count);
  }

  /**
   * Begin with the lowest level of a Merkle tree.
   *
   * @param hashes 32 bytes each; copied
   * @returns the level, with room for one hash more at its end; a view that is valid until the next `load` or `loadLevel`
   */
  loadLevel(hashes: Uint8Array, count: number): Uint8Array {
    // The last four nodes are read and written whole, however many of them there are.
    this.#reserve(SOURCE_AT + 32 * count + 8 * 32);
    const level = this.#bytes.subarray(SOURCE_AT, SOURCE_AT + 32 * (count + 1));
    level.set(hashes.subarray(0, 32 * count));
    return level;
  }

  /** The level above one with an even number of hashes, in its place. */
  climb(count: number): void {
    for (let i = 0; i < count; i += 8) {
      this.#lanes.nodes(SOURCE_AT + 32 * i, SOURCE_AT + 16 * i);
    }
  }
}

let shared: Sha256Lanes | undefined;

/** The lanes of this thread, made at the first call (some 10 ms). */
export function sha256Lanes(): Sha256Lanes {
  shared ??= new Sha256Lanes();
  return shared;
}
