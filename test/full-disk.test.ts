import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { countFlow } from '../src/ledger/counters.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { NaiveLedger } from './support/naive-ledger.ts';
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
