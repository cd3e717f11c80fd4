/** Transactions by id: from the cache, or from the server, checked, put in their place and kept. */
import type { Network } from '../../chain/network.ts';
import type { ScriptHex, Txid } from '../../units/ids.ts';
import type { AnsweredTransaction } from './esplora-answers.ts';
import type { EsploraCache, PlacedTransaction } from './esplora-cache.ts';
import type { EsploraChain } from './esplora-chain.ts';
import { ChainMoved, type EsploraServer } from './esplora-server.ts';
import type { SaidSpender } from './esplora-spender-cache.ts';
import {
  type CheckedTransaction,
  checkTransaction,
  checkTransactionBytes,
  lie,
  needsBytes,
} from './esplora-transaction.ts';
import type { Outpoint } from './ledger-reader.ts';

/** Answers about spenders kept in memory, which hold as long as the chain ends where it does. */
const SPENDERS_KEPT = 50_000;

export class EsploraTransactions {
  readonly #server: EsploraServer;
  readonly #chain: EsploraChain;
  readonly #cache: EsploraCache;
  readonly #network: Network;
  readonly #inFlight = new Map<Txid, Promise<PlacedTransaction | undefined>>();
  #spenders = new Map<Txid, readonly (SaidSpender | undefined)[] | undefined>();
  #spendersAt = '';

  constructor(server: EsploraServer, chain: EsploraChain, cache: EsploraCache, network: Network) {
    this.#server = server;
    this.#chain = chain;
    this.#cache = cache;
    this.#network = network;
  }

  /** The transaction, if it is in a block. */
  async get(txid: Txid): Promise<PlacedTransaction | undefined> {
    const kept = this.#cache.transaction(txid);
    if (kept !== undefined) return kept;
    let running = this.#inFlight.get(txid);
    if (running === undefined) {
      running = this.#fetch(txid).finally(() => this.#inFlight.delete(txid));
      this.#inFlight.set(txid, running);
    }
    return running;
  }

