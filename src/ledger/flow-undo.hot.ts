/**
 * Takes the newest blocks out of a flow index again, in place, and tells what the counters are then.
 *
 * Everything that adding a row changed in an older row is changed back, from the newest row to the oldest; then the
 * rows themselves are forgotten. Cost: that of the blocks undone, whatever the length of the chain.
 */
import { bareKeyTwin } from '../chain/bare-key.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import type { LedgerCounters } from './counters.ts';
import type { FlowCounts } from './flow-columns.ts';
import { type FlowIndex, TX_FLAG, UNSPENT } from './flow-index.ts';
import { lowerBound } from './lower-bound.ts';
import { forgetEvent } from './script-events.hot.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';

/** How many rows each family has when only so many blocks are left. */
export function countsAtBlocks(flow: FlowIndex, blocks: number): FlowCounts {
  if (blocks >= flow.blockCount) return flow.counts;
  const transactions = flow.blockFirstTx.at(blocks);
  const outputs = flow.txFirstOutput.at(transactions);
  const scripts = lowerBound(flow.scriptFirstOutput, 0, flow.scriptCount, outputs);
  return {
    blocks,
    transactions,
    inputs: flow.txFirstInput.at(transactions),
    outputs,
    scripts,
    scriptBytes: flow.scripts.startOf(scripts),
    reveals: lowerBound(flow.revealTx, 0, flow.revealTx.length, transactions),
    undoInputs: flow.undoInputs.firstFrom(flow.txFirstInput.at(transactions)),
    destroyed: lowerBound(flow.destroyedTx, 0, flow.destroyedTx.length, transactions),
    milestones: lowerBound(flow.milestoneTx, 0, flow.milestoneCount, transactions),
  };
}

/**
 * Undo all blocks from row `blocks` on.
 *
 * @param counters as of the flow index's last row
 * @returns the counters as of the block before
 */
export function undoBlocks(
  flow: FlowIndex,
  blocks: number,
  counters: LedgerCounters,
): LedgerCounters {
  const counts = countsAtBlocks(flow, blocks);
  const unspent = new SatsTotal();
  const fees = new SatsTotal();
  let { unspentCount, inputs, unknownInputs } = counters;
  for (let tx = flow.txCount - 1; tx >= counts.transactions; tx -= 1) {
    const firstOutput = flow.txFirstOutput.at(tx);
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    const firstInput = flow.txFirstInput.at(tx);
    const inputEnd = flow.txFirstInput.at(tx + 1);
    let feeSats = 0;
    for (let output = outputEnd - 1; output >= firstOutput; output -= 1) {
      const valueSats = flow.outputValue.at(output);
      feeSats -= valueSats;
      if (flow.outputSpender.at(output) === UNSPENT) {
        unspentCount -= 1;
        unspent.add(-valueSats);
      }
      const script = flow.outputScript.at(output);
      if (script === NONE) continue;
      flow.scriptLastOutput.set(script, flow.outputPrevOfScript.at(output));
      forgetEvent(flow, script);
    }
    const isCoinbase = (flow.txFlags.at(tx) & TX_FLAG.coinbase) !== 0;
    for (let input = inputEnd - 1; input >= firstInput; input -= 1) {
      const prevout = flow.inputPrevout.at(input);
      if (!isCoinbase) {
        inputs -= 1;
        if (!flow.isInputKnown(input)) unknownInputs -= 1;
      }
      const valueSats = flow.inputValue(input);
      feeSats += valueSats;
      const script = flow.inputScript(input);
      if (script !== NONE) {
        flow.scriptLastInput.set(script, flow.inputPrevOfScript.at(input));
        forgetEvent(flow, script);
      }
      if (prevout === NONE) continue;
      unspentCount += 1;
      unspent.add(valueSats);
      flow.outputSpender.set(prevout, UNSPENT);
    }
    const isFeeKnown = (flow.txFlags.at(tx) & TX_FLAG.unknownPrevout) === 0;
    if (!isCoinbase && isFeeKnown && inputEnd > firstInput) fees.add(-feeSats);
    for (let row = flow.destroyedTx.length - 1; row >= 0; row -= 1) {
      if (flow.destroyedTx.at(row) !== tx) break;
      const output = flow.destroyedOutput.at(row);
      flow.outputSpender.set(output, UNSPENT);
      unspentCount += 1;
      unspent.add(flow.outputValue.at(output));
      flow.columns.truncateFamily('destroyed', row);
    }
  }
  const addresses = counters.addresses - countNewAddresses(flow, counts.scripts);
  truncateFlow(flow, counts);
  return {
    blocks: counts.blocks,
    transactions: counts.transactions,
    inputs,
    outputs: counts.outputs,
    addresses,
    unspentCount,
    unspentSats: counters.unspentSats + unspent.value,
    unknownInputs,
    undoInputs: counts.undoInputs,
    knownFeesSats: counters.knownFeesSats + fees.value,
  };
}

/** Addresses first seen in the scripts from a row on: a bare key and its hash are one, the earlier of the two counts. */
function countNewAddresses(flow: FlowIndex, scriptFrom: number): number {
  let addresses = 0;
  for (let script = scriptFrom; script < flow.scriptCount; script += 1) {
    const kind = flow.scriptKind.at(script);
    if (kind < SCRIPT_KIND.p2pk || kind > SCRIPT_KIND.witnessUnknown) continue;
    const bytes = flow.scripts.read(script);
    let other = NONE;
    if (kind === SCRIPT_KIND.p2pk) {
      const twin = bareKeyTwin(bytes);
      hashScript(twin, 0, twin.length);
      other = flow.findScript(scriptKey.low, scriptKey.high, twin, 0, twin.length);
    } else if (kind === SCRIPT_KIND.p2pkh) {
      other = flow.findBareKeys(bytes).at(-1) ?? NONE;
    }
    if (other === NONE || other > script) addresses += 1;
  }
  return addresses;
}

/** Forget the rows beyond the counts, and nothing else. */
export function truncateFlow(flow: FlowIndex, counts: FlowCounts): void {
  flow.columns.truncate(counts);
  flow.txKeys.truncate(counts.transactions);
  flow.scriptKeys.truncate(counts.scripts);
  flow.bareKeys.truncate(counts.scripts);
}
