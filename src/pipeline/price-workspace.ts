/** Prices of the workspace: bringing files in, and taking them out as a book that values are made with. */
import { basename } from 'node:path';
import { sha256Hex } from '../bytes/hash.ts';
import { ClewError, type Problem } from '../errors.ts';
import type { ColumnWishes } from '../intake/price-columns.ts';
import { type ParsedSeries, PRICE_FILE_BYTES_MAX, parsePriceFile } from '../intake/price-file.ts';
import { PriceBook, type PriceSeries, type PriceSource } from '../report/price-book.ts';
import { isSourceName, priceBookOfFile } from '../report/price-book-of-file.ts';
import { compareSources } from '../report/price-check.ts';
import { readInputFile } from '../store/input-file.ts';
import type { Store } from '../store/open-store.ts';
import {
  addPriceSeries,
  type NewPriceSeries,
  type PriceSeriesRow,
  readPriceRates,
  readPriceSeries,
  supersedePriceSeries,
} from '../store/price-store.ts';
import { dayRanges, dayText } from '../units/day.ts';
import { compareRates } from '../units/fiat-rate.ts';
import { answerPriceList, type PriceListAnswer } from './answers/price-answers.ts';

/** Rates twice as high, or half as high, as those of another source are of something else: 100.00 %. */
const FAR_BASIS_POINTS = 10_000n;
const LICENCE_LENGTH_MAX = 200;

export interface ImportPricesOptions extends ColumnWishes {
  readonly path: string;
  /** Whose rates they are. */
  readonly source: string;
  readonly licence: string;
  /** Ticker of the coin. */
  readonly asset: string;
  /** When in the day the rate was taken. */
  readonly clock?: string;
  readonly decimalComma: boolean;
  /** The file goes on from what the source has, and replaces nothing. */
  readonly goesOn: boolean;
  /** Take rates that are of another size than those of other sources. */
  readonly acceptFar: boolean;
  readonly importedAtSeconds: number;
  /** The last day that there can be a rate for. */
  readonly lastDayMax: number;
}

/** One currency of the file, and what became of it. */
export interface ImportedSeries {
  readonly currency: string;
  readonly column: string;
  /** `known`: the same was imported before, nothing changed. */
  readonly status: 'imported' | 'known';
  readonly firstDay: string;
  readonly lastDay: string;
  readonly days: number;
  /** What it took the place of. */
  readonly replaces?: { readonly days: number; readonly changedDays: number };
}

export interface ImportPricesResult {
  readonly source: string;
  readonly asset: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly layout: 'csv' | 'json';
  readonly series: readonly ImportedSeries[];
  readonly problems: readonly Problem[];
}

/** A series in use, with its rates. */
interface StoredSeries {
  readonly row: PriceSeriesRow;
  readonly rates: ReadonlyMap<number, string>;
}

async function storedSeries(store: Store, asset: string): Promise<StoredSeries[]> {
  const rows = await readPriceSeries(store, asset);
  const inUse = rows.filter((row) => row.superseded_at_seconds === null);
  return Promise.all(
    inUse.map(async (row) => ({ row, rates: await readPriceRates(store, row.id) })),
  );
}

/**
 * Bring a price file into the workspace.
 *
 * @returns what went in, by currency; the same file of the same source again changes nothing
 * @throws {ClewError} CLEW_PRICES_* when the file can not be taken; CLEW_USAGE for a name of a source that is not
 *   plain; CLEW_FILE_MISSING, CLEW_FILE_UNREADABLE, CLEW_NO_SPACE, CLEW_DATA_BUSY
 */
export async function importPrices(
  store: Store,
  options: ImportPricesOptions,
): Promise<ImportPricesResult> {
  checkWords(options);
  const bytes = readInputFile(options.path, {
    bytesMax: PRICE_FILE_BYTES_MAX,
    code: 'CLEW_PRICES_FORMAT',
  });
  const fileName = basename(options.path);
  const { asset, source } = options;
  const parsed = parsePriceFile(bytes, { ...options, fileName });
  const sha256 = sha256Hex(bytes);
  const stored = await storedSeries(store, asset);
  const done: ImportedSeries[] = [];
  const added: NewPriceSeries[] = [];
  const problems: Problem[] = [...parsed.problems];
  for (const series of parsed.series) {
    const { currency, column, rates } = series;
    const own = stored.filter(({ row }) => row.source === source && row.currency === currency);
    const days = [...rates.keys()];
    const [firstDay, lastDay] = [dayText(days[0]!), dayText(days.at(-1)!)];
    const row = {
      source,
      asset,
      currency,
      licence: options.licence,
      clock: options.clock ?? null,
      file_name: fileName,
      sha256,
      layout: parsed.layout,
      column_name: column,
      first_day: firstDay,
      last_day: lastDay,
      imported_at_seconds: options.importedAtSeconds,
    };
    const facts = { currency, column, firstDay, lastDay, days: days.length };
    if (own.some((known) => isSame(known.row, row))) {
      done.push({ ...facts, status: 'known' });
      continue;
    }
    if (!options.acceptFar) checkSize(series, source, stored, fileName);
    if (options.goesOn) checkGoesOn(series, own, fileName);
    else problems.push(...lostDays(series, own, source));
    const replaces = own.length > 0 && !options.goesOn ? replaced(rates, own) : undefined;
    done.push({ ...facts, status: 'imported', ...(replaces !== undefined && { replaces }) });
    added.push({ ...row, rates });
  }
  await addPriceSeries(store, added, !options.goesOn);
  return { source, asset, fileName, sha256, layout: parsed.layout, series: done, problems };
}

