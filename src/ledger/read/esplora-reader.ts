/**
 * The query layer over somebody's Esplora server: for units that have no node and no blocks.
 *
 * The server sees every address and transaction that is asked for (`host` tells which server: whoever opens a reader asks for
 * consent first). What it answers is checked as far as it can be: transactions against their ids, places against Merkle
 * proofs and the work of headers, inputs against the outputs that they spend, histories against their counts. Its word alone
 * are: that an output is not spent, who spends an output (until that transaction is read; `spenders` reads it), previous
 * outputs whose transaction was not read, heights, and whether a history is all of it. `proofs` counts what was proven.
 *
 * It can not tell two transactions with one id apart (before BIP 30), knows bare keys only from transactions that were read, and
 * leaves out the first and last height of scripts with more than `wholeMax` transactions.
 */
import { hexToBytes } from '../../bytes/hex.ts';
import type { Network } from '../../chain/network.ts';
import { classifyScript, isUnspendable } from '../../chain/script.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { ClewError } from '../../errors.ts';
import { HttpClient, type HttpClientOptions } from '../../net/http-client.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';
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
import { EsploraCache, type PlacedTransaction } from './esplora-cache.ts';
import { CacheDamaged } from './esplora-cache-file.ts';
import { EsploraChain, type ProofCounts } from './esplora-chain.ts';
import { EsploraHistories } from './esplora-histories.ts';
import type { HistoryRow } from './esplora-history-cache.ts';
import { EsploraScripts } from './esplora-scripts.ts';
import { ChainMoved, EsploraServer } from './esplora-server.ts';
import type { SaidSpender } from './esplora-spender-cache.ts';
import { lie } from './esplora-transaction.ts';
import { EsploraTransactions, sumsOf } from './esplora-transactions.ts';
import type {
  HistoryQuestion,
  LedgerReader,
  Outpoint,
  ReadBlock,
  ReadHistory,
  ReadHistoryEntry,
  ReadInput,
  ReadOptions,
  ReadOutput,
  ReadSpender,
  ReadSummary,
  ReadTip,
  ReadTransaction,
  ReadUnspent,
  UnspentQuestion,
} from './ledger-reader.ts';

export interface EsploraReaderOptions
  extends Omit<HttpClientOptions, 'authorization' | 'retryAfterMsMax'> {
  readonly network: Network;
  /** Where answers are kept: `cache.sqlite` and what SQLite puts beside it. Of this network alone. */
  readonly cacheFolder: string;
  /** Summaries and unspent outputs of scripts with up to so many transactions come from their whole history; 100. */
  readonly wholeMax?: number;
  /** No question reads more transactions of one history from the server; 100,000. */
  readonly transactionsMax?: number;
  /** After so long it is asked again where the chain ends; 30 s. */
  readonly tipMaxAgeMs?: number;
  readonly clock?: Clock;
}

/** A transaction that is in no block: a claim, no fact. */
export interface UnconfirmedTransaction {
  readonly isConfirmed: false;
  readonly txid: Txid;
  readonly version: number;
  readonly locktime: number;
  readonly sizeBytes: number;
  readonly weight: number;
  readonly hasWitness: boolean;
  readonly inputs: readonly ReadInput[];
  readonly outputs: readonly Omit<ReadOutput, 'status' | 'spentBy'>[];
}

export interface KeptTransaction {
  readonly strippedBytes: Uint8Array;
  readonly isProven: boolean;
}

export interface EsploraReader extends LedgerReader {
  readonly engine: 'esplora';
  /** `host:port` that sees what is asked. */
  readonly host: string;
  /** Requests sent so far. */
  readonly requests: number;
  /** Transactions placed by a Merkle proof, and on the server's word, since the reader was opened. */
  proofs(): ProofCounts;
  /** Of a transaction that was read: its bytes without witness, and whether a Merkle proof puts it in its block. */
  kept(txid: Txid): KeptTransaction | undefined;
  /** Transactions of scripts that are in no block yet; never kept. */
  unconfirmed(
    scripts: readonly ScriptHex[],
    options?: Pick<ReadOptions, 'signal'>,
  ): Promise<UnconfirmedTransaction[][]>;
}

