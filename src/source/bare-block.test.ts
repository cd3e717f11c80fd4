import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mineBlock, REGTEST_GENESIS } from '../../test/support/mined-blocks.ts';
import { sharedFile, sharedJson } from '../../test/support/shared-data.ts';
import { parseHeader } from '../chain/header.ts';
import type { NetworkName } from '../chain/network.ts';
import { isPossibleMainnetDifficulty, looksLikeBlock, possibleNetworks } from './bare-block.ts';

function networksOf(bytes: Uint8Array): NetworkName[] {
  const { hash, prevHash, time, bits } = parseHeader(bytes);
  return possibleNetworks({ hash, prevHash, timeSeconds: time, bits }, bytes);
}

test('every retarget of mainnet is above the floor of its time', (t) => {
  const headers = sharedJson<Record<string, string>>(t, 'bitcoin/headers/retarget-headers.json');
  if (headers === undefined) return;
  assert.equal(Object.keys(headers).length, 827);
  for (const [height, hex] of Object.entries(headers)) {
    const bytes = Buffer.from(hex, 'hex');
    assert.deepEqual(networksOf(bytes), ['main'], `height ${height}`);
    const { bits, time } = parseHeader(bytes);
    // Room on both sides: half as hard is still mainnet, 10,000 times easier from 2012 on is not.
    assert.ok(isPossibleMainnetDifficulty(bits, time));
    if (time > 1_325_376_000) {
      const easier = bits + 2 * 0x100_0000;
      assert.ok(!isPossibleMainnetDifficulty(easier, time), `height ${height}`);
    }
  }
});

const SINGLE: readonly (readonly [file: string, network: NetworkName])[] = [
  ['mainnet-169482', 'main'],
  ['mainnet-227835', 'main'],
  ['mainnet-300025', 'main'],
  ['mainnet-830000', 'main'],
  ['testnet3-21066', 'testnet3'],
  ['testnet3-32768', 'testnet3'],
  ['testnet3-700000', 'testnet3'],
  ['testnet3-924634', 'testnet3'],
];

for (const [name, network] of SINGLE) {
  test(`${name} is told to be of ${network}`, (t) => {
    const bytes = sharedFile(t, `bitcoin/blocks/single/${name}.raw`);
    if (bytes === undefined) return;
    assert.ok(looksLikeBlock(bytes.subarray(0, 256)));
    assert.deepEqual(networksOf(bytes), [network]);
  });
}

test('signet headers are never taken for mainnet', (t) => {
  const headers = sharedFile(t, 'bitcoin/headers/signet-0-2015.bin');
  if (headers === undefined) return;
  for (let at = 0; at < headers.length; at += 80) {
    assert.deepEqual(networksOf(headers.subarray(at, at + 80)), ['signet']);
  }
});

test('the regtest target means regtest, the genesis block its network', () => {
  assert.deepEqual(networksOf(REGTEST_GENESIS.bytes), ['regtest']);
  assert.deepEqual(networksOf(mineBlock({ prevHash: '11'.repeat(32), height: 7 }).bytes), [
    'regtest',
  ]);
});

test('a header without work is of no network, and other bytes are no block', () => {
  const { bytes } = mineBlock({ prevHash: '11'.repeat(32), height: 7 });
  const weak = bytes.slice();
  weak.set([0xff, 0xff, 0x00, 0x1d], 72);
  assert.deepEqual(networksOf(weak), []);
  assert.ok(looksLikeBlock(weak));
  assert.ok(!looksLikeBlock(new Uint8Array(256)));
  assert.ok(!looksLikeBlock(bytes.subarray(0, 90)));
  assert.ok(!looksLikeBlock(Buffer.alloc(256, 'text ')));
});
