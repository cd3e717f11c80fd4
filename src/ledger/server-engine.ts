/** A ledger's tables on one ClickHouse server. */
import { ClewError } from '../errors.ts';
import type { Columns, InsertOnce, LedgerEngine, Patience } from './engine.ts';
import { type LedgerServers, shardMapError } from './ledger-servers.ts';
import type { DecodedBlock } from './native-block.ts';
import { onlyRow } from './only-row.ts';
import { TIPS_TABLE } from './schema.ts';
import { nativeBody, ServerConnection, sqlString } from './server-connection.ts';
import {
  createServerStatements,
  createServerTable,
  FIRST_SHARD_TABLES,
  SERVER_TABLES,
  SHARD_LOCAL,
} from './server-schema.ts';

/**
 * Connect to the server that has, or will have, a ledger's tables. Nothing is made yet.
 *
 * @throws {ClewError} CLEW_REMOTE_*, CLEW_ENGINE_*; CLEW_SHARD_MAP for one shard of several
 */
export async function openServer(servers: LedgerServers): Promise<LedgerEngine> {
  const connection = new ServerConnection(servers, servers.urls[0]!);
  try {
    await connection.greet();
    await requireNoShard(connection);
    return new ServerEngine(connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** One shard of a cluster would take rows for the others. */
async function requireNoShard(connection: ServerConnection): Promise<void> {
  if (!(await hasTable(connection, SHARD_LOCAL))) return;
  const { host, database } = connection.name;
  throw shardMapError(
    `The database ${database} of ${host} is a shard of a cluster: name the file that lists all its shards.`,
    { ...connection.name },
  );
}

class ServerEngine implements LedgerEngine {
  readonly kind = 'clickhouse';
  readonly tables = SERVER_TABLES;
  readonly hasIdentifiers = true;
  readonly #connection: ServerConnection;
  readonly #queue: InsertQueue;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
    this.#queue = new InsertQueue(connection);
  }

  hasTips(): Promise<boolean> {
    return hasTable(this.#connection, TIPS_TABLE);
  }

  async createTips(): Promise<void> {
    if (await this.hasTips()) return;
    await requireEmpty(this.#connection);
    const { hasCodecs } = this.#connection;
    const tips = FIRST_SHARD_TABLES[TIPS_TABLE];
    await this.command(createServerTable(TIPS_TABLE, tips, { hasCodecs }));
  }

  async createTables(): Promise<void> {
    const { hasCodecs } = this.#connection;
    for (const statement of createServerStatements({ hasCodecs })) await this.command(statement);
  }

  command(sql: string): Promise<void> {
    return this.#connection.command(sql);
  }

  query<Row>(sql: string, patience?: Patience): Promise<Row[]> {
    return this.#connection.query(sql, patience);
  }

  readNative(sql: string): Promise<DecodedBlock[]> {
    return this.#connection.readNative(sql);
  }

  insert(table: string, columns: Columns, once?: InsertOnce): Promise<void> {
    return this.#queue.insert(table, columns, once?.where);
  }

  deleteRows(table: string, where: string): Promise<void> {
    return this.#connection.deleteRows(table, where);
  }

  truncate(table: string): Promise<void> {
    return this.command(`TRUNCATE TABLE ${table}`);
  }

  async forgetAll(): Promise<void> {
    await this.truncate(TIPS_TABLE);
    for (const table of Object.keys(this.tables)) await this.truncate(table);
  }

  settle(): Promise<void> {
    return this.#queue.settle();
  }

  async close(): Promise<void> {
    await this.#queue.settle();
    await this.#connection.close();
  }
}

/** Inserts that are under way at a time: a block at the tip of the chain is a few rows for each of many tables. */
const LINES = 4;

interface Line {
  last: Promise<void>;
  bytes: number;
}

/** Inserts into one server, a few side by side; after one that failed those behind it fail too, until `settle`. */
export class InsertQueue {
  readonly #connection: ServerConnection;
  readonly #lines: readonly Line[];
  #asked: { readonly table: string; readonly where: string }[] = [];
  #counting: Promise<number[]> | undefined;

  constructor(connection: ServerConnection) {
    this.#connection = connection;
    this.#lines = Array.from({ length: LINES }, () => ({ last: Promise.resolve(), bytes: 0 }));
  }

  /** @param where holds of these rows and no others; undefined when they may come twice */
  insert(table: string, columns: Columns, where: string | undefined): Promise<void> {
    const names = Object.keys(columns);
    const { length } = columns[names[0]!]!;
    if (length === 0) return Promise.resolve();
    const body = nativeBody(columns);
    const counting = where === undefined ? undefined : this.#count(table, where);
    // A failure is told by the insert, which waits for it once those before it are in.
    counting?.catch(() => undefined);
    const line = this.#lines.reduce((least, each) => (each.bytes < least.bytes ? each : least));
    line.bytes += body.length;
    const insertion = line.last
      .then(async () => {
        const counted = await counting;
        await this.#connection.insertOnce(table, names, length, body, where, counted);
      })
      .finally(() => {
        line.bytes -= body.length;
      });
    line.last = insertion;
    // Whoever awaits an insert sees its failure; the queue itself must not end the process.
    insertion.catch(() => undefined);
    return insertion;
  }

  /** Asked together with all others that are handed over in the same moment: the tables of a batch. */
  async #count(table: string, where: string): Promise<number> {
    const place = this.#asked.push({ table, where }) - 1;
    this.#counting ??= Promise.resolve().then(() => {
      const asked = this.#asked;
      this.#asked = [];
      this.#counting = undefined;
      return this.#connection.counts(asked);
    });
    const counting = this.#counting;
    return (await counting)[place]!;
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#lines.map(({ last }) => last));
    for (const line of this.#lines) line.last = Promise.resolve();
  }
}

export async function hasTable(connection: ServerConnection, table: string): Promise<boolean> {
  const found = onlyRow(
    await connection.query<{ tables: string }>(
      `SELECT count() AS tables FROM system.tables
     WHERE database = currentDatabase() AND name = ${sqlString(table)}`,
    ),
  );
  return Number(found.tables) > 0;
}

/** A new ledger does not go between somebody else's tables. @throws {ClewError} CLEW_ENGINE_DATABASE */
export async function requireEmpty(connection: ServerConnection): Promise<void> {
  const found = onlyRow(
    await connection.query<{ tables: string }>(
      'SELECT count() AS tables FROM system.tables WHERE database = currentDatabase()',
    ),
  );
  if (Number(found.tables) === 0) return;
  const { host, database } = connection.name;
  throw new ClewError(
    'CLEW_ENGINE_DATABASE',
    `The database ${database} of ${host} holds other tables, and no ledger.`,
    { ...connection.name },
  );
}
