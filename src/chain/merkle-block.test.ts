/** Expected: what Bitcoin Core's `gettxoutproof` gave; made-up trees are read back by a decoder of BIP 37 written here. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { merkleBranch, merkleRoot } from './merkle.ts';
import { merkleBlock } from './merkle-block.ts';
import { getNetwork } from './network.ts';

test('the proofs that Bitcoin Core made for four transactions of block 830000', (t) => {
  const block = sharedFile(t, 'bitcoin/blocks/single/mainnet-830000.raw');
  if (block === undefined) return;
  const columns = new BlockColumns();
  readBlockColumns(block, getNetwork('main'), columns);
  const { txCount, txids } = columns;
  for (const index of [0, 1, 10, 100]) {
    const expected = sharedFile(t, `bitcoin/spv/gettxoutproof-830000-tx${index}.bin`);
    if (expected === undefined) return;
    const leaf = txids.slice(32 * index, 32 * index + 32);
    const branch = merkleBranch(txids, txCount, index);
    const made = merkleBlock(block.subarray(0, 80), txCount, index, leaf, branch);
    assert.equal(bytesToHex(made), bytesToHex(expected), `transaction ${index}`);
  }
});

function sha256d(bytes: Uint8Array): Buffer {
  const once = createHash('sha256').update(bytes).digest();
  return createHash('sha256').update(once).digest();
}

/** Root and matched leaf of a proof, after `CPartialMerkleTree::TraverseAndExtract`; all bits and hashes must be used up. */
function readProof(proof: Buffer): { root: string; leaf: string; index: number } {
  const count = proof.readUInt32LE(80);
  const hashCount = proof[84]!;
  const hashes = Array.from({ length: hashCount }, (_, i) =>
    proof.subarray(85 + 32 * i, 117 + 32 * i),
  );
  const flags = proof.subarray(86 + 32 * hashCount);
  assert.equal(flags.length, proof[85 + 32 * hashCount]);
  let bitsUsed = 0;
  let hashesUsed = 0;
  let found: { leaf: string; index: number } | undefined;
  const visit = (height: number, position: number): Uint8Array => {
    const bit = (flags[Math.floor(bitsUsed / 8)]! >> (bitsUsed % 8)) & 1;
    bitsUsed += 1;
    if (height === 0 || bit === 0) {
      const hash = hashes[hashesUsed]!;
      hashesUsed += 1;
      if (bit === 1) found = { leaf: bytesToHex(hash), index: position };
      return hash;
    }
    const left = visit(height - 1, position * 2);
    const hasRight = position * 2 + 1 < Math.ceil(count / 2 ** (height - 1));
    const right = hasRight ? visit(height - 1, position * 2 + 1) : left;
    return sha256d(Buffer.concat([left, right]));
  };
  let height = 0;
  while (Math.ceil(count / 2 ** height) > 1) height += 1;
  const root = bytesToHex(visit(height, 0));
  assert.equal(hashesUsed, hashCount);
  assert.equal(Math.ceil(bitsUsed / 8), flags.length);
  return { root, ...found! };
}

test('every leaf of trees of 1 to 33', () => {
  const random = seededRandom('merkle-block');
  for (let count = 1; count <= 33; count += 1) {
    const leaves = random.bytes(32 * count);
    const root = bytesToHex(merkleRoot(leaves, count));
    for (let index = 0; index < count; index += 1) {
      const leaf = leaves.slice(32 * index, 32 * index + 32);
      const branch = merkleBranch(leaves, count, index);
      const proof = merkleBlock(new Uint8Array(80), count, index, leaf, branch);
      assert.deepEqual(readProof(Buffer.from(proof)), { root, leaf: bytesToHex(leaf), index });
    }
  }
});
