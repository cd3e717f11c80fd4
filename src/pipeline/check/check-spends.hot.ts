/**
 * Every input spends an output that is there, was made before, and is spent by nothing else; every output says by what.
 *
 * Both ways: inputs set one bit for each output that they spend (a bit set twice is an output spent twice), and `outputSpender`
 * must say the same. Inputs that spend from before the ledger are counted apart, unless the ledger has all blocks.
 */
import {
  type FlowIndex,
  OVERWRITTEN,
  SPENDER_MAX,
  TX_FLAG,
  UNSPENDABLE,
  UNSPENT,
} from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';
import type { CheckRange } from './check-range.ts';
import {
  type CheckSteps,
  Disagreement,
  placeOfInput,
  placeOfOutput,
  STEP_ROWS,
} from './disagreement.ts';
import { RowBits } from './row-bits.ts';

/** Inputs and outputs of a range; yields rows of both. Memory: one bit for each output. */
export function* checkSpends(flow: FlowIndex, range: CheckRange): CheckSteps {
  const bits = new RowBits();
  const counts = { inputs: 0, unknownInputs: 0, undoInputs: 0 };
  let undone = 0;
  for (let tx = range.txFrom; tx < range.txEnd; tx += 1) {
    undone += checkInputs(flow, range, tx, bits, counts);
    if (undone < STEP_ROWS) continue;
    yield undone;
    undone = 0;
  }
  // What spends outputs of the range may come behind it.
  for (let input = range.inputEnd; input < flow.inputCount; input += 1) {
    const prevout = flow.inputPrevout.at(input);
    if (prevout < range.outputEnd) spendOnce(flow, bits, input, prevout);
    if (input % STEP_ROWS === 0) yield 0;
  }
  const destroyed = destroyedOutputs(flow);
  const outputs = { outputs: 0, unspent: 0, unspendable: 0, overwritten: 0 };
  for (let output = range.outputFrom; output < range.outputEnd; output += 1) {
    checkSpender(flow, output, bits, destroyed, outputs);
    if (output % STEP_ROWS === 0) yield STEP_ROWS;
  }
  return { ...counts, ...outputs };
}

function checkInputs(
  flow: FlowIndex,
  range: CheckRange,
  tx: number,
  bits: RowBits,
  counts: { inputs: number; unknownInputs: number; undoInputs: number },
): number {
  const flags = flow.txFlags.at(tx);
  const isCoinbase = (flags & TX_FLAG.coinbase) !== 0;
  const from = flow.txFirstInput.at(tx);
  const end = flow.txFirstInput.at(tx + 1);
  const firstOutput = flow.txFirstOutput.at(tx);
  let unknown = 0;
  let known = 0;
  for (let input = from; input < end; input += 1) {
    const prevout = flow.inputPrevout.at(input);
    if (prevout === NONE) {
      if (isCoinbase) continue;
      if (flow.undoInputs.find(input) === NONE) unknown += 1;
      else known += 1;
      if (range.isFromGenesis) {
        const what = 'An input spends what is not there, though the ledger has all blocks.';
        throw inputFault(flow, input, what, 'inputPrevout', 'an output', 'none');
      }
      continue;
    }
    if (isCoinbase || prevout >= firstOutput) {
      const what = 'An input spends an output that was not there yet.';
      const expected = isCoinbase ? 'none' : `less than ${firstOutput}`;
      throw inputFault(flow, input, what, 'inputPrevout', expected, prevout);
    }
    if (flow.outputSpender.at(prevout) !== tx) {
      const found = spenderText(flow.outputSpender.at(prevout));
      const what = 'An output that is spent names another spender.';
      throw outputFault(flow, prevout, what, tx, found, input);
    }
    spendOnce(flow, bits, input, prevout);
  }
  checkFlags(flow, tx, flags, known, unknown);
  if (!isCoinbase) counts.inputs += end - from;
  counts.unknownInputs += unknown;
  counts.undoInputs += known;
  return end - from;
}

