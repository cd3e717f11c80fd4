import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRealBlocks } from '../../test/support/real-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { parseHeader } from './header.ts';
import { getNetwork, NETWORKS, type Network } from './network.ts';
import { bitsFromTarget, checkProofOfWork, targetFromBits, workFromBits } from './proof-of-work.ts';

const MAIN = getNetwork('main');

test('published compact targets', (t) => {
  const vectors = sharedJson<{ targets: { bits: string; expected: string }[] }>(
    t,
    'bitcoin/vectors/bitcoinjs/block.json',
  );
  if (vectors === undefined) return;
  for (const { bits, expected } of vectors.targets) {
    const compact = Number.parseInt(bits, 16);
    // One of them has the sign bit set, which bitcoinjs passes over and consensus refuses.
    const isNegative = Math.floor(compact / 0x80_0000) % 2 === 1;
    assert.equal(targetFromBits(compact), isNegative ? 0n : BigInt(`0x${expected}`), bits);
  }
});

test('compact targets as in the unit tests of Bitcoin Core (arith_uint256_tests, bignum_SetCompact)', () => {
  const cases: [number, bigint, number?][] = [
    [0x00000000, 0n],
    [0x00123456, 0n],
    [0x01003456, 0n],
    [0x02000056, 0n],
    [0x03000000, 0n],
    [0x04000000, 0n],
    [0x00923456, 0n],
    [0x01803456, 0n],
    [0x01123456, 0x12n, 0x01120000],
    [0x02123456, 0x1234n, 0x02123400],
    [0x03123456, 0x123456n, 0x03123456],
    [0x04123456, 0x12345600n, 0x04123456],
    [0x05009234, 0x92340000n, 0x05009234],
    [0x20123456, 0x123456n << 232n, 0x20123456],
    // Negative, and beyond 256 bits: nothing meets them.
    [0x01fedcba, 0n],
    [0x04923456, 0n],
    [0xff123456, 0n],
    [0x23000001, 0n],
    [0x22000001, 1n << 248n, 0x20010000],
  ];
  for (const [bits, target, back] of cases) {
    assert.equal(targetFromBits(bits), target, bits.toString(16));
    if (back !== undefined) assert.equal(bitsFromTarget(target), back, bits.toString(16));
  }
  assert.equal(bitsFromTarget(0n), 0);
  assert.equal(bitsFromTarget(0x80n), 0x02008000);
});

test('targets and their compact form turn into each other (property)', () => {
  const random = seededRandom('compact');
  for (let i = 0; i < 3000; i += 1) {
    const mantissa = random.int(0x8000, 0x7fffff);
    const bits = random.int(3, 32) * 0x100_0000 + mantissa;
    assert.equal(bitsFromTarget(targetFromBits(bits)), bits, `seed ${random.seed}, round ${i}`);
  }
});

test('work adds up to the totals of published chain states', (t) => {
  const file = sharedFile(t, 'bitcoin/headers/mainnet-0-10236.bin');
  if (file === undefined) return;
  for (const height of [169, 2015]) {
    const state = sharedJson<{ chain_state: { total_work: string; current_target: string } }>(
      t,
      `bitcoin/headers/state/light_${height}.json`,
    );
    if (state === undefined) return;
    let work = 0n;
    for (let at = 0; at <= height; at += 1) work += workFromBits(parseHeader(file, 80 * at).bits);
    assert.equal(work, BigInt(state.chain_state.total_work), `height ${height}`);
    const { bits } = parseHeader(file, 80 * height);
    assert.equal(targetFromBits(bits), BigInt(state.chain_state.current_target));
  }
});

test('one block adds the work that the published states differ by', (t) => {
  for (const height of [169, 2015, 57042, 481823, 839999]) {
    const state = sharedJson<{
      chain_state: { total_work: string };
      expected: { total_work: string; current_target: string };
      blocks: { header: { bits: number } }[];
    }>(t, `bitcoin/headers/state/light_${height}.json`);
    if (state === undefined) return;
    const works = state.blocks.map((block) => workFromBits(block.header.bits));
    const sum = works.reduce((total, work) => total + work, 0n);
    const difference = BigInt(state.expected.total_work) - BigInt(state.chain_state.total_work);
    assert.equal(sum, difference, `height ${height}`);
    const last = state.blocks.at(-1)!.header.bits;
    assert.equal(targetFromBits(last), BigInt(state.expected.current_target), `height ${height}`);
  }
  assert.equal(workFromBits(0), 0n);
  assert.equal(workFromBits(0x207fffff), 2n);
});

