/**
 * Merged mining ("AuxPoW"): the work of a block is done on a block of another chain, whose coinbase names ours.
 *
 *   block   [header 80] [coinbase of the parent] [hash 32] [its Merkle branch] [chain Merkle branch] [parent header 80] ...
 *
 *   our hash --chain branch--> root of merged-mined chains --in the coinbase's script--> coinbase id
 *            --branch--> Merkle root of the parent header --scrypt--> must meet the target that OUR header names
 *
 * The proof is no part of our block's hash. Source: Dogecoin Core `src/auxpow.cpp` (CAuxPow::check) and
 * `src/dogecoin.cpp` (CheckAuxPowProofOfWork), Bitcoin wiki "Merged mining specification".
 */
import { sha256d } from '../bytes/hash.ts';
import { bytesEqual, hashToDisplay } from '../bytes/hex.ts';
import { blockBodyOffset, HEADER_BYTES } from './block-columns.hot.ts';
import { headerHash } from './header.ts';
import type { Network } from './network.ts';
import { powHash, targetFromBits } from './proof-of-work.ts';
import { parseTransaction } from './transaction.ts';

/** Bit of the block version that announces a proof. */
const VERSION_AUXPOW = 0x100;
/** Stands in the coinbase's script directly before the root. */
const MERGED_MINING_MARK = Uint8Array.of(0xfa, 0xbe, 0x6d, 0x6d);
/** A Merkle tree of merged-mined chains is no deeper. */
const CHAIN_BRANCH_MAX = 30;
/** Without the mark, the root must begin within the first bytes of the script. */
const ROOT_WITHIN_BYTES = 20;

/** Whether a header says that its work was done elsewhere. */
export function hasAuxpow(header: Uint8Array, network: Network): boolean {
  if (network.headerForm !== 'auxpow' || header.length < HEADER_BYTES) return false;
  return (u32(header, 0) & VERSION_AUXPOW) !== 0;
}

function u32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

interface Branch {
  readonly hashes: readonly Uint8Array[];
  readonly index: number;
  readonly end: number;
}

/** A Merkle branch: a count, that many hashes, and the place of the leaf. */
function readBranch(bytes: Uint8Array, start: number): Branch {
  let count = bytes[start]!;
  let at = start + 1;
  if (count === 0xfd) {
    count = bytes[at]! + 256 * bytes[at + 1]!;
    at += 2;
  }
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < count; i += 1, at += 32) hashes.push(bytes.subarray(at, at + 32));
  return { hashes, index: u32(bytes, at), end: at + 4 };
}

/** The root that a leaf and its branch give. */
function rootOf(leaf: Uint8Array, { hashes, index }: Branch): Uint8Array {
  let hash = leaf;
  let place = index;
  const pair = new Uint8Array(64);
  for (const other of hashes) {
    pair.set(place % 2 === 1 ? other : hash, 0);
    pair.set(place % 2 === 1 ? hash : other, 32);
    hash = sha256d(pair);
    place = Math.floor(place / 2);
  }
  return hash;
}

/** Where a chain stands in the tree of merged-mined chains, so that nobody puts it there twice. */
function expectedIndex(nonce: number, chainId: number, height: number): number {
  let random = BigInt(nonce);
  random = BigInt.asUintN(32, random * 1_103_515_245n + 12_345n);
  random = BigInt.asUintN(32, random + BigInt(chainId));
  random = BigInt.asUintN(32, random * 1_103_515_245n + 12_345n);
  return Number(random % BigInt(2 ** height));
}

/** What is wrong with the way in which a coinbase names the root, or undefined. */
function coinbaseFault(
  script: Uint8Array,
  root: Uint8Array,
  branch: Branch,
  chainId: number,
): string | undefined {
  const text = Buffer.from(script.buffer, script.byteOffset, script.length);
  // The root stands with its bytes reversed, as people write hashes.
  const rootAt = text.indexOf(Uint8Array.from(root).reverse());
  if (rootAt < 0) return 'the coinbase of the parent does not name the block';
  const markAt = text.indexOf(MERGED_MINING_MARK);
  if (markAt >= 0) {
    if (text.indexOf(MERGED_MINING_MARK, markAt + 1) >= 0) return 'the coinbase has two marks';
    if (markAt + MERGED_MINING_MARK.length !== rootAt) return 'the root does not follow the mark';
  } else if (rootAt > ROOT_WITHIN_BYTES) {
    return 'the root stands too far behind in the coinbase';
  }
  const after = rootAt + 32;
  if (script.length - after < 8) return 'the size of the tree of chains is not there';
  if (u32(script, after) !== 2 ** branch.hashes.length) return 'the tree has another size';
  const place = expectedIndex(u32(script, after + 4), chainId, branch.hashes.length);
  return branch.index === place ? undefined : 'the block stands at a wrong place in the tree';
}

/**
 * What is wrong with the merged-mining proof of a block, or undefined when it holds: then the work was done.
 *
 * @param block the whole block, whose version announces a proof
 * @throws {ClewError} CLEW_BLOCK_DAMAGED, CLEW_TX_FORMAT when the proof can not be read
 * @example auxpowFault(block, getNetwork('dogecoin')) // undefined
 */
export function auxpowFault(block: Uint8Array, network: Network): string | undefined {
  // Sees to it that the proof lies within the bytes.
  const bodyOffset = blockBodyOffset(block, network);
  const { tx: coinbase, length } = parseTransaction(block, HEADER_BYTES);
  const coinbaseId = sha256dOf(block, HEADER_BYTES, length);
  const branch = readBranch(block, HEADER_BYTES + length + 32);
  const chainBranch = readBranch(block, branch.end);
  const parent = block.subarray(chainBranch.end, chainBranch.end + HEADER_BYTES);
  const chainId = network.auxpowChainId!;
  if (chainBranch.end + HEADER_BYTES !== bodyOffset) return 'its parts do not fit together';
  if (Math.floor(u32(block, 0) / 0x1_0000) !== chainId) return 'it is for another chain';
  if (Math.floor(u32(parent, 0) / 0x1_0000) === chainId) return 'its parent is of the same chain';
  if (branch.index !== 0) return 'the transaction that names the block is no coinbase';
  if (chainBranch.hashes.length > CHAIN_BRANCH_MAX) return 'the tree of chains is too deep';
  if (!bytesEqual(rootOf(coinbaseId, branch), parent.subarray(36, 68))) {
    return 'the coinbase is not in the parent block';
  }
  const root = rootOf(headerHash(block), chainBranch);
  const fault = coinbaseFault(coinbase.inputs[0]!.scriptSig, root, chainBranch, chainId);
  if (fault !== undefined) return fault;
  const target = targetFromBits(u32(block, 72));
  const isAllowed = target > 0n && target <= targetFromBits(network.powLimitBits);
  const work = BigInt(`0x${hashToDisplay(powHash(parent, network))}`);
  return isAllowed && work <= target ? undefined : 'the parent block does not meet the target';
}

/** The hash of a part as it stands: a coinbase in a proof has no witness. */
function sha256dOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return sha256d(bytes.subarray(start, start + length));
}
