import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeVerdict, type Verdict } from '../verdict.ts';
import type { CoinjoinParameters, WhirlpoolPool } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

/**
 * WH-1: a Whirlpool mix. As many outputs as inputs, all worth exactly one pool's denomination; inputs that
 * come from an earlier mix are worth the same, entrants bring a little more for the fee.
 *
 * Inputs are P2WPKH. Outputs are too, except that a client may mix straight to a multisig wallet: among real
 * mixes of March 2024 one in six has one or two P2WSH outputs, so those are allowed while they are fewer than half.
 * A pool's first mix has no remixer and is known by its id. Never combined with the exact-split test LA-1,
 * because all outputs are equal by design.
 *
 * @param shape after `analyse()`, with all previous outputs known
 * @returns a `strong` verdict, or undefined
 * @see docs/methods/coinjoins.md for the sources of the numbers
 * @example whirlpool(shape, coinjoinParameters('main'))?.facts.poolSats // 5000000
 */
export function whirlpool(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.whirlpool;
  const { inputCount, outputCount } = shape;
  if (inputCount !== outputCount || inputCount < rule.inputsMin || inputCount > rule.inputsMax) {
    return undefined;
  }
  if (shape.modeCount !== outputCount || shape.height < rule.heightMin) return undefined;
  const pool = openPool(rule.pools, shape.modeSats, shape.timeSeconds);
  if (pool === undefined) return undefined;
  if (shape.distinctInputScripts !== inputCount || shape.distinctOutputScripts !== outputCount) {
    return undefined;
  }
  let remixers = 0;
  let entrants = 0;
  for (let row = 0; row < inputCount; row += 1) {
    if (shape.inputScriptKind[row] !== SCRIPT_KIND.p2wpkh) return undefined;
    const excess = shape.inputValue[row]! - pool.denominationSats;
    if (excess === 0) remixers += 1;
    else if (excess >= rule.excessSatsMin && excess <= rule.excessSatsMax) entrants += 1;
    else return undefined;
  }
  let scriptHashOutputs = 0;
  for (let row = 0; row < outputCount; row += 1) {
    if (shape.outputScriptKind[row] === SCRIPT_KIND.p2wsh) scriptHashOutputs += 1;
    else if (shape.outputScriptKind[row] !== SCRIPT_KIND.p2wpkh) return undefined;
  }
  if (2 * scriptHashOutputs >= outputCount || entrants === 0) return undefined;
  const isFirstMix = remixers === 0;
  if (isFirstMix && !rule.firstMixes.includes(shape.txidHex())) return undefined;
  return makeVerdict('WH-1', 'strong', {
    poolSats: pool.denominationSats,
    inputs: inputCount,
    remixers,
    entrants,
    scriptHashOutputs,
    firstMixOfPool: isFirstMix ? 'yes' : 'no',
  });
}

/** The pool of a denomination, when it was open at that time. */
function openPool(
  pools: readonly WhirlpoolPool[],
  denominationSats: number,
  timeSeconds: number,
): WhirlpoolPool | undefined {
  return pools.find(
    (pool) => pool.denominationSats === denominationSats && timeSeconds >= pool.startSeconds,
  );
}
