import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { indexWithKills } from './support/kill-index.ts';
import { sharedPath } from './support/shared-data.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

test('killed at random moments while indexing, the ledger opens whole at a committed tip', async (t) => {
  const blocks = sharedPath(t, 'bitcoin/blocks/early');
  if (blocks === undefined) return;
  const source = await openBlockSource(blocks);
  const { kills, tips } = await indexWithKills(
    source,
    blocks,
    join(temporaryFolder('kill'), 'ledger'),
    seededRandom('kill-1'),
    { kills: 8, millisecondsMax: 500, batchRows: 10 },
  );
  assert.ok(kills >= 4, `only ${kills} kills hit`);
  assert.ok(tips >= 2, `only ${tips} different tips`);
});
