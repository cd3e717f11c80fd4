/**
 * The database engine under the ledger: chDB in this process (here), one ClickHouse server (`server-engine.ts`) or several
 * (`cluster-engine.ts`), all through the official ClickHouse client.
 *
 * Only what these do differently is behind the interface: tables, bulk rows in, bulk rows out, dropping rows. Everything else
 * is plain SQL in the dialect that all run: that of version 18.16.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import {
  type DecodedBlock,
  decodeNativeBlocks,
  encodeNativeBlock,
  type NativeColumn,
} from './native-block.ts';
import {
  createTableStatements,
  createTipsStatement,
  TABLES,
  TIPS_TABLE,
  WAITING_TABLE,
} from './schema.ts';
import { createServerStatements, SERVER_TABLES } from './server-schema.ts';
import type { TableDefinition } from './table-definition.ts';

export type Columns = Readonly<Record<string, NativeColumn>>;

export type Patience = 'read' | 'write';

/** What rows are, for engines that put them on shards and insert them once only, however often they try. */
export interface InsertOnce {
  /** Holds of these rows of the table, and of no others. */
  readonly where: string;
  /** Number of the first block, and after how many rows each block ends; for tables that are kept by block. */
  readonly byBlock?: { readonly first: bigint; readonly ends: Float64Array };
}

export interface LedgerEngine {
  readonly kind: 'chdb' | 'clickhouse' | 'cluster';
  /** The numbered tables that it keeps. */
  readonly tables: Readonly<Record<string, TableDefinition>>;
  /** Whether these are the wide ones of `server-schema.ts`, with identifiers and look-up tables. */
  readonly hasIdentifiers: boolean;
  /** Whether the commit log is there: a database that somebody only reads may be empty. */
  hasTips(): Promise<boolean>;
  /** Make the commit log, unless it is there. */
  createTips(): Promise<void>;
  /** Make the other tables, unless they are there. */
  createTables(): Promise<void>;
  /** Run a statement that answers nothing; on a cluster the first shard runs it. */
  command(sql: string): Promise<void>;
  /**
   * Rows as objects; 64-bit integers come as decimal strings.
   *
   * @param patience whoever writes waits for a server that is started again; whoever reads is told soon
   */
  query<Row>(sql: string, patience?: Patience): Promise<Row[]>;
  /** Rows as typed arrays, for bulk reading. */
  readNative(sql: string): Promise<DecodedBlock[]>;
  /**
   * Insert columns of equal length; nothing happens for no rows. The rows are written aside before this returns, so
   * the columns may be filled again at once; the promise tells when they are in. Inserts run one after the other;
   * after one that failed the later ones fail too, until `settle`.
   *
   * @param once however often a server has to be asked, the rows are in once
   */
  insert(table: string, columns: Columns, once?: InsertOnce): Promise<void>;
  /** Drop the rows of which a condition holds, and wait until they are gone. Costs little when there are none. */
  deleteRows(table: string, where: string): Promise<void>;
  /** Drop all rows of a table. */
  truncate(table: string): Promise<void>;
  /** Forget everything but the blocks that wait, whatever format it has; the commit log first. */
  forgetAll(): Promise<void>;
  /** Wait until no insert is under way, whether they succeeded or not, and forget failures. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** What of chDB's connection is used beyond the client's own interface. */
interface ChdbAccess {
  queryAsync(sql: string, options: { format: string }): Promise<{ bytes(): Uint8Array }>;
}

/**
 * Open (or make) a chDB database in a folder.
 *
 * @param isWide with the tables of servers: for tests that hold the engines against each other
 * @throws {ClewError} CLEW_DATA_BUSY when another process has it open
 */
export async function openChdb(folder: string, isWide = false): Promise<LedgerEngine> {
  const scratch = join(folder, 'incoming');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw fileError(cause, folder);
  }
  const { client, chdb } = await connect(folder);
  try {
    // Only now: before the engine has its lock, what lies there may be another process's.
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { mode: 0o700 });
  } catch (cause) {
    await client.close();
    throw fileError(cause, scratch);
  }
  return new ChdbEngine(folder, scratch, client, chdb, isWide);
}

