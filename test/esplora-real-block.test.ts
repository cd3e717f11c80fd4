/** The Esplora API over a real block, in mid-chain: proofs as Bitcoin Core made them, bytes as they are. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveLedger } from './support/served-ledger.ts';
import { sharedFile, sharedPath } from './support/shared-data.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('esplora-real');

test('block 830000: merkle blocks of four transactions, bytes, weight, a page of transactions', async (t) => {
  const path = sharedPath(t, 'bitcoin/blocks/single/mainnet-830000.raw');
  const block = sharedFile(t, 'bitcoin/blocks/single/mainnet-830000.raw');
  if (path === undefined || block === undefined) return;
  mkdirSync(join(folder, 'blocks'));
  copyFileSync(path, join(folder, 'blocks', 'block.raw'));
  const served = await serveLedger(join(folder, 'blocks'), folder);
  t.after(() => served.close());
  const get = (what: string): Promise<Response> => fetch(`${served.base}/${what}`);
  assert.equal(await (await get('blocks/tip/height')).text(), '830000');
  const hash = await (await get('blocks/tip/hash')).text();
  const txids = (await (await get(`block/${hash}/txids`)).json()) as string[];
  for (const index of [0, 1, 10, 100]) {
    const expected = sharedFile(t, `bitcoin/spv/gettxoutproof-830000-tx${index}.bin`);
    if (expected === undefined) return;
    const proof = await (await get(`tx/${txids[index]}/merkleblock-proof`)).text();
    assert.equal(proof, expected.toString('hex'));
  }
  const raw = Buffer.from(await (await get(`block/${hash}/raw`)).arrayBuffer());
  assert.ok(raw.equals(block));
  const value = (await (await get(`block/${hash}`)).json()) as Record<string, unknown>;
  const [naive] = served.naive.blocks;
  assert.equal(value['weight'], naive!.weight);
  assert.equal(value['size'], block.length);
  assert.equal(value['mediantime'], null);
  const page = await (await get(`block/${hash}/txs/50`)).json();
  const expected = naive!.txs.slice(50, 75).map((one) => served.naive.transaction(one));
  assert.deepEqual(page, JSON.parse(JSON.stringify(expected)));
  assert.deepEqual(served.faults, []);
});
