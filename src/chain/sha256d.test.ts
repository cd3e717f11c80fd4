import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256d } from '../bytes/hash.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { keccak256 } from './keccak.ts';
import { sha256dOf64 } from './sha256d.hot.ts';

test('short hashes in JavaScript equal those of OpenSSL', () => {
  const random = seededRandom('sha256d');
  const out = new Uint8Array(100);
  for (let i = 0; i < 2000; i += 1) {
    const bytes = random.bytes(64 + (i % 7));
    if (i === 0) bytes.fill(0);
    if (i === 1) bytes.fill(0xff);
    const at = i % 7;
    sha256dOf64(bytes, at, out, 3);
    const expected = sha256d(bytes.subarray(at, at + 64));
    assert.equal(
      bytesToHex(out.subarray(3, 35)),
      bytesToHex(expected),
      `seed ${random.seed}, ${i}`,
    );
  }
});

test('source and target may overlap', () => {
  const bytes = seededRandom('overlap').bytes(64);
  const expected = bytesToHex(sha256d(bytes));
  sha256dOf64(bytes, 0, bytes, 0);
  assert.equal(bytesToHex(bytes.subarray(0, 32)), expected);
});

test('Keccak-256 gives the published digests', () => {
  // The empty string and "abc": Keccak team, ShortMsgKAT_256; Ethereum's hash of no code.
  const of = (text: string): string => bytesToHex(keccak256(new TextEncoder().encode(text)));
  assert.equal(of(''), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  assert.equal(of('abc'), '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
  // Selector and topic that every ERC-20 token carries: more than one way to be wrong would show.
  assert.ok(of('transfer(address,uint256)').startsWith('a9059cbb'));
  assert.equal(
    of('Transfer(address,address,uint256)'),
    'ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef',
  );
});

test('Keccak-256 across its block length equals an independent implementation', async () => {
  const { keccak_256 } = await import('@noble/hashes/sha3.js');
  const random = seededRandom('keccak');
  for (const length of [1, 64, 135, 136, 137, 271, 272, 300]) {
    const data = random.bytes(length);
    assert.equal(bytesToHex(keccak256(data)), bytesToHex(keccak_256(data)), `${length} bytes`);
  }
});