/** How often a question is asked again because the chain moved meanwhile. */
const TRIES = 4;

/**
 * Open a reader. Asks the server for its first and its last block; ask for consent before.
 *
 * @throws ClewError CLEW_NETWORK_MISMATCH, CLEW_REMOTE_* and CLEW_PROXY; CLEW_DATA_FOREIGN, CLEW_FILE_UNREADABLE for the cache
 * @example
 *   const base = new URL('https://esplora.example/api');
 *   const reader = await openEsploraReader({ network: getNetwork('main'), base, cacheFolder });
 *   const [history] = await reader.histories([{ script, limit: 100 }]);
 */
export async function openEsploraReader(options: EsploraReaderOptions): Promise<EsploraReader> {
  const { network, cacheFolder, base } = options;
  const http = new HttpClient({ concurrency: 16, ...options });
  let cache: EsploraCache | undefined;
  try {
    cache = new EsploraCache(cacheFolder, network, base);
    const reader = new CachingReader(options, new EsploraServer(http, network), cache);
    await reader.begin();
    return reader;
  } catch (error) {
    http.close();
    cache?.close();
    throw error;
  }
}

/** The questions of one call, of one state of the chain. */
interface Asked {
  /** Nothing above counts. */
  readonly heightMax: number;
  readonly isNow: boolean;
  readonly signal: AbortSignal | undefined;
}

class CachingReader implements EsploraReader {
  readonly network: Network;
  readonly engine = 'esplora';
  readonly #server: EsploraServer;
  readonly #cache: EsploraCache;
  readonly #chain: EsploraChain;
  readonly #transactions: EsploraTransactions;
  readonly #histories: EsploraHistories;
  readonly #scripts: EsploraScripts;

