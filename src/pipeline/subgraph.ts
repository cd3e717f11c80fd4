/**
 * Answers from a ledger that has no flow index of its own here: somebody's Esplora server, above all.
 *
 *     fetch what the question names -> flow index of what was fetched -> ask -> what was missing?
 *              ^                                                                   |
 *              +----------------- fetch that, all of it in sets -------------------+
 *
 * Questions run unchanged on a `PartialFlow`; where they come to something that was not fetched they say so. They are
 * asked again until nothing is missing, or until a budget is used up: then the answer stands with what is there, and
 * `facts` says what it lacks. Rounds come nearest first, so a budget is spent on what is close.
 *
 * All facts are as of one block, the tip at the beginning unless an earlier one is asked for. What the reader was asked it
 * keeps (the Esplora reader on the disk), so a run that was stopped goes on where it was.
 */

import { hash160, sha256Hex } from '../bytes/hash.ts';
import { bytesToHex, hexToBytes } from '../bytes/hex.ts';
import { addressToScript, canonicalAddress, scriptToAddress } from '../chain/address.ts';
import { INPUT_KIND } from '../chain/input-kind.ts';
import type { Network } from '../chain/network.ts';
import { p2pkhScript, p2shScript, p2wpkhScript } from '../chain/script.ts';
import { parseTransaction } from '../chain/transaction.ts';
import { ClewError } from '../errors.ts';
import { keyHashOf, type Needs, PartialFlow } from '../ledger/partial-flow.ts';
import type {
  HistoryQuestion,
  LedgerReader,
  ReadHistory,
  ReadOptions,
  ReadSummary,
  ReadTip,
  ReadTransaction,
} from '../ledger/read/ledger-reader.ts';
import type { FactsSource, FetchLimit } from '../trace/facts-source.ts';
import type { Address, ScriptHex, Txid } from '../units/ids.ts';

/** Who is asked. */
export interface SubgraphSource {
  readonly reader: LedgerReader;
  /** Host and port. */
  readonly server: string;
  /** Requests sent so far; questions are counted where the reader does not say. */
  readonly requests?: () => number;
  /** The reader itself stops at the limit of requests (CLEW_REMOTE_BUDGET), and answers what it has kept without any. */
  readonly isLimited?: boolean;
  /** Bytes of a transaction without witness, of which the hash is its id; where they can be had. */
  readonly strippedBytes?: (txid: Txid) => Promise<Uint8Array | undefined>;
  /** Whether a Merkle branch ties a transaction to the header of its block. */
  readonly isProven?: (txid: Txid) => boolean;
}

export interface SubgraphLimits {
  /** Requests to the server; no limit when left out. */
  readonly requestsMax?: number;
  /** Transactions in memory. */
  readonly transactionsMax: number;
  /** Scripts with more are not fetched whole. */
  readonly addressTransactionsMax: number;
}

export const SUBGRAPH_LIMITS: SubgraphLimits = {
  transactionsMax: 200_000,
  addressTransactionsMax: 1_000,
};

export interface SubgraphProgress {
  readonly round: number;
  readonly requests: number;
  readonly transactions: number;
}

export interface SubgraphOptions {
  readonly limits?: Partial<SubgraphLimits>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: SubgraphProgress) => void;
}

/** What a question names: it is fetched before the question is asked first. */
export interface Named {
  readonly addresses?: readonly string[];
  readonly txids?: readonly Txid[];
}

/** Addresses as people wrote them; what is none is left out, and told when it is looked up. */
export function namedAddresses(texts: readonly string[], network: Network): Address[] {
  return texts.flatMap((text) => {
    try {
      return [canonicalAddress(text.trim(), network)];
    } catch (error) {
      if (error instanceof ClewError) return [];
      throw error;
    }
  });
}

/** Transactions or histories in one question to the reader: between questions budgets and Ctrl-C are looked at. */
const CHUNK = 20;
/** The first page of a history: most have no second one. What an Esplora server gives at once. */
const FIRST_PAGE = 25;

/** A cluster that turns out to be a service's grows round by round: ways that are followed get their turn in each. */
const SCRIPTS_PER_ROUND = 100;

/** How often a question is begun, while the chain ends elsewhere each time. */
const TRIES = 3;

/** A budget was used up while fetching. */
class BudgetSpent extends Error {}

