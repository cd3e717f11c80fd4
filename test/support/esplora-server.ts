/**
 * An Esplora server over whole blocks in memory: honest unless told otherwise, and slow to write but quick to read.
 *
 * It lists the transactions of one block in the order of their ids, as servers do that keep histories by key, and answers only
 * what the client asks. The chain, the mempool and single answers can be changed while it runs.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { sha256Hex } from '../../src/bytes/hash.ts';
import { bytesToHex, displayToHash, hashToDisplay } from '../../src/bytes/hex.ts';
import { scriptToAddress } from '../../src/chain/address.ts';
import { difficultyOf } from '../../src/chain/esplora-block.ts';
import {
  type EsploraStatus,
  type EsploraTransaction,
  esploraTransaction,
} from '../../src/chain/esplora-transaction.ts';
import { merkleBranch } from '../../src/chain/merkle.ts';
import { merkleBlock } from '../../src/chain/merkle-block.ts';
import type { Network } from '../../src/chain/network.ts';
import {
  parseBlock,
  parseTransaction,
  serializeTransaction,
  type Transaction,
} from '../../src/chain/transaction.ts';

export interface ServedBlock {
  readonly height: number;
  readonly bytes: Uint8Array;
}

/** An answer: a status, and text or JSON. */
export interface Served {
  readonly status: number;
  readonly body: string;
}

interface Entry {
  readonly tx: Transaction;
  readonly json: EsploraTransaction;
  readonly block: BlockEntry;
  readonly position: number;
}

interface BlockEntry {
  readonly height: number;
  readonly hash: string;
  readonly bytes: Uint8Array;
  readonly txids: readonly string[];
  readonly json: object;
}

const NOT_FOUND: Served = { status: 404, body: 'not found' };
const PAGE = 25;

export class EsploraTestServer {
  readonly asked: string[] = [];
  /** Changes an answer before it is sent. */
  tamper: ((path: string, answer: Served) => Served) | undefined;
  /** Kinds of questions that are answered with 404, by their last part. */
  readonly lacking = new Set<string>();
  readonly network: Network;
  #blocks: BlockEntry[] = [];
  #entries = new Map<string, Entry>();
  #made = new Map<string, Transaction>();
  #histories = new Map<string, Entry[]>();
  #spenders = new Map<string, { entry: Entry; vin: number }>();
  #mempool: EsploraTransaction[] = [];
  #known = new Map<string, BlockEntry>();
  url!: URL;

  constructor(network: Network, blocks: readonly ServedBlock[]) {
    this.network = network;
    this.setChain(blocks);
  }

  /** Serve this chain from now on; blocks served before stay known by their hash. */
  setChain(blocks: readonly ServedBlock[]): void {
    this.#blocks = [];
    this.#entries = new Map();
    this.#made = new Map();
    this.#histories = new Map();
    this.#spenders = new Map();
    for (const block of blocks) this.#addBlock(block);
  }

  #addBlock({ height, bytes }: ServedBlock): void {
    const { header, transactions, size, weight } = parseBlock(bytes, this.network);
    const block: BlockEntry = {
      height,
      hash: header.hash,
      bytes,
      txids: transactions.map(({ txid }) => txid),
      json: {
        id: header.hash,
        height,
        version: header.version >>> 0,
        timestamp: header.time,
        tx_count: transactions.length,
        size,
        weight,
        merkle_root: header.merkleRoot,
        previousblockhash: height === 0 ? null : header.prevHash,
        mediantime: header.time,
        nonce: header.nonce,
        bits: header.bits,
        difficulty: difficultyOf(header.bits),
      },
    };
    this.#blocks.push(block);
    this.#known.set(block.hash, block);
    const status = {
      confirmed: true,
      block_height: height,
      block_hash: block.hash,
      block_time: header.time,
    };
    // Where ids order a block, a transaction may stand before the one that it spends from.
    for (const tx of transactions) this.#made.set(tx.txid, tx);
    for (const [position, tx] of transactions.entries()) {
      const entry = { tx, json: this.#jsonOf(tx, status), block, position };
      this.#entries.set(tx.txid, entry);
      for (const script of touched(entry.json)) {
        const all = this.#histories.get(script) ?? [];
        all.push(entry);
        this.#histories.set(script, all);
      }
      for (const [vin, input] of tx.inputs.entries()) {
        if (!tx.isCoinbase) this.#spenders.set(`${input.prevTxid}:${input.vout}`, { entry, vin });
      }
    }
  }

  #jsonOf(tx: Transaction, status: EsploraStatus): EsploraTransaction {
    const prevouts = tx.inputs.map(({ prevTxid, vout }) => this.#made.get(prevTxid)?.outputs[vout]);
    return esploraTransaction(tx, prevouts, status, this.network);
  }

