/**
 * Nodes, databases and Esplora servers that misbehave, from end to end: each kind of bad manners gets its own code and exit
 * code, is told without secrets, and takes nothing away from what was stored before.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Clock, systemClock } from '../src/clock.ts';
import { EXIT } from '../src/exit-codes.ts';
import { TIMEOUT_VARIABLE } from '../src/net/remote-timeout.ts';
import { type BtcdNode, findBtcd, hasBtcd, startBtcd } from './support/btcd-node.ts';
import {
  type ClickhouseServers,
  findClickhouse,
  hasClickhouse,
  startClickhouse,
} from './support/clickhouse-server.ts';
import { type Manners, type RudeProxy, rudeProxy } from './support/rude-proxy.ts';
import { type Run, runClewAt, serveClew } from './support/run-clew.ts';
import { temporaryFolder } from './support/temporary-folder.ts';
import { testCertificate } from './support/test-certificate.ts';

const folder = temporaryFolder('remote-bad-input');
const PASSWORD = 'not-a-secret-7f3a';
const HASTE = 50;

/** Whoever is patient for a minute gives up after a second of ours. */
const hurried: Clock = {
  nowSeconds: () => systemClock.nowSeconds(),
  elapsedMs: () => systemClock.elapsedMs() * HASTE,
};

const clew = async (...argv: string[]): Promise<Run> => {
  const run = await runClewAt(folder, hurried, ...argv);
  assert.ok(!`${run.stdout}${run.stderr}`.includes(PASSWORD), 'a password was told');
  return run;
};

before(() => {
  process.env[TIMEOUT_VARIABLE] = '0.4';
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
});
after(() => {
  delete process.env[TIMEOUT_VARIABLE];
});

/** Each kind of bad manners that no service is asked for, with the code that it must get. */
const MANNERS: readonly (readonly [Manners, code: string, exit: number, names: RegExp])[] = [
  ['slow', 'CLEW_REMOTE_SLOW', EXIT.unavailable, /127\.0\.0\.1:\d+/],
  ['cut', 'CLEW_REMOTE_CUT', EXIT.unavailable, /127\.0\.0\.1:\d+/],
  ['busy', 'CLEW_REMOTE_BUSY', EXIT.unavailable, /429.*3600/],
  ['redirect', 'CLEW_REMOTE_REDIRECT', EXIT.unavailable, /http:\/\/127\.0\.0\.1:\d+/],
  ['page', 'CLEW_REMOTE_FORMAT', EXIT.unavailable, /./],
  ['endless', 'CLEW_REMOTE_TOO_LARGE', EXIT.unavailable, /bytes/],
];

function assertError(run: Run, code: string, exit: number, names: RegExp, about: string): void {
  assert.equal(run.error?.code, code, `${about}: ${run.stderr}`);
  assert.equal(run.exit, exit, about);
  const { message, facts, hint } = run.error!;
  assert.match(`${message} ${JSON.stringify(facts)}`, names, about);
  assert.ok(hint.length > 10, about);
}

/** Of all that a data folder stores of a network, its bytes; what tells that somebody works on it apart. */
function digestOf(data: string, network = 'regtest'): string {
  const root = join(folder, data, network, 'flow');
  const digest = createHash('sha256');
  for (const name of (readdirSync(root, { recursive: true }) as string[]).sort()) {
    const path = join(root, name);
    if (!statSync(path).isFile()) continue;
    digest.update(`${name}\n`).update(readFileSync(path));
  }
  return digest.digest('hex');
}

/** A port of loopback where nobody listens. */
const NOBODY = 'http://127.0.0.1:1';

let node: BtcdNode | undefined;
let nodeProxy: RudeProxy;

before(async () => {
  if (findBtcd() === undefined) return;
  node = await startBtcd({ password: PASSWORD });
  nodeProxy = await rudeProxy(node.url);
});
after(async () => {
  await nodeProxy?.close();
  await node?.close();
});

const follow = (url = nodeProxy.url, ...more: string[]): Promise<Run> =>
  clew(
    ...['follow', '--rpc', url, '--rpc-user', 'clew', '--rpc-password-file', 'password'],
    ...['--data', 'node-data', '--once', ...more],
  );

