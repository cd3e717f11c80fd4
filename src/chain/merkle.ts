/**
 * Merkle trees of a block: the root over txids, branches, and the witness commitment (BIP 141).
 *
 * A level of odd length is completed by its last hash once more. So a list with its end repeated can
 * have the same root (CVE-2012-2459); such a list is recognised by two equal neighbours and must
 * not be taken for the block.
 */

import { bytesEqual } from '../bytes/hex.ts';
import { sha256Lanes } from '../bytes/sha256-lanes.hot.ts';
import type { BlockColumns } from './block-columns.hot.ts';
import { sha256dOf64 } from './sha256d.hot.ts';

/** Scratch for one level of a tree: a view into the memory of the lanes, valid until they are used again. */
let level: Uint8Array = new Uint8Array(0);

function loadLevel(hashes: Uint8Array, count: number): void {
  if (count < 1 || 32 * count > hashes.length) {
    throw new RangeError(`${count} hashes do not stand in ${hashes.length} bytes`);
  }
  level = sha256Lanes().loadLevel(hashes, count);
}

/** The level above, in place; returns its length. */
function climb(count: number): number {
  let length = count;
  if (length % 2 === 1) {
    level.copyWithin(32 * length, 32 * (length - 1), 32 * length);
    length += 1;
  }
  sha256Lanes().climb(length);
  return length / 2;
}

/** True when the hashes at positions 2k and 2k + 1 of the level are equal for some k. */
function hasEqualPair(count: number): boolean {
  for (let i = 0; i + 1 < count; i += 2) {
    const left = 32 * i;
    let same = 0;
    while (same < 32 && level[left + same] === level[left + 32 + same]) same += 1;
    if (same === 32) return true;
  }
  return false;
}

/** A Merkle root and whether the list could be another one with its end repeated. */
export interface MerkleResult {
  /** 32 bytes, internal order. */
  readonly root: Uint8Array;
  /** Two equal neighbours were met (CVE-2012-2459): the list is not to be trusted. */
  readonly isMutated: boolean;
}

/**
 * The Merkle root of a list of hashes, and the check for CVE-2012-2459 (Bitcoin Core
 * `src/consensus/merkle.cpp`).
 *
 * @param hashes 32 bytes each, internal order, one after the other
 * @param count how many of them
 * @throws {RangeError} when count is 0 or larger than the bytes
 * @example computeMerkle(columns.txids, columns.txCount).root
 */
export function computeMerkle(hashes: Uint8Array, count: number): MerkleResult {
  loadLevel(hashes, count);
  let isMutated = false;
  let length = count;
  while (length > 1) {
    isMutated ||= hasEqualPair(length);
    length = climb(length);
  }
  return { root: level.slice(0, 32), isMutated };
}

/** The Merkle root alone; see `computeMerkle`. */
export function merkleRoot(hashes: Uint8Array, count: number): Uint8Array {
  return computeMerkle(hashes, count).root;
}

/**
 * The hashes that prove that the one at `index` is in the tree: its sibling on each level, lowest
 * first. Together with the index they give the root: `merkleRootFromBranch`.
 *
 * @throws {RangeError} when there is no hash at that index
 */
export function merkleBranch(hashes: Uint8Array, count: number, index: number): Uint8Array[] {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`no hash stands at ${index} among ${count}`);
  }
  loadLevel(hashes, count);
  const branch: Uint8Array[] = [];
  let length = count;
  let position = index;
  while (length > 1) {
    const isLeft = position % 2 === 0;
    // The last one of an odd level is its own sibling.
    const sibling = isLeft ? Math.min(position + 1, length - 1) : position - 1;
    branch.push(level.slice(32 * sibling, 32 * sibling + 32));
    length = climb(length);
    position = Math.floor(position / 2);
  }
  return branch;
}

/**
 * The root that a branch leads to. The caller compares it with a header.
 *
 * @param leaf the txid, 32 bytes in internal order
 * @param branch as from `merkleBranch`
 * @param index position of the transaction in the block
 */
