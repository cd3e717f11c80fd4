/**
 * A ledger on ClickHouse servers is the same ledger: row by row, column by column, answer by answer; written by one data
 * folder, read by any other.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { Ledger, type LedgerOptions } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { writeScenarioChain } from '../src/simulate/scenario-chain.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { type BlockSource, openBlockSource } from '../src/source/block-source.ts';
import { makeBranchingChain } from './support/branching-chain.ts';
import {
  type ClickhouseServers,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import { flowDigest } from './support/flow-digest.ts';
import { CLEW, runClew } from './support/run-clew.ts';
import { allRows } from './support/server-tables.ts';
import { blocksTo } from './support/some-blocks.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { testCertificate } from './support/test-certificate.ts';

const folder = temporaryFolder('ledger-servers');
let started: Promise<ClickhouseServers> | undefined;
after(async () => (await started)?.close());

/** The two servers, started once; undefined, and the test skipped, where they are not installed. */
async function serversFor(t: TestContext): Promise<ClickhouseServers | undefined> {
  if (!hasClickhouse(t)) return undefined;
  started ??= startClickhouse({ count: 2 });
  return started;
}

/** Options for a ledger on one server or on both, in a database of its own. */
async function onServers(
  { servers, cluster }: ClickhouseServers,
  database: string,
  count: 1 | 2,
): Promise<LedgerOptions> {
  const chosen = servers.slice(0, count);
  for (const server of chosen) await server.query(`CREATE DATABASE ${database}`);
  const urls = chosen.map(({ url }) => url);
  const patience = { writePatienceMs: 20_000, readPatienceMs: 200 };
  const place = { name: `/${database}`, database, urls, ...patience };
  return { servers: count === 1 ? place : { ...place, cluster } };
}

const openAt = (name: string, source: BlockSource, options: LedgerOptions): Promise<Ledger> =>
  Ledger.open(join(folder, name), source.network, options);

async function add(ledger: Ledger, source: BlockSource): Promise<void> {
  await ledger.prepareWriting();
  await indexBlocks(ledger, source, { batchRows: 400 });
}

async function stateOf(ledger: Ledger) {
  const { writer: _, ...tip } = ledger.requireTip();
  return { tip, rows: await allRows(ledger), flow: flowDigest(await ledger.openFlow()) };
}

test('every row and every column equals those of chDB; whoever reads fetches the same columns', async (t) => {
  const servers = await serversFor(t);
  if (servers === undefined) return;
  writeScenarioChain(join(folder, 'scenario'));
  const source = await openBlockSource(join(folder, 'scenario'));
  const local = await openAt('local', source, { hasWideTables: true });
  await add(local, source);
  const expected = await stateOf(local);
  await local.close();
  for (const count of [1, 2] as const) {
    const options = await onServers(servers, `same${count}`, count);
    const ledger = await openAt(`same${count}`, source, options);
    await add(ledger, source);
    assert.deepEqual(await stateOf(ledger), expected);
    const reader = await openAt(`reader${count}`, source, options);
    assert.equal(reader.isReadOnly, true);
    assert.deepEqual(await stateOf(reader), expected);
    assert.throws(() => reader.beginWriting(), { code: 'CLEW_LEDGER_TAKEN' });
    await reader.close();
    await ledger.close();
  }
});

test('a reader fetches what is new only, goes back where blocks were undone, and mends damage', async (t) => {
  const servers = await serversFor(t);
  if (servers === undefined) return;
  const seed = 'readers';
  const chain = await makeBranchingChain(join(folder, 'branches'), {
    transactions: 400,
    seed,
    depth: 5,
    longerBlocks: 4,
    betterBlocks: 3,
    random: seededRandom(seed),
  });
  const options = await onServers(servers, 'readers', 2);
  const writer = await openAt('writer', chain.source, options);
  let fetched = 0;
  const rowsFetched = async (): Promise<number> => {
    fetched = 0;
    const onFetch = (done: number): void => {
      fetched = done;
    };
    const reader = await openAt('reader', chain.source, { ...options, onFetch });
    assert.deepEqual(await stateOf(reader), await stateOf(writer));
    await reader.close();
    return fetched;
  };
  await add(writer, blocksTo(chain.longer, chain.forkHeight - 2));
  const first = await rowsFetched();
  await add(writer, chain.longer);
  assert.ok((await rowsFetched()) < first, 'only what was new');
  assert.equal(await rowsFetched(), 0);
  const long = await openAt('long', chain.source, options);
  await add(writer, chain.source);
  await long.refresh();
  assert.deepEqual(await stateOf(long), await stateOf(writer), 'a reader that stays open');
  await long.close();
  const afterFork = await rowsFetched();
  assert.ok(afterFork > 0 && afterFork < first, 'only the other branch');
  // A page cut off, and a byte changed: found when all is read, and fetched again.
  for (const damage of [cutShort, changeByte]) {
    damage(join(folder, 'reader', 'flow', 'outputValue.col'));
    const reader = await openAt('reader', chain.source, options);
    await reader.rebuildFlow();
    assert.deepEqual(await stateOf(reader), await stateOf(writer));
    await reader.close();
  }
  await writer.close();
  chain.source.close();
});

