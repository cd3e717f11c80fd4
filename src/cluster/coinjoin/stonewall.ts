import { makeVerdict, type Verdict } from '../verdict.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * SW-1: a Stonewall, the payment that is built to look like a mix of two. Three or four outputs, exactly one
 * value exactly twice. One owner and two owners look identical, so nothing may be joined and nobody called a mixer.
 *
 * With four outputs and few inputs the arithmetic can be checked: a partition of the inputs, scripts kept whole,
 * in which each half pays the equal value, one change and half of the fee gives `stonewall_exact`.
 *
 * @param shape after `analyse()`, when TX0-1 did not match
 * @example stonewall(shape, coinjoinParameters('main'))?.facts.form // 'stonewall_exact'
 */
export function stonewall(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.stonewall;
  const { inputCount, outputCount } = shape;
  if (inputCount < 2 || (outputCount !== 3 && outputCount !== 4)) return undefined;
  if (shape.modeCount !== 2 || shape.valuesRepeated !== 1) return undefined;
  if (shape.modeSats < rule.equalSatsMin || shape.distinctOutputScripts !== outputCount) {
    return undefined;
  }
  const isExact =
    outputCount === 4 && inputCount <= rule.exactInputsMax && hasExactPartition(shape);
  return makeVerdict('SW-1', isExact ? 'strong' : 'possible', {
    equalSats: shape.modeSats,
    inputs: inputCount,
    outputs: outputCount,
    form: isExact ? 'stonewall_exact' : 'stonewall_shape',
  });
}

function hasExactPartition(shape: TxShape): boolean {
  const feeSats = shape.inputSats - shape.outputSats - shape.dataOutputSats;
  if (feeSats < 0 || feeSats % 2 !== 0) return false;
  const sums = new Map<number, number>();
  for (let row = 0; row < shape.inputCount; row += 1) {
    const script = shape.inputScript[row]!;
    sums.set(script, (sums.get(script) ?? 0) + shape.inputValue[row]!);
  }
  let changeSats = 0;
  for (let row = 0; row < shape.outputCount; row += 1) {
    const sats = shape.sortedValue[row]!;
    if (sats !== shape.modeSats) changeSats = sats;
  }
  // When one half has its exact sum, the other half has it too.
  return hasSubsetSum([...sums.values()], shape.modeSats + changeSats + feeSats / 2);
}

/**
 * True when some of the values add up to the target exactly. Meets in the middle: two lists of at most
 * 2^10 sums for the 20 inputs allowed.
 */
export function hasSubsetSum(values: readonly number[], target: number): boolean {
  const half = Math.floor(values.length / 2);
  const left = new Set(subsetSums(values.slice(0, half)));
  return subsetSums(values.slice(half)).some((sum) => left.has(target - sum));
}

function subsetSums(values: readonly number[]): number[] {
  let sums = [0];
  for (const value of values) sums = [...sums, ...sums.map((sum) => sum + value)];
  return sums;
}
