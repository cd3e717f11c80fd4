import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { TruthWriter } from './truth-writer.ts';

const row = (i: number): string => `{"row":"test","number":${i},"text":"${'x'.repeat(i % 300)}"}`;

test('rows are lines, also across many chunks', async () => {
  const folder = temporaryFolder('truth-plain');
  const writer = new TruthWriter(folder, false);
  for (let i = 0; i < 20_000; i += 1) writer.row(row(i));
  await writer.drain();
  await writer.close();
  const lines = readFileSync(join(folder, 'truth.json'), 'utf8').split('\n');
  assert.equal(lines.pop(), '');
  assert.deepEqual(
    lines,
    Array.from({ length: 20_000 }, (_, i) => row(i)),
  );
  assert.ok(!existsSync(join(folder, 'truth.json.gz')));
});

test('compressed, both names lead to the same rows', async () => {
  const folder = temporaryFolder('truth-gzip');
  const writer = new TruthWriter(folder, true);
  for (let i = 0; i < 40_000; i += 1) {
    writer.row(row(i));
    if (i % 5000 === 0) await writer.drain();
  }
  await writer.close();
  assert.ok(lstatSync(join(folder, 'truth.json')).isSymbolicLink());
  assert.equal(
    readlinkSync(join(folder, 'truth.json')),
    'truth.json.gz',
    'the folder can be moved',
  );
  const text = gunzipSync(readFileSync(join(folder, 'truth.json'))).toString('utf8');
  const lines = text.trimEnd().split('\n');
  assert.equal(lines.length, 40_000);
  assert.equal(lines[39_999], row(39_999));
  assert.equal(writer.bytesWritten, text.length);
});
