import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { parsePriceFile } from '../intake/price-file.ts';
import { dayNumber, dayText } from '../units/day.ts';
import { PriceBook, type PriceSeries } from './price-book.ts';
import { priceBookOfFile } from './price-book-of-file.ts';
import { checkPrices, compareSources, gapsOf, weekOf } from './price-check.ts';

function series(
  source: string,
  currency: string,
  rates: Readonly<Record<string, string>>,
): PriceSeries {
  const days = Object.entries(rates).map(([day, rate]) => [dayNumber(day)!, rate] as const);
  return {
    source,
    currency,
    licence: 'test',
    fileName: `${source}.csv`,
    sha256: '00'.repeat(32),
    column: currency,
    rates: new Map(days.sort(([a], [b]) => a - b)),
  };
}

const LONG = series('long', 'USD', {
  '2021-01-01': '100',
  '2021-01-02': '101',
  '2021-01-04': '104',
});
const SHORT = series('short', 'USD', { '2021-01-02': '103.03', '2021-01-03': '90' });
const ALSO_SHORT = series('also short', 'USD', { '2021-01-02': '101', '2021-01-03': '91' });
const EUR = series('short', 'EUR', { '2021-01-02': '80' });

test('the source with most days counts first, then by name; a day it lacks is taken from the next', () => {
  const book = new PriceBook('BTC', [SHORT, LONG, EUR, ALSO_SHORT]);
  const names = book.usedSources('USD').map(({ name }) => name);
  assert.deepEqual(names, ['long', 'also short', 'short']);
  assert.deepEqual(book.currencies, ['USD', 'EUR']);
  assert.deepEqual(book.rateOn('2021-01-02', 'USD'), {
    source: 'long',
    rate: '101',
    day: '2021-01-02',
  });
  assert.deepEqual(book.rateOn('2021-01-03', 'USD'), {
    source: 'also short',
    rate: '91',
    day: '2021-01-03',
  });
});

test('a day that no source has, has no rate: not the day before, nothing in between', () => {
  const book = new PriceBook('BTC', [LONG]);
  for (const day of ['2021-01-03', '2020-12-31', '2021-01-05', 'no day']) {
    assert.equal(book.rateOn(day, 'USD'), undefined, day);
  }
  assert.equal(book.rateOn('2021-01-01', 'GBP'), undefined);
});

test('sources that a person names count alone, in that order; the others are compared', () => {
  const book = new PriceBook('BTC', [LONG, SHORT, ALSO_SHORT, EUR], {
    sources: ['short', 'also short'],
  });
  assert.equal(book.rateOn('2021-01-02', 'USD')?.source, 'short');
  assert.deepEqual(book.currencies, ['USD', 'EUR']);
  const noEuro = new PriceBook('BTC', [LONG, SHORT, EUR], { sources: ['long'] });
  assert.deepEqual(noEuro.currencies, ['USD'], 'a currency that no named source has is not shown');
  assert.equal(book.rateOn('2021-01-01', 'USD'), undefined, 'only long has it');
  assert.deepEqual(
    book.ratesOn('2021-01-02', 'USD').map(({ source }) => source),
    ['long', 'also short', 'short'],
  );
});

test('files that go on from each other are one source', () => {
  const book = new PriceBook('BTC', [
    series('a', 'USD', { '2021-01-02': '2' }),
    series('a', 'USD', { '2021-01-01': '1' }),
  ]);
  const [source] = book.allSources('USD');
  assert.deepEqual(
    [source!.files.length, source!.firstDay, source!.lastDay],
    [2, '2021-01-01', '2021-01-02'],
  );
});

test('disagreements: from the lowest to the highest of all, beyond the limit only', () => {
  const book = new PriceBook('BTC', [LONG, SHORT, ALSO_SHORT]);
  // 103.03 is 2.0099 % above 101.
  assert.deepEqual(book.disagreementOn('2021-01-02', 'USD'), {
    day: '2021-01-02',
    currency: 'USD',
    rates: [
      { source: 'long', rate: '101' },
      { source: 'also short', rate: '101' },
      { source: 'short', rate: '103.03' },
    ],
    basisPoints: 201n,
  });
  assert.equal(book.disagreementOn('2021-01-03', 'USD'), undefined, '1.11 %');
  assert.equal(book.disagreementOn('2021-01-03', 'USD', 100n)?.basisPoints, 111n);
  assert.equal(book.spreadOn('2021-01-01', 'USD'), undefined, 'one source alone');
});

