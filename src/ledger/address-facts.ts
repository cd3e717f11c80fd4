/** What the ledger knows of one address (or of several scripts together): sums, counts and history by pages. */
import { ClewError } from '../errors.ts';
import type { ScriptId, Txid } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';
import { EventWalk, totalEvents, walkBefore } from './script-events.hot.ts';

export interface ScriptsSummary {
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
  /** Of what was sent, what had been received before the ledger, as undo data tells. */
  readonly sentFromBeforeSats: bigint;
  /** Received, not sent, and spendable. What was received before the ledger and not sent since is not known. */
  readonly balanceSats: bigint;
  readonly transactions: number;
  readonly outputs: number;
  readonly spentOutputs: number;
  readonly firstSeen?: Seen;
  readonly lastSeen?: Seen;
}

export interface Seen {
  readonly txid: Txid;
  readonly height: number;
  readonly timeSeconds: number;
}

export interface HistoryEntry extends Seen {
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
}

export interface HistoryPage {
  /** Newest first. */
  readonly entries: readonly HistoryEntry[];
  /** Give it to get the next page; undefined at the end. It stays right when new blocks come. */
  readonly nextCursor?: string;
}

/** The block of a transaction, as an answer names it. */
export function seenIn(flow: FlowIndex, txIndex: number): Seen {
  return {
    txid: flow.txid(txIndex),
    height: flow.txHeight(txIndex),
    timeSeconds: flow.txTime(txIndex),
  };
}

/**
 * Sums and counts over all transactions that touch any of the scripts.
 *
 * Milestones make it quick for the busiest of the scripts; the events of the others are visited one by one, to count a
 * transaction that touches several once.
 *
 * @param txEnd only transactions before this row: an as-of height
 */
export function summariseScripts(
  flow: FlowIndex,
  scripts: readonly ScriptId[],
  txEnd: number = flow.txCount,
): ScriptsSummary {
  const walk = new EventWalk(flow);
  let received = 0n;
  let sent = 0n;
  let sentFromBefore = 0n;
  let outputs = 0;
  let spentOutputs = 0;
  let transactions = 0;
  let firstTx = NONE;
  let lastTx = -1;
  const all = scripts.map((script) => ({ script, totals: totalEvents(flow, script, txEnd, walk) }));
  all.sort((a, b) => b.totals.transactions - a.totals.transactions);
  const counted = new Set<number>();
  for (const { script, totals } of all) {
    if (totals.transactions === 0) continue;
    received += totals.received.value;
    sent += totals.sent.value;
    sentFromBefore += totals.before.value;
    outputs += totals.outputs;
    spentOutputs += totals.inputs;
    transactions +=
      counted.size === 0 ? totals.transactions : countOthers(flow, script, txEnd, counted, walk);
    counted.add(script);
    firstTx = Math.min(firstTx, firstTxOf(flow, script));
    lastTx = Math.max(lastTx, totals.newestTx);
  }
  return {
    receivedSats: received,
    sentSats: sent,
    sentFromBeforeSats: sentFromBefore,
    balanceSats: received + sentFromBefore - sent - sumDestroyed(flow, counted, txEnd),
    transactions,
    outputs,
    spentOutputs,
    ...(transactions === 0
      ? {}
      : { firstSeen: seenIn(flow, firstTx), lastSeen: seenIn(flow, lastTx) }),
  };
}

/** The transaction in which a script was first seen: that of its first output, or of a spend just before it. */
function firstTxOf(flow: FlowIndex, script: ScriptId): number {
  return flow.outputTx.at(flow.scriptFirstOutput.at(script));
}

/** Transactions that touch a script and none of those counted before. */
function countOthers(
  flow: FlowIndex,
  script: ScriptId,
  txEnd: number,
  counted: ReadonlySet<number>,
  walk: EventWalk,
): number {
  let others = 0;
  let lastTx = -1;
  walkBefore(flow, script, txEnd, walk);
  while (walk.next()) {
    if (walk.tx === lastTx) continue;
    lastTx = walk.tx;
    if (!touches(flow, lastTx, counted)) others += 1;
  }
  return others;
}

