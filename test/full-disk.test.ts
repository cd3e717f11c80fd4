import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { countFlow } from '../src/ledger/counters.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { makeBranchingChain } from './support/branching-chain.ts';
import { compareCounters, compareHistoryRows, compareTables } from './support/compare-ledger.ts';
import { NaiveLedger } from './support/naive-ledger.ts';
import { blocksTo, naiveLedgerOf } from './support/some-blocks.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** A file system of its own, so that it can really be full. Needs Linux and the right to mount. */
function mountSmallDisk(folder: string, megabytes: number): boolean {
  const options = `size=${megabytes}m`;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
}

test('a full disk stops indexing with its own error, and the next run goes on', async (t) => {
  const folder = temporaryFolder('full');
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (!mountSmallDisk(disk, 5)) {
    console.error('!! NO RIGHT TO MOUNT: the full-disk test did not run');
    t.skip('mounting a small disk is not allowed here');
    return;
  }
  try {
    await simulate({ outDir: join(folder, 'economy'), transactions: 12_000, seed: 'full-disk' });
    const source = await openBlockSource(join(folder, 'economy/blocks'));
    let ledger = await Ledger.open(join(disk, 'regtest'), source.network);
    await assert.rejects(indexBlocks(ledger, source, { batchRows: 4_000 }), {
      code: 'CLEW_NO_SPACE',
    });
    const stoppedAt = ledger.tip?.height ?? -1;
    await ledger.close();
    spawnSync('mount', ['-o', 'remount,size=600m', disk]);
    ledger = await Ledger.open(join(disk, 'regtest'), source.network);
    assert.equal(ledger.tip?.height ?? -1, stoppedAt);
    await indexBlocks(ledger, source);
    const naive = new NaiveLedger(source.network);
    for (const block of source.blocks) naive.addBlock(source.readBlock(block), block.height);
    assert.equal(ledger.counters.transactions, 12_000);
    assert.equal(ledger.counters.unspentSats, naive.unspentSats);
    assert.equal(ledger.counters.addresses, naive.addresses.size);
    assert.deepEqual(countFlow(await ledger.openFlow()), ledger.counters);
    await ledger.close();
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});

test('with little room left, adding, reorganising and undoing stop with their own error and leave a whole ledger', async (t) => {
  const folder = temporaryFolder('full-stages');
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (!mountSmallDisk(disk, 600)) {
    t.skip('mounting a small disk is not allowed here');
    return;
  }
  const resize = (bytes: number): void => {
    spawnSync('mount', ['-o', `remount,size=${Math.ceil(bytes / 1024)}k`, disk]);
  };
  const usedBytes = (): number => {
    const { blocks, bfree, bsize } = statfsSync(disk);
    return (blocks - bfree) * bsize;
  };
  try {
    const random = seededRandom('full-stages');
    const { source, longer, forkHeight } = await makeBranchingChain(folder, {
      transactions: 900,
      seed: 'full',
      depth: 25,
      longerBlocks: 10,
      betterBlocks: 12,
      random,
    });
    const path = join(disk, 'regtest');
    const steps: readonly ((ledger: Ledger) => Promise<unknown>)[] = [
      (ledger) => indexBlocks(ledger, longer, { batchRows: 400, checkpointRows: 900 }),
      (ledger) => indexBlocks(ledger, source, { batchRows: 400 }),
      (ledger) => ledger.undoAbove(forkHeight - 20),
    ];
    let stops = 0;
    for (const step of steps) {
      for (const roomKilobytes of [0, 60, 250, 700, 1_500]) {
        let ledger = await Ledger.open(path, source.network);
        resize(usedBytes() + roomKilobytes * 1024);
        await step(ledger).catch((error: unknown) => {
          assert.equal((error as { code?: unknown }).code, 'CLEW_NO_SPACE', String(error));
          stops += 1;
        });
        await ledger.close();
        resize(600 * 1024 ** 2);
        ledger = await Ledger.open(path, source.network);
        if (ledger.tip !== undefined) {
          const { height, hash } = ledger.tip;
          const branch = source.blocks.some((block) => block.hash === hash) ? source : longer;
          assert.ok(branch.blocks.some((block) => block.hash === hash));
          await compareCounters(ledger, naiveLedgerOf(blocksTo(branch, height)));
        }
        await ledger.close();
      }
      const ledger = await Ledger.open(path, source.network);
      await step(ledger);
      await ledger.close();
    }
    assert.ok(stops >= 5, `it stopped only ${stops} times`);
    const ledger = await Ledger.open(path, source.network);
    await indexBlocks(ledger, source);
    const naive = naiveLedgerOf(source);
    await compareCounters(ledger, naive);
    await compareHistoryRows(ledger, naive);
    await compareTables(ledger, source);
    await ledger.close();
  } finally {
    spawnSync('umount', ['-l', disk]);
  }
});
