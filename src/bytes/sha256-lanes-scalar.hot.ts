/**
 * What the module of `sha256-lanes-module.ts` does, in JavaScript, one lane after the other: for machines without
 * WebAssembly SIMD, and for tests to hold the module against. Same memory, same calls, a quarter of the speed.
 */
import { compressBlock, extendSchedule, SHA256_INITIAL } from './sha256-compress.hot.ts';
import type { LanesExports } from './sha256-lanes-module.ts';

const PAGE_BYTES = 65_536;

const schedule = new Int32Array(64);
const state = new Int32Array(8);

/** Words 0 to `words - 1` of the schedule from bytes. */
function loadWords(bytes: Uint8Array, at: number, words: number): void {
  for (let i = 0, p = at; i < words; i += 1, p += 4) {
    schedule[i] = (bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!;
  }
}

/** The rest of a block that holds `words` words and ends its message. */
function padAfter(words: number, messageBytes: number): void {
  schedule[words] = 0x8000_0000 | 0;
  schedule.fill(0, words + 1, 15);
  schedule[15] = 8 * messageBytes;
}

function compressNext(): void {
  extendSchedule(schedule);
  compressBlock(schedule, state);
}

/** SHA-256 of the 32 bytes in words 0 to 7, to `to`. */
function finishShort(bytes: Uint8Array, to: number): void {
  padAfter(8, 32);
  state.set(SHA256_INITIAL);
  compressNext();
  for (let i = 0, p = to; i < 8; i += 1, p += 4) {
    const word = state[i]!;
    bytes[p] = word >>> 24;
    bytes[p + 1] = word >>> 16;
    bytes[p + 2] = word >>> 8;
    bytes[p + 3] = word;
  }
}

function doubleOf(bytes: Uint8Array, at: number, blocks: number, to: number): void {
  state.set(SHA256_INITIAL);
  for (let block = 0; block < blocks; block += 1) {
    loadWords(bytes, at + 64 * block, 16);
    compressNext();
  }
  schedule.set(state);
  finishShort(bytes, to);
}

function nodeOf(bytes: Uint8Array, at: number, to: number): void {
  state.set(SHA256_INITIAL);
  loadWords(bytes, at, 16);
  compressNext();
  padAfter(0, 64);
  compressNext();
  schedule.set(state);
  finishShort(bytes, to);
}

/** The calls of the module over a memory of plain bytes; see `LanesExports`. */
export function scalarLanes(): LanesExports {
  let bytes = new Uint8Array(2 * PAGE_BYTES);
  return {
    memory: {
      get buffer(): ArrayBuffer {
        return bytes.buffer;
      },
      grow(pages: number): number {
        const before = bytes.length / PAGE_BYTES;
        const larger = new Uint8Array((before + pages) * PAGE_BYTES);
        larger.set(bytes);
        bytes = larger;
        return before;
      },
    },
    double(at, blocks, a, b, c, d) {
      doubleOf(bytes, at, blocks, a);
      doubleOf(bytes, at + 64 * blocks, blocks, b);
      doubleOf(bytes, at + 128 * blocks, blocks, c);
      doubleOf(bytes, at + 192 * blocks, blocks, d);
    },
    short(at, a, b, c, d) {
      const places = [a, b, c, d];
      for (let lane = 0; lane < 4; lane += 1) {
        loadWords(bytes, at + 32 * lane, 8);
        finishShort(bytes, places[lane]!);
      }
    },
    nodes(at, to) {
      for (let lane = 0; lane < 4; lane += 1) nodeOf(bytes, at + 64 * lane, to + 32 * lane);
    },
    place(to, blocks, start, coreStart, coreEnd, tail, bits) {
      const coreEndsAt = to + 4 + coreEnd - coreStart;
      bytes.copyWithin(to, start, start + 4);
      bytes.copyWithin(to + 4, coreStart, coreEnd);
      bytes.copyWithin(coreEndsAt, tail, tail + 4);
      bytes.fill(0, coreEndsAt + 4, to + 64 * blocks);
      bytes[coreEndsAt + 4] = 0x80;
      new DataView(bytes.buffer).setInt32(to + 64 * blocks - 4, bits, true);
    },
  };
}
