/**
 * Makes the links of the flow index from its facts: who spent each output, each script's lists and milestones, the
 * keys by which rows are found. After a kill, for the rows since the last checkpoint; after damage, for all.
 *
 * It is also the second way of computing what `block-loader.hot.ts` builds while loading; a test holds the two
 * against each other column by column.
 */
import { readU32 } from '../bytes/read-u32.hot.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';
import type { FlowCounts } from './flow-columns.ts';
import { type FlowIndex, UNSPENDABLE, UNSPENT } from './flow-index.ts';
import { scriptKey } from './script-key.hot.ts';

/** Transactions between two calls of `onProgress`. */
const PROGRESS_STEP = 100_000;

/**
 * Link the transactions from the links' end to the facts' end.
 *
 * The facts must reach to `flow.counts`; links and keys must stand at `from`.
 *
 * @param from how far the links are whole
 * @param onProgress told the transactions done
 * @throws {ClewError} CLEW_FLOW_FORMAT when the facts contradict each other
 */
export function replayLinks(
  flow: FlowIndex,
  from: FlowCounts,
  onProgress?: (transactions: number) => void,
): void {
  let script = from.scripts;
  for (let tx = from.transactions; tx < flow.txCount; tx += 1) {
    flow.linkTx(tx, flow.txids.at(tx), 0);
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
      const prevout = flow.inputPrevout.at(input);
      if (prevout === NONE) script = linkNewScript(flow, flow.undoInputs.scriptOf(input), script);
      flow.linkInput(input, prevout, tx);
    }
    const isGenesis = tx === 0 && flow.blockHeight.at(0) === 0;
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
      const paid = flow.outputScript.at(output);
      script = linkNewScript(flow, paid, script);
      flow.linkOutput(output, paid, paid === NONE || isGenesis ? UNSPENDABLE : UNSPENT);
    }
    if (tx % PROGRESS_STEP === PROGRESS_STEP - 1) onProgress?.(tx + 1);
  }
  if (flow.txCount > from.transactions) onProgress?.(flow.txCount);
}

/** Link a script when it is the next one that was not seen yet; returns the next one then. */
function linkNewScript(flow: FlowIndex, seen: number, next: number): number {
  if (seen === NONE || seen < next) return next;
  if (seen !== next) throw missingScript(seen);
  flow.scripts.hash(seen);
  flow.linkScript(seen, flow.scriptKind.at(seen), scriptKey.low, scriptKey.high);
  return next + 1;
}

/** Put rows that no stored file of keys covers into the key indexes. */
export function insertKeys(flow: FlowIndex, to: FlowCounts): void {
  const { covered } = flow.columns;
  for (let tx = covered.txKeys; tx < to.transactions; tx += 1) {
    const txid = flow.txids.at(tx);
    flow.txKeys.insert(readU32(txid, 0), readU32(txid, 4), tx);
  }
  for (let script = covered.scriptKeys; script < to.scripts; script += 1) {
    flow.scripts.hash(script);
    flow.scriptKeys.insert(scriptKey.low, scriptKey.high, script);
  }
  for (let script = covered.bareKeys; script < to.scripts; script += 1) {
    if (flow.scriptKind.at(script) === SCRIPT_KIND.p2pk) flow.insertBareKey(script);
  }
}

function missingScript(script: number): ClewError {
  return new ClewError('CLEW_FLOW_FORMAT', 'A row refers to a script that is not stored.', {
    script,
  });
}
