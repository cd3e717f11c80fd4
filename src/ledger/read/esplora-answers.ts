/**
 * Answers of an Esplora server, read strictly: what is not in its form is an error before anything is done with it.
 *
 * Source: Blockstream `esplora`, `API.md`. Words of the server never get into a message: only the names of fields.
 */
import { ClewError } from '../../errors.ts';

/** An output as it stands in an answer. */
export interface AnsweredOutput {
  readonly valueSats: number;
  readonly script: string;
}

export interface AnsweredInput {
  readonly prevTxid: string;
  readonly vout: number;
  readonly scriptSig: string;
  readonly sequence: number;
  readonly witness: readonly string[];
  /** Undefined for a coinbase, and where the server does not know. */
  readonly prevout: AnsweredOutput | undefined;
}

/** Where a confirmed transaction stands, in the words of the server. */
export interface AnsweredPlace {
  readonly height: number;
  readonly blockHash: string;
  readonly timeSeconds: number;
}

export interface AnsweredTransaction {
  readonly txid: string;
  readonly version: number;
  readonly locktime: number;
  readonly inputs: readonly AnsweredInput[];
  readonly outputs: readonly AnsweredOutput[];
  readonly sizeBytes: number;
  readonly weight: number;
  /** Undefined when it is not confirmed. */
  readonly place: AnsweredPlace | undefined;
}

export interface AnsweredSpender {
  readonly txid: string;
  readonly vin: number;
  readonly place: AnsweredPlace | undefined;
}

/** Counts and sums of a script. */
export interface AnsweredStats {
  readonly transactions: number;
  readonly outputs: number;
  readonly receivedSats: bigint;
  readonly spentOutputs: number;
  readonly sentSats: bigint;
}

export interface AnsweredBlock {
  readonly hash: string;
  readonly height: number;
  readonly version: number;
  readonly timeSeconds: number;
  readonly transactions: number;
  readonly sizeBytes: number;
  readonly merkleRoot: string;
  readonly prevHash: string;
  readonly nonce: number;
  readonly bits: number;
}

export interface AnsweredUnspent {
  readonly txid: string;
  readonly vout: number;
  readonly valueSats: number;
  readonly place: AnsweredPlace | undefined;
}

/** What `JSON.parse` calls: the text of a value comes with it (ECMAScript 2026, in Node 22). */
type Reviver = (key: string, value: unknown, context: { readonly source: string }) => unknown;

const HASH = /^[0-9a-f]{64}$/;
const HEX = /^(?:[0-9a-f]{2})*$/;
const U32_MAX = 0xffff_ffff;
const HEIGHT_MAX = 0xff_ffff;

/** Reads one answer; every miss is CLEW_REMOTE_FORMAT. */
export class AnswerReader {
  readonly #host: string;

  /** @param host for messages */
  constructor(host: string) {
    this.#host = host;
  }

  refuse(field: string): never {
    const message = `${this.#host} does not answer in the form of the Esplora interface.`;
    throw new ClewError('CLEW_REMOTE_FORMAT', message, { host: this.#host, field });
  }

  json(body: Uint8Array): unknown {
    return this.#parse(body);
  }

  /** As `json`; whole numbers beyond 2^53 become bigints, as sums may be that large. */
  jsonOfSums(body: Uint8Array): unknown {
    return this.#parse(body, (_, value, context) => {
      const isRounded = typeof value === 'number' && !Number.isSafeInteger(value);
      return isRounded && /^\d{1,30}$/.test(context.source) ? BigInt(context.source) : value;
    });
  }

