/**
 * MI-1, co-spend: whoever signs the inputs of one transaction controls them all; unless several people
 * built the transaction together. The conservative profile drops every transaction that may be such a one.
 *
 *   | finding                          | what happens                                        |
 *   |----------------------------------|-----------------------------------------------------|
 *   | a mix, strong or possible        | no link                                             |
 *   | Stonewall                        | no link                                             |
 *   | a previous output is unknown     | no link                                             |
 *   | PayJoin possible                 | links, marked                                       |
 *   | swap (LA-6)                      | only inputs that sign the whole transaction         |
 *   | crowdfund (LA-7)                 | all inputs but the pledges                          |
 *   | no signature seen in an input    | that input is left out when it is taproot or dust   |
 *
 * Links are star edges: the first permitted input's script with each further distinct one.
 *
 * The loop reads each input once (two million a second and more); detectors run only on transactions
 * that could be something, that is, with several inputs and at least three outputs, or a data output.
 */

import { SIGHASH } from '../../chain/input-kind.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { type FlowIndex, TX_FLAG } from '../../ledger/flow-index.ts';
import { isPledgeSignature } from '../coinjoin/crowdfund.ts';
import { detect } from '../coinjoin/detect.ts';
import { fillHeader, fillInputs, fillOutputs } from '../coinjoin/flow-shape.hot.ts';
import type { CoinjoinParameters } from '../coinjoin/parameters.ts';
import { isPayjoinPossible } from '../coinjoin/payjoin.ts';
import { isSwapSignature, signsWholeTransaction } from '../coinjoin/psbt-swap.ts';
import { TxShape } from '../coinjoin/tx-shape.hot.ts';
import { firstTxOf } from '../first-tx.ts';
import { LINK_RULE, type LinkBuffer } from '../link-columns.ts';
import { namingMix, type Verdict, verdictGroup } from '../verdict.ts';
import type { VerdictBuffer } from '../verdict-columns.ts';
import { ScriptSet } from './script-set.hot.ts';

/** What co-spend did not join, and why. Transactions count when two or more distinct scripts were to be joined. */
export interface CoSpendCounts {
  /** Transactions whose inputs were joined, all or in part. */
  linked: number;
  /** Of those, the ones that may be PayJoins. */
  payjoinMarked: number;
  droppedStrongMix: number;
  droppedPossibleMix: number;
  droppedStonewall: number;
  /** Transactions of two or more inputs of which a previous output is unknown. */
  droppedIncomplete: number;
  /** Swaps and crowdfunds: their other inputs may have been joined. */
  swaps: number;
  crowdfunds: number;
  /** Inputs left out of a union: swap inputs, pledges, and taproot or dust without a signature to read. */
  inputsLeftOutOfSwaps: number;
  inputsLeftOutOfCrowdfunds: number;
  inputsLeftOutUnsigned: number;
}

/** All counts at zero. */
export function noCoSpends(): CoSpendCounts {
  return {
    linked: 0,
    payjoinMarked: 0,
    droppedStrongMix: 0,
    droppedPossibleMix: 0,
    droppedStonewall: 0,
    droppedIncomplete: 0,
    swaps: 0,
    crowdfunds: 0,
    inputsLeftOutOfSwaps: 0,
    inputsLeftOutOfCrowdfunds: 0,
    inputsLeftOutUnsigned: 0,
  };
}

const UNUSUAL_SIGHASH = SIGHASH.singleAnyoneCanPay | SIGHASH.allAnyoneCanPay;

/**
 * Find the co-spend links and the verdicts of all transactions before `txEnd`.
 *
 * @param coordinatorScripts script ids of the Wasabi 1 coordinators
 * @param links gets the links, in chain order
 * @param verdicts gets every match but PayJoin shapes, in chain order
 */
export function linkCoSpends(
  flow: FlowIndex,
  parameters: CoinjoinParameters,
  txEnd: number,
  coordinatorScripts: readonly number[],
  links: LinkBuffer,
  verdicts: VerdictBuffer,
): CoSpendCounts {
  return new CoSpendPass(flow, parameters, coordinatorScripts, links, verdicts).run(txEnd);
}

class CoSpendPass {
  readonly #flow: FlowIndex;
  readonly #parameters: CoinjoinParameters;
  readonly #links: LinkBuffer;
  readonly #verdicts: VerdictBuffer;
  readonly #shape = new TxShape();
  /** The scripts of the transaction at hand that were counted, and that were linked. */
  readonly #seen = new ScriptSet();
  readonly #linked = new ScriptSet();
  readonly #counts = noCoSpends();
  #txIndex = 0;

  constructor(
    flow: FlowIndex,
    parameters: CoinjoinParameters,
    coordinatorScripts: readonly number[],
    links: LinkBuffer,
    verdicts: VerdictBuffer,
  ) {
    this.#flow = flow;
    this.#parameters = parameters;
    this.#links = links;
    this.#verdicts = verdicts;
    this.#shape.coordinatorScripts = coordinatorScripts;
    this.#shape.txidHex = () => flow.txid(this.#txIndex);
  }

