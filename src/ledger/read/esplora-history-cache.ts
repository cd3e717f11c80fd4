/** What is known of the histories of scripts: lists of transactions, and which heights they cover. */
import { sha256 } from '../../bytes/hash.ts';
import { bytesToHex, hexToBytes } from '../../bytes/hex.ts';
import type { ScriptHex, Txid } from '../../units/ids.ts';
import { type EsploraCacheFile, sumOf } from './esplora-cache-file.ts';

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

export class EsploraHistoryCache {
  readonly #file: EsploraCacheFile;
  /** Histories whose rows were counted since the file was opened. */
  readonly #counted = new Set<string>();

  constructor(file: EsploraCacheFile) {
    this.#file = file;
  }

  /** Count everything again before it is believed. */
  forget(): void {
    this.#counted.clear();
  }

  /** Forget what stands in blocks from a height on. */
  cutFrom(height: number): void {
    const rows = this.#file.all('SELECT script_hash, server FROM histories');
    for (const { script_hash, server } of rows as { script_hash: Uint8Array; server: number }[]) {
      this.#cutHistory(script_hash, server, height);
    }
  }

  /** What is known of a script's history from this server; damaged ones are dropped. */
  state(hash: string): HistoryState {
    return this.#history(hexToBytes(hash), this.#file.server);
  }

  #history(key: Uint8Array, server: number): HistoryState {
    const row = this.#file.get(
      'SELECT state, sum FROM histories WHERE script_hash = ? AND server = ?',
      ...[key, server],
    ) as { state: string; sum: string } | undefined;
    if (row === undefined) return NO_HISTORY;
    const name = `${server}:${bytesToHex(key)}`;
    if (row.sum === sumOf(row.state)) {
      const state = JSON.parse(row.state) as HistoryState;
      if (this.#counted.has(name) || this.#isWhole(key, server, state)) {
        this.#counted.add(name);
        return state;
      }
    }
    this.#drop(key, server);
    return NO_HISTORY;
  }

  /** What is known of a script's history can not be right: it is read anew. */
  drop(hash: string): void {
    this.#file.atomically(() => this.#drop(hexToBytes(hash), this.#file.server));
  }

  #drop(key: Uint8Array, server: number): void {
    this.#file.run('DELETE FROM histories WHERE script_hash = ? AND server = ?', key, server);
    this.#file.run('DELETE FROM history_rows WHERE script_hash = ? AND server = ?', key, server);
  }

  #isWhole(key: Uint8Array, server: number, state: HistoryState): boolean {
    const rows = this.#file.all(
      'SELECT height, position, txid FROM history_rows WHERE script_hash = ? AND server = ?',
      ...[key, server],
    ) as { height: number; position: number; txid: Uint8Array }[];
    let digest = 0n;
    for (const { height, position, txid } of rows) {
      digest ^= rowDigest({ height, position, txid: bytesToHex(txid) as Txid });
    }
    return rows.length === state.rows && digestText(digest) === state.digest;
  }

  /** Adds rows to a history and says what it covers now. */
  put(hash: string, rows: readonly HistoryRow[], covered: readonly CoveredHeights[]): HistoryState {
    const key = hexToBytes(hash);
    const before = this.#history(key, this.#file.server);
    let digest = BigInt(`0x${before.digest}`);
    let count = before.rows;
    for (const row of rows) {
      const { changes } = this.#file.run(
        'INSERT OR IGNORE INTO history_rows VALUES (?, ?, ?, ?, ?)',
        ...[key, this.#file.server, row.height, row.position, hexToBytes(row.txid)],
      );
      if (changes === 0) continue;
      digest ^= rowDigest(row);
      count += 1;
    }
    return this.#putState(key, this.#file.server, {
      covered,
      rows: count,
      digest: digestText(digest),
    });
  }

  #putState(key: Uint8Array, server: number, state: HistoryState): HistoryState {
    const text = JSON.stringify(state);
    const sum = sumOf(text);
    this.#file.run('INSERT OR REPLACE INTO histories VALUES (?, ?, ?, ?)', key, server, text, sum);
    this.#counted.add(`${server}:${bytesToHex(key)}`);
    return state;
  }

  #cutHistory(key: Uint8Array, server: number, fork: number): void {
    const before = this.#history(key, server);
    // A part that goes as a whole takes the rows below it with it that belong to its last page.
    const lows = before.covered.filter(({ low }) => low >= fork).map(({ low }) => low - 1);
    const from = Math.min(fork, ...lows);
    const where = 'script_hash = ? AND server = ? AND height >= ?';
    const gone = this.#file.all(
      `SELECT height, position, txid FROM history_rows WHERE ${where}`,
      ...[key, server, from],
    ) as { height: number; position: number; txid: Uint8Array }[];
    let digest = BigInt(`0x${before.digest}`);
    for (const { height, position, txid } of gone) {
      digest ^= rowDigest({ height, position, txid: bytesToHex(txid) as Txid });
    }
    this.#file.run(`DELETE FROM history_rows WHERE ${where}`, key, server, from);
    const covered = before.covered
      .filter(({ low }) => low < fork)
      .map((part) => ({ ...part, high: Math.min(part.high, fork - 1) }));
    const rows = before.rows - gone.length;
    this.#putState(key, server, { covered, rows, digest: digestText(digest) });
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
    const { low, high, before } = range;
    // Ids count where places are not known.
    const { height, position, txid } = before ?? { height: high + 1, position: 0, txid: '' };
    const rows = this.#file.all(
      `SELECT height, position, txid FROM history_rows
       WHERE script_hash = ? AND server = ? AND height BETWEEN ? AND ?
         AND (height, position, txid) < (?, ?, ?)
       ORDER BY height DESC, position DESC, txid DESC LIMIT ?`,
      ...[
        hexToBytes(hash),
        this.#file.server,
        low,
        high,
        height,
        position,
        hexToBytes(txid),
        limit,
      ],
    ) as { height: number; position: number; txid: Uint8Array }[];
    return rows.map((row) => ({ ...row, txid: bytesToHex(row.txid) as Txid }));
  }

  /** How many ids are among the rows. */
  countIds(hash: string): number {
    const row = this.#file.get(
      `SELECT COUNT(DISTINCT txid) AS ids FROM history_rows WHERE script_hash = ? AND server = ?`,
      ...[hexToBytes(hash), this.#file.server],
    );
    return (row as { ids: number }).ids;
  }

  /** The rows of one transaction in a history, newest first: two only for ids used twice. */
  rowsOf(hash: string, txid: Txid): HistoryRow[] {
    const rows = this.#file.all(
      `SELECT height, position FROM history_rows
       WHERE script_hash = ? AND server = ? AND txid = ? ORDER BY height DESC`,
      ...[hexToBytes(hash), this.#file.server, hexToBytes(txid)],
    ) as { height: number; position: number }[];
    return rows.map((row) => ({ ...row, txid }));
  }
}

function rowDigest({ height, position, txid }: HistoryRow): bigint {
  return BigInt(`0x${sumOf(height, position, txid)}`);
}

function digestText(digest: bigint): string {
  return digest.toString(16).padStart(16, '0');
}
