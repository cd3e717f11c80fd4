/**
 * The verdicts of a run, as columns in chain order; a transaction may have several, in the order of the detectors.
 *
 * PayJoin shapes are not kept here: they are as common as payments, and show as the mark of their links.
 */
import type { TxIndex } from '../units/ids.ts';
import { GrowingF64, GrowingU32 } from './growing-column.ts';
import {
  decodeFacts,
  encodeFacts,
  FACTS_MAX,
  type Strength,
  VERDICT_RULES,
  type Verdict,
  verdictCode,
} from './verdict.ts';

/** Strengths by stored code. The last one is `strong` by what later transactions showed (`lineage.ts`). */
const STRENGTHS: readonly Strength[] = ['possible', 'strong', 'certain', 'strong'];
export const STRENGTH_RAISED = 3;

/** A verdict on a transaction of the run. */
export interface MixVerdict extends Verdict {
  readonly txIndex: TxIndex;
  /** The verdict also rests on later transactions, up to this height; undefined when it does not. */
  readonly asOfHeight: number | undefined;
}

export interface VerdictColumns {
  /** Ascending; doubles, since rows of transactions pass 2^32. */
  readonly txIndex: Float64Array;
  /** Place in VERDICT_RULES. */
  readonly ruleCode: Uint32Array;
  readonly strength: Uint32Array;
  /** FACTS_MAX numbers per row. */
  readonly facts: Float64Array;
}

/** Rows of verdicts while they are found. */
export class VerdictBuffer {
  readonly #txIndex = new GrowingF64();
  readonly #ruleCode = new GrowingU32();
  readonly #strength = new GrowingU32();
  readonly #facts = new GrowingF64();

  push(txIndex: number, verdict: Verdict): void {
    this.#txIndex.push(txIndex);
    this.#ruleCode.push(verdictCode(verdict.ruleId));
    this.#strength.push(STRENGTHS.indexOf(verdict.strength));
    for (const fact of encodeFacts(verdict.ruleId, verdict.facts)) this.#facts.push(fact);
  }

  finish(): VerdictColumns {
    return {
      txIndex: this.#txIndex.finish(),
      ruleCode: this.#ruleCode.finish(),
      strength: this.#strength.finish(),
      facts: this.#facts.finish(),
    };
  }
}

/** A row of the columns as an object. */
export function verdictAt(columns: VerdictColumns, row: number, tipHeight: number): MixVerdict {
  const code = columns.ruleCode[row]!;
  const rule = VERDICT_RULES[code]!;
  const strengthCode = columns.strength[row]!;
  return {
    txIndex: columns.txIndex[row]! as TxIndex,
    ruleId: rule.id,
    ruleVersion: rule.version,
    result: 'yes',
    strength: STRENGTHS[strengthCode]!,
    facts: decodeFacts(code, columns.facts, row * FACTS_MAX),
    asOfHeight: strengthCode === STRENGTH_RAISED ? tipHeight : undefined,
  };
}

/** First row of a transaction at or after `txIndex`, by binary search. */
export function firstVerdictRow(columns: VerdictColumns, txIndex: number): number {
  let low = 0;
  let high = columns.txIndex.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (columns.txIndex[middle]! < txIndex) low = middle + 1;
    else high = middle;
  }
  return low;
}
