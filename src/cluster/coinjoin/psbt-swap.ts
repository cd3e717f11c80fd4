import { SIGHASH } from '../../chain/input-kind.ts';
import { makeVerdict, type Verdict } from '../verdict.ts';
import type { TxShape } from './tx-shape.hot.ts';

/** Signs everything, and so agrees to the whole transaction. */
const SIGNS_ALL = SIGHASH.all | SIGHASH.taprootDefault;

/** True when every signature of the input signs the whole transaction, and there is one. */
export function signsWholeTransaction(sighashMask: number): boolean {
  return (sighashMask & SIGNS_ALL) !== 0 && (sighashMask & ~SIGNS_ALL) === 0;
}

/** True for an input that is signed so that strangers may build the rest of the transaction around it. */
export function isSwapSignature(sighashMask: number): boolean {
  return (sighashMask & SIGHASH.singleAnyoneCanPay) !== 0;
}

/**
 * LA-6: a trade of the kind that markets for inscriptions make: the seller signs one input with
 * SINGLE|ANYONECANPAY (0x83), the buyer completes the transaction. Only inputs that sign the whole transaction
 * may be joined.
 *
 * Swaps in which everybody signs ALL can not be told from a payment.
 *
 * @param shape after `analyse()`
 * @see https://github.com/ordinals/ord/issues/4291
 * @example psbtSwap(shape)?.facts.permittedInputs // 2
 */
export function psbtSwap(shape: TxShape): Verdict | undefined {
  if (shape.distinctInputScripts < 2) return undefined;
  let singles = 0;
  let permitted = 0;
  for (let row = 0; row < shape.inputCount; row += 1) {
    const mask = shape.inputSighash[row]!;
    if (isSwapSignature(mask)) singles += 1;
    else if (signsWholeTransaction(mask)) permitted += 1;
  }
  if (singles === 0) return undefined;
  return makeVerdict('LA-6', 'strong', {
    inputs: shape.inputCount,
    singleAnyoneCanPayInputs: singles,
    permittedInputs: permitted,
  });
}
