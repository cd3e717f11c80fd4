/**
 * Merged-mining proofs: a made-up block of another chain whose coinbase names ours, mined until it meets our target.
 *
 * Written from the specification, apart from `chain/auxpow.ts`, which reads and checks them.
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { sha256d } from '../bytes/hash.ts';
import { hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { headerHash } from '../chain/header.ts';
import type { Network } from '../chain/network.ts';
import { findNonce } from './find-nonce.ts';

export interface AuxpowOptions {
  /** Chains that are mined together: 2 to this power. */
  readonly treeHeight: number;
  /** Hashes between the parent's coinbase and its Merkle root. */
  readonly parentBranch: number;
  /** Leave out the four bytes before the root; then it must stand at the script's beginning. */
  readonly withoutMark?: boolean;
}

/** The place of a chain in the tree of chains, as miners agree on it. */
function placeOf(chainId: number, treeHeight: number, nonce: number): number {
  const step = (value: number): number => (Math.imul(value, 1_103_515_245) + 12_345) >>> 0;
  return step((step(nonce) + chainId) >>> 0) % 2 ** treeHeight;
}

function pair(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256d(new ByteWriter(64).bytes(left).bytes(right).finish());
}

/**
 * The proof that stands behind our header.
 *
 * @param header our 80 bytes, their nonce unused
 */
export function makeAuxpow(
  header: Uint8Array,
  network: Network,
  options: AuxpowOptions,
): Uint8Array {
  const { treeHeight, parentBranch } = options;
  const random = seededRandom(`auxpow ${Buffer.from(header).toString('hex')}`);
  const nonce = random.int(0, 0xffff_ffff);
  const place = placeOf(network.auxpowChainId!, treeHeight, nonce);
  const chainBranch: Uint8Array[] = [];
  let root = headerHash(header);
  for (let level = 0; level < treeHeight; level += 1) {
    const other = random.bytes(32);
    chainBranch.push(other);
    const isRight = Math.floor(place / 2 ** level) % 2 === 1;
    root = isRight ? pair(other, root) : pair(root, other);
  }
  const script = new ByteWriter(100);
  if (options.withoutMark !== true)
    script.bytes(hexToBytes('0404deadbe')).bytes(hexToBytes('fabe6d6d'));
  script
    .bytes(Uint8Array.from(root).reverse())
    .u32(2 ** treeHeight)
    .u32(nonce);
  const coinbase = new ByteWriter(256)
    .i32(1)
    .varint(1)
    .bytes(new Uint8Array(32))
    .u32(0xffff_ffff)
    .varbytes(script.finish())
    .u32(0xffff_ffff)
    .varint(1)
    .u64(1_250_000_000)
    .varbytes(hexToBytes('6a'))
    .u32(0)
    .finish();
  const branch: Uint8Array[] = [];
  let merkle = sha256d(coinbase);
  for (let level = 0; level < parentBranch; level += 1) {
    const other = random.bytes(32);
    branch.push(other);
    merkle = pair(merkle, other);
  }
  const parent = new ByteWriter(80)
    .i32(0x2000_0000)
    .bytes(random.bytes(32))
    .bytes(merkle)
    .u32(1_700_000_000)
    .u32(0x1a01cd2d)
    .u32(0)
    .finish();
  findNonce(parent, network);
  const proof = new ByteWriter(1024).bytes(coinbase).bytes(headerHash(parent));
  proof.varint(branch.length);
  for (const hash of branch) proof.bytes(hash);
  proof.u32(0).varint(chainBranch.length);
  for (const hash of chainBranch) proof.bytes(hash);
  return proof.u32(place).bytes(parent).finish();
}