async function connect(folder: string): Promise<{ client: ClickHouseClient; chdb: ChdbAccess }> {
  const database = join(folder, 'chdb');
  // The engine is half a gigabyte: commands that need no ledger must not load it.
  const { createChdbConnection } = await import('chdb/connection');
  try {
    const connection = createChdbConnection({ path: database });
    const client = createClient({
      // The same interface; only the optional properties' exactness differs between the two packages' types.
      connection: connection as unknown as NonNullable<
        NonNullable<Parameters<typeof createClient>[0]>['connection']
      >,
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 },
    });
    await client.command({ query: 'SELECT 1' });
    return { client, chdb: connection.chdb };
  } catch (cause) {
    const pid = holderOf(database);
    if (pid === undefined) throw engineError(cause, folder);
    const facts = { folder, pid };
    throw new ClewError('CLEW_DATA_BUSY', 'The ledger is open in another process.', facts, cause);
  }
}

class ChdbEngine implements LedgerEngine {
  readonly kind = 'chdb';
  readonly tables: Readonly<Record<string, TableDefinition>>;
  readonly hasIdentifiers: boolean;
  readonly #folder: string;
  /** Where rows lie on their way in. */
  readonly #scratch: string;
  readonly #client: ClickHouseClient;
  readonly #chdb: ChdbAccess;
  #insertCount = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    folder: string,
    scratch: string,
    client: ClickHouseClient,
    chdb: ChdbAccess,
    isWide: boolean,
  ) {
    this.tables = isWide ? SERVER_TABLES : TABLES;
    this.hasIdentifiers = isWide;
    this.#folder = folder;
    this.#scratch = scratch;
    this.#client = client;
    this.#chdb = chdb;
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw engineError(cause, this.#folder);
    }
  }

  async hasTips(): Promise<boolean> {
    await this.createTips();
    return true;
  }

  createTips(): Promise<void> {
    return this.command(createTipsStatement());
  }

  async createTables(): Promise<void> {
    const statements = this.hasIdentifiers
      ? createServerStatements({ hasCodecs: true })
      : createTableStatements();
    for (const statement of statements) await this.command(statement);
  }

  async command(sql: string): Promise<void> {
    await this.#run(() => this.#client.command({ query: sql }));
  }

  query<Row>(sql: string): Promise<Row[]> {
    return this.#run(async () => {
      const answer = await this.#client.query({ query: sql, format: 'JSONEachRow' });
      return (await answer.json()) as Row[];
    });
  }

  async readNative(sql: string): Promise<DecodedBlock[]> {
    const answer = await this.#run(() => this.#chdb.queryAsync(sql, { format: 'Native' }));
    return [...decodeNativeBlocks(answer.bytes())];
  }

  insert(table: string, columns: Columns): Promise<void> {
    const names = Object.keys(columns);
    if (columns[names[0]!]!.length === 0) return this.#queue;
    this.#insertCount += 1;
    const path = join(this.#scratch, `${table}-${this.#insertCount}.native`);
    writeParts(path, encodeNativeBlock(columns));
    const list = names.join(', ');
    const sql = `INSERT INTO ${table} (${list}) SELECT ${list} FROM file('${sqlText(path)}', Native)`;
    const insertion = this.#queue
      .then(async () => {
        await this.#run(() => this.#chdb.queryAsync(sql, { format: 'Null' }));
      })
      // Also the files of inserts that never ran because one before them failed.
      .finally(() => rm(path, { force: true }));
    this.#queue = insertion;
    // Whoever awaits an insert sees its failure; the queue itself must not end the process.
    insertion.catch(() => undefined);
    return insertion;
  }

  async deleteRows(table: string, where: string): Promise<void> {
    // A mutation makes every part anew, a tenth of a second each even for nothing. Parts that go whole are dropped: a
    // reorganisation right after single blocks came in, each as a part of its own, took seconds otherwise.
    const parts = await this.query<{ part: string; rows: string }>(
      `SELECT _part AS part, count() AS rows FROM ${table} WHERE ${where} GROUP BY _part`,
    );
    if (parts.length === 0) return;
    const all = await this.query<{ name: string; rows: string }>(
      `SELECT name, rows FROM system.parts
       WHERE active AND database = currentDatabase() AND table = '${table}'`,
    );
    const rowsOf = new Map(all.map(({ name, rows }) => [name, Number(rows)]));
    let isLeft = false;
    for (const { part, rows } of parts) {
      const isWhole = rowsOf.get(part) === Number(rows);
      if (!isWhole || !(await this.#dropPart(table, part))) isLeft = true;
    }
    if (!isLeft) return;
    await this.command(`ALTER TABLE ${table} DELETE WHERE ${where} SETTINGS mutations_sync = 2`);
  }

  /** @returns false when it was joined with others meanwhile */
  async #dropPart(table: string, part: string): Promise<boolean> {
    try {
      await this.command(`ALTER TABLE ${table} DROP PART '${part}'`);
      return true;
    } catch {
      return false;
    }
  }

  truncate(table: string): Promise<void> {
    return this.command(`TRUNCATE TABLE ${table}`);
  }

  async forgetAll(): Promise<void> {
    await this.command(`DROP TABLE IF EXISTS ${TIPS_TABLE} SYNC`);
    for (const { name } of await this.query<{ name: string }>('SHOW TABLES')) {
      if (name !== WAITING_TABLE) await this.command(`DROP TABLE IF EXISTS ${name} SYNC`);
    }
  }

  async settle(): Promise<void> {
    await this.#queue.catch(() => undefined);
    this.#queue = Promise.resolve();
  }

  async close(): Promise<void> {
    // The engine must not go while it still reads a file.
    await this.#queue.catch(() => undefined);
    await this.#client.close();
  }
}

function sqlText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}

