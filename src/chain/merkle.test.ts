import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { bytesToHex, displayToHash, hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BlockColumns, readBlockColumns } from './block-columns.hot.ts';
import { parseHeader } from './header.ts';
import {
  checkMerkleRoot,
  checkWitnessCommitment,
  computeMerkle,
  merkleBranch,
  merkleRoot,
  merkleRootFromBranch,
} from './merkle.ts';
import { getNetwork } from './network.ts';
import { parseBlock } from './transaction.ts';

function slowSha256d(data: Uint8Array): Buffer {
  const once = createHash('sha256').update(data).digest();
  return createHash('sha256').update(once).digest();
}

/** The textbook way, with an array per level. */
function slowRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0]!;
  const above: Uint8Array[] = [];
  for (let i = 0; i < hashes.length; i += 2) {
    above.push(slowSha256d(Buffer.concat([hashes[i]!, hashes[i + 1] ?? hashes[i]!])));
  }
  return slowRoot(above);
}

function randomHashes(count: number, seed: string): Uint8Array[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => random.bytes(32));
}

test('root and every branch equal the textbook way, for 1 to 40 hashes', () => {
  for (let count = 1; count <= 40; count += 1) {
    const list = randomHashes(count, `merkle-${count}`);
    const joined = new Uint8Array(Buffer.concat(list));
    const expected = bytesToHex(slowRoot(list));
    const { root, isMutated } = computeMerkle(joined, count);
    assert.equal(bytesToHex(root), expected);
    assert.equal(isMutated, false);
    for (let index = 0; index < count; index += 1) {
      const branch = merkleBranch(joined, count, index);
      assert.equal(bytesToHex(merkleRootFromBranch(list[index]!, branch, index)), expected);
      if (count > 1) {
        const wrong = merkleRootFromBranch(list[(index + 1) % count]!, branch, index);
        assert.notEqual(bytesToHex(wrong), expected);
      }
    }
  }
});

test('a list with its end repeated has the same root and is recognised (CVE-2012-2459)', () => {
  for (const [count, repeated] of [
    [3, 1],
    [6, 2],
    [5, 1],
    [12, 4],
  ] as const) {
    const list = randomHashes(count, `mutation-${count}`);
    const longer = [...list, ...list.slice(count - repeated)];
    const joined = new Uint8Array(Buffer.concat(longer));
    const result = computeMerkle(joined, longer.length);
    assert.equal(bytesToHex(result.root), bytesToHex(slowRoot(list)), 'the trap itself');
    assert.equal(result.isMutated, true);
  }
});

test('no hash, or more than there are bytes, is a fault of the caller', () => {
  assert.throws(() => merkleRoot(new Uint8Array(32), 0), RangeError);
  assert.throws(() => merkleRoot(new Uint8Array(63), 2), RangeError);
  assert.throws(() => merkleBranch(new Uint8Array(64), 2, 2), RangeError);
});

test('all real blocks: Merkle roots and witness commitments, also the slow way', (t) => {
  const blocks = allRealBlocks(t);
  if (blocks === undefined) return;
  const columns = new BlockColumns();
  let committed = 0;
  for (const { name, network, bytes } of blocks) {
    readBlockColumns(bytes, network, columns);
    assert.equal(checkMerkleRoot(bytes, columns), 'ok', name);
    const verdict = checkWitnessCommitment(bytes, columns);
    if (bytes.length < 400_000) {
      const { transactions, header } = parseBlock(bytes, network);
      const txids = transactions.map((tx) => displayToHash(tx.txid));
      assert.equal(hashToDisplay(slowRoot(txids)), header.merkleRoot, name);
      const hasWitness = transactions.some((tx) => tx.inputs.some((i) => i.witness.length > 0));
      assert.equal(verdict, hasWitness ? 'ok' : 'absent', name);
      if (hasWitness) {
        const wtxids = transactions.map((tx, i) => displayToHash(i ? tx.wtxid : '00'.repeat(32)));
        const reserved = transactions[0]!.inputs[0]!.witness[0]!;
        const expected = slowSha256d(Buffer.concat([slowRoot(wtxids), reserved]));
        const script = Buffer.concat([hexToBytes('6a24aa21a9ed'), expected]);
        const outputs = transactions[0]!.outputs;
        assert.ok(
          outputs.some((output) => script.equals(output.script.subarray(0, 38))),
          `${name}: commitment recomputed`,
        );
      }
    }
    if (verdict === 'ok') committed += 1;
    else assert.equal(verdict, 'absent', name);
  }
  // As listed with the data: seven single blocks after segwit and the four of 2024.
  assert.equal(committed, 11);
});

