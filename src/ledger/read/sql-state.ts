/**
 * What SQL answers of a ledger are bounded by: a tip, taken once for each answer, and the rows below it.
 *
 * Rows above the newest tip are there while a batch is being inserted; all statements leave them out by their row numbers. Rows
 * below it vanish only when blocks are undone, which writes a tip with fewer rows first: an answer counts when, once it is
 * complete, no such tip has come (`SqlTips.stands`).
 */
import type { Network } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { BlockHash } from '../../units/ids.ts';
import type { LedgerEngine } from '../engine.ts';
import { type RowBase, sqlRow } from '../row-base.ts';
import { TIPS_TABLE } from '../schema.ts';
import { baseOf, parseTipRecord, type TipRecord } from '../tip-record.ts';
import type { ReadBlock } from './ledger-reader.ts';

/** How much one statement takes on; tests have smaller ones. */
export interface SqlLimits {
  /** Row numbers or keys: 20 digits each stay below the servers' limit for a statement, 256 KiB. */
  readonly rowsPerStatement: number;
  /** Scripts with two more lists, and hashes: 60 and 90 bytes each. */
  readonly namesPerStatement: number;
  /** Events of scripts that one statement may have to group. */
  readonly eventsPerStatement: number;
  /** A script with more events than this is asked for alone. */
  readonly fewEvents: number;
}

export const SQL_LIMITS: SqlLimits = {
  rowsPerStatement: 8_000,
  namesPerStatement: 2_000,
  eventsPerStatement: 400_000,
  fewEvents: 20_000,
};

/** Statements of one answer that are under way at a time. */
const STATEMENTS_AT_A_TIME = 4;
/** Blocks kept of one tip: some megabytes. */
const BLOCKS_KEPT = 8_192;
/** Tips that may have come while an answer was made, for it still to be looked at whether they only added blocks. */
const TIPS_READ_MAX = 16;

/** Families of rows that the tables number. */
export type SqlFamily = keyof RowBase;

/** Where rows end, as they are in the columns: without the base. */
export type SqlEnds = Readonly<Record<SqlFamily, number>>;

/** A 64-bit number as the engines give it: a decimal string. */
export type Wide = string;

interface BlockRow {
  readonly row: Wide;
  readonly height: number;
  readonly block_hash: BlockHash;
  readonly prev: BlockHash;
  readonly root: string;
  readonly version: number;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
  readonly tx_count: number;
  readonly size_bytes: number;
  readonly first_tx_row: Wide;
}

/** A block, with what only this layer needs. */
export interface SqlBlock {
  readonly row: number;
  readonly firstTx: number;
  readonly block: ReadBlock;
}

/** A hash in the order that people know, as hex. */
export function displayHex(column: string): string {
  return `lower(hex(reverse(${column})))`;
}

/** Bytes given as people write a hash, for a statement. @param hash 64 hex digits, checked by `chain-names.ts` */
export function hashLiteral(hash: string): string {
  return `reverse(unhex('${hash}'))`;
}

const BLOCK_COLUMNS = `block_index AS row, height, ${displayHex('hash')} AS block_hash,
  ${displayHex('prev_hash')} AS prev, ${displayHex('merkle_root')} AS root, version, time, bits,
  nonce, tx_count, size_bytes, first_tx AS first_tx_row`;

type KnownState = Pick<
  SqlState,
  'seq' | 'tip' | 'base' | 'ends' | 'spendableFrom' | 'destroyed' | 'limits'
>;

/** A tip, and everything that is the same for all answers as of it. */
export class SqlState {
  readonly seq: number;
  readonly tip: TipRecord;
  readonly base: RowBase;
  /** Where the tip's rows end, or those as of a height. */
  readonly ends: SqlEnds;
  /** Outputs from here on can be spent: those of the genesis block can not. */
  readonly spendableFrom: number;
  /** Outputs that a later transaction with the same id destroyed, and that transaction: two in all of Bitcoin. */
  readonly destroyed: ReadonlyMap<number, number>;
  readonly limits: SqlLimits;
  readonly signal: AbortSignal | undefined;
  readonly #engine: LedgerEngine;
  readonly #blocks: Map<number, SqlBlock>;

  constructor(
    engine: LedgerEngine,
    known: KnownState,
    blocks: Map<number, SqlBlock>,
    signal?: AbortSignal,
  ) {
    this.#engine = engine;
    this.#blocks = blocks;
    this.seq = known.seq;
    this.tip = known.tip;
    this.base = known.base;
    this.ends = known.ends;
    this.spendableFrom = known.spendableFrom;
    this.destroyed = known.destroyed;
    this.limits = known.limits;
    this.signal = signal;
  }

