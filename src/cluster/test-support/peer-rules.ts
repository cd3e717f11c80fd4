/**
 * How other systems flag mixes, from their published definitions, for comparison only. They count all outputs, data
 * outputs included.
 */
import type { TxShape } from '../coinjoin/tx-shape.hot.ts';

function outputs(shape: TxShape): number[] {
  const data = new Array<number>(shape.dataOutputCount).fill(0);
  return [...shape.outputValue.subarray(0, shape.outputCount), ...data];
}

/** How often each value occurs. */
function countValues(values: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/**
 * The flag by which BlockSci and GraphSense leave transactions out of clustering: some value exactly
 * `m = floor((outputs + 1) / 2)` times, at least `m` input scripts, and the value no dust.
 */
export function flagRule(shape: TxShape): boolean {
  const values = outputs(shape);
  const m = Math.floor((values.length + 1) / 2);
  if (shape.inputCount < 2 || values.length < 3 || m > shape.distinctInputScripts) return false;
  return [...countValues(values)].some(
    ([value, count]) => value !== 546 && value !== 2730 && count === m,
  );
}

/** Esplora's privacy note: some value often enough. */
export function esploraFlags(shape: TxShape): boolean {
  const values = outputs(shape);
  const enough = Math.min(5, Math.max(2, Math.floor(values.length / 2)));
  return shape.inputCount > 1 && [...countValues(values).values()].some((count) => count >= enough);
}

/** mempool's tag: many inputs and outputs, nothing used twice, few distinct values. */
export function mempoolFlags(shape: TxShape): boolean {
  const { inputCount, outputCount } = shape;
  if (inputCount < 5 || outputCount < 5 || shape.dataOutputCount > 0) return false;
  if (shape.slotScriptTop > 1) return false;
  const ratio = inputCount / outputCount;
  if (ratio <= 0.2 || ratio >= 5) return false;
  const values = new Set([...shape.inputValue.subarray(0, inputCount), ...outputs(shape)]);
  return values.size <= (inputCount + outputCount) / 2;
}
