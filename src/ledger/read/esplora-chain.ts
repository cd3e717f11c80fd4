/**
 * The chain as an Esplora server tells it: where it ends, its headers, and where transactions stand in it.
 *
 * A header must have the hash that it is named by and the work that it claims; a transaction must lead to the Merkle root of its
 * header. What stays the word of the server: that this header is part of the best chain, and its height. When the chain
 * ends otherwise than before, the kept blocks are held against it, and what stands in blocks that left it is dropped.
 */

import { ByteWriter } from '../../bytes/byte-writer.ts';
import {
  bytesEqual,
  bytesToHex,
  displayToHash,
  hashToDisplay,
  hexToBytes,
} from '../../bytes/hex.ts';
import { HEADER_BYTES } from '../../chain/block-columns.hot.ts';
import { type Header, parseHeader } from '../../chain/header.ts';
import { computeMerkle, merkleRootFromBranch } from '../../chain/merkle.ts';
import type { Network } from '../../chain/network.ts';
import { checkProofOfWork } from '../../chain/proof-of-work.ts';
import { readMerkleBlock } from '../../chain/read-merkle-block.ts';
import type { Clock } from '../../clock.ts';
import { ClewError } from '../../errors.ts';
import type { BlockHash, Txid } from '../../units/ids.ts';
import type { AnsweredBlock, AnsweredPlace } from './esplora-answers.ts';
import type { EsploraCache, PlacedTransaction } from './esplora-cache.ts';
import { ChainMoved, type EsploraServer } from './esplora-server.ts';
import { type CheckedTransaction, lie } from './esplora-transaction.ts';
import type { ReadBlock, ReadTip } from './ledger-reader.ts';

/** How many transactions were put in their place with a proof, and how many on the word of the server. */
export interface ProofCounts {
  readonly checked: number;
  readonly missing: number;
}

/** The place in its block of a transaction of which a server tells neither proof nor neighbours. */
export const UNKNOWN_POSITION = 0xf_ffff;

/** Branches are no longer than this: no block has 2^20 transactions. */
const BRANCH_MAX = 20;
/** A transaction of this size could be an inner node of the tree in disguise: its proof proves nothing. */
const NODE_BYTES = 64;

/** `other`: the proof is that of another transaction with this id; undefined: the server gives none. */
type ProvenPosition = number | 'other' | undefined;

/** What it takes to list a block: the block, that it is on the chain, and its ids. */
const LIST_REQUESTS = 3;

type ProofForm = 'merkleBlock' | 'merkleProof' | 'txids';

export class EsploraChain {
  readonly #server: EsploraServer;
  readonly #cache: EsploraCache;
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  /** Forms of proof that the server does not give. */
  readonly #lacking = new Set<ProofForm>();
  readonly #listing = new Map<BlockHash, Promise<Txid[] | undefined>>();
  #tip: ReadTip | undefined;
  #seenMs = 0;
  #refreshing: Promise<boolean> | undefined;
  #checked = 0;
  #missing = 0;

  /** @param about.maxAgeMs after so long it is asked again where the chain ends */
  constructor(
    server: EsploraServer,
    cache: EsploraCache,
    about: { readonly network: Network; readonly clock: Clock; readonly maxAgeMs: number },
  ) {
    this.#server = server;
    this.#cache = cache;
    this.#network = about.network;
    this.#clock = about.clock;
    this.#maxAgeMs = about.maxAgeMs;
    // Such headers are longer in proofs of this form, each server in its own way.
    if (about.network.headerForm === 'auxpow') this.#lacking.add('merkleBlock');
  }

