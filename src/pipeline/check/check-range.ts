/** Which rows a check looks at: those of the blocks of a range of heights. */
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';

/** Rows from `…From` on, those from `…End` on left out. */
export interface CheckRange {
  readonly heightMin: number;
  readonly heightMax: number;
  readonly blockFrom: number;
  readonly blockEnd: number;
  readonly txFrom: number;
  readonly txEnd: number;
  readonly inputFrom: number;
  readonly inputEnd: number;
  readonly outputFrom: number;
  readonly outputEnd: number;
  /** The range is the whole ledger. */
  readonly isWhole: boolean;
  /** The ledger has every block from the genesis block to the end of the range, so nothing can be unknown. */
  readonly isFromGenesis: boolean;
}

/**
 * The rows of the blocks of a range.
 *
 * @param heightMin absent: from the first block on
 * @param heightMax absent: to the last block
 * @throws {ClewError} CLEW_AS_OF when the ledger has no block in the range
 * @example rangeOf(flow, 100_000, 100_999).blockEnd
 */
export function rangeOf(flow: FlowIndex, heightMin = 0, heightMax = Infinity): CheckRange {
  const blockFrom = firstBlockFrom(flow, heightMin);
  const blockEnd = firstBlockFrom(flow, heightMax + 1);
  if (blockFrom >= blockEnd) {
    throw new ClewError('CLEW_AS_OF', 'The ledger has no block between these heights.', {
      heightMin,
      heightMax: Number.isFinite(heightMax) ? heightMax : null,
    });
  }
  const txFrom = firstTx(flow, blockFrom);
  const txEnd = firstTx(flow, blockEnd);
  const heightLast = flow.blockHeight.at(blockEnd - 1);
  return {
    heightMin: flow.blockHeight.at(blockFrom),
    heightMax: heightLast,
    blockFrom,
    blockEnd,
    txFrom,
    txEnd,
    inputFrom: flow.txFirstInput.at(txFrom),
    inputEnd: flow.txFirstInput.at(txEnd),
    outputFrom: flow.txFirstOutput.at(txFrom),
    outputEnd: flow.txFirstOutput.at(txEnd),
    isWhole: blockFrom === 0 && blockEnd === flow.blockCount,
    isFromGenesis: heightLast === blockEnd - 1,
  };
}

function firstBlockFrom(flow: FlowIndex, height: number): number {
  let low = 0;
  let high = flow.blockCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (flow.blockHeight.at(middle) < height) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first transaction of a block; for the number of blocks, the number of transactions. */
export function firstTx(flow: FlowIndex, block: number): number {
  return block === flow.blockCount ? flow.txCount : flow.blockFirstTx.at(block);
}
