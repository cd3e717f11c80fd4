/**
 * How long the main job takes: a seed set of at least 1,000 lines over one million simulated transactions,
 * from the open ledger to the
 * written report, in a process of its own, clusters and tags read from disk.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importTags } from '../src/attribution/import-tags.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { investigateSeeds, readInput, writeReport } from '../src/pipeline/investigate-seeds.ts';
import { OpenNetwork } from '../src/pipeline/open-network.ts';
import { readPriceFile } from '../src/pipeline/price-workspace.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { openStore } from '../src/store/open-store.ts';
import type { BenchFigure } from './figure.ts';

const TRANSACTIONS = 1_000_000;

export async function run(): Promise<BenchFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-'));
  try {
    const economy = join(folder, 'economy');
    await simulate({ outDir: economy, transactions: TRANSACTIONS, seed: 'bench' });
    const source = await openBlockSource(join(economy, 'blocks'));
    const store = await openStore(join(folder, 'store.sqlite'));
    const place = { networkFolder: join(folder, 'regtest'), store: async () => store };
    await importTags([join(economy, 'tags.yaml')], store, {
      network: 'regtest',
      importedAtSeconds: 1_700_000_000,
    });
    const first = await OpenNetwork.open(place, source.network);
    await indexBlocks(first.ledger, source);
    await first.run();
    await first.close();

    const start = performance.now();
    const network = await OpenNetwork.open(place, source.network);
    const { report, seedSet } = await investigateSeeds(
      network,
      readInput(join(economy, 'seeds.csv')),
      {
        siteKey: new Uint8Array(32),
        prices: readPriceFile(join(economy, 'prices.csv'), 'BTC'),
      },
    );
    writeReport(report, join(folder, 'report'));
    const seconds = (performance.now() - start) / 1000;
    assert.ok(seedSet.seeds.length >= 1_000);
    assert.ok(report.payments.length > seedSet.seeds.length);
    await network.close();
    await store.close();
    return [
      {
        name: `investigate ${seedSet.seeds.length} seeds`,
        value: seconds,
        unit: 's',
        targetMax: 20,
        note: `${report.payments.length} payments, ${report.cashOuts.length} services; opened, traced, written`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