  /** The same tip as of a height, for one answer. One statement, unless all blocks are at or below the height. */
  async asOf(heightMax: number | undefined, signal: AbortSignal | undefined): Promise<SqlState> {
    const isAll = heightMax === undefined || heightMax >= this.tip.height;
    const ends = isAll ? this.ends : await this.#endsAt(heightMax);
    return new SqlState(this.#engine, { ...this, ends }, this.#blocks, signal);
  }

  async #endsAt(heightMax: number): Promise<SqlEnds> {
    const height = Math.max(-1, Math.floor(heightMax));
    const [row] = await this.query<Record<'b' | 't' | 'i' | 'o' | 's', Wide>>(
      `SELECT block_index AS b, first_tx AS t, first_input AS i, first_output AS o, first_script AS s
       FROM blocks WHERE block_index < ${this.end('blocks')} AND height > ${height}
       ORDER BY block_index LIMIT 1`,
    );
    if (row === undefined) return this.ends;
    return {
      blocks: this.plain('blocks', row.b),
      transactions: this.plain('transactions', row.t),
      inputs: this.plain('inputs', row.i),
      outputs: this.plain('outputs', row.o),
      scripts: this.plain('scripts', row.s),
    };
  }

  /** Rows of a statement. */
  query<Row>(sql: string): Promise<Row[]> {
    this.signal?.throwIfAborted();
    return this.#engine.query<Row>(sql);
  }

  /** A row number as statements have it. */
  sql(family: SqlFamily, row: number): string {
    return sqlRow(this.base[family], row);
  }

  /** The first row number that does not count, as statements have it. */
  end(family: SqlFamily): string {
    return this.sql(family, this.ends[family]);
  }

  /** A row number that a statement gave. */
  plain(family: SqlFamily, row: Wide): number {
    return Number(BigInt(row) - this.base[family]);
  }

  /** Row numbers as a list for `IN`. */
  list(family: SqlFamily, rows: Iterable<number>): string {
    return Array.from(rows, (row) => this.sql(family, row)).join(',');
  }

  /**
   * The rows with some numbers, one statement for each 8,000 of them.
   *
   * @param columns what to select; each gets a name that is no column's
   */
  async byRows<Row>(
    table: string,
    idColumn: string,
    family: SqlFamily,
    columns: string,
    rows: Iterable<number>,
  ): Promise<Map<number, Row>> {
    const found = new Map<number, Row>();
    await this.inChunks([...new Set(rows)], this.limits.rowsPerStatement, async (some) => {
      const answer = await this.query<Row & { readonly row: Wide }>(
        `SELECT ${idColumn} AS row, ${columns} FROM ${table}
         WHERE ${idColumn} IN (${this.list(family, some)}) AND ${idColumn} < ${this.end(family)}`,
      );
      for (const each of answer) found.set(this.plain(family, each.row), each);
    });
    return found;
  }

  /** Work on parts of a list, a few of them side by side. */
  async inChunks<Item>(
    items: readonly Item[],
    size: number,
    work: (some: readonly Item[]) => Promise<void>,
  ): Promise<void> {
    for (let from = 0; from < items.length; from += size * STATEMENTS_AT_A_TIME) {
      const batch: Promise<void>[] = [];
      for (let n = 0; n < STATEMENTS_AT_A_TIME && from + n * size < items.length; n += 1) {
        batch.push(work(items.slice(from + n * size, from + (n + 1) * size)));
      }
      await Promise.all(batch);
    }
  }

  /** Blocks by their rows: one statement for those that were not asked for before. */
  async blocksByRow(rows: Iterable<number>): Promise<ReadonlyMap<number, SqlBlock>> {
    const found = new Map<number, SqlBlock>();
    const missing: number[] = [];
    for (const row of new Set(rows)) {
      const known = this.#blocks.get(row);
      if (known === undefined) missing.push(row);
      else found.set(row, known);
    }
    await this.inChunks(missing, this.limits.rowsPerStatement, async (some) => {
      const where = `block_index IN (${this.list('blocks', some)})`;
      for (const block of await this.blocksWhere(where)) found.set(block.row, block);
    });
    for (const row of missing) requireRow(found.get(row));
    return found;
  }

  /** Blocks that a condition chooses. */
  async blocksWhere(where: string): Promise<SqlBlock[]> {
    const rows = await this.query<BlockRow>(
      `SELECT ${BLOCK_COLUMNS} FROM blocks WHERE ${where} AND block_index < ${this.end('blocks')}`,
    );
    const blocks = rows.map((row) => this.#blockOf(row));
    if (this.#blocks.size + blocks.length > BLOCKS_KEPT) this.#blocks.clear();
    if (blocks.length <= BLOCKS_KEPT) for (const each of blocks) this.#blocks.set(each.row, each);
    return blocks;
  }

  #blockOf(row: BlockRow): SqlBlock {
    return {
      row: this.plain('blocks', row.row),
      firstTx: this.plain('transactions', row.first_tx_row),
      block: {
        height: row.height,
        hash: row.block_hash,
        prevHash: row.prev,
        merkleRoot: row.root,
        version: row.version,
        timeSeconds: row.time,
        bits: row.bits,
        nonce: row.nonce,
        transactions: row.tx_count,
        sizeBytes: row.size_bytes,
      },
    };
  }
}

/** @throws {ClewError} CLEW_LEDGER_DAMAGED for a row that must be there and is not */
export function requireRow<Row>(row: Row | undefined): Row {
  if (row !== undefined) return row;
  const what = 'A row that others name is not in the tables.';
  throw new ClewError('CLEW_LEDGER_DAMAGED', what, {});
}

/** The commit log as a reader sees it. */
export class SqlTips {
  readonly #engine: LedgerEngine;
  readonly #network: Network;
  readonly #limits: SqlLimits;
  #state: SqlState | undefined;
  /** False until the commit log was found: whoever only reads a new database does not make one. */
  #isMade = false;