  constructor(options: EsploraReaderOptions, server: EsploraServer, cache: EsploraCache) {
    const { network, clock = systemClock, tipMaxAgeMs = 30_000 } = options;
    const { wholeMax = 100, transactionsMax = 100_000 } = options;
    this.network = network;
    this.#server = server;
    this.#cache = cache;
    this.#chain = new EsploraChain(server, cache, { network, clock, maxAgeMs: tipMaxAgeMs });
    this.#transactions = new EsploraTransactions(server, this.#chain, cache, network);
    this.#histories = new EsploraHistories(
      server,
      this.#chain,
      cache,
      this.#transactions,
      transactionsMax,
    );
    this.#scripts = new EsploraScripts({
      server,
      histories: this.#histories,
      transactions: this.#transactions,
      network,
      wholeMax,
    });
  }

  async begin(): Promise<void> {
    await this.#chain.requireNetwork();
    await this.#withRetries(() => this.#chain.tip());
  }

  get host(): string {
    return this.#server.host;
  }

  get requests(): number {
    return this.#server.requests;
  }

  proofs(): ProofCounts {
    return this.#chain.proofs();
  }

  kept(txid: Txid): KeptTransaction | undefined {
    const found = this.#cache.transaction(txid);
    return found === undefined
      ? undefined
      : { strippedBytes: found.tx.stripped, isProven: found.isProven };
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#cache.close();
  }

  // --- answering ---

  /** Answers to all questions side by side; the client bounds how many requests are under way. */
  async #answer<Question, Answer>(
    questions: readonly Question[],
    options: ReadOptions,
    work: (question: Question, asked: Asked) => Promise<Answer>,
  ): Promise<Answer[]> {
    const { signal, heightMax = Number.POSITIVE_INFINITY } = options;
    signal?.throwIfAborted();
    if (questions.length === 0) return [];
    const answers = this.#withRetries(async () => {
      const { height } = await this.#chain.tip();
      const isNow = heightMax >= height;
      const asked = { heightMax: Math.min(heightMax, height), isNow, signal };
      return sideBySide(questions, (question) => {
        signal?.throwIfAborted();
        return work(question, asked);
      });
    });
    return signal === undefined ? answers : await untilAborted(answers, signal);
  }

  /** What contradicts itself may have been asked across a change of the chain, or of a damaged cache: ask again. */
  async #withRetries<T>(work: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await work();
      } catch (error) {
        const plain = error instanceof ChainMoved ? error.otherwise : error;
        if (tried >= TRIES) throw plain;
        if (error instanceof CacheDamaged) {
          this.#cache.beginAnew();
          continue;
        }
        const isLie = plain instanceof ClewError && plain.code === 'CLEW_REMOTE_LIE';
        if (!isLie) throw error;
        const { epoch } = this.#cache;
        const isMoved = (await this.#hasMoved()) || epoch !== this.#cache.epoch;
        // A change that was seen elsewhere already: once more, then it is a lie.
        if (!isMoved && !(error instanceof ChainMoved && tried === 1)) throw plain;
      }
    }
  }

  async #hasMoved(): Promise<boolean> {
    try {
      return await this.#chain.refresh();
    } catch (error) {
      if (error instanceof ChainMoved) return true;
      throw error;
    }
  }

  // --- blocks ---

  async tip(): Promise<ReadTip | undefined> {
    return this.#withRetries(() => this.#chain.tip());
  }

  async blocksAt(heights: readonly number[]): Promise<(ReadBlock | undefined)[]> {
    return this.#answer(heights, {}, async (height) =>
      isHeight(height) ? this.#chain.blockAt(height) : undefined,
    );
  }

  async blocksWithHash(hashes: readonly BlockHash[]): Promise<(ReadBlock | undefined)[]> {
    requireBlockHashes(hashes);
    return this.#answer(hashes, {}, (hash) => this.#chain.block(hash));
  }

  async blockTxids(hashes: readonly BlockHash[]): Promise<(readonly Txid[] | undefined)[]> {
    requireBlockHashes(hashes);
    return this.#answer(hashes, {}, async (hash) => {
      const txids = await this.#chain.blockTxids(hash);
      if (txids !== undefined || (await this.#chain.block(hash)) === undefined) return txids;
      const message = `${this.host} does not list the transactions of its blocks.`;
      throw new ClewError('CLEW_REMOTE_STATUS', message, { host: this.host });
    });
  }

  // --- transactions ---

  async transactions(
    txids: readonly Txid[],
    options: ReadOptions = {},
  ): Promise<(ReadTransaction | undefined)[]> {
    requireTxids(txids);
    return this.#answer(txids, options, async (txid, asked) => {
      const placed = await this.#transactions.get(txid);
      if (placed === undefined || placed.place.height > asked.heightMax) return undefined;
      return this.#readTransaction(placed, asked);
    });
  }

  async #readTransaction(placed: PlacedTransaction, asked: Asked): Promise<ReadTransaction> {
    const { tx, place } = placed;
    const { txid, version, locktime, sizeBytes, weight, isCoinbase, hasWitness, inputs } = tx;
    const spenders = await this.#spendersOf(placed, asked);
    return {
      txid,
      place,
      version,
      locktime,
      sizeBytes,
      weight,
      isCoinbase,
      hasWitness,
      inputs,
      outputs: tx.outputs.map((output, vout): ReadOutput => {
        const spentBy = spenders[vout];
        if (spentBy !== undefined) return { ...output, status: 'spent', spentBy };
        const isLost = output.script === undefined || place.height === 0;
        return { ...output, status: isLost ? 'unspendable' : 'unspent' };
      }),
      sameIdAtHeights: [],
    };
  }

  /** Who spends each output: of kept transactions, and for the rest in the words of the server. */
  async #spendersOf(placed: PlacedTransaction, asked: Asked): Promise<(ReadSpender | undefined)[]> {
    try {
      return await this.#possibleSpenders(placed, asked);
    } catch (error) {
      this.#transactions.forgetSpenders(placed.tx.txid);
      throw error;
    }
  }

  async #possibleSpenders(
    { tx, place }: PlacedTransaction,
    { heightMax }: Asked,
  ): Promise<(ReadSpender | undefined)[]> {
    const { txid } = tx;
    const found = tx.outputs.map(({ script }, vout): SaidSpender | 'never' | undefined =>
      script === undefined || place.height === 0
        ? 'never'
        : this.#transactions.keptSpender({ txid, vout }),
    );
    if (found.includes(undefined)) {
      const said = await this.#transactions.saidSpenders(txid);
      if (said === undefined || said.length !== tx.outputs.length) {
        throw new ChainMoved(lie(this.host, 'a transaction has other outputs than a moment ago'));
      }
      for (const [vout, spender] of said.entries()) {
        if (found[vout] === 'never' && spender !== undefined) {
          throw lie(this.host, 'an output that nobody can spend is said to be spent');
        }
        found[vout] ??= spender;
      }
    }
    return found.map((spender) => {
      if (spender === 'never' || spender === undefined) return undefined;
      if (spender.height < place.height) {
        throw lie(this.host, 'an output is spent before it was made');
      }
      return spender.height <= heightMax ? spender : undefined;
    });
  }

  async spenders(
    outpoints: readonly Outpoint[],
    options: ReadOptions = {},
  ): Promise<(ReadSpender | undefined)[]> {
    requireOutpoints(outpoints);
    return this.#answer(outpoints, options, async (outpoint, { heightMax }) => {
      const kept = this.#transactions.keptSpender(outpoint);
      const said = kept ?? (await this.#transactions.saidSpenders(outpoint.txid))?.[outpoint.vout];
      if (said === undefined || said.height > heightMax) return undefined;
      return kept ?? this.#transactions.requireSpender(outpoint, said);
    });
  }

  // --- scripts ---

  async histories(
    questions: readonly HistoryQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadHistory[]> {
    requireHistoryQuestions(questions);
    return this.#answer(questions, options, (question, asked) => this.#history(question, asked));
  }

  async #history(question: HistoryQuestion, asked: Asked): Promise<ReadHistory> {
    const { heightMax, signal } = asked;
    const { script, after, limit } = question;
    if (heightMax < 0 || isNeverListed(script)) {
      if (after !== undefined) throw unknownAfter();
      return { entries: [], hasMore: false };
    }
    const before = after === undefined ? undefined : await this.#rowOf(question, after, asked);
    const wish = { heightMax, limit, signal, ...(before === undefined ? {} : { before }) };
    const { rows, hasMore } = await this.#histories.find(script, wish);
    const entries = await sideBySide(rows, async ({ txid, height }): Promise<ReadHistoryEntry> => {
      const placed = await this.#transactions.get(txid);
      if (placed === undefined) {
        throw new ChainMoved(lie(this.host, 'it does not know a transaction of its own history'));
      }
      const { receivedSats, sentSats } = sumsOf(placed, script);
      const { place } = placed;
      // Of an id used twice the other one may be kept.
      const isThis = place.height === height;
      const timeSeconds = isThis
        ? place.timeSeconds
        : (await this.#chain.blockAt(height))!.timeSeconds;
      return { txid, height, timeSeconds, receivedSats, sentSats };
    });
    return { entries, hasMore };
  }

  /** Where a page goes on: looked for in the history only when the transaction touches the script at all. */
  async #rowOf(
    { script, afterHeight }: HistoryQuestion,
    after: Txid,
    { heightMax, signal }: Asked,
  ): Promise<HistoryRow> {
    const placed = await this.#transactions.get(after);
    if (placed === undefined || placed.place.height > heightMax) throw unknownAfter();
    const { outputs, inputs } = sumsOf(placed, script);
    if (outputs + inputs === 0) throw unknownAfter();
    const isOther = afterHeight !== undefined && afterHeight !== placed.place.height;
    if (isOther && !placed.tx.isCoinbase) throw unknownAfter();
    const row = await this.#histories.findRow(script, after, {
      heightMax: afterHeight ?? heightMax,
      signal,
    });
    if (row === undefined || (isOther && row.height !== afterHeight)) throw unknownAfter();
    return row;
  }

  async summaries(
    scripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ReadSummary[]> {
    requireScripts(scripts);
    return this.#answer(scripts, options, (script, asked) => this.#scripts.summary(script, asked));
  }

  async unspent(
    questions: readonly UnspentQuestion[],
    options: ReadOptions = {},
  ): Promise<ReadUnspent[]> {
    requireUnspentQuestions(questions);
    return this.#answer(questions, options, (question, asked) =>
      this.#scripts.unspent(question, asked),
    );
  }

  async bareKeysOf(
    p2pkhScripts: readonly ScriptHex[],
    options: ReadOptions = {},
  ): Promise<ScriptHex[][]> {
    requireScripts(p2pkhScripts);
    return this.#answer(p2pkhScripts, options, async (script, { heightMax }) => {
      const bytes = hexToBytes(script);
      if (classifyScript(bytes, 0, bytes.length) !== SCRIPT_KIND.p2pkh) return [];
      const found = new Map<ScriptHex, string>();
      for (const { script: key, txid } of this.#cache.bareKeys(bytes.subarray(3, 23))) {
        const placed = this.#cache.transaction(txid);
        if (placed === undefined || placed.place.height > heightMax) continue;
        if (!placed.tx.outputs.some((output) => output.script === key)) continue;
        const { place } = placed;
        const order = `${String(place.height).padStart(9, '0')}:${place.position}`;
        const known = found.get(key);
        if (known === undefined || order < known) found.set(key, order);
      }
      return [...found].sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([key]) => key);
    });
  }

  // --- beside the facts ---

  async unconfirmed(
    scripts: readonly ScriptHex[],
    options: Pick<ReadOptions, 'signal'> = {},
  ): Promise<UnconfirmedTransaction[][]> {
    requireScripts(scripts);
    return this.#answer(scripts, options, async (script) => {
      if (isNeverListed(script)) return [];
      const answers = await this.#server.unconfirmed(script);
      const waiting = answers.filter(({ place }) => place === undefined);
      return Promise.all(
        waiting.map(async (answer) => {
          const tx = await this.#transactions.check(answer, answer.txid);
          const { txid, version, locktime, sizeBytes, weight, hasWitness, inputs, outputs } = tx;
          const facts = { txid, version, locktime, sizeBytes, weight, hasWitness };
          return { isConfirmed: false as const, ...facts, inputs, outputs };
        }),
      );
    });
  }
}

/** Data, and what is longer than any script may be: no address, and in no history of ours. */
function isNeverListed(script: ScriptHex): boolean {
  const bytes = hexToBytes(script);
  return isUnspendable(bytes, 0, bytes.length);
}

/** Some at a time, so that a thousand questions do not hold a thousand half-finished answers. */
const AT_A_TIME = 64;

async function sideBySide<Question, Answer>(
  questions: readonly Question[],
  work: (question: Question) => Promise<Answer>,
): Promise<Answer[]> {
  const answers = new Array<Answer>(questions.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < questions.length; i = next++) answers[i] = await work(questions[i]!);
  };
  const workers = Array.from({ length: Math.min(AT_A_TIME, questions.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    next = questions.length;
    await Promise.allSettled(workers);
    throw error;
  }
  return answers;
}

/** What comes first, the answer or the signal; what is under way still fills the cache. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  work.catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
