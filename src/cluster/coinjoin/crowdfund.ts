import { SIGHASH } from '../../chain/input-kind.ts';
import { makeVerdict, type Verdict } from '../verdict.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/** True for an input that is signed so that strangers may add theirs: a pledge. */
export function isPledgeSignature(sighashMask: number): boolean {
  return (sighashMask & SIGHASH.allAnyoneCanPay) !== 0;
}

/**
 * LA-7: a crowdfund, in which two or more inputs are pledges (ALL|ANYONECANPAY, 0x81). The pledging inputs
 * belong to nobody knows how many people and join no union.
 *
 * @param shape filled
 * @example crowdfund(shape, coinjoinParameters('main'))?.facts.allAnyoneCanPayInputs // 5
 */
export function crowdfund(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  let pledges = 0;
  for (let row = 0; row < shape.inputCount; row += 1) {
    if (isPledgeSignature(shape.inputSighash[row]!)) pledges += 1;
  }
  if (pledges < parameters.lookAlike.crowdfundInputsMin) return undefined;
  return makeVerdict('LA-7', 'strong', {
    inputs: shape.inputCount,
    allAnyoneCanPayInputs: pledges,
  });
}