  constructor(engine: LedgerEngine, network: Network, limits: SqlLimits) {
    this.#engine = engine;
    this.#network = network;
    this.#limits = limits;
  }

  /** The state known last, without asking; undefined when none is. */
  get known(): SqlState | undefined {
    return this.#state;
  }

  /** The number of the newest tip; 0 for an empty ledger. */
  async newestSeq(): Promise<number> {
    this.#isMade ||= await this.#engine.hasTips();
    if (!this.#isMade) return 0;
    try {
      return await this.#askNewestSeq();
    } catch {
      // A ledger that is loaded anew may have no tables for a moment.
      this.#isMade = await this.#engine.hasTips();
      return this.#isMade ? this.#askNewestSeq() : 0;
    }
  }

  async #askNewestSeq(): Promise<number> {
    const [row] = await this.#engine.query<{ newest: Wide }>(
      `SELECT max(seq) AS newest FROM ${TIPS_TABLE}`,
    );
    return Number(row?.newest ?? 0);
  }

  /**
   * The newest tip, read from the tables; undefined for an empty ledger. Three statements.
   *
   * @throws {ClewError} CLEW_DATA_NEWER, CLEW_DATA_OLDER, CLEW_LEDGER_DAMAGED, CLEW_NETWORK_MISMATCH
   */
  async refresh(): Promise<SqlState | undefined> {
    this.#state = undefined;
    const seq = await this.newestSeq();
    const [tip] = seq === 0 ? [] : await this.#recordsBetween(seq, seq);
    if (tip === undefined) return undefined;
    if (tip.network !== this.#network.name) {
      throw new ClewError('CLEW_NETWORK_MISMATCH', `The ledger is one of ${tip.network}.`, {
        network: this.#network.name,
      });
    }
    const { blocks, transactions, inputs, outputs, scripts } = tip.rows;
    const ends = { blocks, transactions, inputs, outputs, scripts };
    const known = {
      seq,
      tip,
      base: baseOf(tip),
      ends,
      spendableFrom: 0,
      destroyed: new Map<number, number>(),
      limits: this.#limits,
    };
    const bare = new SqlState(this.#engine, known, new Map());
    const [spendableFrom, destroyed] = await Promise.all([
      readSpendableFrom(bare),
      readDestroyed(bare),
    ]);
    this.#state = new SqlState(this.#engine, { ...known, spendableFrom, destroyed }, new Map());
    return this.#state;
  }

  async #recordsBetween(first: number, last: number): Promise<TipRecord[]> {
    const rows = await this.#engine.query<{ record: string }>(
      `SELECT record FROM ${TIPS_TABLE} WHERE seq >= ${first} AND seq <= ${last} ORDER BY seq`,
    );
    return rows.map(({ record }) => parseTipRecord(record, ''));
  }

  /** Whether everything below an older tip is still there: the tips since then only added blocks. */
  async stands(older: SqlState, newer: SqlState | undefined): Promise<boolean> {
    if (newer === undefined || newer.seq < older.seq) return false;
    if (newer.seq - older.seq > TIPS_READ_MAX) return false;
    const since = await this.#recordsBetween(older.seq, newer.seq);
    if (since[0]?.hash !== older.tip.hash) return false;
    return since.every(({ rows }) => rows.blocks >= older.tip.rows.blocks);
  }
}

async function readSpendableFrom(state: SqlState): Promise<number> {
  const rows = await state.query<{ height: number; o: Wide }>(
    `SELECT height, first_output AS o FROM blocks
     WHERE block_index IN (${state.list('blocks', [0, 1])}) AND block_index < ${state.end('blocks')}
     ORDER BY block_index`,
  );
  if (rows[0]?.height !== 0) return 0;
  return rows[1] === undefined ? state.ends.outputs : state.plain('outputs', rows[1].o);
}

async function readDestroyed(state: SqlState): Promise<Map<number, number>> {
  const rows = await state.query<{ o: Wide; t: Wide }>(
    `SELECT output_index AS o, tx_index AS t FROM destroyed WHERE tx_index < ${state.end('transactions')}`,
  );
  return new Map(
    rows.map(({ o, t }) => [state.plain('outputs', o), state.plain('transactions', t)]),
  );
}
