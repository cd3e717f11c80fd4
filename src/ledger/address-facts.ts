/** What the ledger knows of one address (or of several scripts together): sums, counts and history by pages. */
import { ClewError } from '../errors.ts';
import type { ScriptId, Txid } from '../units/ids.ts';
import type { LedgerEngine } from './engine.ts';
import type { FlowIndex } from './flow-index.ts';
import { HISTORY_DIRECTION } from './schema.ts';

export interface ScriptsSummary {
  readonly receivedSats: bigint;
  readonly sentSats: bigint;
  /** Received, not sent, and spendable. */
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

const { received, sent, destroyed } = HISTORY_DIRECTION;
const sumOf = (direction: number): string =>
  `toString(toDecimal128(sumIf(value, direction = ${direction}), 0))`;

function seen(flow: FlowIndex, txIndex: number): Seen {
  return {
    txid: flow.txid(txIndex),
    height: flow.txHeight(txIndex),
    timeSeconds: flow.txTime(txIndex),
  };
}

function whereScripts(scripts: readonly ScriptId[], txEnd: number): string {
  return `script_id IN (${scripts.join(',')}) AND tx_index < ${txEnd}`;
}

/**
 * Sums and counts over all transactions that touch any of the scripts.
 *
 * @param txEnd only transactions before this row: an as-of height
 */
export async function summariseScripts(
  engine: LedgerEngine,
  flow: FlowIndex,
  scripts: readonly ScriptId[],
  txEnd: number = flow.txCount,
): Promise<ScriptsSummary> {
  interface Row {
    readonly received: string;
    readonly sent: string;
    readonly destroyed: string;
    readonly transactions: string;
    readonly outputs: string;
    readonly spent_outputs: string;
    readonly first_tx: string;
    readonly last_tx: string;
  }
  const [row] = await engine.query<Row>(
    `SELECT ${sumOf(received)} AS received, ${sumOf(sent)} AS sent, ${sumOf(destroyed)} AS destroyed,
            uniqExactIf(tx_index, direction != ${destroyed}) AS transactions,
            countIf(direction = ${received}) AS outputs, countIf(direction = ${sent}) AS spent_outputs,
            minIf(tx_index, direction != ${destroyed}) AS first_tx, maxIf(tx_index, direction != ${destroyed}) AS last_tx
     FROM history WHERE ${whereScripts(scripts, txEnd)}`,
  );
  const transactions = Number(row!.transactions);
  const receivedSats = BigInt(row!.received);
  const sentSats = BigInt(row!.sent);
  return {
    receivedSats,
    sentSats,
    balanceSats: receivedSats - sentSats - BigInt(row!.destroyed),
    transactions,
    outputs: Number(row!.outputs),
    spentOutputs: Number(row!.spent_outputs),
    ...(transactions === 0
      ? {}
      : {
          firstSeen: seen(flow, Number(row!.first_tx)),
          lastSeen: seen(flow, Number(row!.last_tx)),
        }),
  };
}

/**
 * A page of the transactions that touch any of the scripts, newest first.
 *
 * @param page.cursor as the page before gave it: `height:position` of its last entry
 * @throws {ClewError} CLEW_USAGE for a cursor that none of these answers gave
 */
export async function readHistory(
  engine: LedgerEngine,
  flow: FlowIndex,
  scripts: readonly ScriptId[],
  page: { readonly limit: number; readonly cursor?: string; readonly txEnd?: number },
): Promise<HistoryPage> {
  const txEnd = page.txEnd ?? flow.txCount;
  const before = page.cursor === undefined ? txEnd : Math.min(txEnd, cursorTx(flow, page.cursor));
  const rows = await engine.query<{ tx: string; received: string; sent: string }>(
    `SELECT tx_index AS tx, ${sumOf(received)} AS received, ${sumOf(sent)} AS sent
     FROM history WHERE ${whereScripts(scripts, before)} AND direction != ${destroyed}
     GROUP BY tx_index ORDER BY tx_index DESC LIMIT ${page.limit + 1}`,
  );
  const entries = rows.slice(0, page.limit).map((row) => ({
    ...seen(flow, Number(row.tx)),
    receivedSats: BigInt(row.received),
    sentSats: BigInt(row.sent),
  }));
  if (rows.length <= page.limit) return { entries };
  const last = Number(rows[page.limit - 1]!.tx);
  return { entries, nextCursor: `${flow.txHeight(last)}:${flow.txPosition(last)}` };
}

function cursorTx(flow: FlowIndex, cursor: string): number {
  const [, height, position] = /^(\d{1,9}):(\d{1,9})$/.exec(cursor) ?? [];
  const block = height === undefined ? undefined : flow.findBlock(Number(height));
  if (block !== undefined) {
    const tx = flow.blockFirstTx.at(block) + Number(position);
    if (tx < flow.txCount && flow.txBlock.at(tx) === block) return tx;
  }
  // Its words are not repeated: a cursor can be anything that somebody typed.
  throw new ClewError('CLEW_USAGE', 'The cursor is not one that an earlier page gave.', {
    length: cursor.length,
  });
}
