/**
 * Puts one block together: collects transactions, then makes the coinbase, the Merkle root, the
 * witness commitment (BIP 141), the height in the coinbase (BIP 34) and the proof of work.
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { sha256d } from '../bytes/hash.ts';
import { hexToBytes } from '../bytes/hex.ts';
import { merkleRoot } from '../chain/merkle.ts';
import { getNetwork } from '../chain/network.ts';

/** The network that simulated chains belong to. */
export const REGTEST = getNetwork('regtest');
const COMMITMENT_PREFIX = hexToBytes('6a24aa21a9ed');
const VERSION = 0x2000_0000;

/** An output of a coinbase. */
export interface CoinbaseOutput {
  readonly script: Uint8Array;
  readonly sats: number;
}

/** What a block needs beside its transactions. */
export interface BlockHead {
  readonly height: number;
  readonly timeSeconds: number;
  /** Hash of the block before, internal order. */
  readonly previousHash: Uint8Array;
  readonly outputs: readonly CoinbaseOutput[];
  /** Bytes after the height in the coinbase script: extra nonce and the pool's mark, 2 to 90 bytes. */
  readonly mark: Uint8Array;
  /** Header version; version 1 blocks name no height (before BIP 34). */
  readonly version?: number;
}

/** A finished block in parts; they are views until the next block begins. */
export interface SealedBlock {
  /** Internal order. */
  readonly hash: Uint8Array;
  readonly coinbaseTxid: Uint8Array;
  /** Header, number of transactions and coinbase. */
  readonly front: Uint8Array;
  /** The other transactions. */
  readonly body: Uint8Array;
}

/**
 * A block height as the script number that BIP 34 wants, with its push.
 *
 * @example heightPush(1) // Uint8Array [0x51]
 */
export function heightPush(height: number): Uint8Array {
  if (height === 0) return Uint8Array.of(0);
  if (height <= 16) return Uint8Array.of(0x50 + height);
  const bytes: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  // A set top bit would mean a negative number.
  if (bytes.at(-1)! >= 0x80) bytes.push(0);
  return Uint8Array.of(bytes.length, ...bytes);
}

/** The regtest genesis block (Bitcoin Core, chainparams), byte for byte. */
export function genesisBlock(): Uint8Array {
  return hexToBytes(
    '01000000' +
      '0000000000000000000000000000000000000000000000000000000000000000' +
      '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a' +
      'dae5494dffff7f200200000001' +
      '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04' +
      'ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e20' +
      '6272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01' +
      '000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4c' +
      'ef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
  );
}

/** Collects the transactions of one block after another in the same memory. */
export class BlockMaker {
  /** Where transactions are written, from `bodyLength` on. */
  body = new Uint8Array(1 << 20);
  bodyLength = 0;
  /** Transactions in the block, the coinbase to come included. */
  count = 1;
  feesSats = 0;
  #txids = new Uint8Array(32 * 1024);
  #wtxids = new Uint8Array(32 * 1024);
  #hasWitness = false;
  readonly #coinbase = new ByteWriter(1024);
  readonly #front = new ByteWriter(1024);

  /** Forget the block before and start an empty one. */
  begin(): void {
    this.bodyLength = 0;
    this.count = 1;
    this.feesSats = 0;
    this.#hasWitness = false;
  }

  /** Make room for that many more bytes in `body`. */
  reserve(bytes: number): void {
    if (this.bodyLength + bytes <= this.body.length) return;
    const grown = new Uint8Array(Math.max(this.bodyLength + bytes, 2 * this.body.length));
    grown.set(this.body.subarray(0, this.bodyLength));
    this.body = grown;
  }

  /** Take in the transaction that was written to `body` at `bodyLength`. */
  accept(
    length: number,
    txid: Uint8Array,
    wtxid: Uint8Array,
    hasWitness: boolean,
    feeSats: number,
  ): void {
    if (32 * (this.count + 1) > this.#txids.length) {
      const txids = new Uint8Array(2 * this.#txids.length);
      const wtxids = new Uint8Array(2 * this.#wtxids.length);
      txids.set(this.#txids);
      wtxids.set(this.#wtxids);
      this.#txids = txids;
      this.#wtxids = wtxids;
    }
    this.#txids.set(txid, 32 * this.count);
    this.#wtxids.set(wtxid, 32 * this.count);
    this.#hasWitness ||= hasWitness;
    this.bodyLength += length;
    this.count += 1;
    this.feesSats += feeSats;
  }

  #commitment(): Uint8Array {
    this.#wtxids.fill(0, 0, 32);
    const joined = new Uint8Array(64);
    joined.set(merkleRoot(this.#wtxids, this.count));
    return sha256d(joined);
  }

  /** Writes the coinbase; returns its txid. */
  #writeCoinbase(head: BlockHead): Uint8Array {
    const outputs = head.outputs.slice();
    const commitment = this.#hasWitness ? this.#commitment() : undefined;
    if (commitment !== undefined) {
      outputs.push({
        script: new ByteWriter(38).bytes(COMMITMENT_PREFIX).bytes(commitment).finish(),
        sats: 0,
      });
    }
    const height = head.version === 1 ? new Uint8Array(0) : heightPush(head.height);
    const middle = new ByteWriter(256);
    middle.u8(1).bytes(new Uint8Array(32)).u32(0xffff_ffff);
    middle
      .varint(height.length + head.mark.length)
      .bytes(height)
      .bytes(head.mark)
      .u32(0xffff_ffff);
    middle.varint(outputs.length);
    for (const output of outputs) middle.u64(output.sats).varbytes(output.script);
    const version = head.version === 1 ? 1 : 2;
    const stripped = new ByteWriter(256).i32(version).bytes(middle.view()).u32(0).finish();
    const coinbase = this.#coinbase;
    coinbase.clear();
    if (commitment === undefined) {
      coinbase.bytes(stripped);
    } else {
      coinbase.i32(version).u8(0).u8(1).bytes(middle.view());
      coinbase.u8(1).varbytes(new Uint8Array(32)).u32(0);
    }
    return sha256d(stripped);
  }

  /** Make the coinbase and the header, find a nonce. Regtest asks for two tries on average. */
  seal(head: BlockHead): SealedBlock {
    const coinbaseTxid = this.#writeCoinbase(head);
    this.#txids.set(coinbaseTxid, 0);
    const front = this.#front;
    front.clear();
    front.i32(head.version ?? VERSION).bytes(head.previousHash);
    front.bytes(merkleRoot(this.#txids, this.count));
    front.u32(head.timeSeconds).u32(REGTEST.powLimitBits).u32(0);
    front.varint(this.count).bytes(this.#coinbase.view());
    const bytes = front.view();
    const header = bytes.subarray(0, 80);
    const view = new DataView(header.buffer, header.byteOffset, 80);
    let hash = sha256d(header);
    // The target begins 7f ff ff: a first byte (the last in internal order) below 7f is always under it.
    for (let nonce = 1; hash[31]! >= 0x7f; nonce += 1) {
      view.setUint32(76, nonce, true);
      hash = sha256d(header);
    }
    return { hash, coinbaseTxid, front: bytes, body: this.body.subarray(0, this.bodyLength) };
  }
}
