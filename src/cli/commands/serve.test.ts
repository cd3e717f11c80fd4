/** The server over a small ledger of its own: pages, JSON, reports, and other commands through it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { DataSession } from '../../pipeline/data-session.ts';
import { indexBlocks } from '../../pipeline/index-blocks.ts';
import { simulate } from '../../simulate/simulate.ts';
import { openBlockSource } from '../../source/block-source.ts';
import { COMMAND_GROUPS } from '../command-list.ts';
import { openDataFolder } from '../data-folder.ts';
import { openLocally } from '../local-host.ts';
import { type Host, runCommandLine } from '../run-command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clew-serve-'));
const data = join(folder, 'data');
const report = join(folder, 'report');
const stop = new AbortController();
let url = '';
let served: Promise<number>;

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(argv: string[], signal = new AbortController().signal): Promise<Run> {
  const held = { stdout: '', stderr: '' };
  const host = makeHost(
    (text) => {
      held.stdout += text;
    },
    (text) => {
      held.stderr += text;
    },
    signal,
  );
  return { code: await runCommandLine(argv, host), ...held };
}

function makeHost(
  stdout: (text: string) => void,
  stderr: (text: string) => void,
  signal: AbortSignal,
): Host {
  const host: Host = {
    stdout: { write: stdout },
    stderr: { write: stderr },
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock: systemClock,
    signal,
    workingFolder: folder,
    debug: true,
    commands: COMMAND_GROUPS,
    openData: (path, wanted) => openLocally(host, path, wanted),
  };
  return host;
}

before(async () => {
  await simulate({ outDir: join(folder, 'sample'), transactions: 500, seed: 'serve' });
  const places = openDataFolder(data, true);
  const session = new DataSession({
    storePath: places.storePath,
    networkFolder: (network) => dirname(places.networkFolders(network).ledger),
  });
  const source = await openBlockSource(join(folder, 'sample/blocks'), {});
  await session.useNetwork('regtest', (open) => indexBlocks(open.ledger, source));
  await session.close();
  mkdirSync(report);
  writeFileSync(join(report, 'report.json'), '{"title":"Case <7>"}');
  writeFileSync(
    join(report, 'report.html'),
    '<!doctype html><style>p{color:red}</style><script>alert(1)</script><p>x',
  );
  writeFileSync(join(report, 'payers.csv'), 'a,b\n');
  writeFileSync(join(report, 'secret.key'), 'k');
  await new Promise<void>((ready, failed) => {
    const host = makeHost(
      (text) => {
        url = JSON.parse(text).url;
        ready();
      },
      (text) => failed(new Error(text)),
      stop.signal,
    );
    served = runCommandLine(['serve', '--data', data, '--report', 'report', '--json'], host);
  });
});

after(async () => {
  stop.abort();
  assert.equal(await served, 0, 'Ctrl-C is how serve is meant to end');
  rmSync(folder, { recursive: true, force: true });
});

async function page(path: string): Promise<{ status: number; text: string; headers: Headers }> {
  const headers = { Accept: 'text/html' };
  const response = await fetch(new URL(path, url), { headers, redirect: 'manual' });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

async function json(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(new URL(path, url), { headers: { Accept: 'application/json' } });
  return (await response.json()) as Record<string, unknown>;
}

test('commands are answered through the server, the same as its pages say', async () => {
  const { code, stdout, stderr } = await run(['status', '--data', data, '--json']);
  assert.equal(code, 0, stderr);
  const status = JSON.parse(stdout);
  assert.equal(status.transactions, 500);
  assert.deepEqual(await json('/'), status);
  const missing = await run(['tx', '00'.repeat(32), '--data', data, '--json']);
  assert.equal(missing.code, 3);
  assert.equal(JSON.parse(missing.stderr).error.code, 'CLEW_TX_NOT_FOUND');
});

test('a second server is refused with the address of the first', async () => {
  const { code, stderr } = await run(['serve', '--data', data]);
  assert.equal(code, 6);
  assert.match(stderr, /CLEW_DATA_BUSY/);
  assert.ok(stderr.includes(url));
});

test('from the tip to an address, its cluster and why: every link leads somewhere', async () => {
  const { tip } = (await json('/')) as { tip: { height: number } };
  const open = new Set(['/']);
  const seen = new Set<string>();
  // A walk over the links from the first page, and from the transactions of one address.
  const seeds = readFileSync(join(folder, 'sample/seeds.csv'), 'utf8').split('\n');
  const address = seeds[1]!.split(',')[0]!;
  open.add(`/address/${address}`);
  while (open.size > 0 && seen.size < 30) {
    const path = [...open][0]!;
    open.delete(path);
    seen.add(path);
    const { status, text } = await page(path);
    assert.equal(status, 200, path);
    assert.ok(
      path.startsWith('/reports/') ||
        text.includes(`As of block ${tip.height} `) ||
        path === '/reports',
      path,
    );
    for (const [, link] of text.matchAll(/href="(\/[^"]*)"/g)) {
      if (!seen.has(link!)) open.add(link!.replaceAll('&amp;', '&'));
    }
  }
  const kinds = new Set([...seen].map((path) => path.split('/')[1]));
  for (const kind of ['tx', 'address', 'cluster', 'reports']) assert.ok(kinds.has(kind), kind);
});

test('the search box leads on, and says what is wrong with what was typed', async () => {
  // BIP 173's example key hash, under the prefix of regtest.
  const address = 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080';
  const found = await page(`/search?q=${encodeURIComponent(` ${address.toUpperCase()} `)}`);
  assert.equal(found.status, 303);
  assert.equal(found.headers.get('location'), `/address/${address}`);
  const id = 'AB'.repeat(32);
  assert.equal(
    (await page(`/search?q=${id}:1`)).headers.get('location'),
    `/tx/${id.toLowerCase()}`,
  );
  const wrong = await page(`/search?q=${address.slice(0, -1)}q`);
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /CLEW_ADDRESS_CHECKSUM/);
  assert.equal((await page('/search?q=')).status, 400);
});

test('limits and heights in the address of a page are checked', async () => {
  for (const query of [
    'limit=0',
    'limit=1001',
    'limit=x',
    'asOf=-1',
    'asOf=1.5',
    'asOf=99999999',
  ]) {
    const { status } = await page(`/tx/${'00'.repeat(32)}?${query}`);
    assert.equal(status, 400, query);
  }
});

test('reports are shown as they are, their files and no others', async () => {
  const list = await page('/reports');
  assert.ok(list.text.includes('<a href="/reports/1/report.html">Case &lt;7&gt;</a>'));
  const shown = await page('/reports/1/report.html');
  assert.equal(shown.status, 200);
  assert.match(
    shown.headers.get('content-security-policy')!,
    /style-src 'sha256-[^;]+; script-src 'none'/,
  );
  const csv = await page('/reports/1/payers.csv');
  assert.equal(csv.text, 'a,b\n');
  assert.match(csv.headers.get('content-disposition')!, /^attachment/);
  for (const path of [
    '/reports/1/secret.key',
    '/reports/2/report.html',
    '/reports/0/report.html',
    '/reports/1/..%2Fdata%2Fclew.json',
    '/reports/1/%2e%2e',
  ]) {
    assert.equal((await page(path)).status, 404, path);
  }
});
