/**
 * Nodes, databases and Esplora servers that misbehave, from end to end: each kind of bad manners gets its own code and exit
 * code, is told without secrets, and takes nothing away from what was stored before.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Clock, systemClock } from '../src/clock.ts';
import { EXIT } from '../src/errors.ts';
import { TIMEOUT_VARIABLE } from '../src/net/remote-timeout.ts';
import { type BtcdNode, findBtcd, hasBtcd, startBtcd } from './support/btcd-node.ts';
import { type Manners, type RudeProxy, rudeProxy } from './support/rude-proxy.ts';
import { type Run, runClewAt } from './support/run-clew.ts';
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
