/**
 * Seed files: the addresses, transactions and outputs that an investigation begins from.
 *
 * A seed file is CSV with a header. Columns named `address`, `txid`, `txid:n` or `outpoint` hold seeds, each cell any
 * of the three; `source`, `site`, `seen_at` and `note` say where a seed comes from; other columns are
 * carried through. Nothing is passed over in silence: what is no seed is listed with its line and the reason,
 * valid addresses of other chains apart from it, and seeds that stand on several lines with all of them.
 *
 * What leaves here is fit for reports: links are replaced by keyed digests, formulas are made harmless, and
 * characters that can not be seen are gone; see `harmless-text.ts`.
 */
import { sha256Hex } from '../bytes/hash.ts';
import { recogniseAddress } from '../chain/address.ts';
import { type Network, type NetworkName, REAL_NETWORKS } from '../chain/network.ts';
import { ClewError, type ErrorCode, type Problem } from '../errors.ts';
import type { Address, Txid } from '../units/ids.ts';
import { csvRows } from './csv.ts';
import {
  excerpt,
  looksLikeFormula,
  looksLikeLink,
  replaceLinks,
  siteDigest,
  withoutInvisible,
} from './harmless-text.ts';
import { type ColumnRole, findHeader, type SeedColumn, seedColumns } from './seed-columns.ts';
import { seedFileText } from './seed-file-text.ts';
import { readSeedText, type SeedReading } from './seed-text.ts';

/** What one line says about a seed. */
export interface Sighting {
  readonly line: number;
  readonly source?: string;
  /** An opaque id; what looked like a link is `site-` and 16 hex digits. */
  readonly site?: string;
  /** As written. */
  readonly seenAt?: string;
  readonly note?: string;
  readonly extra: Readonly<Record<string, string>>;
}

export interface Seed {
  readonly kind: 'address' | 'tx' | 'output';
  /** Canonical spelling; for `address`. */
  readonly address?: Address;
  /** Lower case; for `tx` and `output`. */
  readonly txid?: Txid;
  /** For `output`. */
  readonly vout?: number;
  /** Every line that names it, from 1. */
  readonly lines: readonly number[];
  /** The same lines with what they say. */
  readonly sightings: readonly Sighting[];
  /** From the first line that says it. */
  readonly source?: string;
  readonly site?: string;
  readonly seenAt?: string;
  readonly note?: string;
  readonly extra: Readonly<Record<string, string>>;
}

export interface SeedSet {
  /** In the order of their first lines. */
  readonly seeds: readonly Seed[];
  readonly rejected: readonly RejectedLine[];
  readonly otherChains: readonly OtherChainLine[];
  readonly duplicates: readonly { readonly line: number; readonly firstLine: number }[];
  readonly warnings: readonly Problem[];
  /** Names of the columns, in order. */
  readonly columns: readonly string[];
  /** Of the file as it was given. */
  readonly sha256: string;
}

export interface RejectedLine {
  readonly line: number;
  /** The cell, shortened and made harmless. */
  readonly text: string;
  readonly code: ErrorCode;
  readonly reason: string;
}

export interface OtherChainLine {
  readonly line: number;
  readonly text: string;
  /** Ticker; several, joined by commas, where an address does not tell. */
  readonly chain: string;
}

export interface SeedOptions {
  /** Key for the digests that stand for links; one per installation. */
  readonly siteKey: Uint8Array;
  /** Networks that the user works with besides the ledger's: an address that is valid there too is warned about. */
  readonly otherNetworks?: readonly NetworkName[];
}

export const SEED_LINES_MAX = 1_000_000;
const SITE_KEY_BYTES_MIN = 16;
/** Warnings of one kind that are listed one by one; the rest is counted. */
const WARNINGS_LISTED = 1000;
/** Longest cell that is carried into a report. */
const CELL_CHARACTERS_MAX = 10_000;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type GrowingSeed = Mutable<Seed> & { lines: number[]; sightings: Sighting[] };

const CARRIED = ['source', 'site', 'seenAt', 'note'] as const;

class SeedReader {
  readonly #network: Network;
  readonly #siteKey: Uint8Array;
  readonly #columns: readonly SeedColumn[];
  /** Networks whose addresses may be meant instead. */
  readonly #rivals: ReadonlySet<NetworkName>;
  readonly #byName = new Map<string, GrowingSeed>();
  readonly #warningCounts = new Map<ErrorCode, number>();
  readonly rejected: RejectedLine[] = [];
  readonly otherChains: OtherChainLine[] = [];
  readonly duplicates: { line: number; firstLine: number }[] = [];
  readonly warnings: Problem[] = [];

  constructor(network: Network, options: SeedOptions, columns: readonly SeedColumn[]) {
    this.#network = network;
    this.#siteKey = options.siteKey;
    this.#rivals = rivalsOf(network, options.otherNetworks ?? []);
    this.#columns = columns;
  }

