/**
 * The tables of the ledger, in ClickHouse's dialect: the one place where they are defined.
 *
 * They hold what was read from blocks as numbers, for questions over everything. Identifiers (txids, script bytes) are
 * incompressible and stand once, in the columns of `flow-columns.ts`, under the same row numbers; what follows from
 * these (who spent an output, an address's history) is answered by the flow index (docs/decisions/0011).
 *
 * Row numbers (`*_index`, `script_id`) are dense, in chain order, and belong to this ledger; they begin at the
 * ledger's base (`row-base.ts`). 2^64 - 1 means "no such row". `idColumn` is the row number by which rows above the
 * committed tip are found and dropped.
 */

import type { TableDefinition } from './table-definition.ts';

/** 2^64 - 1: no such row. */
export const NO_ROW_SQL = '18446744073709551615';

export const LEDGER_FORMAT_VERSION = 2;

/**
 * Codecs by what the numbers are like. Measured on ten million simulated transactions: half the bytes of LZ4 alone, for the
 * same processor time or less.
 */
/** Rises by one, or seldom. */
const ID = 'UInt64 CODEC(DoubleDelta, ZSTD(1))';
/** Rises by little, or is near the one before. */
const NEAR_ID = 'UInt64 CODEC(Delta, ZSTD(1))';
/** Of any size below a few billion. */
const WIDE = 'UInt64 CODEC(T64, ZSTD(1))';
const COUNT = 'UInt32 CODEC(T64, ZSTD(1))';
const FEW_U32 = 'UInt32 CODEC(ZSTD(1))';
const FEW_U8 = 'UInt8 CODEC(ZSTD(1))';
const HASH = 'FixedString(32) CODEC(NONE)';

export const TABLES = {
  files: {
    columns: { file_id: 'UInt32', path: 'String' },
    orderBy: 'file_id',
    idColumn: 'file_id',
    countedBy: 'files',
  },
  blocks: {
    columns: {
      block_index: ID,
      height: 'UInt32',
      hash: HASH,
      prev_hash: HASH,
      merkle_root: HASH,
      version: 'Int32',
      time: 'UInt32',
      bits: 'UInt32',
      nonce: 'UInt32',
      first_tx: ID,
      first_input: ID,
      first_output: ID,
      first_script: ID,
      tx_count: 'UInt32',
      size_bytes: 'UInt32',
      file_id: 'UInt32',
      file_offset: 'UInt64',
      coinbase_script: 'String',
    },
    orderBy: 'block_index',
    idColumn: 'block_index',
    countedBy: 'blocks',
  },
  transactions: {
    columns: {
      tx_index: ID,
      block_index: ID,
      version: 'Int32 CODEC(ZSTD(1))',
      locktime: FEW_U32,
      flags: FEW_U8,
      first_input: NEAR_ID,
      first_output: NEAR_ID,
      input_count: COUNT,
      output_count: COUNT,
      raw_offset: 'UInt32 CODEC(Delta, ZSTD(1))',
      size_bytes: COUNT,
      stripped_bytes: COUNT,
    },
    orderBy: 'tx_index',
    idColumn: 'tx_index',
    countedBy: 'transactions',
  },
  outputs: {
    columns: {
      output_index: ID,
      tx_index: ID,
      value: WIDE,
      script_id: NEAR_ID,
      kind: FEW_U8,
      script_bytes: FEW_U32,
    },
    orderBy: 'output_index',
    idColumn: 'output_index',
    countedBy: 'outputs',
  },
  inputs: {
    columns: {
      input_index: ID,
      tx_index: ID,
      prev_output: WIDE,
      sequence: FEW_U32,
      kind: FEW_U8,
      key_form: FEW_U8,
      sighash_mask: FEW_U8,
      witness_items: FEW_U32,
    },
    orderBy: 'input_index',
    idColumn: 'input_index',
    countedBy: 'inputs',
  },
  unknown_prevouts: {
    columns: { input_index: ID, prev_txid: HASH, prev_vout: 'UInt32' },
    orderBy: 'input_index',
    idColumn: 'input_index',
    countedBy: 'inputs',
    isSparse: true,
  },
} as const satisfies Record<string, TableDefinition>;

export type TableName = keyof typeof TABLES;

/** The commit log: the newest row is the tip that counts. */
export const TIPS_TABLE = 'tips';

/** Blocks that a reload took out and has not put back yet, see `block-directory.ts`. */
export const WAITING_TABLE = 'waiting_blocks';

export const WAITING_BLOCKS = {
  columns: {
    height: 'UInt32',
    hash: HASH,
    prev_hash: HASH,
    time: 'UInt32',
    bits: 'UInt32',
    size_bytes: 'UInt32',
    path: 'String',
    file_offset: 'UInt64',
  },
  orderBy: 'height',
} as const;

/** The statement that makes the commit log of a new ledger. */
export function createTipsStatement(): string {
  return `CREATE TABLE IF NOT EXISTS ${TIPS_TABLE} (seq UInt64, record String) ENGINE = MergeTree ORDER BY seq`;
}

/**
 * Parts are merged later and more at a time: rows come in order and are asked for by ranges, so many parts cost little,
 * and each merge writes all rows again.
 */
const MERGE_SETTINGS = 'SETTINGS merge_selector_base = 40';

/** The statements that make all other tables of a new ledger. */
export function createTableStatements(): string[] {
  return Object.entries({ ...TABLES, [WAITING_TABLE]: WAITING_BLOCKS }).map(([name, table]) => {
    const columns = Object.entries(table.columns).map(([column, type]) => `${column} ${type}`);
    return `CREATE TABLE IF NOT EXISTS ${name} (${columns.join(', ')}) ENGINE = MergeTree ORDER BY ${table.orderBy} ${MERGE_SETTINGS}`;
  });
}
