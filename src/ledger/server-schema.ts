/**
 * The tables of a ledger on ClickHouse servers: those of `schema.ts`, and all that a reader without columns of its own needs.
 *
 * Identifiers stand here too (`transactions.txid`, `scripts.script`), with look-up tables ordered by their keys, so that every
 * question of `read/ledger-reader.ts` has an answer; and every fact of `flow-columns.ts` can be fetched back row by row.
 *
 * Rows are visible before their batch counts, and may be dropped again: whoever reads leaves out what lies at or above the
 * row counts of the tip (`tips`), by the `idColumn` of each table. Row numbers begin at the ledger's base; 2^64 - 1 is "none".
 *
 * On a cluster the names below are those of `Distributed` tables; the rows lie in `<name>_local` of each shard. A query
 * must not join two of them, nor put one into `IN` of another, unless it says GLOBAL.
 */
import { TABLES, TIPS_TABLE, WAITING_BLOCKS, WAITING_TABLE } from './schema.ts';
import type { TableDefinition } from './table-definition.ts';

const ID = 'UInt64 CODEC(DoubleDelta, ZSTD(1))';
const NEAR_ID = 'UInt64 CODEC(Delta, ZSTD(1))';
const WIDE = 'UInt64 CODEC(T64, ZSTD(1))';
const KEY = 'UInt64 CODEC(Delta, ZSTD(1))';
const HASH = 'FixedString(32) CODEC(NONE)';
const FEW_U8 = 'UInt8 CODEC(ZSTD(1))';

/**
 * Look-up tables are ordered by keys and partitioned by when rows came, so that the rows above a tip are found, counted and
 * dropped without looking at all others. Few partitions: each one costs a look-up a part to look into.
 */
const ROWS_IN_PARTITION = 2 ** 28;

function partitionBy(column: string): string {
  return `intDiv(${column}, ${ROWS_IN_PARTITION})`;
}

export const SERVER_TABLES = {
  files: { ...TABLES.files, shardBy: 'first' },
  blocks: { ...TABLES.blocks, shardBy: 'block' },
  transactions: {
    ...TABLES.transactions,
    columns: { ...TABLES.transactions.columns, txid: HASH },
    shardBy: 'block',
  },
  outputs: { ...TABLES.outputs, shardBy: 'block' },
  inputs: { ...TABLES.inputs, shardBy: 'block' },
  unknown_prevouts: { ...TABLES.unknown_prevouts, shardBy: 'input_index' },
  /** Every scriptPubKey once, in order of first sight; `first_output` as `scriptFirstOutput` of the columns. */
  scripts: {
    columns: {
      script_id: ID,
      kind: FEW_U8,
      first_output: NEAR_ID,
      script: 'String CODEC(ZSTD(1))',
    },
    orderBy: 'script_id',
    idColumn: 'script_id',
    countedBy: 'scripts',
    shardBy: 'script_id',
  },
  /** What spends showed to be behind a script hash, in order of sight; `kind` is a REVEAL, the payload padded with zeros. */
  reveals: {
    columns: {
      reveal_index: ID,
      script_id: WIDE,
      tx_index: NEAR_ID,
      kind: FEW_U8,
      payload: HASH,
    },
    orderBy: 'reveal_index',
    idColumn: 'reveal_index',
    countedBy: 'reveals',
    shardBy: 'reveal_index',
  },
  /** What inputs spent from before the ledger; `origin` is 2 * height + coinbase, 0 when that is not known. */
  undo_inputs: {
    columns: {
      input_index: ID,
      value: WIDE,
      script_id: WIDE,
      origin: 'UInt32 CODEC(T64, ZSTD(1))',
    },
    orderBy: 'input_index',
    idColumn: 'input_index',
    countedBy: 'inputs',
    isSparse: true,
    shardBy: 'input_index',
  },
  /** Outputs that a later transaction with the same id destroyed (before BIP 30), and that transaction. */
  destroyed: {
    columns: { output_index: NEAR_ID, tx_index: NEAR_ID },
    orderBy: 'output_index',
    idColumn: 'tx_index',
    countedBy: 'transactions',
    isSparse: true,
    shardBy: 'output_index',
  },
  /** Transactions by the first 8 bytes of their ids (internal order), read as a little-endian number. */
  tx_lookup: {
    columns: { tx_key: KEY, tx_index: WIDE },
    orderBy: 'tx_key',
    idColumn: 'tx_index',
    countedBy: 'transactions',
    partitionBy: partitionBy('tx_index'),
    shardBy: 'tx_key',
  },
  /** Scripts by `script-key.hot.ts`: the low half, and 2^32 times the high half. Several may have one key: compare the bytes. */
  script_lookup: {
    columns: { script_key: KEY, script_id: WIDE },
    orderBy: 'script_key',
    idColumn: 'script_id',
    countedBy: 'scripts',
    partitionBy: partitionBy('script_id'),
    shardBy: 'script_key',
  },
  /** Bare public keys by the key of the P2PKH script that means the same. */
  bare_keys: {
    columns: { script_key: KEY, script_id: WIDE },
    orderBy: 'script_key',
    idColumn: 'script_id',
    countedBy: 'scripts',
    isSparse: true,
    partitionBy: partitionBy('script_id'),
    shardBy: 'script_key',
  },
  /** Inputs by the output that they spend. */
  spends: {
    columns: { prev_output: KEY, input_index: WIDE, tx_index: WIDE },
    orderBy: 'prev_output',
    idColumn: 'input_index',
    countedBy: 'inputs',
    isSparse: true,
    partitionBy: partitionBy('input_index'),
    shardBy: 'prev_output',
  },
  /**
   * Every output that pays a script, and every input that spends from it, with the value. `output_index` is the output paid
   * or spent; 2^64 - 1 for an input that spends from before the ledger.
   */
  script_events: {
    columns: {
      script_id: KEY,
      tx_index: NEAR_ID,
      is_input: FEW_U8,
      output_index: WIDE,
      value: WIDE,
    },
    orderBy: '(script_id, tx_index)',
    idColumn: 'tx_index',
    countedBy: 'transactions',
    isSparse: true,
    partitionBy: partitionBy('tx_index'),
    shardBy: 'script_id',
  },
} as const satisfies Record<string, TableDefinition>;

