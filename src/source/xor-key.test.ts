import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith } from '../../test/support/mined-blocks.ts';
import { readXorKey } from './xor-key.ts';

test('no key file, and a key of zeros, both mean that nothing is scrambled', (t) => {
  assert.equal(readXorKey(folderWith(t, {})), undefined);
  assert.equal(readXorKey(folderWith(t, { 'xor.dat': new Uint8Array(8) })), undefined);
});

test('eight bytes are the key', (t) => {
  const key = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0);
  assert.deepEqual(readXorKey(folderWith(t, { 'xor.dat': key })), key);
});

for (const sizeBytes of [0, 7, 9, 16]) {
  test(`a key of ${sizeBytes} bytes is refused`, (t) => {
    const folder = folderWith(t, { 'xor.dat': new Uint8Array(sizeBytes) });
    assert.throws(() => readXorKey(folder), {
      code: 'CLEW_XOR_KEY_SIZE',
      facts: { file: join(folder, 'xor.dat'), sizeBytes, expectedBytes: 8 },
    });
  });
}
