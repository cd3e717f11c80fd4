/** A report valued by two sources with gaps and disagreements: every figure is recomputed from what it says of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplePricesCsv } from '../../test/support/sample-claims.ts';
import { MEDIUM, sampleInput } from '../../test/support/sample-investigation.ts';
import { parsePriceFile } from '../intake/price-file.ts';
import { dayNumber, dayText } from '../units/day.ts';
import { canonicalJson } from './canonical-json.ts';
import { PriceBook, type PriceSeries } from './price-book.ts';
import { renderHtml } from './render-html.ts';
import { buildReport } from './report-data.ts';
import type { FiatAmount, FiatTotal, Report } from './report-format.ts';

/** The sample's prices under a name, without some days and with some rates changed. */
function source(
  name: string,
  change: (rate: string, day: number) => string | undefined,
): PriceSeries[] {
  const bytes = new TextEncoder().encode(samplePricesCsv());
  return parsePriceFile(bytes, { fileName: 'p.csv', asset: 'BTC' }).series.map((series) => ({
    source: name,
    currency: series.currency,
    licence: `licence of ${name}`,
    fileName: `${name}.csv`,
    sha256: '11'.repeat(32),
    column: series.column,
    rates: new Map(
      [...series.rates].flatMap(([day, rate]) => {
        const changed = change(rate, day);
        return changed === undefined ? [] : [[day, changed] as const];
      }),
    ),
  }));
}

// The first lacks every fifth day; the second every seventh, and every third of its rates is 5 % higher.
const SERIES = [
  ...source('first', (rate, day) => (day % 5 === 0 ? undefined : rate)),
  ...source('second', (rate, day) =>
    day % 7 === 0 ? undefined : day % 3 === 0 ? (Number(rate) * 1.05).toFixed(4) : rate,
  ),
];
const ORDER = ['first', 'second'];
const INPUT = {
  ...sampleInput(MEDIUM),
  prices: new PriceBook('BTC', SERIES, { sources: ORDER }),
  currencies: ['USD', 'EUR'],
};
const report = buildReport(INPUT);
const prices = report.derivation.prices!;

/** The rate of a day, found the slow way: in the order, the first that has the day. */
function slowRate(day: string, currency: string): readonly [string, string] | undefined {
  for (const name of ORDER) {
    for (const series of SERIES) {
      if (series.source !== name || series.currency !== currency) continue;
      for (const [number, rate] of series.rates) if (dayText(number) === day) return [rate, name];
    }
  }
  return undefined;
}

/** Cents by schoolbook: multiply, cut behind the second decimal, look at the third. */
function slowCents(sats: bigint, rate: string): bigint {
  const [whole, decimals = ''] = rate.split('.');
  const product = (sats * BigInt(whole! + decimals)).toString().padStart(20, '0');
  const cut = product.length - 8 - decimals.length + 2;
  return BigInt(product.slice(0, cut)) + (product[cut]! >= '5' ? 1n : 0n);
}

const cents = (text: string): bigint => BigInt(text.replace('.', ''));

interface Found {
  readonly sats: number | string;
  readonly fiat: Readonly<Record<string, FiatAmount | FiatTotal>>;
}

/** All objects of the report that carry values. */
function* valued(part: unknown): Generator<Found> {
  if (Array.isArray(part)) for (const item of part) yield* valued(item);
  else if (typeof part === 'object' && part !== null) {
    if ('fiat' in part) yield part as Found;
    for (const inner of Object.values(part)) yield* valued(inner);
  }
}

test('every value says rate, day and source, and recomputes from them', () => {
  let amounts = 0;
  let totals = 0;
  for (const { sats, fiat } of valued(report)) {
    for (const [currency, of] of Object.entries(fiat)) {
      if ('pricedAmounts' in of) {
        totals += 1;
        const counted = of.sources.reduce((sum, one) => sum + one.amounts, 0);
        assert.equal(counted, of.pricedAmounts);
        continue;
      }
      amounts += 1;
      assert.deepEqual([of.rate, of.source], slowRate(of.rateDay, currency));
      assert.equal(cents(of.value), slowCents(BigInt(sats), of.rate), JSON.stringify(of));
      assert.equal(of.isEarlierDay, false);
    }
  }
  assert.ok(amounts > 300 && totals > 30, `${amounts} amounts, ${totals} totals`);
});

