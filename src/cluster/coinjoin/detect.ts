/**
 * All detectors over one transaction, in their fixed order: Whirlpool, TX0, Wasabi 2, Wasabi 1, JoinMarket,
 * Stonewall, PayJoin, equal outputs; then the look-alikes that concern single inputs. Every match is kept.
 *
 * Detectors read the transaction and its previous outputs, never clusters or tags: a verdict that depended on
 * them would be circular, or change with the tags.
 */
import type { Detection, Verdict } from '../verdict.ts';
import { crowdfund } from './crowdfund.ts';
import { equalOutput } from './equal-output.ts';
import { joinmarket } from './joinmarket.ts';
import type { CoinjoinParameters } from './parameters.ts';
import { payjoin } from './payjoin.ts';
import { psbtSwap } from './psbt-swap.ts';
import { stonewall } from './stonewall.ts';
import type { TxShape } from './tx-shape.hot.ts';
import { wasabi1 } from './wasabi1.ts';
import { wasabi2 } from './wasabi2.ts';
import { whirlpool } from './whirlpool.ts';
import { whirlpoolTx0 } from './whirlpool-tx0.ts';

const NO: Detection = { result: 'no', verdicts: [] };
const INCOMPLETE: Detection = { result: 'incomplete', verdicts: [] };

/**
 * What the detectors say of the transaction in `shape`; analyses it first.
 *
 * @param shape a filled transaction
 * @returns `incomplete` when a previous output is unknown; otherwise every match
 * @example detect(shape, coinjoinParameters('main')).verdicts[0]?.ruleId // 'WH-1'
 */
export function detect(shape: TxShape, parameters: CoinjoinParameters): Detection {
  if (shape.isCoinbase) return NO;
  if (shape.isIncomplete) return INCOMPLETE;
  shape.analyse();
  const verdicts = [...detectShape(shape, parameters)];
  const signed = [psbtSwap(shape), crowdfund(shape, parameters)];
  for (const verdict of signed) if (verdict !== undefined) verdicts.push(verdict);
  return verdicts.length === 0 ? NO : { result: 'yes', verdicts };
}

const NONE_FOUND: readonly Verdict[] = [];

/** The detectors of whole transactions, over a shape that was analysed and is complete. */
function detectShape(shape: TxShape, parameters: CoinjoinParameters): readonly Verdict[] {
  // A TX0 needs a data output; everything else needs two inputs and, but for a PayJoin, three outputs.
  const mayBeTx0 = shape.dataOutputCount === 1 && shape.outputCount >= 2;
  if (shape.inputCount < 2 && !mayBeTx0) return NONE_FOUND;
  const found: Verdict[] = [];
  const add = (verdict: Verdict | undefined): boolean => {
    if (verdict !== undefined) found.push(verdict);
    return verdict !== undefined;
  };
  add(whirlpool(shape, parameters));
  const isTx0 = mayBeTx0 && add(whirlpoolTx0(shape, parameters));
  add(wasabi2(shape, parameters));
  add(wasabi1(shape, parameters));
  add(joinmarket(shape, parameters));
  if (!isTx0) add(stonewall(shape, parameters));
  add(payjoin(shape, parameters));
  add(equalOutput(shape, parameters));
  return found;
}