function checkWords({ source, licence, asset, clock }: ImportPricesOptions): void {
  const refuse = (option: string, what: string): never => {
    throw new ClewError('CLEW_USAGE', `--${option} ${what}.`, { option });
  };
  if (!isSourceName(source)) {
    refuse('source', 'is a name of letters, digits, spaces and plain marks, at most 60');
  }
  const isPlain = (text: string): boolean =>
    text.trim() !== '' && text.length <= LICENCE_LENGTH_MAX && !/[\p{Cc}\p{Cf}]/u.test(text);
  if (!isPlain(licence)) refuse('licence', `is a line of at most ${LICENCE_LENGTH_MAX} characters`);
  if (clock !== undefined && !isPlain(clock)) {
    refuse('clock', `is a line of at most ${LICENCE_LENGTH_MAX} characters`);
  }
  if (!/^(?:test-)?[A-Z0-9]{2,10}$/.test(asset)) {
    refuse('asset', 'is the ticker of a coin in capitals, such as BTC, or test-BTC');
  }
}

/** Said again word for word: nothing to do. */
function isSame(known: PriceSeriesRow, row: Omit<NewPriceSeries, 'rates'>): boolean {
  return (
    known.sha256 === row.sha256 &&
    known.column_name === row.column_name &&
    known.licence === row.licence &&
    known.clock === row.clock
  );
}

/** Rates far from all that other sources say are mostly of another coin, or of another currency. */
function checkSize(
  series: ParsedSeries,
  source: string,
  stored: readonly StoredSeries[],
  fileName: string,
): void {
  const mine = asSource(source, series.currency, series.rates);
  for (const { row, rates } of stored) {
    if (row.source === source || row.currency !== series.currency) continue;
    const compared = compareSources(mine, asSource(row.source, row.currency, rates), 0n);
    if (compared === undefined || compared.medianBasisPoints <= FAR_BASIS_POINTS) continue;
    const { sharedDays } = compared;
    const day = [...series.rates.keys()].find((one) => rates.has(one))!;
    throw new ClewError(
      'CLEW_PRICES_FAR',
      `The rates of ${fileName} in ${series.currency} are far from those of ${row.source}: on ${dayText(day)} it is ` +
        `${series.rates.get(day)} against ${rates.get(day)}, and the middle difference on ${sharedDays} days is more than twofold.`,
      { file: fileName, currency: series.currency, source: row.source, sharedDays },
    );
  }
}

function asSource(name: string, currency: string, rates: ReadonlyMap<number, string>): PriceSource {
  return { name, currency, files: [], rates, firstDay: '', lastDay: '' };
}

/** A part that goes on may repeat days, but not say otherwise of them; the days that it repeats are left out. */
function checkGoesOn(series: ParsedSeries, own: readonly StoredSeries[], fileName: string): void {
  for (const { rates, row } of own) {
    for (const [day, rate] of series.rates) {
      const known = rates.get(day);
      if (known === undefined) continue;
      if (compareRates(known, rate) !== 0) {
        throw new ClewError(
          'CLEW_PRICES_DUPLICATE',
          `${fileName} has ${rate} ${series.currency} for ${dayText(day)}, where ${row.source} had ${known} before: ` +
            'a file that corrects is imported without --continue.',
          { file: fileName, day: dayText(day), currency: series.currency },
        );
      }
    }
  }
}

/** Days of the version before that the new one does not have. */
function lostDays(series: ParsedSeries, own: readonly StoredSeries[], source: string): Problem[] {
  const before = new Set(own.flatMap(({ rates }) => [...rates.keys()]));
  const lost = [...before].filter((day) => !series.rates.has(day)).sort((a, b) => a - b);
  if (lost.length === 0) return [];
  const ranges = dayRanges(lost);
  const [first] = ranges;
  const named = first!.days === 1 ? first!.firstDay : `${first!.firstDay} to ${first!.lastDay}`;
  const message =
    `The new version of ${source} in ${series.currency} no longer has ${lost.length} ` +
    `${lost.length === 1 ? 'day' : 'days'} that the one before had: ${named}${ranges.length > 1 ? ' and others' : ''}.`;
  return [
    {
      code: 'CLEW_PRICES_FEWER_DAYS',
      message,
      facts: { source, currency: series.currency, days: lost.length },
    },
  ];
}

