import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { sha256Hex } from '../bytes/hash.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { formatHundredths, parsePrices, valueInHundredths } from './prices.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const SAMPLE =
  'date,USD,EUR\n2021-03-04,48424.31,40128.55\n2021-03-05,48500,\n2021-03-20,58000.5,48000.25\n';

test('a rate stays the text of the file, with its source', () => {
  const prices = parsePrices(bytes(SAMPLE), 'prices.csv');
  assert.deepEqual(prices.valueOn('2021-03-04', 'USD'), {
    rate: '48424.31',
    day: '2021-03-04',
    isEarlier: false,
  });
  assert.deepEqual(prices.currencies, ['USD', 'EUR']);
  assert.deepEqual(prices.source, { fileName: 'prices.csv', sha256: sha256Hex(bytes(SAMPLE)) });
  assert.deepEqual(
    [prices.firstDay, prices.lastDay, prices.dayCount],
    ['2021-03-04', '2021-03-20', 3],
  );
});

test('a missing day takes the nearest earlier one within a week, marked, and never a later one', () => {
  const prices = parsePrices(bytes(SAMPLE), 'prices.csv');
  assert.deepEqual(prices.valueOn('2021-03-05', 'EUR'), {
    rate: '40128.55',
    day: '2021-03-04',
    isEarlier: true,
  });
  assert.deepEqual(prices.valueOn('2021-03-12', 'USD'), {
    rate: '48500',
    day: '2021-03-05',
    isEarlier: true,
  });
  assert.equal(prices.valueOn('2021-03-13', 'USD'), undefined);
  assert.equal(prices.valueOn('2021-03-03', 'USD'), undefined);
  assert.equal(prices.valueOn('2021-03-04', 'GBP'), undefined);
  assert.equal(prices.valueOn('no day', 'USD'), undefined);
});

test('byte order mark, CRLF, quotes, spaces, empty lines and any order of days are accepted', () => {
  const text = '\ufeff"EUR", date ,USD\r\n1.5,2021-01-02,2\r\n\r\n"1.25",2021-01-01,"3"\r\n';
  const prices = parsePrices(bytes(text), 'p.csv');
  assert.equal(prices.valueOn('2021-01-01', 'EUR')?.rate, '1.25');
  assert.equal(prices.valueOn('2021-01-02', 'USD')?.rate, '2');
});

test('what is no price file is refused with file and line', () => {
  const bad: readonly (readonly [text: string, line: number | undefined])[] = [
    ['', 1],
    ['day,USD\n2021-01-01,1\n', 1],
    ['date\n2021-01-01\n', 1],
    ['date,USD,USD\n2021-01-01,1,1\n', 1],
    ['Date,Open,High\n2021-01-01,1,2\n', 1],
    ['date,USD\n', undefined],
    ['date,USD\n2021-02-29,1\n', 2],
    ['date,USD\n01/02/2021,1\n', 2],
    ['date,USD\n2021-01-01,1\n2021-01-01,1\n', 3],
    ['date,USD\n2021-01-01,1,2\n', 2],
    ['date,USD\n2021-01-01,1e5\n', 2],
    ['date,USD\n2021-01-01,-1\n', 2],
    ['date,USD\n2021-01-01,0.00\n', 2],
    ['date,USD\n2021-01-01,"1,000"\n', 2],
  ];
  for (const [text, line] of bad) {
    assert.throws(
      () => parsePrices(bytes(text), 'p.csv'),
      (error: unknown) =>
        error instanceof ClewError &&
        error.code === 'CLEW_PRICES_FORMAT' &&
        error.facts['file'] === 'p.csv' &&
        error.facts['line'] === line,
      JSON.stringify(text),
    );
  }
  assert.throws(() => parsePrices(Uint8Array.of(0x64, 0xff, 0xfe), 'p.csv'), {
    code: 'CLEW_PRICES_FORMAT',
  });
});

test('values are exact and rounded half up', () => {
  assert.equal(valueInHundredths(100_000_000, '48424.31'), 4_842_431n);
  assert.equal(valueInHundredths(150_000_000n, '48424.31'), 7_263_647n); // 72,636.465
  assert.equal(valueInHundredths(0, '48424.31'), 0n);
  assert.equal(valueInHundredths(1, '500000'), 1n); // 0.005
  assert.equal(valueInHundredths(1, '499999.999999'), 0n);
  assert.equal(valueInHundredths(2_100_000_000_000_000n, '100000.01'), 210_000_021_000_000n);
  assert.equal(formatHundredths(7_263_647n), '72636.47');
  assert.equal(formatHundredths(5n), '0.05');
});

test('values agree with schoolbook division, digit by digit', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const random = seededRandom(seed);
    const sats = random.int(0, 2 ** 31) * random.int(1, 1_000_000);
    const decimals = random.int(0, 6);
    const digits = random.int(1, 99_999_999).toString();
    const rate =
      decimals === 0
        ? digits
        : `${digits.slice(0, -decimals) || '0'}.${digits.slice(-decimals).padStart(decimals, '0')}`;
    // The product has 8 + decimals digits behind the point: cut behind the second one, look at the third.
    const product = (BigInt(sats) * BigInt(digits)).toString().padStart(12 + decimals, '0');
    const cut = product.length - 8 - decimals + 2;
    const expected = BigInt(product.slice(0, cut)) + (product[cut]! >= '5' ? 1n : 0n);
    assert.equal(valueInHundredths(sats, rate), expected, `seed ${seed}: ${sats} at ${rate}`);
  }
});

test('a real price file is read', (t) => {
  const file = sharedFile(t, 'prices/btc-eur-usd-daily-graphsense.csv');
  if (file === undefined) return;
  const prices = parsePrices(file, 'btc.csv');
  assert.deepEqual(prices.currencies, ['EUR', 'USD']);
  assert.equal(prices.firstDay, '2010-10-17');
  assert.equal(prices.valueOn('2010-10-18', 'USD')?.rate, '0.1024');
});
