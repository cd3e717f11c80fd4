/**
 * Nothing is lost and nothing doubled when servers die: one shard, both, or the single server is killed with SIGKILL while
 * blocks come in and go out, and started again; and when the process that indexes is killed too.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { Ledger, type LedgerOptions } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { type BlockSource, openBlockSource } from '../src/source/block-source.ts';
import {
  type ClickhouseServer,
  type ClickhouseServers,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import { flowDigest } from './support/flow-digest.ts';
import type { IndexTask } from './support/index-process.ts';
import { allRows } from './support/server-tables.ts';
import { PROJECT } from './support/source-files.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const TRANSACTIONS = 1_500;
const BATCH_ROWS = 500;
const SERVER_KILLS = 6;
const WRITER_KILLS = 4;

const folder = temporaryFolder('servers-kill');
let servers: ClickhouseServers | undefined;
after(() => servers?.close());

async function stateOf(ledger: Ledger) {
  const { writer: _, ...tip } = ledger.requireTip();
  return { tip, rows: await allRows(ledger), flow: flowDigest(await ledger.openFlow()) };
}

/** Kills one of the servers again and again, each time for a moment, until it is told to stop. */
async function killAround(
  victims: readonly ClickhouseServer[],
  seed: string,
  isOver: () => boolean,
): Promise<number> {
  const random = seededRandom(seed);
  let kills = 0;
  while (!isOver() && kills < SERVER_KILLS) {
    await sleep(random.int(20, 250));
    const victim = victims[random.int(0, victims.length - 1)]!;
    if (isOver()) break;
    await victim.kill();
    kills += 1;
    await sleep(random.int(0, 300));
    await victim.start();
  }
  return kills;
}

async function makeLedger(name: string, count: 1 | 2): Promise<LedgerOptions> {
  const chosen = servers!.servers.slice(0, count);
  for (const server of chosen) await server.query(`CREATE DATABASE ${name}`);
  const urls = chosen.map(({ url }) => url);
  const place = { name: `/${name}`, database: name, urls, readPatienceMs: 15_000 };
  return { servers: count === 1 ? place : { ...place, cluster: servers!.cluster } };
}

let source: BlockSource;
let expected: Awaited<ReturnType<typeof stateOf>>;

test('a slow look: the ledger in chDB', async () => {
  await simulate({ outDir: join(folder, 'economy'), transactions: TRANSACTIONS, seed: 'kill' });
  source = await openBlockSource(join(folder, 'economy', 'blocks'));
  const options = { hasWideTables: true };
  const ledger = await Ledger.open(join(folder, 'local'), source.network, options);
  await indexBlocks(ledger, source);
  expected = await stateOf(ledger);
  await ledger.close();
});

for (const [name, count] of [
  ['one', 1],
  ['many', 2],
] as const) {
  test(`servers killed while blocks come and go: ${count}`, async (t) => {
    if (!hasClickhouse(t)) return;
    servers ??= await startClickhouse({ count: 2 });
    const options = await makeLedger(name, count);
    const ledger = await Ledger.open(join(folder, name), source.network, options);
    let isOver = false;
    const killing = killAround(servers.servers.slice(0, count), name, () => isOver);
    await ledger.prepareWriting();
    const heightMax = source.blocks.at(-1)!.height;
    for (const undoTo of [heightMax - 60, heightMax - 5, undefined]) {
      await indexBlocks(ledger, source, { batchRows: BATCH_ROWS });
      if (undoTo !== undefined) await ledger.undoAbove(undoTo);
    }
    isOver = true;
    t.diagnostic(`${await killing} kills`);
    assert.deepEqual(await stateOf(ledger), expected);
    await ledger.close();
    const again = await Ledger.open(join(folder, name), source.network, options);
    assert.deepEqual(await stateOf(again), expected);
    await again.close();
  });
}

test('the process that indexes is killed: the next one goes on where the last batch ended', async (t) => {
  if (!hasClickhouse(t)) return;
  servers ??= await startClickhouse({ count: 2 });
  const options = await makeLedger('writer', 2);
  const ledgerFolder = join(folder, 'writer');
  const random = seededRandom('writer');
  const shards = {
    format: 'clew-shards/1',
    cluster: servers.cluster,
    database: 'writer',
    shards: options.servers!.urls.map((url) => ({ url })),
  };
  const name = join(folder, 'writer.json');
  writeFileSync(name, JSON.stringify(shards));
  const place = { servers: { ...options.servers!, name } };
  // Remembered in the folder, so that the processes find it.
  await (await Ledger.open(ledgerFolder, source.network, place)).close();
  let kills = 0;
  for (let run = 0; run < WRITER_KILLS; run += 1) {
    const task: IndexTask = {
      blocks: join(folder, 'economy', 'blocks'),
      ledgerFolder,
      batchRows: BATCH_ROWS,
    };
    const path = join(PROJECT, 'test/support/index-process.ts');
    const child = spawn(process.execPath, [path, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), ended]);
    await Promise.race([sleep(random.int(20, 600)), ended]);
    if (child.kill('SIGKILL')) kills += 1;
    await ended;
  }
  t.diagnostic(`${kills} kills`);
  const ledger = await Ledger.open(ledgerFolder, source.network, place);
  await ledger.prepareWriting();
  await indexBlocks(ledger, source, { batchRows: BATCH_ROWS });
  assert.deepEqual(await stateOf(ledger), expected);
  await ledger.close();
});

test('a server whose disk is full stops indexing with its own error; with room again the next run goes on', async (t) => {
  if (!hasClickhouse(t)) return;
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mount = (options: string, ...others: string[]): boolean =>
    spawnSync('mount', ['-o', options, ...others, disk]).status === 0;
  if (!mount('size=8m', '-t', 'tmpfs', 'tmpfs')) {
    console.error('!! NO RIGHT TO MOUNT: the test of a server with a full disk did not run');
    return t.skip('mounting a small disk is not allowed here');
  }
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = disk;
  const own = await startClickhouse({ count: 1 }).finally(() => {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  });
  try {
    const [server] = own.servers;
    await server!.query('CREATE DATABASE full');
    const place = { name: '/full', database: 'full', urls: [server!.url] };
    const options = { servers: { ...place, writePatienceMs: 2_000 } };
    const open = () => Ledger.open(join(folder, 'full'), source.network, options);
    let ledger = await open();
    await ledger.prepareWriting();
    writeFileSync(join(disk, 'filler'), new Uint8Array(statfsSync(disk).bavail * 4096 - 500_000));
    await assert.rejects(indexBlocks(ledger, source, { batchRows: BATCH_ROWS }), {
      code: 'CLEW_NO_SPACE',
    });
    const stoppedAt = ledger.tip?.height;
    await ledger.close();
    assert.ok(mount('remount,size=600m'));
    ledger = await open();
    assert.equal(ledger.tip?.height, stoppedAt);
    await ledger.prepareWriting();
    await indexBlocks(ledger, source, { batchRows: BATCH_ROWS });
    assert.deepEqual(await stateOf(ledger), expected);
    await ledger.close();
  } finally {
    await own.close();
    spawnSync('umount', ['-l', disk]);
  }
});
