import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NETWORKS } from '../chain/network.ts';
import { trueNetwork } from './source-network.ts';

/** The first block of Bitcoin Cash alone, and the block of Bitcoin at the same height (both of 1 August 2017). */
const CASH = '000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec';
const BITCOIN = '00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148';

test('Bitcoin and Bitcoin Cash share magic and beginning: block 478,559 tells', () => {
  const chain = (hash: string) => (height: number) => (height === 478_559 ? hash : undefined);
  const { main, bitcoincash, litecoin } = NETWORKS;
  assert.equal(trueNetwork(main, chain(CASH))?.name, 'bitcoincash');
  assert.equal(trueNetwork(bitcoincash, chain(BITCOIN))?.name, 'main');
  assert.equal(trueNetwork(main, chain(BITCOIN)), undefined);
  assert.equal(trueNetwork(bitcoincash, chain(CASH)), undefined);
  assert.equal(trueNetwork(litecoin, chain(CASH)), undefined);
  // Before they parted, all blocks are of both.
  assert.equal(
    trueNetwork(main, () => undefined),
    undefined,
  );
  assert.equal(
    trueNetwork(bitcoincash, () => undefined),
    undefined,
  );
});
