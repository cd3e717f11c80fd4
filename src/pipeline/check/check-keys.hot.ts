/**
 * Every transaction is found by its id, every script by its bytes, every bare key by its address; and what is stored of a script
 * besides (its kind, what a spend showed to be behind its hash) follows from its bytes.
 */
import { hash160 } from '../../bytes/hash.ts';
import { bytesEqual } from '../../bytes/hex.ts';
import { bareKeyTwin } from '../../chain/bare-key.ts';
import { INPUT_KIND } from '../../chain/input-kind.ts';
import { classifyScript } from '../../chain/script.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { type FlowIndex, REVEAL } from '../../ledger/flow-index.ts';
import { hashScript, scriptKey } from '../../ledger/script-key.hot.ts';
import { NONE } from '../../units/ids.ts';
import type { CheckRange } from './check-range.ts';
import {
  type CheckSteps,
  Disagreement,
  placeOfInput,
  placeOfOutput,
  placeOfTx,
  STEP_ROWS,
} from './disagreement.ts';
import { RowBits } from './row-bits.ts';

/** Transactions of a range, and scripts first seen in it; yields both. */
export function* checkKeys(flow: FlowIndex, range: CheckRange): CheckSteps {
  const txid = new Uint8Array(32);
  let transactions = 0;
  for (let tx = range.txFrom; tx < range.txEnd; tx += 1) {
    txid.set(flow.txids.at(tx));
    checkTxKey(flow, tx, txid);
    transactions += 1;
    if (transactions % STEP_ROWS === 0) yield STEP_ROWS;
  }
  let scripts = 0;
  for (let script = 0; script < flow.scriptCount; script += 1) {
    const first = flow.scriptFirstOutput.at(script);
    if (first < range.outputFrom || (first >= range.outputEnd && !range.isWhole)) continue;
    checkScript(flow, script);
    scripts += 1;
    if (scripts % STEP_ROWS === 0) yield STEP_ROWS;
  }
  const reveals = yield* checkReveals(flow, range);
  return { transactions, scripts, reveals };
}

/** What spends showed is right, kept once for each script, and for each script that such an input spends from. */
function* checkReveals(flow: FlowIndex, range: CheckRange): Generator<number, number> {
  const revealed = new RowBits();
  let reveals = 0;
  let before = 0;
  for (let row = 0; row < flow.revealScript.length; row += 1) {
    const tx = flow.revealTx.at(row);
    if (!(Number.isInteger(tx) && tx >= before && tx < flow.txCount))
      throw revealFault(flow, row, tx, 'a later transaction');
    before = tx;
    if (!revealed.set(flow.revealScript.at(row))) throw revealFault(flow, row, tx, 'one row');
    if (tx < range.txFrom || tx >= range.txEnd) continue;
    checkReveal(flow, row, tx);
    reveals += 1;
    if (reveals % STEP_ROWS === 0) yield 0;
  }
  for (let input = range.inputFrom; input < range.inputEnd; input += 1) {
    if (input % STEP_ROWS === 0) yield 0;
    if (!isNested(flow.inputKind.at(input))) continue;
    const script = flow.inputScript(input);
    if (script === NONE || revealed.has(script)) continue;
    throw new Disagreement('What a spend showed to be behind a hash is not kept.', {
      ...placeOfInput(flow, input),
      column: 'revealScript',
      row: input,
      expected: script,
      found: 'none',
    });
  }
  return reveals;
}

function isNested(inputKind: number): boolean {
  return inputKind === INPUT_KIND.p2shP2wpkh || inputKind === INPUT_KIND.p2shP2wsh;
}

function checkTxKey(flow: FlowIndex, tx: number, txid: Uint8Array): void {
  let found = flow.findTx(txid, 0);
  // Of an id that comes twice (before BIP 30), the newest is found first.
  if (found !== tx && found !== NONE && flow.findTxs(txid).includes(tx)) found = tx;
  if (found === tx) return;
  throw new Disagreement('A transaction is not found by its id.', {
    ...placeOfTx(flow, tx),
    column: 'txKeys',
    row: tx,
    expected: tx,
    found: rowText(found),
  });
}

