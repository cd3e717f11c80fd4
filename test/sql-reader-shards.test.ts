/** The query layer while a shard is down: every question fails clearly, and none is answered with what the other shards have. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openCluster } from '../src/ledger/cluster-engine.ts';
import type { LedgerEngine } from '../src/ledger/engine.ts';
import { requireContract } from '../src/ledger/read/ledger-reader.contract.ts';
import type { LedgerReader } from '../src/ledger/read/ledger-reader.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import {
  type ClickhouseServers,
  findClickhouse,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import { fillEngine, type ReaderWorld, scenarioWorld } from './support/reader-worlds.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('sql-shards');
let world: ReaderWorld;
let running: ClickhouseServers;
let engine: LedgerEngine;

before(async () => {
  if (findClickhouse() === undefined) return;
  world = await scenarioWorld(folder);
  running = await startClickhouse({ count: 2 });
  for (const server of running.servers) await server.query('CREATE DATABASE shards');
  engine = await openCluster({
    name: 'shards.json',
    cluster: running.cluster,
    database: 'shards',
    urls: running.servers.map(({ url }) => url),
    readPatienceMs: 0,
  });
  await fillEngine(world, engine);
});

after(async () => {
  await engine?.close();
  await running?.close();
});

test('with a shard down no question is answered in part; once it is back all are as before', async (t) => {
  if (!hasClickhouse(t)) return;
  const { slow, source } = world;
  const reader = new SqlReader(engine, source.network);
  const pages = slow.scripts.map((script) => ({ script, limit: 5 }));
  const questions: Readonly<Record<string, (reader: LedgerReader) => Promise<unknown>>> = {
    transactions: (each) => each.transactions(slow.txids),
    'one transaction': (each) => each.transactions(slow.txids.slice(0, 1)),
    spenders: (each) => each.spenders(slow.outpoints),
    histories: (each) => each.histories(pages),
    'one history': (each) => each.histories(pages.slice(0, 1)),
    summaries: (each) => each.summaries(slow.scripts),
    unspent: (each) => each.unspent(pages),
    bareKeys: (each) => each.bareKeysOf(slow.scripts),
    blocks: (each) => each.blocksAt(slow.heights),
    'blocks by hash': (each) => each.blocksWithHash(slow.blockHashes),
    txids: (each) => each.blockTxids(slow.blockHashes),
  };
  const before = new Map<string, unknown>();
  for (const [name, ask] of Object.entries(questions)) before.set(name, await ask(reader));
  const second = running.servers[1]!;
  await second.kill();
  for (const [name, ask] of Object.entries(questions)) {
    // Also of a reader that knows nothing yet.
    for (const each of [reader, new SqlReader(engine, source.network)]) {
      await assert.rejects(ask(each), { code: 'CLEW_SHARD_DOWN' }, name);
    }
  }
  await second.start();
  for (const [name, ask] of Object.entries(questions)) {
    assert.deepStrictEqual(await ask(reader), before.get(name), name);
  }
  await requireContract(t, reader, slow, { samples: 40 });
});
