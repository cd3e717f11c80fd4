import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packAmount } from '../../test/support/undo-writer.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { decompressAmount } from './compressed-amount.ts';

const COIN = 100_000_000;
const CENT = COIN / 100;

/** Bitcoin Core `src/test/compress_tests.cpp`, `compress_amounts`. */
const CORE_PAIRS: readonly (readonly [valueSats: number, packed: number])[] = [
  [0, 0x0],
  [1, 0x1],
  [CENT, 0x7],
  [COIN, 0x9],
  [50 * COIN, 0x32],
  [21_000_000 * COIN, 0x1406f40],
];

function unpack(packed: bigint): number {
  return decompressAmount(Number(packed >> 28n), Number(packed & 0xfff_ffffn));
}

test('the pairs of Bitcoin Core', () => {
  for (const [valueSats, packed] of CORE_PAIRS) {
    assert.equal(unpack(BigInt(packed)), valueSats);
    assert.equal(packAmount(valueSats), BigInt(packed));
  }
});

test('the round trips of Bitcoin Core: small amounts, cents, coins, subsidies, small packed numbers', () => {
  const rows: readonly (readonly [unit: number, count: number])[] = [
    [1, 100_000],
    [CENT, 10_000],
    [COIN, 10_000],
    [50 * COIN, 420_000 / 20],
  ];
  for (const [unit, count] of rows) {
    for (let i = 1; i <= count; i += 1) assert.equal(unpack(packAmount(i * unit)), i * unit);
  }
  for (let i = 0n; i < 100_000n; i += 1n) assert.equal(packAmount(unpack(i)), i);
});

test('any amount below 2^53 comes back, with any number of zeros behind it', (t) => {
  const random = seededRandom('amounts');
  t.diagnostic(`seed ${random.seed}`);
  for (let i = 0; i < 50_000; i += 1) {
    const digits = Math.floor(random.unit() * 2 ** random.int(0, 53));
    const zeros = 10 ** random.int(0, 15);
    const valueSats = Math.floor(digits / zeros) * zeros;
    assert.equal(unpack(packAmount(valueSats)), valueSats, `${valueSats}`);
  }
  for (const valueSats of [2 ** 53 - 1, 2_099_999_999_999_999, 8_400_000_000_000_000 - 1]) {
    assert.ok(packAmount(valueSats) > 2n ** 53n);
    assert.equal(unpack(packAmount(valueSats)), valueSats);
  }
});

test('an amount of 2^53 or more is none', () => {
  for (const value of [2n ** 53n, 2n ** 53n + 8n, 10n ** 16n, 2n ** 60n + 1n]) {
    assert.equal(unpack(packAmount(value)), -1, `${value}`);
  }
  assert.equal(unpack(2n ** 64n - 1n), -1);
});