  #parse(body: Uint8Array, revive?: Reviver): unknown {
    try {
      const text = Buffer.from(body).toString('utf8');
      return JSON.parse(text, revive as (this: unknown, key: string, value: unknown) => unknown);
    } catch {
      return this.refuse('body');
    }
  }

  /** One hash as plain text. */
  hashText(body: Uint8Array): string {
    return this.#hash(Buffer.from(body.subarray(0, 80)).toString('latin1').trim(), 'hash');
  }

  /** Hex as plain text. */
  hexText(body: Uint8Array): string {
    const text = Buffer.from(body).toString('latin1').trim();
    return this.#hex(text, 'hex');
  }

  transaction(value: unknown): AnsweredTransaction {
    const tx = this.#object(value, 'transaction');
    return {
      txid: this.#hash(tx['txid'], 'txid'),
      version: this.#version(tx['version']),
      locktime: this.#number(tx['locktime'], U32_MAX, 'locktime'),
      inputs: this.#array(tx['vin'], 'vin').map((input) => this.#input(input)),
      outputs: this.#array(tx['vout'], 'vout').map((output) => this.#output(output)),
      sizeBytes: this.#number(tx['size'], U32_MAX, 'size'),
      weight: this.#number(tx['weight'], U32_MAX, 'weight'),
      place: this.#place(tx['status']),
    };
  }

  transactions(value: unknown): AnsweredTransaction[] {
    return this.#array(value, 'transactions').map((tx) => this.transaction(tx));
  }

  spenders(value: unknown): (AnsweredSpender | undefined)[] {
    return this.#array(value, 'outspends').map((each) => {
      const outspend = this.#object(each, 'outspend');
      if (outspend['spent'] === false) return undefined;
      if (outspend['spent'] !== true) this.refuse('spent');
      return {
        txid: this.#hash(outspend['txid'], 'txid'),
        vin: this.#number(outspend['vin'], U32_MAX, 'vin'),
        place: this.#place(outspend['status']),
      };
    });
  }

  /** Confirmed and unconfirmed counts of a script. */
  stats(value: unknown): { chain: AnsweredStats; mempool: AnsweredStats } {
    const answer = this.#object(value, 'scripthash');
    return {
      chain: this.#stats(answer['chain_stats'], 'chain_stats'),
      mempool: this.#stats(answer['mempool_stats'], 'mempool_stats'),
    };
  }

  block(value: unknown): AnsweredBlock {
    const block = this.#object(value, 'block');
    const prev = block['previousblockhash'];
    return {
      hash: this.#hash(block['id'], 'id'),
      height: this.#number(block['height'], HEIGHT_MAX, 'height'),
      version: this.#version(block['version']),
      timeSeconds: this.#number(block['timestamp'], U32_MAX, 'timestamp'),
      transactions: this.#number(block['tx_count'], U32_MAX, 'tx_count'),
      sizeBytes: this.#number(block['size'], U32_MAX, 'size'),
      merkleRoot: this.#hash(block['merkle_root'], 'merkle_root'),
      prevHash:
        prev === null || prev === undefined
          ? '0'.repeat(64)
          : this.#hash(prev, 'previousblockhash'),
      nonce: this.#number(block['nonce'], U32_MAX, 'nonce'),
      bits: this.#number(block['bits'], U32_MAX, 'bits'),
    };
  }

  merkleProof(value: unknown): { height: number; branch: string[]; position: number } {
    const proof = this.#object(value, 'merkle-proof');
    return {
      height: this.#number(proof['block_height'], HEIGHT_MAX, 'block_height'),
      branch: this.#array(proof['merkle'], 'merkle').map((hash) => this.#hash(hash, 'merkle')),
      position: this.#number(proof['pos'], U32_MAX, 'pos'),
    };
  }

  hashes(value: unknown, field: string): string[] {
    return this.#array(value, field).map((hash) => this.#hash(hash, field));
  }

  unspent(value: unknown): AnsweredUnspent[] {
    return this.#array(value, 'utxo').map((each) => {
      const output = this.#object(each, 'utxo');
      return {
        txid: this.#hash(output['txid'], 'txid'),
        vout: this.#number(output['vout'], U32_MAX, 'vout'),
        valueSats: this.#sats(output['value']),
        place: this.#place(output['status']),
      };
    });
  }

  #input(value: unknown): AnsweredInput {
    const input = this.#object(value, 'vin');
    const witness = input['witness'] ?? [];
    const prevout = input['prevout'] ?? undefined;
    return {
      prevTxid: this.#hash(input['txid'], 'vin.txid'),
      vout: this.#number(input['vout'], U32_MAX, 'vin.vout'),
      scriptSig: this.#hex(input['scriptsig'], 'scriptsig'),
      sequence: this.#number(input['sequence'], U32_MAX, 'sequence'),
      witness: this.#array(witness, 'witness').map((item) => this.#hex(item, 'witness')),
      prevout: prevout === undefined ? undefined : this.#output(prevout),
    };
  }

  #output(value: unknown): AnsweredOutput {
    const output = this.#object(value, 'output');
    return {
      valueSats: this.#sats(output['value']),
      script: this.#hex(output['scriptpubkey'], 'scriptpubkey'),
    };
  }

  #place(value: unknown): AnsweredPlace | undefined {
    const status = this.#object(value, 'status');
    if (status['confirmed'] === false) return undefined;
    if (status['confirmed'] !== true) this.refuse('confirmed');
    return {
      height: this.#number(status['block_height'], HEIGHT_MAX, 'block_height'),
      blockHash: this.#hash(status['block_hash'], 'block_hash'),
      timeSeconds: this.#number(status['block_time'], U32_MAX, 'block_time'),
    };
  }

  #stats(value: unknown, field: string): AnsweredStats {
    const stats = this.#object(value, field);
    const count = (name: string): number => this.#number(stats[name], U32_MAX, name);
    const sum = (name: string): bigint => {
      const total = stats[name];
      return typeof total === 'bigint' ? total : BigInt(this.#sats(total));
    };
    return {
      transactions: count('tx_count'),
      outputs: count('funded_txo_count'),
      receivedSats: sum('funded_txo_sum'),
      spentOutputs: count('spent_txo_count'),
      sentSats: sum('spent_txo_sum'),
    };
  }

  #object(value: unknown, field: string): Readonly<Record<string, unknown>> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse(field);
    return value as Record<string, unknown>;
  }

  #array(value: unknown, field: string): readonly unknown[] {
    return Array.isArray(value) ? value : this.refuse(field);
  }

  #number(value: unknown, max: number, field: string): number {
    const isFine =
      Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;
    return isFine ? (value as number) : this.refuse(field);
  }

  /** Servers write it with or without its sign. */
  #version(value: unknown): number {
    const isFine = Number.isInteger(value) && Math.abs(value as number) <= U32_MAX;
    return isFine ? (value as number) | 0 : this.refuse('version');
  }

  /** Beyond 2^53 a number of JSON is no longer exact. */
  #sats(value: unknown): number {
    return this.#number(value, Number.MAX_SAFE_INTEGER, 'value');
  }

  #hash(value: unknown, field: string): string {
    return typeof value === 'string' && HASH.test(value) ? value : this.refuse(field);
  }

  #hex(value: unknown, field: string): string {
    return typeof value === 'string' && HEX.test(value) ? value : this.refuse(field);
  }
}
