/**
 * Reads a proof that a transaction is in a block, in the form of Bitcoin Core's `gettxoutproof` (BIP 37): header, number of
 * transactions, and as much of the Merkle tree as the paths to the proven leaves need. `merkle-block.ts` writes it.
 *
 * Source: `CPartialMerkleTree::TraverseAndExtract` (`src/merkleblock.cpp`), with its checks: all bits and hashes are used up,
 * and no two neighbours are the same (CVE-2012-2459). The number of transactions is not covered by the header.
 */
import { bytesEqual } from '../bytes/hex.ts';
import { HEADER_BYTES } from './block-columns.hot.ts';
import { sha256dOf64 } from './sha256d.hot.ts';

export interface MerkleBlock {
  readonly header: Uint8Array;
  readonly txCount: number;
  /** The root that the tree leads to: equal to that in the header, or the proof proves nothing. */
  readonly root: Uint8Array;
  /** The proven transactions: place in the block, and id in internal order. */
  readonly leaves: readonly { readonly index: number; readonly txid: Uint8Array }[];
}

/** Core's bound: MAX_BLOCK_WEIGHT / MIN_TRANSACTION_WEIGHT. */
const TX_COUNT_MAX = 4_000_000 / (4 * 60);

/**
 * The parts of a proof, or undefined for bytes that are none. The caller compares `root` with the header's.
 *
 * @example readMerkleBlock(hexToBytes(hex))?.leaves[0]?.index
 */
export function readMerkleBlock(bytes: Uint8Array): MerkleBlock | undefined {
  if (bytes.length < HEADER_BYTES + 4 + 1 + 32 + 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const txCount = view.getUint32(HEADER_BYTES, true);
  if (txCount === 0 || txCount > TX_COUNT_MAX) return undefined;
  let at = HEADER_BYTES + 4;
  const hashCount = smallVarint(bytes, at);
  if (hashCount === undefined) return undefined;
  at += hashCount.width;
  const hashesAt = at;
  at += 32 * hashCount.value;
  const flagBytes = at < bytes.length ? smallVarint(bytes, at) : undefined;
  if (flagBytes === undefined) return undefined;
  at += flagBytes.width;
  if (at + flagBytes.value !== bytes.length) return undefined;
  const tree = new TreeWalk(txCount, bytes.subarray(hashesAt, hashesAt + 32 * hashCount.value), {
    flags: bytes.subarray(at),
    hashCount: hashCount.value,
  });
  const root = tree.walk();
  if (root === undefined) return undefined;
  return { header: bytes.slice(0, HEADER_BYTES), txCount, root, leaves: tree.leaves };
}

function smallVarint(bytes: Uint8Array, at: number): { value: number; width: number } | undefined {
  const first = bytes[at]!;
  if (first < 0xfd) return { value: first, width: 1 };
  if (first !== 0xfd || at + 3 > bytes.length) return undefined;
  return { value: bytes[at + 1]! + 256 * bytes[at + 2]!, width: 3 };
}

class TreeWalk {
  readonly leaves: { index: number; txid: Uint8Array }[] = [];
  readonly #txCount: number;
  readonly #hashes: Uint8Array;
  readonly #hashCount: number;
  readonly #flags: Uint8Array;
  #hashesUsed = 0;
  #bitsUsed = 0;
  #isBad = false;

  constructor(
    txCount: number,
    hashes: Uint8Array,
    { flags, hashCount }: { flags: Uint8Array; hashCount: number },
  ) {
    this.#txCount = txCount;
    this.#hashes = hashes;
    this.#hashCount = hashCount;
    this.#flags = flags;
  }

  walk(): Uint8Array | undefined {
    let height = 0;
    while (this.#width(height) > 1) height += 1;
    const root = this.#node(height, 0);
    const areBitsUsed = Math.ceil(this.#bitsUsed / 8) === this.#flags.length;
    if (this.#isBad || !areBitsUsed || this.#hashesUsed !== this.#hashCount) return undefined;
    return root;
  }

  #width(height: number): number {
    return Math.ceil(this.#txCount / 2 ** height);
  }

  #node(height: number, position: number): Uint8Array {
    const bit = this.#bitsUsed;
    this.#bitsUsed += 1;
    if (bit >= 8 * this.#flags.length) this.#isBad = true;
    if (this.#isBad) return new Uint8Array(32);
    const isOnPath = (this.#flags[Math.floor(bit / 8)]! >> (bit % 8)) % 2 === 1;
    if (height === 0 || !isOnPath) {
      const start = 32 * this.#hashesUsed;
      this.#hashesUsed += 1;
      if (this.#hashesUsed > this.#hashCount) this.#isBad = true;
      if (this.#isBad) return new Uint8Array(32);
      const hash = this.#hashes.slice(start, start + 32);
      if (height === 0 && isOnPath) this.leaves.push({ index: position, txid: hash });
      return hash;
    }
    const pair = new Uint8Array(64);
    const left = this.#node(height - 1, 2 * position);
    let right = left;
    if (2 * position + 1 < this.#width(height - 1)) {
      right = this.#node(height - 1, 2 * position + 1);
      if (bytesEqual(left, right)) this.#isBad = true;
    }
    pair.set(left, 0);
    pair.set(right, 32);
    const node = new Uint8Array(32);
    sha256dOf64(pair, 0, node, 0);
    return node;
  }
}
