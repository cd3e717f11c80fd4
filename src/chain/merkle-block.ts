/**
 * A proof that a transaction is in a block, as Bitcoin Core's `gettxoutproof` gives it and `merkleblock` messages carry it
 * (BIP 37): the header, and as much of the Merkle tree as the path to one leaf needs.
 *
 * The tree is written depth first. Each node visited is one bit: 1 on the path to the leaf, 0 beside it; a node beside it, and
 * the leaf, is a hash. Source: `CPartialMerkleTree` (`src/merkleblock.cpp`).
 */
import { ByteWriter } from '../bytes/byte-writer.ts';

/**
 * @param header its 80 bytes
 * @param txCount transactions in the block
 * @param index position of the transaction
 * @param leaf its id, 32 bytes in internal order
 * @param branch siblings from the leaf up, as from `merkleBranch`
 * @example merkleBlock(header, columns.txCount, 1, txid, merkleBranch(columns.txids, columns.txCount, 1))
 */
export function merkleBlock(
  header: Uint8Array,
  txCount: number,
  index: number,
  leaf: Uint8Array,
  branch: readonly Uint8Array[],
): Uint8Array {
  const bits: number[] = [];
  const before: Uint8Array[] = [];
  const after: Uint8Array[] = [];
  bits.push(1);
  // From below the root down to the leaf: a sibling on the left is visited before the path, one on the right after it.
  for (let level = branch.length - 1; level >= 0; level -= 1) {
    const position = Math.floor(index / 2 ** level);
    const width = Math.ceil(txCount / 2 ** level);
    if (position % 2 === 1) {
      bits.push(0);
      before.push(branch[level]!);
    } else if (position + 1 < width) after.push(branch[level]!);
    bits.push(1);
  }
  const hashes = [...before, leaf, ...after.reverse()];
  for (let i = 0; i < after.length; i += 1) bits.push(0);
  const flags = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) flags[Math.floor(i / 8)]! |= bit << (i % 8);
  const writer = new ByteWriter(header.length + 32 * hashes.length + flags.length + 16);
  writer.bytes(header).u32(txCount).varint(hashes.length);
  for (const hash of hashes) writer.bytes(hash);
  return writer.varbytes(flags).finish();
}
