import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import {
  compareRates,
  differenceInBasisPoints,
  differsByMoreThan,
  formatHundredths,
  isRate,
  parseHundredths,
  valueInHundredths,
} from './fiat-rate.ts';

/** A rate with up to six decimals, as text. */
function randomRate(random: ReturnType<typeof seededRandom>): {
  rate: string;
  digits: string;
  decimals: number;
} {
  const decimals = random.int(0, 6);
  const digits = random.int(1, 99_999_999).toString();
  const rate =
    decimals === 0
      ? digits
      : `${digits.slice(0, -decimals) || '0'}.${digits.slice(-decimals).padStart(decimals, '0')}`;
  return { rate, digits, decimals };
}

test('what is a rate, and what is none', () => {
  for (const text of [
    '1',
    '0.0000001',
    '48424.31',
    '228.198941',
    '999999999999.123456789012345678',
  ]) {
    assert.ok(isRate(text), text);
  }
  const none = [
    '',
    '0',
    '0.00',
    '-1',
    '+1',
    '1e5',
    '1.',
    '.5',
    '1,5',
    '1 000',
    'NaN',
    'Infinity',
    '0x1',
    '1234567890123',
  ];
  for (const text of none) assert.ok(!isRate(text), text);
});

test('values are exact and rounded half up', () => {
  assert.equal(valueInHundredths(100_000_000, '48424.31'), 4_842_431n);
  assert.equal(valueInHundredths(150_000_000n, '48424.31'), 7_263_647n); // 72,636.465
  assert.equal(valueInHundredths(0, '48424.31'), 0n);
  assert.equal(valueInHundredths(1, '500000'), 1n); // 0.005
  assert.equal(valueInHundredths(1, '499999.999999'), 0n);
  assert.equal(valueInHundredths(2_100_000_000_000_000n, '100000.01'), 210_000_021_000_000n);
  // A total of amounts past 2^53 at a rate with more digits than a double has.
  assert.equal(valueInHundredths(10n ** 20n, '1.000000000000000001'), 10n ** 14n);
  assert.equal(valueInHundredths(10n ** 26n, '1.000000000000000001'), 10n ** 20n + 100n);
  assert.equal(formatHundredths(7_263_647n), '72636.47');
  assert.equal(formatHundredths(5n), '0.05');
});

test('values agree with schoolbook multiplication, digit by digit', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const random = seededRandom(seed);
    const sats = random.int(0, 2 ** 31) * random.int(1, 1_000_000);
    const { rate, digits, decimals } = randomRate(random);
    // The product has 8 + decimals digits behind the point: cut behind the second one, look at the third.
    const product = (BigInt(sats) * BigInt(digits)).toString().padStart(12 + decimals, '0');
    const cut = product.length - 8 - decimals + 2;
    const expected = BigInt(product.slice(0, cut)) + (product[cut]! >= '5' ? 1n : 0n);
    assert.equal(valueInHundredths(sats, rate), expected, `seed ${seed}: ${sats} at ${rate}`);
  }
});

test('a sum of rounded values and the rounded sum differ by half a cent an amount at most', () => {
  for (let seed = 0; seed < 100; seed += 1) {
    const random = seededRandom(seed);
    const { rate } = randomRate(random);
    const amounts = Array.from({ length: random.int(1, 50) }, () => random.int(0, 10_000_000));
    const sum = amounts.reduce((total, sats) => total + valueInHundredths(sats, rate), 0n);
    const whole = valueInHundredths(
      amounts.reduce((total, sats) => total + BigInt(sats), 0n),
      rate,
    );
    const difference = sum > whole ? sum - whole : whole - sum;
    assert.ok(2n * difference <= BigInt(amounts.length) + 1n, `seed ${seed}: ${sum} and ${whole}`);
  }
});

test('rates are compared by value, whatever their decimals', () => {
  assert.equal(compareRates('1.50', '1.5'), 0);
  assert.equal(compareRates('9', '10.0'), -1);
  assert.equal(compareRates('0.1', '0.09999999'), 1);
});

test('differences are in percent of the lower rate, and the limit is exact', () => {
  assert.equal(differenceInBasisPoints('100', '102.5'), 250n);
  assert.equal(differenceInBasisPoints('102.5', '100'), 250n);
  assert.equal(differenceInBasisPoints('0.05', '0.10'), 10_000n);
  // 2013-04-10 of two public sources, by hand: 63.198941 of 165.0 is 38.3023... percent.
  assert.equal(differenceInBasisPoints('228.198941', '165.0'), 3_830n);
  assert.ok(!differsByMoreThan('100', '102', 200n));
  assert.ok(differsByMoreThan('100', '102.000001', 200n));
  assert.equal(
    differenceInBasisPoints('100', '102.000001'),
    200n,
    'rounds to the limit, is beyond it',
  );
});

test('percents as people type them', () => {
  assert.equal(parseHundredths('2'), 200n);
  assert.equal(parseHundredths('0.5'), 50n);
  assert.equal(parseHundredths('0.05'), 5n);
  for (const text of ['', '-1', '2%', '0.005', '1e2', '.5']) {
    assert.equal(parseHundredths(text), undefined, text);
  }
});