test('all real headers and blocks meet their target, the stale one too', (t) => {
  const chains: [string, Network][] = [
    ['mainnet-0-10236', MAIN],
    ['mainnet-822528-830592', MAIN],
    ['signet-0-2015', NETWORKS.signet],
    ['stale-823226', MAIN],
  ];
  for (const [name, network] of chains) {
    const file = sharedFile(t, `bitcoin/headers/${name}.bin`);
    if (file === undefined) return;
    for (let at = 0; at < file.length; at += 80) {
      assert.equal(checkProofOfWork(file.subarray(at, at + 80), network), 'ok', `${name} ${at}`);
    }
  }
  for (const block of allRealBlocks(t) ?? []) {
    assert.equal(checkProofOfWork(block.bytes, block.network), 'ok', block.name);
  }
});

test('a stale block has the parent of a block of the best chain', (t) => {
  const stale = sharedFile(t, 'bitcoin/headers/stale-823226.bin');
  const best = sharedFile(t, 'bitcoin/headers/mainnet-822528-830592.bin');
  if (stale === undefined || best === undefined) return;
  const rival = parseHeader(best, 80 * (823_226 - 822_528));
  const header = parseHeader(stale);
  assert.equal(header.prevHash, rival.prevHash);
  assert.notEqual(header.hash, rival.hash);
});

test('a header whose nonce was changed fails, an unknown proof of work is unchecked', (t) => {
  const file = sharedFile(t, 'bitcoin/headers/mainnet-0-10236.bin');
  if (file === undefined) return;
  const header = Buffer.from(file.subarray(0, 80));
  header[76]! ^= 1;
  assert.equal(checkProofOfWork(header, MAIN), 'failed');
  assert.equal(checkProofOfWork(header, { ...MAIN, proofOfWork: 'none' }), 'unchecked');
  // The version of this header announces no proof, so the work must be its own.
  assert.equal(checkProofOfWork(header, { ...MAIN, headerForm: 'auxpow' }), 'failed');
  const merged = header.slice();
  merged[1] = 1;
  assert.equal(checkProofOfWork(merged, { ...MAIN, headerForm: 'auxpow' }), 'unchecked');
  assert.throws(() => checkProofOfWork(header.subarray(0, 79), MAIN), {
    code: 'CLEW_BLOCK_DAMAGED',
  });
});

test('a target that is too easy for the network fails, however good the hash', (t) => {
  const file = sharedFile(t, 'bitcoin/headers/signet-0-2015.bin');
  if (file === undefined) return;
  const header = file.subarray(80, 160);
  assert.equal(checkProofOfWork(header, NETWORKS.signet), 'ok');
  assert.equal(checkProofOfWork(header, MAIN), 'failed');
});

test('the Litecoin genesis header meets its target by scrypt', () => {
  // Litecoin Core chainparams.cpp: time 1317972665, bits 0x1e0ffff0, nonce 2084524493.
  const root = '97ddfbbae6be97fd6cdf3e7ca13232a3afff2353e29badfab7f73011edd4ced9';
  const header = Buffer.alloc(80);
  header.writeInt32LE(1, 0);
  header.set(hexToBytes(root).reverse(), 36);
  header.writeUInt32LE(1317972665, 68);
  header.writeUInt32LE(0x1e0ffff0, 72);
  header.writeUInt32LE(2084524493, 76);
  assert.equal(parseHeader(header).hash, NETWORKS.litecoin.genesisHash);
  assert.equal(checkProofOfWork(header, NETWORKS.litecoin), 'ok');
  header[76]! ^= 1;
  assert.equal(checkProofOfWork(header, NETWORKS.litecoin), 'failed');
});
