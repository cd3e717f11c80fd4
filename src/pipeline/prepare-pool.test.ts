import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  folderWith,
  frameAll,
  mineBlock,
  mineChain,
  spend,
} from '../../test/support/mined-blocks.ts';
import { preparedColumns } from '../../test/support/prepared-columns.ts';
import { sharedPath } from '../../test/support/shared-data.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { PreparedBlock, prepareBlock } from '../ledger/prepare-block.hot.ts';
import { writeScenarioChain } from '../simulate/scenario-chain.ts';
import { type BlockSource, openBlockSource, type SourceBlock } from '../source/block-source.ts';
import { xorInPlace } from '../source/xor.hot.ts';
import { PreparePool, threadsFor } from './prepare-pool.ts';

const folder = temporaryFolder('pool');

function poolOf(
  t: TestContext,
  source: BlockSource,
  blocks: readonly SourceBlock[],
  threads: number,
): PreparePool {
  const pool = new PreparePool(blocks, source.network.name, threads);
  t.after(() => pool.close());
  return pool;
}

/** That the pool gives every block, in order and as it is prepared here. */
async function assertAll(pool: PreparePool, source: BlockSource, blocks: readonly SourceBlock[]) {
  const own = new PreparedBlock();
  for (const block of blocks) {
    const next = await pool.next();
    assert.ok(next?.prepared, `${block.height}: ${next?.error?.message ?? 'missing'}`);
    prepareBlock(source.readBlock(block), source.network, block, own);
    assert.deepEqual(preparedColumns(next.prepared), preparedColumns(own), `${block.height}`);
  }
  assert.equal(await pool.next(), undefined);
  assert.equal(await pool.next(), undefined);
}

test('the scenario chain, scrambled as Core does: the same as without threads, in order', async (t) => {
  const path = join(folder, 'scenario');
  writeScenarioChain(path);
  const file = join(path, 'blk00000.dat');
  const bytes = new Uint8Array(readFileSync(file));
  const key = seededRandom('pool-key').bytes(8);
  xorInPlace(bytes, key, 0);
  writeFileSync(file, bytes);
  writeFileSync(join(path, 'xor.dat'), key);
  const source = await openBlockSource(path);
  for (const threads of [1, 3]) {
    await assertAll(poolOf(t, source, source.blocks, threads), source, source.blocks);
  }
});

test('real blocks again and again, more than there are slots: the same as without threads', async (t) => {
  for (const part of ['modern', 'early']) {
    const path = sharedPath(t, `bitcoin/blocks/${part}`);
    if (path === undefined) return;
    const source = await openBlockSource(path);
    const rounds = part === 'modern' ? 4 : 2;
    const blocks = Array.from({ length: rounds }, () => source.blocks).flat();
    await assertAll(poolOf(t, source, blocks, 2), source, blocks);
  }
});

test('a block larger than any before gets its memory, and small ones after it theirs', async (t) => {
  const chain = mineChain(2);
  const sizes = [10, 6_000_000, 20, 2_500_000, 30];
  for (const size of sizes) {
    const { hash: prevHash, height } = chain.at(-1)!;
    const output = { sats: 1, script: Uint8Array.of(0x51) };
    const transactions = [spend('11'.repeat(32), 0, [output], new Uint8Array(size))];
    chain.push(mineBlock({ prevHash, height: height + 1, transactions }));
  }
  const source = await openBlockSource(folderWith(t, { 'blk00000.dat': frameAll(chain) }));
  assert.equal(source.blocks.length, chain.length);
  await assertAll(poolOf(t, source, source.blocks, 1), source, source.blocks);
});

test('damaged blocks and files that are gone are answers with their code; the others come', async (t) => {
  const chain = mineChain(40);
  const source = await openBlockSource(folderWith(t, { 'blk00000.dat': frameAll(chain) }));
  const file = source.blocks[0]!.file;
  const bytes = readFileSync(file);
  const changed = source.blocks[7]!;
  bytes[changed.offsetBytes + changed.lengthBytes - 10]! ^= 1;
  writeFileSync(file, bytes);
  const blocks = source.blocks.map((block): SourceBlock => {
    const { height, hash, prevHash, timeSeconds, bits, offsetBytes, lengthBytes } = block;
    const plain = { height, hash, prevHash, timeSeconds, bits, offsetBytes, lengthBytes, file };
    if (height === 20) return { ...plain, file: join(folder, 'nowhere.dat') };
    if (height === 21) return { ...plain, offsetBytes: bytes.length - 10 };
    if (height === 22) return { ...plain, hash: source.blocks[23]!.hash };
    if (height === 39) return { ...plain, lengthBytes: lengthBytes - 1 };
    if (height === 40) return { ...plain, file: folder };
    return plain;
  });
  const codes: Record<number, string> = {};
  const pool = poolOf(t, source, blocks, 2);
  for (const block of blocks) {
    const next = await pool.next();
    assert.ok(next !== undefined);
    if (next.error !== undefined) codes[block.height] = next.error.code;
    else
      assert.deepEqual(Buffer.from(next.prepared.bytes), Buffer.from(chain[block.height]!.bytes));
  }
  assert.deepEqual(codes, {
    7: 'CLEW_BLOCK_MERKLE',
    20: 'CLEW_RAW_GONE',
    21: 'CLEW_RAW_GONE',
    22: 'CLEW_BLOCK_DAMAGED',
    39: 'CLEW_BLOCK_DAMAGED',
    40: 'CLEW_FILE_UNREADABLE',
  });
});

test('a stop half-way ends the threads', async (t) => {
  const source = await openBlockSource(folderWith(t, { 'blk00000.dat': frameAll(mineChain(20)) }));
  const blocks = Array.from({ length: 500 }, () => source.blocks).flat();
  const pool = poolOf(t, source, blocks, 2);
  assert.ok((await pool.next())?.prepared);
  await pool.close();
  await pool.close();
});

test('a thread that dies is an error with a code, not a wait without end', async (t) => {
  const source = await openBlockSource(folderWith(t, { 'blk00000.dat': frameAll(mineChain(3)) }));
  const { file } = source.blocks[0]!;
  const blocks = source.blocks.map(({ height, hash, offsetBytes, lengthBytes }) => {
    // Half a byte: a fault of ours, as it were.
    const half = height === 2 ? 0.5 : 0;
    return { height, hash, file, offsetBytes, lengthBytes: lengthBytes + half } as SourceBlock;
  });
  const pool = poolOf(t, source, blocks, 1);
  await assert.rejects(pool.next(), { code: 'CLEW_WORKER_LOST' });
  await assert.rejects(pool.next(), { code: 'CLEW_WORKER_LOST' });
});

test('few blocks need no threads, unless they are asked for', async (t) => {
  const source = await openBlockSource(folderWith(t, { 'blk00000.dat': frameAll(mineChain(3)) }));
  assert.equal(threadsFor(source.blocks), 0);
  assert.equal(threadsFor(source.blocks, 2), 2);
  const large = { ...source.blocks[0]!, lengthBytes: 9_000_000 } as SourceBlock;
  assert.ok(threadsFor([large]) >= 1);
  assert.equal(threadsFor([large], 0), 0);
});
