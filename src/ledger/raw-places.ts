/**
 * Where the bytes of blocks and transactions stand, and what the tables alone know of their sizes.
 *
 * A statement costs milliseconds, whether it asks for one row or for a hundred. So questions that come while one is under
 * way wait for it and are asked together, and places of blocks are kept while the ledger stays as it is.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import { computeMerkle } from '../chain/merkle.ts';
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

/** Rows in one statement: 20 digits each stay below the engine's limit for a statement. */
const ROWS_PER_STATEMENT = 4_000;
/** Places of blocks that are kept: some megabytes. */
const BLOCKS_KEPT = 20_000;

interface BlockRow {
  /** 64 bits: text. */
  readonly row: string;
  readonly block_hash: BlockHash;
  readonly root: string;
  readonly file_offset: string;
  readonly size_bytes: number;
  readonly file_id: number;
}

interface TransactionRow {
  readonly row: string;
  readonly raw_offset: number;
  readonly size_bytes: number;
}

/** A transaction within its block. */
interface Extent {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export class RawPlaces {
  readonly #tables: LedgerTables;
  readonly #blocks: AskedTogether<RawPlace>;
  readonly #transactions: AskedTogether<Extent>;
  #flow: FlowIndex | undefined;
  readonly #kept = new Map<number, RawPlace>();
  readonly #files = new Map<number, string>();

  constructor(tables: LedgerTables) {
    this.#tables = tables;
    this.#blocks = new AskedTogether((rows) => this.#queryBlocks(rows));
    this.#transactions = new AskedTogether((rows) => this.#queryTransactions(rows));
  }

  /**
   * Places of blocks by their rows, in the order asked. Inside the gate of the ledger's readers.
   *
   * @throws {ClewError} CLEW_LEDGER_DAMAGED when one has no row in the tables
   */
  async ofBlocks(flow: FlowIndex, blocks: readonly number[]): Promise<RawPlace[]> {
    if (flow !== this.#flow) {
      this.#flow = flow;
      this.#kept.clear();
      this.#files.clear();
    } else if (this.#kept.size > BLOCKS_KEPT) this.#kept.clear();
    // Others may clear what is kept while this one waits.
    const known = new Map<number, RawPlace>();
    const missing = new Set<number>();
    for (const block of blocks) {
      const place = this.#kept.get(block);
      if (place === undefined) missing.add(block);
      else known.set(block, place);
    }
    const found = await this.#blocks.ask([...missing]);
    if (flow === this.#flow) for (const [block, place] of found) this.#kept.set(block, place);
    return blocks.map((block) => requireRow(known.get(block) ?? found.get(block)));
  }

  /** The same of transactions. */
  async ofTransactions(flow: FlowIndex, txs: readonly number[]): Promise<RawPlace[]> {
    const [blocks, extents] = await Promise.all([
      this.ofBlocks(
        flow,
        txs.map((tx) => flow.txBlock.at(tx)),
      ),
      this.#transactions.ask([...new Set(txs)]),
    ]);
    return txs.map((tx, i) => {
      const { file, offsetBytes, blockHash } = blocks[i]!;
      const extent = requireRow(extents.get(tx));
      const { lengthBytes } = extent;
      return { file, offsetBytes: offsetBytes + extent.offsetBytes, lengthBytes, blockHash };
    });
  }

  async #queryBlocks(rows: readonly number[]): Promise<[number, RawPlace][]> {
    const { engine, base } = this.#tables;
    const found = await engine.query<BlockRow>(
      `SELECT toString(block_index) AS row, lower(hex(reverse(hash))) AS block_hash,
              lower(hex(reverse(merkle_root))) AS root, file_id, file_offset, size_bytes
       FROM blocks WHERE block_index IN (${sqlRows(base.blocks, rows)})`,
    );
    // No join: on a cluster each shard would make it with its own part.
    await this.#readFiles(found.map((row) => row.file_id));
    return found.map((row) => {
      const block = Number(BigInt(row.row) - base.blocks);
      requireSameBlock(this.#tables, this.#flow!, block, row.root);
      const place = {
        file: requireRow(this.#files.get(row.file_id)),
        offsetBytes: Number(row.file_offset),
        lengthBytes: row.size_bytes,
        blockHash: row.block_hash,
      };
      return [block, place];
    });
  }

  /** Paths of files that are not known yet. */
  async #readFiles(ids: readonly number[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#files.has(id));
    if (missing.length === 0) return;
    const files = await this.#tables.engine.query<{ file_id: number; path: string }>(
      `SELECT file_id, path FROM files WHERE file_id IN (${missing.join(',')})`,
    );
    for (const { file_id, path } of files) this.#files.set(file_id, path);
  }

  async #queryTransactions(rows: readonly number[]): Promise<[number, Extent][]> {
    const { engine, base } = this.#tables;
    const found = await engine.query<TransactionRow>(
      `SELECT toString(tx_index) AS row, raw_offset, size_bytes FROM transactions
       WHERE tx_index IN (${sqlRows(base.transactions, rows)})`,
    );
    return found.map((row) => [
      Number(BigInt(row.row) - base.transactions),
      { offsetBytes: row.raw_offset, lengthBytes: row.size_bytes },
    ]);
  }
}

/**
 * Places of transactions by their rows, for somebody who asks once.
 *
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when one has no row in the tables
 */
export async function readTransactionPlaces(
  tables: LedgerTables,
  flow: FlowIndex,
  txs: readonly number[],
): Promise<Map<number, RawPlace>> {
  const places = await new RawPlaces(tables).ofTransactions(flow, txs);
  return new Map(txs.map((tx, i) => [tx, places[i]!]));
}

/** Puts questions that come while one is under way together into the next. */
class AskedTogether<Value> {
  readonly #query: (rows: readonly number[]) => Promise<[number, Value][]>;
  #running = false;
  #waiting: { rows: Set<number>; answer: PromiseWithResolvers<Map<number, Value>> } | undefined;

