/**
 * A block of a key run: 2,048 bytes of entries in the order of their hashes.
 *
 *   u32 CRC-32 of what follows · u16 entries, u16 zero · u32 number of the block in its run (its low 32 bits)
 *   u32 `high` of the first entry · upper half of each `low`, 2 bytes · each `high` less that of the first, 2 to 4 bytes
 *   each row less the first row of the run, 1 to 5 bytes; all little-endian, zero beyond the last entry
 *
 * The widths are the same all over a run. In a sorted run of n hashes neighbours are 2^32/n apart, so large runs
 * need 2 bytes where `high` has 4; a block ends early when the next entry would not fit. Of the 64 bits of a hash
 * a run keeps the upper 48: of a billion entries, one in 300,000 look-ups meets one that is not meant, and the caller
 * compares the real bytes anyway.
 */
import { crc32 } from 'node:zlib';

/** Half a page of the disk, and aligned in the file: no block lies in two pages. */
export const KEY_BLOCK_BYTES = 2048;
const HEADER_BYTES = 16;
const LOW_BYTES = 2;
/** No shape has room for more: rows of one byte, differences of two. */
export const BLOCK_ENTRIES_MAX = Math.floor((KEY_BLOCK_BYTES - HEADER_BYTES) / (LOW_BYTES + 3));
const HIGH_UNIT = 0x1_0000_0000;
const BYTE_VALUE = [1, 2 ** 8, 2 ** 16, 2 ** 24, 2 ** 32] as const;

export interface KeyBlockShape {
  /** Bytes of `high` less that of the first entry: 2, 3 or 4. */
  readonly deltaBytes: number;
  /** Bytes of a row less the first row of the run: 1 to 5. */
  readonly rowBytes: number;
  readonly rowFrom: number;
  /** Entries that a block has room for. */
  readonly capacity: number;
  /** Where in a block the differences begin, and the rows. */
  readonly deltasAt: number;
  readonly rowsAt: number;
}

/** @param rowFrom the first row of the run */
export function keyBlockShape(
  deltaBytes: number,
  rowBytes: number,
  rowFrom: number,
): KeyBlockShape {
  const entryBytes = LOW_BYTES + deltaBytes + rowBytes;
  const capacity = Math.floor((KEY_BLOCK_BYTES - HEADER_BYTES) / entryBytes);
  const deltasAt = HEADER_BYTES + LOW_BYTES * capacity;
  return {
    deltaBytes,
    rowBytes,
    rowFrom,
    capacity,
    deltasAt,
    rowsAt: deltasAt + deltaBytes * capacity,
  };
}

/**
 * The narrowest shape for a run of random hashes.
 *
 * @param entries of the run
 * @param rowFrom first row
 * @param rowEnd the row after the last one
 */
export function keyBlockShapeFor(entries: number, rowFrom: number, rowEnd: number): KeyBlockShape {
  // Some 250 entries span 2^40 / entries on average. Where that is just what the width can hold, half of the blocks end
  // a few entries early, which costs less than another byte for each.
  const deltaBytes = entries >= 2 ** 24 ? 2 : entries >= 2 ** 16 ? 3 : 4;
  let rowBytes = 1;
  while (rowBytes < 5 && rowEnd - rowFrom > 256 ** rowBytes) rowBytes += 1;
  return keyBlockShape(deltaBytes, rowBytes, rowFrom);
}

/** Entries of one block, unpacked. */
export class KeyBlockEntries {
  count = 0;
  /** The lower 16 bits are zero once they come from a run. */
  readonly lows = new Uint32Array(BLOCK_ENTRIES_MAX);
  readonly highs = new Uint32Array(BLOCK_ENTRIES_MAX);
  readonly rows = new Float64Array(BLOCK_ENTRIES_MAX);
}

/** Pack a block into KEY_BLOCK_BYTES zeroed bytes from `at` on. */
export function packKeyBlock(
  entries: KeyBlockEntries,
  shape: KeyBlockShape,
  blockNumber: number,
  into: Uint8Array,
  at: number,
): void {
  const { count, lows, highs, rows } = entries;
  const { deltaBytes, rowBytes, rowFrom } = shape;
  const firstHigh = highs[0]!;
  into[at + 4] = count & 0xff;
  into[at + 5] = count >>> 8;
  putU32(into, at + 8, blockNumber >>> 0);
  putU32(into, at + 12, firstHigh);
  let lowAt = at + HEADER_BYTES;
  let deltaAt = at + shape.deltasAt;
  let rowAt = at + shape.rowsAt;
  for (let i = 0; i < count; i += 1) {
    const low = lows[i]!;
    into[lowAt] = low >>> 16;
    into[lowAt + 1] = low >>> 24;
    lowAt += LOW_BYTES;
    const delta = highs[i]! - firstHigh;
    into[deltaAt] = delta;
    into[deltaAt + 1] = delta >>> 8;
    if (deltaBytes > 2) into[deltaAt + 2] = delta >>> 16;
    if (deltaBytes > 3) into[deltaAt + 3] = delta >>> 24;
    deltaAt += deltaBytes;
    const row = rows[i]! - rowFrom;
    const rowLow = row >>> 0;
    into[rowAt] = rowLow;
    if (rowBytes > 1) into[rowAt + 1] = rowLow >>> 8;
    if (rowBytes > 2) into[rowAt + 2] = rowLow >>> 16;
    if (rowBytes > 3) into[rowAt + 3] = rowLow >>> 24;
    if (rowBytes > 4) into[rowAt + 4] = Math.floor(row / HIGH_UNIT);
    rowAt += rowBytes;
  }
  putU32(into, at, blockCrc(into.subarray(at, at + KEY_BLOCK_BYTES)));
}

