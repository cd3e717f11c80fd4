/**
 * Price files as their publishers write them: CSV with a column for days and one or more for rates, or a JSON object
 * from days to rates. Rates stay the text of the file.
 */
import { ClewError, type ErrorCode, type ErrorFacts, type Problem } from '../errors.ts';
import { dayText } from '../units/day.ts';
import { compareRates, differsByMoreThan, isRate } from '../units/fiat-rate.ts';
import { type CsvRow, csvRows } from './csv.ts';
import { type ColumnWishes, findPriceColumns } from './price-columns.ts';
import { readPriceDay } from './price-day.ts';

/** The largest public list of daily prices has less than a megabyte. */
export const PRICE_FILE_BYTES_MAX = 64 * 1024 * 1024;
const PROBLEMS_MAX = 20;
/** A day stands out when it is more than twice, or less than half, of both its neighbours: 100.00 %. */
const STANDS_OUT_BASIS_POINTS = 10_000n;
/** From one listed day to the next a price does not grow or fall tenfold: 900.00 %. */
const JUMP_BASIS_POINTS = 90_000n;

export interface PriceFileOptions extends ColumnWishes {
  readonly fileName: string;
  /** Ticker of the coin. */
  readonly asset: string;
  /** Rates are written with a comma before the decimals, as in `48424,31`. */
  readonly decimalComma?: boolean;
  /** The last day that there can be a rate for; later ones are refused. */
  readonly lastDayMax?: number;
}

/** The rates of one currency in a file. */
export interface ParsedSeries {
  readonly currency: string;
  /** The column that they stand in; `value` for JSON. */
  readonly column: string;
  /** By day, ascending. */
  readonly rates: ReadonlyMap<number, string>;
}

export interface ParsedPriceFile {
  readonly layout: 'csv' | 'json';
  readonly series: readonly ParsedSeries[];
  /** Days that the file lists without a rate, and days that stand out. */
  readonly problems: readonly Problem[];
}

/** What stands on a line of the file, before it is understood. */
interface RawRow {
  readonly line: number | undefined;
  readonly day: string;
  readonly rates: readonly string[];
}

class RateCollector {
  readonly #options: PriceFileOptions;
  readonly #columns: readonly { readonly name: string; readonly currency: string }[];
  readonly #rates: Map<number, string>[];
  readonly #lineOfDay = new Map<number, number | undefined>();
  readonly #emptyDays: number[] = [];

  constructor(
    options: PriceFileOptions,
    columns: readonly { readonly name: string; readonly currency: string }[],
  ) {
    this.#options = options;
    this.#columns = columns;
    this.#rates = columns.map(() => new Map());
  }

  #refuse(code: ErrorCode, row: RawRow, what: string, facts: ErrorFacts = {}): never {
    const { fileName } = this.#options;
    // Of JSON, lines say nothing: the day does.
    const where = row.line === undefined ? 'An entry' : `Line ${row.line}`;
    const at = row.line === undefined ? {} : { line: row.line };
    throw new ClewError(code, `${where} of ${fileName} ${what}.`, {
      file: fileName,
      ...at,
      ...facts,
    });
  }

  add(row: RawRow): void {
    const read = readPriceDay(row.day.trim());
    const day = 'day' in read ? read.day : this.#refuse('CLEW_PRICES_DAY', row, read.refused);
    const { lastDayMax } = this.#options;
    if (lastDayMax !== undefined && day > lastDayMax) {
      this.#refuse('CLEW_PRICES_DAY', row, `has the day ${dayText(day)}, which is still to come`);
    }
    if (this.#lineOfDay.has(day)) {
      const first = this.#lineOfDay.get(day);
      this.#refuse(
        'CLEW_PRICES_DUPLICATE',
        row,
        `has the day ${dayText(day)} again${first === undefined ? '' : `, after line ${first}`}`,
        { day: dayText(day), ...(first !== undefined && { firstLine: first }) },
      );
    }
    this.#lineOfDay.set(day, row.line);
    let isEmpty = true;
    row.rates.forEach((cell, i) => {
      const rate = this.#rate(cell.trim(), row, day, i);
      if (rate === undefined) return;
      isEmpty = false;
      this.#rates[i]!.set(day, rate);
    });
    if (isEmpty) this.#emptyDays.push(day);
  }

  #rate(cell: string, row: RawRow, day: number, column: number): string | undefined {
    // Yahoo writes `null` for a day that it has lost.
    if (cell === '' || cell === 'null') return undefined;
    const { decimalComma } = this.#options;
    const text = decimalComma ? cell.replace(',', '.') : cell;
    if (isRate(text) && !(decimalComma && cell.includes('.'))) return text;
    const { name, currency } = this.#columns[column]!;
    const about = `in the column ${name} for ${dayText(day)}`;
    const why = /^\d+,\d+$/.test(cell)
      ? `has a comma ${about}: say --decimal-comma if it stands before decimals`
      : /^-/.test(cell)
        ? `has a rate below zero ${about}`
        : /^[0.]+$/.test(cell)
          ? `has the rate zero ${about}: leave the cell empty where there is none`
          : `has no plain decimal ${about} (at most 12 digits before the point, 18 behind)`;
    return this.#refuse('CLEW_PRICES_RATE', row, why, { currency, day: dayText(day) });
  }

  finish(layout: ParsedPriceFile['layout']): ParsedPriceFile {
    const { fileName } = this.#options;
    const series = this.#columns.map(({ name, currency }, i) => ({
      currency,
      column: name,
      rates: new Map([...this.#rates[i]!].sort(([a], [b]) => a - b)),
    }));
    const filled = series.filter(({ rates }) => rates.size > 0);
    if (filled.length === 0) {
      throw new ClewError('CLEW_PRICES_FORMAT', `${fileName} holds no rate.`, { file: fileName });
    }
    const problems = filled.flatMap((one) => {
      const single = daysThatStandOut(one, fileName);
      const days = new Set(single.map(({ facts }) => facts['day']));
      return [...single, ...jumps(one, fileName).filter(({ facts }) => !days.has(facts['day']!))];
    });
    return { layout, series: filled, problems: [...this.#emptyProblems(), ...problems] };
  }

  #emptyProblems(): Problem[] {
    const days = this.#emptyDays.sort((a, b) => a - b).map(dayText);
    if (days.length === 0) return [];
    const named = days.slice(0, 5).join(', ');
    const message =
      `${this.#options.fileName} lists ${days.length} ${days.length === 1 ? 'day' : 'days'} without a rate: ` +
      `${named}${days.length > 5 ? ' and more' : ''}. They have no fiat value from this source.`;
    return [
      { code: 'CLEW_PRICES_EMPTY_DAY', message, facts: { days: days.length, firstDay: days[0]! } },
    ];
  }
}

