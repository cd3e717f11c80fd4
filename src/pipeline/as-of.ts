import { ClewError } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';

/** A state of the chain in the past (or now): everything up to a height and nothing after it. */
export interface AsOf {
  readonly height: number;
  /** The first transaction that does not count. */
  readonly txEnd: number;
}

/**
 * The state at a height, or at the tip when none is given.
 *
 * @throws {ClewError} CLEW_AS_OF when the height lies before the ledger begins or after its tip
 */
export function asOf(flow: FlowIndex, height?: number): AsOf {
  const tipHeight = flow.blockHeight.at(flow.blockCount - 1);
  if (height === undefined) return { height: tipHeight, txEnd: flow.txCount };
  const firstHeight = flow.blockHeight.at(0);
  if (height < firstHeight || height > tipHeight) {
    throw new ClewError('CLEW_AS_OF', `The ledger covers heights ${firstHeight} to ${tipHeight}.`, {
      height,
      heightMin: firstHeight,
      heightMax: tipHeight,
    });
  }
  return { height, txEnd: flow.txEndAtHeight(height) };
}
