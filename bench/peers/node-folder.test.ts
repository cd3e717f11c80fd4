import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { simulate } from '../../src/simulate/simulate.ts';
import { walkChain } from './chain-walk.ts';
import { coreVarint, makeNodeFolder, readBlocks } from './node-folder.ts';

test("Bitcoin Core's VARINT gives the values that src/serialize.h names", () => {
  for (const [value, hex] of [
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8000'],
    [255, '807f'],
    [256, '8100'],
    [16_383, 'fe7f'],
    [16_384, 'ff00'],
    [16_511, 'ff7f'],
    [65_535, '82fe7f'],
    [2 ** 32, '8efefeff00'],
  ] as const) {
    assert.equal(Buffer.from(coreVarint(value)).toString('hex'), hex);
  }
});

test('a node folder holds every block of a simulated chain, and what is unspent adds up', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'clew-node-folder-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const simulated = await simulate({
    outDir: join(folder, 'simulated'),
    transactions: 2000,
    seed: 'node folder',
  });
  const node = makeNodeFolder(join(folder, 'simulated/blocks'), join(folder, 'node'));
  assert.equal(node.blocks, simulated.blocks);
  assert.equal(node.transactions, 2000);
  assert.equal(node.transactionsUpTo.at(-1), 2000);
  assert.equal(node.bytesUpTo.at(-1), node.bytes);

  const blocks = readBlocks(node);
  assert.equal(blocks.at(-1)!.hash, simulated.tip.hash);
  const first = readFileSync(join(node.folder, 'blocks/blk00000.dat'));
  assert.equal(first.readUInt32LE(0), 0xd9b4_bef9);

  // All fees go to the miners: what is unspent is what was issued.
  let issued = 0n;
  for (let height = 0; height < node.blocks; height++) {
    issued += 5_000_000_000n >> BigInt(Math.floor(height / 150));
  }
  const walk = walkChain(blocks.map((block) => block.bytes));
  assert.equal(walk.unspentSats, issued);
  assert.equal(walk.spentOutputs.length, node.blocks);
  assert.equal(Buffer.from(walk.spentOutputs[0]!).toString('hex'), '0100');
});
