/** Simulated chains for benches, made once and kept beside other temporary files; `CLEW_BENCH_CACHE` names another place. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulate } from '../../src/simulate/simulate.ts';

const SEED = 'bench';

/** What the simulation says of its own chain: the truth that a ledger of it is held against. */
export interface ChainTruth {
  readonly transactions: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly addresses: number;
  readonly tip: { readonly height: number; readonly hash: string };
}

export interface BenchChain {
  readonly blocksFolder: string;
  readonly truth: ChainTruth;
}

/** The chain of a size, made when it is not there; it takes half a minute and 0.6 GB per million transactions. */
export async function benchChain(transactions: number): Promise<BenchChain> {
  const cache = process.env['CLEW_BENCH_CACHE'] || join(tmpdir(), 'clew-bench-chains');
  const folder = join(cache, `${SEED}-${transactions}`);
  const truthPath = join(folder, 'summary.json');
  if (!existsSync(truthPath)) {
    process.stderr.write(
      `ledger: simulating ${transactions.toLocaleString('en-US')} transactions\n`,
    );
    const draft = `${folder}.${process.pid}`;
    const summary = await simulate({ outDir: draft, transactions, seed: SEED });
    writeFileSync(join(draft, 'summary.json'), JSON.stringify(summary));
    rmSync(folder, { recursive: true, force: true });
    renameSync(draft, folder);
  }
  const truth = JSON.parse(readFileSync(truthPath, 'utf8')) as ChainTruth;
  return { blocksFolder: join(folder, 'blocks'), truth };
}