function touches(flow: FlowIndex, tx: number, scripts: ReadonlySet<number>): boolean {
  const outputEnd = flow.txFirstOutput.at(tx + 1);
  for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
    if (scripts.has(flow.outputScript.at(output))) return true;
  }
  const inputEnd = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
    if (scripts.has(flow.inputScript(input))) return true;
  }
  return false;
}

/** What was received and can never be spent: by the genesis block, or destroyed by a later transaction of the same id. */
function sumDestroyed(flow: FlowIndex, scripts: ReadonlySet<number>, txEnd: number): bigint {
  let sum = 0n;
  if (flow.outputCount > 0 && flow.blockHeight.at(0) === 0 && txEnd > 0) {
    if (scripts.has(flow.outputScript.at(0))) sum += BigInt(flow.outputValue.at(0));
  }
  for (let row = 0; row < flow.destroyedOutput.length; row += 1) {
    if (flow.destroyedTx.at(row) >= txEnd) break;
    const output = flow.destroyedOutput.at(row);
    if (scripts.has(flow.outputScript.at(output))) sum += BigInt(flow.outputValue.at(output));
  }
  return sum;
}

/**
 * A page of the transactions that touch any of the scripts, newest first.
 *
 * @param page.cursor as the page before gave it: `height:position` of its last entry
 * @throws {ClewError} CLEW_USAGE for a cursor that none of these answers gave
 */
export function readHistory(
  flow: FlowIndex,
  scripts: readonly ScriptId[],
  page: { readonly limit: number; readonly cursor?: string; readonly txEnd?: number },
): HistoryPage {
  const txEnd = page.txEnd ?? flow.txCount;
  const before = page.cursor === undefined ? txEnd : Math.min(txEnd, cursorTx(flow, page.cursor));
  const walks = scripts.map((script) => {
    const walk = new EventWalk(flow);
    walkBefore(flow, script, before, walk);
    return walk;
  });
  const entries: HistoryEntry[] = [];
  let tx = newestOf(walks);
  let lastTx = -1;
  for (; tx >= 0 && entries.length < page.limit; tx = newestOf(walks)) {
    let received = 0n;
    let sent = 0n;
    for (const walk of walks) {
      while (walk.peekTx() === tx) {
        walk.next();
        if (walk.isInput) sent += BigInt(walk.valueSats);
        else received += BigInt(walk.valueSats);
      }
    }
    entries.push({ ...seenIn(flow, tx), receivedSats: received, sentSats: sent });
    lastTx = tx;
  }
  if (tx < 0 || lastTx < 0) return { entries };
  return { entries, nextCursor: cursorAfter(flow, lastTx) };
}

function newestOf(walks: readonly EventWalk[]): number {
  let tx = -1;
  for (const walk of walks) tx = Math.max(tx, walk.peekTx());
  return tx;
}

/** The cursor of the page that goes on after a transaction: its place in the chain, which new blocks do not change. */
export function cursorAfter(flow: FlowIndex, txIndex: number): string {
  return `${flow.txHeight(txIndex)}:${flow.txPosition(txIndex)}`;
}

/**
 * The transaction that a cursor names.
 *
 * @throws {ClewError} CLEW_USAGE when it names none
 */
export function cursorTx(flow: FlowIndex, cursor: string): number {
  const [, height, position] = /^(\d{1,9}):(\d{1,9})$/.exec(cursor) ?? [];
  const block = height === undefined ? undefined : flow.findBlock(Number(height));
  if (block !== undefined) {
    const tx = flow.txAt(block, Number(position));
    if (tx !== NONE) return tx;
  }
  // Its words are not repeated: a cursor can be anything that somebody typed.
  throw new ClewError('CLEW_USAGE', 'The cursor is not one that an earlier page gave.', {
    length: cursor.length,
  });
}
