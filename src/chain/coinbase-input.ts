/** What the one input of a coinbase names as its previous output: output 2^32 - 1 of the transaction zero. */
import type { BlockColumns } from './block-columns.hot.ts';

/** The output number that a coinbase names. A format of the chain, whatever row numbers a ledger has. */
export const COINBASE_VOUT = 0xffff_ffff;

/**
 * True for the input of a coinbase.
 *
 * @param block the bytes that `columns` speaks of
 * @param input row of the input in the block
 */
export function isCoinbaseInput(block: Uint8Array, columns: BlockColumns, input: number): boolean {
  if (columns.inPrevVout[input] !== COINBASE_VOUT) return false;
  const start = columns.inPrevTxidOffset[input]!;
  for (let i = start; i < start + 32; i += 1) if (block[i] !== 0) return false;
  return true;
}
