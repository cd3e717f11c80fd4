import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { bytesToHex } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { hash160Short, ripemd160Of32, SHORT_BYTES_MAX, sha256Short } from './short-hash.hot.ts';

test('short hashes equal those of OpenSSL for every length that fits one block', () => {
  const random = seededRandom('short-hash');
  for (let length = 0; length <= SHORT_BYTES_MAX; length += 1) {
    const input = random.bytes(length + 7);
    const bytes = input.subarray(3, 3 + length);
    const out = new Uint8Array(40);
    sha256Short(input, 3, length, out, 5);
    const sha = hash('sha256', bytes, 'hex');
    assert.equal(bytesToHex(out.subarray(5, 37)), sha, `seed ${random.seed}, length ${length}`);
    hash160Short(input, 3, length, out, 2);
    const ripemd = hash('ripemd160', Buffer.from(sha, 'hex'), 'hex');
    assert.equal(bytesToHex(out.subarray(2, 22)), ripemd, `seed ${random.seed}, length ${length}`);
    const digest = Buffer.from(sha, 'hex');
    ripemd160Of32(digest, 0, out, 0);
    assert.equal(bytesToHex(out.subarray(0, 20)), ripemd);
  }
});

test('a longer input is refused', () => {
  assert.throws(() => sha256Short(new Uint8Array(56), 0, 56, new Uint8Array(32), 0), RangeError);
});