/** Unpack a block that was checked. */
export function unpackKeyBlock(
  bytes: Uint8Array,
  at: number,
  shape: KeyBlockShape,
  into: KeyBlockEntries,
): void {
  const { lows, highs, rows } = into;
  const { deltaBytes, rowBytes, rowFrom } = shape;
  const count = keyBlockCount(bytes, at);
  const firstHigh = getU32(bytes, at + 12);
  let rowAt = at + shape.rowsAt;
  for (let i = 0; i < count; i += 1) {
    lows[i] = lowAtPosition(bytes, at, i) * 0x1_0000;
    highs[i] = firstHigh + deltaAtPosition(bytes, at + shape.deltasAt, deltaBytes, i);
    let row = rowFrom;
    for (let byte = 0; byte < rowBytes; byte += 1) row += bytes[rowAt + byte]! * BYTE_VALUE[byte]!;
    rows[i] = row;
    rowAt += rowBytes;
  }
  into.count = count;
}

/** True when the block is whole, and the one that it should be. */
export function isKeyBlockWhole(block: Uint8Array, blockNumber: number): boolean {
  const count = keyBlockCount(block, 0);
  return (
    getU32(block, 0) === blockCrc(block) &&
    getU32(block, 8) === blockNumber % HIGH_UNIT &&
    count > 0 &&
    count <= BLOCK_ENTRIES_MAX
  );
}

function blockCrc(block: Uint8Array): number {
  return crc32(block.subarray(4));
}

/** Entries of the block at `at`. */
export function keyBlockCount(bytes: Uint8Array, at: number): number {
  return bytes[at + 4]! | (bytes[at + 5]! << 8);
}

/** Position of the last entry whose hash, as far as it is kept, is not above (high, low), or -1. */
export function lastNotAbove(
  bytes: Uint8Array,
  at: number,
  shape: KeyBlockShape,
  low: number,
  high: number,
): number {
  const { deltaBytes } = shape;
  const deltasAt = at + shape.deltasAt;
  const delta = high - getU32(bytes, at + 12);
  if (delta < 0) return -1;
  const upperLow = low >>> 16;
  let from = 0;
  let end = keyBlockCount(bytes, at);
  while (from < end) {
    const middle = (from + end) >>> 1;
    const found = deltaAtPosition(bytes, deltasAt, deltaBytes, middle);
    const isAbove =
      found > delta || (found === delta && lowAtPosition(bytes, at, middle) > upperLow);
    if (isAbove) end = middle;
    else from = middle + 1;
  }
  return from - 1;
}

/** True when the entry at a position has this hash, as far as it is kept. */
export function keyEqualsAt(
  bytes: Uint8Array,
  at: number,
  shape: KeyBlockShape,
  position: number,
  low: number,
  high: number,
): boolean {
  return (
    lowAtPosition(bytes, at, position) === low >>> 16 &&
    deltaAtPosition(bytes, at + shape.deltasAt, shape.deltaBytes, position) ===
      high - getU32(bytes, at + 12)
  );
}

/** Row of the entry at a position. */
export function keyRowAt(
  bytes: Uint8Array,
  at: number,
  shape: KeyBlockShape,
  position: number,
): number {
  const { rowBytes } = shape;
  const rowAt = at + shape.rowsAt + position * rowBytes;
  let row = shape.rowFrom;
  for (let byte = 0; byte < rowBytes; byte += 1) row += bytes[rowAt + byte]! * BYTE_VALUE[byte]!;
  return row;
}

function lowAtPosition(bytes: Uint8Array, at: number, position: number): number {
  const from = at + HEADER_BYTES + LOW_BYTES * position;
  return bytes[from]! | (bytes[from + 1]! << 8);
}

function deltaAtPosition(
  bytes: Uint8Array,
  deltasAt: number,
  deltaBytes: number,
  position: number,
): number {
  const from = deltasAt + position * deltaBytes;
  let delta = bytes[from]! | (bytes[from + 1]! << 8);
  if (deltaBytes > 2) delta |= bytes[from + 2]! << 16;
  if (deltaBytes > 3) delta |= bytes[from + 3]! << 24;
  return delta >>> 0;
}

function getU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
