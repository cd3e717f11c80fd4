/**
 * One ClickHouse server, asked over HTTP through the official client: what it answers, what it refuses, and patience with
 * one that is being restarted.
 *
 * Rows go in once only, however often it takes: before every attempt the rows of the batch's range are counted. All are there:
 * nothing to do. None: they are inserted. Some: those are dropped first. An insert that may still be running is ended before.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { systemClock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import { trustedCertificates } from '../net/http-agent.ts';
import { remoteTimeoutMs } from '../net/remote-timeout.ts';
import { backOffMs } from '../net/retry-delay.ts';
import type { Columns, Patience } from './engine.ts';
import type { LedgerServers } from './ledger-servers.ts';
import { type DecodedBlock, decodeNativeBlocks, encodeNativeBlock } from './native-block.ts';
import { onlyRow } from './only-row.ts';
import { isPassing, type ServerName, serverError } from './server-error.ts';
import { exchange, SHORT_ANSWER_BYTES_MAX, type Statement } from './server-exchange.ts';

/** Nothing older has ALTER DELETE or decimals. */
const OLDEST_VERSION = [18, 16] as const;
/** Column codecs. */
const CODECS_SINCE = [19, 11] as const;

/** A server that is being started again is waited for: this long by whoever writes, and by whoever reads. */
const WRITE_PATIENCE_MS = 180_000;
const READ_PATIENCE_MS = 3_000;
/** One that takes a request and is silent. */
const WRITE_TIMEOUT_MS = 600_000;
const READ_TIMEOUT_MS = 120_000;
const FAULT_TIMEOUT_MS = 2_000;
const MUTATION_POLL_MS = 30;
/** Rows of a question, and rows in bulk: a page of columns has some tens of megabytes. */
const ROWS_BYTES_MAX = 2 ** 29 - 2 ** 20;
const BULK_BYTES_MAX = 2 ** 31;

export class ServerConnection {
  readonly name: ServerName;
  readonly #client: ClickHouseClient;
  readonly #writePatienceMs: number;
  readonly #readPatienceMs: number;
  readonly #readTimeoutMs: number;
  #version: readonly [number, number] = OLDEST_VERSION;

