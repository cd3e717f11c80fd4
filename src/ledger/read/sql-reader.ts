/**
 * The query layer over the wide tables (`server-schema.ts`) by SQL alone: chDB, one ClickHouse server, or a cluster. Nothing
 * local is read, and the statements are the same for all.
 *
 * They keep to what version 18.16 runs, without joins or subqueries: on a cluster these would look at one shard's rows only. So
 * a question is answered in a few steps, each for all things asked for, and the comments of the methods say how many round
 * trips a call takes, whatever the size of its set (a set of more than some thousand goes in several statements side by side).
 * One more comes at the end of each: whether the tip is still the same. The first call takes five more, and one `as of` a
 * height one.
 */
import type { Network } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';
import type { LedgerEngine } from '../engine.ts';
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
import type {
  HistoryQuestion,
  LedgerReader,
  Outpoint,
  ReadBlock,
  ReaderEngine,
  ReadHistory,
  ReadOptions,
  ReadSpender,
  ReadSummary,
  ReadTip,
  ReadTransaction,
  ReadUnspent,
  UnspentQuestion,
} from './ledger-reader.ts';
import {
  readPages,
  readSums,
  readTouches,
  readUnspent,
  type SqlPageQuestion,
} from './sql-events.ts';
import {
  findBareKeys,
  findScripts,
  findTxs,
  readBlockTxids,
  readTxs,
  type SqlTx,
} from './sql-lookups.ts';
import {
  hashLiteral,
  requireRow,
  SQL_LIMITS,
  type SqlBlock,
  type SqlLimits,
  type SqlState,
  SqlTips,
  type Wide,
} from './sql-state.ts';
import { nameSpenders, readSpends, readSqlTransactions } from './sql-transactions.ts';

/** Answers that were made while blocks were undone are made again, so many times. */
const TRIES_MAX = 5;
const P2PKH = /^76a914[0-9a-f]{40}88ac$/;

export class SqlReader implements LedgerReader {
  readonly network: Network;
  readonly engine: ReaderEngine;
  readonly #tips: SqlTips;

  /** @param engine with the wide tables; stays its owner's: `close` does not close it */
  constructor(engine: LedgerEngine, network: Network, limits: SqlLimits = SQL_LIMITS) {
    if (!engine.hasIdentifiers) throw new RangeError('these tables have no identifiers');
    this.engine = engine.kind;
    this.network = network;
    this.#tips = new SqlTips(engine, network, limits);
  }

