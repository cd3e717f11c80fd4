/** `clew follow` beside a real node: killed, restarted and reorganised, it ends with the ledger of the node's chain. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { hasBtcd } from './support/btcd-node.ts';
import { FollowWalk } from './support/follow-walk.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';

const folder = scratchFolder('follow');
after(() => removeScratch(folder));

test('through 5 restarts and 2 reorganisations the ledger is that of the node', async (t) => {
  if (!hasBtcd(t)) return;
  const seed = process.env['CLEW_TEST_SEED'] ?? 'follow';
  const walk = new FollowWalk(folder, seededRandom(seed));
  const result = await walk.go({ restarts: 5, reorganisations: 2, depthMax: 20 });
  const { clewKills, nodeKills, nodeStops, depths, blocks, transactions } = result;
  assert.equal(clewKills + nodeKills + nodeStops, 5);
  assert.deepEqual([depths.length, Math.max(...depths)], [2, 20]);
  assert.ok(
    blocks > 460 && transactions > blocks,
    `${blocks} blocks, ${transactions} transactions`,
  );
});
