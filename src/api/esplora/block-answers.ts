/** `block/…`, `block-height/…`, `blocks…`: blocks of the best chain, which are all that the ledger has. */
import { ByteWriter } from '../../bytes/byte-writer.ts';
import { bytesToHex, displayToHash, hashToDisplay } from '../../bytes/hex.ts';
import { BlockColumns, readBlockColumns } from '../../chain/block-columns.hot.ts';
import {
  type EsploraBlock,
  esploraBlock,
  MEDIAN_TIME_BLOCKS,
  medianTime,
} from '../../chain/esplora-block.ts';
import { blockHash as nameOfBlock } from '../../chain/header.ts';
import { checkMerkleRoot } from '../../chain/merkle.ts';
import type { Network } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import {
  blockTransactions,
  type RawPlace,
  readBlockWeights,
  requireSameBlock,
} from '../../ledger/raw-places.ts';
import type { ReadBlock } from '../../ledger/read/ledger-reader.ts';
import type { BlockHash } from '../../units/ids.ts';
import type { Answer } from '../router.ts';
import {
  badRequest,
  bytesAnswer,
  notFound,
  parseHash,
  parseNumber,
  textAnswer,
  valueAnswer,
} from './esplora-answer.ts';
import type { EsploraLedger, EsploraState } from './esplora-site.ts';
import { TXS_PER_PAGE } from './script-answers.ts';
import { planTransactions, transactionValues } from './transaction-values.ts';

const BLOCKS_PER_PAGE = 10;

interface FoundBlock {
  readonly block: ReadBlock;
  /** Its row in the flow index. */
  readonly row: number;
}

/** @throws {Refusal} 400, 404 */
async function requireBlock(state: EsploraState, hash: string): Promise<FoundBlock> {
  const { ledger, flow, reader } = state;
  const [block] = await reader.blocksWithHash([parseHash(hash) as BlockHash]);
  const row = block === undefined ? undefined : flow.findBlock(block.height);
  if (block === undefined || row === undefined) throw notFound('Block not found');
  requireSameBlock(ledger, flow, row, block.merkleRoot);
  return { block, row };
}

/** The 80 bytes that a block's hash is of. */
export function headerOf(block: ReadBlock): Uint8Array {
  return new ByteWriter(80)
    .i32(block.version)
    .bytes(displayToHash(block.prevHash))
    .bytes(displayToHash(block.merkleRoot))
    .u32(block.timeSeconds)
    .u32(block.bits)
    .u32(block.nonce)
    .finish();
}

/** Null where the ledger begins too late to tell. */
function medianTimeAt(flow: FlowIndex, row: number): number | null {
  const height = flow.blockHeight.at(row);
  const count = Math.min(MEDIAN_TIME_BLOCKS, height + 1);
  const first = row - count + 1;
  if (first < 0 || flow.blockHeight.at(first) !== height - count + 1) return null;
  return medianTime(Array.from({ length: count }, (_, i) => flow.blockTime.at(first + i)));
}

async function blockValues(
  { ledger, flow }: EsploraState,
  blocks: readonly FoundBlock[],
): Promise<EsploraBlock[]> {
  const rows = blocks.map(({ row }) => row);
  const weights = await readBlockWeights(ledger, flow, rows);
  return blocks.map(({ block, row }) =>
    esploraBlock(block, weights.get(row)!, medianTimeAt(flow, row)),
  );
}

export function block(ledger: EsploraLedger, hash: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const [value] = await blockValues(state, [await requireBlock(state, hash)]);
    return valueAnswer(value);
  });
}

export function blockHeader(ledger: EsploraLedger, hash: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const found = await requireBlock(state, hash);
    return textAnswer(bytesToHex(headerOf(found.block)));
  });
}

/** Of a block that the ledger does not have it says, as Esplora does, that it is not in the best chain. */
export function blockStatus(ledger: EsploraLedger, hash: string): Promise<Answer> {
  return ledger.use(async ({ reader }) => {
    const [found] = await reader.blocksWithHash([parseHash(hash) as BlockHash]);
    if (found === undefined) {
      return valueAnswer({ in_best_chain: false, height: null, next_best: null });
    }
    const [next] = await reader.blocksAt([found.height + 1]);
    const next_best = next?.hash ?? null;
    return valueAnswer({ in_best_chain: true, height: found.height, next_best });
  });
}

export function blockTxids(ledger: EsploraLedger, hash: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const { row } = await requireBlock(state, hash);
    const bytes = state.flow.blockTxids(row);
    const txids = Array.from({ length: bytes.length / 32 }, (_, i) =>
      hashToDisplay(bytes.subarray(32 * i, 32 * i + 32)),
    );
    return valueAnswer(txids);
  });
}