export function merkleRootFromBranch(
  leaf: Uint8Array,
  branch: readonly Uint8Array[],
  index: number,
): Uint8Array {
  const pair = new Uint8Array(64);
  const node = leaf.slice();
  let position = index;
  for (const sibling of branch) {
    const isLeft = position % 2 === 0;
    pair.set(node, isLeft ? 0 : 32);
    pair.set(sibling, isLeft ? 32 : 0);
    sha256dOf64(pair, 0, node, 0);
    position = Math.floor(position / 2);
  }
  return node;
}

/**
 * Whether the txids of a block lead to the Merkle root in its header.
 *
 * @param block the whole block
 * @param columns the same block, read by `readBlockColumns`
 */
export function checkMerkleRoot(block: Uint8Array, columns: BlockColumns): 'ok' | 'mismatch' {
  const { root, isMutated } = computeMerkle(columns.txids, columns.txCount);
  return !isMutated && bytesEqual(root, block.subarray(36, 68)) ? 'ok' : 'mismatch';
}

/** Bytes before the commitment in its output: OP_RETURN, push of 36, and the mark of BIP 141. */
const COMMITMENT_MARK = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed] as const;

/** Offset of the 32-byte commitment in the block, or -1; the last output that has one counts. */
function findCommitment(block: Uint8Array, columns: BlockColumns): number {
  for (let row = columns.txFirstOutput[1]! - 1; row >= 0; row -= 1) {
    if (columns.outScriptLength[row]! < 38) continue;
    const at = columns.outScriptOffset[row]!;
    if (COMMITMENT_MARK.every((byte, i) => block[at + i] === byte)) return at + 6;
  }
  return -1;
}

/** The wtxids of the block, that of the coinbase as zero: a view into the memory of the lanes. */
function hashWtxids(block: Uint8Array, columns: BlockColumns): Uint8Array {
  const { txCount, txHasWitness, txOffset, txLength, txids } = columns;
  const lanes = sha256Lanes();
  lanes.load(block, txCount);
  for (let tx = 1; tx < txCount; tx += 1) {
    if (txHasWitness[tx] !== 0) lanes.addRange(tx, txOffset[tx]!, txLength[tx]!);
  }
  const wtxids = lanes.finish(txCount);
  wtxids.fill(0, 0, 32);
  for (let tx = 1; tx < txCount; tx += 1) {
    if (txHasWitness[tx] === 0) wtxids.set(txids.subarray(32 * tx, 32 * tx + 32), 32 * tx);
  }
  return wtxids;
}

/**
 * Whether the witness data is what the coinbase commits to (BIP 141).
 *
 * `absent` means that no transaction has a witness, so there is nothing to check: also for blocks that
 * name a commitment before segwit was active, and for a block that was stored without its witnesses.
 *
 * @param block the whole block
 * @param columns the same block, read by `readBlockColumns`
 */
export function checkWitnessCommitment(
  block: Uint8Array,
  columns: BlockColumns,
): 'ok' | 'absent' | 'mismatch' {
  let hasWitness = false;
  for (let tx = 0; tx < columns.txCount && !hasWitness; tx += 1) {
    hasWitness = columns.txHasWitness[tx] === 1;
  }
  if (!hasWitness) return 'absent';
  const commitment = findCommitment(block, columns);
  // The coinbase must carry exactly one item of 32 bytes, which goes into the commitment.
  const witnessAt = columns.inWitnessOffset[0]!;
  const isReserved = columns.inWitnessLength[0] === 34 && block[witnessAt] === 1;
  if (commitment < 0 || !isReserved || block[witnessAt + 1] !== 32) return 'mismatch';
  const committed = new Uint8Array(64);
  committed.set(merkleRoot(hashWtxids(block, columns), columns.txCount));
  committed.set(block.subarray(witnessAt + 2, witnessAt + 34), 32);
  sha256dOf64(committed, 0, committed, 0);
  const isSame = bytesEqual(committed.subarray(0, 32), block.subarray(commitment, commitment + 32));
  return isSame ? 'ok' : 'mismatch';
}
