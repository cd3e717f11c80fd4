/**
 * Which columns of a price file are the day and the rates.
 *
 * What a header says plainly is taken; whatever else has to be said by a person, and the refusal names the columns
 * that are there. A currency is never guessed: not from a file's name, not from the size of the numbers.
 */
import { ClewError } from '../errors.ts';
import { currencyCode } from '../units/currency.ts';

/** What a person said about the columns. */
export interface ColumnWishes {
  /** Code of the currency that the rates are in. */
  readonly currency?: string;
  /** Name of the column with the rates. */
  readonly column?: string;
  /** Name of the column with the days. */
  readonly dateColumn?: string;
}

export interface PriceColumns {
  /** Index of the column with the days. */
  readonly date: number;
  /** One for each currency. */
  readonly rates: readonly {
    readonly index: number;
    readonly name: string;
    readonly currency: string;
  }[];
}

/** Names of a column with days, the plainest first. */
const DATE_NAMES = ['date', 'day', 'snapped_at', 'timestamp', 'time', 'unix'];
/** Names of a column with the rate of a day: what a day ended with comes first. */
const RATE_NAMES = ['close', 'closing price', 'price', 'rate', 'value'];
/** Words beside a currency's code in the name of a column with rates; anything else, such as volume, is no rate. */
const RATE_WORDS = new Set(['price', 'close', 'closing', 'rate', 'value', 'per', 'in', 'coin']);
const NAMES_SHOWN = 20;
const NAME_LENGTH_MAX = 40;

const plain = (name: string): string => name.trim().toLowerCase();

/** The columns for a message. Names come from a file that may be anything: few and short ones. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN).map((name) => name.trim().slice(0, NAME_LENGTH_MAX));
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function refuse(what: string, names: readonly string[], fileName: string, line: number): never {
  throw new ClewError('CLEW_PRICES_COLUMNS', `${what} Columns found: ${listed(names)}.`, {
    file: fileName,
    line,
    columns: names.length,
  });
}

/** The currency that a column is named by, alone (`EUR`) or beside words of a rate (`btc-eur`, `Price (USD)`). */
function currencyOfName(name: string, asset: string): string | undefined {
  const alone = currencyCode(name);
  if (alone !== undefined) return alone;
  const words = plain(name)
    .split(/[^a-z]+/)
    .filter((word) => word !== '');
  const codes = words.flatMap((word) => currencyCode(word) ?? []);
  const others = words.filter((word) => currencyCode(word) === undefined);
  const fits = others.every((word) => RATE_WORDS.has(word) || word === asset.toLowerCase());
  return codes.length === 1 && fits ? codes[0] : undefined;
}

/**
 * Find the columns.
 *
 * @param names of all columns, as the header has them
 * @param asset the coin's ticker, which a column may be named by too
 * @param place for messages: the file, and the line of the header
 * @throws {ClewError} CLEW_PRICES_COLUMNS, naming the columns, when the day, the rate or its currency is not plain
 * @example findPriceColumns(['date', 'EUR', 'USD'], 'BTC', {}, { fileName: 'p.csv', line: 1 }).rates.length // 2
 */
export function findPriceColumns(
  names: readonly string[],
  asset: string,
  wishes: ColumnWishes,
  place: { readonly fileName: string; readonly line: number },
): PriceColumns {
  const complain = (what: string): never => refuse(what, names, place.fileName, place.line);
  const find = (wanted: string, option: string): number => {
    const found = names.flatMap((name, i) => (plain(name) === plain(wanted) ? [i] : []));
    if (found.length === 1) return found[0]!;
    const how = found.length === 0 ? 'no column' : 'more than one column';
    return complain(`${place.fileName} has ${how} named by ${option} ${wanted}.`);
  };
  const date =
    wishes.dateColumn === undefined ? findDate(names) : find(wishes.dateColumn, '--date-column');
  if (date === undefined) {
    return complain(`Which column of ${place.fileName} has the days? Say it with --date-column.`);
  }
  if (wishes.column !== undefined) {
    const index = find(wishes.column, '--column');
    const currency = wishes.currency ?? currencyOfName(names[index]!, asset);
    if (currency === undefined) {
      return complain(`In which currency is the column ${wishes.column}? Say it with --currency.`);
    }
    return { date, rates: [{ index, name: names[index]!.trim(), currency }] };
  }
  return { date, rates: findRates(names, asset, date, wishes.currency, complain) };
}

function findDate(names: readonly string[]): number | undefined {
  for (const wanted of DATE_NAMES) {
    const index = names.findIndex((name) => plain(name) === wanted);
    if (index >= 0) return index;
  }
  return undefined;
}

function findRates(
  names: readonly string[],
  asset: string,
  date: number,
  wanted: string | undefined,
  complain: (what: string) => never,
): PriceColumns['rates'] {
  const named = names.flatMap((name, index) => {
    const currency = index === date ? undefined : currencyOfName(name, asset);
    return currency === undefined ? [] : [{ index, name: name.trim(), currency }];
  });
  if (named.length > 0) {
    const taken = wanted === undefined ? named : named.filter((it) => it.currency === wanted);
    if (taken.length === 0) {
      return complain(
        `No column is named by ${wanted}. Say which one has the rates with --column.`,
      );
    }
    const twice = taken.find((it, i) => taken.findIndex((o) => o.currency === it.currency) !== i);
    if (twice !== undefined) {
      return complain(`Two columns are named by ${twice.currency}. Say which one with --column.`);
    }
    return taken;
  }
  const index = findPlainRate(names, date);
  if (index === undefined) return complain('Which column has the rates? Say it with --column.');
  const name = names[index]!.trim();
  if (wanted === undefined) {
    return complain(
      `No column is named by a currency. The rates would be taken from ${name}: say in which currency they are, ` +
        'for example --currency USD; --column takes another column.',
    );
  }
  return [{ index, name, currency: wanted }];
}

/** The column that a day ends with, or the only one beside the day. */
function findPlainRate(names: readonly string[], date: number): number | undefined {
  for (const wanted of RATE_NAMES) {
    const found = names.flatMap((name, i) => (plain(name) === wanted ? [i] : []));
    if (found.length === 1) return found[0];
  }
  return names.length === 2 ? 1 - date : undefined;
}