  async #fetch(txid: Txid): Promise<PlacedTransaction | undefined> {
    const { epoch } = this.#cache;
    const answer = await this.#server.transaction(txid);
    if (answer === undefined) return undefined;
    const placed = await this.admit(answer, txid);
    if (placed === undefined) return undefined;
    const { height } = await this.#chain.tip();
    this.#cache.atomically(() => this.keep([placed], epoch, height));
    return placed;
  }

  /**
   * What an answer says, checked and put in its place; undefined when it is not confirmed. Not kept yet: `keep`.
   *
   * @param neighbours how many of its block are admitted at once
   * @throws ClewError CLEW_REMOTE_LIE; ChainMoved
   */
  async admit(
    answer: AnsweredTransaction,
    txid: string,
    neighbours = 1,
  ): Promise<PlacedTransaction | undefined> {
    const { place } = answer;
    if (place === undefined) return undefined;
    const kept = this.#cache.transaction(answer.txid as Txid);
    if (kept?.place.blockHash === place.blockHash && answer.txid === txid) return kept;
    const tx = await this.check(answer, txid);
    const placed = await this.#chain.place(tx, place, neighbours);
    const isFirst = placed.place.position === 0;
    if (placed.isProven && isFirst !== tx.isCoinbase) {
      throw lie(this.#server.host, 'a coinbase does not come first in its block');
    }
    return placed;
  }

  /** What an answer says, held against its id; where the fields do not tell all, by its bytes. */
  async check(answer: AnsweredTransaction, txid: string): Promise<CheckedTransaction> {
    const network = this.#network;
    const { host } = this.#server;
    try {
      return checkTransaction(answer, txid, network, host);
    } catch (error) {
      if (!needsBytes(network)) throw error;
      const bytes = await this.#server.transactionBytes(txid);
      if (bytes === undefined) throw error;
      return checkTransactionBytes(answer, bytes, { txid, network, host });
    }
  }

  /**
   * Keep transactions that were admitted; call it within `atomically`.
   *
   * @param epoch of the cache when the answer was asked for
   */
  keep(placed: readonly PlacedTransaction[], epoch: number, tipHeight: number): void {
    if (epoch !== this.#cache.epoch) {
      throw new ChainMoved(lie(this.#server.host, 'its chain changes all the time'));
    }
    const fresh = placed.filter(({ tx, place }) => {
      const kept = this.#cache.transaction(tx.txid)?.place;
      if (kept === undefined) return true;
      // One id twice in the chain (before BIP 30): the newer one stays.
      return kept.blockHash !== place.blockHash && !(tx.isCoinbase && kept.height > place.height);
    });
    fresh.sort((a, b) => a.place.height - b.place.height);
    this.#cache.putTransactions(fresh, tipHeight);
  }

  /**
   * Who spends each output of a transaction, in the words of the server: what is kept goes before them. Undefined when there
   * is no such transaction.
   */
  async saidSpenders(txid: Txid): Promise<readonly (SaidSpender | undefined)[] | undefined> {
    const tip = await this.#chain.tip();
    const { hash } = tip;
    if (this.#spendersAt !== hash || this.#spenders.size > SPENDERS_KEPT) {
      this.#spenders = new Map();
      this.#spendersAt = hash;
    }
    if (this.#spenders.has(txid)) return this.#spenders.get(txid);
    const kept = this.#cache.saidSpenders.get(txid, hash, (vout) => this.#canBeSpent(txid, vout));
    if (kept !== undefined) return kept;
    const { epoch } = this.#cache;
    const answer = await this.#server.spenders(txid);
    const said = answer?.map((spender) => {
      if (spender?.place === undefined) return undefined;
      return { txid: spender.txid as Txid, vin: spender.vin, height: spender.place.height };
    });
    if (this.#spendersAt === hash) this.#spenders.set(txid, said);
    const isStill = epoch === this.#cache.epoch && hash === (await this.#chain.tip()).hash;
    if (said !== undefined && isStill) this.#cache.saidSpenders.put(txid, tip, said);
    return said;
  }

  /** What is not known of an output counts as what can be spent. */
  #canBeSpent(txid: Txid, vout: number): boolean {
    const placed = this.#cache.transaction(txid);
    if (placed === undefined) return true;
    return placed.place.height > 0 && placed.tx.outputs[vout]?.script !== undefined;
  }

  /** Who spends an output, from kept transactions alone. */
  keptSpender(outpoint: Outpoint): SaidSpender | undefined {
    const found = this.#cache.spender(outpoint);
    if (found === undefined) return undefined;
    const { placed, vin } = found;
    return { txid: placed.tx.txid, vin, height: placed.place.height };
  }

  /**
   * The spender that a server names, held against the transaction that it names.
   *
   * @throws ClewError CLEW_REMOTE_LIE when that does not spend the output; ChainMoved
   */
  async requireSpender(outpoint: Outpoint, said: SaidSpender): Promise<SaidSpender> {
    try {
      return await this.#requireSpender(outpoint, said);
    } catch (error) {
      this.forgetSpenders(outpoint.txid);
      throw error;
    }
  }

  /** What was said of the spenders of a transaction's outputs is not believed any more. */
  forgetSpenders(txid: Txid): void {
    this.#spenders.delete(txid);
    this.#cache.saidSpenders.drop(txid);
  }

  async #requireSpender(outpoint: Outpoint, said: SaidSpender): Promise<SaidSpender> {
    const spender = await this.get(said.txid);
    const { host } = this.#server;
    if (spender === undefined || spender.place.height !== said.height) {
      throw new ChainMoved(lie(host, 'the spender of an output is not where it is said to be'));
    }
    const prevout = spender.tx.inputs[said.vin]?.prevout;
    if (prevout?.txid !== outpoint.txid || prevout.vout !== outpoint.vout) {
      throw lie(host, 'the spender of an output does not spend it');
    }
    return said;
  }
}

/** What a transaction pays to a script and spends from it. */
export function sumsOf(
  { tx }: PlacedTransaction,
  script: ScriptHex,
): { receivedSats: bigint; sentSats: bigint; outputs: number; inputs: number } {
  const sums = { receivedSats: 0n, sentSats: 0n, outputs: 0, inputs: 0 };
  for (const output of tx.outputs) {
    if (output.script !== script) continue;
    sums.receivedSats += BigInt(output.valueSats);
    sums.outputs += 1;
  }
  for (const input of tx.inputs) {
    if (input.script !== script) continue;
    sums.sentSats += BigInt(input.valueSats ?? 0);
    sums.inputs += 1;
  }
  return sums;
}