export class Subgraph {
  readonly source: SubgraphSource;
  readonly limits: SubgraphLimits;
  readonly #height: number | undefined;
  #tip: ReadTip;
  readonly #options: SubgraphOptions;
  readonly #transactions = new Map<Txid, ReadTransaction>();
  readonly #missing = new Set<Txid>();
  readonly #whole = new Set<ScriptHex>();
  /** Those of them of which the other scripts of their keys were asked for too. */
  readonly #wholeWithKeys = new Set<ScriptHex>();
  /** Scripts that are not fetched whole, with the number of their transactions. */
  readonly #tooLong = new Map<ScriptHex, number>();
  /** Scripts that were asked for, with the transactions that were fetched of them. */
  readonly #probed = new Map<ScriptHex, readonly Txid[]>();
  readonly #limitsHit = new Set<FetchLimit>();
  #flow: PartialFlow | undefined;
  #isChanged = true;
  #isWhole = true;
  /** The reader stopped at its limit of requests. */
  #isSpent = false;
  #round = 0;
  #questions = 0;

  private constructor(
    source: SubgraphSource,
    options: SubgraphOptions,
    tip: ReadTip,
    height: number | undefined,
  ) {
    this.source = source;
    this.#options = options;
    this.#tip = tip;
    this.#height = height;
    this.limits = { ...SUBGRAPH_LIMITS, ...options.limits };
  }

  /**
   * An empty subgraph as of a block.
   *
   * @param height the reader's tip unless given
   * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_AS_OF, and what the reader throws
   */
  static async open(
    source: SubgraphSource,
    options: SubgraphOptions = {},
    height?: number,
  ): Promise<Subgraph> {
    return new Subgraph(source, options, await findTip(source, height), height);
  }

  /** The block that all facts are as of. */
  get tip(): ReadTip {
    return this.#tip;
  }

  get #readOptions(): ReadOptions {
    const { signal } = this.#options;
    return { heightMax: this.#tip.height, ...(signal !== undefined && { signal }) };
  }

