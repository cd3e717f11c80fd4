import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { xorInPlace } from './xor.hot.ts';

test('the XOR equals one made byte by byte, at every phase, length and alignment', () => {
  const random = seededRandom('xor');
  for (let round = 0; round < 400; round += 1) {
    const key = random.bytes(8);
    const length = random.int(0, 70);
    const shift = random.int(0, 9);
    const fileOffset = random.chance(0.5) ? random.int(0, 20) : 2 ** 33 + random.int(0, 20);
    const whole = random.bytes(length + shift);
    const bytes = whole.subarray(shift);
    const expected = bytes.map(
      (byte, i) => byte ^ key[Number((BigInt(fileOffset) + BigInt(i)) & 7n)]!,
    );
    const before = whole.slice(0, shift);
    xorInPlace(bytes, key, fileOffset);
    assert.deepEqual(bytes, expected, `round ${round}`);
    assert.deepEqual(whole.slice(0, shift), before, 'bytes before the view are left alone');
  }
});
