/**
 * Verdicts that the neighbours of a transaction raise from `possible` to `strong`:
 *
 * - a TX0, once one of its premix outputs is spent in a mix of the same pool;
 * - a JoinMarket shape of three or four equal outputs, when a spend ties it to a strong one; repeated until
 *   nothing changes.
 *
 * Such a verdict rests on later transactions, so it says up to which height it looked (`asOfHeight`). Neither
 * changes a cluster: the conservative profile drops possible mixes too, and a TX0 is no mix.
 */
import { type FlowIndex, SPENDER_MAX } from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';
import { decodeFacts, FACTS_MAX, verdictCode } from '../verdict.ts';
import { firstVerdictRow, STRENGTH_RAISED, type VerdictColumns } from '../verdict-columns.ts';
import type { CoinjoinParameters } from './parameters.ts';

const POSSIBLE = 0;

/** Raise strengths in the columns, looking at transactions before `txEnd` only. */
export function raiseByLineage(
  flow: FlowIndex,
  verdicts: VerdictColumns,
  parameters: CoinjoinParameters,
  txEnd: number,
): void {
  const lineage = new Lineage(flow, verdicts, txEnd);
  lineage.raisePremixed();
  lineage.raiseTiedRounds(parameters.joinmarket.strongEqualMin);
}

class Lineage {
  readonly #flow: FlowIndex;
  readonly #verdicts: VerdictColumns;
  readonly #txEnd: number;

  constructor(flow: FlowIndex, verdicts: VerdictColumns, txEnd: number) {
    this.#flow = flow;
    this.#verdicts = verdicts;
    this.#txEnd = txEnd;
  }

  /** The row of a rule's verdict on a transaction, or -1. */
  #rowOf(txIndex: number, code: number): number {
    const { txIndex: txs, ruleCode } = this.#verdicts;
    for (let row = firstVerdictRow(this.#verdicts, txIndex); txs[row] === txIndex; row += 1) {
      if (ruleCode[row] === code) return row;
    }
    return -1;
  }

  #fact(row: number, name: string): number | string {
    return decodeFacts(this.#verdicts.ruleCode[row]!, this.#verdicts.facts, row * FACTS_MAX)[name]!;
  }

  raisePremixed(): void {
    const tx0 = verdictCode('TX0-1');
    const whirlpool = verdictCode('WH-1');
    const { ruleCode, strength, txIndex } = this.#verdicts;
    for (let row = 0; row < ruleCode.length; row += 1) {
      if (ruleCode[row] !== tx0) continue;
      const poolSats = this.#fact(row, 'poolSats');
      const premixSats = this.#fact(row, 'premixSats');
      const end = this.#flow.txFirstOutput.at(txIndex[row]! + 1);
      for (let output = this.#flow.txFirstOutput.at(txIndex[row]!); output < end; output += 1) {
        const spender = this.#flow.outputSpender.at(output);
        if (spender >= this.#txEnd || this.#flow.outputValue.at(output) !== premixSats) continue;
        const mix = this.#rowOf(spender, whirlpool);
        if (mix >= 0 && this.#fact(mix, 'poolSats') === poolSats) strength[row] = STRENGTH_RAISED;
      }
    }
  }

  raiseTiedRounds(strongEqualMin: number): void {
    const code = verdictCode('JM-1');
    const { ruleCode, strength, txIndex } = this.#verdicts;
    const queue: number[] = [];
    for (let row = 0; row < ruleCode.length; row += 1) {
      if (ruleCode[row] === code && strength[row] !== POSSIBLE) queue.push(txIndex[row]!);
    }
    // The queue grows while it is walked: a raised round may tie the next one.
    for (let at = 0; at < queue.length; at += 1) {
      for (const neighbour of this.#neighbours(queue[at]!)) {
        const row = this.#rowOf(neighbour, code);
        if (row < 0 || strength[row] !== POSSIBLE) continue;
        const isSmall = Number(this.#fact(row, 'equalOutputs')) < strongEqualMin;
        if (!isSmall || this.#fact(row, 'assignable') === 'no') continue;
        strength[row] = STRENGTH_RAISED;
        queue.push(neighbour);
      }
    }
  }

  /** Transactions that this one spends from, and those that spend it. */
  #neighbours(txIndex: number): number[] {
    const flow = this.#flow;
    const found: number[] = [];
    const inputEnd = flow.txFirstInput.at(txIndex + 1);
    for (let input = flow.txFirstInput.at(txIndex); input < inputEnd; input += 1) {
      const prevout = flow.inputPrevout.at(input);
      if (prevout !== NONE) found.push(flow.outputTx.at(prevout));
    }
    const outputEnd = flow.txFirstOutput.at(txIndex + 1);
    for (let output = flow.txFirstOutput.at(txIndex); output < outputEnd; output += 1) {
      const spender = flow.outputSpender.at(output);
      if (spender < SPENDER_MAX && spender < this.#txEnd) found.push(spender);
    }
    return found;
  }
}