  /** @param shard its number on a cluster, from 1; undefined for a single server */
  constructor(servers: LedgerServers, url: string, shard?: number) {
    const { host } = new URL(url);
    this.name = { host, database: servers.database, ...(shard === undefined ? {} : { shard }) };
    this.#writePatienceMs = servers.writePatienceMs ?? WRITE_PATIENCE_MS;
    this.#readPatienceMs = servers.readPatienceMs ?? READ_PATIENCE_MS;
    this.#readTimeoutMs = servers.readTimeoutMs ?? remoteTimeoutMs(process.env) ?? READ_TIMEOUT_MS;
    this.#client = createClient({
      url,
      database: servers.database,
      username: servers.user ?? 'default',
      password: servers.password ?? '',
      request_timeout: WRITE_TIMEOUT_MS,
      log: { level: ClickHouseLogLevel.OFF },
      ...(servers.caFile === undefined
        ? {}
        : { tls: { ca_cert: Buffer.from(trustedCertificates(servers.caFile).join('\n')) } }),
    });
  }

  get hasCodecs(): boolean {
    return isFrom(this.#version, CODECS_SINCE);
  }

  /**
   * Find out whether this is a ClickHouse server that can be used, and that the database is there.
   *
   * @throws {ClewError} CLEW_REMOTE_*, CLEW_ENGINE_OLD, CLEW_ENGINE_AUTH, CLEW_ENGINE_DATABASE
   */
  async greet(): Promise<void> {
    const asked = 'SELECT version() FORMAT TabSeparated';
    const text = (await this.#answer(asked, 'read', SHORT_ANSWER_BYTES_MAX)).toString();
    const found = /^(\d+)\.(\d+)(\.\d+)*[-\w.]*\n$/.exec(text);
    if (found === null) {
      throw new ClewError(
        'CLEW_REMOTE_FORMAT',
        `${this.name.host} answers, but not as a ClickHouse server does.`,
        { ...this.name },
      );
    }
    this.#version = [Number(found[1]), Number(found[2])];
    if (!isFrom(this.#version, OLDEST_VERSION)) {
      throw new ClewError(
        'CLEW_ENGINE_OLD',
        `The ClickHouse server ${this.name.host} has version ${text.trim()}; ${OLDEST_VERSION.join('.')} is the oldest that can be used.`,
        { ...this.name, version: text.trim() },
      );
    }
    // Old versions do not mind a database that is missing until a table of it is asked for.
    const named = onlyRow(
      await this.query<{ databases: string }>(
        `SELECT count() AS databases FROM system.databases WHERE name = ${sqlString(this.name.database)}`,
      ),
    );
    if (Number(named.databases) === 1) return;
    throw new ClewError(
      'CLEW_ENGINE_DATABASE',
      `The server ${this.name.host} has no database ${this.name.database}, or not for this user.`,
      { ...this.name },
    );
  }

  async query<Row>(sql: string, patience: Patience = 'read'): Promise<Row[]> {
    return this.#rows(await this.#answer(`${sql} FORMAT JSONEachRow`, patience, ROWS_BYTES_MAX));
  }

  #rows<Row>(answer: Buffer): Row[] {
    const lines = answer.toString().split('\n');
    return this.#read(() =>
      lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row),
    );
  }

  /** What can not be read is no answer of ClickHouse. */
  #read<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof ClewError) throw cause;
      throw new ClewError(
        'CLEW_REMOTE_FORMAT',
        `${this.name.host} answers, but not as a ClickHouse server does.`,
        { ...this.name },
        cause,
      );
    }
  }

  /** What is wrong with this server just now, if anything. */
  async fault(): Promise<ClewError | undefined> {
    try {
      const signal = AbortSignal.timeout(FAULT_TIMEOUT_MS);
      await this.#send({ sql: 'SELECT 1', signal });
      return undefined;
    } catch (cause) {
      return serverError(cause, this.name);
    }
  }

  async readNative(sql: string): Promise<DecodedBlock[]> {
    const answer = await this.#answer(`${sql} FORMAT Native`, 'read', BULK_BYTES_MAX);
    return this.#read(() => [...decodeNativeBlocks(answer)]);
  }

  async command(sql: string): Promise<void> {
    await this.#patiently('write', () => this.#send({ sql }));
  }

  #send(statement: Omit<Statement, 'bytesMax'>): Promise<Buffer> {
    const bytesMax = SHORT_ANSWER_BYTES_MAX;
    return exchange(this.#client, this.name, { bytesMax, ...statement });
  }

  /** The whole answer, or an error: the server holds it back until it knows that it is whole. */
  #answer(sql: string, patience: Patience, bytesMax: number): Promise<Buffer> {
    return this.#patiently(patience, () =>
      exchange(this.#client, this.name, {
        sql,
        bytesMax,
        ...(patience === 'read' && { signal: AbortSignal.timeout(this.#readTimeoutMs) }),
        settings: {
          wait_end_of_query: 1,
          // Current versions tell 64-bit integers as numbers, which JSON rounds; old ones as text anyway.
          ...(this.#version[0] >= 22 ? { output_format_json_quote_64bit_integers: 1 } : {}),
        },
      }),
    );
  }

  async #patiently<T>(patience: Patience, work: () => Promise<T>): Promise<T> {
    const untilMs =
      systemClock.elapsedMs() +
      (patience === 'write' ? this.#writePatienceMs : this.#readPatienceMs);
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (cause) {
        const waitMs = Math.min(5_000, backOffMs(attempt + 1, 0.5));
        if (!isPassing(cause) || systemClock.elapsedMs() + waitMs > untilMs) {
          throw serverError(cause, this.name);
        }
        await sleep(waitMs);
      }
    }
  }

  /**
   * Insert rows, once only.
   *
   * @param body the rows in Native format
   * @param where holds of exactly these rows of the table; undefined when they may come twice
   * @param counted how many such rows there were just now, when that was asked already
   */
  async insertOnce(
    table: string,
    columns: readonly string[],
    rows: number,
    body: Uint8Array,
    where: string | undefined,
    counted?: number,
  ): Promise<void> {
    let running: string | undefined;
    let known = counted;
    await this.#patiently('write', async () => {
      if (running !== undefined) await this.#endQuery(running);
      if (where !== undefined) {
        const found = known ?? (await this.#count(table, where));
        known = undefined;
        if (found === rows) return;
        if (found > 0) await this.#delete(table, where);
      }
      running = randomUUID();
      await this.#send({
        sql: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT Native`,
        body,
        queryId: running,
      });
    });
  }

  /** An insert whose answer was lost may still be going on. */
  async #endQuery(queryId: string): Promise<void> {
    for (;;) {
      const found = onlyRow(
        await this.#ask<{ queries: string }>(
          `SELECT count() AS queries FROM system.processes WHERE query_id = '${queryId}'`,
        ),
      );
      if (Number(found.queries) === 0) return;
      await this.#send({ sql: `KILL QUERY WHERE query_id = '${queryId}' SYNC` });
    }
  }

  /** Without patience of its own: for what is tried again as a whole. */
  async #ask<Row>(sql: string): Promise<Row[]> {
    return this.#rows(await this.#send({ sql: `${sql} FORMAT JSONEachRow` }));
  }

  /** How many rows of each table a condition holds of: one question for all. */
  async counts(asked: readonly { readonly table: string; readonly where: string }[]) {
    const parts = asked.map(
      ({ table, where }, i) => `SELECT ${i} AS place, count() AS rows FROM ${table} WHERE ${where}`,
    );
    const sql = `SELECT place, rows FROM (${parts.join(' UNION ALL ')})`;
    const found = await this.query<{ place: number; rows: string }>(sql, 'write');
    const rowsAt = new Map(found.map(({ place, rows }) => [place, Number(rows)]));
    return asked.map((_, i) => rowsAt.get(i)!);
  }

  async #count(table: string, where: string): Promise<number> {
    const sql = `SELECT count() AS rows FROM ${table} WHERE ${where}`;
    const found = onlyRow(await this.#ask<{ rows: string }>(sql));
    return Number(found.rows);
  }

  /** Drop rows and wait until they are gone: looks first, since a mutation reads every part. */
  async deleteRows(table: string, where: string): Promise<void> {
    await this.#patiently('write', async () => {
      if ((await this.#count(table, where)) > 0) await this.#delete(table, where);
    });
  }

  async #delete(table: string, where: string): Promise<void> {
    await this.#send({ sql: `ALTER TABLE ${table} DELETE WHERE ${where}` });
    for (;;) {
      const found = onlyRow(
        await this.#ask<{ mutations: string }>(
          `SELECT count() AS mutations FROM system.mutations
         WHERE database = currentDatabase() AND table = ${sqlString(table)} AND is_done = 0`,
        ),
      );
      if (Number(found.mutations) === 0) return;
      await sleep(MUTATION_POLL_MS);
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** Columns as the body of an insert: copied, so that they may be filled again. */
export function nativeBody(columns: Columns): Uint8Array {
  return Buffer.concat(encodeNativeBlock(columns));
}

/** A text as a literal of SQL. */
export function sqlString(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function isFrom(
  version: readonly [number, number],
  [major, minor]: readonly [number, number],
): boolean {
  return version[0] > major || (version[0] === major && version[1] >= minor);
}
