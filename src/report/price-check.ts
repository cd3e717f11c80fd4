/** What there is to say against prices: days that are missing, sources that disagree, days that stand out. */
import { outstandingDays } from '../intake/price-file.ts';
import { type DayRange, dayNumber, dayRanges, dayText, weekday } from '../units/day.ts';
import { differenceInBasisPoints, differsByMoreThan } from '../units/fiat-rate.ts';
import type { Disagreement, PriceBook, PriceSource } from './price-book.ts';

/** Which days a source has at all: of a market that closes at weekends, or every day. */
export type WeekConvention = 'every day' | 'no weekends';

const DAYS_FOR_A_WEEK_HABIT = 28;
/** Days that two sources must share before a shift between them is looked for. */
const SHARED_DAYS_MIN = 30;
/** A shift is told when it brings two sources closer together by this factor. */
const SHIFT_FACTOR = 4n;

/** Days between the first and the last one of a source that it has no rate for. */
export function gapsOf({ rates, firstDay, lastDay }: PriceSource): DayRange[] {
  const missing: number[] = [];
  for (let day = dayNumber(firstDay)!; day <= dayNumber(lastDay)!; day += 1) {
    if (!rates.has(day)) missing.push(day);
  }
  return dayRanges(missing);
}

/** Whether a source leaves out Saturdays and Sundays, as central banks and exchanges for shares do. */
export function weekOf({ rates }: PriceSource): WeekConvention {
  const isWeekend = (day: number): boolean => [0, 6].includes(weekday(day));
  if (rates.size < DAYS_FOR_A_WEEK_HABIT) return 'every day';
  return [...rates.keys()].some(isWeekend) ? 'every day' : 'no weekends';
}

/** Two sources side by side over the days that both have. */
export interface Comparison {
  readonly currency: string;
  readonly sources: readonly [string, string];
  readonly sharedDays: number;
  /** Middle of the differences on these days, in hundredths of a percent. */
  readonly medianBasisPoints: bigint;
  /** Days that are further apart than the limit. */
  readonly daysApart: number;
  /**
   * 1 when the second source fits much better a day later than the first, -1 when a day earlier: then one of them may
   * stamp the opening rate and the other the closing one, or count days in another time zone. 0 otherwise.
   */
  readonly shiftDays: -1 | 0 | 1;
}

function median(values: readonly bigint[]): bigint {
  const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

function differences(a: PriceSource, b: PriceSource, shift: number): bigint[] {
  const found: bigint[] = [];
  for (const [day, rate] of a.rates) {
    const other = b.rates.get(day + shift);
    if (other !== undefined) found.push(differenceInBasisPoints(rate, other));
  }
  return found;
}

/**
 * Compare two sources of one currency.
 *
 * @param limit in hundredths of a percent
 * @returns undefined when they share no day
 */
export function compareSources(
  a: PriceSource,
  b: PriceSource,
  limit: bigint,
): Comparison | undefined {
  const same = differences(a, b, 0);
  if (same.length === 0) return undefined;
  const medianBasisPoints = median(same);
  const shiftDays =
    same.length < SHARED_DAYS_MIN
      ? 0
      : (([-1, 1] as const).find((shift) => {
          const shifted = differences(a, b, shift);
          return shifted.length > 0 && median(shifted) * SHIFT_FACTOR < medianBasisPoints;
        }) ?? 0);
  return {
    currency: a.currency,
    sources: [a.name, b.name],
    sharedDays: same.length,
    medianBasisPoints,
    daysApart: [...a.rates].filter(([day, rate]) => {
      const other = b.rates.get(day);
      return other !== undefined && differsByMoreThan(rate, other, limit);
    }).length,
    shiftDays,
  };
}

export interface OutstandingRate {
  readonly source: string;
  readonly currency: string;
  readonly day: string;
  readonly rate: string;
  readonly before: string;
  readonly after: string;
}

export interface PriceCheck {
  /** Days that at least one source has, and of these: days that at least two have. */
  readonly days: number;
  readonly comparedDays: number;
  readonly sources: readonly (PriceSource & {
    readonly gaps: readonly DayRange[];
    readonly week: WeekConvention;
  })[];
  /** Days from the first to the last of all sources for which none has a rate. */
  readonly uncovered: readonly DayRange[];
  readonly comparisons: readonly Comparison[];
  /** Worst first, then by day. */
  readonly disagreements: readonly Disagreement[];
  readonly outstanding: readonly OutstandingRate[];
}

/**
 * Check all sources of a currency.
 *
 * @param limit in hundredths of a percent: days further apart are listed
 * @example checkPrices(book, 'USD', 200n).disagreements[0]
 */
export function checkPrices(book: PriceBook, currency: string, limit: bigint): PriceCheck {
  const sources = book.allSources(currency);
  const days = [...new Set(sources.flatMap(({ rates }) => [...rates.keys()]))].sort(
    (a, b) => a - b,
  );
  const covered = new Set(days);
  const uncovered: number[] = [];
  for (let day = days[0] ?? 0; day <= (days.at(-1) ?? -1); day += 1) {
    if (!covered.has(day)) uncovered.push(day);
  }
  const shared = days.filter((day) => sources.filter(({ rates }) => rates.has(day)).length > 1);
  const disagreements = shared
    .flatMap((day) => book.disagreementOn(dayText(day), currency, limit) ?? [])
    .sort((a, b) =>
      a.basisPoints === b.basisPoints
        ? a.day < b.day
          ? -1
          : 1
        : a.basisPoints > b.basisPoints
          ? -1
          : 1,
    );
  return {
    days: days.length,
    comparedDays: shared.length,
    sources: sources.map((source) => ({ ...source, gaps: gapsOf(source), week: weekOf(source) })),
    uncovered: dayRanges(uncovered),
    comparisons: sources.flatMap((a, i) =>
      sources.slice(i + 1).flatMap((b) => compareSources(a, b, limit) ?? []),
    ),
    disagreements,
    outstanding: sources.flatMap((source) =>
      outstandingDays(source.rates).map(({ day, rate, before, after }) => ({
        source: source.name,
        currency,
        day: dayText(day),
        rate,
        before,
        after,
      })),
    ),
  };
}