  /** The block that all was read as of left the chain meanwhile: what was fetched is of two chains. */
  async #hasMoved(): Promise<boolean> {
    const found = await this.#unlessSpent(() => this.source.reader.blocksAt([this.#tip.height]));
    return found !== undefined && found[0]?.hash !== this.#tip.hash;
  }

  /** Forget what was fetched; what still holds the reader has kept. */
  async #beginAnew(): Promise<void> {
    this.close();
    this.#transactions.clear();
    this.#tooLong.clear();
    this.#probed.clear();
    for (const set of [this.#missing, this.#whole, this.#wholeWithKeys]) set.clear();
    this.#tip = await findTip(this.source, this.#height);
  }

  /** Requests sent so far, or questions asked where the reader does not count. */
  get requests(): number {
    return this.source.requests?.() ?? this.#questions;
  }

  get rounds(): number {
    return this.#round;
  }

  /** What the answers given so far rest on. */
  facts(): FactsSource {
    const { requestsMax, transactionsMax, addressTransactionsMax } = this.limits;
    const { height, hash, timeSeconds } = this.tip;
    const limitsHit = new Set(this.#limitsHit);
    if (this.#tooLong.size > 0) limitsHit.add('address_transactions');
    return {
      kind: this.source.reader.engine,
      server: this.source.server,
      asOf: { height, hash, timeSeconds },
      transactions: this.#transactions.size,
      provenTransactions: this.#countProven(),
      wholeHistories: this.#whole.size,
      isWhole: this.#isWhole && this.#tooLong.size === 0,
      limits: { requestsMax: requestsMax ?? null, transactionsMax, addressTransactionsMax },
      limitsHit: [...limitsHit].sort(),
      notExpanded: [...this.#tooLong]
        .map(([script, transactions]) => ({ name: this.#nameOf(script), transactions }))
        .sort((a, b) => b.transactions - a.transactions || (a.name < b.name ? -1 : 1)),
    };
  }

  #countProven(): number {
    const { isProven } = this.source;
    if (isProven === undefined) return 0;
    let count = 0;
    for (const txid of this.#transactions.keys()) if (isProven(txid)) count += 1;
    return count;
  }

  #nameOf(script: ScriptHex): string {
    const bytes = hexToBytes(script);
    return (
      scriptToAddress(bytes, this.source.reader.network) ??
      `script:${sha256Hex(bytes).slice(0, 16)}`
    );
  }

  /** A transaction that was fetched. */
  transaction(txid: Txid): ReadTransaction | undefined {
    return this.#transactions.get(txid);
  }

  /** Sums of scripts, asked of the server as of the same block. */
  summaries(scripts: readonly ScriptHex[]): Promise<ReadSummary[]> {
    return this.source.reader.summaries(scripts, this.#readOptions);
  }

  /** A page of a history, asked of the server as of the same block. */
  async history(question: HistoryQuestion): Promise<ReadHistory> {
    const [page] = await this.source.reader.histories([question], this.#readOptions);
    return page!;
  }

  /** The flow index of what was fetched: another one after each round. */
  get flow(): PartialFlow {
    if (this.#isChanged || this.#flow === undefined) {
      this.#flow?.close();
      this.#flow = PartialFlow.of(this.source.reader.network, {
        tip: this.tip,
        transactions: this.#transactions.values(),
        wholeScripts: this.#wholeWithKeys,
        missing: this.#missing,
      });
      this.#isChanged = false;
    }
    return this.#flow;
  }

  /**
   * Ask until nothing is missing or a budget is used up.
   *
   * An error of the question counts only when nothing was missing: an address that seems not to be there may only not
   * be fetched yet.
   *
   * @param question must take the flow index anew each time it is called
   * A reorganisation that takes the block away which all is as of is noticed at the end: then all is asked again.
   *
   * @throws {ClewError} what the question and the reader throw; CLEW_REMOTE_LIE when the facts contradict each other
   */
  async answer<T>(named: Named, question: () => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      const outcome = await this.#answerOnce(named, question).then(
        (value) => ({ value }) as const,
        (error: unknown) => ({ error }) as const,
      );
      this.#options.signal?.throwIfAborted();
      if ('error' in outcome && isOfTheWay(outcome.error)) throw outcome.error;
      if (tried === TRIES || !(await this.#hasMoved())) {
        if ('error' in outcome) throw outcome.error;
        return outcome.value;
      }
      await this.#beginAnew();
    }
  }

  async #answerOnce<T>(named: Named, question: () => Promise<T>): Promise<T> {
    this.#isWhole = true;
    this.#isSpent = false;
    this.#limitsHit.clear();
    let goesOn = await this.#fetch(named.txids ?? [], await this.#scripts(named));
    for (;;) {
      this.#options.signal?.throwIfAborted();
      this.flow.takeNeeds();
      const outcome = await question().then(
        (value) => ({ value }) as const,
        (error: unknown) => ({ error }) as const,
      );
      const needs = this.flow.takeNeeds();
      const missing = this.#nextStep(needs);
      if (goesOn && missing !== undefined) {
        goesOn = await this.#fetch(missing.txids, missing.scripts, true);
        continue;
      }
      if (missing !== undefined) this.#isWhole = false;
      if ('error' in outcome) throw goesOn ? outcome.error : this.#tooSoon(outcome.error);
      return outcome.value;
    }
  }

  /** Something that was not found before the budget was used up may be there all the same. */
  #tooSoon(error: unknown): unknown {
    if (!(error instanceof ClewError) || !/NOT_FOUND|NOT_LINKED/.test(error.code)) return error;
    return new ClewError(
      'CLEW_REMOTE_BUDGET',
      'The limit of requests or transactions was reached before there was an answer.',
      {
        server: this.source.server,
        requests: this.requests,
        transactions: this.#transactions.size,
      },
      error,
    );
  }

  /** What to fetch next: ends that a limit cuts off in any case wait until all others are done. */
  #nextStep(needs: Needs): { txids: readonly Txid[]; scripts: readonly ScriptHex[] } | undefined {
    const scripts = needs.scripts
      .filter((script) => !this.#tooLong.has(script))
      .slice(0, SCRIPTS_PER_ROUND);
    const txids = needs.txids.length + scripts.length > 0 ? needs.txids : needs.txidsAtLimits;
    if (txids.length + scripts.length === 0) return undefined;
    for (const txid of txids) {
      if (!this.#transactions.has(txid)) continue;
      throw new ClewError(
        'CLEW_REMOTE_LIE',
        'The server says of a transaction what its own inputs and outputs do not bear out.',
        { server: this.source.server, txid },
      );
    }
    return { txids, scripts };
  }

  async #scripts({ addresses = [] }: Named): Promise<ScriptHex[]> {
    const { reader } = this.source;
    const scripts = new Set(
      addresses.map((address) => bytesToHex(addressToScript(address, reader.network)) as ScriptHex),
    );
    const hashed = [...scripts].filter((script) => script.startsWith('76a914'));
    for (const bare of await reader.bareKeysOf(hashed, this.#readOptions)) {
      for (const script of bare) scripts.add(script);
    }
    return [...scripts];
  }

  /** @returns false when a budget was used up: what was fetched until then is there */
  async #fetch(
    txids: readonly Txid[],
    scripts: readonly ScriptHex[],
    withKeys = false,
  ): Promise<boolean> {
    this.#round += 1;
    try {
      await this.#fetchTransactions(txids);
      await this.#fetchHistories(scripts, withKeys);
      return !this.#isSpent;
    } catch (error) {
      if (error instanceof BudgetSpent) return false;
      throw error;
    } finally {
      this.#tell();
    }
  }

  #tell(): void {
    this.#options.onProgress?.({
      round: this.#round,
      requests: this.requests,
      transactions: this.#transactions.size,
    });
  }

  /** Before each question: a budget, or Ctrl-C. */
  #checkBudget(questions: number): void {
    this.#options.signal?.throwIfAborted();
    const { requestsMax = Number.POSITIVE_INFINITY, transactionsMax } = this.limits;
    if (this.source.isLimited !== true && this.requests >= requestsMax)
      this.#limitsHit.add('requests');
    else if (this.#transactions.size >= transactionsMax) this.#limitsHit.add('transactions');
    else {
      this.#questions += questions;
      return;
    }
    throw new BudgetSpent();
  }

  /** Asks some at once. When the budget ends that, one by one: what the reader has kept costs no request. */
  async #askSome<Question, Answer>(
    questions: readonly Question[],
    ask: (some: readonly Question[]) => Promise<readonly Answer[]>,
  ): Promise<{ readonly question: Question; readonly answer: Answer }[]> {
    this.#checkBudget(questions.length);
    const all = await this.#unlessSpent(() => ask(questions));
    if (all !== undefined) return questions.map((question, i) => ({ question, answer: all[i]! }));
    const kept: { question: Question; answer: Answer }[] = [];
    for (const question of questions) {
      const one = await this.#unlessSpent(() => ask([question]));
      if (one !== undefined) kept.push({ question, answer: one[0]! });
    }
    return kept;
  }

  /** What a question gives, or undefined when the reader had to stop at its limit. */
  async #unlessSpent<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ClewError) || error.code !== 'CLEW_REMOTE_BUDGET') throw error;
      this.#isSpent = true;
      this.#limitsHit.add('requests');
      return undefined;
    }
  }

  async #fetchTransactions(txids: readonly Txid[]): Promise<void> {
    const wanted = [...new Set(txids)].filter(
      (txid) => !this.#transactions.has(txid) && !this.#missing.has(txid),
    );
    for (let at = 0; at < wanted.length; at += CHUNK) {
      const found = await this.#askSome(wanted.slice(at, at + CHUNK), (some) =>
        this.source.reader.transactions(some, this.#readOptions),
      );
      for (const { question, answer } of found) {
        if (answer === undefined) this.#missing.add(question);
        else this.#transactions.set(answer.txid, answer);
      }
      this.#isChanged = true;
      this.#tell();
    }
  }

  /** @param withKeys with those of the other scripts of the same keys, which rule SK-1 links */
  async #fetchHistories(scripts: readonly ScriptHex[], withKeys: boolean): Promise<void> {
    const named = new Set(scripts);
    const all = withKeys
      ? scripts.flatMap((script) => [script, ...sameKeyScripts(script)])
      : scripts;
    const wanted = [...new Set(all)];
    const unknown = wanted.filter(
      (script) =>
        !this.#whole.has(script) && !this.#tooLong.has(script) && !this.#probed.has(script),
    );
    for (let at = 0; at < unknown.length; at += CHUNK) {
      const pages = await this.#askSome(unknown.slice(at, at + CHUNK), (some) =>
        this.source.reader.histories(
          some.map((script) => ({ script, limit: FIRST_PAGE })),
          this.#readOptions,
        ),
      );
      const histories: { script: ScriptHex; txids: readonly Txid[]; isWhole: boolean }[] = [];
      for (const { question: script, answer: page } of pages) {
        const found = await this.#unlessSpent(() => this.#readOn(script, page, named.has(script)));
        if (found !== undefined) histories.push({ script, ...found });
      }
      await this.#fetchTransactions(histories.flatMap(({ txids }) => txids));
      for (const { script, txids, isWhole } of histories) {
        if (!txids.every((txid) => this.#transactions.has(txid))) continue;
        // A script that does not appear has no history, but need not be asked for again.
        this.#probed.set(script, txids);
        if (isWhole && txids.length > 0) this.#whole.add(script);
      }
    }
    if (!withKeys) return;
    await this.#fetchHistories(await this.#wrappedScripts(scripts), false);
    if (this.#isSpent) return;
    for (const script of scripts) this.#wholeWithKeys.add(script);
  }

  /** The rest of a history, unless it is too long: then the newest part, of a script that the question names. */
  async #readOn(
    script: ScriptHex,
    first: ReadHistory,
    isNamed: boolean,
  ): Promise<{ txids: readonly Txid[]; isWhole: boolean }> {
    const { reader } = this.source;
    const { addressTransactionsMax } = this.limits;
    const txids = first.entries.map(({ txid }) => txid);
    let { hasMore } = first;
    if (hasMore) {
      this.#checkBudget(1);
      const [summary] = await reader.summaries([script], this.#readOptions);
      const { transactions } = summary!;
      if (transactions > addressTransactionsMax) {
        this.#tooLong.set(script, transactions);
        if (!isNamed) return { txids: [], isWhole: false };
      }
    }
    while (hasMore && txids.length < addressTransactionsMax) {
      this.#checkBudget(1);
      const limit = Math.min(FIRST_PAGE * 8, addressTransactionsMax - txids.length);
      const question = { script, after: txids.at(-1)!, limit };
      const [page] = await reader.histories([question], this.#readOptions);
      for (const { txid } of page!.entries) txids.push(txid);
      hasMore = page!.hasMore && page!.entries.length > 0;
    }
    return { txids, isWhole: !hasMore };
  }

  /** What else a key opens whose P2WPKH a P2SH wraps, as a spend has shown (BIP 141: its scriptSig is one push of that). */
  async #wrappedScripts(scripts: readonly ScriptHex[]): Promise<ScriptHex[]> {
    const { strippedBytes } = this.source;
    const found: ScriptHex[] = [];
    for (const script of scripts) {
      const spend = this.#wrappedSpend(script);
      const bytes = spend === undefined ? undefined : await strippedBytes?.(spend.txid);
      if (spend === undefined || bytes === undefined) continue;
      const { tx } = parseTransaction(bytes, 0, this.source.reader.network);
      const program = bytesToHex(tx.inputs[spend.vin]!.scriptSig.subarray(1)) as ScriptHex;
      found.push(program, ...sameKeyScripts(program));
    }
    return found;
  }

  #wrappedSpend(script: ScriptHex): { readonly txid: Txid; readonly vin: number } | undefined {
    for (const txid of this.#probed.get(script) ?? []) {
      const vin = this.#transactions
        .get(txid)!
        .inputs.findIndex(
          (input) => input.script === script && input.kind === INPUT_KIND.p2shP2wpkh,
        );
      if (vin >= 0) return { txid, vin };
    }
    return undefined;
  }

  close(): void {
    this.#flow?.close();
    this.#flow = undefined;
    this.#isChanged = true;
  }
}

