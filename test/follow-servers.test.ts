/** `clew follow` into the shards of a cluster, one of which dies again and again: the ledger is that of the node's chain. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { hasBtcd } from './support/btcd-node.ts';
import { hasClickhouse, startClickhouse } from './support/clickhouse-server.ts';
import { FollowWalk } from './support/follow-walk.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';

const SHARD_KILLS_EVERY_MS = 3_000;

const folder = scratchFolder('follow-servers');
after(() => removeScratch(folder));

test('a node followed into two shards, through restarts of all and reorganisations', async (t) => {
  if (!hasBtcd(t) || !hasClickhouse(t)) return;
  const own = await startClickhouse({ count: 2 });
  const stop = new AbortController();
  try {
    for (const server of own.servers) await server.query('CREATE DATABASE followed');
    const shards = own.servers.map(({ url }) => ({ url }));
    const file = { format: 'clew-shards/1', cluster: own.cluster, database: 'followed', shards };
    const path = join(folder, 'shards.json');
    writeFileSync(path, JSON.stringify(file));
    const seed = process.env['CLEW_TEST_SEED'] ?? 'follow servers';
    const walk = new FollowWalk(folder, seededRandom(seed), path);
    const killing = killNowAndThen(own.servers[1]!, stop.signal);
    const plan = { restarts: 3, reorganisations: 2, depthMax: 15 };
    const result = await walk.go({ ...plan, beforeCompare: () => end(stop, killing) });
    t.diagnostic(`${await killing} kills of a shard, ${result.clewKills} of clew`);
    assert.equal(result.depths.length, 2);
  } finally {
    stop.abort();
    await own.close();
  }
});

async function end(stop: AbortController, killing: Promise<number>): Promise<void> {
  stop.abort();
  await killing;
}

/** A command that begins while a shard is down says so and ends: the gaps are shorter than its patience. */
async function killNowAndThen(
  server: { kill(): Promise<void>; start(): Promise<void> },
  signal: AbortSignal,
): Promise<number> {
  let kills = 0;
  for (;;) {
    await sleep(SHARD_KILLS_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return kills;
    await server.kill();
    await server.start();
    kills += 1;
  }
}
