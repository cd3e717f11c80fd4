/**
 * What is stored of each block is what its bytes say, read again from where they stand.
 *
 * Threads read and prepare the blocks (hash of the header, Merkle root, witness commitment, coinbase); here all that was kept
 * of them is compared: ids, values, scripts, what inputs spend and look like. Blocks whose files are gone are counted apart.
 */
import { ClewError } from '../../errors.ts';
import { type LedgerBlock, listBlocks } from '../../ledger/block-directory.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { PreparedBlock, prepareBlock } from '../../ledger/prepare-block.hot.ts';
import { openRawReader } from '../../source/raw-bytes.ts';
import { type BlocksByHash, FetchAhead } from '../follow-fetch.ts';
import { type PreparedOrError, PreparePool, threadsFor } from '../prepare-pool.ts';
import { isNodePlace } from '../raw-source.ts';
import { BlockComparison } from './block-comparison.hot.ts';
import type { CheckRange } from './check-range.ts';
import { type AsyncCheckSteps, Disagreement } from './disagreement.ts';
import { TableCursor } from './table-cursor.ts';

/**
 * Blocks of a range; yields transactions.
 *
 * @param threads as `threadsFor` takes them
 * @param node gives the blocks that came from a node
 */
export async function* checkBlocks(
  ledger: Ledger,
  flow: FlowIndex,
  range: CheckRange,
  threads?: number,
  node?: BlocksByHash,
): AsyncCheckSteps {
  const blocks = (await listBlocks(ledger.engine)).slice(range.blockFrom, range.blockEnd);
  const reading = readPrepared(blocks, ledger, threads, node);
  const comparison = new BlockComparison(flow, {
    transactions: new TableCursor(ledger, 'transactions', TX_COLUMNS, range.txEnd),
    inputs: new TableCursor(ledger, 'inputs', INPUT_COLUMNS, range.inputEnd),
    outputs: new TableCursor(ledger, 'outputs', OUTPUT_COLUMNS, range.outputEnd),
    unknown: new TableCursor(ledger, 'unknown_prevouts', UNKNOWN_COLUMNS, range.inputEnd),
  });
  const counts = { blocks: 0, bytes: 0, blocksGone: 0, blocksAtNode: 0 };
  let at = range.blockFrom;
  try {
    for await (const { prepared, error } of reading) {
      const block = blocks[at - range.blockFrom]!;
      const txs = comparison.enter(at);
      if (error !== undefined) {
        if (error.code !== 'CLEW_RAW_GONE') throw damage(block, error);
        if (isNodePlace(block)) counts.blocksAtNode += 1;
        else counts.blocksGone += 1;
      } else {
        await comparison.load();
        comparison.compare(prepared);
        counts.blocks += 1;
        counts.bytes += block.lengthBytes;
      }
      at += 1;
      yield txs;
    }
  } finally {
    await reading.return(undefined);
  }
  return counts;
}

const TX_COLUMNS = ['version', 'locktime', 'raw_offset', 'size_bytes', 'stripped_bytes'];
const INPUT_COLUMNS = ['key_form', 'witness_items'];
const OUTPUT_COLUMNS = ['kind', 'script_bytes'];
const UNKNOWN_COLUMNS = ['input_index', 'prev_txid', 'prev_vout'];

/** The blocks one after the other, prepared; each valid until the next is asked for. */
async function* readPrepared(
  blocks: readonly LedgerBlock[],
  ledger: Ledger,
  threads: number | undefined,
  node: BlocksByHash | undefined,
): AsyncGenerator<PreparedOrError, void> {
  let from = 0;
  while (from < blocks.length) {
    const isAtNode = isNodePlace(blocks[from]!);
    let end = from + 1;
    while (end < blocks.length && isNodePlace(blocks[end]!) === isAtNode) end += 1;
    const run = blocks.slice(from, end);
    if (isAtNode) yield* fetchPrepared(run, ledger, node);
    else yield* readFiles(run, ledger, threads);
    from = end;
  }
}

/** Blocks that came from a node. */
async function* fetchPrepared(
  blocks: readonly LedgerBlock[],
  { network }: Ledger,
  node: BlocksByHash | undefined,
): AsyncGenerator<PreparedOrError, void> {
  if (node === undefined) {
    const gone = new ClewError('CLEW_RAW_GONE', 'The block came from a node.');
    for (const _ of blocks) yield { error: gone };
    return;
  }
  const prepared = new PreparedBlock();
  for await (const block of new FetchAhead(node).fetch(blocks)) {
    yield preparedOrError(() => prepareBlock(block.bytes, network, block, prepared), prepared);
  }
}

async function* readFiles(
  blocks: readonly LedgerBlock[],
  ledger: Ledger,
  asked: number | undefined,
): AsyncGenerator<PreparedOrError, void> {
  const threads = threadsFor(blocks, asked);
  if (threads > 0) {
    const pool = new PreparePool(blocks, ledger.network.name, threads);
    try {
      for (let block = await pool.next(); block !== undefined; block = await pool.next())
        yield block;
    } finally {
      await pool.close();
    }
    return;
  }
  const reader = openRawReader();
  const prepared = new PreparedBlock();
  try {
    for (const block of blocks) {
      const { network } = ledger;
      const work = (): void => prepareBlock(reader.read(block), network, block, prepared);
      yield preparedOrError(work, prepared);
    }
  } finally {
    reader.close();
  }
}

function preparedOrError(work: () => void, prepared: PreparedBlock): PreparedOrError {
  try {
    work();
    return { prepared };
  } catch (error) {
    if (isClewError(error)) return { error };
    throw error;
  }
}

function isClewError(error: unknown): error is ClewError {
  return (error as { name?: string }).name === 'ClewError';
}

function damage(block: LedgerBlock, error: ClewError): Disagreement {
  const { height, hash, file, offsetBytes } = block;
  return new Disagreement(error.message, {
    height,
    hash,
    file,
    offset: offsetBytes,
    code: error.code,
  });
}
