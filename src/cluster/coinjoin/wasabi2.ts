import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeVerdict, type Verdict } from '../verdict.ts';
import type { CoinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

const DENOMINATION_SATS_MIN = 5_000;
const DENOMINATION_SATS_MAX = 134_375_000_000;
const SEQUENCE_FINAL_OR_LOCKTIME = 0xffff_fffe;

/**
 * The output values that a Wasabi 2 client decomposes into: 2^i, 3^i, 2*3^i, 10^i, 2*10^i, 5*10^i within
 * 5,000 and 134,375,000,000 satoshi; 78 values, ascending.
 */
export function wasabi2Denominations(): readonly number[] {
  const values = new Set<number>();
  for (const [base, factors] of [
    [2, [1]],
    [3, [1, 2]],
    [10, [1, 2, 5]],
  ] as const) {
    for (let power = 1; power <= DENOMINATION_SATS_MAX; power *= base) {
      for (const factor of factors) {
        const sats = factor * power;
        if (sats >= DENOMINATION_SATS_MIN && sats <= DENOMINATION_SATS_MAX) values.add(sats);
      }
    }
  }
  return [...values].sort((a, b) => a - b);
}

let denominations: ReadonlySet<number> | undefined;

/**
 * WW2: a round of Wasabi 2 (WabiSabi). Many P2WPKH and P2TR inputs sorted by value, outputs sorted by value,
 * and more than four in five outputs worth one of the 78 denominations.
 *
 * `strong`, but `possible` when a look-alike test holds: x1, wallets that consolidate and pay in round values;
 * x2, few distinct scripts; x3, far more inputs than outputs or the other way round. The fourth test of the
 * published rule (x4: neither a parent nor a child of the same kind) needs later blocks and is left out: a
 * verdict here never changes when the chain grows.
 *
 * @param shape after `analyse()`
 * @example wasabi2(shape, coinjoinParameters('main'))?.strength // 'strong'
 */
export function wasabi2(shape: TxShape, parameters: CoinjoinParameters): Verdict | undefined {
  const rule = parameters.wasabi2;
  const { inputCount, outputCount, height } = shape;
  if (height < rule.heightMin || outputCount < rule.outputsMin) return undefined;
  const inputsMin = height < rule.smallRoundsHeightMin ? rule.inputsMin : rule.smallInputsMin;
  if (inputCount < inputsMin) return undefined;
  if (!descends(shape.inputValue, inputCount) || !descends(shape.outputValue, outputCount)) {
    return undefined;
  }
  for (let row = 0; row < inputCount; row += 1) {
    const kind = shape.inputScriptKind[row];
    if (kind !== SCRIPT_KIND.p2wpkh && kind !== SCRIPT_KIND.p2tr) return undefined;
  }
  denominations ??= new Set(wasabi2Denominations());
  let denominationOutputs = 0;
  for (let row = 0; row < outputCount; row += 1) {
    if (denominations.has(shape.outputValue[row]!)) denominationOutputs += 1;
  }
  if (5 * denominationOutputs <= 4 * outputCount) return undefined;

  const x1 = isRoundConsolidation(shape);
  const x2 =
    10 * shape.distinctInputScripts < 3 * inputCount ||
    10 * shape.distinctOutputScripts < 3 * outputCount;
  const x3 = 10 * Math.abs(inputCount - outputCount) >= 7 * Math.max(inputCount, outputCount);
  return makeVerdict('WW2', x1 || x2 || x3 ? 'possible' : 'strong', {
    inputs: inputCount,
    outputs: outputCount,
    denominationOutputs,
    x1: x1 ? 'yes' : 'no',
    x2: x2 ? 'yes' : 'no',
    x3: x3 ? 'yes' : 'no',
  });
}

function descends(values: Float64Array, count: number): boolean {
  for (let row = 1; row < count; row += 1) if (values[row]! > values[row - 1]!) return false;
  return true;
}

/** x1: one script type that is not taproot, a sequence that signals replacement, one value that occurs once. */
function isRoundConsolidation(shape: TxShape): boolean {
  if (shape.valuesOnce !== 1) return false;
  const kind = shape.inputScriptKind[0];
  if (kind === SCRIPT_KIND.p2tr) return false;
  let signals = false;
  for (let row = 0; row < shape.inputCount; row += 1) {
    if (shape.inputScriptKind[row] !== kind) return false;
    if (shape.inputSequence[row]! < SEQUENCE_FINAL_OR_LOCKTIME) signals = true;
  }
  return signals;
}
