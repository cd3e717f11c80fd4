/**
 * The SQLite file of answers of Esplora servers: opened, its statements prepared once, its failures turned into errors of the
 * catalogue. What it holds: `esplora-cache.ts`.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { sha256Hex } from '../../bytes/hash.ts';
import { bytesToHex } from '../../bytes/hex.ts';
import { ClewError } from '../../errors.ts';
import { fileError } from '../../file-error.ts';

const CACHE_FORMAT = '1';

const TABLES = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS servers (id INTEGER PRIMARY KEY, base TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS headers (
    hash BLOB PRIMARY KEY, height INTEGER NOT NULL, header BLOB NOT NULL,
    transactions INTEGER, size_bytes INTEGER, sum TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS headers_by_height ON headers (height);
  CREATE TABLE IF NOT EXISTS block_txids (
    hash BLOB PRIMARY KEY, height INTEGER NOT NULL, txids BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS transactions (
    txid BLOB PRIMARY KEY, height INTEGER NOT NULL, block_hash BLOB NOT NULL, time INTEGER NOT NULL,
    position INTEGER NOT NULL, is_proven INTEGER NOT NULL, server INTEGER NOT NULL,
    tip INTEGER NOT NULL, stripped BLOB NOT NULL, beside TEXT NOT NULL, sum TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS transactions_by_height ON transactions (height);
  CREATE TABLE IF NOT EXISTS spends (
    prevout BLOB NOT NULL, txid BLOB NOT NULL, vin INTEGER NOT NULL,
    PRIMARY KEY (prevout, txid, vin)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS spends_by_txid ON spends (txid);
  CREATE TABLE IF NOT EXISTS said_spenders (
    txid BLOB NOT NULL, server INTEGER NOT NULL, tip INTEGER NOT NULL, tip_hash BLOB NOT NULL,
    said TEXT NOT NULL, sum TEXT NOT NULL, PRIMARY KEY (txid, server)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS bare_keys (
    twin BLOB NOT NULL, script BLOB NOT NULL, txid BLOB NOT NULL,
    PRIMARY KEY (twin, script, txid)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS histories (
    script_hash BLOB NOT NULL, server INTEGER NOT NULL, state TEXT NOT NULL, sum TEXT NOT NULL,
    PRIMARY KEY (script_hash, server)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS history_rows (
    script_hash BLOB NOT NULL, server INTEGER NOT NULL, height INTEGER NOT NULL,
    position INTEGER NOT NULL, txid BLOB NOT NULL,
    PRIMARY KEY (script_hash, server, height, position, txid)) WITHOUT ROWID;
`;

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const SQLITE = {
  error: 1,
  busy: 5,
  corrupt: 11,
  full: 13,
  constraint: 19,
  notADatabase: 26,
} as const;

export type Value = Uint8Array | string | number | null;

/** The file can not be read any more: `beginAnew`, and ask again. */
export class CacheDamaged extends Error {}

/** Digest of some fields: for damage, not against forgery. */
export function sumOf(...fields: readonly (string | number | null)[]): string {
  return sha256Hex(fields.join('|')).slice(0, 16);
}

/** Bytes of a row as hex. Where a damaged file gives something else, it is not to be read further. */
export function hexOf(value: unknown): string {
  if (value instanceof Uint8Array) return bytesToHex(value);
  throw new CacheDamaged();
}

export class EsploraCacheFile {
  readonly #network: string;
  readonly #base: URL;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();
  #db!: DatabaseSync;
  #server!: number;

  /** @see EsploraCache */
  constructor(folder: string, network: string, base: URL) {
    this.#network = network;
    this.#base = base;
    this.#path = join(folder, 'cache.sqlite');
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw fileError(error, folder);
    }
    try {
      this.#open();
    } catch (error) {
      if (!(error instanceof CacheDamaged)) throw error;
      this.beginAnew();
    }
  }

  /** Number of the server that is asked: rows that are its word carry it. */
  get server(): number {
    return this.#server;
  }

  #open(): void {
    const { host, protocol, pathname } = this.#base;
    const name = `${protocol}//${host}${pathname}`;
    try {
      this.#db = new DatabaseSync(this.#path);
      this.exec('PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 10000;');
      this.exec(`PRAGMA synchronous = NORMAL; ${TABLES}`);
      this.#setMeta('format', CACHE_FORMAT);
      this.#setMeta('network', this.#network);
      this.run('INSERT OR IGNORE INTO servers (base) VALUES (?)', name);
      const row = this.get('SELECT id FROM servers WHERE base = ?', name);
      this.#server = (row as { id: number }).id;
    } catch (error) {
      this.close();
      throw this.#errorOf(error);
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#db?.isOpen) this.#db.close();
  }

  /** Puts a damaged file aside, and begins with an empty one. */
  beginAnew(): void {
    this.close();
    try {
      for (const end of ['-wal', '-shm']) rmSync(this.#path + end, { force: true });
      renameSync(this.#path, `${this.#path}.damaged`);
    } catch (error) {
      throw fileError(error, this.#path);
    }
    this.#open();
  }

  /** All of it counts, or nothing. */
  atomically<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.exec('ROLLBACK');
      throw error;
    }
  }

  #setMeta(name: string, value: string): void {
    this.run('INSERT OR IGNORE INTO meta VALUES (?, ?)', name, value);
    const row = this.get('SELECT value FROM meta WHERE name = ?', name) as { value: string };
    if (row.value === value) return;
    throw new ClewError(
      'CLEW_DATA_FOREIGN',
      `The cache of Esplora answers is of another ${name}.`,
      { [name]: row.value },
    );
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  run(sql: string, ...values: Value[]): { changes: number } {
    return this.#guarded(() => ({ changes: Number(this.#statement(sql).run(...values).changes) }));
  }

  get(sql: string, ...values: Value[]): object | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values) as object | undefined);
  }

  all(sql: string, ...values: Value[]): object[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as object[]);
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw this.#errorOf(error);
    }
  }

  #errorOf(error: unknown): unknown {
    const code = (error as { errcode?: number }).errcode;
    if (code === undefined) return error;
    const path = this.#path;
    switch (code % 256) {
      // Statements that are right fail like this where the file has other tables or rows than were made.
      case SQLITE.error:
      case SQLITE.constraint:
      case SQLITE.corrupt:
      case SQLITE.notADatabase:
        return new CacheDamaged();
      case SQLITE.full:
        return new ClewError('CLEW_NO_SPACE', 'The disk is full.', { path });
      case SQLITE.busy:
        return new ClewError('CLEW_DATA_BUSY', 'Another program writes the cache of answers.', {
          path,
        });
      default:
        return new ClewError('CLEW_FILE_UNREADABLE', 'The cache of answers can not be used.', {
          path,
          sqlite: code,
        });
    }
  }
}