function cutShort(path: string): void {
  truncateSync(path, 4_100);
}

function changeByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[4_200]! ^= 1;
  writeFileSync(path, bytes);
}

test('a fetch that is stopped goes on where it was', async (t) => {
  const servers = await serversFor(t);
  if (servers === undefined) return;
  const source = await openBlockSource(join(folder, 'scenario'));
  const options = await onServers(servers, 'steps', 2);
  const writer = await openAt('steps', source, options);
  await add(writer, source);
  // Tips of a branch that is gone stand in the log too.
  await writer.undoAbove(120);
  await add(writer, source);
  const stop = new AbortController();
  let rows = 0;
  let all = 0;
  const onFetch = (done: number, total: number): void => {
    rows = done;
    all = Math.max(all, total);
    if (done > total / 2) stop.abort();
  };
  const small = { ...options, fetchStepRows: 300, onFetch };
  await assert.rejects(openAt('stopped', source, { ...small, signal: stop.signal }), {
    code: 'CLEW_INTERRUPTED',
  });
  const reader = await openAt('stopped', source, small);
  assert.ok(rows < 0.9 * all, `${rows} of ${all} rows were fetched the second time`);
  assert.deepEqual(await stateOf(reader), await stateOf(writer));
  await reader.close();
  await writer.close();
});

test('one data folder writes; another one may take over, and the first is told', async (t) => {
  const servers = await serversFor(t);
  if (servers === undefined) return;
  const source = await openBlockSource(join(folder, 'scenario'));
  const options = await onServers(servers, 'taken', 1);
  const [a, b] = [await openAt('a', source, options), await openAt('b', source, options)];
  assert.equal(a.tip, undefined);
  await assert.rejects(a.openFlow(), { code: 'CLEW_LEDGER_EMPTY' });
  await add(a, blocksTo(source, 90));
  await assert.rejects(add(b, source), { code: 'CLEW_LEDGER_TAKEN' });
  await b.close();
  // Half a batch of the first one, whose machine is lost.
  await a.engine.command('INSERT INTO spends VALUES (1, 1000000, 1000000)');
  const c = await openAt('b', source, { ...options, isTakenOver: true });
  await add(c, source);
  await assert.rejects(a.prepareWriting(), { code: 'CLEW_LEDGER_TAKEN' });
  await assert.rejects(a.undoAbove(10), { code: 'CLEW_LEDGER_TAKEN' });
  await a.close();
  const again = await openAt('a', source, options);
  assert.deepEqual(await stateOf(again), await stateOf(c));
  await again.close();
  await c.close();
});

