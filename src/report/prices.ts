/**
 * Prices of a coin by day, from a CSV file with a `date` column and one column per currency.
 *
 * ```
 * date,EUR,USD
 * 2021-03-04,40128.55,48424.31
 * ```
 *
 * Rates stay the decimal text that the file holds; amounts are valued in whole numbers, never through
 * floating point, and rounded once, half up, to the hundredth.
 */
import { sha256Hex } from '../bytes/hash.ts';
import { ClewError, type ErrorFacts } from '../errors.ts';
import { SATS_PER_COIN } from '../units/amount.ts';

/** The price of one coin on a day. */
export interface Rate {
  /** As the file has it, for example `48424.31`. */
  readonly rate: string;
  /** The day that the file gives it for, `YYYY-MM-DD`. */
  readonly day: string;
  /** True when the day asked for is missing, and this is the nearest earlier day. */
  readonly isEarlier: boolean;
}

export interface PriceTable {
  /** Where the rates come from. */
  readonly source: { readonly fileName: string; readonly sha256: string };
  /** Currency codes, in the order of the file's columns. */
  readonly currencies: readonly string[];
  readonly dayCount: number;
  readonly firstDay: string;
  readonly lastDay: string;
  /** The rate of a day, or of the nearest earlier day within a week; undefined when there is none. */
  valueOn(day: string, currency: string): Rate | undefined;
}

/** How many days back a missing day may borrow its rate from. */
export const PRICE_DAYS_BACK_MAX = 7;

const MS_PER_DAY = 86_400_000;
const RATE = /^\d{1,12}(?:\.\d{1,12})?$/;
const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

function refuse(message: string, facts: ErrorFacts): never {
  throw new ClewError('CLEW_PRICES_FORMAT', message, facts);
}

/** Days since 1970, or undefined for what is no day of the calendar. */
function dayNumber(day: string): number | undefined {
  const match = DAY.exec(day);
  if (!match) return undefined;
  const time = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  return new Date(time).toISOString().slice(0, 10) === day ? time / MS_PER_DAY : undefined;
}

function cellsOf(line: string): string[] {
  return line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

function readHeader(line: string, fileName: string): { dateColumn: number; columns: string[] } {
  const columns = cellsOf(line);
  const dateColumn = columns.findIndex((name) => name.toLowerCase() === 'date');
  if (dateColumn < 0) {
    refuse(`${fileName} has no column named date.`, { file: fileName, line: 1 });
  }
  const seen = new Set<string>();
  columns.forEach((name, column) => {
    if (column === dateColumn) return;
    if (!/^[A-Z]{3}$/.test(name)) {
      refuse(`Column ${column + 1} of ${fileName} is not named by a currency code such as USD.`, {
        file: fileName,
        line: 1,
        column: column + 1,
      });
    }
    if (seen.has(name)) {
      refuse(`${fileName} has the column ${name} twice.`, { file: fileName, line: 1 });
    }
    seen.add(name);
  });
  if (seen.size === 0) {
    refuse(`${fileName} has no currency column.`, { file: fileName, line: 1 });
  }
  return { dateColumn, columns };
}

/**
 * Read a price file.
 *
 * @param fileName named in the report as the source, together with the digest of the bytes
 * @throws {ClewError} `CLEW_PRICES_FORMAT` with file and line for a header without `date`, a column that
 *   is no currency code, a day that is not in the calendar or stands twice, a rate that is no plain
 *   decimal above zero, and bytes that are not UTF-8. An empty cell means that the day has no rate.
 * @example parsePrices(bytes, 'prices.csv').valueOn('2021-03-04', 'USD')?.rate // '48424.31'
 */
export function parsePrices(bytes: Uint8Array, fileName: string): PriceTable {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ClewError(
      'CLEW_PRICES_FORMAT',
      `${fileName} is not text in UTF-8.`,
      { file: fileName },
      cause,
    );
  }
  const lines = text.split(/\r\n|\n|\r/);
  const { dateColumn, columns } = readHeader(lines[0]!, fileName);
  const currencies = columns.filter((_, column) => column !== dateColumn);
  const ratesByDay = new Map<number, Map<string, string>>();
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i]!;
    if (line.trim() === '') continue;
    const facts = { file: fileName, line: i + 1 };
    const cells = cellsOf(line);
    if (cells.length !== columns.length) {
      refuse(
        `Line ${i + 1} of ${fileName} has ${cells.length} cells, not ${columns.length}.`,
        facts,
      );
    }
    const day = dayNumber(cells[dateColumn]!);
    if (day === undefined) refuse(`Line ${i + 1} of ${fileName} has no day YYYY-MM-DD.`, facts);
    if (ratesByDay.has(day)) refuse(`Line ${i + 1} of ${fileName} repeats a day.`, facts);
    ratesByDay.set(day, readRates(cells, columns, dateColumn, fileName, i + 1));
  }
  if (ratesByDay.size === 0) refuse(`${fileName} holds no day.`, { file: fileName });
  return priceTable(ratesByDay, currencies, { fileName, sha256: sha256Hex(bytes) });
}

function readRates(
  cells: readonly string[],
  columns: readonly string[],
  dateColumn: number,
  fileName: string,
  line: number,
): Map<string, string> {
  const rates = new Map<string, string>();
  cells.forEach((cell, column) => {
    if (column === dateColumn || cell === '') return;
    if (!RATE.test(cell) || /^[0.]+$/.test(cell)) {
      refuse(
        `Line ${line} of ${fileName} has no plain decimal above zero for ${columns[column]}.`,
        {
          file: fileName,
          line,
          column: column + 1,
        },
      );
    }
    rates.set(columns[column]!, cell);
  });
  return rates;
}

function priceTable(
  ratesByDay: ReadonlyMap<number, ReadonlyMap<string, string>>,
  currencies: readonly string[],
  source: PriceTable['source'],
): PriceTable {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const day of ratesByDay.keys()) {
    first = Math.min(first, day);
    last = Math.max(last, day);
  }
  const dayText = (day: number): string => new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
  return {
    source,
    currencies,
    dayCount: ratesByDay.size,
    firstDay: dayText(first),
    lastDay: dayText(last),
    valueOn(day, currency) {
      const asked = dayNumber(day);
      if (asked === undefined) return undefined;
      for (let back = 0; back <= PRICE_DAYS_BACK_MAX; back += 1) {
        const rate = ratesByDay.get(asked - back)?.get(currency);
        if (rate !== undefined) return { rate, day: dayText(asked - back), isEarlier: back > 0 };
      }
      return undefined;
    },
  };
}

/**
 * What an amount is worth at a rate, in hundredths of the currency, rounded half up.
 *
 * @param amountSats not negative
 * @example valueInHundredths(150_000_000n, '48424.31') // 7263647n, that is 72,636.47
 */
export function valueInHundredths(amountSats: bigint | number, rate: string): bigint {
  const [whole, decimals = ''] = rate.split('.');
  const scaledRate = BigInt(`${whole}${decimals}`);
  const scale = 10n ** BigInt(decimals.length) * BigInt(SATS_PER_COIN);
  return (BigInt(amountSats) * scaledRate * 100n * 2n + scale) / (2n * scale);
}

/**
 * Hundredths as a decimal with two places.
 *
 * @example formatHundredths(7263647n) // '72636.47'
 */
export function formatHundredths(hundredths: bigint): string {
  const sign = hundredths < 0n ? '-' : '';
  const size = hundredths < 0n ? -hundredths : hundredths;
  return `${sign}${size / 100n}.${(size % 100n).toString().padStart(2, '0')}`;
}
