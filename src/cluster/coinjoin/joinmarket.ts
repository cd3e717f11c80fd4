import { makeVerdict, type Strength, type Verdict } from '../verdict.ts';
import { assignInputs } from './assign-inputs.ts';
import { carriesTokens, isExactSplit } from './look-alikes.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * JM-1: a JoinMarket transaction. One value occurs n times, every other output once, and there is one change
 * per participant (a taker that sweeps has none); the inputs can be dealt out so that each participant
 * covers the equal output and the change.
 *
 * `strong` from five equal outputs on when the inputs can be dealt out (or that could not be decided);
 * `possible` with three or four, which `lineage.ts` raises when a spend ties it to a strong one.
 *
 * The published size limits keep sweeps of services out. A transaction beyond them is `possible` all
 * the same when it has five equal outputs and its inputs can be dealt out: among the real transactions
 * looked at by hand were such rounds with 89 and 167 inputs, and a wrong union is for ever.
 *
 * @param shape after `analyse()`
 * @example joinmarket(shape, coinjoinParameters('main'))?.facts.equalOutputs // 7
 */
export function joinmarket(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.joinmarket;
  const equal = shape.modeCount;
  const { inputCount, outputCount } = shape;
  if (equal < rule.equalMin || shape.valuesRepeated !== 1) return undefined;
  if (outputCount !== 2 * equal && outputCount !== 2 * equal - 1) return undefined;
  if (shape.height < rule.heightMin || shape.modeSats < parameters.equalSatsMin) return undefined;
  if (carriesTokens(shape, shape.modeSats, parameters)) return undefined;
  if (shape.distinctInputScripts < equal) return undefined;
  if (shape.distinctOutputScripts !== outputCount) return undefined;
  const slots = inputCount + outputCount;
  if (100 * shape.slotScriptTop > rule.scriptSharePercentMax * slots) return undefined;
  if (isExactSplit(shape, parameters)) return undefined;

  const larger = Math.max(inputCount, outputCount);
  const isUsualSize =
    larger <= rule.sizeMax && larger <= rule.sizeRatioMax * Math.min(inputCount, outputCount);
  const assignable = assignInputs(groupInputs(shape), goals(shape, parameters), rule.stepsMax);
  let strength: Strength = 'possible';
  if (isUsualSize) {
    if (equal >= rule.strongEqualMin && assignable !== 'no') strength = 'strong';
  } else if (equal < rule.strongEqualMin || assignable !== 'yes') {
    return undefined;
  }
  return makeVerdict('JM-1', strength, {
    equalSats: shape.modeSats,
    equalOutputs: equal,
    inputs: inputCount,
    outputs: outputCount,
    assignable,
    usualSize: isUsualSize ? 'yes' : 'no',
  });
}

/** Value that each input script brings. */
function groupInputs(shape: TxShape): number[] {
  const sums = new Map<number, number>();
  for (let row = 0; row < shape.inputCount; row += 1) {
    const script = shape.inputScript[row]!;
    sums.set(script, (sums.get(script) ?? 0) + shape.inputValue[row]!);
  }
  return [...sums.values()];
}

/** What each participant must bring: the equal value and the change, less a tolerance for fees paid and earned. */
function goals(shape: TxShape, parameters: CoinjoinParameters): number[] {
  const rule = parameters.joinmarket;
  const tolerance = Math.max(
    rule.toleranceSatsMin,
    Math.floor(shape.modeSats / rule.toleranceDivisor),
  );
  const result: number[] = [];
  for (let row = 0; row < shape.outputCount; row += 1) {
    const sats = shape.sortedValue[row]!;
    if (sats !== shape.modeSats) result.push(shape.modeSats + sats - tolerance);
  }
  while (result.length < shape.modeCount) result.push(shape.modeSats - tolerance);
  return result;
}