  /** Work on one state of the tables; for an empty ledger `absent` tells the answers. */
  async #answer<Question, Answer>(
    questions: readonly Question[],
    { heightMax, signal }: ReadOptions,
    absent: (question: Question) => Answer,
    work: (state: SqlState) => Promise<Answer[]>,
  ): Promise<Answer[]> {
    signal?.throwIfAborted();
    if (questions.length === 0) return [];
    return this.#onStableTip(signal, async (state) => {
      return state === undefined
        ? questions.map(absent)
        : work(await state.asOf(heightMax, signal));
    });
  }

  /**
   * Work on the tip known last, and once more when another has come meanwhile; then a tip that only added blocks does no harm.
   *
   * @throws {ClewError} CLEW_REMOTE_BUSY when blocks are undone each time
   */
  async #onStableTip<Answer>(
    signal: AbortSignal | undefined,
    work: (state: SqlState | undefined) => Promise<Answer>,
  ): Promise<Answer> {
    let state = this.#tips.known ?? (await this.#tips.refresh());
    for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
      const answered = await settled(() => work(state));
      signal?.throwIfAborted();
      if ((await this.#tips.newestSeq()) === (state?.seq ?? 0)) return answered();
      const newer = await this.#tips.refresh();
      if (tries > 1 && state !== undefined && (await this.#tips.stands(state, newer))) {
        return answered();
      }
      state = newer;
    }
    const what = 'Blocks of the ledger were taken back again and again while it was read.';
    throw new ClewError('CLEW_REMOTE_BUSY', what, { tries: TRIES_MAX });
  }

  /** One round trip, none when the block is known. */
  async tip(): Promise<ReadTip | undefined> {
    return this.#onStableTip(undefined, async (state) => {
      if (state === undefined) return undefined;
      const last = state.ends.blocks - 1;
      const { height, hash, timeSeconds } = (await state.blocksByRow([last])).get(last)!.block;
      return { height, hash, timeSeconds };
    });
  }

  /** Six round trips. */
  async transactions(
    txids: readonly Txid[],
    options: ReadOptions = {},
  ): Promise<(ReadTransaction | undefined)[]> {
    requireTxids(txids);
    return this.#answer(txids, options, nothing, async (state) => {
      const byId = await findTxs(state, txids);
      const all = Array.from(byId.values(), (same) => {
        return { tx: same.at(-1)!, older: same.slice(0, -1) };
      });
      const found = await readSqlTransactions(state, all);
      return txids.map((txid) => {
        const newest = byId.get(txid)?.at(-1);
        return newest === undefined ? undefined : found.get(newest.row);
      });
    });
  }

  /** Five round trips. */
  async spenders(
    outpoints: readonly Outpoint[],
    options: ReadOptions = {},
  ): Promise<(ReadSpender | undefined)[]> {
    requireOutpoints(outpoints);
    return this.#answer(outpoints, options, nothing, async (state) => {
      const byId = await findTxs(
        state,
        outpoints.map(({ txid }) => txid),
      );
      const outputs = outpoints.map(({ txid, vout }) => {
        const tx = byId.get(txid)?.at(-1);
        return tx !== undefined && vout < tx.outputCount ? tx.firstOutput + vout : undefined;
      });
      const spends = await readSpends(
        state,
        outputs.flatMap((output) => output ?? []),
      );
      const named = await nameSpenders(state, spends);
      return outputs.map((output) => (output === undefined ? undefined : named.get(output)));
    });
  }

  /** Six round trips, two more when pages go on after others, and one for each script with more than 20,000 events. */
  async histories(
    questions: readonly HistoryQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadHistory[]> {
    requireHistoryQuestions(questions);
    const absent = ({ after }: HistoryQuestion): ReadHistory => {
      if (after !== undefined) throw unknownAfter();
      return { entries: [], hasMore: false };
    };
    return this.#answer(questions, options, absent, async (state) => {
      const pages = await this.#pageQuestions(state, questions);
      const found = await readPages(
        state,
        pages.flatMap((page) => page ?? []),
      );
      const entries = Array.from(found.values(), (page) => page.entries).flat();
      const txs = await readTxs(
        state,
        entries.map(({ tx }) => tx),
      );
      const blocks = await state.blocksByRow(Array.from(txs.values(), ({ block }) => block));
      return questions.map((_, i) => {
        const page = pages[i] === undefined ? undefined : found.get(pages[i]);
        if (page === undefined) return { entries: [], hasMore: false };
        return {
          entries: page.entries.map(({ tx, receivedSats, sentSats }) => {
            const { txid, block } = txs.get(tx)!;
            const { height, timeSeconds } = blocks.get(block)!.block;
            return { txid, height, timeSeconds, receivedSats, sentSats };
          }),
          hasMore: page.hasMore,
        };
      });
    });
  }

  /** Scripts and the transactions to go on after, as rows; undefined for a script that does not appear. */
  async #pageQuestions(
    state: SqlState,
    questions: readonly HistoryQuestion[],
  ): Promise<(SqlPageQuestion | undefined)[]> {
    const [scripts, txs] = await Promise.all([
      findScripts(
        state,
        questions.map(({ script }) => script),
      ),
      findTxs(
        state,
        questions.flatMap(({ after }) => after ?? []),
      ),
    ]);
    const blocks = await state.blocksByRow([...txs.values()].flat().map(({ block }) => block));
    const candidates = questions.map((question) => {
      const script = scripts.get(question.script);
      return script === undefined ? [] : afterCandidates(question, script, txs, blocks);
    });
    const touches = await readTouches(state, candidates.flat());
    return questions.map(({ script: hex, after, limit }, i) => {
      const script = scripts.get(hex);
      const end = candidates[i]!.find((each) => touches.has(`${each.script}:${each.tx}`))?.tx;
      if (after !== undefined && end === undefined) throw unknownAfter();
      if (script === undefined) return undefined;
      return { script, limit, txEnd: end ?? state.ends.transactions };
    });
  }

  /** Five round trips. */
  async summaries(
    scripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ReadSummary[]> {
    requireScripts(scripts);
    return this.#answer(
      scripts,
      options,
      () => NO_SUMMARY,
      async (state) => {
        const rows = await findScripts(state, scripts);
        const sums = await readSums(state, rows.values());
        const ends = Array.from(sums.values(), ({ firstTx, lastTx }) => [firstTx, lastTx]).flat();
        const txs = await readTxs(state, ends);
        const blocks = await state.blocksByRow(Array.from(txs.values(), ({ block }) => block));
        const heightOf = (tx: number): number => blocks.get(txs.get(tx)!.block)!.block.height;
        return scripts.map((script) => {
          const row = rows.get(script);
          const found = row === undefined ? undefined : sums.get(row);
          if (found === undefined) return NO_SUMMARY;
          const { receivedSats, sentSats, outputs, inputs, transactions } = found;
          return {
            receivedSats,
            sentSats,
            outputs,
            spentOutputs: inputs,
            transactions,
            firstHeight: heightOf(found.firstTx),
            lastHeight: heightOf(found.lastTx),
          };
        });
      },
    );
  }

  /** Seven round trips, and one for each 400,000 events of a script with more than 20,000. */
  async unspent(
    questions: readonly UnspentQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadUnspent[]> {
    requireUnspentQuestions(questions);
    const absent = (): ReadUnspent => ({ outputs: [], isWhole: true });
    return this.#answer(questions, options, absent, async (state) => {
      const rows = await findScripts(
        state,
        questions.map(({ script }) => script),
      );
      const limits = new Map<number, number>();
      for (const { script, limit } of questions) {
        const row = rows.get(script);
        if (row !== undefined) limits.set(row, Math.max(limit, limits.get(row) ?? 0));
      }
      const found = await readUnspent(state, limits);
      const wanted = Array.from(found.values(), (all) => all.map(({ output }) => output)).flat();
      const places = await placeOutputs(state, wanted);
      return questions.map(({ script, limit }) => {
        const row = rows.get(script);
        const all = (row === undefined ? undefined : found.get(row)) ?? [];
        return {
          outputs: all.slice(0, limit).map(({ output, valueSats }) => {
            const { height, ...outpoint } = places.get(output)!;
            return { ...outpoint, valueSats, height };
          }),
          isWhole: all.length <= limit,
        };
      });
    });
  }

  /** Two round trips; none when no script is P2PKH. */
  async bareKeysOf(
    p2pkhScripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ScriptHex[][]> {
    requireScripts(p2pkhScripts);
    return this.#answer<ScriptHex, ScriptHex[]>(
      p2pkhScripts,
      options,
      () => [],
      async (state) => {
        const found = await findBareKeys(
          state,
          p2pkhScripts.filter((script) => P2PKH.test(script)),
        );
        return p2pkhScripts.map((script) => [...(found.get(script) ?? [])]);
      },
    );
  }

  /** One round trip. */
  async blocksAt(heights: readonly number[]): Promise<(ReadBlock | undefined)[]> {
    return this.#answer(heights, {}, nothing, async (state) => {
      const found = new Map<number, ReadBlock>();
      const asked = [...new Set(heights.filter(isHeight))];
      await state.inChunks(asked, state.limits.rowsPerStatement, async (some) => {
        const blocks = await state.blocksWhere(`height IN (${some.join(',')})`);
        for (const { block } of blocks) found.set(block.height, block);
      });
      return heights.map((height) => found.get(height));
    });
  }

  /** One round trip. */
  async blocksWithHash(hashes: readonly BlockHash[]): Promise<(ReadBlock | undefined)[]> {
    requireBlockHashes(hashes);
    return this.#answer(hashes, {}, nothing, async (state) => {
      const found = await findBlocks(state, hashes);
      return hashes.map((hash) => found.get(hash)?.block);
    });
  }

  /** Two round trips, and one more for each 8,000 transactions. */
  async blockTxids(hashes: readonly BlockHash[]): Promise<(readonly Txid[] | undefined)[]> {
    requireBlockHashes(hashes);
    return this.#answer(hashes, {}, nothing, async (state) => {
      const found = await findBlocks(state, hashes);
      const txids = await readBlockTxids(state, found.values());
      return hashes.map((hash) => {
        const block = found.get(hash);
        return block === undefined ? undefined : txids.get(block.row);
      });
    });
  }

  async close(): Promise<void> {}
}