test('an amount is valued on the day of its own block; without a rate of that day it has no value', () => {
  let without = 0;
  for (const { amount, at } of report.payments) {
    for (const currency of prices.currencies) {
      const expected = slowRate(at.slice(0, 10), currency);
      const fiat = amount.fiat?.[currency];
      assert.equal(fiat?.rate, expected?.[0], `${at} ${currency}`);
      if (fiat === undefined) without += 1;
      else assert.equal(fiat.rateDay, at.slice(0, 10));
    }
  }
  assert.ok(without > 0, 'the sample has days without a price');
  const { unpricedAmounts } = report.summary.received.fiat!['USD']!;
  assert.equal(2 * unpricedAmounts, without);
});

test('totals are sums of rounded values', () => {
  for (const payer of report.payers) {
    const own = report.payments.filter((payment) => payment.payer === payer.id);
    for (const currency of prices.currencies) {
      const sum = own.reduce(
        (total, { amount }) => total + cents(amount.fiat?.[currency]?.value ?? '0.00'),
        0n,
      );
      assert.equal(cents(payer.total.fiat![currency]!.value), sum, payer.id);
    }
  }
});

test('the report lists every rate that it uses, what the other source says, and where they differ', () => {
  assert.deepEqual(
    prices.sources.map(({ name, currency, licence, isUsed }) => [name, currency, licence, isUsed]),
    ['USD', 'EUR'].flatMap((currency) =>
      ORDER.map((name) => [name, currency, `licence of ${name}`, true]),
    ),
  );
  const used = new Set<string>();
  for (const { fiat } of valued(report)) {
    for (const [currency, of] of Object.entries(fiat)) {
      if ('rate' in of) used.add(`${of.rateDay} ${currency} ${of.rate} ${of.source}`);
    }
  }
  const listed = prices.days.filter(({ rate }) => rate !== null);
  for (const each of used) {
    assert.ok(
      listed.some((row) => each === `${row.day} ${row.currency} ${row.rate} ${row.source}`),
    );
  }
  for (const { name, currency, daysUsed } of prices.sources) {
    const rows = listed.filter((row) => row.source === name && row.currency === currency);
    assert.equal(daysUsed, rows.length);
    assert.ok(daysUsed > 0);
  }
  for (const row of prices.days) {
    const day = dayNumber(row.day)!;
    const both = row.rate !== null && row.others.length === 1;
    // Every third rate of the second is 5 % higher, as long as both have the day.
    assert.equal(row.isDisputed, both && day % 3 === 0, row.day);
    if (row.isDisputed) assert.match(row.differencePercent!, /^(4\.99|5\.0[01]?|5\.00)$/);
  }
  assert.ok(prices.days.some(({ isDisputed }) => isDisputed));
  assert.ok(prices.days.some(({ rate }) => rate === null));
});

test('the page marks whose rate a value is made with, and says where sources differ', () => {
  const html = renderHtml(report);
  assert.match(html, /Values in USD: each amount at the rate of its own day \(UTC\) by \[1\]/);
  assert.match(html, /USD \[2\]/);
  assert.match(html, /the sources are more than 2\.00 % apart/);
  assert.match(html, /licence of second/);
  const single = buildReport({
    ...INPUT,
    prices: new PriceBook('BTC', SERIES, { sources: ['first'] }),
  });
  const page = renderHtml(single);
  assert.doesNotMatch(page, /USD \[\d/, 'one source needs no marks');
  assert.match(page, /compared only/);
});

test('a source that is only compared changes no figure', () => {
  const withOthers = buildReport({
    ...INPUT,
    prices: new PriceBook('BTC', SERIES, { sources: ['first'] }),
  });
  const alone = buildReport({
    ...INPUT,
    prices: new PriceBook(
      'BTC',
      SERIES.filter((series) => series.source === 'first'),
    ),
  });
  const figures = ({ derivation: _, ...rest }: Report): string => canonicalJson(rest as Report);
  assert.equal(figures(withOthers), figures(alone));
});
