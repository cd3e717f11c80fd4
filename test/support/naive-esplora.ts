/**
 * What an Esplora server would answer of a chain, the slow and obvious way: Maps over parsed blocks. It shares the form of one
 * transaction with the product (`esploraTransaction`, which is held against recorded answers), nothing else.
 */
import { createHash } from 'node:crypto';
import { scriptToAddress } from '../../src/chain/address.ts';
import { esploraTransaction, type Prevout } from '../../src/chain/esplora-transaction.ts';
import type { Network } from '../../src/chain/network.ts';
import { parseBlock, type Transaction } from '../../src/chain/transaction.ts';
import type { BlockSource } from '../../src/source/block-source.ts';

export interface NaiveTx {
  readonly tx: Transaction;
  readonly bytes: Buffer;
  readonly block: NaiveBlock;
  readonly position: number;
}

export interface NaiveBlock {
  readonly height: number;
  readonly hash: string;
  readonly bytes: Buffer;
  readonly timeSeconds: number;
  readonly weight: number;
  readonly txs: NaiveTx[];
}

interface NaiveCoin {
  readonly outpoint: string;
  readonly script: string;
  readonly valueSats: number;
  readonly maker: NaiveTx;
  readonly vout: number;
  readonly order: number;
}

interface ScriptHistory {
  received: bigint;
  outputs: number;
  sent: bigint;
  inputs: number;
  /** In chain order, each once. */
  readonly txs: NaiveTx[];
}

export class NaiveEsplora {
  readonly network: Network;
  readonly blocks: NaiveBlock[] = [];
  /** The newest of each id. */
  readonly byTxid = new Map<string, NaiveTx>();
  readonly scripts = new Map<string, ScriptHistory>();
  readonly #coins = new Map<string, NaiveCoin>();
  readonly #unspent = new Map<string, NaiveCoin>();
  readonly #spenders = new Map<string, { by: NaiveTx; vin: number }>();
  readonly #prevouts = new Map<NaiveTx, (Prevout | undefined)[]>();
  #order = 0;

  constructor(source: BlockSource) {
    this.network = source.network;
    for (const place of source.blocks) {
      const bytes = Buffer.from(source.readBlock(place));
      const { transactions, weight, header, extraBytes } = parseBlock(bytes, this.network);
      const { height, hash } = place;
      const block: NaiveBlock = {
        height,
        hash,
        bytes,
        timeSeconds: header.time,
        weight,
        txs: [],
      };
      this.blocks.push(block);
      let at = bytes.length - extraBytes - transactions.reduce((sum, tx) => sum + tx.size, 0);
      for (const [position, tx] of transactions.entries()) {
        const one = { tx, bytes: bytes.subarray(at, at + tx.size), block, position };
        at += tx.size;
        block.txs.push(one);
        this.#addCoins(one);
      }
      // Outputs first: on Bitcoin Cash a transaction may stand before one whose output it spends.
      for (const one of block.txs) this.#add(one);
    }
  }

  #addCoins(one: NaiveTx): void {
    const { tx, block } = one;
    for (const [vout, { script: bytes, valueSats }] of tx.outputs.entries()) {
      const script = Buffer.from(bytes).toString('hex');
      const outpoint = `${tx.txid}:${vout}`;
      const coin = { outpoint, script, valueSats, maker: one, vout, order: this.#order };
      this.#order += 1;
      this.#coins.set(outpoint, coin);
      this.#spenders.delete(outpoint);
      if (!isData(bytes) && block.height !== 0) this.#unspent.set(outpoint, coin);
    }
  }