const nothing = (): undefined => undefined;

const NO_SUMMARY: ReadSummary = {
  receivedSats: 0n,
  sentSats: 0n,
  outputs: 0,
  spentOutputs: 0,
  transactions: 0,
};

/** Do work now, and hand out its answer or failure later. */
async function settled<T>(work: () => Promise<T>): Promise<() => T> {
  try {
    const answer = await work();
    return () => answer;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

/** The transactions that an `after` may mean, newest first. */
function afterCandidates(
  { after, afterHeight }: HistoryQuestion,
  script: number,
  txs: ReadonlyMap<Txid, readonly SqlTx[]>,
  blocks: ReadonlyMap<number, SqlBlock>,
): { readonly script: number; readonly tx: number }[] {
  const same = after === undefined ? [] : (txs.get(after) ?? []);
  return same
    .filter(({ block }) => {
      return afterHeight === undefined || blocks.get(block)!.block.height === afterHeight;
    })
    .map(({ row }) => ({ script, tx: row }))
    .reverse();
}

/** Names and heights of outputs. Three round trips. */
async function placeOutputs(
  state: SqlState,
  outputs: readonly number[],
): Promise<ReadonlyMap<number, Outpoint & { readonly height: number }>> {
  const rows = await state.byRows<{ tx: Wide }>(
    'outputs',
    'output_index',
    'outputs',
    'tx_index AS tx',
    outputs,
  );
  const txs = await readTxs(
    state,
    Array.from(rows.values(), ({ tx }) => state.plain('transactions', tx)),
  );
  const blocks = await state.blocksByRow(Array.from(txs.values(), ({ block }) => block));
  const places = new Map<number, Outpoint & { readonly height: number }>();
  for (const output of outputs) {
    const tx = state.plain('transactions', requireRow(rows.get(output)).tx);
    const { txid, firstOutput, block } = txs.get(tx)!;
    const { height } = blocks.get(block)!.block;
    places.set(output, { txid, vout: output - firstOutput, height });
  }
  return places;
}

async function findBlocks(
  state: SqlState,
  hashes: readonly BlockHash[],
): Promise<ReadonlyMap<BlockHash, SqlBlock>> {
  const found = new Map<BlockHash, SqlBlock>();
  await state.inChunks([...new Set(hashes)], state.limits.namesPerStatement, async (some) => {
    const blocks = await state.blocksWhere(`hash IN (${some.map(hashLiteral).join(',')})`);
    for (const each of blocks) found.set(each.block.hash, each);
  });
  return found;
}
