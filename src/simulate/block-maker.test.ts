import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBlock, readBlock } from '../../test/support/slow-chain.ts';
import { bytesToHex } from '../bytes/hex.ts';
import { BlockMaker, genesisBlock, heightPush } from './block-maker.ts';

test('heights are written as BIP 34 and Bitcoin Core write them', () => {
  // CScript() << height, with OP_1 to OP_16 for the smallest.
  const expected: Readonly<Record<number, string>> = {
    1: '51',
    16: '60',
    17: '0111',
    127: '017f',
    128: '028000',
    255: '02ff00',
    256: '020001',
    32767: '02ff7f',
    32768: '03008000',
    // The height that BIP 34 gives as its example: 03 and three bytes for block 227,836.
    227836: '03fc7903',
  };
  for (const [height, hex] of Object.entries(expected)) {
    assert.equal(bytesToHex(heightPush(Number(height))), hex, height);
  }
});

test('the genesis block is that of regtest', () => {
  const genesis = readBlock(Buffer.from(genesisBlock()));
  checkBlock(genesis);
  // Bitcoin Core, src/kernel/chainparams.cpp, CRegTestParams.
  assert.equal(genesis.hash, '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206');
  assert.equal(
    genesis.merkleRoot,
    '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
  );
});

test('a block without transactions has a coinbase alone, and no witness commitment', () => {
  const maker = new BlockMaker();
  maker.begin();
  const script = Uint8Array.of(0x51);
  const sealed = maker.seal({
    height: 7,
    timeSeconds: 1_609_459_200,
    previousHash: new Uint8Array(32).fill(3),
    outputs: [{ script, sats: 5_000_000_000 }],
    mark: Uint8Array.of(1, 2),
  });
  const block = readBlock(Buffer.concat([sealed.front, sealed.body]));
  checkBlock(block);
  assert.equal(block.transactions.length, 1);
  assert.equal(block.transactions[0]!.outputs.length, 1);
  assert.equal(block.previousHash, '03'.repeat(32));
  assert.equal(bytesToHex(block.transactions[0]!.inputs[0]!.scriptSig), '570102');
});