  /** Unconfirmed transactions, as bytes. */
  setMempool(transactions: readonly Uint8Array[]): void {
    this.#mempool = transactions.map((bytes) =>
      this.#jsonOf(parseTransaction(bytes, 0, this.network).tx, { confirmed: false }),
    );
  }

  async listen(t: TestContext): Promise<void> {
    const server = createServer((request, response) => {
      const path = (request.url ?? '').slice('/api/'.length);
      this.asked.push(path);
      this.#send(response, path);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/api`);
    t.after(() => {
      server.close();
      server.closeAllConnections();
    });
  }

  #send(response: ServerResponse, path: string): void {
    let answer = this.answer(path);
    if (this.tamper !== undefined) answer = this.tamper(path, answer);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(answer.body);
  }

  answer(path: string): Served {
    const parts = path.split('/');
    const [kind, name = '', ...rest] = parts;
    if (this.lacking.has(kind ?? '') || this.lacking.has(parts.at(-1) ?? '')) return NOT_FOUND;
    switch (kind) {
      case 'blocks':
        return text(name === 'tip' && rest[0] === 'hash' ? this.#blocks.at(-1)!.hash : undefined);
      case 'block-height':
        return text(this.#blocks[Number(name)]?.hash);
      case 'block':
        return this.#block(name, rest[0]);
      case 'tx':
        return this.#transaction(name, rest[0]);
      case 'scripthash':
      case 'address':
        return this.#script(kind, name, rest);
      default:
        return NOT_FOUND;
    }
  }

  #block(hash: string, what: string | undefined): Served {
    const block = this.#known.get(hash);
    if (block === undefined) return NOT_FOUND;
    if (what === undefined) return json(block.json);
    if (what === 'header') return text(bytesToHex(block.bytes.subarray(0, 80)));
    return what === 'txids' ? json(block.txids) : NOT_FOUND;
  }

  #transaction(txid: string, what: string | undefined): Served {
    const entry = this.#entries.get(txid);
    if (entry === undefined) {
      const waiting = this.#mempool.find((tx) => tx.txid === txid);
      return waiting !== undefined && what === undefined ? json(waiting) : NOT_FOUND;
    }
    const { block, position } = entry;
    if (what === undefined) return json(entry.json);
    if (what === 'hex') return text(bytesToHex(serializeTransaction(entry.tx, { witness: true })));
    if (what === 'outspends') {
      return json(entry.tx.outputs.map((_, vout) => this.#outspend(`${txid}:${vout}`)));
    }
    const hashes = Buffer.concat(block.txids.map(displayToHash));
    const branch = merkleBranch(hashes, block.txids.length, position);
    if (what === 'merkle-proof') {
      const merkle = branch.map(hashToDisplay);
      return json({ block_height: block.height, merkle, pos: position });
    }
    if (what !== 'merkleblock-proof') return NOT_FOUND;
    const header = block.bytes.subarray(0, 80);
    const leaf = displayToHash(txid);
    return text(bytesToHex(merkleBlock(header, block.txids.length, position, leaf, branch)));
  }

  #outspend(name: string): object {
    const spender = this.#spenders.get(name);
    if (spender !== undefined) {
      const { json: tx } = spender.entry;
      return { spent: true, txid: tx.txid, vin: spender.vin, status: tx.status };
    }
    for (const tx of this.#mempool) {
      const vin = tx.vin.findIndex((input) => `${input.txid}:${input.vout}` === name);
      if (vin >= 0) return { spent: true, txid: tx.txid, vin, status: tx.status };
    }
    return { spent: false };
  }

  #script(kind: string, name: string, rest: string[]): Served {
    const isAsked = (script: string): boolean => {
      const bytes = Buffer.from(script, 'hex');
      if (kind === 'scripthash') return sha256Hex(bytes) === name;
      return scriptToAddress(bytes, this.network) === name;
    };
    const waiting = this.#mempool.filter((tx) => [...touched(tx)].some(isAsked));
    const all = [...this.#histories.keys()].filter(isAsked).flatMap((s) => this.#histories.get(s)!);
    const path = rest.join('/');
    if (path === '') {
      const chain = all.map((entry) => entry.json);
      return json({ chain_stats: stats(chain, isAsked), mempool_stats: stats(waiting, isAsked) });
    }
    if (path === 'txs/mempool') return json(waiting);
    if (path === 'utxo') return json(this.#unspent(all, isAsked));
    const match = /^txs\/chain(?:\/([0-9a-f]{64}))?$/.exec(path);
    if (match === null) return NOT_FOUND;
    const newestFirst = [...all].sort(
      (a, b) => b.block.height - a.block.height || (a.tx.txid < b.tx.txid ? 1 : -1),
    );
    const from = newestFirst.findIndex(({ tx }) => tx.txid === match[1]) + 1;
    if (match[1] !== undefined && from === 0) return json([]);
    return json(newestFirst.slice(from, from + PAGE).map((entry) => entry.json));
  }

  #unspent(all: readonly Entry[], isAsked: (script: string) => boolean): object[] {
    return all.flatMap(({ json: tx }) =>
      tx.vout.flatMap(({ scriptpubkey, value }, vout) => {
        const isSpent = (this.#outspend(`${tx.txid}:${vout}`) as { spent: boolean }).spent;
        if (!isAsked(scriptpubkey) || isSpent) return [];
        return [{ txid: tx.txid, vout, status: tx.status, value }];
      }),
    );
  }
}

function touched(tx: EsploraTransaction): Set<string> {
  const scripts = tx.vout.map((output) => output.scriptpubkey);
  for (const { prevout } of tx.vin) if (prevout !== null) scripts.push(prevout.scriptpubkey);
  return new Set(scripts.filter((script) => !script.startsWith('6a')));
}

function stats(all: readonly EsploraTransaction[], isAsked: (script: string) => boolean): object {
  const paid = all.flatMap((tx) => tx.vout).filter((output) => isAsked(output.scriptpubkey));
  const spent = all
    .flatMap((tx) => tx.vin.flatMap(({ prevout }) => prevout ?? []))
    .filter((output) => isAsked(output.scriptpubkey));
  const sum = (outputs: readonly { readonly value: number }[]): number =>
    outputs.reduce((total, { value }) => total + value, 0);
  return {
    tx_count: all.length,
    funded_txo_count: paid.length,
    funded_txo_sum: sum(paid),
    spent_txo_count: spent.length,
    spent_txo_sum: sum(spent),
  };
}

function json(value: unknown): Served {
  return { status: 200, body: JSON.stringify(value) };
}

function text(value: string | undefined): Served {
  return value === undefined ? NOT_FOUND : { status: 200, body: value };
}
