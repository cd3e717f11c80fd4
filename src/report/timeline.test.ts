import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { Money } from './money.ts';
import { buildTimeline, type TimedAmount } from './timeline.ts';

const NO_MONEY = new Money(undefined, []);

/** Payments of 1 satoshi at noon of these days. */
const paid = (...days: string[]): TimedAmount[] =>
  days.map((day) => ({ timeSeconds: Date.parse(`${day}T12:00:00Z`) / 1000, amountSats: 1 }));

const daysOf = (payments: TimedAmount[]): string[][] =>
  buildTimeline(payments, NO_MONEY).bars.map((bar) => [
    bar.firstDay,
    bar.lastDay,
    String(bar.payments),
  ]);

test('the unit follows the span of time', () => {
  const unit = (first: string, last: string): string =>
    buildTimeline(paid(first, last), NO_MONEY).unit;
  assert.equal(unit('2021-02-03', '2021-02-03'), 'day');
  assert.equal(unit('2021-02-03', '2021-03-05'), 'day');
  assert.equal(unit('2021-02-03', '2021-03-06'), 'week');
  assert.equal(unit('2021-02-03', '2021-11-28'), 'month');
  assert.equal(unit('2012-01-01', '2021-12-31'), 'quarter');
  assert.equal(unit('2009-01-03', '2025-12-31'), 'year');
});

test('weeks begin on Monday, also when the payment is on a Sunday', () => {
  // 2021-02-01 was a Monday, 2021-02-07 and 2021-03-14 Sundays.
  assert.deepEqual(daysOf(paid('2021-02-07', '2021-03-14')).at(0), [
    '2021-02-01',
    '2021-02-07',
    '1',
  ]);
  assert.deepEqual(daysOf(paid('2021-02-07', '2021-03-14')).at(-1), [
    '2021-03-08',
    '2021-03-14',
    '1',
  ]);
});

test('months without payments are bars of zero, and February ends when it does', () => {
  assert.deepEqual(daysOf(paid('2023-12-31', '2024-02-29', '2024-09-01')), [
    ['2023-12-01', '2023-12-31', '1'],
    ['2024-01-01', '2024-01-31', '0'],
    ['2024-02-01', '2024-02-29', '1'],
    ['2024-03-01', '2024-03-31', '0'],
    ['2024-04-01', '2024-04-30', '0'],
    ['2024-05-01', '2024-05-31', '0'],
    ['2024-06-01', '2024-06-30', '0'],
    ['2024-07-01', '2024-07-31', '0'],
    ['2024-08-01', '2024-08-31', '0'],
    ['2024-09-01', '2024-09-30', '1'],
  ]);
});

test('quarters and years', () => {
  assert.deepEqual(daysOf(paid('2012-05-05', '2020-12-31')).at(0), [
    '2012-04-01',
    '2012-06-30',
    '1',
  ]);
  assert.deepEqual(daysOf(paid('2009-01-03', '2025-06-01')).at(-1), [
    '2025-01-01',
    '2025-12-31',
    '1',
  ]);
});

test('bars add up and follow each other without gaps, whatever the payments', () => {
  for (let seed = 0; seed < 60; seed += 1) {
    const random = seededRandom(seed);
    const spanSeconds = 86_400 * random.pick([1, 20, 150, 900, 3_000, 6_000]);
    const payments = Array.from({ length: random.int(1, 50) }, () => ({
      timeSeconds: 1_300_000_000 + random.int(0, spanSeconds),
      amountSats: random.int(1, 1_000_000),
    }));
    const { bars } = buildTimeline(payments, NO_MONEY);
    const sum = payments.reduce((total, { amountSats }) => total + BigInt(amountSats), 0n);
    assert.equal(
      bars.reduce((total, bar) => total + BigInt(bar.total.sats), 0n),
      sum,
      `seed ${seed}`,
    );
    assert.equal(
      bars.reduce((total, bar) => total + bar.payments, 0),
      payments.length,
      `seed ${seed}`,
    );
    bars.slice(1).forEach((bar, i) => {
      const dayAfter = new Date(Date.parse(bars[i]!.lastDay) + 86_400_000)
        .toISOString()
        .slice(0, 10);
      assert.equal(bar.firstDay, dayAfter, `seed ${seed}`);
    });
  }
});

test('no payments, no bars', () => {
  assert.deepEqual(buildTimeline([], NO_MONEY).bars, []);
});