  get seeds(): Seed[] {
    return [...this.#byName.values()];
  }

  /** One row of the file. */
  take(line: number, cells: readonly string[]): void {
    if (cells.every((cell) => withoutInvisible(cell).trim() === '')) return;
    const voutColumn = this.#columns.findIndex(({ role }) => role === 'vout');
    const vout = (cells[voutColumn] ?? '').trim();
    let sighting: Sighting | undefined;
    let hasSeed = false;
    for (const [i, column] of this.#columns.entries()) {
      if (column.role !== 'seed') continue;
      const text = withoutInvisible(cells[i] ?? '').trim();
      if (text === '') continue;
      hasSeed = true;
      const reading = readSeedText(text, this.#network, vout);
      if (reading.kind === 'rejected') {
        const { code, reason } = reading;
        this.rejected.push({ line, text: excerpt(text, this.#siteKey), code, reason });
      } else if (reading.kind === 'otherChain') {
        this.otherChains.push({ line, text, chain: reading.chain });
      } else {
        if (reading.kind === 'address') this.#warnOfRivals(line, column.name, text);
        sighting ??= this.#sightingOf(line, cells);
        this.#add(reading, sighting);
      }
    }
    if (!hasSeed) {
      const text = excerpt(cells.join(' '), this.#siteKey);
      const reason = 'The line has nothing in a column for addresses, transactions or outputs.';
      this.rejected.push({ line, text, code: 'CLEW_ADDRESS_FORMAT', reason });
    }
  }

  #add(reading: Extract<SeedReading, { kind: Seed['kind'] }>, sighting: Sighting): void {
    const { line } = sighting;
    const name =
      reading.kind === 'address'
        ? reading.address
        : reading.kind === 'tx'
          ? reading.txid
          : `${reading.txid}:${reading.vout}`;
    const known = this.#byName.get(name);
    if (known === undefined) {
      const { line: _, ...said } = sighting;
      this.#byName.set(name, { ...reading, lines: [line], sightings: [sighting], ...said });
      return;
    }
    this.duplicates.push({ line, firstLine: known.lines[0]! });
    if (known.lines.at(-1) === line) return;
    known.lines.push(line);
    known.sightings.push(sighting);
    for (const field of CARRIED) {
      const value = sighting[field];
      if (known[field] === undefined && value !== undefined) known[field] = value;
    }
    known.extra = { ...sighting.extra, ...known.extra };
  }

  /** What a line says besides its seeds. */
  #sightingOf(line: number, cells: readonly string[]): Sighting {
    const said: Mutable<Partial<Record<(typeof CARRIED)[number], string>>> = {};
    const extra: [string, string][] = [];
    for (const [i, cell] of cells.entries()) {
      const column = this.#columns[i] ?? { role: 'extra', name: `column ${i + 1}` };
      if (column.role === 'seed' || column.role === 'vout') continue;
      const value = this.#carried(line, column.role, column.name, cell);
      if (value === '') continue;
      if (column.role === 'extra') extra.push([column.name, value]);
      else said[column.role] = value;
    }
    return { line, ...said, extra: Object.fromEntries(extra) };
  }

  /** A cell as it may stand in a report. */
  #carried(line: number, role: ColumnRole, column: string, cell: string): string {
    const isFormula = looksLikeFormula(cell);
    const plain = withoutInvisible(cell).trim();
    if (plain === '') return '';
    const safe = this.#withoutLinks(plain, role);
    if (safe !== plain) {
      const message = `A link in column "${column}" was replaced by a keyed digest.`;
      this.#warn('CLEW_SEED_LINK', message, line, column);
    }
    const isLong = safe.length > CELL_CHARACTERS_MAX;
    const short = isLong ? `${safe.slice(0, CELL_CHARACTERS_MAX)}…`.toWellFormed() : safe;
    // A whole cell that became a digest begins with no formula any more.
    if (!looksLikeFormula(short) && !(isFormula && safe === plain)) return short;
    const message = `A cell in column "${column}" begins like a formula and got an apostrophe.`;
    this.#warn('CLEW_SEED_FORMULA', message, line, column);
    return `'${short}`;
  }

  #withoutLinks(plain: string, role: ColumnRole): string {
    if (role === 'site') {
      return looksLikeLink(plain) ? siteDigest(plain, this.#siteKey) : plain;
    }
    // A source is often named by its domain: "example.org hash list".
    return replaceLinks(plain, this.#siteKey, role === 'source' ? 'explicit' : 'any');
  }

  /** The same string may be somebody else's address elsewhere. */
  #warnOfRivals(line: number, column: string, text: string): void {
    if (this.#rivals.size === 0) return;
    const rivals = recogniseAddress(text).flatMap(({ network }) =>
      network !== undefined && this.#rivals.has(network) ? [network] : [],
    );
    if (rivals.length === 0) return;
    const message = `The address is valid on ${rivals.join(' and ')} too; it was read as one of ${this.#network.name}.`;
    this.#warn('CLEW_SEED_AMBIGUOUS', message, line, column);
  }

  #warn(code: ErrorCode, message: string, line: number, column: string): void {
    const count = (this.#warningCounts.get(code) ?? 0) + 1;
    this.#warningCounts.set(code, count);
    if (count <= WARNINGS_LISTED) this.warnings.push({ code, message, facts: { line, column } });
  }

  /** The last word on warnings that were too many to list. */
  finishWarnings(): void {
    for (const [code, count] of this.#warningCounts) {
      const more = count - WARNINGS_LISTED;
      if (more <= 0) continue;
      this.warnings.push({
        code,
        message: `And ${more} more warnings like this.`,
        facts: { more },
      });
    }
  }
}

/**
 * The networks that an address may be meant for instead: others that the user works with, and the real ones before this in the
 * table, whose spelling it shares (Litecoin's old P2SH addresses, Bitcoin Cash's old form). A Bitcoin address is taken
 * for one of Bitcoin unless the user works with others.
 */
function rivalsOf(network: Network, others: readonly NetworkName[]): ReadonlySet<NetworkName> {
  const before = network.isTest ? [] : REAL_NETWORKS.slice(0, REAL_NETWORKS.indexOf(network));
  const rivals = new Set([...before.map(({ name }) => name), ...others]);
  rivals.delete(network.name);
  return rivals;
}

function nothingUsable(reader: SeedReader): ClewError {
  const facts: Record<string, number> = {
    rejected: reader.rejected.length,
    otherChains: reader.otherChains.length,
  };
  for (const { code } of reader.rejected) facts[code] = (facts[code] ?? 0) + 1;
  const { rejected, otherChains } = reader;
  return new ClewError(
    'CLEW_SEEDS_EMPTY',
    `No line holds a seed: ${rejected.length} were refused, ${otherChains.length} are of other chains.`,
    facts,
    { rejected, otherChains, duplicates: [], warnings: reader.warnings },
  );
}

/**
 * Read a seed file.
 *
 * @param bytes the file: CSV with `,`, `;` or tabs, in UTF-8 (or UTF-16 with a byte order mark)
 * @param network the network of the ledger
 * @throws {ClewError} CLEW_SEEDS_FORMAT, CLEW_SEEDS_HEADER, CLEW_SEEDS_TOO_LARGE; CLEW_SEEDS_EMPTY with counts by
 *   reason, and the lines themselves as `cause`, when there is no seed
 * @example parseSeeds(readFileSync('seeds.csv'), getNetwork('main'), { siteKey }).seeds.length
 */
export function parseSeeds(bytes: Uint8Array, network: Network, options: SeedOptions): SeedSet {
  const { siteKey } = options;
  if (siteKey.length < SITE_KEY_BYTES_MIN) {
    throw new RangeError(`siteKey: ${siteKey.length} bytes, at least ${SITE_KEY_BYTES_MIN} wanted`);
  }
  const text = seedFileText(bytes);
  const { separator, headerStart, headerLine } = findHeader(text);
  let columns: SeedColumn[] | undefined;
  let reader: SeedReader | undefined;
  for (const row of csvRows(text.slice(headerStart), separator)) {
    const line = row.line + headerLine - 1;
    if (line > SEED_LINES_MAX) {
      throw new ClewError(
        'CLEW_SEEDS_TOO_LARGE',
        `The seed file has more than ${SEED_LINES_MAX} lines.`,
        { linesMax: SEED_LINES_MAX },
      );
    }
    if (reader === undefined) {
      columns = seedColumns(row.cells, siteKey);
      reader = new SeedReader(network, options, columns);
    } else {
      reader.take(line, row.cells);
    }
  }
  if (reader === undefined || columns === undefined) {
    throw new ClewError('CLEW_SEEDS_HEADER', 'The seed file is empty.', { line: 1 });
  }
  const { seeds, rejected, otherChains, duplicates, warnings } = reader;
  if (seeds.length === 0) throw nothingUsable(reader);
  reader.finishWarnings();
  return {
    seeds,
    rejected,
    otherChains,
    duplicates,
    warnings,
    columns: columns.map(({ name }) => name),
    sha256: sha256Hex(bytes),
  };
}

/**
 * Everything about a seed file that is worth telling, as findings: refused lines first, then other chains, seeds
 * that stand twice, and warnings. Findings name lines and columns, never what stands there.
 *
 * @param set what was read, or the `cause` of CLEW_SEEDS_EMPTY
 * @example for (const { code, message } of seedProblems(set)) print(code, message)
 */
export function* seedProblems(
  set: Pick<SeedSet, 'rejected' | 'otherChains' | 'duplicates' | 'warnings'>,
): Generator<Problem, void, void> {
  for (const { line, code, reason } of set.rejected)
    yield { code, message: reason, facts: { line } };
  for (const { line, chain } of set.otherChains) {
    const message = `A valid address of ${chain}, which this ledger does not hold.`;
    yield { code: 'CLEW_SEED_OTHER_CHAIN', message, facts: { line, chain } };
  }
  for (const { line, firstLine } of set.duplicates) {
    const message = `The seed stands on line ${firstLine} already.`;
    yield { code: 'CLEW_SEED_DUPLICATE', message, facts: { line, firstLine } };
  }
  yield* set.warnings;
}
