/**
 * The file of a key run: hashes and rows, sorted, written once and never changed.
 *
 *   header, 4,096 bytes · filter, 32 bytes a filter block, zeros up to a multiple of 4,096 bytes
 *   blocks of entries, 2,048 bytes each · `high` of each block's first entry, u32
 *
 * Header (little-endian): magic "CLEWKEY1", u32 format version, u32 delta bytes, u32 row bytes, u32 bytes of a
 * block, then as doubles entries, first row, row after the last, blocks, filter blocks; u32 CRC-32 of the filter, u32
 * CRC-32 of the list of first hashes, length and letters of the index's name; at 4,092 the CRC-32 of all before.
 * The last one stands in the state of the index too: a run of another moment is not taken for the one meant.
 */
import { crc32 } from 'node:zlib';
import { ClewError } from '../errors.ts';
import { KEY_BLOCK_BYTES, type KeyBlockShape, keyBlockShape } from './key-block.hot.ts';
import { FILTER_BLOCK_BYTES } from './key-filter.hot.ts';

export const RUN_HEADER_BYTES = 4096;
export const RUN_FORMAT_VERSION = 1;
const MAGIC = 'CLEWKEY1';
const PAGE_BYTES = 4096;
const CRC_AT = RUN_HEADER_BYTES - 4;

/** A run as the manifest of the ledger names it. */
export interface KeyRunState {
  readonly file: string;
  /** Entries in the file, those of forgotten rows included. */
  readonly entries: number;
  /** First row that the run may hold. */
  readonly rowFrom: number;
  /** The row after the last one that counts: rows from here on were forgotten, or never were in the run. */
  readonly rowEnd: number;
  /** CRC-32 of the file's header. */
  readonly crc: number;
}

export interface KeyRunHeader {
  readonly name: string;
  readonly shape: KeyBlockShape;
  readonly entries: number;
  readonly rowEnd: number;
  readonly blocks: number;
  readonly filterBlocks: number;
  readonly filterCrc: number;
  readonly indexCrc: number;
}

/** Position of the first block of entries. */
export function blocksStart(filterBlocks: number): number {
  const filterPages = Math.ceil((filterBlocks * FILTER_BLOCK_BYTES) / PAGE_BYTES);
  return RUN_HEADER_BYTES + filterPages * PAGE_BYTES;
}

/** Position of the list of first hashes. */
export function runIndexStart(header: KeyRunHeader): number {
  return blocksStart(header.filterBlocks) + header.blocks * KEY_BLOCK_BYTES;
}

/** The header's bytes; the last four are its own CRC-32. */
export function packRunHeader(header: KeyRunHeader): Buffer {
  const bytes = Buffer.alloc(RUN_HEADER_BYTES);
  bytes.write(MAGIC, 0, 'latin1');
  bytes.writeUInt32LE(RUN_FORMAT_VERSION, 8);
  bytes.writeUInt32LE(header.shape.deltaBytes, 12);
  bytes.writeUInt32LE(header.shape.rowBytes, 16);
  bytes.writeUInt32LE(KEY_BLOCK_BYTES, 20);
  bytes.writeDoubleLE(header.entries, 24);
  bytes.writeDoubleLE(header.shape.rowFrom, 32);
  bytes.writeDoubleLE(header.rowEnd, 40);
  bytes.writeDoubleLE(header.blocks, 48);
  bytes.writeDoubleLE(header.filterBlocks, 56);
  bytes.writeUInt32LE(header.filterCrc, 64);
  bytes.writeUInt32LE(header.indexCrc, 68);
  bytes.writeUInt8(header.name.length, 72);
  bytes.write(header.name, 73, 'latin1');
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/** CRC-32 of a packed header, as it stands in it. */
export function headerCrc(bytes: Buffer): number {
  return bytes.readUInt32LE(CRC_AT);
}

/**
 * Read a header that stands in `bytes`.
 *
 * @throws {ClewError} CLEW_COLUMN_DAMAGED when it is changed, CLEW_FLOW_FORMAT when another version wrote it
 */
export function unpackRunHeader(bytes: Buffer, path: string): KeyRunHeader {
  if (bytes.toString('latin1', 0, 8) !== MAGIC) {
    throw damagedRun(path, 'header', 'The file is no run of a key index.');
  }
  if (headerCrc(bytes) !== crc32(bytes.subarray(0, CRC_AT))) {
    throw damagedRun(path, 'header', 'The header of a key run is damaged.');
  }
  if (bytes.readUInt32LE(8) !== RUN_FORMAT_VERSION || bytes.readUInt32LE(20) !== KEY_BLOCK_BYTES) {
    throw new ClewError('CLEW_FLOW_FORMAT', 'A key run is of another version.', { path });
  }
  return {
    name: bytes.toString('latin1', 73, 73 + bytes.readUInt8(72)),
    shape: keyBlockShape(bytes.readUInt32LE(12), bytes.readUInt32LE(16), bytes.readDoubleLE(32)),
    entries: bytes.readDoubleLE(24),
    rowEnd: bytes.readDoubleLE(40),
    blocks: bytes.readDoubleLE(48),
    filterBlocks: bytes.readDoubleLE(56),
    filterCrc: bytes.readUInt32LE(64),
    indexCrc: bytes.readUInt32LE(68),
  };
}

/** @param part header, filter, index, or the number of a block */
export function damagedRun(path: string, part: string | number, message: string): ClewError {
  return new ClewError(
    'CLEW_COLUMN_DAMAGED',
    message,
    typeof part === 'number' ? { path, block: part } : { path, part },
  );
}
