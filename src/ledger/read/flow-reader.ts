/**
 * The query layer over a local ledger: the flow index, and the tables for what only they hold (versions, sizes, block headers).
 *
 * Each call sees one state of the ledger (`ReaderGate`). Summaries, histories, spenders and unspent outputs come from
 * columns alone, without SQL; `transactions` costs up to four statements side by side, blocks one, whatever the number of things
 * asked for. Answers of blocks are kept, some thousand at most.
 */
import { bytesToHex, hashToDisplay } from '../../bytes/hex.ts';
import type { Network } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { BlockHash, ScriptHex, ScriptId, Txid } from '../../units/ids.ts';
import { NONE } from '../../units/ids.ts';
import { readHistory, summariseScripts } from '../address-facts.ts';
import { type FlowIndex, OVERWRITTEN, SPENDER_MAX, UNSPENDABLE } from '../flow-index.ts';
import type { ReaderGate } from '../reader-gate.ts';
import { type RowBase, sqlRow } from '../row-base.ts';
import { EventWalk, walkBefore } from '../script-events.hot.ts';
import { hashScript, scriptKey } from '../script-key.hot.ts';
import type { TipRecord } from '../tip-record.ts';
import type { LedgerTables } from '../transaction-facts.ts';
import { Breather } from './breather.ts';
import {
  isHeight,
  requireBlockHashes,
  requireHistoryQuestions,
  requireOutpoints,
  requireScripts,
  requireTxids,
  requireUnspentQuestions,
  unknownAfter,
} from './chain-names.ts';
import {
  type FlowState,
  type FlowTransaction,
  outpointOf,
  readFlowTransactions,
  SpendFinder,
} from './flow-transactions.ts';
import type {
  HistoryQuestion,
  LedgerReader,
  Outpoint,
  ReadBlock,
  ReadHistory,
  ReadOptions,
  ReadSpender,
  ReadSummary,
  ReadTip,
  ReadTransaction,
  ReadUnspent,
  UnspentQuestion,
} from './ledger-reader.ts';

/** What is read: a `Ledger` is one. */
export interface FlowLedger extends LedgerTables {
  readonly network: Network;
  readonly gate: ReaderGate;
  readonly base: RowBase;
  readonly tip: TipRecord | undefined;
  openFlow(): Promise<FlowIndex>;
  tipOf(flow: FlowIndex): TipRecord;
}

/** Blocks kept of one state of the ledger: some megabytes. */
const BLOCKS_KEPT = 8_192;
/** Hashes in one statement: 80 bytes each stay below the engine's limit for a statement, 256 KiB. */
const HASHES_PER_STATEMENT = 2_000;
const BLOCKS_PER_STATEMENT = 8_000;
/** Steps that sums of a script take, for the breather. */
const SUMMARY_STEPS = 100;

interface BlockRow {
  readonly row: string;
  readonly height: number;
  readonly block_hash: BlockHash;
  readonly prev: BlockHash;
  readonly root: string;
  readonly version: number;
  readonly time: number;
  readonly bits: number;
  readonly nonce: number;
  readonly tx_count: number;
  readonly size_bytes: number;
}

const display = (column: string): string => `lower(hex(reverse(${column})))`;
const BLOCK_COLUMNS = `toString(block_index) AS row, height, ${display('hash')} AS block_hash,
  ${display('prev_hash')} AS prev, ${display('merkle_root')} AS root,
  version, time, bits, nonce, tx_count, size_bytes`;

export class FlowReader implements LedgerReader {
  readonly network: Network;
  readonly engine = 'flow';
  readonly #ledger: FlowLedger;
  /** Blocks by row, of the flow index that they were read with: another state may have others. */
  #blocks = new Map<number, ReadBlock>();
  #flowOfBlocks: FlowIndex | undefined;

  /** @param ledger stays its owner's: `close` does not close it */
  constructor(ledger: FlowLedger) {
    this.#ledger = ledger;
    this.network = ledger.network;
  }

