/**
 * The questions that an Esplora server is asked, one function each. The same question asked twice at once is sent once.
 *
 * Source: Blockstream `esplora`, `API.md`. Answers are read strictly (`esplora-answers.ts`) and not believed yet.
 */
import { hexToBytes } from '../../bytes/hex.ts';
import { scriptToAddress } from '../../chain/address.ts';
import type { Network } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { HttpClient } from '../../net/http-client.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';
import {
  type AnsweredBlock,
  type AnsweredSpender,
  type AnsweredStats,
  type AnsweredTransaction,
  type AnsweredUnspent,
  AnswerReader,
} from './esplora-answers.ts';
import { scriptHash } from './esplora-history-cache.ts';

/** The chain is another than a moment ago: look where it ends, and ask again. */
export class ChainMoved extends Error {
  /** What it would be if the chain had not moved. */
  readonly otherwise: ClewError;

  constructor(otherwise: ClewError) {
    super(otherwise.message);
    this.otherwise = otherwise;
  }
}

/** Statuses with which servers say that they do not have something, or do not answer such questions at all. */
const MISSING: readonly number[] = [400, 404, 405, 410, 422, 501];

export class EsploraServer {
  readonly host: string;
  readonly #http: HttpClient;
  readonly #network: Network;
  readonly #read: AnswerReader;
  readonly #inFlight = new Map<string, Promise<Uint8Array | undefined>>();
  /** Undefined until it is known whether scripts can be asked about by their hash. */
  #knowsScriptHashes: boolean | undefined;

  constructor(http: HttpClient, network: Network) {
    this.#http = http;
    this.host = http.host;
    this.#network = network;
    this.#read = new AnswerReader(http.host);
  }

  get requests(): number {
    return this.#http.requests;
  }

  close(): void {
    this.#http.close();
  }

  async tipHash(): Promise<BlockHash> {
    const body = await this.#need('blocks/tip/hash');
    return this.#read.hashText(body) as BlockHash;
  }

  /** Undefined above the tip. */
  async blockHash(height: number): Promise<BlockHash | undefined> {
    const body = await this.#ask(`block-height/${height}`, [404]);
    return body && (this.#read.hashText(body) as BlockHash);
  }

  async block(hash: BlockHash): Promise<AnsweredBlock | undefined> {
    const body = await this.#ask(`block/${hash}`, [404]);
    return body && this.#read.block(this.#read.json(body));
  }

  async header(hash: BlockHash): Promise<Uint8Array | undefined> {
    const body = await this.#ask(`block/${hash}/header`, MISSING);
    return body && hexToBytes(this.#read.hexText(body));
  }

  async blockTxids(hash: BlockHash): Promise<string[] | undefined> {
    const body = await this.#ask(`block/${hash}/txids`, MISSING);
    return body && this.#read.hashes(this.#read.json(body), 'txids');
  }

  async transaction(txid: Txid): Promise<AnsweredTransaction | undefined> {
    const body = await this.#ask(`tx/${txid}`, [404]);
    return body && this.#read.transaction(this.#read.json(body));
  }

  /** The bytes of a transaction. */
  async transactionBytes(txid: string): Promise<Uint8Array | undefined> {
    const body = await this.#ask(`tx/${txid}/hex`, [404]);
    return body && hexToBytes(this.#read.hexText(body));
  }

  async spenders(txid: Txid): Promise<(AnsweredSpender | undefined)[] | undefined> {
    const body = await this.#ask(`tx/${txid}/outspends`, [404]);
    return body && this.#read.spenders(this.#read.json(body));
  }

  async merkleProof(
    txid: Txid,
  ): Promise<{ height: number; branch: string[]; position: number } | undefined> {
    const body = await this.#ask(`tx/${txid}/merkle-proof`, MISSING);
    return body && this.#read.merkleProof(this.#read.json(body));
  }

  async merkleBlock(txid: Txid): Promise<Uint8Array | undefined> {
    const body = await this.#ask(`tx/${txid}/merkleblock-proof`, MISSING);
    return body && hexToBytes(this.#read.hexText(body));
  }

  /** Up to 25 confirmed transactions of a script, newest first; undefined when the server does not know `after`. */
  async page(script: ScriptHex, after?: Txid): Promise<AnsweredTransaction[] | undefined> {
    const end = after === undefined ? 'txs/chain' : `txs/chain/${after}`;
    const body = await this.#askScript(script, end, after === undefined ? [] : MISSING);
    return body && this.#read.transactions(this.#read.json(body));
  }

  async stats(script: ScriptHex): Promise<{ chain: AnsweredStats; mempool: AnsweredStats }> {
    const body = await this.#askScript(script, '', []);
    return this.#read.stats(this.#read.jsonOfSums(body!));
  }

  /** Undefined when they are more than the server lists. */
  async unspent(script: ScriptHex): Promise<AnsweredUnspent[] | undefined> {
    const body = await this.#askScript(script, 'utxo', MISSING);
    return body && this.#read.unspent(this.#read.json(body));
  }

  async unconfirmed(script: ScriptHex): Promise<AnsweredTransaction[]> {
    const body = await this.#askScript(script, 'txs/mempool', []);
    return this.#read.transactions(this.#read.json(body!));
  }

  /** Asks by the hash of the script; where a server does not know such questions, by the address. */
  async #askScript(
    script: ScriptHex,
    end: string,
    missing: readonly number[],
  ): Promise<Uint8Array | undefined> {
    const path = (of: string): string => (end === '' ? of : `${of}/${end}`);
    if (this.#knowsScriptHashes !== false) {
      const isSure = this.#knowsScriptHashes === true;
      const body = await this.#ask(
        path(`scripthash/${scriptHash(script)}`),
        isSure ? missing : MISSING,
      );
      if (body !== undefined) this.#knowsScriptHashes = true;
      // Another question may have shown meanwhile that it does.
      if (body !== undefined || this.#knowsScriptHashes === true) return body;
    }
    const address = scriptToAddress(hexToBytes(script), this.#network);
    if (address === undefined) {
      const message = `${this.host} can not be asked about scripts that have no address.`;
      throw new ClewError('CLEW_REMOTE_STATUS', message, { host: this.host });
    }
    const body = await this.#ask(path(`address/${address}`), missing);
    if (body !== undefined) this.#knowsScriptHashes = false;
    return body;
  }

  async #need(path: string): Promise<Uint8Array> {
    return (await this.#ask(path, []))!;
  }

  /** The body, or undefined for one of the statuses that say that there is none. */
  #ask(path: string, missing: readonly number[]): Promise<Uint8Array | undefined> {
    const name = `${path} ${missing.length}`;
    const running = this.#inFlight.get(name);
    if (running !== undefined) return running;
    const asked = this.#http
      .get(path, { okStatus: [200, ...missing] })
      .then(({ status, body }) => (status === 200 ? body : undefined))
      .finally(() => this.#inFlight.delete(name));
    this.#inFlight.set(name, asked);
    return asked;
  }
}
