import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeader } from '../chain/header.ts';
import { NETWORKS } from '../chain/network.ts';
import { checkProofOfWork, scryptHash } from '../chain/proof-of-work.ts';
import { parseBlock } from '../chain/transaction.ts';
import { coinGenesis, GENESIS } from './coin-genesis.ts';

test('the genesis blocks that the projects publish have the hashes of the network table, and their work', () => {
  assert.equal(Object.keys(GENESIS).length, 6);
  for (const network of Object.values(NETWORKS)) {
    if (GENESIS[network.name] === undefined && network.name !== 'bitcoincash-regtest') continue;
    const bytes = coinGenesis(network);
    assert.equal(parseHeader(bytes, 0, network).hash, network.genesisHash, network.name);
    assert.equal(checkProofOfWork(bytes, network), 'ok', network.name);
    const block = parseBlock(bytes, network);
    assert.equal(block.transactions[0]!.txid, block.header.merkleRoot);
  }
});

test('a header of Dash is named and proven by X11, one of Dogecoin proven by scrypt and named by SHA-256', () => {
  const dash = coinGenesis(NETWORKS.dash);
  const wrong = Uint8Array.from(dash);
  wrong[76] = wrong[76]! ^ 1;
  assert.equal(checkProofOfWork(wrong, NETWORKS.dash), 'failed');
  assert.notEqual(parseHeader(dash).hash, NETWORKS.dash.genesisHash, 'not by SHA-256');
  const dogecoin = coinGenesis(NETWORKS.dogecoin);
  assert.equal(scryptHash(dogecoin)[31], 0);
  wrong.set(dogecoin.subarray(0, 80));
  wrong[76] = wrong[76]! ^ 1;
  assert.equal(checkProofOfWork(wrong, NETWORKS.dogecoin), 'failed');
});