test('a changed byte shows: in a script as Merkle mismatch, in a witness as commitment mismatch', (t) => {
  const block = allRealBlocks(t)?.find((each) => each.name === 'mainnet-482683.raw');
  if (block === undefined) return;
  const columns = new BlockColumns();
  readBlockColumns(block.bytes, block.network, columns);
  const inScript = block.bytes.slice();
  inScript[columns.outScriptOffset[columns.txFirstOutput[1]!]! + 4]! ^= 1;
  readBlockColumns(inScript, block.network, columns);
  assert.equal(checkMerkleRoot(inScript, columns), 'mismatch');

  const witnessRow = columns.inWitnessOffset.findIndex((at, i) => i > 0 && at > 0);
  const inWitness = block.bytes.slice();
  inWitness[columns.inWitnessOffset[witnessRow]! + columns.inWitnessLength[witnessRow]! - 1]! ^= 1;
  readBlockColumns(inWitness, block.network, columns);
  assert.equal(checkMerkleRoot(inWitness, columns), 'ok');
  assert.equal(checkWitnessCommitment(inWitness, columns), 'mismatch');

  // The commitment itself renamed, so that there is none: witness data without one is a mismatch.
  const without = block.bytes.slice();
  const mark = Buffer.from(without).indexOf(Buffer.from('6a24aa21a9ed', 'hex'));
  without[mark + 2]! ^= 1;
  readBlockColumns(without, block.network, columns);
  assert.equal(checkWitnessCommitment(without, columns), 'mismatch');
});

test('a block whose last transactions stand twice is refused though its root is right', (t) => {
  const block = allRealBlocks(t)?.find((each) => each.name === 'testnet3-32768.raw');
  if (block === undefined) return;
  const columns = new BlockColumns();
  readBlockColumns(block.bytes, block.network, columns);
  assert.equal(columns.txCount, 5);
  const last = columns.txOffset[4]!;
  const twice = Buffer.concat([block.bytes, block.bytes.subarray(last)]);
  twice[80] = 6;
  readBlockColumns(twice, block.network, columns);
  assert.equal(
    hashToDisplay(merkleRoot(columns.txids, 6)),
    parseHeader(block.bytes).merkleRoot,
    'the trap itself',
  );
  assert.equal(checkMerkleRoot(twice, columns), 'mismatch');
});

interface SpvProof {
  tx_id: string;
  index: number;
  intermediate_nodes: string;
  confirming_header: { raw: string };
}

test('a published stateless proof leads to its header', (t) => {
  const proofs = sharedJson<{ valid: string[] }>(t, 'bitcoin/spv/summa-testProofs.json');
  if (proofs === undefined) return;
  assert.ok(proofs.valid.length > 0);
  for (const text of proofs.valid) {
    const proof = JSON.parse(text) as SpvProof;
    const plain = (hex: string): Uint8Array => hexToBytes(hex.replace('0x', ''));
    const nodes = plain(proof.intermediate_nodes);
    const branch = Array.from({ length: nodes.length / 32 }, (_, i) =>
      nodes.subarray(32 * i, 32 * i + 32),
    );
    const root = merkleRootFromBranch(plain(proof.tx_id), branch, proof.index);
    assert.equal(hashToDisplay(root), parseHeader(plain(proof.confirming_header.raw)).merkleRoot);
  }
});

test('merged mining is another header form: the Merkle root of a Namecoin block fits', (t) => {
  const file = sharedFile(t, 'bitcoin/framing/namecoin-auxpow.blk');
  if (file === undefined) return;
  const block = new Uint8Array(file.subarray(8, 8 + file.readUInt32LE(4)));
  const columns = new BlockColumns();
  const main = getNetwork('main');
  assert.throws(() => readBlockColumns(block, main, columns), { code: 'CLEW_BLOCK_DAMAGED' });
  readBlockColumns(block, { ...main, headerForm: 'auxpow' }, columns);
  assert.ok(columns.bodyOffset > 80);
  assert.equal(checkMerkleRoot(block, columns), 'ok');
});
