/**
 * The workspace database: one SQLite file that only its owner may read.
 *
 * WAL with full sync: what a transaction committed is there after a crash of the machine, and what
 * it did not commit is gone whole.
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { ClewError } from '../errors.ts';
import { MIGRATIONS, STORE_VERSION } from './migrations.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { sqliteError } from './sqlite-error.ts';
import type { StoreSchema } from './store-schema.ts';

export interface Store {
  readonly path: string;
  /** Queries; only files of this folder write them. */
  readonly db: Kysely<StoreSchema>;
  /** Close the file. Work that is under way ends first; calling twice is fine. */
  close(): Promise<void>;
}

export interface StoreOptions {
  /** How long to wait for another process that writes, in milliseconds (5,000 by default). */
  readonly busyTimeoutMs?: number;
}

/** Pages of 4 KiB that SQLite keeps in memory, as negative KiB: importing goes through the tag key. */
const CACHE_KIB = 64 * 1024;

/**
 * Open the database, make it when it is not there, and bring older tables up to date.
 *
 * @param path the file, usually `<data>/store.sqlite`; its folder must exist
 * @returns the store; close it when done
 * @throws {ClewError} CLEW_DATA_NEWER when a newer Clew wrote it, CLEW_DATA_FOREIGN when it is
 *   something else, CLEW_DATA_BUSY when another process keeps it locked, CLEW_NO_SPACE,
 *   CLEW_STORE_DAMAGED, CLEW_FOLDER_MISSING, CLEW_FILE_UNREADABLE
 * @example const store = await openStore(join(dataFolder, 'store.sqlite'))
 */
export async function openStore(path: string, options: StoreOptions = {}): Promise<Store> {
  makePrivate(path);
  const database = openDatabase(path, options.busyTimeoutMs ?? 5_000);
  const db = new Kysely<StoreSchema>({ dialect: sqliteDialect(database, path) });
  try {
    await migrate(db, path, () => setUp(database, path));
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return { path, db, close: () => db.destroy() };
}

/** The file is made by us, not by SQLite, so that it is private from its first moment. */
function makePrivate(path: string): void {
  try {
    if (!existsSync(path)) closeSync(openSync(path, 'wx', 0o600));
    // Others' rights on a file that was copied here; the side files inherit from it.
    else if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const facts = { path };
    if (code === 'EEXIST') return;
    if (code === 'ENOENT') {
      throw new ClewError('CLEW_FOLDER_MISSING', `No folder for ${path}.`, facts, error);
    }
    if (code === 'ENOSPC') {
      throw new ClewError('CLEW_NO_SPACE', `No room for ${path}.`, facts, error);
    }
    throw new ClewError('CLEW_FILE_UNREADABLE', `${path} can not be opened.`, facts, error);
  }
}

function openDatabase(path: string, busyTimeoutMs: number): DatabaseSync {
  try {
    const database = new DatabaseSync(path, {
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
      allowExtension: false,
    });
    database.enableDefensive(true);
    return database;
  } catch (error) {
    throw sqliteError(error, path);
  }
}

/** Settings that write to the file: only after we know that the file is ours. */
function setUp(database: DatabaseSync, path: string): void {
  try {
    database.exec('pragma journal_mode = wal');
    database.exec('pragma synchronous = full');
    database.exec('pragma trusted_schema = off');
    database.exec(`pragma cache_size = -${CACHE_KIB}`);
  } catch (error) {
    throw sqliteError(error, path);
  }
}

async function migrate(db: Kysely<StoreSchema>, path: string, setUp: () => void): Promise<void> {
  const found = await readVersion(db, path);
  refuseNewer(found, path);
  setUp();
  if (found === STORE_VERSION) return;
  await db.transaction().execute(async (change) => {
    // Read again: between the two, another process may have done the same work.
    const version = await readVersion(change, path);
    refuseNewer(version, path);
    for (const step of MIGRATIONS.slice(version)) await step(change);
    if (version === 0) {
      await change.schema
        .createTable('clew_store')
        .addColumn('version', 'integer', (column) => column.notNull())
        .execute();
      await change.insertInto('clew_store').values({ version: STORE_VERSION }).execute();
    } else {
      await change.updateTable('clew_store').set({ version: STORE_VERSION }).execute();
    }
  });
}

/** 0 when the file is empty. */
async function readVersion(db: Kysely<StoreSchema>, path: string): Promise<number> {
  const tables = await db.introspection.getTables();
  if (tables.length === 0) return 0;
  const row = tables.some((table) => table.name === 'clew_store')
    ? await db.selectFrom('clew_store').select('version').executeTakeFirst()
    : undefined;
  if (row === undefined) {
    const message = `${basename(path)} is a database of another program.`;
    throw new ClewError('CLEW_DATA_FOREIGN', message, { path });
  }
  return row.version;
}

function refuseNewer(version: number, path: string): void {
  if (version <= STORE_VERSION) return;
  throw new ClewError(
    'CLEW_DATA_NEWER',
    `${basename(path)} has version ${version}; this Clew knows versions up to ${STORE_VERSION}.`,
    { path, version, versionMax: STORE_VERSION },
  );
}