test('gaps as ranges, uncovered days, and a source without weekends', () => {
  const book = new PriceBook('BTC', [LONG, SHORT]);
  assert.deepEqual(gapsOf(book.allSources('USD')[0]!), [
    { firstDay: '2021-01-03', lastDay: '2021-01-03', days: 1 },
  ]);
  assert.deepEqual(checkPrices(book, 'USD', 200n).uncovered, []);
  const far = series('far', 'USD', { '2021-01-08': '1' });
  assert.deepEqual(checkPrices(new PriceBook('BTC', [LONG, far]), 'USD', 200n).uncovered, [
    { firstDay: '2021-01-03', lastDay: '2021-01-03', days: 1 },
    { firstDay: '2021-01-05', lastDay: '2021-01-07', days: 3 },
  ]);
  const rates: Record<string, string> = {};
  for (let day = dayNumber('2021-01-04')!; day < dayNumber('2021-03-04')!; day += 1) {
    // 4 January 2021 was a Monday.
    if ((day - dayNumber('2021-01-04')!) % 7 < 5) rates[dayText(day)] = '1.2';
  }
  const [bank] = new PriceBook('BTC', [series('bank', 'USD', rates)]).allSources('USD');
  assert.equal(weekOf(bank!), 'no weekends');
});

test('a source that stamps the opening rate of the next day is noticed', () => {
  const random = seededRandom('clock');
  const [close, open]: Record<string, string>[] = [{}, {}];
  let price = 20_000;
  for (let day = dayNumber('2021-01-01')!; day < dayNumber('2021-04-01')!; day += 1) {
    price *= 1 + random.normal(0, 0.03);
    close![dayText(day)] = price.toFixed(2);
    open![dayText(day + 1)] = (price * (1 + random.normal(0, 0.001))).toFixed(2);
  }
  const book = new PriceBook('BTC', [series('close', 'USD', close!), series('open', 'USD', open!)]);
  const [a, b] = ['close', 'open'].map(
    (name) => book.allSources('USD').find((it) => it.name === name)!,
  );
  assert.equal(compareSources(a!, b!, 200n)!.shiftDays, 1);
  assert.equal(compareSources(b!, a!, 200n)!.shiftDays, -1);
  assert.equal(compareSources(a!, a!, 200n)!.shiftDays, 0);
});

test('a price file as the only source: its columns give the order, its name the source', () => {
  const bytes = new TextEncoder().encode('date,EUR,USD\n2021-03-04,,2\n2021-03-05,1,2\n');
  const book = priceBookOfFile(bytes, { fileName: 'p.csv', asset: 'BTC' });
  assert.deepEqual(book.currencies, ['EUR', 'USD'], 'although EUR has fewer days');
  assert.equal(book.rateOn('2021-03-05', 'EUR')?.source, 'p.csv');
  const odd = priceBookOfFile(bytes, { fileName: '\u202ep.csv', asset: 'BTC' });
  assert.equal(odd.rateOn('2021-03-05', 'EUR')?.source, 'the price file');
});

test('real sources disagree where an independent count in floating point says so', (t) => {
  const files = [
    ['graphsense', 'btc-eur-usd-daily-graphsense.csv'],
    ['ransomwhere', 'btc-usd-daily-2012-2024-ransomwhere.csv'],
    ['garve', 'btc-usd-daily-garve.csv'],
    ['cryptocompare', 'btc-usd-daily-2024-2025-cryptocompare.csv'],
  ] as const;
  const all: PriceSeries[] = [];
  const naive = new Map<string, Map<string, number>>();
  for (const [source, file] of files) {
    const content = sharedFile(t, `prices/${file}`);
    if (content === undefined) return;
    const options = { fileName: file, asset: 'BTC', currency: 'USD' };
    const [one] = parsePriceFile(content, options).series;
    all.push({ ...series(source, 'USD', {}), rates: one!.rates });
    // Another way to the numbers: lines cut at commas, no parser.
    const [head, ...lines] = content.toString().trim().split(/\r?\n/);
    const at = head!
      .toLowerCase()
      .split(',')
      .findIndex((name) => name === 'usd' || name === 'close');
    const rates = lines.map((line) => [line.slice(0, 10), Number(line.split(',')[at])] as const);
    naive.set(source, new Map(rates.filter(([, rate]) => !Number.isNaN(rate))));
  }
  const check = checkPrices(new PriceBook('BTC', all), 'USD', 200n);
  const expected: [string, number][] = [];
  for (const day of new Set([...naive.values()].flatMap((rates) => [...rates.keys()]))) {
    const rates = [...naive.values()].flatMap((of) => of.get(day) ?? []);
    const apart = (100 * (Math.max(...rates) - Math.min(...rates))) / Math.min(...rates);
    if (apart > 2) expected.push([day, apart]);
  }
  assert.deepEqual(
    check.disagreements.map(({ day }) => day).sort(),
    expected.map(([day]) => day).sort(),
  );
  const [worst] = expected.sort(([, a], [, b]) => b - a);
  assert.equal(check.disagreements[0]!.day, worst![0]);
  assert.equal(Number(check.disagreements[0]!.basisPoints), Math.round(worst![1] * 100));
  assert.ok(check.disagreements.length > 300);
  // No source of these has another clock than the others, and no rate is off by a digit.
  assert.ok(check.comparisons.every(({ shiftDays }) => shiftDays === 0));
  assert.deepEqual(check.outstanding, []);
  const missing = check.sources.find(({ name }) => name === 'graphsense')!.gaps;
  assert.equal(
    missing.reduce((sum, { days }) => sum + days, 0),
    26,
  );
});
