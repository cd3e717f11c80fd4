/**
 * Kysely on `node:sqlite`: one connection, statements kept prepared, errors of the catalogue.
 *
 * Kysely brings the SQL (its own compiler for SQLite); what is missing is only the driver, since
 * its bundled one expects another library. One connection means that a transaction keeps all
 * other work waiting: that is what SQLite does with writers anyway.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { sqliteError } from './sqlite-error.ts';

/** Prepared statements that are kept; the oldest goes first. */
const STATEMENTS_MAX = 100;

/**
 * A Kysely dialect over an open `node:sqlite` database.
 *
 * @param database an open database; the dialect closes it when Kysely is destroyed
 * @param path its file, for the messages of errors
 * @example new Kysely<Schema>({ dialect: sqliteDialect(new DatabaseSync(path), path) })
 */
export function sqliteDialect(database: DatabaseSync, path: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(database, path),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #database: DatabaseSync;
  readonly #connection: SqliteConnection;
  /** Settles when the connection is free; each user waits for the one before. */
  #queue: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#connection = new SqliteConnection(database, path);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#queue;
    const turn = Promise.withResolvers<void>();
    this.#queue = turn.promise;
    await before;
    this.#release = turn.resolve;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(): Promise<void> {
    // Taking the write lock at once: a reader that turns writer half-way can be refused without
    // waiting, however long the busy timeout is.
    this.#connection.run('begin immediate');
  }

  async commitTransaction(): Promise<void> {
    this.#connection.run('commit');
  }

  async rollbackTransaction(): Promise<void> {
    // After some errors (a full disk among them) SQLite has rolled back already.
    if (this.#database.isTransaction) this.#connection.run('rollback');
  }

  async destroy(): Promise<void> {
    this.#connection.forget();
    if (this.#database.isOpen) this.#database.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
  }

  forget(): void {
    this.#statements.clear();
  }

  run(text: string): void {
    this.#guard(() => this.#database.exec(text));
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    return this.#guard(() => {
      const statement = this.#prepare(query.sql);
      const parameters = query.parameters as SQLInputValue[];
      if (statement.columns().length > 0) return { rows: statement.all(...parameters) as Row[] };
      const { changes, lastInsertRowid } = statement.run(...parameters);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    });
  }

  async *streamQuery<Row>(
    query: CompiledQuery,
    chunkSize = 1,
  ): AsyncIterableIterator<QueryResult<Row>> {
    // A statement of its own: a prepared one that is shared would be reset by a second reader.
    const statement = this.#guard(() => this.#database.prepare(query.sql));
    const rows = statement.iterate(...(query.parameters as SQLInputValue[]));
    for (;;) {
      const chunk: Row[] = [];
      const ended = this.#guard(() => {
        while (chunk.length < chunkSize) {
          const next = rows.next();
          if (next.done) return true;
          chunk.push(next.value as Row);
        }
        return false;
      });
      if (chunk.length > 0) yield { rows: chunk };
      if (ended) return;
    }
  }

  #prepare(text: string): StatementSync {
    const kept = this.#statements.get(text);
    if (kept !== undefined) return kept;
    const statement = this.#database.prepare(text);
    if (this.#statements.size >= STATEMENTS_MAX) {
      const oldest = this.#statements.keys().next().value;
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(text, statement);
    return statement;
  }

  #guard<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw sqliteError(error, this.#path);
    }
  }
}