  #add(one: NaiveTx): void {
    const { tx } = one;
    const touch = (script: string): ScriptHistory => {
      const empty = { received: 0n, outputs: 0, sent: 0n, inputs: 0, txs: [] };
      const history = this.scripts.get(script) ?? empty;
      this.scripts.set(script, history);
      if (history.txs.at(-1) !== one) history.txs.push(one);
      return history;
    };
    const prevouts = tx.inputs.map((input, vin) => {
      if (tx.isCoinbase) return undefined;
      const outpoint = `${input.prevTxid}:${input.vout}`;
      const coin = this.#coins.get(outpoint);
      this.#spenders.set(outpoint, { by: one, vin });
      this.#unspent.delete(outpoint);
      if (coin === undefined) return undefined;
      const history = touch(coin.script);
      history.sent += BigInt(coin.valueSats);
      history.inputs += 1;
      return { valueSats: coin.valueSats, script: Buffer.from(coin.script, 'hex') };
    });
    this.#prevouts.set(one, prevouts);
    this.byTxid.set(tx.txid, one);
    for (const { script, valueSats } of tx.outputs) {
      if (isData(script)) continue;
      const history = touch(Buffer.from(script).toString('hex'));
      history.received += BigInt(valueSats);
      history.outputs += 1;
    }
  }

  status({ block }: NaiveTx) {
    const { height, hash, timeSeconds } = block;
    return { confirmed: true, block_height: height, block_hash: hash, block_time: timeSeconds };
  }

  transaction(one: NaiveTx) {
    return esploraTransaction(one.tx, this.#prevouts.get(one)!, this.status(one), this.network);
  }

  outspends({ tx }: NaiveTx): unknown[] {
    return tx.outputs.map((_, vout) => {
      const spender = this.#spenders.get(`${tx.txid}:${vout}`);
      if (spender === undefined) return { spent: false };
      const { by, vin } = spender;
      return { spent: true, txid: by.tx.txid, vin, status: this.status(by) };
    });
  }

  /** Bottom up, doubled when odd. */
  merkleProof({ block, position }: NaiveTx) {
    let level = block.txs.map(({ tx }) => Buffer.from(tx.txid, 'hex').reverse());
    let at = position;
    const merkle: string[] = [];
    while (level.length > 1) {
      if (level.length % 2 === 1) level.push(level.at(-1)!);
      merkle.push(
        Buffer.from(level[at % 2 === 0 ? at + 1 : at - 1]!)
          .reverse()
          .toString('hex'),
      );
      const above: Buffer<ArrayBuffer>[] = [];
      for (let i = 0; i < level.length; i += 2) {
        above.push(sha256(sha256(Buffer.concat([level[i]!, level[i + 1]!]))));
      }
      level = above;
      at = Math.floor(at / 2);
    }
    return { block_height: block.height, merkle, pos: position };
  }

  /** Newest first; of one id the newest only. */
  history(script: string): NaiveTx[] {
    const txs = this.scripts.get(script)?.txs ?? [];
    return txs.filter((one) => this.byTxid.get(one.tx.txid) === one).reverse();
  }

  chainStats(script: string) {
    const history = this.scripts.get(script);
    return {
      funded_txo_count: history?.outputs ?? 0,
      funded_txo_sum: Number(history?.received ?? 0n),
      spent_txo_count: history?.inputs ?? 0,
      spent_txo_sum: Number(history?.sent ?? 0n),
      // Two transactions with one id are one in the history too.
      tx_count: new Set(history?.txs.map(({ tx }) => tx.txid)).size,
    };
  }

  /** Newest first. */
  unspent(script: string): unknown[] {
    return [...this.#unspent.values()]
      .filter((coin) => coin.script === script)
      .sort((a, b) => b.order - a.order)
      .map(({ maker, vout, valueSats }) => ({
        txid: maker.tx.txid,
        vout,
        status: this.status(maker),
        value: valueSats,
      }));
  }

  /** The address by which exactly this script is found; a bare key has none. */
  addressOf(script: string): string | undefined {
    const isKey = /^(21.{66}|41.{130})ac$/.test(script);
    return isKey ? undefined : scriptToAddress(Buffer.from(script, 'hex'), this.network);
  }

  block({ height, hash, bytes, timeSeconds, weight, txs }: NaiveBlock) {
    const times = this.blocks.filter((each) => each.height <= height && each.height > height - 11);
    const sorted = times.map((each) => each.timeSeconds).sort((a, b) => a - b);
    const display = (at: number): string =>
      Buffer.from(bytes.subarray(at, at + 32))
        .reverse()
        .toString('hex');
    return {
      id: hash,
      height,
      version: bytes.readUInt32LE(0),
      timestamp: timeSeconds,
      tx_count: txs.length,
      size: bytes.length,
      weight,
      merkle_root: display(36),
      previousblockhash: height === 0 ? null : display(4),
      mediantime: sorted[Math.floor(sorted.length / 2)],
      nonce: bytes.readUInt32LE(76),
      bits: bytes.readUInt32LE(72),
    };
  }
}

function isData(script: Uint8Array): boolean {
  return script[0] === 0x6a || script.length > 10_000;
}

function sha256(bytes: Uint8Array): Buffer<ArrayBuffer> {
  return createHash('sha256').update(bytes).digest();
}

/** The name that Esplora's `scripthash` takes. */
export function scriptHashOf(script: string): string {
  return sha256(Buffer.from(script, 'hex')).toString('hex');
}
