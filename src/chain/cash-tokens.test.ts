import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeTokenPrefix } from '@bitauth/libauth';
import { hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { tokenPrefixLength } from './cash-tokens.ts';

const CATEGORY = 'bb'.repeat(32);

/** Whatever the locking script is, it begins behind the tokens. */
function lengthOf(prefix: Uint8Array, script: Uint8Array = Uint8Array.of(0x51)): number {
  const field = new Uint8Array(7 + prefix.length + script.length);
  field.set(prefix, 7);
  field.set(script, 7 + prefix.length);
  return tokenPrefixLength(field, 7, field.length);
}

test('the examples of CHIP-2022-02-CashTokens', () => {
  // "Token Prefix Test Vectors": no NFT and an amount; an NFT without more; one with capability, commitment and amount.
  for (const bits of [
    '1001',
    '10fdfd00',
    '20',
    '21',
    '22',
    '6001cc',
    '720acccccccccccccccccccc01',
  ]) {
    const prefix = hexToBytes(`ef${CATEGORY}${bits}`);
    assert.equal(lengthOf(prefix), prefix.length, bits);
  }
  // The same page, "Invalid Token Prefix Encodings": these bytes are a script like any other.
  const invalid = [
    // Nothing: no NFT, no amount.
    '00',
    // Reserved bit.
    '8001',
    '9001',
    // A capability above 2, and one without an NFT.
    '2301',
    '1101',
    '1201',
    // A commitment without NFT, and one of no length.
    '5001cc01',
    '6000',
    // An amount of nothing, and one that is not in its shortest form.
    '1000',
    '10fd0100',
  ];
  for (const bits of invalid) assert.equal(lengthOf(hexToBytes(`ef${CATEGORY}${bits}`)), 0, bits);
});

test('what is cut off or no prefix is a script', () => {
  assert.equal(tokenPrefixLength(hexToBytes('76a914'), 0, 3), 0);
  assert.equal(tokenPrefixLength(new Uint8Array(0), 0, 0), 0);
  const whole = hexToBytes(`ef${CATEGORY}720acccccccccccccccccccc01`);
  for (let end = 0; end < whole.length; end += 1) {
    assert.equal(tokenPrefixLength(whole, 0, end), 0, `${end} bytes`);
  }
});

test('libauth writes prefixes of the same length (seeded)', () => {
  const random = seededRandom('token-prefixes');
  const capabilities = ['none', 'mutable', 'minting'] as const;
  for (let round = 0; round < 500; round += 1) {
    const hasNft = random.int(0, 1) === 1;
    const amount = hasNft && random.int(0, 1) === 1 ? 0n : BigInt(random.int(1, 2 ** 40));
    const prefix = encodeTokenPrefix({
      amount: amount * (random.int(0, 1) === 1 ? 4_000_000n : 1n),
      category: Uint8Array.from(random.bytes(32)),
      ...(hasNft && {
        nft: {
          capability: random.pick(capabilities),
          commitment: Uint8Array.from(random.bytes(random.int(0, 40))),
        },
      }),
    });
    assert.equal(lengthOf(prefix, random.bytes(25)), prefix.length, `replay with round ${round}`);
  }
});
