import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32c, frameLog, maskChecksum, writeLevelDb } from './leveldb-writer.ts';

const BLOCK_BYTES = 32_768;

test('CRC-32C gives the values of RFC 3720, B.4', () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, at) => at);
  const readCommand = Buffer.from(
    '01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000',
    'hex',
  );
  assert.equal(crc32c(new Uint8Array(32)), 0x8a91_36aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8_ab43);
  assert.equal(crc32c(ascending), 0x46dd_794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113f_db5c);
  assert.equal(crc32c(readCommand), 0xd996_3a56);
  assert.equal(crc32c(readCommand.subarray(0, 7), readCommand.subarray(7)), 0xd996_3a56);
});

test('a masked checksum gives back the checksum (util/crc32c.h)', () => {
  for (const crc of [0, 1, 0x8a91_36aa, 0xffff_ffff]) {
    const rotated = (maskChecksum(crc) - 0xa282_ead8) >>> 0;
    assert.equal(((rotated >>> 17) | (rotated << 15)) >>> 0, crc);
    assert.notEqual(maskChecksum(crc), crc);
  }
});

interface LogRecord {
  readonly at: number;
  readonly type: number;
  readonly length: number;
}

/** A reader by the words of doc/log_format.md; checks every checksum and that all padding is zero. */
function readLog(log: Uint8Array): { records: LogRecord[]; payloads: Buffer[] } {
  const view = Buffer.from(log);
  const records: LogRecord[] = [];
  const payloads: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let at = 0; at < log.length; ) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (left < 7) {
      assert.ok(view.subarray(at, at + left).every((byte) => byte === 0));
      at += left;
      continue;
    }
    const length = view.readUInt16LE(at + 4);
    const type = view[at + 6]!;
    assert.ok(length + 7 <= left, 'no record crosses a block');
    const checked = view.subarray(at + 6, at + 7 + length);
    assert.equal(view.readUInt32LE(at), maskChecksum(crc32c(checked)));
    assert.equal(parts.length > 0, type === 3 || type === 4, 'middle and last follow a first');
    parts.push(view.subarray(at + 7, at + 7 + length));
    if (type === 1 || type === 4) {
      payloads.push(Buffer.concat(parts));
      parts = [];
    }
    records.push({ at, type, length });
    at += 7 + length;
  }
  assert.deepEqual(parts, []);
  return { records, payloads };
}

test('records lie as in the example of doc/log_format.md', () => {
  const a = Buffer.alloc(1000, 'a');
  const b = Buffer.alloc(97_270, 'b');
  const c = Buffer.alloc(8000, 'c');
  const { records, payloads } = readLog(frameLog([a, b, c]));
  assert.deepEqual(payloads, [a, b, c]);
  // "A will be stored as a FULL record in the first block. B will be split into three fragments: first fragment
  // occupies the rest of the first block, second fragment occupies the entirety of the second block, and the third
  // fragment occupies a prefix of the third block. This will leave six bytes free in the third block, which will
  // be left empty as the trailer. C will be stored as a FULL record in the fourth block."
  assert.deepEqual(
    records.map(({ at, type }) => [at, type]),
    [
      [0, 1],
      [1007, 2],
      [BLOCK_BYTES, 3],
      [2 * BLOCK_BYTES, 4],
      [3 * BLOCK_BYTES, 1],
    ],
  );
  assert.equal(2 * BLOCK_BYTES + 7 + records[3]!.length, 3 * BLOCK_BYTES - 6);
});

test('a payload is framed whole wherever a block ends within it', () => {
  for (let left = 0; left <= 16; left++) {
    const before = Buffer.alloc(BLOCK_BYTES - 7 - left, 1);
    for (const length of [0, 1, 8, BLOCK_BYTES, 2 * BLOCK_BYTES - 14]) {
      const payload = Buffer.alloc(length, 2);
      const after = Buffer.from('after');
      const { payloads } = readLog(frameLog([before, payload, after]));
      assert.deepEqual(payloads, [before, payload, after], `${left} left, ${length} long`);
    }
  }
});

test('a database holds every entry once, numbered one after the other', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clew-leveldb-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const entries = Array.from(
    { length: 3000 },
    (_, index) => [Buffer.from(`key ${index}`), Buffer.alloc(index % 300, index)] as const,
  );
  writeLevelDb(join(folder, 'index'), entries);
  assert.deepEqual(readdirSync(join(folder, 'index')).sort(), [
    '000003.log',
    'CURRENT',
    'MANIFEST-000002',
  ]);
  assert.equal(readFileSync(join(folder, 'index/CURRENT'), 'utf8'), 'MANIFEST-000002\n');
  const found: [Buffer, Buffer][] = [];
  for (const batch of readLog(readFileSync(join(folder, 'index/000003.log'))).payloads) {
    assert.equal(Number(batch.readBigUInt64LE(0)), found.length + 1);
    let at = 12;
    const slice = (): Buffer => {
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = batch[at++]!;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      at += length;
      return batch.subarray(at - length, at);
    };
    for (let left = batch.readUInt32LE(8); left > 0; left--) {
      assert.equal(batch[at++], 1);
      found.push([slice(), slice()]);
    }
    assert.equal(at, batch.length);
  }
  assert.deepEqual(found, entries);
});
