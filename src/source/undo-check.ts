/**
 * Undo data held against its block: what a node wrote down about spent outputs is not part of the block, so it is
 * believed only as far as it fits.
 */
import type { BlockColumns } from '../chain/block-columns.hot.ts';
import { type Network, subsidySats } from '../chain/network.ts';
import { REVEALED, revealedScript } from '../chain/revealed-script.hot.ts';
import { SatsTotal } from '../units/amount.ts';
import type { UndoColumns } from './undo-record.hot.ts';

/** Transactions, inputs and outputs of a block, the coinbase as the first transaction. */
export type BlockShape = Pick<
  BlockColumns,
  'txCount' | 'txFirstInput' | 'txFirstOutput' | 'outValue'
>;

/** True when undo data has an entry for each input of each transaction. */
export function hasShape(undo: UndoColumns, shape: BlockShape): boolean {
  if (undo.txCount !== shape.txCount - 1) return false;
  const coinbaseInputs = shape.txFirstInput[1]!;
  for (let tx = 1; tx <= undo.txCount; tx += 1) {
    if (undo.txFirstInput[tx] !== shape.txFirstInput[tx + 1]! - coinbaseInputs) return false;
  }
  return true;
}

/** What the outputs of a transaction add up to; exact, since outputs of a valid block stay below 2^53 together. */
function paidSats(shape: BlockShape, tx: number): number {
  let sum = 0;
  const end = shape.txFirstOutput[tx + 1]!;
  for (let output = shape.txFirstOutput[tx]!; output < end; output += 1) {
    sum += shape.outValue[output]!;
  }
  return sum;
}

/**
 * What undo data of the right shape contradicts: no transaction pays out more than it takes in, the coinbase takes no more
 * than subsidy and fees, and nothing is spent before it was made.
 *
 * @param height of the block
 * @returns what is wrong, or undefined
 * @example undoFault(undo, columns, 300_025, getNetwork('main')) // undefined
 */
export function undoFault(
  undo: UndoColumns,
  shape: BlockShape,
  height: number,
  network: Network,
): string | undefined {
  const fees = new SatsTotal();
  for (let tx = 0; tx < undo.txCount; tx += 1) {
    let spentSats = 0;
    const end = undo.txFirstInput[tx + 1]!;
    for (let input = undo.txFirstInput[tx]!; input < end; input += 1) {
      spentSats += undo.valueSats[input]!;
      if (undo.height[input]! > height) return 'an output is spent below the block that made it';
    }
    const feeSats = spentSats - paidSats(shape, tx + 1);
    if (feeSats < 0) return 'a transaction would pay out more than it takes in';
    fees.add(feeSats);
  }
  const subsidy = subsidySats(height, network);
  if (subsidy === undefined) return undefined;
  const allowed = fees.value + BigInt(subsidy);
  return BigInt(paidSats(shape, 0)) > allowed
    ? 'the coinbase would take more than subsidy and fees'
    : undefined;
}

/**
 * Whether the inputs of a block show more of the scripts that undo data of the right shape names than they contradict. A record
 * with a wrong checksum is told by that: a flipped bit changes one script at most.
 *
 * @param columns the block, read
 */
export function showsScriptsOf(
  undo: UndoColumns,
  block: Uint8Array,
  columns: BlockColumns,
): boolean {
  let balance = 0;
  for (let row = 0; row < undo.inputCount; row += 1) {
    const start = undo.scriptOffset[row]!;
    const end = undo.scriptOffset[row + 1]!;
    const input = row + columns.txFirstInput[1]!;
    const shown = revealedScript(block, columns, input, undo.scriptBytes, start, end);
    if (shown === REVEALED.same) balance += 1;
    else if (shown === REVEALED.other) balance -= 1;
  }
  return balance > 0;
}
