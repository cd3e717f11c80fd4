import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRecords } from '../../test/support/slow-chain.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { BlockFiles } from './block-files.ts';

const MAGIC = 0xdab5bffa;
const ROOT = temporaryFolder('block-files');

test('records stand in files of limited size, in order', () => {
  const random = seededRandom('files');
  const folder = join(ROOT, 'limited');
  const files = new BlockFiles(folder, MAGIC, 10_000);
  const written: Buffer[] = [];
  for (let i = 0; i < 60; i += 1) {
    const parts = [random.bytes(random.int(80, 900)), random.bytes(random.int(0, 900))];
    files.append(...parts);
    written.push(Buffer.concat(parts));
  }
  files.close();
  files.close();
  assert.deepEqual(readRecords(folder, MAGIC), written);
  const names = readdirSync(folder).sort();
  assert.ok(names.length > 4);
  assert.equal(names[0], 'blk00000.dat');
  assert.equal(files.files, names.length);
  const sizes = names.map((name) => statSync(join(folder, name)).size);
  assert.ok(sizes.every((size) => size <= 10_000));
  assert.equal(
    files.bytesWritten,
    sizes.reduce((sum, size) => sum + size, 0),
  );
});

test('a record larger than the limit and the buffer has a file of its own', () => {
  const folder = join(ROOT, 'large');
  const files = new BlockFiles(folder, MAGIC, 1000);
  files.append(new Uint8Array(500));
  files.append(new Uint8Array(5 * 1024 * 1024).fill(9));
  files.append(new Uint8Array(500));
  files.close();
  assert.deepEqual(
    readRecords(folder, MAGIC).map((record) => record.length),
    [500, 5 * 1024 * 1024, 500],
  );
  assert.equal(readdirSync(folder).length, 3);
});

test('a folder in place of a file is a coded error', () => {
  const folder = join(ROOT, 'blocked');
  mkdirSync(join(folder, 'blk00000.dat'), { recursive: true });
  assert.throws(
    () => new BlockFiles(folder, MAGIC),
    (error) => error instanceof ClewError && error.code === 'CLEW_FILE_UNREADABLE',
  );
});
