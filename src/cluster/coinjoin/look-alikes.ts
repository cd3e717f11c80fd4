/**
 * Shapes that repeat a value without several people mixing (LA-1 to LA-5). Each is a reason not to call
 * a transaction a mix; the payer stays one payer, so co-spend applies.
 */
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * LA-1: everything is split into N equal parts, up to one part in 10,000. Speaks only of transactions with few inputs.
 *
 * Nothing here leaves the whole numbers: `10000 * rest <= total` is written as `rest <= floor(total / 10000)`.
 */
export function isExactSplit(shape: TxShape, parameters: CoinjoinParameters): boolean {
  const { splitInputsMax, splitDivisor } = parameters.lookAlike;
  if (shape.inputCount >= splitInputsMax || shape.modeSats === 0) return false;
  const total = shape.outputSats;
  const parts = Math.floor((2 * total + shape.modeSats) / (2 * shape.modeSats));
  if (parts > shape.outputCount) return false;
  return Math.abs(total - parts * shape.modeSats) <= Math.floor(total / splitDivisor);
}

/** LA-2: many times more outputs than inputs. */
export function isBatchPayout(shape: TxShape, parameters: CoinjoinParameters): boolean {
  return shape.outputCount >= parameters.lookAlike.ratio * shape.inputCount;
}

/** LA-3: many times more inputs than outputs. */
export function isSweep(shape: TxShape, parameters: CoinjoinParameters): boolean {
  return shape.inputCount >= parameters.lookAlike.ratio * shape.outputCount;
}

/**
 * LA-4: one script has more than a tenth of the inputs, and at least three of them. The second half is ours: with
 * fewer than twenty inputs a script that occurs twice would pass the tenth, and a real Wasabi 1 round has one.
 */
export function hasConcentratedInputs(shape: TxShape, parameters: CoinjoinParameters): boolean {
  const { concentratedInputsMin, concentratedPercent, concentratedCountMin } = parameters.lookAlike;
  return (
    shape.inputCount >= concentratedInputsMin &&
    shape.inputScriptTop >= concentratedCountMin &&
    100 * shape.inputScriptTop > concentratedPercent * shape.inputCount
  );
}

/** LA-5: the transaction carries data, or the repeated value is one that carries tokens. */
export function carriesTokens(
  shape: TxShape,
  equalSats: number,
  parameters: CoinjoinParameters,
): boolean {
  return shape.dataOutputCount > 0 || parameters.lookAlike.tokenSats.includes(equalSats);
}
