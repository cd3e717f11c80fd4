import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ClewError, type ErrorCode } from '../errors.ts';
import { listInputFiles, readInputFile } from './input-file.ts';

const code = (expected: ErrorCode) => (error: unknown) =>
  error instanceof ClewError && error.code === expected;

test('files are listed in a fixed order, links in a circle end', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'clew-input-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'b'));
  writeFileSync(join(root, 'b', 'z.yaml'), '');
  writeFileSync(join(root, 'a.yaml'), '');
  writeFileSync(join(root, 'notes.md'), '');
  const wanted = (name: string) => name.endsWith('.yaml');
  assert.deepEqual(listInputFiles([root, join(root, 'notes.md')], wanted), {
    files: [
      { path: join(root, 'a.yaml'), isNamed: false },
      { path: join(root, 'b', 'z.yaml'), isNamed: false },
      { path: join(root, 'notes.md'), isNamed: true },
    ],
    filesPassedOver: 1,
  });
  symlinkSync(root, join(root, 'b', 'up'));
  assert.ok(listInputFiles([root], wanted).files.length < 20);
  assert.throws(() => listInputFiles([join(root, 'none')], wanted), code('CLEW_FILE_MISSING'));
});

test('a file is read whole, unpacked, and never beyond its limit', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'clew-input-'));
  t.after(() => rmSync(root, { recursive: true }));
  const path = join(root, 'x.yaml.gz');
  const limit = { bytesMax: 1_000, code: 'CLEW_TAGS_BOMB' } as const;
  writeFileSync(path, gzipSync('x'.repeat(1_000)));
  assert.equal(readInputFile(path, limit).length, 1_000);
  writeFileSync(path, gzipSync('x'.repeat(1_001)));
  assert.throws(() => readInputFile(path, limit), code('CLEW_TAGS_BOMB'));
  writeFileSync(path, gzipSync('x'.repeat(1_000)).subarray(0, 20));
  assert.throws(() => readInputFile(path, limit), code('CLEW_FILE_UNREADABLE'));
  writeFileSync(join(root, 'y'), 'x'.repeat(1_001));
  assert.throws(() => readInputFile(join(root, 'y'), limit), code('CLEW_TAGS_BOMB'));
  assert.throws(() => readInputFile(join(root, 'none'), limit), code('CLEW_FILE_MISSING'));
});
