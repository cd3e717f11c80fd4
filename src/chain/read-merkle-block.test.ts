/** Proofs that Bitcoin Core made, proofs of our own for trees of every size, and proofs with any bit changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedFile } from '../../test/support/shared-data.ts';
import { sha256d } from '../bytes/hash.ts';
import { bytesToHex, hashToDisplay } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { parseHeader } from './header.ts';
import { merkleBranch, merkleRoot } from './merkle.ts';
import { merkleBlock } from './merkle-block.ts';
import { readMerkleBlock } from './read-merkle-block.ts';

test('the proofs of Bitcoin Core lead to their header', (t) => {
  for (const position of [0, 1, 10, 100]) {
    const bytes = sharedFile(t, `bitcoin/spv/gettxoutproof-830000-tx${position}.bin`);
    if (bytes === undefined) return;
    const proof = readMerkleBlock(new Uint8Array(bytes));
    assert.ok(proof !== undefined);
    const header = parseHeader(proof.header);
    // https://mempool.space/block/830000: the hash that everybody knows it by.
    assert.match(header.hash, /^0{19}/);
    assert.equal(hashToDisplay(proof.root), header.merkleRoot);
    assert.deepEqual(
      proof.leaves.map(({ index }) => index),
      [position],
    );
  }
});

test('a merkleblock message of a node, with more than one leaf or none', (t) => {
  const bytes = sharedFile(t, 'bitcoin/spv/merkleblock-300025.raw');
  if (bytes === undefined) return;
  const proof = readMerkleBlock(new Uint8Array(bytes));
  assert.ok(proof !== undefined);
  assert.equal(hashToDisplay(proof.root), parseHeader(proof.header).merkleRoot);
});

/** Trees of made-up transactions, with the root in the header. */
function madeUp(txCount: number, seed: string): { header: Uint8Array; hashes: Uint8Array } {
  const random = seededRandom(seed);
  const hashes = random.bytes(32 * txCount);
  const header = random.bytes(80);
  header.set(merkleRoot(hashes, txCount), 36);
  return { header, hashes };
}

function proofOf(txCount: number, index: number, seed: string): Uint8Array {
  const { header, hashes } = madeUp(txCount, seed);
  const leaf = hashes.slice(32 * index, 32 * index + 32);
  return merkleBlock(header, txCount, index, leaf, merkleBranch(hashes, txCount, index));
}

test('every place in trees of many sizes', () => {
  for (const txCount of [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33, 100]) {
    const { header, hashes } = madeUp(txCount, `tree ${txCount}`);
    for (let index = 0; index < txCount; index += 1) {
      const proof = readMerkleBlock(proofOf(txCount, index, `tree ${txCount}`));
      assert.ok(proof !== undefined, `${index} of ${txCount}`);
      assert.deepEqual(proof.root, header.subarray(36, 68));
      assert.equal(proof.txCount, txCount);
      const [leaf] = proof.leaves;
      assert.equal(leaf!.index, index);
      assert.deepEqual(leaf!.txid, hashes.slice(32 * index, 32 * index + 32));
    }
  }
});

test('a proof with any one bit changed proves nothing else', () => {
  for (const [txCount, index] of [
    [1, 0],
    [5, 4],
    [7, 2],
    [16, 9],
  ] as const) {
    const seed = `bits ${txCount}`;
    const good = proofOf(txCount, index, seed);
    const { hashes } = madeUp(txCount, seed);
    const root = good.subarray(36, 68);
    for (let bit = 8 * 80; bit < 8 * good.length; bit += 1) {
      const bad = good.slice();
      bad[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
      const proof = readMerkleBlock(bad);
      if (proof === undefined || bytesToHex(proof.root) !== bytesToHex(root)) continue;
      // Unused bits of the last flags; the bit of a leaf, which may be proven or not; the number of transactions, which no hash
      // covers where the tree looks the same. What is proven then is true all the same.
      for (const leaf of proof.leaves) {
        const expected = hashes.slice(32 * leaf.index, 32 * leaf.index + 32);
        assert.deepEqual(leaf.txid, expected, `bit ${bit} of ${txCount}`);
      }
    }
  }
});

test('cut bytes, lists without end and equal neighbours are no proof', () => {
  const good = proofOf(7, 6, 'cut');
  for (let length = 0; length < good.length; length += 1) {
    assert.equal(readMerkleBlock(good.subarray(0, length)), undefined);
  }
  assert.equal(readMerkleBlock(Uint8Array.of(...good, 0)), undefined);
  const huge = good.slice();
  huge.fill(0xff, 80, 84);
  assert.equal(readMerkleBlock(huge), undefined);
  // CVE-2012-2459: a tree of two transactions that are the same has the root of a tree of one.
  const leaf = sha256d(Uint8Array.of(1));
  const header = new Uint8Array(80);
  assert.equal(readMerkleBlock(merkleBlock(header, 2, 1, leaf, [leaf])), undefined);
});