  proofs(): ProofCounts {
    return { checked: this.#checked, missing: this.#missing };
  }

  /** @throws ClewError CLEW_NETWORK_MISMATCH when the server's first block is another's */
  async requireNetwork(): Promise<void> {
    const { genesisHash, name } = this.#network;
    const found = await this.#server.blockHash(0);
    if (found === genesisHash) return;
    const { host } = this.#server;
    const message = `${host} serves another network than ${name}: its first block is another.`;
    throw new ClewError('CLEW_NETWORK_MISMATCH', message, { host, network: name });
  }

  /** Where the chain ends, as far as answers go. */
  async tip(): Promise<ReadTip> {
    const isOld = this.#clock.elapsedMs() - this.#seenMs > this.#maxAgeMs;
    if (this.#tip === undefined || isOld) await this.refresh();
    return this.#tip!;
  }

  /**
   * Look where the chain ends now.
   *
   * @returns whether it ends elsewhere than before, or kept things were dropped
   */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<boolean> {
    const seenMs = this.#clock.elapsedMs();
    const hash = await this.#server.tipHash();
    if (hash === this.#tip?.hash) {
      this.#seenMs = seenMs;
      return false;
    }
    // Behind one name there may be several servers, of which some are a block behind.
    if (this.#tip !== undefined && hash === this.#cachedBlock(this.#tip.hash)?.prevHash) {
      this.#seenMs = seenMs;
      return false;
    }
    const block = await this.#server.block(hash);
    if (block === undefined) throw this.#moved('it does not know its own last block');
    const { header } = this.#headerOf(block, hash);
    await this.#dropStale(block.height, hash);
    this.#cache.forgetRecent();
    this.#tip = { height: block.height, hash, timeSeconds: block.timeSeconds };
    this.#seenMs = seenMs;
    this.#putBlock(block, header);
    return true;
  }

  /** Kept blocks that are not on the chain any more, and what stands in them and above, are dropped. */
  async #dropStale(tipHeight: number, tipHash: BlockHash): Promise<void> {
    const kept = this.#cache.heights();
    const isOnChain = async ({ height, hash }: { height: number; hash: BlockHash }) => {
      if (height > tipHeight) return false;
      if (height === tipHeight) return hash === tipHash;
      return (await this.#server.blockHash(height)) === hash;
    };
    // What lies below a block of the chain is on the chain: look from the top, then by halves.
    if (kept.length === 0 || (await isOnChain(kept.at(-1)!))) return;
    let good = 0;
    let bad = kept.length - 1;
    while (good < bad) {
      const middle = Math.floor((good + bad) / 2);
      if (await isOnChain(kept[middle]!)) good = middle + 1;
      else bad = middle;
    }
    this.#cache.dropFrom(kept[good]!.height);
  }

  // --- headers and blocks ---

  /** The header in these bytes, if they have the hash and the work. */
  #checkHeader(bytes: Uint8Array, hash: BlockHash): Header {
    const { host } = this.#server;
    const isLong = bytes.length > HEADER_BYTES && this.#network.headerForm === 'plain';
    if (bytes.length < HEADER_BYTES || isLong) {
      const message = `${host} does not answer in the form of the Esplora interface.`;
      throw new ClewError('CLEW_REMOTE_FORMAT', message, { host, field: 'header' });
    }
    const header = parseHeader(bytes, 0, this.#network);
    if (header.hash !== hash) throw lie(host, 'a header does not have the hash of its block');
    if (checkProofOfWork(bytes, this.#network) === 'failed') {
      throw lie(host, 'a header does not have the work that it claims');
    }
    return header;
  }

  /** The header that the fields of a block make. */
  #headerOf(block: AnsweredBlock, hash: BlockHash): { header: Uint8Array; parsed: Header } {
    const writer = new ByteWriter(HEADER_BYTES);
    writer.i32(block.version).bytes(displayToHash(block.prevHash));
    writer.bytes(displayToHash(block.merkleRoot)).u32(block.timeSeconds);
    const header = writer.u32(block.bits).u32(block.nonce).finish();
    if (block.hash !== hash) throw lie(this.#server.host, 'it answers with another block');
    return { header, parsed: this.#checkHeader(header, hash) };
  }

  #putBlock(block: AnsweredBlock, header: Uint8Array): void {
    const { height, transactions, sizeBytes } = block;
    const hash = block.hash as BlockHash;
    this.#cache.putHeader({ hash, height, header }, { transactions, sizeBytes });
  }

  #cachedBlock(hash: BlockHash): ReadBlock | undefined {
    return this.#cache.block(hash, (header) => {
      const { time: timeSeconds, ...parsed } = parseHeader(header, 0, this.#network);
      const { prevHash, merkleRoot, version, bits, nonce } = parsed;
      return { hash, prevHash, merkleRoot, version, timeSeconds, bits, nonce };
    });
  }

  async blockAt(height: number): Promise<ReadBlock | undefined> {
    if (height > (await this.tip()).height) return undefined;
    const known = this.#cache.hashAt(height);
    const kept = known && this.#cachedBlock(known);
    if (kept !== undefined) return kept;
    const hash = known ?? (await this.#server.blockHash(height));
    const block = hash && (await this.block(hash));
    if (block === undefined || block.height !== height) {
      throw this.#moved('it does not know a block of its own chain');
    }
    return block;
  }

  /** A block of the chain; undefined for others. */
  async block(hash: BlockHash): Promise<ReadBlock | undefined> {
    const kept = this.#cachedBlock(hash);
    if (kept !== undefined) return kept;
    const block = await this.#server.block(hash);
    if (block === undefined) return undefined;
    const { header } = this.#headerOf(block, hash);
    if (block.height > (await this.tip()).height) return undefined;
    // A server may know blocks that lost.
    if ((await this.#server.blockHash(block.height)) !== hash) return undefined;
    await this.#agreeOnHeight(block.height, hash);
    this.#putBlock(block, header);
    return this.#cachedBlock(hash);
  }

  /** The ids of a block's transactions as people read them, held against its Merkle root. */
  blockTxids(hash: BlockHash): Promise<Txid[] | undefined> {
    let running = this.#listing.get(hash);
    if (running === undefined) {
      running = this.#blockTxids(hash).finally(() => this.#listing.delete(hash));
      this.#listing.set(hash, running);
    }
    return running;
  }

  async #blockTxids(hash: BlockHash): Promise<Txid[] | undefined> {
    const block = await this.block(hash);
    if (block === undefined) return undefined;
    const root = displayToHash(block.merkleRoot);
    const kept = this.#cache.blockTxids(hash);
    if (kept !== undefined) {
      if (isRootOf(kept, root)) return txidsOf(kept);
      this.#cache.dropBlockTxids(hash);
    }
    const txids = await this.#server.blockTxids(hash);
    if (txids === undefined) return undefined;
    const bytes = hexToBytes(txids.join(''));
    if (!isRootOf(bytes, root)) {
      throw lie(this.#server.host, 'the transactions of a block are not those of its header');
    }
    this.#cache.putBlockTxids(hash, block.height, bytes);
    return txids as Txid[];
  }

  // --- places of transactions ---

  /**
   * A transaction in its place, proven where the server gives proofs.
   *
   * @param neighbours how many of one block are asked for at once: of many the list of the block proves all
   * @throws ClewError CLEW_REMOTE_LIE when the proof does not hold; ChainMoved when its block left the chain
   */
  async place(
    tx: CheckedTransaction,
    said: AnsweredPlace,
    neighbours: number,
  ): Promise<PlacedTransaction> {
    const blockHash = said.blockHash as BlockHash;
    await this.#agreeOnHeight(said.height, blockHash);
    const proof = await this.#prove(tx, said, blockHash, neighbours);
    if (proof.isProven) this.#checked += 1;
    else this.#missing += 1;
    const { height, timeSeconds } = said;
    const { position, isProven } = proof;
    return { tx, place: { height, blockHash, timeSeconds, position }, isProven };
  }

  /** What is kept must not have another block at this height, nor this block at another height. */
  async #agreeOnHeight(height: number, hash: BlockHash): Promise<void> {
    const otherHash = this.#cache.hashAt(height);
    const otherHeight = this.#cache.header(hash)?.height;
    const isSame = otherHash === undefined || otherHash === hash;
    if (isSame && (otherHeight === undefined || otherHeight === height)) return;
    if ((await this.#server.blockHash(height)) !== hash) {
      throw this.#moved('a transaction stands in a block that is not on its chain');
    }
    // The server means it: what was kept is of another chain, or another server's lie.
    this.#cache.dropFrom(Math.min(height, otherHeight ?? height));
    throw this.#moved('blocks changed their places');
  }

  async #prove(
    tx: CheckedTransaction,
    said: AnsweredPlace,
    hash: BlockHash,
    neighbours: number,
  ): Promise<{ position: number; isProven: boolean }> {
    const isLeaf = tx.stripped.length !== NODE_BYTES;
    const tried: ProofForm[] = [];
    const single = [
      ['merkleBlock', () => this.#byMerkleBlock(tx, said, hash)],
      ['merkleProof', () => this.#byMerkleProof(tx, said, hash)],
    ] as const;
    const all = ['txids', () => this.#byTxids(tx, hash)] as const;
    for (const [form, prove] of neighbours > LIST_REQUESTS ? [all, ...single] : [...single, all]) {
      if (this.#lacking.has(form)) continue;
      const position = await prove();
      if (position === 'other') continue;
      if (position === undefined) {
        tried.push(form);
        continue;
      }
      for (const each of tried) this.#lacking.add(each);
      return { position, isProven: isLeaf };
    }
    // Nothing at all: because the block left the chain, or because this server gives no proofs.
    const found = await this.#server.blockHash(said.height);
    if (found !== undefined && found !== hash) {
      throw this.#moved('a transaction stands in a block that is not on its chain');
    }
    for (const each of tried) this.#lacking.add(each);
    return { position: UNKNOWN_POSITION, isProven: false };
  }

  async #byMerkleBlock(
    tx: CheckedTransaction,
    said: AnsweredPlace,
    hash: BlockHash,
  ): Promise<ProvenPosition> {
    const bytes = await this.#server.merkleBlock(tx.txid);
    if (bytes === undefined) return undefined;
    const { host } = this.#server;
    const proof = readMerkleBlock(bytes);
    if (proof === undefined) throw lie(host, 'a Merkle proof proves nothing');
    if (parseHeader(proof.header, 0, this.#network).hash !== hash) {
      return this.#otherBlock(tx);
    }
    const header = this.#checkHeader(proof.header, hash);
    const leaf = proof.leaves.find(({ txid }) => hashToDisplay(txid) === tx.txid);
    if (leaf === undefined || hashToDisplay(proof.root) !== header.merkleRoot) {
      throw lie(host, 'a Merkle proof does not lead to the header of its block');
    }
    this.#putHeader(proof.header, header, said);
    return leaf.index;
  }

  async #byMerkleProof(
    tx: CheckedTransaction,
    said: AnsweredPlace,
    hash: BlockHash,
  ): Promise<ProvenPosition> {
    const proof = await this.#server.merkleProof(tx.txid);
    if (proof === undefined) return undefined;
    const { host } = this.#server;
    const { branch, position, height } = proof;
    if (height !== said.height) return this.#otherBlock(tx);
    const header = await this.#header(hash, said);
    if (header === undefined) return undefined;
    const isDeep = branch.length > BRANCH_MAX || position >= 2 ** branch.length;
    const siblings = branch.map(displayToHash);
    const root = isDeep
      ? tx.stripped
      : merkleRootFromBranch(displayToHash(tx.txid), siblings, position);
    if (isDeep || hashToDisplay(root) !== header.merkleRoot) {
      throw lie(host, 'a Merkle proof does not lead to the header of its block');
    }
    return position;
  }

  /** Ids of coinbases stood twice in the chain (before BIP 30); of all others the block must have changed. */
  #otherBlock(tx: CheckedTransaction): 'other' {
    if (tx.isCoinbase) return 'other';
    throw this.#moved('a Merkle proof is of another block');
  }

  async #byTxids(tx: CheckedTransaction, hash: BlockHash): Promise<number | undefined> {
    const txids = await this.blockTxids(hash);
    if (txids === undefined) return undefined;
    const position = txids.indexOf(tx.txid);
    if (position < 0)
      throw this.#moved('a transaction is not in the block that it is said to be in');
    return position;
  }

  async #header(hash: BlockHash, said: AnsweredPlace): Promise<Header | undefined> {
    const kept = this.#cache.header(hash);
    if (kept !== undefined) {
      const header = parseHeader(kept.header, 0, this.#network);
      this.#requireTime(header, said);
      return header;
    }
    const bytes = await this.#server.header(hash);
    if (bytes === undefined) return undefined;
    const header = this.#checkHeader(bytes, hash);
    this.#putHeader(bytes.subarray(0, HEADER_BYTES), header, said);
    return header;
  }

  #putHeader(bytes: Uint8Array, header: Header, said: AnsweredPlace): void {
    this.#requireTime(header, said);
    if (this.#cache.header(header.hash) !== undefined) return;
    this.#cache.putHeader({ hash: header.hash, height: said.height, header: bytes });
  }

  #requireTime(header: Header, said: AnsweredPlace): void {
    if (header.time === said.timeSeconds) return;
    throw lie(this.#server.host, 'a block has another time than its header');
  }

  #moved(what: string): ChainMoved {
    return new ChainMoved(lie(this.#server.host, what));
  }
}

/** @param txids 32 bytes each, as people read them */
function isRootOf(txids: Uint8Array, root: Uint8Array): boolean {
  const count = txids.length / 32;
  if (count === 0 || !Number.isInteger(count)) return false;
  const internal = new Uint8Array(txids.length);
  for (let i = 0; i < count; i += 1) {
    internal.set(txids.slice(32 * i, 32 * i + 32).reverse(), 32 * i);
  }
  const { root: found, isMutated } = computeMerkle(internal, count);
  return !isMutated && bytesEqual(found, root);
}

function txidsOf(bytes: Uint8Array): Txid[] {
  const txids: Txid[] = [];
  for (let at = 0; at < bytes.length; at += 32) {
    txids.push(bytesToHex(bytes.subarray(at, at + 32)) as Txid);
  }
  return txids;
}
