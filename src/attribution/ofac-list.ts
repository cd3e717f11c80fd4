/**
 * Sanctions lists in their barest form: one address a line, the coin in the name of the file
 * (`XBT.txt`, `sanctioned_addresses_LTC.txt`), as they are published from OFAC's list by others.
 *
 * Such a file says neither whose list it is nor of which day, so the caller does. It says nothing
 * about the day on which an address was listed either: the tag's day is that of the list.
 */
import { basename } from 'node:path';
import { ClewError } from '../errors.ts';
import { parseDay } from './statement.ts';
import { placeSubject, type Scope } from './subject.ts';
import { type ParsedStatement, type ParsedTags, TagCollector } from './tag-collector.ts';

export interface ListOrigin {
  /** Whose list, and where it was taken from. */
  readonly source: string;
  /** The day of the list, `YYYY-MM-DD`. */
  readonly day?: string;
}

export const OFAC_ORIGIN: ListOrigin = {
  source: 'OFAC, Specially Designated Nationals and Blocked Persons list (addresses only)',
};

const FILE_NAME = /(?:^|[_-])([A-Z0-9]{2,5})\.txt$/;

/**
 * The coin that the name of a list stands for, or undefined when it names none.
 *
 * @example tickerOfList('sanctioned_addresses_XBT.txt') // 'XBT'
 */
export function tickerOfList(fileName: string): string | undefined {
  return FILE_NAME.exec(fileName)?.[1];
}

/**
 * Read a sanctions list.
 *
 * @param text the file, decoded; empty lines and lines that begin with # are passed over
 * @param file its name, which must tell the coin
 * @param scope for which ledger the tags are read, see `subject.ts`
 * @param origin whose list it is, and of which day
 * @throws {ClewError} CLEW_TAGS_FORMAT when the name tells no coin or the day is none
 * @example parseOfacList(text, 'XBT.txt', 'real', { source: 'OFAC SDN list', day: '2024-09-27' })
 */
export function parseOfacList(
  text: string,
  file: string,
  scope: Scope,
  origin: ListOrigin,
): ParsedTags {
  const ticker = tickerOfList(basename(file));
  if (ticker === undefined) {
    const message = `The name of ${file} does not tell the coin, as in XBT.txt.`;
    throw new ClewError('CLEW_TAGS_FORMAT', message, { file });
  }
  if (origin.day !== undefined && parseDay(origin.day) !== origin.day) {
    throw new ClewError('CLEW_TAGS_FORMAT', `The day given for ${file} is no date.`, { file });
  }
  const statement: ParsedStatement = {
    label: 'on a sanctions list',
    source: origin.source,
    confidence: 'authority_data',
    category: 'sanction',
    abuse: 'sanction',
    concepts: ['sanction'],
    ...(origin.day !== undefined && { lastmodDay: origin.day }),
    clusterDefiner: false,
    tagType: 'attribute',
    status: 'active',
  };
  const collector = new TagCollector(file);
  let tag = 0;
  let line = 0;
  for (const row of text.split('\n')) {
    line += 1;
    const address = row.trim();
    if (address === '' || address.startsWith('#')) continue;
    tag += 1;
    const placed = placeSubject('address', address, ticker, scope);
    if (placed.kind === 'subject') collector.add(statement, placed.subject);
    else if (placed.kind === 'elsewhere') collector.addOtherChain(placed.chain);
    else collector.addReject(placed.reject, { tag, line });
  }
  return collector.finish({
    format: 'address-list',
    title: `Sanctioned addresses, ${ticker}`,
    creator: origin.source,
  });
}
