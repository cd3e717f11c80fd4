import assert from 'node:assert/strict';
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith } from '../../test/support/mined-blocks.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { openRawReader, readRawBytes } from './raw-bytes.ts';
import { xorInPlace } from './xor.hot.ts';

const plain = seededRandom('raw bytes').bytes(1000);

test('places are read from plain, scrambled and hex files alike', (t) => {
  const key = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
  const scrambled = plain.slice();
  xorInPlace(scrambled, key, 0);
  const open = folderWith(t, {
    'a.dat': plain,
    'a.hex': Buffer.from(`${Buffer.from(plain).toString('hex')}\n`),
  });
  const closed = folderWith(t, { 'a.dat': scrambled, 'xor.dat': key });
  const reader = openRawReader();
  t.after(() => reader.close());
  for (const [offsetBytes, lengthBytes] of [
    [0, 1000],
    [13, 101],
    [999, 1],
    [5, 0],
  ] as const) {
    const expected = plain.slice(offsetBytes, offsetBytes + lengthBytes);
    for (const file of [join(open, 'a.dat'), join(open, 'a.hex'), join(closed, 'a.dat')]) {
      assert.deepEqual(readRawBytes({ file, offsetBytes, lengthBytes }), expected);
      assert.deepEqual(reader.read({ file, offsetBytes, lengthBytes }), expected);
    }
    const file = join(closed, 'a.dat');
    assert.deepEqual(readRawBytes({ file, offsetBytes, lengthBytes }, key), expected);
    const asStored = scrambled.slice(offsetBytes, offsetBytes + lengthBytes);
    assert.deepEqual(readRawBytes({ file, offsetBytes, lengthBytes }, null), asStored);
  }
});

test('more files than may be open at once can be read in turn', (t) => {
  const names = Array.from({ length: 150 }, (_, i) => `blk${i}.dat`);
  const folder = folderWith(t, Object.fromEntries(names.map((n, i) => [n, Uint8Array.of(i)])));
  const reader = openRawReader();
  t.after(() => reader.close());
  for (let round = 0; round < 2; round += 1) {
    for (const [i, name] of names.entries()) {
      const place = { file: join(folder, name), offsetBytes: 0, lengthBytes: 1 };
      assert.deepEqual(reader.read(place), Uint8Array.of(i));
    }
  }
});

test('a file that is gone or shorter than it was is named', (t) => {
  const folder = folderWith(t, { 'a.dat': plain, 'b.hex': Buffer.from('00zz') });
  const file = join(folder, 'a.dat');
  truncateSync(file, 500);
  const place = { file, offsetBytes: 400, lengthBytes: 200 };
  const facts = { file, offset: 400, lengthBytes: 200 };
  assert.throws(() => readRawBytes(place), { code: 'CLEW_RAW_GONE', facts });
  rmSync(file);
  assert.throws(() => readRawBytes(place), { code: 'CLEW_RAW_GONE', facts });
  const hex = { file: join(folder, 'b.hex'), offsetBytes: 0, lengthBytes: 2 };
  assert.throws(() => readRawBytes(hex), { code: 'CLEW_RAW_GONE' });
  const aFolder = { file: folder, offsetBytes: 0, lengthBytes: 1 };
  assert.throws(() => readRawBytes(aFolder), { code: 'CLEW_FILE_UNREADABLE' });
});
