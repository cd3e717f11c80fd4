/**
 * Where transactions stand in their blocks, from where their rows stand: the same, but for networks that order a block by ids
 * (docs/decisions/0017).
 */
import {
  canonicalPosition,
  canonicalRows,
  canonicalTxids,
  isCanonicalOrder,
} from '../chain/transaction-order.hot.ts';
import { NONE } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';

function isReordered(flow: FlowIndex, block: number): boolean {
  return isCanonicalOrder(flow.blockHeight.at(block), flow.network);
}

/** Position of a transaction in its block; 0 is the coinbase. */
export function positionOfTx(flow: FlowIndex, txIndex: number): number {
  const block = flow.txBlock.at(txIndex);
  const row = txIndex - flow.blockFirstTx.at(block);
  if (!isReordered(flow, block)) return row;
  return canonicalPosition(txidRows(flow, block), txCountOf(flow, block), row);
}

/** The transaction at a position of a block row, or NONE. */
export function txAtPosition(flow: FlowIndex, block: number, position: number): number {
  const count = txCountOf(flow, block);
  if (position >= count) return NONE;
  const first = flow.blockFirstTx.at(block);
  if (!isReordered(flow, block)) return first + position;
  return first + canonicalRows(txidRows(flow, block), count)[position]!;
}

/** The ids of a block row in the order in which its transactions stand in the block: 32 bytes each, internal order. */
export function txidsInBlock(flow: FlowIndex, block: number): Uint8Array {
  const rows = txidRows(flow, block);
  return isReordered(flow, block) ? canonicalTxids(rows, txCountOf(flow, block)) : rows;
}

function txCountOf(flow: FlowIndex, block: number): number {
  const end = block + 1 < flow.blockCount ? flow.blockFirstTx.at(block + 1) : flow.txCount;
  return end - flow.blockFirstTx.at(block);
}

/** The ids of a block row in the order of their rows. */
function txidRows(flow: FlowIndex, block: number): Uint8Array {
  const first = flow.blockFirstTx.at(block);
  return flow.txids.readRange(first, first + txCountOf(flow, block));
}
