/**
 * The links of a run, as columns: one row per reason that joins two scripts, redundant ones too.
 *
 *   tx | rule | scriptA | scriptB | inputA | inputB
 *
 * Rows stand in chain order: by transaction, then rule, then the input of B. The transaction of a same-key link is the
 * one that first made both scripts visible, and it has no inputs (NO_INPUT). Transactions are doubles, since their
 * rows pass 2^32; links, scripts and positions of inputs are u32.
 */

import { ClewError } from '../errors.ts';
import type { ScriptId, TxIndex } from '../units/ids.ts';
import { GrowingF64, GrowingU32 } from './growing-column.ts';

/** The position of an input that a link does not have. */
export const NO_INPUT = 0xffff_ffff;
/** Links of a run; their rows are u32. */
export const LINKS_MAX = 0xffff_fffe;

/** The rules that link. Codes (places) are a stored format: append, never reorder. */
export const LINK_RULES = [
  { id: 'MI-1', version: 1, isMarked: false },
  /** Co-spend in a transaction that may be a PayJoin: applied, but counted apart. */
  { id: 'MI-1', version: 1, isMarked: true },
  { id: 'SK-1', version: 1, isMarked: false },
] as const;

export const LINK_RULE = { coSpend: 0, coSpendMarked: 1, sameKey: 2 } as const;

/** One reason that joins two scripts. */
export interface Link {
  /** Row in the columns; belongs to this run. */
  readonly linkIndex: number;
  readonly txIndex: TxIndex;
  readonly scriptA: ScriptId;
  readonly scriptB: ScriptId;
  readonly ruleId: 'MI-1' | 'SK-1';
  readonly ruleVersion: number;
  /** The transaction may be a PayJoin, so the link is weaker than others of its rule. */
  readonly isMarked: boolean;
  /** Position of the input that spends A in the transaction; undefined for same-key links. */
  readonly inputA: number | undefined;
  readonly inputB: number | undefined;
}

export interface LinkColumns {
  readonly txIndex: Float64Array;
  readonly ruleCode: Uint32Array;
  readonly scriptA: Uint32Array;
  readonly scriptB: Uint32Array;
  readonly inputA: Uint32Array;
  readonly inputB: Uint32Array;
}

/** Rows of links while they are found. */
export class LinkBuffer {
  readonly txIndex = new GrowingF64();
  readonly ruleCode = new GrowingU32();
  readonly scriptA = new GrowingU32();
  readonly scriptB = new GrowingU32();
  readonly inputA = new GrowingU32();
  readonly inputB = new GrowingU32();

  get length(): number {
    return this.txIndex.length;
  }

  push(
    txIndex: number,
    ruleCode: number,
    scriptA: number,
    scriptB: number,
    inputA: number,
    inputB: number,
  ): void {
    this.txIndex.push(txIndex);
    this.ruleCode.push(ruleCode);
    this.scriptA.push(scriptA);
    this.scriptB.push(scriptB);
    this.inputA.push(inputA);
    this.inputB.push(inputB);
  }

  finish(): LinkColumns {
    return {
      txIndex: this.txIndex.finish(),
      ruleCode: this.ruleCode.finish(),
      scriptA: this.scriptA.finish(),
      scriptB: this.scriptB.finish(),
      inputA: this.inputA.finish(),
      inputB: this.inputB.finish(),
    };
  }
}

/**
 * Two sets of links, each in chain order, as one in chain order; in a transaction the first one's rows come first.
 *
 * @throws {ClewError} CLEW_LEDGER_LIMIT when they are more than rows can number
 */
export function mergeLinks(first: LinkColumns, second: LinkColumns): LinkColumns {
  const firstCount = first.txIndex.length;
  const secondCount = second.txIndex.length;
  const count = firstCount + secondCount;
  if (count > LINKS_MAX) {
    throw new ClewError('CLEW_LEDGER_LIMIT', 'The ledger has more links than can be kept.', {
      what: 'links of a clustering run',
      count,
      max: LINKS_MAX,
    });
  }
  if (secondCount === 0) return first;
  if (firstCount === 0) return second;
  /** Which row of `first` and `second` laid end to end comes next. */
  const order = new Uint32Array(count);
  const txIndex = new Float64Array(count);
  let a = 0;
  let b = 0;
  for (let row = 0; row < count; row += 1) {
    const takeFirst =
      b === secondCount || (a < firstCount && first.txIndex[a]! <= second.txIndex[b]!);
    txIndex[row] = takeFirst ? first.txIndex[a]! : second.txIndex[b]!;
    order[row] = takeFirst ? a++ : firstCount + b++;
  }
  const pick = (one: Uint32Array, other: Uint32Array): Uint32Array => {
    const picked = new Uint32Array(count);
    for (let row = 0; row < count; row += 1) {
      const from = order[row]!;
      picked[row] = from < firstCount ? one[from]! : other[from - firstCount]!;
    }
    return picked;
  };
  return {
    txIndex,
    ruleCode: pick(first.ruleCode, second.ruleCode),
    scriptA: pick(first.scriptA, second.scriptA),
    scriptB: pick(first.scriptB, second.scriptB),
    inputA: pick(first.inputA, second.inputA),
    inputB: pick(first.inputB, second.inputB),
  };
}

/** A row of the columns as an object. */
export function linkAt(columns: LinkColumns, linkIndex: number): Link {
  const rule = LINK_RULES[columns.ruleCode[linkIndex]!]!;
  const position = (value: number): number | undefined => (value === NO_INPUT ? undefined : value);
  return {
    linkIndex,
    txIndex: columns.txIndex[linkIndex]! as TxIndex,
    scriptA: columns.scriptA[linkIndex]! as ScriptId,
    scriptB: columns.scriptB[linkIndex]! as ScriptId,
    ruleId: rule.id,
    ruleVersion: rule.version,
    isMarked: rule.isMarked,
    inputA: position(columns.inputA[linkIndex]!),
    inputB: position(columns.inputB[linkIndex]!),
  };
}
