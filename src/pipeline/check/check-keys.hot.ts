/**
 * Every transaction is found by its id, every script by its bytes, every bare key by its address; and what is stored of a script
 * besides (its kind, what a spend showed to be behind its hash) follows from its bytes.
 */
import { hash160 } from '../../bytes/hash.ts';
import { bytesEqual } from '../../bytes/hex.ts';
import { bareKeyTwin } from '../../chain/bare-key.ts';
import { classifyScript } from '../../chain/script.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { type FlowIndex, REVEAL } from '../../ledger/flow-index.ts';
import { hashScript, scriptKey } from '../../ledger/script-key.hot.ts';
import { NONE } from '../../units/ids.ts';
import type { CheckRange } from './check-range.ts';
import {
  type CheckSteps,
  Disagreement,
  placeOfOutput,
  placeOfTx,
  STEP_ROWS,
} from './disagreement.ts';

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
  let reveals = 0;
  for (let row = 0; row < flow.revealScript.length; row += 1) {
    const tx = flow.revealTx.at(row);
    if (tx < range.txFrom || tx >= range.txEnd) continue;
    checkReveal(flow, row, tx);
    reveals += 1;
    if (reveals % STEP_ROWS === 0) yield 0;
  }
  return { transactions, scripts, reveals };
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

/** The redeem script that was shown has the hash that the script names (BIP 16, BIP 141). */
function checkReveal(flow: FlowIndex, row: number, tx: number): void {
  const script = flow.revealScript.at(row);
  const size = flow.revealKind.at(row) === REVEAL.p2wpkh ? 20 : 32;
  const redeem = Uint8Array.of(0, size, ...flow.revealPayload.at(row).subarray(0, size));
  const isStored = script < flow.scriptCount && flow.scriptKind.at(script) === SCRIPT_KIND.p2sh;
  if (isStored && bytesEqual(hash160(redeem), flow.scripts.read(script).subarray(2, 22))) return;
  throw new Disagreement('What a spend showed is not what the hash of its script stands for.', {
    ...placeOfTx(flow, tx),
    column: 'revealPayload',
    row,
    expected: 'the redeem script of the script that it names',
    found: script,
  });
}

function scriptFault(
  flow: FlowIndex,
  script: number,
  column: string,
  expected: number,
  found: number,
): Disagreement {
  const isKind = column === 'scriptKind';
  const what = isKind
    ? 'The kind of a script is not what its bytes say.'
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