export type ServerTableName = keyof typeof SERVER_TABLES;

/** Who may write: see `server-writer.ts`. */
export const WRITERS_TABLE = 'writers';

/** Tables that only the first shard has: small, and asked for by the writer. */
export const FIRST_SHARD_TABLES = {
  [WRITERS_TABLE]: {
    columns: { seq: 'UInt64', is_held: 'UInt8', writer: 'String', machine: 'String' },
    orderBy: 'seq',
  },
  [TIPS_TABLE]: { columns: { seq: 'UInt64', record: 'String' }, orderBy: 'seq' },
  [WAITING_TABLE]: WAITING_BLOCKS,
} as const;

/** On every shard of a cluster: which one it is, and of which ledger. */
export const SHARD_LOCAL = 'shard_local';

export interface CreateOptions {
  /** False for servers before 19: DDL without codecs. */
  readonly hasCodecs: boolean;
  /** Appended to each name: `_local` on the shards of a cluster. */
  readonly suffix?: string;
}

/** The statement that makes one table, unless it is there. @example createServerTable('tips', definition, { hasCodecs: true }) */
export function createServerTable(
  name: string,
  table: Pick<TableDefinition, 'columns' | 'orderBy' | 'partitionBy'>,
  { hasCodecs, suffix = '' }: CreateOptions,
): string {
  const columns = Object.entries(table.columns).map(
    ([column, type]) => `${column} ${hasCodecs ? type : type.replace(/ CODEC\(.*\)$/, '')}`,
  );
  const partition = table.partitionBy === undefined ? '' : ` PARTITION BY ${table.partitionBy}`;
  return (
    `CREATE TABLE IF NOT EXISTS ${name}${suffix} (${columns.join(', ')}) ` +
    `ENGINE = MergeTree${partition} ORDER BY ${table.orderBy}`
  );
}

/** The statements that make all tables of a ledger on one server: also in chDB, for tests that hold the two together. */
export function createServerStatements(options: CreateOptions): string[] {
  const { suffix: _, ...plain } = options;
  return Object.entries<Pick<TableDefinition, 'columns' | 'orderBy' | 'partitionBy'>>({
    ...SERVER_TABLES,
    ...FIRST_SHARD_TABLES,
  }).map(([name, table]) => createServerTable(name, table, plain));
}