  constructor(query: (rows: readonly number[]) => Promise<[number, Value][]>) {
    this.#query = query;
  }

  /** Values by row, of other questions too. */
  ask(rows: readonly number[]): Promise<ReadonlyMap<number, Value>> {
    if (rows.length === 0) return Promise.resolve(new Map());
    this.#waiting ??= { rows: new Set(), answer: Promise.withResolvers() };
    const { answer, rows: waiting } = this.#waiting;
    for (const row of rows) waiting.add(row);
    if (!this.#running) void this.#run();
    return answer.promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting; next !== undefined; next = this.#waiting) {
      this.#waiting = undefined;
      const { rows, answer } = next;
      try {
        const all = [...rows];
        const found = new Map<number, Value>();
        for (let from = 0; from < all.length; from += ROWS_PER_STATEMENT) {
          const some = all.slice(from, from + ROWS_PER_STATEMENT);
          for (const [row, value] of await this.#query(some)) found.set(row, value);
        }
        answer.resolve(found);
      } catch (error) {
        answer.reject(error);
      }
    }
    this.#running = false;
  }
}

function sqlRows(base: bigint, rows: readonly number[]): string {
  return rows.map((row) => sqlRow(base, row)).join(',');
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

/**
 * That a row of the tables is of the block that the flow index has there. On servers somebody else writes: he may have undone the
 * block and put another one into its row, and here that is not known yet.
 *
 * @param merkleRoot as the tables have it, for people
 * @throws {ClewError} CLEW_REMOTE_BUSY
 */
export function requireSameBlock(
  { engine }: LedgerTables,
  flow: FlowIndex,
  block: number,
  merkleRoot: string,
): void {
  if (engine.kind === 'chdb') return;
  const ids = flow.blockTxids(block);
  if (hashToDisplay(computeMerkle(ids, ids.length / 32).root) === merkleRoot) return;
  const what = 'Blocks were undone on the server just now.';
  throw new ClewError('CLEW_REMOTE_BUSY', what, { height: flow.blockHeight.at(block) });
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
