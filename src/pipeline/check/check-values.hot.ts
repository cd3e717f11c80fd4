/**
 * Values balance: no transaction pays out more than it takes in, and no coinbase more than subsidy and fees of its block.
 *
 * Where not all inputs are known that can not be seen: such transactions and blocks are counted apart.
 */
import { subsidySats } from '../../chain/network.ts';
import { type FlowIndex, TX_FLAG } from '../../ledger/flow-index.ts';
import { type CheckRange, firstTx } from './check-range.ts';
import { type CheckSteps, Disagreement, placeOfTx, STEP_ROWS } from './disagreement.ts';

/** Transactions and blocks of a range; yields transactions. */
export function* checkValues(flow: FlowIndex, range: CheckRange): CheckSteps {
  const counts = { transactions: 0, transactionsUnchecked: 0, blocks: 0, blocksUnchecked: 0 };
  let undone = 0;
  for (let block = range.blockFrom; block < range.blockEnd; block += 1) {
    const coinbase = firstTx(flow, block);
    const end = firstTx(flow, block + 1);
    let feesSats = 0;
    let unknown = 0;
    for (let tx = coinbase + 1; tx < end; tx += 1) {
      if ((flow.txFlags.at(tx) & TX_FLAG.unknownPrevout) === 0) feesSats += feeOf(flow, tx);
      else unknown += 1;
      undone += 1;
      if (undone < STEP_ROWS) continue;
      yield undone;
      undone = 0;
    }
    counts.transactions += end - coinbase - unknown;
    counts.transactionsUnchecked += unknown;
    counts.blocks += 1;
    undone += 1;
    if (unknown > 0) counts.blocksUnchecked += 1;
    else if (!checkCoinbase(flow, block, coinbase, feesSats)) counts.blocksUnchecked += 1;
  }
  yield undone;
  return counts;
}

function feeOf(flow: FlowIndex, tx: number): number {
  let inSats = 0;
  const inputEnd = flow.txFirstInput.at(tx + 1);
  // Coins without inputs come from elsewhere (Dash's credit pool).
  if (inputEnd === flow.txFirstInput.at(tx)) return 0;
  for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
    inSats += flow.inputValue(input);
  }
  const outSats = paidBy(flow, tx);
  if (inSats >= outSats) return inSats - outSats;
  throw new Disagreement('A transaction pays out more than it takes in.', {
    ...placeOfTx(flow, tx),
    column: 'outputValue',
    row: flow.txFirstOutput.at(tx),
    expected: `at most ${inSats}`,
    found: outSats,
  });
}

function paidBy(flow: FlowIndex, tx: number): number {
  let sats = 0;
  const end = flow.txFirstOutput.at(tx + 1);
  for (let output = flow.txFirstOutput.at(tx); output < end; output += 1) {
    sats += flow.outputValue.at(output);
  }
  return sats;
}

/** False when the network's rule is not modelled. */
function checkCoinbase(
  flow: FlowIndex,
  block: number,
  coinbase: number,
  feesSats: number,
): boolean {
  const subsidy = subsidySats(flow.blockHeight.at(block), flow.network);
  if (subsidy === undefined) return false;
  const allowed = subsidy + feesSats;
  const found = paidBy(flow, coinbase);
  if (found <= allowed) return true;
  throw new Disagreement('A coinbase takes more than the subsidy and the fees of its block.', {
    ...placeOfTx(flow, coinbase),
    column: 'outputValue',
    row: flow.txFirstOutput.at(coinbase),
    expected: `at most ${allowed}`,
    found,
  });
}
