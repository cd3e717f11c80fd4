/**
 * The header of a seed file: which separator, and what each column is for.
 */
import { ClewError } from '../errors.ts';
import { csvRows } from './csv.ts';
import { looksLikeFormula, replaceLinks, withoutInvisible } from './harmless-text.ts';

export type ColumnRole = 'seed' | 'vout' | 'source' | 'site' | 'seenAt' | 'note' | 'extra';

export interface SeedColumn {
  readonly role: ColumnRole;
  /** Its name in the file, made harmless and unique. */
  readonly name: string;
}

const COLUMNS_MAX = 200;
const SEPARATORS = [',', ';', '\t'] as const;

/** Names that a seed may stand under; what a cell holds decides, not the name of its column. */
const SEED_NAMES: readonly string[] = [
  'address',
  'txid',
  'txid:n',
  'txid:vout',
  'outpoint',
  'output',
];

const OTHER_NAMES: Readonly<Record<string, ColumnRole>> = {
  vout: 'vout',
  source: 'source',
  site: 'site',
  seen_at: 'seenAt',
  seenat: 'seenAt',
  'seen at': 'seenAt',
  note: 'note',
};

function roleOf(name: string): ColumnRole {
  const plain = withoutInvisible(name).trim().toLowerCase();
  if (SEED_NAMES.includes(plain)) return 'seed';
  return Object.hasOwn(OTHER_NAMES, plain) ? OTHER_NAMES[plain]! : 'extra';
}

/** Text of a seed file split into its parts. */
export interface SeedFileParts {
  readonly separator: string;
  /** Where the header begins in the text, and the number of its line. */
  readonly headerStart: number;
  readonly headerLine: number;
}

/**
 * The separator of a seed file and where its header stands. Blank lines before it and the line `sep=;` that Excel
 * writes are passed over.
 *
 * @throws {ClewError} CLEW_SEEDS_HEADER when the first line names no seed column
 */
export function findHeader(text: string): SeedFileParts {
  let headerStart = 0;
  let headerLine = 1;
  const linePattern = /[^\r\n]*(?:\r\n|\r|\n|$)/y;
  let announced: string | undefined;
  while (headerStart < text.length) {
    linePattern.lastIndex = headerStart;
    const line = linePattern.exec(text)![0];
    const plain = withoutInvisible(line).trim();
    const sep = /^"?sep=(.)"?$/i.exec(plain);
    // A tab after "sep=" is gone with the trimming.
    if (sep !== null || /^"?sep=\t/i.test(line)) announced = sep?.[1] ?? '\t';
    else if (plain !== '') break;
    headerStart += line.length;
    headerLine += 1;
  }
  const candidates = announced === undefined ? SEPARATORS : [announced];
  const rank = (separator: string): number => {
    const [row] = csvRows(text.slice(headerStart, headerStart + 64 * 1024), separator);
    return row?.cells.some((cell) => roleOf(cell) === 'seed') ? row.cells.length : 0;
  };
  const [best] = candidates
    .map((separator) => ({ separator, cells: rank(separator) }))
    .sort((a, b) => b.cells - a.cells);
  if (best === undefined || best.cells === 0) {
    throw new ClewError(
      'CLEW_SEEDS_HEADER',
      headerStart < text.length
        ? `Line ${headerLine} names no column "address", "txid" or "outpoint".`
        : 'The seed file is empty.',
      { line: headerLine },
    );
  }
  return { separator: best.separator, headerStart, headerLine };
}

/**
 * What the columns are for. Of two columns with the same role the first one has it, but any number may hold seeds.
 *
 * @param siteKey for links that stand in the header
 * @throws {ClewError} CLEW_SEEDS_FORMAT when there are more than 200
 * @example seedColumns(['Address', 'case'], key) // [{ role: 'seed', … }, { role: 'extra', name: 'case' }]
 */
export function seedColumns(cells: readonly string[], siteKey: Uint8Array): SeedColumn[] {
  if (cells.length > COLUMNS_MAX) {
    throw new ClewError(
      'CLEW_SEEDS_FORMAT',
      `The header names ${cells.length} columns; at most ${COLUMNS_MAX} are read.`,
      { columns: cells.length, columnsMax: COLUMNS_MAX },
    );
  }
  const taken = new Set<ColumnRole>();
  const names = new Set<string>();
  return cells.map((cell, i) => {
    let role = roleOf(cell);
    if (role !== 'seed' && taken.has(role)) role = 'extra';
    taken.add(role);
    const plain = replaceLinks(withoutInvisible(cell).trim(), siteKey);
    const wanted = plain === '' ? `column ${i + 1}` : looksLikeFormula(plain) ? `'${plain}` : plain;
    let name = wanted;
    for (let copy = 2; names.has(name); copy += 1) name = `${wanted} (${copy})`;
    names.add(name);
    return { role, name };
  });
}
