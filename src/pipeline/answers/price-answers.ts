/** The answers of `clew prices list`, `check` and `at`. Rates and percents are decimal text. */
import { ClewError } from '../../errors.ts';
import {
  PRICE_RULE,
  type PriceBook,
  type PriceSource,
  type SourceRate,
} from '../../report/price-book.ts';
import { checkPrices, gapsOf, type WeekConvention, weekOf } from '../../report/price-check.ts';
import { ROUNDING } from '../../report/report-prices.ts';
import type { PriceSeriesRow } from '../../store/price-store.ts';
import { type DayRange, dayNumber, dayText } from '../../units/day.ts';
import { formatHundredths, valueInHundredths } from '../../units/fiat-rate.ts';

export interface PriceFileFacts {
  readonly fileName: string;
  readonly sha256: string;
  readonly layout: 'csv' | 'json';
  readonly column: string;
  readonly licence: string;
  readonly clock: string | null;
  readonly firstDay: string;
  readonly lastDay: string;
  readonly days: number;
  readonly importedAtSeconds: number;
  /** Null for a file in use. */
  readonly supersededAtSeconds: number | null;
}

export interface PriceSourceFacts {
  readonly source: string;
  readonly days: number;
  readonly firstDay: string;
  readonly lastDay: string;
  readonly missingDays: number;
  readonly gaps: readonly DayRange[];
  readonly week: WeekConvention;
}

export interface PriceListAnswer {
  readonly format: 'clew-prices-list/1';
  readonly rule: string;
  /** By coin and currency; sources in the order in which they count. */
  readonly lists: readonly {
    readonly asset: string;
    readonly currency: string;
    readonly sources: readonly (PriceSourceFacts & { readonly files: readonly PriceFileFacts[] })[];
  }[];
}

function sourceFacts(source: PriceSource): PriceSourceFacts {
  const gaps = gapsOf(source);
  return {
    source: source.name,
    days: source.rates.size,
    firstDay: source.firstDay,
    lastDay: source.lastDay,
    missingDays: gaps.reduce((sum, { days }) => sum + days, 0),
    gaps,
    week: weekOf(source),
  };
}

/**
 * What prices there are.
 *
 * @param rows all that was ever imported
 */
export function answerPriceList(
  books: readonly PriceBook[],
  rows: readonly PriceSeriesRow[],
): PriceListAnswer {
  return {
    format: 'clew-prices-list/1',
    rule: PRICE_RULE,
    lists: books.flatMap((book) =>
      book.currencies.map((currency) => ({
        asset: book.asset,
        currency,
        sources: book.allSources(currency).map((source) => ({
          ...sourceFacts(source),
          files: rows
            .filter(
              (row) =>
                row.asset === book.asset && row.currency === currency && row.source === source.name,
            )
            .map(fileFacts),
        })),
      })),
    ),
  };
}

function fileFacts(row: PriceSeriesRow): PriceFileFacts {
  return {
    fileName: row.file_name,
    sha256: row.sha256,
    layout: row.layout,
    column: row.column_name,
    licence: row.licence,
    clock: row.clock,
    firstDay: row.first_day,
    lastDay: row.last_day,
    days: row.days,
    importedAtSeconds: row.imported_at_seconds,
    supersededAtSeconds: row.superseded_at_seconds,
  };
}

export interface PriceCheckAnswer {
  readonly format: 'clew-prices-check/1';
  readonly asset: string;
  /** Days further apart than this are listed. */
  readonly limitPercent: string;
  readonly currencies: readonly {
    readonly currency: string;
    /** Days that at least one source has; days that at least two have. */
    readonly days: number;
    readonly comparedDays: number;
    /** Between the first and the last day of all: days that no source has. */
    readonly uncovered: readonly DayRange[];
    readonly sources: readonly (PriceSourceFacts & {
      readonly column: string;
      readonly clock: string | null;
    })[];
    readonly comparisons: readonly {
      readonly sources: readonly [string, string];
      readonly sharedDays: number;
      readonly medianPercent: string;
      readonly daysApart: number;
      readonly shiftDays: -1 | 0 | 1;
    }[];
    /** Widest first. */
    readonly disagreements: readonly {
      readonly day: string;
      readonly differencePercent: string;
      readonly rates: readonly SourceRate[];
    }[];
    readonly standsOut: readonly {
      readonly source: string;
      readonly day: string;
      readonly rate: string;
      readonly before: string;
      readonly after: string;
    }[];
  }[];
}

/**
 * What there is to say against the prices.
 *
 * @param limit in hundredths of a percent
 */