function checkFlags(
  flow: FlowIndex,
  tx: number,
  flags: number,
  known: number,
  unknown: number,
): void {
  const stored = flags & (TX_FLAG.unknownPrevout | TX_FLAG.undoPrevout);
  const expected =
    (unknown > 0 ? TX_FLAG.unknownPrevout : 0) | (known > 0 ? TX_FLAG.undoPrevout : 0);
  if (stored === expected) return;
  const what = 'The flags of a transaction do not say what is known of its inputs.';
  const facts = placeOfInput(flow, flow.txFirstInput.at(tx));
  throw new Disagreement(what, { ...facts, column: 'txFlags', row: tx, expected, found: stored });
}

function spendOnce(flow: FlowIndex, bits: RowBits, input: number, prevout: number): void {
  if (bits.set(prevout)) return;
  const what = 'An input spends an output that was spent before.';
  throw inputFault(flow, input, what, 'inputPrevout', 'an output not spent yet', prevout);
}

/** Outputs that a later transaction with the same id destroyed, as far as that is so. */
function destroyedOutputs(flow: FlowIndex): ReadonlySet<number> {
  const destroyed = new Set<number>();
  for (let row = 0; row < flow.destroyedOutput.length; row += 1) {
    const output = flow.destroyedOutput.at(row);
    const older = flow.outputTx.at(output);
    const newer = flow.destroyedTx.at(row);
    const isLater = Number.isInteger(newer) && newer > older && newer < flow.txCount;
    if (!isLater || flow.txid(older) !== flow.txid(newer)) {
      throw new Disagreement('An output is said to be destroyed by a transaction of another id.', {
        ...placeOfOutput(flow, output),
        column: 'destroyedTx',
        row,
        expected: 'a later transaction with the same id',
        found: newer,
      });
    }
    destroyed.add(output);
  }
  return destroyed;
}

function checkSpender(
  flow: FlowIndex,
  output: number,
  bits: RowBits,
  destroyed: ReadonlySet<number>,
  counts: { outputs: number; unspent: number; unspendable: number; overwritten: number },
): void {
  const spender = flow.outputSpender.at(output);
  counts.outputs += 1;
  if (spender < SPENDER_MAX) {
    if (bits.has(output)) return;
    const what = 'An output names a spender that does not spend it.';
    throw outputFault(flow, output, what, 'unspent', spender);
  }
  if (spender === UNSPENT) counts.unspent += 1;
  else if (spender === OVERWRITTEN) counts.overwritten += 1;
  else if (spender === UNSPENDABLE) counts.unspendable += 1;
  const isData = flow.outputScript.at(output) === NONE;
  const isGenesis = output < flow.txFirstOutput.at(1) && flow.blockHeight.at(0) === 0;
  const expected = bits.has(output)
    ? NONE
    : isData || isGenesis
      ? UNSPENDABLE
      : destroyed.has(output)
        ? OVERWRITTEN
        : UNSPENT;
  if (spender === expected && !bits.has(output)) return;
  const expectedText = bits.has(output) ? 'the transaction that spends it' : spenderText(expected);
  const what = 'An output does not say what became of it.';
  throw outputFault(flow, output, what, expectedText, spenderText(spender));
}

function spenderText(spender: number): string | number {
  if (spender === UNSPENT) return 'unspent';
  if (spender === OVERWRITTEN) return 'overwritten';
  if (spender === UNSPENDABLE) return 'unspendable';
  return spender;
}

function inputFault(
  flow: FlowIndex,
  input: number,
  what: string,
  column: string,
  expected: string,
  found: string | number,
): Disagreement {
  const place = placeOfInput(flow, input);
  return new Disagreement(what, { ...place, column, row: input, expected, found });
}

function outputFault(
  flow: FlowIndex,
  output: number,
  what: string,
  expected: string | number,
  found: string | number,
  spentBy?: number,
): Disagreement {
  return new Disagreement(what, {
    ...placeOfOutput(flow, output),
    column: 'outputSpender',
    row: output,
    expected,
    found,
    ...(spentBy === undefined ? {} : { spentByInput: spentBy }),
  });
}
