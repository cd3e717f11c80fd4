/**
 * Which transactions paid the seed set, and which only moved what was the set's already.
 *
 * A transaction that spends a script of the set is the set's own: what it pays to the set is change or a
 * transfer. (In a PayJoin the payee adds an input; such a payment is missed, and counted as `shared`.) A
 * script that a service holds does not count as the set's own: the service spends from it.
 */
import type { FlowIndex } from '../ledger/flow-index.ts';
import { isSpentBefore } from '../ledger/open-ends.ts';
import { SatsTotal } from '../units/amount.ts';
import type { OwnTransfers } from './investigation.ts';
import type { SeedSet } from './seed-set.ts';

/** Payments below this are counted apart: strangers send dust to mark addresses. */
export const DUST_SATS_MAX = 1_000;

/** A transaction by which somebody else paid the set. */
export interface PaymentFact {
  readonly tx: number;
  /** The outputs of the set in it, ascending. */
  readonly outputs: readonly number[];
  readonly amountSats: number;
}

export interface PaymentsFound {
  /** In chain order. */
  readonly payments: readonly PaymentFact[];
  readonly own: OwnTransfers;
  /** The set's own transactions in which others spent too: mixes, PayJoins, swaps. */
  readonly shared: { readonly transactions: number; readonly backSats: bigint };
  readonly receivedSats: bigint;
  readonly spentSats: bigint;
  readonly balanceSats: bigint;
}

/**
 * @param txEnd the first transaction beyond the as-of point
 * @example findPayments(flow, set, flow.txCount).payments.length
 */
export function findPayments(flow: FlowIndex, set: SeedSet, txEnd: number): PaymentsFound {
  const payments: PaymentFact[] = [];
  const received = new SatsTotal();
  const back = new SatsTotal();
  const transfer = new SatsTotal();
  const sharedBack = new SatsTotal();
  const spentOutputs = new SatsTotal();
  const balance = new SatsTotal();
  let transfers = 0;
  let withChange = 0;
  let shared = 0;
  for (let at = 0; at < set.outputs.length; ) {
    const tx = flow.outputTx.at(set.outputs[at]!);
    const outputs: number[] = [];
    let amountSats = 0;
    for (; at < set.outputs.length && flow.outputTx.at(set.outputs[at]!) === tx; at += 1) {
      const output = set.outputs[at]!;
      const valueSats = flow.outputValue.at(output);
      outputs.push(output);
      amountSats += valueSats;
      if (isSpentBefore(flow, output, txEnd)) spentOutputs.add(valueSats);
      else balance.add(valueSats);
    }
    const spenders = whoSpends(flow, set, tx);
    if (!spenders.own) {
      if (amountSats > 0) payments.push({ tx, outputs, amountSats });
      received.add(amountSats);
      continue;
    }
    if (spenders.others) {
      shared += 1;
      sharedBack.add(amountSats);
    }
    if (paysOthers(flow, outputs, tx)) {
      withChange += 1;
      back.add(amountSats);
    } else {
      transfers += 1;
      transfer.add(amountSats);
    }
  }
  return {
    payments,
    own: { transfers, transferSats: transfer.value, withChange, changeSats: back.value },
    shared: { transactions: shared, backSats: sharedBack.value },
    receivedSats: received.value,
    spentSats: spentOutputs.value - back.value - transfer.value,
    balanceSats: balance.value,
  };
}

function whoSpends(
  flow: FlowIndex,
  set: SeedSet,
  tx: number,
): { readonly own: boolean; readonly others: boolean } {
  let own = false;
  let others = false;
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    if (set.own.has(flow.inputScript(input))) own = true;
    else others = true;
  }
  return { own, others };
}

/** Whether the transaction has outputs of value besides these. */
function paysOthers(flow: FlowIndex, outputs: readonly number[], tx: number): boolean {
  const end = flow.txFirstOutput.at(tx + 1);
  let valued = 0;
  for (let output = flow.txFirstOutput.at(tx); output < end; output += 1) {
    if (flow.outputValue.at(output) > 0) valued += 1;
  }
  return valued > outputs.filter((output) => flow.outputValue.at(output) > 0).length;
}
