/** How far columns that were fetched before lie on the chain that the servers hold now. */
import { bytesToHex } from '../bytes/hex.ts';
import type { LedgerEngine } from './engine.ts';
import type { FlowIndex } from './flow-index.ts';
import { type RowBase, sqlRow } from './row-base.ts';

/** Reorganisations are a few blocks deep; whoever lags by a deeper one fetches all anew. */
const DEPTH_MAX = 1_000;

interface BlockRow {
  readonly height: number;
  readonly time: number;
  readonly txid: string;
}

/**
 * The number of blocks that an index and the servers' tables have in common: by height, time and the id of the coinbase. That
 * it is really the same chain is told by the checksums once all has been fetched.
 *
 * @param blocks no more than these
 * @returns 0 when the last thousand differ
 */
export async function commonBlocks(
  engine: LedgerEngine,
  base: RowBase,
  flow: FlowIndex,
  blocks: number,
): Promise<number> {
  const from = Math.max(0, blocks - DEPTH_MAX);
  const firstTxs = Array.from({ length: blocks - from }, (_, n) => flow.blockFirstTx.at(from + n));
  if (firstTxs.length === 0) return 0;
  const rows = await engine.query<BlockRow & { readonly row: string }>(
    `SELECT toString(block_index) AS row, height, time, '' AS txid FROM blocks
     WHERE block_index >= ${sqlRow(base.blocks, from)} AND block_index < ${sqlRow(base.blocks, blocks)}`,
  );
  const txids = await engine.query<{ row: string; txid: string }>(
    `SELECT toString(tx_index) AS row, lower(hex(txid)) AS txid FROM transactions
     WHERE tx_index IN (${firstTxs.map((tx) => sqlRow(base.transactions, tx)).join()})`,
  );
  const blockRows = new Map(rows.map((row) => [row.row, row]));
  const txidRows = new Map(txids.map(({ row, txid }) => [row, txid]));
  for (let block = blocks - 1; block >= from; block -= 1) {
    const row = blockRows.get(sqlRow(base.blocks, block));
    const firstTx = flow.blockFirstTx.at(block);
    const isSame =
      row?.height === flow.blockHeight.at(block) &&
      row.time === flow.blockTime.at(block) &&
      txidRows.get(sqlRow(base.transactions, firstTx)) === bytesToHex(flow.txids.at(firstTx));
    if (isSame) return block + 1;
  }
  return 0;
}
