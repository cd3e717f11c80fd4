/**
 * Histories of scripts from an Esplora server: pages of 25, newest first, kept as they come.
 *
 * The server's order within a block is its own affair, so what is known of a history is told by whole heights: from a height on
 * all is known, below it what the pages read so far held. New blocks put new pages on top, which are read until they
 * meet what is known; so a stop at any time loses one page. The end of a history is believed when the number of its
 * transactions is the one that the server gives for the script.
 */
import { ClewError } from '../../errors.ts';
import type { ScriptHex, Txid } from '../../units/ids.ts';
import type { AnsweredTransaction } from './esplora-answers.ts';
import type { EsploraCache, PlacedTransaction } from './esplora-cache.ts';
import type { EsploraChain } from './esplora-chain.ts';
import {
  type CoveredHeights,
  type HistoryRow,
  type HistoryState,
  scriptHash,
} from './esplora-history-cache.ts';
import { ChainMoved, type EsploraServer } from './esplora-server.ts';
import { lie } from './esplora-transaction.ts';
import { type EsploraTransactions, sumsOf } from './esplora-transactions.ts';

/** Transactions on a page (Blockstream electrs `CHAIN_TXS_PER_PAGE`). */
const PAGE = 25;

/** What is wanted of a history. */
export interface HistoryWish {
  readonly heightMax: number;
  /** Only what stands before this row. */
  readonly before?: HistoryRow;
  /** So many rows; all when left out. */
  readonly limit?: number;
  /** Looked at between pages. */
  readonly signal?: AbortSignal | undefined;
}

export interface FoundRows {
  /** Newest first. */
  readonly rows: readonly HistoryRow[];
  readonly hasMore: boolean;
}

/** A page that was read, and what of the history is covered with it. */
interface ReadPage {
  readonly answers: readonly AnsweredTransaction[];
  readonly covered: readonly CoveredHeights[];
  /** Nothing comes after it, as it seems. */
  readonly isShort: boolean;
}

/** A page that was asked for, and the state of the cache then. */
interface AheadPage {
  readonly after: Txid | undefined;
  readonly epoch: number;
  readonly page: Promise<AnsweredTransaction[] | undefined>;
}

export class EsploraHistories {
  readonly #server: EsploraServer;
  readonly #chain: EsploraChain;
  readonly #cache: EsploraCache;
  readonly #transactions: EsploraTransactions;
  readonly #transactionsMax: number;
  readonly #locks = new Map<string, Promise<unknown>>();

  /** @param transactionsMax no question reads more of one history from the server */
  constructor(
    server: EsploraServer,
    chain: EsploraChain,
    cache: EsploraCache,
    transactions: EsploraTransactions,
    transactionsMax: number,
  ) {
    this.#server = server;
    this.#chain = chain;
    this.#cache = cache;
    this.#transactions = transactions;
    this.#transactionsMax = transactionsMax;
  }

