/**
 * The sample that `clew start` shows when nothing else is given: a small simulated economy, made once and
 * kept in the cache of the data folder.
 */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ClewError } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { CommandContext } from './command.ts';

const TRANSACTIONS = 20_000;
const SEED = 'sample';

export interface Sample {
  readonly blocks: string;
  readonly seeds: string;
  readonly tags: string;
  readonly prices: string;
}

/** Makes the sample unless it is there. Another version of Clew makes its own. */
export async function prepareSample(context: CommandContext): Promise<Sample> {
  const folder = join(context.data.cache, `sample-${TRANSACTIONS}-${SEED}-${VERSION}`);
  if (!existsSync(folder)) {
    const { simulate } = await import('../simulate/simulate.ts');
    const draft = `${folder}.tmp`;
    rmSync(draft, { recursive: true, force: true });
    const shown = context.progress('Making a sample economy', 'tx');
    await simulate({
      outDir: draft,
      transactions: TRANSACTIONS,
      seed: SEED,
      signal: context.signal,
      onProgress: ({ transactions, transactionsWanted }) =>
        shown.update({ done: transactions, total: transactionsWanted }),
    }).finally(() => shown.end());
    // Renamed when it is whole: a stop half way leaves nothing that looks like a sample.
    renameSync(draft, folder);
  }
  return {
    blocks: join(folder, 'blocks'),
    seeds: join(folder, 'seeds.csv'),
    tags: join(folder, 'tags.yaml'),
    prices: join(folder, 'prices.csv'),
  };
}

/**
 * Sees to it that the sample does not mix with somebody's own regtest blocks, and that the sample of
 * another version makes room for this one's.
 *
 * @param tipHashes of the sample's blocks
 * @throws {ClewError} CLEW_USAGE when the ledger holds other blocks
 */
export async function makeRoomForSample(
  context: CommandContext,
  tipHashes: ReadonlySet<string>,
): Promise<void> {
  const mark = join(dirname(context.data.networkFolders('regtest').ledger), 'sample');
  await context.session.useNetwork('regtest', async ({ ledger }) => {
    const { tip } = ledger;
    if (tip === undefined) {
      writeFileSync(mark, 'The ledger beside this file holds the sample economy.\n', {
        mode: 0o600,
      });
      return;
    }
    if (tipHashes.has(tip.hash)) return;
    if (!existsSync(mark)) {
      throw new ClewError(
        'CLEW_USAGE',
        'The data folder holds regtest blocks of your own: give --blocks, or another --data for the sample.',
        { path: context.data.path },
      );
    }
    await ledger.clear();
  });
}
