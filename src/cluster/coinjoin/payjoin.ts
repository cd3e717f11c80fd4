import { makeVerdict, type Verdict } from '../verdict.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * PJ-1 as a test without an object, for the clustering loop: two outputs, both at least as large as the smallest
 * input, and inputs of one type on different scripts. From the height of BIP 78 on.
 *
 * @param distinctInputScripts SI, which the caller knows already
 */
export function isPayjoinPossible(
  shape: TxShape,
  distinctInputScripts: number,
  parameters: CoinjoinParameters,
): boolean {
  const { inputCount } = shape;
  if (shape.outputCount !== 2 || inputCount < 2 || distinctInputScripts !== inputCount)
    return false;
  if (shape.height < parameters.payjoin.heightMin) return false;
  const kind = shape.inputScriptKind[0];
  let smallest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < inputCount; row += 1) {
    if (shape.inputScriptKind[row] !== kind) return false;
    if (shape.inputValue[row]! < smallest) smallest = shape.inputValue[row]!;
  }
  return shape.outputValue[0]! >= smallest && shape.outputValue[1]! >= smallest;
}

/**
 * PJ-1: a payment to which the payee may have added an input (PayJoin, BIP 78). Never more than `possible`: a
 * wallet that pays with one coin more than it needs looks the same, and nobody knows how common either is.
 *
 * @param shape after `analyse()`
 * @example payjoin(shape, coinjoinParameters('main'))?.strength // 'possible'
 */
export function payjoin(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  if (!isPayjoinPossible(shape, shape.distinctInputScripts, parameters)) return undefined;
  return makeVerdict('PJ-1', 'possible', {
    inputs: shape.inputCount,
    smallestInputSats: shape.inputSatsMin,
    smallestOutputSats: shape.sortedValue[0]!,
  });
}