  /** Rows of a script's history; more of it is read as far as they need. */
  find(script: ScriptHex, wish: HistoryWish): Promise<FoundRows> {
    const hash = scriptHash(script);
    const { heightMax, before, limit = Number.MAX_SAFE_INTEGER - 1, signal } = wish;
    return this.#extend(script, limit, (state) => {
      signal?.throwIfAborted();
      const part = partAt(state, heightMax);
      if (part === undefined) return undefined;
      const range = { low: part.low, high: heightMax, ...(before === undefined ? {} : { before }) };
      // Not counted before the end is near: a long history would be read from the disk once a page.
      if (limit > state.rows && part.low > 0) return undefined;
      const rows = this.#cache.histories.rows(hash, range, limit + 1);
      if (rows.length <= limit && part.low > 0) return undefined;
      return { rows: rows.slice(0, limit), hasMore: rows.length > limit };
    });
  }

  /** The row of a transaction in a history, the newest one; undefined when it is not in it. */
  findRow(
    script: ScriptHex,
    txid: Txid,
    { heightMax, signal }: Pick<HistoryWish, 'heightMax' | 'signal'>,
  ): Promise<HistoryRow | undefined> {
    const hash = scriptHash(script);
    const found = this.#extend(script, 1, (state) => {
      signal?.throwIfAborted();
      const part = partAt(state, heightMax);
      if (part === undefined) return undefined;
      const row = this.#cache.histories
        .rowsOf(hash, txid)
        .find(({ height }) => height >= part.low && height <= heightMax);
      return row !== undefined || part.low === 0 ? { row } : undefined;
    });
    return found.then(({ row }) => row);
  }

  /** Whether all of it is kept up to this height. */
  isWhole(script: ScriptHex, heightMax: number): boolean {
    return partAt(this.#cache.histories.state(scriptHash(script)), heightMax)?.low === 0;
  }

  /**
   * What is kept of a history contradicts what the server counts: either the chain grew meanwhile, or some page left something
   * out, and which one nobody can say.
   */
  async distrust(script: ScriptHex): Promise<void> {
    if (!(await this.#chain.refresh())) this.#cache.histories.drop(scriptHash(script));
  }

  /** Reads pages until something is found in what is kept. One reader for each script at a time. */
  async #extend<T>(
    script: ScriptHex,
    rowsWanted: number,
    find: (state: HistoryState) => T | undefined,
  ): Promise<T> {
    const hash = scriptHash(script);
    const running = this.#locks.get(hash) ?? Promise.resolve();
    const mine = running.catch(() => {}).then(() => this.#readUntil(script, rowsWanted, find));
    this.#locks.set(hash, mine);
    try {
      return await mine;
    } finally {
      if (this.#locks.get(hash) === mine) this.#locks.delete(hash);
    }
  }

  async #readUntil<T>(
    script: ScriptHex,
    rowsWanted: number,
    find: (state: HistoryState) => T | undefined,
  ): Promise<T> {
    const hash = scriptHash(script);
    let state = this.#cache.histories.state(hash);
    let rowsRead = 0;
    let ahead: AheadPage | undefined;
    for (;;) {
      const found = find(state);
      if (found !== undefined) return found;
      if (rowsRead >= this.#transactionsMax) throw this.#tooMany();
      const { height: tipHeight } = await this.#chain.tip();
      const after = nextCursor(state, tipHeight);
      if (ahead?.after !== after || ahead === undefined) ahead = this.#ask(script, after);
      const { epoch } = ahead;
      const answers = await ahead.page;
      const page = this.#fit(answers, hash, state, tipHeight);
      rowsRead += page.answers.length;
      ahead = undefined;
      const next = nextCursor({ ...state, covered: page.covered }, tipHeight);
      if (next !== undefined && !page.isShort && rowsRead < rowsWanted) {
        ahead = this.#ask(script, next);
        // Whether anybody looks at it is seen later.
        ahead.page.catch(() => {});
      }
      state = await this.#keepPage(script, page, epoch, tipHeight);
      if (page.isShort) state = await this.#confirmEnd(script, page, state);
    }
  }

  #ask(script: ScriptHex, after: Txid | undefined): AheadPage {
    return { after, epoch: this.#cache.epoch, page: this.#server.page(script, after) };
  }

  /** Hold a page against what is known of the history. */
  #fit(
    answers: AnsweredTransaction[] | undefined,
    hash: string,
    state: HistoryState,
    tipHeight: number,
  ): ReadPage {
    if (answers === undefined) throw this.#moved('it does not know the end of its own page');
    const { part, below } = openPart(state, tipHeight);
    const seen = new Set<string>();
    let height = part.cursor === undefined ? Number.POSITIVE_INFINITY : part.low - 1;
    for (const { txid, place } of answers) {
      if (place === undefined) throw this.#lie('an unconfirmed transaction is among the confirmed');
      if (place.height > height) throw this.#lie('the pages of a history are not in order');
      height = place.height;
      const isKept = this.#cache.histories
        .rowsOf(hash, txid as Txid)
        .some((row) => row.height === height);
      // Of the height that the page before ended in, some are known; further down only where older pages meet.
      const isRepeated = isKept && part.cursor !== undefined && height === part.low - 1;
      const name = `${txid}:${height}`;
      if (seen.has(name) || isRepeated) throw this.#lie('a history repeats a transaction');
      seen.add(name);
      if (isKept) continue;
      const contradicted = below.find(({ low, high }) => height >= low && height <= high);
      if (contradicted !== undefined) {
        // What was counted is believed against what comes later; of the rest nobody can say which is true.
        if (contradicted.low > 0) this.#cache.histories.drop(hash);
        throw this.#moved('a history has a transaction that it had not before');
      }
    }
    const isShort = answers.length < PAGE;
    if (answers.length === 0) {
      const whole = { low: 0, high: part.high, cursor: undefined };
      return { answers, covered: [whole], isShort };
    }
    const high = Math.max(part.high, answers[0]!.place!.height);
    const [older, ...rest] = below;
    if (older !== undefined && height <= older.high) {
      return { answers, covered: [{ ...older, high }, ...rest], isShort: false };
    }
    const cursor = answers.at(-1)!.txid as Txid;
    return { answers, covered: [{ low: height + 1, high, cursor }, ...below], isShort };
  }

  async #keepPage(
    script: ScriptHex,
    { answers, covered }: ReadPage,
    epoch: number,
    tipHeight: number,
  ): Promise<HistoryState> {
    const inBlock = new Map<string | undefined, number>();
    for (const { place } of answers) {
      inBlock.set(place?.blockHash, (inBlock.get(place?.blockHash) ?? 0) + 1);
    }
    const placed = await Promise.all(
      answers.map((answer) =>
        this.#transactions.admit(answer, answer.txid, inBlock.get(answer.place?.blockHash)),
      ),
    );
    const inBlocks = placed as PlacedTransaction[];
    for (const each of inBlocks) {
      const { outputs, inputs } = sumsOf(each, script);
      if (outputs + inputs === 0) throw this.#lie('a history holds what does not touch its script');
    }
    const rows = inBlocks.map(({ tx, place }) => ({
      height: place.height,
      position: place.position,
      txid: tx.txid,
    }));
    return this.#cache.atomically(() => {
      this.#transactions.keep(inBlocks, epoch, tipHeight);
      // An empty page is believed when the count of the script agrees: see `confirmEnd`.
      if (answers.length === 0) return this.#cache.histories.state(scriptHash(script));
      return this.#cache.histories.put(scriptHash(script), rows, covered);
    });
  }

  /** After a page that is not full: that was all, if they are as many as the server counts. */
  async #confirmEnd(script: ScriptHex, page: ReadPage, state: HistoryState): Promise<HistoryState> {
    const hash = scriptHash(script);
    const { transactions } = (await this.#server.stats(script)).chain;
    const isLast = page.covered.length === 1;
    const isAll =
      isLast &&
      (transactions === state.rows || transactions === this.#cache.histories.countIds(hash));
    if (isAll) {
      const [first] = page.covered;
      const whole = { low: 0, high: first!.high, cursor: undefined };
      return this.#cache.atomically(() => this.#cache.histories.put(hash, [], [whole]));
    }
    // A server with smaller pages has more of them.
    if (page.answers.length > 0 && (!isLast || transactions > state.rows)) return state;
    await this.distrust(script);
    throw this.#moved('a history has not as many transactions as it is said to have');
  }

  #lie(what: string): ClewError {
    return lie(this.#server.host, what);
  }

  #moved(what: string): ChainMoved {
    return new ChainMoved(this.#lie(what));
  }

  #tooMany(): ClewError {
    const message = `A history has more than ${this.#transactionsMax} transactions to be read.`;
    return new ClewError('CLEW_REMOTE_BUDGET', message, { transactionsMax: this.#transactionsMax });
  }
}

/** The part of what is known in which a height lies. */
function partAt({ covered }: HistoryState, height: number): CoveredHeights | undefined {
  return covered.find(({ low, high }) => height >= low && height <= high);
}

/** The part that the next page belongs to: the topmost, or a new one above it. */
function openPart(
  { covered }: HistoryState,
  tipHeight: number,
): { part: CoveredHeights; below: readonly CoveredHeights[] } {
  const [top, ...rest] = covered;
  if (top !== undefined && top.high >= tipHeight) return { part: top, below: rest };
  const part = { low: tipHeight + 1, high: tipHeight, cursor: undefined };
  return { part, below: covered };
}

/** The transaction after which the next page begins; undefined for the first page. */
function nextCursor(state: HistoryState, tipHeight: number): Txid | undefined {
  return openPart(state, tipHeight).part.cursor;
}