/** The other scripts that the key of a script opens, if its bytes show the key: P2PKH, P2WPKH, and that wrapped in P2SH. */
function sameKeyScripts(script: ScriptHex): ScriptHex[] {
  const hash20 = keyHashOf(hexToBytes(script));
  if (hash20 === undefined) return [];
  const segwit = p2wpkhScript(hash20);
  return [p2pkhScript(hash20), segwit, p2shScript(hash160(segwit))]
    .map((bytes) => bytesToHex(bytes) as ScriptHex)
    .filter((other) => other !== script);
}

/** An error of the way to the server, which says nothing of its facts. */
function isOfTheWay(error: unknown): boolean {
  return (
    error instanceof ClewError &&
    error.code.startsWith('CLEW_REMOTE_') &&
    error.code !== 'CLEW_REMOTE_LIE'
  );
}

/** @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_AS_OF, and what the reader throws */
async function findTip(
  { reader, server }: SubgraphSource,
  height: number | undefined,
): Promise<ReadTip> {
  const tip = await reader.tip();
  if (tip === undefined) {
    throw new ClewError('CLEW_LEDGER_EMPTY', 'The server has no blocks yet.', { server });
  }
  if (height === undefined || height === tip.height) return tip;
  const [block] = height > tip.height ? [] : await reader.blocksAt([height]);
  if (block === undefined) {
    throw new ClewError('CLEW_AS_OF', `The server knows heights up to ${tip.height}.`, {
      height,
      heightMax: tip.height,
    });
  }
  return { height, hash: block.hash, timeSeconds: block.timeSeconds };
}
