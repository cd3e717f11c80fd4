/**
 * SHA-256 twice of 64 bytes in JavaScript, for a single Merkle node: whole levels go through `sha256-lanes.hot.ts`.
 *
 * The bytes of a node take three compressions (0.8 microseconds in all); the second block of the first hash is always the
 * same padding, so its message schedule is computed once. FIPS 180-4; state and schedule are scratch of the module,
 * valid during one call.
 */

import { compressBlock, extendSchedule, SHA256_INITIAL } from '../bytes/sha256-compress.hot.ts';

const state = new Int32Array(8);
/** Schedule of the block at hand, and (constant) of the padding block after 64 bytes. */
const schedule = new Int32Array(64);
const paddingSchedule = new Int32Array(64);
paddingSchedule[0] = 0x8000_0000 | 0;
paddingSchedule[15] = 512;
extendSchedule(paddingSchedule);

/** Words 0 to 15 of the schedule from bytes. */
function load(from: Uint8Array, at: number, words: number): void {
  for (let i = 0, p = at; i < words; i += 1, p += 4) {
    schedule[i] = (from[p]! << 24) | (from[p + 1]! << 16) | (from[p + 2]! << 8) | from[p + 3]!;
  }
}

/** SHA-256 of the 32 bytes in words 0 to 7 of the schedule, written to `to[toAt, toAt + 32)`. */
function finish32(to: Uint8Array, toAt: number): void {
  const w = schedule;
  w[8] = 0x8000_0000 | 0;
  for (let i = 9; i < 15; i += 1) w[i] = 0;
  w[15] = 256;
  extendSchedule(w);
  state.set(SHA256_INITIAL);
  compressBlock(w, state);
  for (let i = 0, p = toAt; i < 8; i += 1, p += 4) {
    const word = state[i]!;
    to[p] = word >>> 24;
    to[p + 1] = word >>> 16;
    to[p + 2] = word >>> 8;
    to[p + 3] = word;
  }
}

/** SHA-256 twice over `from[at, at + 64)`, written to `to[toAt, toAt + 32)`. The two may overlap. */
export function sha256dOf64(from: Uint8Array, at: number, to: Uint8Array, toAt: number): void {
  load(from, at, 16);
  extendSchedule(schedule);
  state.set(SHA256_INITIAL);
  compressBlock(schedule, state);
  compressBlock(paddingSchedule, state);
  for (let i = 0; i < 8; i += 1) schedule[i] = state[i]!;
  finish32(to, toAt);
}
