import { makeVerdict, type Verdict } from '../verdict.ts';
import type { CoinjoinParameters, WhirlpoolPool } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * TX0-1: the transaction that splits a wallet's coins into equal entrants for Whirlpool. Not a mix: it has one
 * owner, so co-spend applies to its inputs. It is recognised so that nothing else takes it for a Stonewall.
 *
 * Always `possible` here; `lineage.ts` raises it once a premix output is seen in a mix of the same pool.
 * Misses TX0s of two parties and those with more than one change output.
 *
 * @param shape after `analyse()`
 * @example whirlpoolTx0(shape, coinjoinParameters('main'))?.facts.premixOutputs // 4
 */
export function whirlpoolTx0(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.whirlpool;
  if (shape.dataOutputCount !== 1 || shape.height < rule.heightMin) return undefined;
  let best: Candidate | undefined;
  for (const pool of rule.pools) {
    const candidate = splitFor(pool, shape, parameters);
    if (candidate !== undefined && (best === undefined || candidate.premixes > best.premixes)) {
      best = candidate;
    }
  }
  if (best === undefined) return undefined;
  return makeVerdict('TX0-1', 'possible', {
    poolSats: best.poolSats,
    premixSats: best.premixSats,
    premixOutputs: best.premixes,
    feeOutputSats: best.feeOutputSats,
  });
}

interface Candidate {
  readonly poolSats: number;
  readonly premixSats: number;
  readonly premixes: number;
  readonly feeOutputSats: number;
}

function splitFor(
  pool: WhirlpoolPool,
  shape: TxShape,
  parameters: CoinjoinParameters,
): Candidate | undefined {
  const rule = parameters.whirlpool;
  if (shape.timeSeconds < pool.startSeconds - rule.tx0LeadSeconds) return undefined;
  const min = pool.denominationSats + rule.excessSatsMin;
  const max = pool.denominationSats + rule.excessSatsMax;
  let premixSats = 0;
  let premixes = 0;
  let row = 0;
  while (row < shape.outputCount) {
    const sats = shape.sortedValue[row]!;
    let end = row + 1;
    while (end < shape.outputCount && shape.sortedValue[end] === sats) end += 1;
    if (sats >= min && sats <= max && end - row >= premixes) {
      premixSats = sats;
      premixes = end - row;
    }
    row = end;
  }
  if (premixes === 0 || premixes > rule.premixOutputsMax) return undefined;
  // The coordinator's fee, and at most one change.
  if (shape.outputCount - premixes > 2) return undefined;
  const feeOutputSats = pool.feeSats === null ? 0 : findFee(pool.feeSats, shape);
  if (feeOutputSats === undefined) return undefined;
  return { poolSats: pool.denominationSats, premixSats, premixes, feeOutputSats };
}

/**
 * The coordinator's fee: the one output between half and three times the usual fee (earlier fees were higher,
 * there were discounts). Where the change lies in that range too, the one output that is the usual fee exactly.
 */
function findFee(usualSats: number, shape: TxShape): number | undefined {
  const min = Math.ceil(usualSats / 2);
  const max = 3 * usualSats;
  if (shape.countOutputsBetween(min, max) !== 1) {
    return shape.countOutputsOf(usualSats) === 1 ? usualSats : undefined;
  }
  for (let row = 0; row < shape.outputCount; row += 1) {
    const sats = shape.sortedValue[row]!;
    if (sats >= min && sats <= max) return sats;
  }
  return undefined;
}
