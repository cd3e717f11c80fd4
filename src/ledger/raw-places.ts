/** Where the bytes of blocks and transactions stand, and what the tables alone know of their sizes: many at a time. */
import { ClewError } from '../errors.ts';
import type { BlockHash } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';
import { sqlRow } from './row-base.ts';
import type { LedgerTables } from './transaction-facts.ts';

/** Bytes in a file of blocks, and the block that they are of. */
export interface RawPlace {
  readonly file: string;
  /** From the start of the file. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly blockHash: BlockHash;
}

const BLOCKS_OF = 'SELECT block_index, hash, file_offset, size_bytes, file_id FROM blocks WHERE';
const HASH = 'lower(hex(reverse(b.hash))) AS block_hash';
/** Rows in one statement: 20 digits each stay below the engine's limit for a statement. */
const ROWS_PER_STATEMENT = 4_000;

interface PlaceRow {
  /** 64 bits: text. */
  readonly row: string;
  readonly block_hash: BlockHash;
  readonly path: string;
  readonly file_offset: string;
  readonly raw_offset: number;
  readonly size_bytes: number;
}

function placeOf(row: PlaceRow): RawPlace {
  return {
    file: row.path,
    offsetBytes: Number(row.file_offset) + row.raw_offset,
    lengthBytes: row.size_bytes,
    blockHash: row.block_hash,
  };
}

/** The place of one block, by its row. */
export async function readBlockPlace(tables: LedgerTables, block: number): Promise<RawPlace> {
  const [row] = await tables.engine.query<PlaceRow>(
    `SELECT toString(b.block_index) AS row, ${HASH}, f.path AS path, b.file_offset AS file_offset,
            0 AS raw_offset, b.size_bytes AS size_bytes
     FROM (${BLOCKS_OF} block_index = ${sqlRow(tables.base.blocks, block)}) AS b
     INNER JOIN files AS f ON f.file_id = b.file_id`,
  );
  return placeOf(requireRow(row));
}

/**
 * Places of transactions by their rows, in one statement for some thousands.
 *
 * @param txs distinct rows of the flow index
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when one has no row in the tables
 */
export async function readTransactionPlaces(
  { engine, base }: LedgerTables,
  flow: FlowIndex,
  txs: readonly number[],
): Promise<Map<number, RawPlace>> {
  const places = new Map<number, RawPlace>();
  for (let from = 0; from < txs.length; from += ROWS_PER_STATEMENT) {
    const some = txs.slice(from, from + ROWS_PER_STATEMENT);
    const blocks = [...new Set(some.map((tx) => flow.txBlock.at(tx)))];
    const list = (of: bigint, rows: readonly number[]): string =>
      rows.map((row) => sqlRow(of, row)).join(',');
    const rows = await engine.query<PlaceRow>(
      `SELECT toString(t.tx_index) AS row, ${HASH}, f.path AS path, b.file_offset AS file_offset,
              t.raw_offset AS raw_offset, t.size_bytes AS size_bytes
       FROM (SELECT tx_index, block_index, raw_offset, size_bytes FROM transactions
             WHERE tx_index IN (${list(base.transactions, some)})) AS t
       INNER JOIN (${BLOCKS_OF} block_index IN (${list(base.blocks, blocks)})) AS b
         ON b.block_index = t.block_index
       INNER JOIN files AS f ON f.file_id = b.file_id`,
    );
    for (const row of rows) places.set(Number(BigInt(row.row) - base.transactions), placeOf(row));
  }
  for (const tx of txs) requireRow(places.get(tx));
  return places;
}

/**
 * Weights of blocks (BIP 141) by their rows, in one statement; an extension block behind the transactions does not count.
 *
 * @param blocks rows of the flow index, few
 */
export async function readBlockWeights(
  { engine, base }: LedgerTables,
  flow: FlowIndex,
  blocks: readonly number[],
): Promise<Map<number, number>> {
  const weights = new Map<number, number>();
  if (blocks.length === 0) return weights;
  const ranges = blocks.map((block) => {
    const { first, end } = blockTransactions(flow, block);
    const [from, to] = [first, end].map((tx) => sqlRow(base.transactions, tx));
    return `(tx_index >= ${from} AND tx_index < ${to})`;
  });
  const rows = await engine.query<{ row: string; head: number; stripped: string; whole: string }>(
    `SELECT toString(block_index) AS row, min(raw_offset) AS head, sum(toUInt64(stripped_bytes)) AS stripped,
            sum(toUInt64(size_bytes)) AS whole
     FROM transactions WHERE ${ranges.join(' OR ')} GROUP BY block_index`,
  );
  for (const { row, head, stripped, whole } of rows) {
    const weight = 4 * head + 3 * Number(stripped) + Number(whole);
    weights.set(Number(BigInt(row) - base.blocks), weight);
  }
  for (const block of blocks) requireRow(weights.get(block));
  return weights;
}

/** First transaction of a block, and the one after its last. */
export function blockTransactions(
  flow: FlowIndex,
  block: number,
): { readonly first: number; readonly end: number } {
  const isLast = block + 1 === flow.blockCount;
  return {
    first: flow.blockFirstTx.at(block),
    end: isLast ? flow.txCount : flow.blockFirstTx.at(block + 1),
  };
}

function requireRow<Row>(row: Row | undefined): Row {
  if (row !== undefined) return row;
  throw new ClewError('CLEW_LEDGER_DAMAGED', 'A row of the flow index has none in the tables.', {});
}