  /** Work on one state of the ledger; for an empty one `absent` tells the answers. */
  async #answer<Question, Answer>(
    questions: readonly Question[],
    options: ReadOptions,
    absent: (question: Question) => Answer,
    work: (state: FlowState) => Promise<Answer[]>,
  ): Promise<Answer[]> {
    const { heightMax, signal } = options;
    signal?.throwIfAborted();
    if (questions.length === 0) return [];
    return this.#ledger.gate.read(async () => {
      const flow = await this.#openFlow();
      if (flow === undefined) return questions.map(absent);
      const txEnd = heightMax === undefined ? flow.txCount : flow.txEndAtHeight(heightMax);
      return work({ flow, txEnd, breather: new Breather(signal) });
    });
  }

  /** Undefined while there is nothing to read. */
  async #openFlow(): Promise<FlowIndex | undefined> {
    if (this.#ledger.tip === undefined) return undefined;
    let flow: FlowIndex;
    try {
      flow = await this.#ledger.openFlow();
    } catch (error) {
      if (error instanceof ClewError && error.code === 'CLEW_LEDGER_EMPTY') return undefined;
      throw error;
    }
    if (flow !== this.#flowOfBlocks) {
      this.#flowOfBlocks = flow;
      this.#blocks = new Map();
    }
    return flow;
  }

  async tip(): Promise<ReadTip | undefined> {
    return this.#ledger.gate.read(async () => {
      const flow = await this.#openFlow();
      if (flow === undefined) return undefined;
      const { height, hash } = this.#ledger.tipOf(flow);
      const timeSeconds = flow.blockTime.at(flow.blockCount - 1);
      return { height, hash: hash as BlockHash, timeSeconds };
    });
  }

  /** Up to four statements side by side, and one for blocks that were not asked for before. */
  async transactions(
    txids: readonly Txid[],
    options: ReadOptions = {},
  ): Promise<(ReadTransaction | undefined)[]> {
    requireTxids(txids);
    return this.#answer(
      txids,
      options,
      () => undefined,
      async (state) => {
        const { flow, txEnd } = state;
        const found = new Map<number, FlowTransaction>();
        const newest = txids.map((txid) => {
          const older = findTxs(flow, txid, txEnd);
          const tx = older.pop();
          if (tx !== undefined) found.set(tx, { tx, older });
          return tx;
        });
        const txs = [...found.values()].sort((a, b) => a.tx - b.tx);
        const blocks = await this.#readBlocks(
          flow,
          new Set(txs.map(({ tx }) => flow.txBlock.at(tx))),
        );
        const hashOf = (block: number): BlockHash => blocks.get(block)!.hash;
        const read = await readFlowTransactions(this.#ledger, state, txs, hashOf);
        const byRow = new Map(txs.map(({ tx }, i) => [tx, read[i]!]));
        return newest.map((tx) => (tx === undefined ? undefined : byRow.get(tx)!));
      },
    );
  }

  async spenders(
    outpoints: readonly Outpoint[],
    options: ReadOptions = {},
  ): Promise<(ReadSpender | undefined)[]> {
    requireOutpoints(outpoints);
    return this.#answer(
      outpoints,
      options,
      () => undefined,
      async ({ flow, txEnd, breather }) => {
        const spends = new SpendFinder(flow);
        const spenders: (ReadSpender | undefined)[] = [];
        for (const { txid, vout } of outpoints) {
          if (breather.isTired(20)) await breather.rest();
          const tx = findTxs(flow, txid, txEnd).at(-1);
          const output = tx === undefined ? NONE : flow.txFirstOutput.at(tx) + vout;
          const isThere = tx !== undefined && output < flow.txFirstOutput.at(tx + 1);
          spenders.push(isThere ? spends.spenderOf(output, txEnd) : undefined);
        }
        return spenders;
      },
    );
  }

  async histories(
    questions: readonly HistoryQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadHistory[]> {
    requireHistoryQuestions(questions);
    const absent = ({ after }: HistoryQuestion): ReadHistory => {
      if (after !== undefined) throw unknownAfter();
      return { entries: [], hasMore: false };
    };
    return this.#answer(questions, options, absent, async ({ flow, txEnd, breather }) => {
      const histories: ReadHistory[] = [];
      for (const question of questions) {
        if (breather.isTired(SUMMARY_STEPS + 20 * question.limit)) await breather.rest();
        const script = findScript(flow, question.script);
        histories.push(
          script === undefined
            ? absent(question)
            : historyOf(flow, script, question, historyEnd(flow, script, question, txEnd)),
        );
      }
      return histories;
    });
  }

  async summaries(
    scripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ReadSummary[]> {
    requireScripts(scripts);
    return this.#answer(
      scripts,
      options,
      () => NO_SUMMARY,
      async ({ flow, txEnd, breather }) => {
        const summaries: ReadSummary[] = [];
        for (const hex of scripts) {
          if (breather.isTired(SUMMARY_STEPS)) await breather.rest();
          const script = findScript(flow, hex);
          summaries.push(script === undefined ? NO_SUMMARY : summaryOf(flow, script, txEnd));
        }
        return summaries;
      },
    );
  }

  async unspent(
    questions: readonly UnspentQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadUnspent[]> {
    requireUnspentQuestions(questions);
    const absent = (): ReadUnspent => ({ outputs: [], isWhole: true });
    return this.#answer(questions, options, absent, async (state) => {
      const unspent: ReadUnspent[] = [];
      for (const { script: hex, limit } of questions) {
        const script = findScript(state.flow, hex);
        unspent.push(script === undefined ? absent() : await unspentOf(state, script, limit));
      }
      return unspent;
    });
  }

  async bareKeysOf(
    p2pkhScripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ScriptHex[][]> {
    requireScripts(p2pkhScripts);
    return this.#answer(
      p2pkhScripts,
      options,
      () => [],
      async ({ flow, txEnd, breather }) => {
        const all: ScriptHex[][] = [];
        for (const hex of p2pkhScripts) {
          if (breather.isTired(10)) await breather.rest();
          const found = flow
            .findBareKeys(Buffer.from(hex, 'hex'))
            .filter((script) => firstTxOf(flow, script) < txEnd);
          all.push(
            found
              .sort((a, b) => a - b)
              .map((script) => bytesToHex(flow.scripts.read(script)) as ScriptHex),
          );
        }
        return all;
      },
    );
  }

  /** One statement for blocks that were not asked for before. */
  async blocksAt(heights: readonly number[]): Promise<(ReadBlock | undefined)[]> {
    return this.#answer(
      heights,
      {},
      () => undefined,
      async ({ flow }) => {
        const rows = heights.map((height) =>
          isHeight(height) ? flow.findBlock(height) : undefined,
        );
        const blocks = await this.#readBlocks(flow, new Set(rows.flatMap((row) => row ?? [])));
        return rows.map((row) => (row === undefined ? undefined : blocks.get(row)));
      },
    );
  }

  /** One statement, which looks at the hashes of all blocks. */
  async blocksWithHash(hashes: readonly BlockHash[]): Promise<(ReadBlock | undefined)[]> {
    requireBlockHashes(hashes);
    return this.#answer(
      hashes,
      {},
      () => undefined,
      async ({ flow }) => {
        const rows = await this.#blockRows(flow, hashes);
        return hashes.map((hash) => rows.get(hash)?.block);
      },
    );
  }

  /** One statement, which looks at the hashes of all blocks. */
  async blockTxids(hashes: readonly BlockHash[]): Promise<(readonly Txid[] | undefined)[]> {
    requireBlockHashes(hashes);
    return this.#answer(
      hashes,
      {},
      () => undefined,
      async ({ flow, breather }) => {
        const rows = await this.#blockRows(flow, hashes);
        const all: (readonly Txid[] | undefined)[] = [];
        for (const hash of hashes) {
          const found = rows.get(hash);
          if (found !== undefined && breather.isTired(found.block.transactions)) {
            await breather.rest();
          }
          all.push(found === undefined ? undefined : txidsOf(flow, found.row));
        }
        return all;
      },
    );
  }

  /** Blocks by the hashes that are there, with their rows. */
  async #blockRows(
    flow: FlowIndex,
    hashes: readonly BlockHash[],
  ): Promise<Map<BlockHash, { readonly row: number; readonly block: ReadBlock }>> {
    const found = new Map<BlockHash, { row: number; block: ReadBlock }>();
    const distinct = [...new Set(hashes)];
    for (let from = 0; from < distinct.length; from += HASHES_PER_STATEMENT) {
      const list = distinct
        .slice(from, from + HASHES_PER_STATEMENT)
        .map((hash) => `reverse(unhex('${hash}'))`);
      const where = `hash IN (${list.join(',')})`;
      for (const [row, block] of await this.#queryBlocks(flow, where)) {
        found.set(block.hash, { row, block });
      }
    }
    return found;
  }

  async #readBlocks(
    flow: FlowIndex,
    rows: ReadonlySet<number>,
  ): Promise<ReadonlyMap<number, ReadBlock>> {
    const found = new Map<number, ReadBlock>();
    const missing: number[] = [];
    for (const row of rows) {
      const known = this.#blocks.get(row);
      if (known === undefined) missing.push(row);
      else found.set(row, known);
    }
    for (let from = 0; from < missing.length; from += BLOCKS_PER_STATEMENT) {
      const some = missing.slice(from, from + BLOCKS_PER_STATEMENT);
      const list = some.map((row) => sqlRow(this.#ledger.base.blocks, row));
      const read = await this.#queryBlocks(flow, `block_index IN (${list.join(',')})`);
      if (read.size !== some.length) {
        throw new ClewError('CLEW_LEDGER_DAMAGED', 'A block has no row in the tables.', {});
      }
      for (const [row, block] of read) found.set(row, block);
    }
    return found;
  }

  /** Blocks by row, no further than the flow index goes: a batch that is being written may have put more into the table. */
  async #queryBlocks(flow: FlowIndex, where: string): Promise<Map<number, ReadBlock>> {
    const { engine, base } = this.#ledger;
    const rows = await engine.query<BlockRow>(`SELECT ${BLOCK_COLUMNS} FROM blocks WHERE ${where}`);
    const found = new Map<number, ReadBlock>();
    for (const each of rows) {
      const row = Number(BigInt(each.row) - base.blocks);
      if (row < flow.blockCount) found.set(row, blockOf(each));
    }
    if (this.#flowOfBlocks !== flow) return found;
    if (this.#blocks.size + found.size > BLOCKS_KEPT) this.#blocks.clear();
    if (found.size <= BLOCKS_KEPT) for (const [row, block] of found) this.#blocks.set(row, block);
    return found;
  }

  async close(): Promise<void> {
    this.#blocks.clear();
  }
}

function blockOf(row: BlockRow): ReadBlock {
  return {
    height: row.height,
    hash: row.block_hash,
    prevHash: row.prev,
    merkleRoot: row.root,
    version: row.version,
    timeSeconds: row.time,
    bits: row.bits,
    nonce: row.nonce,
    transactions: row.tx_count,
    sizeBytes: row.size_bytes,
  };
}

/** Rows of the transactions with an id before a row, oldest first. */
function findTxs(flow: FlowIndex, txid: string, txEnd: number): number[] {
  const found = flow.findTxs(Buffer.from(txid, 'hex').reverse());
  while (found.length > 0 && found.at(-1)! >= txEnd) found.pop();
  return found;
}

function findScript(flow: FlowIndex, hex: string): ScriptId | undefined {
  const bytes = Buffer.from(hex, 'hex');
  hashScript(bytes, 0, bytes.length);
  const script = flow.findScript(scriptKey.low, scriptKey.high, bytes, 0, bytes.length);
  return script === NONE ? undefined : (script as ScriptId);
}

/** The transaction in which a script was first seen. */
function firstTxOf(flow: FlowIndex, script: number): number {
  return flow.outputTx.at(flow.scriptFirstOutput.at(script));
}

/** Where a page begins: only transactions before this row. */
function historyEnd(
  flow: FlowIndex,
  script: ScriptId,
  { after, afterHeight }: HistoryQuestion,
  txEnd: number,
): number {
  if (after === undefined) return txEnd;
  const walk = new EventWalk(flow);
  for (const tx of findTxs(flow, after, txEnd).reverse()) {
    if (afterHeight !== undefined && flow.txHeight(tx) !== afterHeight) continue;
    walkBefore(flow, script, tx + 1, walk);
    if (walk.peekTx() === tx) return tx;
  }
  throw unknownAfter();
}

function historyOf(
  flow: FlowIndex,
  script: ScriptId,
  { limit }: HistoryQuestion,
  txEnd: number,
): ReadHistory {
  const { entries, nextCursor } = readHistory(flow, [script], { limit, txEnd });
  return { entries, hasMore: nextCursor !== undefined };
}

const NO_SUMMARY: ReadSummary = {
  receivedSats: 0n,
  sentSats: 0n,
  outputs: 0,
  spentOutputs: 0,
  transactions: 0,
};

function summaryOf(flow: FlowIndex, script: ScriptId, txEnd: number): ReadSummary {
  const summary = summariseScripts(flow, [script], txEnd);
  const { receivedSats, sentSats, outputs, spentOutputs, transactions } = summary;
  const { firstSeen, lastSeen } = summary;
  return {
    receivedSats,
    sentSats,
    outputs,
    spentOutputs,
    transactions,
    ...(firstSeen === undefined ? {} : { firstHeight: firstSeen.height }),
    ...(lastSeen === undefined ? {} : { lastHeight: lastSeen.height }),
  };
}

async function unspentOf(
  { flow, txEnd, breather }: FlowState,
  script: ScriptId,
  limit: number,
): Promise<ReadUnspent> {
  const walk = new EventWalk(flow);
  walkBefore(flow, script, txEnd, walk);
  const outputs: ReadUnspent['outputs'][number][] = [];
  for (let { output } = walk; output !== NONE; output = flow.outputPrevOfScript.at(output)) {
    if (breather.isTired()) await breather.rest();
    if (!isUnspent(flow, output, txEnd)) continue;
    if (outputs.length === limit) return { outputs, isWhole: false };
    outputs.push({
      ...outpointOf(flow, output),
      valueSats: flow.outputValue.at(output),
      height: flow.txHeight(flow.outputTx.at(output)),
    });
  }
  return { outputs, isWhole: true };
}

function isUnspent(flow: FlowIndex, output: number, txEnd: number): boolean {
  const spender = flow.outputSpender.at(output);
  if (spender === UNSPENDABLE) return false;
  if (spender === OVERWRITTEN) return destroyerOf(flow, output) >= txEnd;
  return spender >= SPENDER_MAX || spender >= txEnd;
}

/** The transaction that overwrote an output. There are two in all of Bitcoin. */
function destroyerOf(flow: FlowIndex, output: number): number {
  for (let row = 0; row < flow.destroyedOutput.length; row += 1) {
    if (flow.destroyedOutput.at(row) === output) return flow.destroyedTx.at(row);
  }
  throw new ClewError('CLEW_FLOW_FORMAT', 'Nothing overwrote an output that was overwritten.', {});
}

function txidsOf(flow: FlowIndex, block: number): Txid[] {
  const ids = flow.blockTxids(block);
  const txids: Txid[] = [];
  for (let at = 0; at < ids.length; at += 32) {
    txids.push(hashToDisplay(ids.subarray(at, at + 32)) as Txid);
  }
  return txids;
}
