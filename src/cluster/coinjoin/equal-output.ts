import { makeVerdict, type Verdict } from '../verdict.ts';
import {
  carriesTokens,
  hasConcentratedInputs,
  isBatchPayout,
  isExactSplit,
  isSweep,
} from './look-alikes.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * EQ-1: some value occurs at least three times, there are at least as many input scripts, every output has a
 * script of its own, and none of the look-alikes LA-1 to LA-5 holds. Only ever `possible`: it is the net below
 * the protocol rules, for mixes whose protocol nobody has written down.
 *
 * @param shape after `analyse()`
 * @example equalOutput(shape, coinjoinParameters('main'))?.strength // 'possible'
 */
export function equalOutput(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.equalOutput;
  if (shape.inputCount < rule.inputsMin || shape.modeCount < rule.equalMin) return undefined;
  if (shape.distinctOutputScripts !== shape.outputCount) return undefined;
  if (
    isExactSplit(shape, parameters) ||
    isBatchPayout(shape, parameters) ||
    isSweep(shape, parameters) ||
    hasConcentratedInputs(shape, parameters)
  ) {
    return undefined;
  }
  let equalSats = 0;
  let equalOutputs = 0;
  let row = 0;
  while (row < shape.outputCount) {
    const sats = shape.sortedValue[row]!;
    let end = row + 1;
    while (end < shape.outputCount && shape.sortedValue[end] === sats) end += 1;
    const count = end - row;
    if (
      count >= Math.max(rule.equalMin, equalOutputs) &&
      count <= shape.distinctInputScripts &&
      sats >= parameters.equalSatsMin &&
      !carriesTokens(shape, sats, parameters)
    ) {
      equalSats = sats;
      equalOutputs = count;
    }
    row = end;
  }
  if (equalOutputs === 0) return undefined;
  return makeVerdict('EQ-1', 'possible', {
    equalSats,
    equalOutputs,
    inputs: shape.inputCount,
    outputs: shape.outputCount,
    distinctInputScripts: shape.distinctInputScripts,
  });
}
