/**
 * Every engine of the query layer answers the same: each is held to the contract over the scenario chain, over windows of it, and
 * over a simulated economy.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { openCluster } from '../src/ledger/cluster-engine.ts';
import { type LedgerEngine, openChdb } from '../src/ledger/engine.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { openEsploraReader } from '../src/ledger/read/esplora-reader.ts';
import { FlowReader } from '../src/ledger/read/flow-reader.ts';
import { requireContract, requireSameAnswers } from '../src/ledger/read/ledger-reader.contract.ts';
import type { LedgerReader } from '../src/ledger/read/ledger-reader.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import type { RowBase } from '../src/ledger/row-base.ts';
import { openServer } from '../src/ledger/server-engine.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import {
  type ClickhouseServers,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import {
  economyWorld,
  fillEngine,
  type ReaderWorld,
  scenarioWorld,
  windowWorld,
} from './support/reader-worlds.ts';
import { CLEW, startClew } from './support/run-clew.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const ECONOMY_TRANSACTIONS = 2_500;

const folder = temporaryFolder('readers');
let made = 0;
let servers: ClickhouseServers | undefined;
after(() => servers?.close());

/** Rows that begin beyond what 32 bits and a double hold. */
const FAR: RowBase = {
  blocks: 2n ** 32n - 3n,
  transactions: 2n ** 53n - 5n,
  inputs: 2n ** 60n + 1n,
  outputs: 2n ** 63n - 7n,
  scripts: 2n ** 54n + 2n ** 32n - 1n,
};

const WORLDS: readonly { readonly make: () => Promise<ReaderWorld>; readonly base?: RowBase }[] = [
  { make: () => scenarioWorld(folder) },
  { make: () => windowWorld(folder), base: FAR },
  { make: () => economyWorld(folder, ECONOMY_TRANSACTIONS) },
];

const ENGINES: Readonly<Record<string, (name: string) => Promise<LedgerEngine>>> = {
  chdb: (name) => openChdb(join(folder, name), true),
  server: async (database) => {
    const { url } = servers!.servers[0]!;
    await servers!.servers[0]!.query(`CREATE DATABASE ${database}`);
    return openServer({ name: url, database, urls: [url] });
  },
  cluster: async (database) => {
    for (const server of servers!.servers) await server.query(`CREATE DATABASE ${database}`);
    const urls = servers!.servers.map(({ url }) => url);
    return openCluster({ name: 'shards.json', cluster: servers!.cluster, database, urls });
  },
};

const contractOf = ({ seed, samples }: ReaderWorld) => ({
  seed,
  ...(samples === undefined ? {} : { samples }),
});

test('SQL: chDB, one ClickHouse server, a cluster of two shards; and the flow index', async (t) => {
  const names = ['chdb'];
  // Without servers this is skipped for these two, loudly, and goes on.
  await t.test('servers are there', async (each) => {
    if (!hasClickhouse(each)) return;
    servers = await startClickhouse({ count: 2 });
    names.push('server', 'cluster');
  });
  for (const { make, base } of WORLDS) {
    const world = await make();
    await t.test(world.name, async (each) => {
      const engines: LedgerEngine[] = [];
      each.after(async () => {
        for (const engine of engines) await engine.close();
      });
      const readers: LedgerReader[] = [];
      for (const name of names) {
        made += 1;
        const engine = await ENGINES[name]!(`${name}_${made}`);
        engines.push(engine);
        const filler = await fillEngine(world, engine, base);
        readers.push(new SqlReader(engine, world.source.network));
        // The columns read the tables that only they hold from servers too.
        if (name !== 'server') readers.push(new FlowReader(filler.asFlowLedger()));
      }
      for (const reader of readers)
        await requireContract(each, reader, world.slow, contractOf(world));
      if (world.samples === undefined) return;
      await each.test('all answers of all engines are the same, row by row', (last) =>
        requireSameAnswers(last, readers, world.slow, world.seed),
      );
    });
  }
});

test('scripts with many events, and sets that need many statements', async (t) => {
  const world = await economyWorld(folder, ECONOMY_TRANSACTIONS);
  const engine = await openChdb(join(folder, 'small-statements'), true);
  t.after(() => engine.close());
  await fillEngine(world, engine);
  const reader = new SqlReader(engine, world.source.network, {
    rowsPerStatement: 70,
    namesPerStatement: 30,
    eventsPerStatement: 40,
    fewEvents: 12,
  });
  await requireContract(t, reader, world.slow, { seed: world.seed, samples: 40 });
});

test('the flow index of a ledger on the disk', async (t) => {
  const world = await scenarioWorld(folder);
  const ledger = await Ledger.open(join(folder, 'flow'), world.source.network);
  t.after(() => ledger.close());
  const reader = new FlowReader(ledger);
  assert.equal(await reader.tip(), undefined);
  assert.deepEqual(await reader.transactions([world.slow.txids[0]!]), [undefined]);
  await indexBlocks(ledger, world.source);
  await requireContract(t, reader, world.slow, contractOf(world));
});

test('the Esplora client, of the Esplora API of clew serve', async (t) => {
  const world = await scenarioWorld(folder);
  const data = join(folder, 'served');
  const blocks = join(folder, 'scenario');
  const indexed = startClew(folder, 'index', '--blocks', blocks, '--data', data);
  assert.equal(indexed.exit, 0, indexed.stderr);
  const { url, stop } = await serveClew(data);
  t.after(stop);
  const reader = await openEsploraReader({
    network: world.source.network,
    base: new URL('/api', url),
    cacheFolder: join(folder, 'esplora-cache'),
  });
  t.after(() => reader.close());
  await requireContract(t, reader, world.slow, {
    gaps: ['same ids', 'summary heights', 'bare keys'],
    samples: 150,
    seed: 'esplora',
  });
});

/** `clew serve` as a process of its own. */
async function serveClew(data: string): Promise<{ readonly url: string; stop(): void }> {
  const child = spawn(CLEW, ['serve', '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /"url": "([^"]+)"/.exec(line)?.[1];
    if (url !== undefined) return { url, stop: () => child.kill('SIGINT') };
  }
  throw new Error('clew serve ended');
}
