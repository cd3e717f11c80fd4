import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { scrambled, undoRecord } from '../../test/support/undo-writer.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { getNetwork } from '../chain/network.ts';
import { FileWindow } from './file-window.ts';
import { scanUndoFile, type UndoFrame } from './undo-frames.ts';

const MAGIC = 'f9beb4d9';
const folder = temporaryFolder('undo-frames');
const path = join(folder, 'rev00000.dat');

interface Scanned {
  readonly frames: readonly UndoFrame[];
  readonly problems: readonly (readonly [code: string, offset: number])[];
}

function scan(bytes: Uint8Array, key?: Uint8Array): Scanned {
  writeFileSync(path, bytes);
  const window = new FileWindow(path, key);
  const problems: [string, number][] = [];
  try {
    const frames = scanUndoFile(window, getNetwork('main'), (code, _, facts) => {
      problems.push([code, facts['offset'] as number]);
    });
    return { frames, problems };
  } finally {
    window.close();
  }
}

const random = seededRandom('undo-frames');
/** Four records of 1 to 4 transactions. */
const RECORDS = [1, 2, 3, 4].map((count) =>
  undoRecord(MAGIC, {
    prevHash: Buffer.from(random.bytes(32)).toString('hex'),
    transactions: Array.from({ length: count }, () => [
      {
        valueSats: random.int(1, 1e9),
        script: random.bytes(30),
        height: 500,
        isCoinbase: false,
      },
    ]),
  }),
);
const WHOLE = Buffer.concat(RECORDS);
/** Where each record begins, and the end. */
const STARTS = [0, 1, 2, 3, 4].map((count) => Buffer.concat(RECORDS.slice(0, count)).length);

function txCounts({ frames }: Scanned): number[] {
  return frames.map(({ txCount }) => txCount);
}

test('records one after the other, with room behind them or not, plain and scrambled', () => {
  const key = Uint8Array.of(7, 0, 200, 31, 1, 99, 250, 4);
  const files: readonly (readonly [bytes: Buffer, key?: Uint8Array])[] = [
    [WHOLE],
    [Buffer.concat([WHOLE, Buffer.alloc(1 << 20)])],
    [scrambled(WHOLE, key), key],
    [Buffer.concat([scrambled(WHOLE, key), Buffer.alloc(1 << 20)]), key],
    [scrambled(Buffer.concat([WHOLE, Buffer.alloc(3000)]), key), key],
  ];
  for (const [bytes, xorKey] of files) {
    const scanned = scan(bytes, xorKey);
    assert.deepEqual(scanned.problems, []);
    assert.deepEqual(txCounts(scanned), [1, 2, 3, 4]);
    for (const [i, { dataOffset, dataBytes }] of scanned.frames.entries()) {
      assert.equal(dataOffset, STARTS[i]! + 8);
      assert.equal(dataBytes, RECORDS[i]!.length - 40);
    }
  }
  assert.deepEqual(scan(Buffer.alloc(0)), { frames: [], problems: [] });
  assert.deepEqual(scan(Buffer.alloc(5000)), { frames: [], problems: [] });
});

test('cut at every byte: what is whole is found, what is cut is named with its place', () => {
  for (let end = 0; end < WHOLE.length; end += 1) {
    const whole = STARTS.filter((start) => start > 0 && start <= end).length;
    const start = STARTS[whole]!;
    const scanned = scan(WHOLE.subarray(0, end));
    assert.deepEqual(txCounts(scanned), [1, 2, 3, 4].slice(0, whole), `cut at ${end}`);
    assert.deepEqual(scanned.problems, end === start ? [] : [['CLEW_UNDO_CUT', start]]);
  }
});

test('bytes lost at any place in the middle cost the records that they hit', () => {
  for (let from = 0; from < STARTS[3]!; from += 3) {
    const bytes = Buffer.concat([WHOLE.subarray(0, from), WHOLE.subarray(from + 7)]);
    const scanned = scan(bytes);
    const hit = (i: number): boolean => from < STARTS[i + 1]! && from + 7 > STARTS[i]!;
    const missed = [0, 1, 2, 3].filter((i) => !hit(i)).map((i) => i + 1);
    // What was hit in its undo data or checksum may still have a frame: the checksum is for later.
    const found = txCounts(scanned);
    for (const count of missed) assert.ok(found.includes(count), `${count} after a cut at ${from}`);
    assert.ok(scanned.problems.length > 0 || found.length === 4, `a cut at ${from} was not seen`);
    assert.ok(scanned.problems.every(([code]) => code === 'CLEW_UNDO_DAMAGED'));
  }
});

test('a damaged length costs nothing, a damaged magic one record', () => {
  for (const bit of [0, 3, 9, 20, 30]) {
    const bytes = Buffer.from(WHOLE);
    bytes.writeUInt32LE((bytes.readUInt32LE(STARTS[1]! + 4) ^ (2 ** bit)) >>> 0, STARTS[1]! + 4);
    const scanned = scan(bytes);
    assert.deepEqual(txCounts(scanned), [1, 2, 3, 4], `bit ${bit}`);
    assert.deepEqual(scanned.problems, [['CLEW_UNDO_DAMAGED', STARTS[1]]]);
  }
  const bytes = Buffer.from(WHOLE);
  bytes[STARTS[2]!] = 0;
  const scanned = scan(bytes);
  assert.deepEqual(txCounts(scanned), [1, 2, 4]);
  assert.deepEqual(scanned.problems, [['CLEW_UNDO_DAMAGED', STARTS[2]]]);
});

test('a file of another kind has no record and says so', () => {
  const scanned = scan(Buffer.from(seededRandom('noise').bytes(600_000)));
  assert.deepEqual(scanned, { frames: [], problems: [['CLEW_UNDO_DAMAGED', 0]] });
});

test('a magic inside of undo data is no record', () => {
  const script = Buffer.concat([Buffer.from(MAGIC, 'hex'), Buffer.alloc(60, 1)]);
  const record = undoRecord(MAGIC, {
    prevHash: '00'.repeat(32),
    transactions: [[{ valueSats: 1, script, height: 1, isCoinbase: false }]],
  });
  // Even where the search has to begin before it.
  const scanned = scan(Buffer.concat([Buffer.of(1, 2, 3), record, RECORDS[3]!]));
  assert.deepEqual(txCounts(scanned), [1, 4]);
  assert.deepEqual(scanned.problems, [['CLEW_UNDO_DAMAGED', 0]]);
});