function replaced(
  rates: ReadonlyMap<number, string>,
  own: readonly StoredSeries[],
): NonNullable<ImportedSeries['replaces']> {
  // Parts that go on from each other may repeat days: each counts once.
  const before = new Map(own.flatMap((known) => [...known.rates]));
  const changed = [...before].filter(([day, rate]) => {
    const now = rates.get(day);
    return now !== undefined && compareRates(now, rate) !== 0;
  });
  return { days: before.size, changedDays: changed.length };
}

/**
 * The prices of a coin that are in use.
 *
 * @param named the sources to use, in order; undefined for the rule's own order
 * @returns undefined when none is stored
 * @throws {ClewError} CLEW_PRICES_NONE when a source that was named has no prices of the coin
 */
export async function loadPriceBook(
  store: Store,
  asset: string,
  named?: readonly string[],
): Promise<PriceBook | undefined> {
  const stored = await storedSeries(store, asset);
  const known = new Set(stored.map(({ row }) => row.source));
  const unknown = named?.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const all = known.size === 0 ? 'none is' : `there is ${[...known].sort().join(', ')}`;
    throw new ClewError(
      'CLEW_PRICES_NONE',
      `No source of prices of ${asset} is named ${unknown.slice(0, 60)}: ${all}.`,
      { asset },
    );
  }
  if (stored.length === 0) return undefined;
  const seen = new Map<string, Set<number>>();
  const series = stored.map(({ row, rates }): PriceSeries => {
    // A part that goes on may repeat days, with the same rate: each counts once.
    const key = JSON.stringify([row.source, row.currency]);
    const days = seen.get(key) ?? new Set();
    seen.set(key, days);
    const own = new Map([...rates].filter(([day]) => !days.has(day)));
    for (const day of own.keys()) days.add(day);
    return {
      source: row.source,
      currency: row.currency,
      licence: row.licence,
      ...(row.clock !== null && { clock: row.clock }),
      fileName: row.file_name,
      sha256: row.sha256,
      column: row.column_name,
      rates: own,
    };
  });
  return new PriceBook(asset, series, { sources: named });
}

/**
 * The prices of a file that is used once and not kept.
 *
 * @param currency that its rates are in, where its columns do not say so
 * @throws {ClewError} CLEW_PRICES_*, CLEW_FILE_MISSING, CLEW_FILE_UNREADABLE
 */
export function readPriceFile(path: string, asset: string, currency?: string): PriceBook {
  const bytes = readInputFile(path, { bytesMax: PRICE_FILE_BYTES_MAX, code: 'CLEW_PRICES_FORMAT' });
  const options = { fileName: basename(path), asset };
  return priceBookOfFile(bytes, currency === undefined ? options : { ...options, currency });
}

/** What a source said that is no longer used. */
export interface WithdrawnSeries {
  readonly asset: string;
  readonly currency: string;
  readonly days: number;
}

/**
 * Use a source no longer. What it said is kept, as a version that is superseded by nothing.
 *
 * @param of the coin and the currency; all of the source unless given
 * @throws {ClewError} CLEW_PRICES_NONE when there is nothing of that name in use
 */
export async function withdrawPrices(
  store: Store,
  source: string,
  of: { readonly asset?: string; readonly currency?: string },
  atSeconds: number,
): Promise<WithdrawnSeries[]> {
  const rows = (await readPriceSeries(store, of.asset)).filter(
    (row) =>
      row.superseded_at_seconds === null &&
      row.source === source &&
      (of.currency === undefined || row.currency === of.currency),
  );
  if (rows.length === 0) {
    throw new ClewError(
      'CLEW_PRICES_NONE',
      `No prices of a source named ${source.slice(0, 60)} are in use.`,
      { ...(of.asset !== undefined && { asset: of.asset }) },
    );
  }
  await supersedePriceSeries(
    store,
    rows.map(({ id }) => id),
    atSeconds,
  );
  return rows.map(({ asset, currency, days }) => ({ asset, currency, days }));
}

/** The coins that prices are stored of, by name. */
export async function readPriceAssets(store: Store): Promise<string[]> {
  const rows = await readPriceSeries(store);
  return [...new Set(rows.map(({ asset }) => asset))].sort();
}

/** What prices there are, of one coin or of all. */
export async function loadPriceList(store: Store, asset?: string): Promise<PriceListAnswer> {
  const rows = await readPriceSeries(store, asset);
  const books: PriceBook[] = [];
  for (const one of [...new Set(rows.map((row) => row.asset))].sort()) {
    const book = await loadPriceBook(store, one);
    if (book !== undefined) books.push(book);
  }
  return answerPriceList(books, rows);
}

/** Names what prices of a coin are in use: another text when any of them changes. */
export async function pricesInUse(store: Store, asset: string): Promise<string> {
  const rows = await readPriceSeries(store, asset);
  return JSON.stringify(
    rows
      .filter((row) => row.superseded_at_seconds === null)
      .map((row) => [
        row.source,
        row.currency,
        row.column_name,
        row.licence,
        row.clock,
        row.sha256,
      ]),
  );
}
