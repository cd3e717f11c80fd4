/** One price file as the only source: for `--prices FILE`, which values without keeping anything. */
import { sha256Hex } from '../bytes/hash.ts';
import {
  type ParsedPriceFile,
  type PriceFileOptions,
  parsePriceFile,
} from '../intake/price-file.ts';
import { PriceBook } from './price-book.ts';

/** What a name of a source may hold: it is shown in tables, reports and prose. */
const PLAIN_NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._:/()+&'@-]{0,59}$/u;

/**
 * Whether a text is fit as the name of a source: letters, digits and plain marks, at most 60.
 *
 * @example isSourceName('European Central Bank') // true
 */
export function isSourceName(text: string): boolean {
  return PLAIN_NAME.test(text);
}

/**
 * The prices of a file, its currencies in the order of its columns.
 *
 * @throws {ClewError} what `parsePriceFile` throws
 * @example priceBookOfFile(bytes, { fileName: 'prices.csv', asset: 'BTC' }).currencies // ['USD', 'EUR']
 */
export function priceBookOfFile(bytes: Uint8Array, options: PriceFileOptions): PriceBook {
  const { fileName, asset } = options;
  const { series }: ParsedPriceFile = parsePriceFile(bytes, options);
  const source = isSourceName(fileName) ? fileName : 'the price file';
  const sha256 = sha256Hex(bytes);
  return new PriceBook(
    asset,
    series.map(({ currency, column, rates }) => ({
      source,
      currency,
      licence: 'not stated',
      fileName,
      sha256,
      column,
      rates,
    })),
    { currencies: series.map(({ currency }) => currency) },
  );
}
