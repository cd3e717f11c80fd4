/** Options and look-ups of the commands that show values in money of states. */
import { priceAsset } from '../chain/price-asset.ts';
import { ClewError } from '../errors.ts';
import type { PriceBook } from '../report/price-book.ts';
import type { ReportPrices } from '../report/report-format.ts';
import { currencyCode } from '../units/currency.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import type { CommandContext } from './command.ts';

/** Which of the stored prices a question is about. */
export const storedPricesOptions = {
  asset: {
    kind: 'text',
    value: 'TICKER',
    help: 'the coin',
    defaultHelp: 'the only one that is stored, else BTC',
  },
  currency: {
    kind: 'text',
    value: 'CODE',
    many: true,
    help: 'this currency alone',
    defaultHelp: 'all',
  },
} as const;

export const priceSourceOption = {
  priceSource: {
    kind: 'text',
    value: 'NAME',
    many: true,
    help: 'take rates from this source alone, or from several in this order',
    defaultHelp: 'all, those with most days first',
  },
} as const;

/** For commands that show values when they are asked for. */
export const fiatOptions = {
  fiat: {
    kind: 'text',
    value: 'CODE',
    many: true,
    help: 'also values in this currency, such as EUR, at the rate of each day (see clew prices)',
    defaultHelp: 'no values',
  },
  ...priceSourceOption,
} as const;

/**
 * Currencies as typed, each once: `--fiat EUR --fiat USD` or `--fiat EUR,USD`.
 *
 * @param option named when a code is none
 * @throws {ClewError} CLEW_USAGE
 */
export function currenciesTyped(typed: readonly string[], option: string): string[] {
  const codes = typed
    .flatMap((text) => text.split(','))
    .map((text) => {
      const code = currencyCode(text);
      if (code !== undefined) return code;
      throw new ClewError(
        'CLEW_USAGE',
        `--${option} takes codes of currencies such as EUR or USD, not "${text.slice(0, 20)}".`,
        { option },
      );
    });
  return [...new Set(codes)];
}

/** Prices of a network's coin with the currencies to show. */
export interface FiatChoice {
  readonly book: PriceBook;
  readonly currencies: readonly string[];
}

/**
 * The prices for the values that were asked for.
 *
 * @returns undefined when no value was asked for
 * @throws {ClewError} CLEW_USAGE; CLEW_PRICES_NONE when nothing is stored for the coin in a currency
 */
export async function fiatAsked(
  context: CommandContext,
  networkName: string,
  options: { readonly fiat: readonly string[]; readonly priceSource: readonly string[] },
): Promise<FiatChoice | undefined> {
  const currencies = currenciesTyped(options.fiat, 'fiat');
  if (currencies.length === 0) {
    if (options.priceSource.length === 0) return undefined;
    throw new ClewError('CLEW_USAGE', '--price-source needs --fiat: in which currency?', {
      option: 'price-source',
    });
  }
  const book = await storedBook(context, priceAsset(networkName), options.priceSource);
  checkCurrencies(book, currencies);
  return { book, currencies };
}

/**
 * The stored prices of a coin.
 *
 * @throws {ClewError} CLEW_PRICES_NONE
 */
export async function storedBook(
  context: CommandContext,
  asset: string,
  named: readonly string[],
): Promise<PriceBook> {
  const { loadPriceBook } = await import('../pipeline/price-workspace.ts');
  const book = await loadPriceBook(
    await context.session.store(),
    asset,
    named.length === 0 ? undefined : named,
  );
  if (book !== undefined) return book;
  const isTest = asset.startsWith('test-');
  throw new ClewError(
    'CLEW_PRICES_NONE',
    `No prices of ${asset} are stored.${isTest ? ` Coins of a test network are worth nothing; invented prices are imported with --asset ${asset}.` : ''}`,
    { asset },
  );
}

/** @throws {ClewError} CLEW_PRICES_NONE when a currency has no source in use */
export function checkCurrencies(book: PriceBook, currencies: readonly string[]): void {
  const missing = currencies.find((code) => book.usedSources(code).length === 0);
  if (missing === undefined) return;
  const named = book.named === undefined ? '' : ` by ${book.named.join(', ')}`;
  throw new ClewError(
    'CLEW_PRICES_NONE',
    `No prices of ${book.asset} in ${missing} are stored${named}; there are prices in ${book.currencies.join(', ')}.`,
    { asset: book.asset, currency: missing },
  );
}

/** Lines on whose rates were used, for below a table. */
export function pricesText(prices: ReportPrices | null): string {
  if (prices === null) return '';
  let text = '\n';
  for (const currency of prices.currencies) {
    const rows = prices.days.filter((row) => row.currency === currency);
    const used = prices.sources.filter((row) => row.currency === currency && row.daysUsed > 0);
    const [only] = rows;
    if (rows.length === 1 && only!.rate !== null) {
      text += `${currency}: ${groupedNumber(only!.rate)} for one coin on ${only!.day} (UTC), by ${only!.source}`;
    } else {
      const by = used.map(({ name, daysUsed }) => `${name} (${countText(daysUsed, 'day')})`);
      text += `${currency}: each amount at the rate of its own day (UTC), by ${by.join('; for days that it lacks ')}`;
      if (used.length === 0) text = `${text.slice(0, -4)}: no source has any of these days`;
    }
    const without = rows.filter(({ rate }) => rate === null).length;
    const disputed = rows.filter(({ isDisputed }) => isDisputed);
    text += '.\n';
    if (without > 0) text += `  No rate, so no value, on ${countText(without, 'day')}.\n`;
    if (disputed.length > 0) {
      const days = disputed.slice(0, 5).map(({ day, differencePercent }) => {
        return `${day} (${differencePercent} %)`;
      });
      const more = disputed.length - days.length;
      text += `  Sources are more than ${prices.disagreementPercent} % apart on ${days.join(', ')}${more > 0 ? ` and ${countText(more, 'day')} more` : ''}.\n`;
    }
  }
  return text;
}

/** The coin that was asked for, else the only one that prices are stored of, else bitcoin. */
export async function assetAsked(
  context: CommandContext,
  asked: string | undefined,
): Promise<string> {
  if (asked !== undefined) return asked;
  const { readPriceAssets } = await import('../pipeline/price-workspace.ts');
  const stored = await readPriceAssets(await context.session.store());
  return stored.length === 1 ? stored[0]! : 'BTC';
}
