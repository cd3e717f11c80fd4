import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCoins } from '../units/amount.ts';
import {
  briefCoins,
  briefFiat,
  capitalised,
  groupDigits,
  listWords,
  percent,
  plural,
} from './wording.ts';

test('digits are grouped before the point only', () => {
  assert.deepEqual([0, 999, 1000, 1234567, 12n, '1234567.12345678', '-1000'].map(groupDigits), [
    '0',
    '999',
    '1,000',
    '1,234,567',
    '12',
    '1,234,567.12345678',
    '-1,000',
  ]);
});

test('one is singular, all else plural', () => {
  assert.deepEqual(
    [0, 1, 2].map((n) => plural(n, 'payment')),
    ['0 payments', '1 payment', '2 payments'],
  );
  assert.equal(plural(1204, 'address', 'addresses'), '1,204 addresses');
});

test('a share claims the whole or nothing only when it is so', () => {
  const words = (part: bigint, whole: bigint): string =>
    percent(part, whole).replaceAll('\u00a0', ' ');
  assert.equal(words(0n, 10n), '0 %');
  assert.equal(words(0n, 0n), '0 %');
  assert.equal(words(1n, 1_000n), '< 1 %');
  assert.equal(words(1n, 3n), '33 %');
  assert.equal(words(125n, 1_000n), '13 %');
  assert.equal(words(999n, 1_000n), '> 99 %');
  assert.equal(words(7n, 7n), '100 %');
});

test('coins in a sentence keep four digits that count', () => {
  const cases: readonly (readonly [sats: bigint, words: string])[] = [
    [0n, '0'],
    [1n, '0.00000001'],
    [2_602n, '0.00002602'],
    [12_345_678n, '0.1235'],
    [99_999_999n, '1'],
    [100_000_000n, '1'],
    [231_234_567n, '2.312'],
    [1_234_567_890_123n, '12,346'],
  ];
  for (const [sats, words] of cases) assert.equal(briefCoins(sats), words, formatCoins(sats));
});

test('fiat in a sentence drops the cents from 100 on', () => {
  assert.deepEqual(['0.00', '41.5', '99.99', '100.50', '88411.62'].map(briefFiat), [
    '0.00',
    '41.50',
    '99.99',
    '101',
    '88,412',
  ]);
});

test('lists and first letters', () => {
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listWords), [
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
  assert.equal(capitalised('no price'), 'No price');
});
