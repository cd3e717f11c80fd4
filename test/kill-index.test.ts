import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { indexWithKills } from './support/kill-index.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('kill');

test('killed at random moments while indexing, the ledger opens whole at a committed tip', async () => {
  await simulate({ outDir: folder, transactions: 2_000, seed: 'kill' });
  const blocks = join(folder, 'blocks');
  const { tips } = await indexWithKills(
    await openBlockSource(blocks),
    blocks,
    join(folder, 'ledger'),
    seededRandom('kill-1'),
    { kills: 4, millisecondsMax: 250, batchRows: 300, tablesEvery: 2 },
  );
  assert.ok(tips >= 2, `only ${tips} different tips`);
});