test('with a shard down there is an error that names it, and no answer; a swapped or empty shard is found', async (t) => {
  const servers = await serversFor(t);
  if (servers === undefined) return;
  const source = await openBlockSource(join(folder, 'scenario'));
  const options = await onServers(servers, 'down', 2);
  const place = options.servers!;
  const ledger = await openAt('down', source, options);
  await add(ledger, blocksTo(source, 60));
  const [first, second] = servers.servers;
  const count = () => ledger.engine.query('SELECT count() FROM outputs');
  const isSecond = (error: { code: string; facts: { shard: number } }): boolean =>
    error.code === 'CLEW_SHARD_DOWN' && error.facts.shard === 2;
  await second!.kill();
  await assert.rejects(count(), isSecond);
  await assert.rejects(openAt('down-reader', source, options), isSecond);
  await second!.start();
  assert.equal((await count()).length, 1);
  // One that takes questions and answers none.
  second!.process.pause();
  const impatient = { ...options, servers: { ...place, readTimeoutMs: 500 } };
  await assert.rejects(openAt('down-silent', source, impatient), isSecond);
  second!.process.goOn();
  await first!.kill();
  await assert.rejects(count(), { code: 'CLEW_SHARD_DOWN' });
  await first!.start();
  const urls = [...place.urls].reverse();
  await assert.rejects(
    openAt('swapped', source, { servers: { ...place, name: '/swapped', urls } }),
    { code: 'CLEW_SHARD_MAP' },
  );
  await assert.rejects(
    openAt('single', source, { servers: { ...place, name: '/x', cluster: 'nobody' } }),
    { code: 'CLEW_SHARD_MAP' },
  );
  await second!.query('DROP DATABASE down');
  await second!.query('CREATE DATABASE down');
  await assert.rejects(openAt('emptied', source, options), { code: 'CLEW_SHARD_MAP' });
  await ledger.close();
});

test('clusters, traces and investigations are the same bytes on every engine', async (t) => {
  const servers = await serversFor(t);
  if (servers === undefined) return;
  const economy = join(folder, 'economy');
  await simulate({ outDir: economy, transactions: 2_500, seed: 'servers' });
  for (const server of servers.servers) await server.query('CREATE DATABASE cli');
  await servers.servers[0]!.query('CREATE DATABASE cli_one');
  const [first] = servers.servers;
  writeFileSync(
    join(folder, 'shards.json'),
    JSON.stringify({
      format: 'clew-shards/1',
      cluster: servers.cluster,
      database: 'cli',
      shards: servers.servers.map(({ url }) => ({ url })),
    }),
  );
  const ledgers = { one: `${first!.url}/cli_one`, many: 'shards.json' };
  const blocks = join(economy, 'blocks');
  const seeds = join(economy, 'seeds.csv');
  const seed = readFileSync(seeds, 'utf8').split('\n')[1]!.split(',')[0]!;
  const clew = async (...argv: string[]) => {
    const run = await runClew(folder, ...argv);
    assert.equal(run.exit, 0, `${argv.join(' ')}: ${run.stderr}`);
    return run;
  };
  await clew('index', '--blocks', blocks, '--data', 'cli-local');
  await clew('index', '--blocks', blocks, '--data', 'cli-one', '--ledger', ledgers.one);
  await clew('index', '--blocks', blocks, '--data', 'cli-many', '--ledger', ledgers.many);
  // Machines that only read: no network is named, the servers say which it is.
  await clew('status', '--data', 'cli-reader', '--ledger', ledgers.many);
  const answers = async (data: string) => {
    const told: Record<string, unknown> = {};
    for (const argv of [
      ['status'],
      ['address', seed],
      ['cluster', seed],
      ['trace', seed],
      ['check'],
    ]) {
      told[argv[0]!] = (await clew(...argv, '--data', data)).stdout;
    }
    const out = `${data}-report`;
    await clew('investigate', seeds, '--data', data, '--out', out);
    for (const name of readdirSync(join(folder, out))) {
      told[name] = readFileSync(join(folder, out, name), 'latin1');
    }
    return told;
  };
  const expected = await answers('cli-local');
  assert.ok(Object.keys(expected).length > 8);
  for (const data of ['cli-one', 'cli-many', 'cli-reader']) {
    assert.deepEqual(await answers(data), expected, data);
  }
  const other = await runClew(folder, 'status', '--data', 'cli-local', '--ledger', ledgers.one);
  assert.equal(other.error?.code, 'CLEW_USAGE');
  const mixed = await runClew(folder, 'status', '--data', 'cli-one', '--ledger', ledgers.many);
  assert.equal(mixed.error?.code, 'CLEW_USAGE');
  const taken = await runClew(folder, 'index', '--blocks', blocks, '--data', 'cli-reader');
  assert.equal(taken.error?.code, 'CLEW_LEDGER_TAKEN');
});