function checkScript(flow: FlowIndex, script: number): void {
  const start = flow.scripts.startOf(script);
  const isSpan = Number.isInteger(start) && start < flow.scripts.startOf(script + 1);
  if (!isSpan && flow.scripts.lengthOf(script) !== 0) {
    throw scriptFault(flow, script, 'scriptOffset', flow.scripts.startOf(script + 1), start);
  }
  const bytes = flow.scripts.read(script);
  const kind = flow.scriptKind.at(script);
  const expected = classifyScript(bytes, 0, bytes.length);
  if (kind !== expected) throw scriptFault(flow, script, 'scriptKind', expected, kind);
  hashScript(bytes, 0, bytes.length);
  const found = flow.findScript(scriptKey.low, scriptKey.high, bytes, 0, bytes.length);
  if (found !== script) throw scriptFault(flow, script, 'scriptKeys', script, found);
  if (kind !== SCRIPT_KIND.p2pk) return;
  const [bare = NONE] = flow.findBareKeys(bareKeyTwin(bytes)).filter((row) => row === script);
  if (bare !== script) throw scriptFault(flow, script, 'bareKeys', script, bare);
}

/** The redeem script that was shown has the hash that the script names (BIP 16, BIP 141), and the transaction showed it. */
function checkReveal(flow: FlowIndex, row: number, tx: number): void {
  const script = flow.revealScript.at(row);
  const kind = flow.revealKind.at(row);
  const size = kind === REVEAL.p2wpkh ? 20 : 32;
  redeem[1] = size;
  redeem.set(flow.revealPayload.at(row), 2);
  const isStored = script < flow.scriptCount && flow.scriptKind.at(script) === SCRIPT_KIND.p2sh;
  const hash = hash160(redeem.subarray(0, 2 + size));
  if (!isStored || !bytesEqual(hash, flow.scripts.read(script).subarray(2, 22))) {
    throw revealFault(flow, row, tx, 'the redeem script of the script that it names');
  }
  if (kind !== REVEAL.p2wpkh && kind !== REVEAL.p2wsh) {
    throw revealFault(flow, row, tx, 'a kind of witness program');
  }
  for (let at = size; at < 32; at += 1) {
    if (redeem[2 + at] !== 0) throw revealFault(flow, row, tx, 'zeros behind the program');
  }
  const shown = kind === REVEAL.p2wpkh ? INPUT_KIND.p2shP2wpkh : INPUT_KIND.p2shP2wsh;
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    if (flow.inputKind.at(input) === shown && flow.inputScript(input) === script) return;
  }
  throw revealFault(flow, row, tx, 'a transaction that spends from the script');
}

/** Version 0, length and witness program: filled for each. */
const redeem = new Uint8Array(34);

function revealFault(flow: FlowIndex, row: number, tx: number, expected: string): Disagreement {
  return new Disagreement('What a spend showed is not what is kept of it.', {
    ...placeOfTx(flow, tx),
    revealTx: tx,
    column: 'revealScript',
    row,
    expected,
    found: flow.revealScript.at(row),
  });
}

function scriptFault(
  flow: FlowIndex,
  script: number,
  column: string,
  expected: number,
  found: number,
): Disagreement {
  const what =
    column === 'scriptKind'
      ? 'The kind of a script is not what its bytes say.'
      : column === 'scriptOffset'
        ? 'The bytes of a script are no span.'
        : 'A script is not found by its bytes.';
  return new Disagreement(what, {
    ...placeOfOutput(flow, flow.scriptFirstOutput.at(script)),
    column,
    row: script,
    expected,
    found: rowText(found),
  });
}

function rowText(row: number): number | string {
  return row === NONE ? 'none' : row;
}