/** Days more than twice, or less than half, of the days beside them: mostly a slip of the decimal point. */
function daysThatStandOut({ currency, rates }: ParsedSeries, fileName: string): Problem[] {
  const problems: Problem[] = [];
  for (const { day, rate, before, after } of outstandingDays(rates)) {
    if (problems.length === PROBLEMS_MAX) break;
    problems.push({
      code: 'CLEW_PRICES_STANDS_OUT',
      message: `${fileName} has ${rate} ${currency} on ${dayText(day)}, between ${before} the day before and ${after} the day after.`,
      facts: { day: dayText(day), currency },
    });
  }
  return problems;
}

/** Where the rates become those of something else, mostly of another coin: they jump and do not come back. */
function jumps({ currency, rates }: ParsedSeries, fileName: string): Problem[] {
  const problems: Problem[] = [];
  let last: readonly [day: number, rate: string] | undefined;
  for (const [day, rate] of rates) {
    if (last !== undefined && differsByMoreThan(last[1], rate, JUMP_BASIS_POINTS)) {
      problems.push({
        code: 'CLEW_PRICES_STANDS_OUT',
        message: `${fileName} jumps from ${last[1]} ${currency} on ${dayText(last[0])} to ${rate} on ${dayText(day)}: are the rates before and after of one coin?`,
        facts: { day: dayText(day), currency },
      });
    }
    last = [day, rate];
  }
  return problems.slice(0, PROBLEMS_MAX);
}

export interface OutstandingDay {
  readonly day: number;
  readonly rate: string;
  readonly before: string;
  readonly after: string;
}

/**
 * Days whose rate is more than twice, or less than half, of both the day before and the day after.
 *
 * @param rates by day, ascending
 */
export function outstandingDays(rates: ReadonlyMap<number, string>): OutstandingDay[] {
  const found: OutstandingDay[] = [];
  for (const [day, rate] of rates) {
    const [before, after] = [rates.get(day - 1), rates.get(day + 1)];
    if (before === undefined || after === undefined) continue;
    if (
      differsByMoreThan(before, rate, STANDS_OUT_BASIS_POINTS) &&
      differsByMoreThan(after, rate, STANDS_OUT_BASIS_POINTS) &&
      compareRates(before, rate) === compareRates(after, rate)
    ) {
      found.push({ day, rate, before, after });
    }
  }
  return found;
}

/** First bytes of files that are no text. */
const OTHER_FORMATS: readonly (readonly [firstBytes: string, what: string])[] = [
  ['504b0304', 'a ZIP file or a spreadsheet: unpack it, or save it as CSV'],
  ['d0cf11e0', 'an old Excel file: save it as CSV'],
  ['25504446', 'a PDF file'],
  ['1f8b', 'a gzip file: unpack it, or let its name end in .gz'],
];