test('servers take what `clew ledger config` prints: then they are a cluster by that name', async (t) => {
  if (!hasClickhouse(t)) return;
  const own = await startClickhouse({ count: 2, cluster: 'before' });
  try {
    const shards = own.servers.map(({ url }) => ({ url }));
    const file = { format: 'clew-shards/1', cluster: 'after', database: 'clew', user: 'default' };
    writeFileSync(join(folder, 'two.json'), JSON.stringify({ ...file, shards }));
    const port = `${own.servers[0]!.ports.tcp}`;
    const argv = ['ledger', 'config', 'two.json', '--root', 'yandex', '--tcp-port', port];
    const { stdout } = spawnSync(CLEW, argv, { cwd: folder, encoding: 'utf8' });
    assert.match(stdout, /<yandex>/);
    for (const { folder: home } of own.servers) {
      mkdirSync(join(home, 'config.d'));
      writeFileSync(join(home, 'config.d', 'clew.xml'), stdout);
    }
    const asked =
      "SELECT shard_num, host_name, port, user FROM system.clusters WHERE cluster = 'after'";
    process.env['CLEW_LEDGER_PASSWORD'] = '';
    for (const server of own.servers) {
      await server.kill();
      await server.start();
      assert.equal(
        await server.query(`${asked} ORDER BY shard_num`),
        [1, 2].map((n) => `${n}\t127.0.0.1\t${port}\tdefault`).join('\n'),
      );
    }
  } finally {
    delete process.env['CLEW_LEDGER_PASSWORD'];
    await own.close();
  }
});

test('over TLS, with a user, a password from a file and a reader without rights; loaded anew', async (t) => {
  if (!hasClickhouse(t)) return;
  const certificate = testCertificate(t, 'localhost');
  if (certificate === undefined) return;
  const { path, cert, key } = certificate;
  const keyFile = join(folder, 'key.pem');
  writeFileSync(keyFile, key);
  const password = 'geheim-und-lang';
  const own = await startClickhouse({
    count: 2,
    users: [
      { name: 'clew', password },
      { name: 'looks', password, readonly: 1 },
    ],
    withoutDefaultUser: true,
    tls: { certificate: path, key: keyFile },
  });
  try {
    for (const server of own.servers) await server.query('CREATE DATABASE c', 'clew', password);
    const shards = own.servers.map(({ ports }) => ({ url: `https://localhost:${ports.https}` }));
    writeFileSync(join(folder, 'ca.pem'), cert);
    writeFileSync(join(folder, 'password.txt'), `${password}\n`);
    const file = { format: 'clew-shards/1', cluster: own.cluster, database: 'c', shards };
    const secured = { ...file, passwordFile: 'password.txt', caFile: 'ca.pem' };
    for (const user of ['clew', 'looks']) {
      writeFileSync(join(folder, `tls-${user}.json`), JSON.stringify({ ...secured, user }));
    }
    writeFileSync(join(folder, 'tls-no-ca.json'), JSON.stringify({ ...file, user: 'clew' }));
    const blocks = join(folder, 'scenario');
    const clew = (...argv: string[]) => runClew(folder, ...argv);
    const strange = await clew('status', '--data', 'tls-x', '--ledger', 'tls-no-ca.json');
    assert.equal(strange.error?.code, 'CLEW_REMOTE_CERTIFICATE');
    const index = ['index', '--blocks', blocks];
    const indexed = await clew(...index, '--data', 'tls', '--ledger', 'tls-clew.json');
    assert.equal(indexed.exit, 0, indexed.stderr);
    const anew = await clew('index', '--anew', '--data', 'tls');
    assert.equal(anew.json?.blocksAdded, indexed.json.blocksAdded, anew.stderr);
    const looks = await clew('status', '--data', 'tls-looks', '--ledger', 'tls-looks.json');
    const status = await clew('status', '--data', 'tls');
    assert.equal(looks.stdout, status.stdout, looks.stderr);
    const takes = await clew(...index, '--data', 'tls-looks', '--take-over');
    assert.equal(takes.error?.code, 'CLEW_ENGINE_AUTH');
    assert.equal((await clew('check', '--data', 'tls')).exit, 0);
    for (const data of ['tls', 'tls-looks']) {
      const written = spawnSync('grep', ['-r', password, join(folder, data)], { encoding: 'utf8' });
      assert.equal(written.stdout, '', 'no password in the data folder');
    }
  } finally {
    await own.close();
  }
});
