/**
 * What is known of a block before it meets the ledger: whether it is the block that is meant, whole and unchanged.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import type { BlockColumns } from '../chain/block-columns.hot.ts';
import { isCoinbaseInput } from '../chain/coinbase-input.ts';
import { headerHash } from '../chain/header.ts';
import { checkMerkleRoot, checkWitnessCommitment } from '../chain/merkle.ts';
import { ClewError } from '../errors.ts';

/**
 * Whether the bytes are the block that is meant, whole and unchanged.
 *
 * @param columns the block, read
 * @throws {ClewError} CLEW_BLOCK_DAMAGED, CLEW_BLOCK_MERKLE, CLEW_BLOCK_WITNESS, CLEW_BLOCK_INVALID
 */
export function checkBlock(
  block: Uint8Array,
  columns: BlockColumns,
  meta: { readonly height: number; readonly hash: string },
): void {
  const { height, hash } = meta;
  if (hashToDisplay(headerHash(block)) !== hash) {
    const what = `Where block ${height} stood is another block now.`;
    throw new ClewError('CLEW_BLOCK_DAMAGED', what, { height, hash });
  }
  if (checkMerkleRoot(block, columns) === 'mismatch') {
    const what = `The transactions of block ${height} do not give the Merkle root of its header.`;
    throw new ClewError('CLEW_BLOCK_MERKLE', what, { height, hash });
  }
  if (checkWitnessCommitment(block, columns) === 'mismatch') {
    const what = `The witness data of block ${height} is not what its coinbase commits to.`;
    throw new ClewError('CLEW_BLOCK_WITNESS', what, { height, hash });
  }
  if (columns.txFirstInput[1] !== 1 || !isCoinbaseInput(block, columns, 0)) {
    throw invalidBlock(height, 'stands first and is no coinbase');
  }
  for (let input = 1; input < columns.inputCount; input += 1) {
    if (isCoinbaseInput(block, columns, input)) {
      throw invalidBlock(height, 'is a coinbase and does not stand first');
    }
  }
}

function invalidBlock(height: number, what: string): ClewError {
  return new ClewError('CLEW_BLOCK_INVALID', `A transaction in block ${height} ${what}.`, {
    height,
  });
}
