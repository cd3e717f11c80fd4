/**
 * A ledger's tables on the shards of a ClickHouse cluster.
 *
 *     <name>_local   on every shard: its rows            <name>   on every shard: `Distributed` over these, for reading
 *     tips, waiting_blocks, files   on the first shard alone
 *     shard_local, shards           which shard of which ledger this is
 *
 * Rows go to the shards directly, those of a block to one shard, those of look-up tables by their keys. All is read through
 * the first shard, which asks the others: when one of them is down there is no answer, never a part of one.
 */
import { randomBytes } from 'node:crypto';
import { bytesToHex } from '../bytes/hex.ts';
import { ClewError } from '../errors.ts';
import type { Columns, InsertOnce, LedgerEngine, Patience } from './engine.ts';
import { type LedgerServers, shardMapError } from './ledger-servers.ts';
import type { DecodedBlock } from './native-block.ts';
import { onlyRow } from './only-row.ts';
import { TIPS_TABLE } from './schema.ts';
import { ServerConnection, sqlString } from './server-connection.ts';
import { hasTable, InsertQueue, requireEmpty } from './server-engine.ts';
import {
  createServerTable,
  FIRST_SHARD_TABLES,
  SERVER_TABLES,
  SHARD_LOCAL,
} from './server-schema.ts';
import { shardsByBlock, shardsByKey, splitColumns } from './split-columns.hot.ts';
import type { TableDefinition } from './table-definition.ts';

const SHARD_TABLE = {
  columns: { ledger: 'String', shard: 'UInt32', shards: 'UInt32' },
  orderBy: 'shard',
} as const;
const SHARDS = 'shards';

interface ShardRow {
  readonly ledger: string;
  readonly shard: number;
  readonly shards: number;
}

/**
 * Connect to all shards, and see that each is the one that it should be. Nothing is made yet.
 *
 * @throws {ClewError} CLEW_SHARD_DOWN, CLEW_SHARD_MAP, CLEW_REMOTE_*, CLEW_ENGINE_*
 */
