/**
 * What a whole cluster did: sums, counts, and its history by pages.
 *
 * A busy cluster's totals and transactions were worked out with the run (`collect-activity.hot.ts`); blocks that came
 * after it are looked through. What smaller ones did is read from the lists of their scripts, as for an address.
 */
import {
  cursorAfter,
  cursorTx,
  type HistoryEntry,
  type HistoryPage,
  readHistory,
  type ScriptsSummary,
  seenIn,
  summariseScripts,
} from '../ledger/address-facts.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import type { ScriptId } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import { txsBefore } from './activity-columns.hot.ts';
import type { ClusterRun } from './cluster-run.ts';
import {
  BUSY_EVENTS,
  destroyedOutputs,
  sumAt,
  TOTAL,
  TOTALS_WIDTH,
} from './collect-activity.hot.ts';

/**
 * Sums and counts over all transactions that touch a cluster, in at most milliseconds whatever its size.
 *
 * @param root what `run.rootOf` gave
 * @param txEnd as of: the end of the run, or of a later block
 * @example summariseCluster(flow, run, run.rootOf(script)).receivedSats
 */
export function summariseCluster(
  flow: FlowIndex,
  run: ClusterRun,
  root: ScriptId,
  txEnd: number = flow.txCount,
): ScriptsSummary {
  const cluster = run.busyCluster(root);
  if (cluster < 0) return summariseScripts(flow, membersOf(run, root), txEnd);
  const { totals } = run.activity;
  const at = TOTALS_WIDTH * cluster;
  const later = new LaterSums();
  const runEnd = run.data.txEnd;
  for (let tx = runEnd; tx < txEnd; tx += 1) later.add(tx, clusterInTx(flow, run, root, tx));
  let destroyedSats = sumAt(totals, at + TOTAL.destroyedHigh);
  for (const output of destroyedOutputs(flow, runEnd, txEnd)) {
    if (isOf(flow, run, root, output)) destroyedSats += BigInt(flow.outputValue.at(output));
  }
  const receivedSats = sumAt(totals, at + TOTAL.receivedHigh) + later.received.value;
  const sentSats = sumAt(totals, at + TOTAL.sentHigh) + later.sent.value;
  const sentFromBeforeSats = sumAt(totals, at + TOTAL.beforeHigh) + later.before.value;
  return {
    receivedSats,
    sentSats,
    sentFromBeforeSats,
    balanceSats: receivedSats + sentFromBeforeSats - sentSats - destroyedSats,
    transactions: totals[at + TOTAL.transactions]! + later.transactions,
    outputs: totals[at + TOTAL.outputs]! + later.outputs,
    spentOutputs: totals[at + TOTAL.spentOutputs]! + later.inputs,
    firstSeen: seenIn(flow, totals[at + TOTAL.firstTx]!),
    lastSeen: seenIn(flow, later.lastTx ?? totals[at + TOTAL.lastTx]!),
  };
}

/**
 * A page of the transactions that touch a cluster, newest first. A cursor stays right when new blocks come.
 *
 * @param page.txEnd as of: the end of the run, or of a later block
 * @throws {ClewError} CLEW_USAGE for a cursor that no page gave
 */
export function readClusterHistory(
  flow: FlowIndex,
  run: ClusterRun,
  root: ScriptId,
  page: { readonly limit: number; readonly cursor?: string; readonly txEnd?: number },
): HistoryPage {
  const cluster = run.busyCluster(root);
  if (cluster < 0) return readHistory(flow, membersOf(run, root), page);
  const txEnd = page.txEnd ?? flow.txCount;
  const before = page.cursor === undefined ? txEnd : Math.min(txEnd, cursorTx(flow, page.cursor));
  const runEnd = run.data.txEnd;
  const txs: number[] = [];
  for (let tx = before - 1; tx >= runEnd && txs.length <= page.limit; tx -= 1) {
    const { outputs, inputs } = clusterInTx(flow, run, root, tx);
    if (outputs + inputs > 0) txs.push(tx);
  }
  const wanted = page.limit + 1 - txs.length;
  txs.push(...txsBefore(run.activity, cluster, Math.min(before, runEnd), wanted));
  const shown = txs.slice(0, page.limit);
  const entries = shown.map((tx): HistoryEntry => {
    const { receivedSats, sentSats } = clusterInTx(flow, run, root, tx);
    return { ...seenIn(flow, tx), receivedSats, sentSats };
  });
  if (txs.length <= page.limit) return { entries };
  return { entries, nextCursor: cursorAfter(flow, shown.at(-1)!) };
}

/** All scripts of a cluster that is not busy; it has fewer than events. */
function membersOf(run: ClusterRun, root: ScriptId): ScriptId[] {
  return run.members(root, { limit: BUSY_EVENTS });
}

/** What one transaction brought a cluster and took from it. */
interface ClusterPart {
  readonly outputs: number;
  readonly inputs: number;
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
  readonly sentFromBeforeSats: bigint;
}

function clusterInTx(flow: FlowIndex, run: ClusterRun, root: ScriptId, tx: number): ClusterPart {
  const received = new SatsTotal();
  const sent = new SatsTotal();
  const before = new SatsTotal();
  let outputs = 0;
  let inputs = 0;
  const inputEnd = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
    const script = flow.inputScript(input);
    if (script === NONE || run.rootOf(script) !== root) continue;
    const sats = flow.inputValue(input);
    inputs += 1;
    sent.add(sats);
    if (flow.inputPrevout.at(input) === NONE) before.add(sats);
  }
  const outputEnd = flow.txFirstOutput.at(tx + 1);
  for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
    if (!isOf(flow, run, root, output)) continue;
    outputs += 1;
    received.add(flow.outputValue.at(output));
  }
  return {
    outputs,
    inputs,
    receivedSats: received.value,
    sentSats: sent.value,
    sentFromBeforeSats: before.value,
  };
}

function isOf(flow: FlowIndex, run: ClusterRun, root: ScriptId, output: number): boolean {
  const script = flow.outputScript.at(output);
  return script !== NONE && run.rootOf(script) === root;
}

/** Sums over the transactions of blocks that came after a run. */
class LaterSums {
  readonly received = new SatsTotal();
  readonly sent = new SatsTotal();
  readonly before = new SatsTotal();
  outputs = 0;
  inputs = 0;
  transactions = 0;
  lastTx: number | undefined;

  add(tx: number, part: ClusterPart): void {
    if (part.outputs + part.inputs === 0) return;
    this.received.add(Number(part.receivedSats));
    this.sent.add(Number(part.sentSats));
    this.before.add(Number(part.sentFromBeforeSats));
    this.outputs += part.outputs;
    this.inputs += part.inputs;
    this.transactions += 1;
    this.lastTx = tx;
  }
}
