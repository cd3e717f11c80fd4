/**
 * What is known of the histories of scripts: lists of transactions, and which heights they cover.
 *
 * A list is read whole, held against the number and the digest of its rows, and served from memory from then on: parts of it
 * read from a damaged file could lack rows without a trace.
 */
import { sha256 } from '../../bytes/hash.ts';
import { bytesToHex, hexToBytes } from '../../bytes/hex.ts';
import type { ScriptHex, Txid } from '../../units/ids.ts';
import { type EsploraCacheFile, hexOf, sumOf } from './esplora-cache-file.ts';

/** Heights of which all transactions of a script are known, and where older ones begin. */
export interface CoveredHeights {
  readonly low: number;
  readonly high: number;
  /** The last transaction of the pages read; undefined when there are no older ones. */
  readonly cursor: Txid | undefined;
}

/** How much of a script's history is known, newest part first. */
export interface HistoryState {
  readonly covered: readonly CoveredHeights[];
  /** Rows kept, and the exclusive or of their digests: what tells a damaged list. */
  readonly rows: number;
  readonly digest: string;
}

export interface HistoryRow {
  readonly height: number;
  readonly position: number;
  readonly txid: Txid;
}

export const NO_HISTORY: HistoryState = { covered: [], rows: 0, digest: '0'.repeat(16) };

/** The key of a script in requests and in the cache: its SHA-256. */
export function scriptHash(script: ScriptHex): string {
  return bytesToHex(sha256(hexToBytes(script)));
}

/** Rows of histories in memory at a time: some 100 bytes each. */
const ROWS_KEPT = 500_000;

/** A list that was found whole. */
interface KnownHistory {
  readonly state: HistoryState;
  /** The state as it stands in the file: another there means that somebody else changed it. */
  readonly text: string;
  /** Newest first. */
  readonly rows: HistoryRow[];
  /** Newest first too. */
  readonly byTxid: Map<Txid, HistoryRow[]>;
}

const NOTHING_KNOWN: KnownHistory = { state: NO_HISTORY, text: '', rows: [], byTxid: new Map() };

interface FileRow {
  readonly height: number;
  readonly position: number;
  readonly txid: Uint8Array;
}

export class EsploraHistoryCache {
  readonly #file: EsploraCacheFile;
  /** Lists that were asked for last, by script hash. */
  readonly #known = new Map<string, KnownHistory>();
  #rowsKept = 0;

  constructor(file: EsploraCacheFile) {
    this.#file = file;
  }

  /** Read everything again before it is believed. */
  forget(): void {
    this.#known.clear();
    this.#rowsKept = 0;
  }

  /** What is known of a script's history from this server; damaged ones are dropped. */
  state(hash: string): HistoryState {
    return this.#find(hash).state;
  }

