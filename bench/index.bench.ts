/**
 * How fast block files become a ledger: one million simulated transactions, everything indexed, the flow index
 * built and committed, clustered. Checked before it counts: the number of transactions, and every counter against
 * a second count over the flow index.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClustering } from '../src/cluster/cluster-run.ts';
import { countFlow } from '../src/ledger/counters.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import type { BenchFigure } from './figure.ts';
import { folderBytes } from './folder-bytes.ts';

const TRANSACTIONS = 1_000_000;

export async function run(): Promise<BenchFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-'));
  try {
    const simulated = join(folder, 'simulated');
    const before = performance.now();
    await simulate({ outDir: simulated, transactions: TRANSACTIONS, seed: 'bench' });
    const simulateSeconds = (performance.now() - before) / 1000;
    return [
      {
        name: 'simulate',
        value: TRANSACTIONS / simulateSeconds,
        unit: 'tx/s',
        note: 'one million transactions with their truth',
      },
      ...(await measureIndex(simulated, folder)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureIndex(simulated: string, folder: string): Promise<BenchFigure[]> {
  const source = await openBlockSource(join(simulated, 'blocks'));
  const ledgerFolder = join(folder, 'ledger');
  const ledger = await Ledger.open(ledgerFolder, source.network);
  const start = performance.now();
  const result = await indexBlocks(ledger, source);
  const seconds = (performance.now() - start) / 1000;
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const flow = await ledger.openFlow();
  assert.equal(result.transactionsAdded, TRANSACTIONS);
  assert.deepEqual(ledger.counters, countFlow(flow));
  const clusterStart = performance.now();
  const clusters = runClustering(flow);
  const clusterSeconds = (performance.now() - clusterStart) / 1000;
  assert.equal(clusters.addressCount, ledger.counters.addresses);
  await ledger.close();
  return [
    {
      name: 'index',
      value: TRANSACTIONS / seconds,
      unit: 'tx/s',
      targetMin: 40_000,
      note: 'simulated blocks, tables and flow index, counters checked',
    },
    { name: 'index, bytes', value: result.bytesRead / seconds / 1e6, unit: 'MB/s' },
    {
      name: 'index, peak memory',
      value: peakBytes / 1e9,
      unit: 'GB',
      targetMax: 1.5,
      note: 'whole process, one million transactions (the simulation ran in it before)',
    },
    {
      name: 'ledger on disk',
      value: folderBytes(ledgerFolder) / TRANSACTIONS,
      unit: 'bytes/tx',
      note: 'tables and flow index',
    },
    {
      name: 'cluster',
      value: flow.inputCount / clusterSeconds,
      unit: 'inputs/s',
      note: 'all detectors, all links kept',
    },
  ];
}