export function answerPriceCheck(
  book: PriceBook,
  currencies: readonly string[],
  limit: bigint,
): PriceCheckAnswer {
  return {
    format: 'clew-prices-check/1',
    asset: book.asset,
    limitPercent: formatHundredths(limit),
    currencies: currencies.map((currency) => {
      const check = checkPrices(book, currency, limit);
      return {
        currency,
        days: check.days,
        comparedDays: check.comparedDays,
        uncovered: check.uncovered,
        sources: check.sources.map((source) => {
          const last = source.files.at(-1)!;
          return { ...sourceFacts(source), column: last.column, clock: last.clock ?? null };
        }),
        comparisons: check.comparisons.map((compared) => ({
          sources: compared.sources,
          sharedDays: compared.sharedDays,
          medianPercent: formatHundredths(compared.medianBasisPoints),
          daysApart: compared.daysApart,
          shiftDays: compared.shiftDays,
        })),
        disagreements: check.disagreements.map(({ day, basisPoints, rates }) => ({
          day,
          differencePercent: formatHundredths(basisPoints),
          rates,
        })),
        standsOut: check.outstanding.map(({ source, day, rate, before, after }) => ({
          source,
          day,
          rate,
          before,
          after,
        })),
      };
    }),
  };
}

export interface PriceAtAnswer {
  readonly format: 'clew-prices-at/1';
  readonly asset: string;
  readonly day: string;
  readonly rule: string;
  readonly rounding: string;
  /** What is valued, when an amount was given. */
  readonly amountSats: string | null;
  readonly currencies: readonly {
    readonly currency: string;
    /** The rate that counts; null when no source in the order has the day. */
    readonly rate: string | null;
    readonly source: string | null;
    /** Sources before it in the order, which do not have the day. */
    readonly passedOver: readonly string[];
    readonly value: string | null;
    readonly others: readonly SourceRate[];
    readonly differencePercent: string | null;
    /** Sources that do not have the day, with the nearest days that they have: these are never used for it. */
    readonly without: readonly {
      readonly source: string;
      readonly before: string | null;
      readonly after: string | null;
    }[];
  }[];
}

/**
 * The rate of a day.
 *
 * @param day `YYYY-MM-DD`
 * @throws {ClewError} CLEW_PRICES_NO_RATE when no currency has a rate for the day
 */
export function answerPriceAt(
  book: PriceBook,
  currencies: readonly string[],
  day: string,
  amountSats?: bigint,
): PriceAtAnswer {
  const rows = currencies.map((currency) => {
    const rate = book.rateOn(day, currency);
    const used = book.usedSources(currency).map(({ name }) => name);
    const spread = book.spreadOn(day, currency);
    return {
      currency,
      rate: rate?.rate ?? null,
      source: rate?.source ?? null,
      passedOver: rate === undefined ? used : used.slice(0, used.indexOf(rate.source)),
      value:
        rate === undefined || amountSats === undefined
          ? null
          : formatHundredths(valueInHundredths(amountSats, rate.rate)),
      others: book.ratesOn(day, currency).filter(({ source }) => source !== rate?.source),
      differencePercent: spread === undefined ? null : formatHundredths(spread.basisPoints),
      without: withoutDay(book.allSources(currency), dayNumber(day)!),
    };
  });
  if (rows.every(({ rate }) => rate === null)) throw noRate(book, currencies, day);
  return {
    format: 'clew-prices-at/1',
    asset: book.asset,
    day,
    rule: PRICE_RULE,
    rounding: ROUNDING,
    amountSats: amountSats?.toString() ?? null,
    currencies: rows,
  };
}

function withoutDay(
  sources: readonly PriceSource[],
  day: number,
): PriceAtAnswer['currencies'][number]['without'] {
  return sources
    .filter(({ rates }) => !rates.has(day))
    .map(({ name, rates }) => {
      const days = [...rates.keys()];
      const before = days.findLast((one) => one < day);
      const after = days.find((one) => one > day);
      return {
        source: name,
        before: before === undefined ? null : dayText(before),
        after: after === undefined ? null : dayText(after),
      };
    });
}

function noRate(book: PriceBook, currencies: readonly string[], day: string): ClewError {
  const sources = currencies.flatMap((code) => book.usedSources(code));
  const first = sources.map(({ firstDay }) => firstDay).sort()[0];
  const last = sources
    .map(({ lastDay }) => lastDay)
    .sort()
    .at(-1);
  return new ClewError(
    'CLEW_PRICES_NO_RATE',
    `No source has a rate of ${book.asset} in ${currencies.join(' or ')} for ${day}.`,
    {
      asset: book.asset,
      day,
      ...(first !== undefined && { firstDay: first, lastDay: last! }),
    },
  );
}
