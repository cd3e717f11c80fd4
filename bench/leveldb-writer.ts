/**
 * Writes a LevelDB database, enough of one for readers of Bitcoin Core's block index: all entries in one write-ahead
 * log, a manifest that names it, and `CURRENT`. LevelDB turns the log into tables by itself when it opens the folder.
 *
 * Formats: LevelDB's `doc/log_format.md` (records in blocks of 32 KiB), `db/write_batch.cc`, `db/version_edit.cc`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ByteWriter } from '../src/bytes/byte-writer.ts';

const LOG_BLOCK_BYTES = 32_768;
/** Masked checksum (4), length (2), type (1). */
const RECORD_HEADER_BYTES = 7;
const RECORD_TYPE = { full: 1, first: 2, middle: 3, last: 4 } as const;
const BATCH_HEADER_BYTES = 12;
/** A batch is ended when it grows past this, as a database that is written to over time would have them. */
const BATCH_BYTES = 64 * 1024;
const VALUE_TAG = 1;
const EDIT_TAG = { comparator: 1, logNumber: 2, nextFile: 3, lastSequence: 4 } as const;
const MANIFEST_NUMBER = 2;
const LOG_NUMBER = 3;

/** CRC-32C (Castagnoli), reflected, as RFC 3720 B.4 has it. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  return crc;
});

/** CRC-32C of the parts one after the other. */
export function crc32c(...parts: readonly Uint8Array[]): number {
  let crc = 0xffff_ffff;
  for (const part of parts) {
    for (let at = 0; at < part.length; at++) {
      crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ part[at]!) & 0xff]!;
    }
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}

/** LevelDB stores no checksum as it is: the checksum of bytes that hold checksums would be weak. */
export function maskChecksum(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}

/**
 * Frames payloads as a log: no record crosses a block of 32 KiB; a payload that would is cut into a first, middle
 * and last record; fewer than seven bytes left in a block are zeros.
 */
export function frameLog(payloads: Iterable<Uint8Array>): Uint8Array {
  const log = new ByteWriter(LOG_BLOCK_BYTES);
  for (const payload of payloads) {
    let at = 0;
    let isFirst = true;
    do {
      let room = LOG_BLOCK_BYTES - (log.length % LOG_BLOCK_BYTES);
      if (room < RECORD_HEADER_BYTES) {
        log.bytes(new Uint8Array(room));
        room = LOG_BLOCK_BYTES;
      }
      const part = payload.subarray(at, at + room - RECORD_HEADER_BYTES);
      at += part.length;
      const isLast = at === payload.length;
      const type = isFirst
        ? isLast
          ? RECORD_TYPE.full
          : RECORD_TYPE.first
        : isLast
          ? RECORD_TYPE.last
          : RECORD_TYPE.middle;
      log.u32(maskChecksum(crc32c(Uint8Array.of(type), part)));
      log.u16(part.length).u8(type).bytes(part);
      isFirst = false;
    } while (at < payload.length);
  }
  return log.finish();
}

/** LevelDB's variable-length integer: seven bits a byte, the low ones first (not Bitcoin Core's). */
function varint(into: ByteWriter, value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) into.u8((rest % 0x80) | 0x80);
  into.u8(rest);
}

function slice(into: ByteWriter, bytes: Uint8Array): void {
  varint(into, bytes.length);
  into.bytes(bytes);
}

/** One write batch: the sequence number of its first entry, how many there are, and each as key and value. */
function encodeBatch(sequence: number, count: number, entries: Uint8Array): Uint8Array {
  const batch = new ByteWriter(BATCH_HEADER_BYTES + entries.length);
  return batch.u64(sequence).u32(count).bytes(entries).finish();
}

function* batchesOf(
  entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>,
): Generator<Uint8Array> {
  let sequence = 1;
  let count = 0;
  let batch = new ByteWriter(BATCH_BYTES);
  for (const [key, value] of entries) {
    batch.u8(VALUE_TAG);
    slice(batch, key);
    slice(batch, value);
    count += 1;
    if (batch.length < BATCH_BYTES) continue;
    yield encodeBatch(sequence, count, batch.finish());
    sequence += count;
    count = 0;
    batch = new ByteWriter(BATCH_BYTES);
  }
  if (count > 0) yield encodeBatch(sequence, count, batch.finish());
}

/**
 * Writes a database into a folder, which is made when it does not exist and must hold no database yet.
 *
 * @param entries each key once, in any order
 * @example writeLevelDb('blocks/index', [[Buffer.from('key'), Buffer.from('value')]]);
 */
export function writeLevelDb(
  folder: string,
  entries: Iterable<readonly [key: Uint8Array, value: Uint8Array]>,
): void {
  mkdirSync(folder, { recursive: true });
  const log = frameLog(batchesOf(entries));
  writeFileSync(join(folder, `${String(LOG_NUMBER).padStart(6, '0')}.log`), log);
  const edit = new ByteWriter();
  varint(edit, EDIT_TAG.comparator);
  slice(edit, Buffer.from('leveldb.BytewiseComparator'));
  // Of the sequence numbers, only those of tables count here: there are none. The log's own are read from it.
  for (const [tag, value] of [
    [EDIT_TAG.logNumber, LOG_NUMBER],
    [EDIT_TAG.nextFile, LOG_NUMBER + 1],
    [EDIT_TAG.lastSequence, 0],
  ] as const) {
    varint(edit, tag);
    varint(edit, value);
  }
  const manifest = `MANIFEST-${String(MANIFEST_NUMBER).padStart(6, '0')}`;
  writeFileSync(join(folder, manifest), frameLog([edit.finish()]));
  writeFileSync(join(folder, 'CURRENT'), `${manifest}\n`);
}
