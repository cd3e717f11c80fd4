/**
 * How fast real blocks of 2024 are parsed, hashed, checked and loaded. There are four of them, so they are loaded in a
 * loop: each round into a fresh in-memory flow index with fresh row buffers, which is all of indexing but the database.
 * Then once through the database, start-up apart.
 *
 * Checked: the Merkle roots and witness commitments (the loader refuses others), and the transaction count.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlockLoader } from '../src/ledger/block-loader.hot.ts';
import { countFlow } from '../src/ledger/counters.ts';
import { FlowIndex } from '../src/ledger/flow-index.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { sharedFolder } from '../test/support/shared-data.ts';
import type { BenchFigure } from './figure.ts';

const ROUNDS = 12;
const WARM_UP_ROUNDS = 3;
const TRANSACTIONS = 10_718;

export async function run(): Promise<BenchFigure[]> {
  const path = join(sharedFolder(), 'data/bitcoin/blocks/modern');
  if (!existsSync(path)) {
    process.stderr.write('!! SHARED DATA MISSING: bitcoin/blocks/modern, the bench did not run\n');
    return [];
  }
  const source = await openBlockSource(path);
  const blocks = source.blocks.map((block) => ({
    height: block.height,
    hash: block.hash,
    offsetBytes: block.offsetBytes,
    bytes: source.readBlock(block),
  }));
  const roundBytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0);
  let seconds = 0;
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const flow = FlowIndex.inMemory(source.network);
    const start = performance.now();
    const loader = new BlockLoader(flow, countFlow(flow));
    for (const block of blocks) {
      loader.addBlock(block.bytes, {
        height: block.height,
        hash: block.hash,
        fileId: 0,
        fileOffset: block.offsetBytes,
      });
    }
    if (round >= WARM_UP_ROUNDS) seconds += (performance.now() - start) / 1000;
    assert.equal(flow.txCount, TRANSACTIONS);
  }
  return [
    {
      name: 'real blocks of 2024: parse, hash, check, load rows',
      value: (roundBytes * ROUNDS) / seconds / 1e6,
      unit: 'MB/s',
      targetMin: 60,
      note: `${ROUNDS} rounds over four blocks after ${WARM_UP_ROUNDS} to warm up`,
    },
    ...(await measureOnce(path)),
  ];
}

/** The four blocks through the whole of indexing, in a process that has just read them several times. */
async function measureOnce(path: string): Promise<BenchFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-'));
  try {
    const source = await openBlockSource(path);
    const ledger = await Ledger.open(join(folder, 'ledger'), source.network);
    const start = performance.now();
    const result = await indexBlocks(ledger, source);
    const seconds = (performance.now() - start) / 1000;
    assert.equal(result.transactionsAdded, TRANSACTIONS);
    await ledger.close();
    return [
      {
        name: 'real blocks of 2024: whole index, once',
        value: result.bytesRead / seconds / 1e6,
        unit: 'MB/s',
        targetMin: 60,
        note: 'with the database, commit and sync of 6.9 MB',
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