function textOf(bytes: Uint8Array, fileName: string): string {
  const refuse = (what: string, cause?: unknown): never => {
    throw new ClewError('CLEW_PRICES_FORMAT', `${fileName} is ${what}.`, { file: fileName }, cause);
  };
  const first = Buffer.from(bytes.subarray(0, 4)).toString('hex');
  for (const [start, what] of OTHER_FORMATS) if (first.startsWith(start)) refuse(what);
  const utf16 = first.startsWith('fffe') ? 'utf-16le' : first.startsWith('feff') ? 'utf-16be' : '';
  try {
    // The decoder takes the byte order mark away.
    return new TextDecoder(utf16 === '' ? 'utf-8' : utf16, { fatal: true }).decode(bytes);
  } catch (cause) {
    return refuse('not text in UTF-8', cause);
  }
}

/**
 * Read a price file.
 *
 * @returns its rates by currency; the file is good as a whole or refused as a whole
 * @throws {ClewError} CLEW_PRICES_FORMAT (no text, no CSV or JSON, no rate at all), CLEW_PRICES_COLUMNS,
 *   CLEW_PRICES_DAY, CLEW_PRICES_RATE, CLEW_PRICES_DUPLICATE, with the line
 * @example parsePriceFile(bytes, { fileName: 'p.csv', asset: 'BTC', currency: 'USD' }).series[0].rates
 */
export function parsePriceFile(bytes: Uint8Array, options: PriceFileOptions): ParsedPriceFile {
  const text = textOf(bytes, options.fileName);
  return /^\s*[{[]/.test(text) ? parseJson(text, options) : parseCsv(text, options);
}

/** Of comma, semicolon and tab, the one that the header has most of. */
function separatorOf(text: string): string {
  const header = /^[^\r\n]*/.exec(text.trimStart())![0];
  const count = (separator: string): number => header.split(separator).length;
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best));
}

/** @throws {ClewError} CLEW_PRICES_FORMAT with file and line for a quote that is not closed */
function* rowsOf(text: string, separator: string, fileName: string): Generator<CsvRow, void, void> {
  try {
    yield* csvRows(text, separator, 'CLEW_PRICES_FORMAT');
  } catch (error) {
    if (!(error instanceof ClewError) || 'file' in error.facts) throw error;
    const facts = { file: fileName, ...error.facts };
    throw new ClewError(error.code, `${fileName}: ${error.message}`, facts, error);
  }
}

function parseCsv(text: string, options: PriceFileOptions): ParsedPriceFile {
  const { fileName, asset } = options;
  const separator = separatorOf(text);
  let columns: ReturnType<typeof findPriceColumns> | undefined;
  let collector: RateCollector | undefined;
  let width = 0;
  for (const { line, cells } of rowsOf(text, separator, fileName)) {
    if (cells.every((cell) => cell.trim() === '')) continue;
    if (columns === undefined) {
      columns = findPriceColumns(cells, asset, options, { fileName, line });
      collector = new RateCollector(options, columns.rates);
      width = cells.length;
      continue;
    }
    if (cells.length !== width) {
      const message = `Line ${line} of ${fileName} has ${cells.length} cells, not ${width} as its first line.`;
      throw new ClewError('CLEW_PRICES_FORMAT', message, { file: fileName, line });
    }
    const rates = columns.rates.map(({ index }) => cells[index]!);
    collector!.add({ line, day: cells[columns.date]!, rates });
  }
  if (collector === undefined) {
    throw new ClewError('CLEW_PRICES_FORMAT', `${fileName} is empty.`, { file: fileName, line: 1 });
  }
  return collector.finish('csv');
}

/** A member of a JSON object, its value as it was written: a number never becomes a double. */
function parseJson(text: string, options: PriceFileOptions): ParsedPriceFile {
  const { fileName, currency } = options;
  const refuse = (what: string, cause?: unknown): never => {
    throw new ClewError('CLEW_PRICES_FORMAT', `${fileName} ${what}.`, { file: fileName }, cause);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) =>
      typeof value === 'number' ? (context?.source ?? String(value)) : value,
    );
  } catch (cause) {
    return refuse('begins like JSON and is none', cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return refuse('is JSON, but no object from days to rates');
  }
  if (currency === undefined) {
    const message = `${fileName} is a list from days to rates: say in which currency, for example --currency USD.`;
    throw new ClewError('CLEW_PRICES_COLUMNS', message, { file: fileName });
  }
  const entries = Object.entries(parsed);
  const collector = new RateCollector(options, [{ name: 'value', currency }]);
  for (const [day, value] of entries) {
    if (typeof value !== 'string' && value !== null) {
      return refuse('is JSON, but no object from days to rates');
    }
    collector.add({ line: undefined, day, rates: [value ?? ''] });
  }
  // An object keeps the last of two equal keys, and says nothing.
  const keys = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, key]) => key!);
  if (keys.length !== entries.length) {
    const twice = keys.find((key, i) => keys.indexOf(key) !== i) ?? '';
    const message = `${fileName} has the day ${twice.slice(0, 30)} twice.`;
    throw new ClewError('CLEW_PRICES_DUPLICATE', message, { file: fileName });
  }
  return collector.finish('json');
}
