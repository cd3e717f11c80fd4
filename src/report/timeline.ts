/**
 * Payments by day, week, month, quarter or year, whichever keeps the bars between a handful and a few
 * dozen. Weeks begin on Monday (ISO 8601), all days are UTC. Times without payments are bars of zero.
 */
import { formatDay } from '../units/time.ts';
import type { Money, MoneyTotal } from './money.ts';
import type { Timeline, TimelineBar } from './report-format.ts';

const SECONDS_PER_DAY = 86_400;

/** Longest span in days that a unit is used for. */
const UNITS: readonly (readonly [unit: Timeline['unit'], spanDaysMax: number])[] = [
  ['day', 31],
  ['week', 182],
  ['month', 1_500],
  ['quarter', 4_500],
  ['year', Number.POSITIVE_INFINITY],
];

/** 1970-01-01 was a Thursday: day 4 was a Monday. */
function mondayOf(day: number): number {
  return day - ((((day - 4) % 7) + 7) % 7);
}

function firstOfMonth(day: number, monthsInUnit: number, unitsOn: number): number {
  const date = new Date(day * SECONDS_PER_DAY * 1000);
  const month = Math.floor(date.getUTCMonth() / monthsInUnit) * monthsInUnit;
  return (
    Date.UTC(date.getUTCFullYear(), month + unitsOn * monthsInUnit, 1) / 1000 / SECONDS_PER_DAY
  );
}

const MONTHS_IN = { month: 1, quarter: 3, year: 12 } as const;

/** First day of the unit that a day lies in, or of the unit that comes `unitsOn` later. */
function startOf(unit: Timeline['unit'], day: number, unitsOn = 0): number {
  if (unit === 'day') return day + unitsOn;
  if (unit === 'week') return mondayOf(day) + 7 * unitsOn;
  return firstOfMonth(day, MONTHS_IN[unit], unitsOn);
}

/** What is needed to know of a payment. */
export interface TimedAmount {
  readonly timeSeconds: number;
  readonly amountSats: number;
}

/**
 * @param payments in any order
 * @returns bars in order of time, without gaps; none without payments
 */
export function buildTimeline(payments: readonly TimedAmount[], money: Money): Timeline {
  if (payments.length === 0) return { unit: 'month', bars: [] };
  let firstSeconds = Number.POSITIVE_INFINITY;
  let lastSeconds = Number.NEGATIVE_INFINITY;
  for (const { timeSeconds } of payments) {
    firstSeconds = Math.min(firstSeconds, timeSeconds);
    lastSeconds = Math.max(lastSeconds, timeSeconds);
  }
  const firstDay = Math.floor(firstSeconds / SECONDS_PER_DAY);
  const lastDay = Math.floor(lastSeconds / SECONDS_PER_DAY);
  const unit = UNITS.find(([, spanDaysMax]) => lastDay - firstDay + 1 <= spanDaysMax)![0];

  const totals = new Map<number, { payments: number; total: MoneyTotal }>();
  for (let start = startOf(unit, firstDay); start <= lastDay; start = startOf(unit, start, 1)) {
    totals.set(start, { payments: 0, total: money.total() });
  }
  for (const { timeSeconds, amountSats } of payments) {
    const bar = totals.get(startOf(unit, Math.floor(timeSeconds / SECONDS_PER_DAY)))!;
    bar.payments += 1;
    bar.total.add(amountSats, timeSeconds);
  }
  const bars: TimelineBar[] = [];
  for (const [start, bar] of totals) {
    bars.push({
      firstDay: formatDay(start * SECONDS_PER_DAY),
      lastDay: formatDay((startOf(unit, start, 1) - 1) * SECONDS_PER_DAY),
      payments: bar.payments,
      total: bar.total.toTotal(),
    });
  }
  return { unit, bars };
}