export async function openCluster(servers: LedgerServers): Promise<LedgerEngine> {
  const shards = servers.urls.map((url, i) => new ServerConnection(servers, url, i + 1));
  const engine = new ClusterEngine(servers, shards);
  try {
    // All are asked before one of them may fail: none goes on when the others are closed.
    const greeted = await Promise.allSettled(shards.map((shard) => shard.greet()));
    for (const result of greeted) if (result.status === 'rejected') throw result.reason;
    await engine.requireMap();
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

class ClusterEngine implements LedgerEngine {
  readonly kind = 'cluster';
  readonly tables: Readonly<Record<string, TableDefinition>> = SERVER_TABLES;
  readonly hasIdentifiers = true;
  readonly #servers: LedgerServers;
  readonly #shards: readonly ServerConnection[];
  readonly #queues: readonly InsertQueue[];

  constructor(servers: LedgerServers, shards: readonly ServerConnection[]) {
    this.#servers = servers;
    this.#shards = shards;
    this.#queues = shards.map((shard) => new InsertQueue(shard));
  }

  get #first(): ServerConnection {
    return this.#shards[0]!;
  }

  /**
   * Each shard says which one it is, the servers know each other under the cluster's name, and reading reaches all of them.
   *
   * @throws {ClewError} CLEW_SHARD_MAP
   */
  async requireMap(): Promise<void> {
    await this.#requireCluster();
    const rows = await Promise.all(this.#shards.map((shard) => shardRowOf(shard)));
    if (rows.every((row) => row === undefined)) {
      await this.#requireNoShards();
      return;
    }
    const ledger = rows.find((row) => row !== undefined)!.ledger;
    const isBegun = await hasTable(this.#first, TIPS_TABLE);
    for (const [i, row] of rows.entries()) {
      const { name } = this.#shards[i]!;
      if (row === undefined) {
        // Stopped while it was laid out: it is finished before anything is written.
        if (!isBegun) continue;
        const what = `Shard ${i + 1} (${name.host}) holds nothing of this ledger.`;
        throw shardMapError(what, { ...name });
      }
      if (row.ledger !== ledger) {
        const what = `Shard ${i + 1} (${name.host}) belongs to another ledger than the shards before it.`;
        throw shardMapError(what, { ...name });
      }
      if (row.shard === i + 1 && row.shards === rows.length) continue;
      const what = `Shard ${i + 1} (${name.host}) answers as shard ${row.shard} of ${row.shards}.`;
      throw shardMapError(what, { ...name, found: row.shard, shards: row.shards });
    }
    if (isBegun) await this.#requireReach(ledger);
  }

  /** The tables of one server instead of a cluster. */
  async #requireNoShards(): Promise<void> {
    if (!(await hasTable(this.#first, TIPS_TABLE))) return;
    const { name } = this.#first;
    throw shardMapError(
      `The database ${name.database} of ${name.host} holds a ledger of one server, not of a cluster.`,
      { ...name },
    );
  }

  /** The operator's `remote_servers` name as many shards. */
  async #requireCluster(): Promise<void> {
    const { cluster, urls } = this.#servers;
    for (const shard of this.#shards) {
      const found = onlyRow(
        await shard.query<{ shards: string }>(
          `SELECT uniqExact(shard_num) AS shards FROM system.clusters WHERE cluster = ${sqlString(cluster!)}`,
        ),
      );
      const shards = Number(found.shards);
      if (shards === urls.length) continue;
      throw shardMapError(
        shards === 0
          ? `The server ${shard.name.host} knows no cluster ${cluster}: \`clew ledger cluster-config\` prints what it needs.`
          : `The server ${shard.name.host} knows ${shards} shards of the cluster ${cluster}, the file names ${urls.length}.`,
        { ...shard.name, cluster: cluster!, found: shards, expected: urls.length },
      );
    }
  }

  /** Asked through the first shard, each shard answers once. */
  async #requireReach(ledger: string): Promise<void> {
    const rows = await this.query<ShardRow>(`SELECT ledger, shard, shards FROM ${SHARDS}`);
    const numbers = rows.map(({ shard }) => shard).sort((a, b) => a - b);
    const isWhole =
      numbers.length === this.#shards.length &&
      numbers.every((shard, i) => shard === i + 1) &&
      rows.every((row) => row.ledger === ledger);
    if (isWhole) return;
    const { cluster } = this.#servers;
    throw shardMapError(
      `Through the cluster ${cluster} of ${this.#first.name.host} other shards answer than the file names.`,
      { ...this.#first.name, cluster: cluster!, found: numbers.join(' ') },
    );
  }

  hasTips(): Promise<boolean> {
    return hasTable(this.#first, TIPS_TABLE);
  }

  async createTips(): Promise<void> {
    if (await this.hasTips()) return;
    const rows = await Promise.all(this.#shards.map((shard) => shardRowOf(shard)));
    const ledger = rows.find((row) => row !== undefined)?.ledger ?? bytesToHex(randomBytes(16));
    for (const [i, shard] of this.#shards.entries()) {
      if (rows[i] !== undefined) continue;
      if (!(await hasTable(shard, SHARD_LOCAL))) await requireEmpty(shard);
      const { hasCodecs } = shard;
      await shard.command(createServerTable(SHARD_LOCAL, SHARD_TABLE, { hasCodecs }));
      await shard.command(
        `INSERT INTO ${SHARD_LOCAL} (ledger, shard, shards) VALUES ('${ledger}', ${i + 1}, ${rows.length})`,
      );
    }
    for (const shard of this.#shards) await shard.command(this.#distributed(SHARDS, SHARD_LOCAL));
    const { hasCodecs } = this.#first;
    const tips = FIRST_SHARD_TABLES[TIPS_TABLE];
    await this.#first.command(createServerTable(TIPS_TABLE, tips, { hasCodecs }));
  }

  async createTables(): Promise<void> {
    for (const [name, table] of Object.entries(FIRST_SHARD_TABLES)) {
      const { hasCodecs } = this.#first;
      await this.#first.command(createServerTable(name, table, { hasCodecs }));
    }
    for (const [name, table] of Object.entries(this.tables)) {
      const { shardBy } = table;
      const isOnFirst = shardBy === 'first';
      for (const shard of isOnFirst ? [this.#first] : this.#shards) {
        const { hasCodecs } = shard;
        const suffix = isOnFirst ? '' : '_local';
        await shard.command(createServerTable(name, table, { hasCodecs, suffix }));
        if (isOnFirst) continue;
        const key = shardBy === 'block' ? undefined : shardBy;
        await shard.command(this.#distributed(name, `${name}_local`, key));
      }
    }
  }

  #distributed(name: string, local: string, key?: string): string {
    const { cluster, database } = this.#servers;
    const last = key === undefined ? '' : `, ${key}`;
    return (
      `CREATE TABLE IF NOT EXISTS ${name} AS ${local} ` +
      `ENGINE = Distributed(${cluster}, ${database}, ${local}${last})`
    );
  }

  command(sql: string): Promise<void> {
    return this.#first.command(sql);
  }

  query<Row>(sql: string, patience?: Patience): Promise<Row[]> {
    return this.#reading(() => this.#first.query(sql, patience));
  }

  readNative(sql: string): Promise<DecodedBlock[]> {
    return this.#reading(() => this.#first.readNative(sql));
  }

  /** Say which shard is down: the first one, which was asked, or one that it asked. */
  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ClewError) || error.code !== 'CLEW_SHARD_DOWN') throw error;
      const faults = await Promise.all(this.#shards.map((shard) => shard.fault()));
      throw faults.find((fault) => fault?.code === 'CLEW_SHARD_DOWN') ?? error;
    }
  }

  async insert(table: string, columns: Columns, once?: InsertOnce): Promise<void> {
    const shards = this.#shards.length;
    const shardBy = this.tables[table]?.shardBy ?? 'first';
    if (shardBy === 'first') return this.#queues[0]!.insert(table, columns, once?.where);
    const shardOf =
      shardBy === 'block'
        ? shardsByBlock(once!.byBlock!.first, once!.byBlock!.ends, shards)
        : shardsByKey(columns[shardBy]!, shards);
    const parts = splitColumns(columns, shardOf, shards);
    await Promise.all(
      parts.map((part, i) => this.#queues[i]!.insert(`${table}_local`, part, once?.where)),
    );
  }

  /** The tables that hold the rows of a table, and where. */
  #placesOf(table: string): [ServerConnection, string][] {
    const shardBy = this.tables[table]?.shardBy ?? 'first';
    if (shardBy === 'first') return [[this.#first, table]];
    return this.#shards.map((shard) => [shard, `${table}_local`]);
  }

  async deleteRows(table: string, where: string): Promise<void> {
    await Promise.all(this.#placesOf(table).map(([shard, name]) => shard.deleteRows(name, where)));
  }

  async truncate(table: string): Promise<void> {
    await Promise.all(
      this.#placesOf(table).map(([shard, name]) => shard.command(`TRUNCATE TABLE ${name}`)),
    );
  }

  async forgetAll(): Promise<void> {
    await this.truncate(TIPS_TABLE);
    for (const table of Object.keys(this.tables)) await this.truncate(table);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.settle()));
  }

  async close(): Promise<void> {
    await this.settle();
    await Promise.all(this.#shards.map((shard) => shard.close()));
  }
}

/** What a shard says that it is; undefined when it holds nothing of a cluster yet. */
async function shardRowOf(shard: ServerConnection): Promise<ShardRow | undefined> {
  if (!(await hasTable(shard, SHARD_LOCAL))) return undefined;
  const [row] = await shard.query<ShardRow>(`SELECT ledger, shard, shards FROM ${SHARD_LOCAL}`);
  return row;
}