function writeParts(path: string, parts: Uint8Array[]): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'w', 0o600);
    for (const part of parts) {
      let done = 0;
      while (done < part.length) done += writeSync(fd, part, done, part.length - done);
    }
  } catch (cause) {
    // On a full disk half a file would only hold up whoever makes room.
    rmSync(path, { force: true });
    throw fileError(cause, path);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * The live process that has a database open, from the file that the engine keeps there as long as it runs.
 * The engine's own message says no more than that it could not connect.
 */
function holderOf(database: string): number | undefined {
  let status: string;
  try {
    status = readFileSync(join(database, 'status'), 'utf8');
  } catch {
    return undefined;
  }
  const pid = Number(/^PID: (\d+)/m.exec(status)?.[1] ?? Number.NaN);
  return Number.isInteger(pid) && isAlive(pid) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A failure of the engine as an error of the catalogue. The engine's own words may hold data: they stay in the cause. */
function engineError(cause: unknown, folder: string): ClewError {
  if (cause instanceof ClewError) return cause;
  const words = cause instanceof Error ? cause.message : String(cause);
  // The client's errors carry number and name apart, chDB's have them in the text.
  const { code, type } = cause as { code?: unknown; type?: unknown };
  const engineCode =
    typeof code === 'string' && /^\d+$/.test(code) ? code : /^Code: (\d+)\./.exec(words)?.[1];
  if (type === 'NOT_ENOUGH_SPACE' || /\(NOT_ENOUGH_SPACE\)|No space left on device/.test(words)) {
    return new ClewError('CLEW_NO_SPACE', 'The disk is full.', { folder }, cause);
  }
  return new ClewError(
    'CLEW_LEDGER_DAMAGED',
    'The database engine refused a statement.',
    { folder, engineCode: engineCode ?? 'unknown' },
    cause,
  );
}