test('a node that misbehaves is told by its code, and the ledger stays as it was', async (t) => {
  if (!hasBtcd(t)) return;
  await node!.generate(8);
  assert.equal((await follow()).exit, 0);
  await node!.generate(4);
  const whole = digestOf('node-data');
  for (const [manners, code, exit, names] of MANNERS) {
    nodeProxy.manners = manners;
    assertError(await follow(), code, exit, names, manners);
    assert.equal(digestOf('node-data'), whole, manners);
  }
  assert.equal(nodeProxy.followed, 0, 'nobody goes where a server sends them');
  assertError(
    await follow(NOBODY),
    'CLEW_REMOTE_UNREACHABLE',
    EXIT.unavailable,
    /ECONNREFUSED/,
    '',
  );
  assert.equal(digestOf('node-data'), whole);
});

test('a node that lies about blocks and headers is caught, and none of it gets in', async (t) => {
  if (!hasBtcd(t)) return;
  const whole = digestOf('node-data');
  nodeProxy.manners = 'lie';
  const change = (asked: string, from: RegExp, to: string): void => {
    nodeProxy.only = (_, body) => body.includes(asked);
    nodeProxy.lie = (answer) => Buffer.from(answer.toString().replace(from, to));
  };
  // A digit of the coinbase's amount (50 coins), of the header's root, and another block in its place.
  change('"getblock"', /00f2052a01/g, '00f2052a02');
  assertError(await follow(), 'CLEW_REMOTE_LIE', EXIT.damaged, /hash/, 'amount');
  change('"getblock"', /("result":"[0-9a-f]{80})../, '$1ff');
  assertError(await follow(), 'CLEW_REMOTE_LIE', EXIT.damaged, /hash/, 'root');
  change('"getblockheader"', /("result":"[0-9a-f]{80})../, '$1ff');
  assertError(await follow(), 'CLEW_REMOTE_LIE', EXIT.damaged, /hash/, 'header');
  nodeProxy.only = () => true;
  nodeProxy.manners = 'pass';
  assert.equal(digestOf('node-data'), whole);
  const good = await follow();
  assert.equal(good.exit, 0, good.stderr);
  assert.notEqual(digestOf('node-data'), whole);
  const checked = await clew('check', '--data', 'node-data', '--no-blocks');
  assert.equal(checked.exit, 0, checked.stderr);
});

test('a node of another network, a wrong password, and a password on the command line', async (t) => {
  if (!hasBtcd(t)) return;
  const whole = digestOf('node-data');
  const simnet = await startBtcd({ network: 'simnet', password: PASSWORD });
  try {
    const other = await follow(simnet.url, '--network', 'regtest');
    assertError(other, 'CLEW_NETWORK_MISMATCH', EXIT.badInput, /regtest/, 'simnet');
    const unknown = await follow(simnet.url);
    assert.notEqual(unknown.exit, 0);
    assert.match(unknown.error!.code, /^CLEW_NETWORK_/);
  } finally {
    await simnet.close();
  }
  writeFileSync(join(folder, 'password'), 'wrong');
  assertError(await follow(node!.url), 'CLEW_NODE_AUTH', EXIT.unavailable, /401/, 'password');
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`);
  const inUrl = await follow(node!.url.replace('//', `//clew:${PASSWORD}@`));
  assertError(inUrl, 'CLEW_SECRET_IN_ARGUMENT', EXIT.usage, /argument/, 'argument');
  assert.equal(digestOf('node-data'), whole);
});

test('a node with a certificate that nobody vouches for', async (t) => {
  if (!hasBtcd(t)) return;
  const certificate = testCertificate(t, 'localhost');
  if (certificate === undefined) return;
  const whole = digestOf('node-data');
  const proxy = await rudeProxy(node!.url, certificate);
  try {
    const code = 'CLEW_REMOTE_CERTIFICATE';
    assertError(await follow(proxy.url), code, EXIT.unavailable, /SELF_SIGNED/, 'unknown');
    // Vouched for, but made for another name.
    const trusted = await follow(proxy.url, '--rpc-ca', certificate.path);
    assertError(trusted, code, EXIT.unavailable, /ALTNAME/, 'name');
    const right = proxy.url.replace('127.0.0.1', 'localhost');
    assert.equal((await follow(right, '--rpc-ca', certificate.path)).exit, 0);
  } finally {
    await proxy.close();
  }
  assert.equal(digestOf('node-data'), whole);
});

let databases: ClickhouseServers | undefined;
let databaseProxy: RudeProxy;
const LEDGER_PASSWORD = 'not-a-secret-91bc';

before(async () => {
  if (findClickhouse() === undefined) return;
  databases = await startClickhouse({
    count: 2,
    users: [
      { name: 'writer', password: LEDGER_PASSWORD, databases: ['one', 'many', 'fresh'] },
      { name: 'reader', password: LEDGER_PASSWORD, databases: ['one', 'many'], readonly: 2 },
    ],
  });
  for (const server of databases.servers) {
    for (const name of ['one', 'many', 'fresh']) await server.query(`CREATE DATABASE ${name}`);
  }
  databaseProxy = await rudeProxy(databases.servers[0]!.url);
  process.env['CLEW_LEDGER_PASSWORD'] = LEDGER_PASSWORD;
  for (const [out, transactions] of [
    ['few', '300'],
    ['more', '500'],
  ] as const) {
    const made = await clew(
      'simulate',
      '--out',
      out,
      '--transactions',
      transactions,
      '--seed',
      'r',
    );
    assert.equal(made.exit, 0, made.stderr);
  }
});
after(async () => {
  delete process.env['CLEW_LEDGER_PASSWORD'];
  await databaseProxy?.close();
  await databases?.close();
});

const ledgerUrl = (url: string, user = 'writer', database = 'one'): string =>
  `${url.replace('//', `//${user}@`)}/${database}`;

/** Of all rows of a database, as text; who writes apart. */
async function databaseDigest(name: string): Promise<string> {
  const digest = createHash('sha256');
  for (const server of databases!.servers) {
    const tables = await server.query(
      `SELECT name FROM system.tables WHERE database = '${name}' AND engine = 'MergeTree' ORDER BY name`,
    );
    for (const table of tables.split('\n').filter((each) => each !== '')) {
      const rows = await server.query(`SELECT * FROM ${name}.${table}`);
      digest.update(`${table}\n${rows.split('\n').sort().join('\n')}\n`);
    }
  }
  return digest.digest('hex');
}

test('a database server that misbehaves is told by its code, and both ends stay as they were', async (t) => {
  if (!hasClickhouse(t)) return;
  const writer = ['--data', 'writer', '--ledger', ledgerUrl(databaseProxy.url)];
  const reader = ['--data', 'reader', '--ledger', ledgerUrl(databaseProxy.url, 'reader')];
  const indexed = await clew('index', '--blocks', 'few', ...writer);
  assert.equal(indexed.exit, 0, indexed.stderr);
  const fetched = await clew('status', ...reader);
  assert.equal(fetched.exit, 0, fetched.stderr);
  const { status } = indexed.json;
  const whole = [await databaseDigest('one'), digestOf('writer'), digestOf('reader')];
  const assertKept = async (about: string): Promise<void> => {
    const now = [await databaseDigest('one'), digestOf('writer'), digestOf('reader')];
    assert.deepEqual(now, whole, about);
  };
  for (const [manners, code, exit, names] of MANNERS) {
    databaseProxy.manners = manners;
    assertError(await clew('status', ...reader), code, exit, names, `${manners}, reading`);
    // Whoever writes waits for minutes for a server that may come back: not tried here.
    if (manners === 'slow' || manners === 'cut') continue;
    const index = await clew('index', '--blocks', 'more', ...writer);
    assertError(index, code, exit, names, `${manners}, writing`);
  }
  databaseProxy.manners = 'pass';
  await assertKept('bad manners');
  assert.equal(databaseProxy.followed, 0, 'nobody goes where a server sends them');

  const nobody = await clew('status', '--data', 'reader', '--ledger', `${NOBODY}/one`);
  assertError(nobody, 'CLEW_REMOTE_UNREACHABLE', EXIT.unavailable, /ECONNREFUSED/, 'nobody');
  const other = await clew('status', ...reader, '--network', 'main');
  assert.notEqual(other.exit, 0);
  assert.match(other.error!.code, /^CLEW_(NETWORK_MISMATCH|LEDGER_EMPTY|USAGE)$/);
  const inArgument = ledgerUrl(databaseProxy.url).replace('@', `:${LEDGER_PASSWORD}@`);
  const told = await clew('status', '--data', 'reader', '--ledger', inArgument);
  assertError(told, 'CLEW_SECRET_IN_ARGUMENT', EXIT.usage, /./, 'password');
  assert.ok(!`${told.stdout}${told.stderr}`.includes(LEDGER_PASSWORD));
  const second = ['--data', 'second', '--ledger', ledgerUrl(databaseProxy.url)];
  const taken = await clew('index', '--blocks', 'more', ...second);
  assertError(taken, 'CLEW_LEDGER_TAKEN', EXIT.busy, /./, 'a second writer');
  const noRights = await clew('index', '--blocks', 'more', '--take-over', ...reader);
  assertError(noRights, 'CLEW_ENGINE_AUTH', EXIT.unavailable, /127/, 'rights');
  process.env['CLEW_LEDGER_PASSWORD'] = 'wrong';
  const refused = await clew('status', ...reader);
  assertError(refused, 'CLEW_ENGINE_AUTH', EXIT.unavailable, /127/, 'wrong password');
  process.env['CLEW_LEDGER_PASSWORD'] = LEDGER_PASSWORD;
  await assertKept('users');

  // After all that the same commands do their work.
  const more = await clew('index', '--blocks', 'more', '--anew', ...writer);
  assert.equal(more.exit, 0, more.stderr);
  const now = await clew('status', ...reader);
  assert.equal(now.exit, 0, now.stderr);
  assert.deepEqual(now.json.tip, more.json.status.tip);
  assert.notDeepEqual(now.json.tip, status.tip);
});

test('a database server that lies to a reader is caught by the checksums of the tip', async (t) => {
  if (!hasClickhouse(t)) return;
  const liar = ['--data', 'liar', '--ledger', ledgerUrl(databaseProxy.url, 'reader')];
  databaseProxy.manners = 'lie';
  databaseProxy.only = (_, body) => body.includes('FORMAT Native');
  databaseProxy.lie = (answer) => {
    const changed = Buffer.from(answer);
    if (changed.length > 400) changed[changed.length - 9]! ^= 1;
    return changed;
  };
  const lied = await clew('status', ...liar);
  assert.notEqual(lied.exit, 0, 'a lie was believed');
  assert.match(lied.error!.code, /^CLEW_(COLUMN_DAMAGED|LEDGER_DAMAGED|REMOTE_LIE|REMOTE_FORMAT)$/);
  databaseProxy.only = (_, body) => body.includes('SELECT count() AS rows');
  databaseProxy.lie = () => Buffer.alloc(0);
  const silent = await clew('status', ...liar);
  assertError(silent, 'CLEW_REMOTE_FORMAT', EXIT.unavailable, /rows/, 'no row at all');
  databaseProxy.manners = 'pass';
  databaseProxy.only = () => true;
  const honest = await clew('status', ...liar);
  assert.equal(honest.exit, 0, honest.stderr);
  assert.equal(digestOf('liar'), digestOf('reader'));
});

test('a shard map with a hole, a shard twice, or a shard that is down', async (t) => {
  if (!hasClickhouse(t)) return;
  const [first, second] = databases!.servers.map(({ url }) => ({ url }));
  const put = (name: string, shards: unknown, more: object = {}): string => {
    const file = { format: 'clew-shards/1', cluster: databases!.cluster, database: 'many' };
    writeFileSync(join(folder, name), JSON.stringify({ ...file, user: 'writer', ...more, shards }));
    return name;
  };
  const good = put('good.json', [first, second]);
  const indexed = await clew('index', '--blocks', 'few', '--data', 'cluster', '--ledger', good);
  assert.equal(indexed.exit, 0, indexed.stderr);
  const whole = [await databaseDigest('many'), digestOf('cluster')];
  writeFileSync(join(folder, 'cut.json'), '{"format": "clew-shards/1", "shards": [');
  const maps: readonly (readonly [string, RegExp])[] = [
    [put('hole.json', [first]), /shard/],
    [put('swapped.json', [second, first]), /shard/],
    [put('double.json', [first, first]), /same/],
    [put('none.json', []), /no shard/],
    [put('null.json', [first, null, second]), /2/],
    [put('password.json', [first, second], { password: LEDGER_PASSWORD }), /password/i],
    [put('cluster.json', [first, second], { cluster: 'nobody' }), /nobody/],
    ['cut.json', /JSON/],
  ];
  for (const [map, names] of maps) {
    // Whoever comes anew, and the data folder that has always used the file.
    const anew = await clew('status', '--data', 'cluster-reader', '--ledger', map);
    assertError(anew, 'CLEW_SHARD_MAP', EXIT.badInput, names, `${map}, anew`);
    copyFileSync(join(folder, map), join(folder, good));
    const known = await clew('status', '--data', 'cluster');
    assertError(known, 'CLEW_SHARD_MAP', EXIT.badInput, names, `${map}, known`);
    for (const run of [anew, known]) assert.ok(!run.stderr.includes(LEDGER_PASSWORD), map);
  }
  put(good, [first, second]);
  assert.deepEqual([await databaseDigest('many'), digestOf('cluster')], whole);
  await databases!.servers[1]!.kill();
  const down = await clew('status', '--data', 'cluster', '--ledger', good);
  assertError(down, 'CLEW_SHARD_DOWN', EXIT.unavailable, /"shard":2/, 'down');
  await databases!.servers[1]!.start();
  assert.deepEqual([await databaseDigest('many'), digestOf('cluster')], whole);
  const up = await clew('status', '--data', 'cluster', '--ledger', good);
  assert.equal(up.exit, 0, up.stderr);
});

/** Lies of an Esplora server about a transaction, and which of its answers they stand in. */
const LIES: readonly (readonly [about: string, paths: RegExp, from: RegExp, to: string])[] = [
  ['an amount', /\/tx\//, /("vout":\[\{[^}]*"value":)/, '$19'],
  ['a script', /\/tx\//, /("vout":\[\{"scriptpubkey":"[0-9a-f]{8})../, '$1ab'],
  ['a lock time', /\/tx\//, /"locktime":\d+/, '"locktime":77'],
  ['a time', /\/tx\//, /"block_time":\d+/, '"block_time":1'],
  ['a block', /\/tx\//, /"block_hash":".{64}"/, `"block_hash":"${'ab'.repeat(32)}"`],
  ['a proof', /proof/, /^[0-9a-f]{8}/, 'ffffffff'],
];

test('an Esplora server that misbehaves or lies is told by its code, and nothing of it is kept', async () => {
  const [data, kept] = ['esplora-truth', 'esplora-kept'];
  const made = await clew('simulate', '--out', 'told', '--transactions', '300', '--seed', 'e');
  assert.equal(made.exit, 0, made.stderr);
  const indexed = await clew('index', '--blocks', 'told', '--data', data);
  assert.equal(indexed.exit, 0, indexed.stderr);
  const seeds = readFileSync(join(folder, 'told/seeds.csv'), 'utf8').split('\n');
  const address = seeds[1]!.split(',')[0]!;
  const truth = await clew('address', address, '--data', data);
  const txid: string = truth.json.history[0].txid;
  await serveClew(folder, data, async (url) => {
    const proxy = await rudeProxy(url.replace(/\/$/, ''));
    try {
      const there = ['--network', 'regtest', '--esplora', `${proxy.url}/api`, '--rate', '1000'];
      const ask = (into: string): Promise<Run> => clew('tx', txid, '--data', into, ...there);
      const honest = await ask(kept);
      assert.equal(honest.exit, 0, honest.stderr);
      for (const [manners, code, exit, names] of MANNERS) {
        proxy.manners = manners;
        assertError(await ask(`esplora-${manners}`), code, exit, names, manners);
      }
      assert.equal(proxy.followed, 0, 'nobody goes where a server sends them');
      proxy.manners = 'lie';
      for (const [i, [about, paths, from, to]] of LIES.entries()) {
        let lies = 0;
        proxy.only = (path) => paths.test(path);
        proxy.lie = (answer) => {
          const told = answer.toString('latin1');
          const lie = told.replace(from, to);
          if (lie !== told) lies += 1;
          return Buffer.from(lie, 'latin1');
        };
        const into = `esplora-lie-${i}`;
        assertError(await ask(into), 'CLEW_REMOTE_LIE', EXIT.damaged, /127/, about);
        assert.ok(lies > 0, `${about}: nothing was changed`);
        // The same data folder asks an honest server: the lie was not kept.
        proxy.only = () => false;
        const after = await ask(into);
        assert.equal(after.exit, 0, `${about}: ${after.stderr}`);
        assert.deepEqual(after.json, honest.json, about);
      }
    } finally {
      await proxy.close();
    }
  });
  const nobody = ['--network', 'regtest', '--esplora', NOBODY];
  const gone = await clew('tx', txid, '--data', 'esplora-gone', ...nobody);
  assertError(gone, 'CLEW_REMOTE_UNREACHABLE', EXIT.unavailable, /ECONNREFUSED/, 'nobody');
  const stranger = ['--network', 'regtest', '--esplora', 'https://esplora.invalid/api'];
  const unasked = await clew('tx', txid, '--data', kept, ...stranger);
  assertError(unasked, 'CLEW_REMOTE_CONSENT', EXIT.usage, /esplora\.invalid/, 'consent');
  const behind = ['--proxy', `socks5://clew:${PASSWORD}@127.0.0.1:1`];
  const told = await clew('tx', txid, '--data', kept, ...stranger, ...behind);
  assertError(told, 'CLEW_SECRET_IN_ARGUMENT', EXIT.usage, /./, 'password of a proxy');
  const other = await clew('address', address, '--data', data);
  assert.deepEqual(other.json, truth.json);
});