  run(txEnd: number): CoSpendCounts {
    const { txFirstInput, txFlags } = this.#flow;
    const txBegin = firstTxOf(this.#flow);
    let inputStart = txFirstInput.at(txBegin);
    for (let txIndex = txBegin; txIndex < txEnd; txIndex += 1) {
      const inputEnd = txFirstInput.at(txIndex + 1);
      const flags = txFlags.at(txIndex);
      const isPlain = inputEnd - inputStart === 1 && (flags & TX_FLAG.opReturn) === 0;
      if (!isPlain && (flags & (TX_FLAG.coinbase | TX_FLAG.sideLedger)) === 0) {
        this.#txIndex = txIndex;
        this.#judge(flags, inputStart, inputEnd);
      }
      inputStart = inputEnd;
    }
    return this.#counts;
  }

  #judge(flags: number, inputStart: number, inputEnd: number): void {
    const shape = this.#shape;
    const inputCount = inputEnd - inputStart;
    if ((flags & TX_FLAG.unknownPrevout) !== 0) {
      if (inputCount >= 2) this.#counts.droppedIncomplete += 1;
      return;
    }
    const outputStart = this.#flow.txFirstOutput.at(this.#txIndex);
    const outputRows = this.#flow.txFirstOutput.at(this.#txIndex + 1) - outputStart;
    shape.start(inputCount, outputRows);
    fillHeader(shape, this.#flow, this.#txIndex, flags);
    fillInputs(shape, this.#flow, inputStart, inputEnd);
    if (shape.isIncomplete) {
      if (inputCount >= 2) this.#counts.droppedIncomplete += 1;
      return;
    }
    fillOutputs(shape, this.#flow, outputStart, outputStart + outputRows);
    const distinct = this.#countDistinct(inputCount);
    const sighashSeen = this.#sighashSeen(inputCount);

    let found: readonly Verdict[] = [];
    if (outputRows >= 3 || (sighashSeen & UNUSUAL_SIGHASH) !== 0) {
      found = detect(shape, this.#parameters).verdicts;
      for (const verdict of found) {
        if (verdict.ruleId !== 'PJ-1') this.#verdicts.push(this.#txIndex, verdict);
      }
    }
    if (distinct >= 2 && !this.#isDropped(found)) this.#link(distinct, inputCount);
  }

  /** SI. */
  #countDistinct(inputCount: number): number {
    const seen = this.#seen;
    const { inputScript } = this.#shape;
    seen.start(inputCount);
    for (let vin = 0; vin < inputCount; vin += 1) seen.add(inputScript[vin]!);
    return seen.size;
  }

  #sighashSeen(inputCount: number): number {
    let seen = 0;
    for (let vin = 0; vin < inputCount; vin += 1) seen |= this.#shape.inputSighash[vin]!;
    return seen;
  }

  #isDropped(found: readonly Verdict[]): boolean {
    if (found.length === 0) return false;
    const counts = this.#counts;
    const mix = namingMix(found);
    if (mix !== undefined) {
      if (mix.strength === 'possible') counts.droppedPossibleMix += 1;
      else counts.droppedStrongMix += 1;
      return true;
    }
    const isStonewall = found.some((verdict) => verdictGroup(verdict.ruleId) === 'stonewall');
    if (isStonewall) counts.droppedStonewall += 1;
    return isStonewall;
  }

  #link(distinct: number, inputCount: number): void {
    const shape = this.#shape;
    const { inputScript, inputSighash, inputValue, inputScriptKind } = shape;
    const counts = this.#counts;
    const { dustSatsMax, crowdfundInputsMin } = this.#parameters.lookAlike;
    let pledges = 0;
    let swapInputs = 0;
    for (let vin = 0; vin < inputCount; vin += 1) {
      if (isPledgeSignature(inputSighash[vin]!)) pledges += 1;
      if (isSwapSignature(inputSighash[vin]!)) swapInputs += 1;
    }
    const isSwap = swapInputs > 0;
    const isCrowdfund = pledges >= crowdfundInputsMin;
    if (isSwap) counts.swaps += 1;
    if (isCrowdfund) counts.crowdfunds += 1;

    const isMarked = isPayjoinPossible(shape, distinct, this.#parameters);
    const ruleCode = isMarked ? LINK_RULE.coSpendMarked : LINK_RULE.coSpend;
    this.#linked.start(inputCount);
    let firstVin = -1;
    let linked = 0;
    for (let vin = 0; vin < inputCount; vin += 1) {
      const script = inputScript[vin]!;
      const mask = inputSighash[vin]!;
      if (isSwap && !signsWholeTransaction(mask)) {
        counts.inputsLeftOutOfSwaps += 1;
        continue;
      }
      if (isCrowdfund && isPledgeSignature(mask)) {
        counts.inputsLeftOutOfCrowdfunds += 1;
        continue;
      }
      const mayBeCarrier =
        inputScriptKind[vin] === SCRIPT_KIND.p2tr || inputValue[vin]! <= dustSatsMax;
      if (mask === 0 && mayBeCarrier) {
        counts.inputsLeftOutUnsigned += 1;
        continue;
      }
      if (!this.#linked.add(script)) continue;
      if (firstVin < 0) {
        firstVin = vin;
        continue;
      }
      this.#links.push(this.#txIndex, ruleCode, inputScript[firstVin]!, script, firstVin, vin);
      linked += 1;
    }
    if (linked > 0) counts.linked += 1;
    if (linked > 0 && isMarked) counts.payjoinMarked += 1;
  }
}