  #find(hash: string): KnownHistory {
    const key = hexToBytes(hash);
    const row = this.#file.get(
      'SELECT state, sum FROM histories WHERE script_hash = ? AND server = ?',
      ...[key, this.#file.server],
    ) as { state: string; sum: string } | undefined;
    const known = this.#known.get(hash);
    if (row !== undefined && known?.text === row.state) return known;
    this.#remove(hash);
    if (row === undefined) return NOTHING_KNOWN;
    const found = row.sum === stateSum(hash, row.state) ? this.#read(key, row.state) : undefined;
    if (found !== undefined) return this.#remember(hash, found);
    this.#drop(key, this.#file.server);
    return NOTHING_KNOWN;
  }

  /** The list as the file has it; undefined when it is not what the state says. */
  #read(key: Uint8Array, text: string): KnownHistory | undefined {
    const state = JSON.parse(text) as HistoryState;
    const all = this.#file.all(
      'SELECT height, position, txid FROM history_rows WHERE script_hash = ? AND server = ?',
      ...[key, this.#file.server],
    ) as FileRow[];
    if (all.length !== state.rows) return undefined;
    const rows: HistoryRow[] = [];
    let digest = 0n;
    for (const { height, position, txid } of all) {
      if (!(txid instanceof Uint8Array)) return undefined;
      const row = { height, position, txid: hexOf(txid) as Txid };
      digest ^= rowDigest(row);
      rows.push(row);
    }
    if (digestText(digest) !== state.digest) return undefined;
    return knownOf(state, text, rows.sort(newestFirst));
  }

  #remember(hash: string, known: KnownHistory): KnownHistory {
    this.#remove(hash);
    for (const oldest of this.#known.keys()) {
      if (this.#rowsKept + known.rows.length <= ROWS_KEPT) break;
      this.#remove(oldest);
    }
    this.#known.set(hash, known);
    this.#rowsKept += known.rows.length;
    return known;
  }

  #remove(hash: string): void {
    this.#rowsKept -= this.#known.get(hash)?.rows.length ?? 0;
    this.#known.delete(hash);
  }

  /** What is known of a script's history can not be right: it is read anew. */
  drop(hash: string): void {
    this.#remove(hash);
    this.#file.atomically(() => this.#drop(hexToBytes(hash), this.#file.server));
  }

  #drop(key: Uint8Array, server: number): void {
    this.#file.run('DELETE FROM histories WHERE script_hash = ? AND server = ?', key, server);
    this.#file.run('DELETE FROM history_rows WHERE script_hash = ? AND server = ?', key, server);
  }

  /** Adds rows to a history and says what it covers now. Call it within `atomically`. */
  put(hash: string, rows: readonly HistoryRow[], covered: readonly CoveredHeights[]): HistoryState {
    const key = hexToBytes(hash);
    const before = this.#find(hash);
    const { server } = this.#file;
    // What a drop may have left behind in a damaged file.
    if (before === NOTHING_KNOWN) this.#drop(key, server);
    let digest = BigInt(`0x${before.state.digest}`);
    const added: HistoryRow[] = [];
    for (const row of rows) {
      const same = before.byTxid.get(row.txid) ?? [];
      if (same.some(({ height, position }) => height === row.height && position === row.position)) {
        continue;
      }
      this.#file.run(
        'INSERT OR REPLACE INTO history_rows VALUES (?, ?, ?, ?, ?)',
        ...[key, server, row.height, row.position, hexToBytes(row.txid)],
      );
      digest ^= rowDigest(row);
      added.push(row);
    }
    // The list in memory grows in place: it is forgotten when what `put` belongs to is rolled back.
    this.#remove(hash);
    const all = before.rows.length === 0 ? [] : before.rows;
    const last = all.at(-1);
    added.sort(newestFirst);
    all.push(...added);
    const isBelow = last === undefined || added.length === 0 || newestFirst(last, added[0]!) < 0;
    if (!isBelow) all.sort(newestFirst);
    const byTxid = before.rows.length === 0 ? new Map<Txid, HistoryRow[]>() : before.byTxid;
    for (const row of added) noteRow(byTxid, row);
    const state = { covered, rows: all.length, digest: digestText(digest) };
    const text = this.#putState(hash, server, state);
    return this.#remember(hash, { state, text, rows: all, byTxid }).state;
  }

  #putState(hash: string, server: number, state: HistoryState): string {
    const text = JSON.stringify(state);
    this.#file.run(
      'INSERT OR REPLACE INTO histories VALUES (?, ?, ?, ?)',
      ...[hexToBytes(hash), server, text, stateSum(hash, text)],
    );
    return text;
  }

  /** Forget what stands in blocks from a height on. */
  cutFrom(fork: number): void {
    this.forget();
    const all = this.#file.all('SELECT script_hash, server, state, sum FROM histories') as {
      script_hash: Uint8Array;
      server: number;
      state: string;
      sum: string;
    }[];
    for (const { script_hash, server, state, sum } of all) {
      const hash = hexOf(script_hash);
      if (sum === stateSum(hash, state)) this.#cut(hash, server, JSON.parse(state), fork);
      else this.#drop(script_hash, server);
    }
  }

  #cut(hash: string, server: number, before: HistoryState, fork: number): void {
    // A part that goes as a whole takes the rows below it with it that belong to its last page.
    const lows = before.covered.filter(({ low }) => low >= fork).map(({ low }) => low - 1);
    const from = Math.min(fork, ...lows);
    const where = 'script_hash = ? AND server = ? AND height >= ?';
    const key = hexToBytes(hash);
    const gone = this.#file.all(
      `SELECT height, position, txid FROM history_rows WHERE ${where}`,
      ...[key, server, from],
    ) as FileRow[];
    let digest = BigInt(`0x${before.digest}`);
    for (const { height, position, txid } of gone) {
      digest ^= rowDigest({ height, position, txid: hexOf(txid) as Txid });
    }
    this.#file.run(`DELETE FROM history_rows WHERE ${where}`, key, server, from);
    const covered = before.covered
      .filter(({ low }) => low < fork)
      .map((part) => ({ ...part, high: Math.min(part.high, fork - 1) }));
    const rows = before.rows - gone.length;
    this.#putState(hash, server, { covered, rows, digest: digestText(digest) });
  }

  /**
   * Rows of a history, newest first.
   *
   * @param range from the height `low` to `high`; only what stands before `before`, when given
   */
  rows(
    hash: string,
    range: { low: number; high: number; before?: HistoryRow },
    limit: number,
  ): HistoryRow[] {
    const { rows } = this.#find(hash);
    const { low, high, before } = range;
    const isAfter = (row: HistoryRow): boolean =>
      row.height <= high && (before === undefined || newestFirst(before, row) < 0);
    let start = 0;
    let end = rows.length;
    while (start < end) {
      const middle = Math.floor((start + end) / 2);
      if (isAfter(rows[middle]!)) end = middle;
      else start = middle + 1;
    }
    const found: HistoryRow[] = [];
    for (let i = start; i < rows.length && found.length < limit; i += 1) {
      if (rows[i]!.height < low) break;
      found.push(rows[i]!);
    }
    return found;
  }

  /** How many ids are among the rows. */
  countIds(hash: string): number {
    return this.#find(hash).byTxid.size;
  }

  /** The rows of one transaction in a history, newest first: two only for ids used twice. */
  rowsOf(hash: string, txid: Txid): readonly HistoryRow[] {
    return this.#find(hash).byTxid.get(txid) ?? [];
  }
}

/** By height and place; by id where places are not known. */
function newestFirst(a: HistoryRow, b: HistoryRow): number {
  if (a.height !== b.height) return b.height - a.height;
  if (a.position !== b.position) return b.position - a.position;
  return a.txid < b.txid ? 1 : a.txid > b.txid ? -1 : 0;
}

function knownOf(state: HistoryState, text: string, rows: HistoryRow[]): KnownHistory {
  const byTxid = new Map<Txid, HistoryRow[]>();
  for (const row of rows) noteRow(byTxid, row);
  return { state, text, rows, byTxid };
}

function noteRow(byTxid: Map<Txid, HistoryRow[]>, row: HistoryRow): void {
  const same = byTxid.get(row.txid);
  if (same === undefined) byTxid.set(row.txid, [row]);
  else same.push(row);
  if (same !== undefined) same.sort(newestFirst);
}

function stateSum(hash: string, text: string): string {
  return sumOf(hash, text);
}

function rowDigest({ height, position, txid }: HistoryRow): bigint {
  return BigInt(`0x${sumOf(height, position, txid)}`);
}

function digestText(digest: bigint): string {
  return digest.toString(16).padStart(16, '0');
}
