import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeVerdict, type Verdict } from '../verdict.ts';
import { hasConcentratedInputs, isExactSplit } from './look-alikes.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * WW1: a round of Wasabi 1 (ZeroLink). Form A, in the time of fixed coordinator addresses: an output pays a
 * coordinator and some value occurs three times. Form B, after: ten or more equal outputs around 0.1 coin, all
 * scripts P2WPKH, and at least two values that occur once (change, the coordinator's fee).
 *
 * `strong`, but `possible` from the height on where no coordinator is known any more.
 *
 * @param shape after `analyse()`
 * @example wasabi1(shape, coinjoinParameters('main'))?.facts.equalOutputs // 62
 */
export function wasabi1(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.wasabi1;
  if (shape.height < rule.formAHeightMin || shape.inputCount < 2) return undefined;
  const form = shape.height < rule.formBHeightMin ? 'A' : 'B';
  const matches =
    form === 'A' ? paysCoordinator(shape, parameters) : isLateRound(shape, parameters);
  if (!matches) return undefined;
  return makeVerdict('WW1', shape.height >= rule.possibleHeightMin ? 'possible' : 'strong', {
    form,
    equalSats: shape.modeSats,
    equalOutputs: shape.modeCount,
    inputs: shape.inputCount,
    outputs: shape.outputCount,
    levels: countLevels(shape, rule.levelBaseSats),
  });
}

function paysCoordinator(shape: TxShape, parameters: CoinjoinParameters): boolean {
  if (shape.modeCount < parameters.wasabi1.formAEqualMin) return false;
  for (let row = 0; row < shape.outputCount; row += 1) {
    if (shape.coordinatorScripts.includes(shape.outputScript[row]!)) return true;
  }
  return false;
}

function isLateRound(shape: TxShape, parameters: CoinjoinParameters): boolean {
  const rule = parameters.wasabi1;
  return (
    shape.modeCount >= rule.equalMin &&
    shape.modeSats >= rule.equalSatsMin &&
    shape.modeSats <= rule.equalSatsMax &&
    shape.inputCount >= shape.modeCount &&
    shape.valuesOnce >= rule.onceMin &&
    shape.distinctOutputScripts === shape.outputCount &&
    isAllP2wpkh(shape) &&
    !hasConcentratedInputs(shape, parameters) &&
    !isExactSplit(shape, parameters)
  );
}

function isAllP2wpkh(shape: TxShape): boolean {
  for (let row = 0; row < shape.inputCount; row += 1) {
    if (shape.inputScriptKind[row] !== SCRIPT_KIND.p2wpkh) return false;
  }
  for (let row = 0; row < shape.outputCount; row += 1) {
    if (shape.outputScriptKind[row] !== SCRIPT_KIND.p2wpkh) return false;
  }
  return true;
}

/** Levels (Wasabi 1.1) with at least two outputs within 5 % of base * 2^i: an annotation, no condition. */
function countLevels(shape: TxShape, levelBaseSats: number): number {
  let levels = 0;
  const largest = shape.sortedValue[shape.outputCount - 1]!;
  for (let sats = levelBaseSats; sats <= 2 * largest; sats *= 2) {
    const margin = Math.floor(sats / 20);
    if (shape.countOutputsBetween(sats - margin, sats + margin) >= 2) levels += 1;
  }
  return levels;
}