export function blockTxid(ledger: EsploraLedger, hash: string, index: string): Promise<Answer> {
  return ledger.use(async (state) => {
    const number = parseNumber(index);
    const { row } = await requireBlock(state, hash);
    const { first, end } = blockTransactions(state.flow, row);
    if (number >= end - first) throw notFound('tx index out of range');
    return textAnswer(state.flow.txid(state.flow.txAt(row, number)));
  });
}

export async function blockTransactionPage(
  ledger: EsploraLedger,
  hash: string,
  startIndex: string | undefined,
): Promise<Answer> {
  const start = startIndex === undefined ? 0 : parseNumber(startIndex);
  if (start % TXS_PER_PAGE !== 0) {
    throw badRequest(`start index must be a multiple of ${TXS_PER_PAGE}`);
  }
  const { plans, network, raw } = await ledger.use(async (state) => {
    const { row } = await requireBlock(state, hash);
    const { first, end } = blockTransactions(state.flow, row);
    if (start >= end - first) throw notFound('start index out of range');
    const count = Math.min(TXS_PER_PAGE, end - first - start);
    const txs = Array.from({ length: count }, (_, i) => state.flow.txAt(row, start + i));
    return {
      plans: await planTransactions(state, txs),
      network: state.flow.network,
      raw: state.raw,
    };
  });
  return valueAnswer(await transactionValues(plans, raw, network));
}

export async function blockRaw(ledger: EsploraLedger, hash: string): Promise<Answer> {
  const { place, network, raw } = await ledger.use(async (state) => {
    const { row } = await requireBlock(state, hash);
    const [place] = await state.places.ofBlocks(state.flow, [row]);
    return { place: place!, network: state.flow.network, raw: state.raw };
  });
  const bytes = await raw.read(place, place.blockHash);
  requireWhole(bytes, place, network);
  return { ...bytesAnswer(bytes), headers: { ETag: `"${place.blockHash}"` } };
}

/** That bytes are the block of a hash, down to its Merkle root. @throws {ClewError} CLEW_RAW_GONE */
function requireWhole(bytes: Uint8Array, { blockHash }: RawPlace, network: Network): void {
  let isWhole = false;
  try {
    const columns = new BlockColumns();
    readBlockColumns(bytes, network, columns);
    isWhole =
      hashToDisplay(nameOfBlock(bytes, network)) === blockHash &&
      checkMerkleRoot(bytes, columns) === 'ok';
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
  }
  if (isWhole) return;
  const what = 'The block file holds something else at the place noted.';
  throw new ClewError('CLEW_RAW_GONE', what, { blockHash });
}

export function blockHashAt(ledger: EsploraLedger, height: string): Promise<Answer> {
  return ledger.use(async ({ reader }) => {
    const [found] = await reader.blocksAt([parseNumber(height)]);
    if (found === undefined) throw notFound('Block not found');
    return textAnswer(found.hash);
  });
}

/** Ten blocks from a height down, or from the tip; fewer where the ledger begins, or has a gap. */
export function blocks(ledger: EsploraLedger, startHeight: string | undefined): Promise<Answer> {
  return ledger.use(async (state) => {
    const { flow, reader } = state;
    const top =
      startHeight === undefined ? flow.blockCount - 1 : flow.findBlock(parseNumber(startHeight));
    if (top === undefined || top < 0) throw notFound('Block not found');
    const height = flow.blockHeight.at(top);
    const rows: number[] = [];
    for (let row = top; row >= 0 && rows.length < BLOCKS_PER_PAGE; row -= 1) {
      if (flow.blockHeight.at(row) !== height - rows.length) break;
      rows.push(row);
    }
    const read = await reader.blocksAt(rows.map((row) => flow.blockHeight.at(row)));
    for (const [i, row] of rows.entries()) {
      requireSameBlock(state.ledger, flow, row, read[i]!.merkleRoot);
    }
    return valueAnswer(
      await blockValues(
        state,
        rows.map((row, i) => ({ row, block: read[i]! })),
      ),
    );
  });
}

export function tipHeight(ledger: EsploraLedger): Promise<Answer> {
  return ledger.use(({ ledger: open, flow }) => textAnswer(String(open.tipOf(flow).height)));
}

export function tipHash(ledger: EsploraLedger): Promise<Answer> {
  return ledger.use(({ ledger: open, flow }) => textAnswer(open.tipOf(flow).hash));
}
