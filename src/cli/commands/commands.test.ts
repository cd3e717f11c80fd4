/** All commands over a small ledger of their own, through the server that holds it; and its pages. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../clock.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { COMMAND_GROUPS } from '../command-list.ts';
import { openLocally } from '../local-host.ts';
import { type Host, runCommandLine } from '../run-command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'clew-serve-'));
const data = join(folder, 'data');
const report = join(folder, 'report');
const stop = new AbortController();
let url = '';
/** What `index` and `simulate` printed with --json. */
const printed: unknown[] = [];
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
  const sample = ['simulate', '--out', 'sample', '--transactions', '500', '--seed', 'serve'];
  const prices = [
    'prices',
    'import',
    'sample/prices.csv',
    '--licence',
    'CC0',
    '--asset',
    'test-BTC',
  ];
  const commands = [
    [...sample, '--json'],
    ['index', '--blocks', 'sample/blocks', '--data', data, '--json'],
    ['tags', 'import', 'sample/tags.yaml', '--data', data, '--json'],
    [...prices, '--source', 'economy', '--clock', 'close', '--data', data, '--json'],
    // The same file again under another name: two sources, so that there is something to compare.
    [...prices, '--source', 'again', '--currency', 'USD', '--data', data, '--json'],
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await run(command);
    assert.equal(code, 0, stderr);
    printed.push(JSON.parse(stdout));
  }
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

/** An address that the vendor of the sample uses. */
function seedAddress(): string {
  return readFileSync(join(folder, 'sample/seeds.csv'), 'utf8').split('\n')[1]!.split(',')[0]!;
}

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
  const address = seedAddress();
  open.add(`/address/${address}`);
  while (open.size > 0 && seen.size < 30) {
    const path = [...open][0]!;
    open.delete(path);
    seen.add(path);
    const { status, text } = await page(path);
    assert.equal(status, 200, path);
    assert.ok(
      path.startsWith('/reports/') ||
        text.includes(`ends at block ${groupedNumber(tip.height)}, `) ||
        ['/reports', '/rules', '/why'].includes(path.replace(/#.*/, '')),
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

/** Fields whose own fields are data, or are documented with the report. */
const MAPS = new Set(['facts', 'otherChains', 'amountsByLabel', 'summary']);

/** Names of all fields, at any depth; keys of maps and of facts are values, not fields. */
function fieldNames(value: unknown, into: Set<string>): Set<string> {
  if (Array.isArray(value)) for (const item of value) fieldNames(item, into);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      into.add(name);
      if (!MAPS.has(name)) fieldNames(part, into);
    }
  }
  return into;
}

test('docs/formats/cli-json.md names every field that is printed', async () => {
  const doc = readFileSync(new URL('../../../docs/formats/cli-json.md', import.meta.url), 'utf8');
  const ask = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run([...argv, '--data', data, '--json']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const address = await ask('address', seedAddress());
  const [{ txid }] = address['history'] as [{ txid: string }];
  const cluster = await ask('cluster', seedAddress(), '--limit', '2');
  const members = cluster['members'] as string[];
  const answers = [
    ...printed,
    address,
    cluster,
    await ask('status'),
    await ask('check'),
    await ask('tx', txid),
    await ask('tx', txid, '--fiat', 'EUR'),
    await ask('address', seedAddress(), '--fiat', 'EUR,USD'),
    await ask('trace', seedAddress(), '--fiat', 'USD', '--price-source', 'again'),
    await ask('prices', 'list'),
    await ask('prices', 'check', '--percent', '0'),
    await ask('prices', 'at', '2021-03-04', '--amount', '0.5'),
    await ask('prices', 'withdraw', 'again'),
    await ask('why', seedAddress(), members.at(-1)!),
    // A tagged service has what a seed address has not.
    await ask('cluster', taggedAddress()),
    await ask('cluster', taggedAddress(), '--history', '--limit', '3'),
    await ask('trace', seedAddress(), '--direction', 'backward'),
    await ask('trace', '--seeds', 'sample/seeds.csv', '--method', 'haircut'),
    await ask('investigate', 'sample/seeds.csv', '--out', 'made'),
    { format: 'clew-serve/1', url },
  ];
  for (const answer of answers) {
    const { format } = answer as { format: string };
    assert.ok(doc.includes(`\`${format}\``), format);
    for (const name of fieldNames(answer, new Set())) {
      assert.ok(name === 'format' || doc.includes(`\`${name}\``), `${format}: ${name}`);
    }
  }
});

function taggedAddress(): string {
  const tags = readFileSync(join(folder, 'sample/tags.yaml'), 'utf8');
  return /^\s*(?:- )?address: "?([a-zA-Z0-9]+)/m.exec(tags)![1]!;
}

test('what people read is aligned text without codes for a terminal', async () => {
  for (const argv of [['status'], ['address', seedAddress()], ['cluster', taggedAddress()]]) {
    const { code, stdout, stderr } = await run([...argv, '--data', data]);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, '');
    assert.match(stdout, /^\w+ {2,}\S/);
    assert.doesNotMatch(stdout, /[^\P{Cc}\n]|undefined|NaN|\[object/u);
  }
});

test('pages of a list join without a gap, through their cursors', async () => {
  const whole = await run([
    'address',
    taggedAddress(),
    '--data',
    data,
    '--json',
    '--limit',
    '1000',
  ]);
  const expected = JSON.parse(whole.stdout).history;
  const joined: unknown[] = [];
  let cursor: string[] = [];
  do {
    const argv = ['address', taggedAddress(), '--data', data, '--json', '--limit', '2', ...cursor];
    const { history, nextCursor } = JSON.parse((await run(argv)).stdout);
    joined.push(...history);
    cursor = nextCursor === undefined ? [] : ['--cursor', nextCursor];
  } while (cursor.length > 0);
  assert.deepEqual(joined, expected);
});

test('a trace adds up, and says so the same to people and programs', async () => {
  const argv = ['trace', '--seeds', 'sample/seeds.csv', '--data', data];
  for (const direction of ['forward', 'backward']) {
    const { stdout, stderr } = await run([...argv, '--direction', direction, '--json']);
    // The sample's seed file has lines that can not be used, on purpose.
    for (const line of stderr.trim().split('\n')) assert.match(line, /^\{"warning":/);
    const view = JSON.parse(stdout);
    const sum = (view.stops as { totalSats: string }[]).reduce(
      (total, { totalSats }) => total + BigInt(totalSats),
      0n,
    );
    assert.equal(sum, BigInt(view.tracedSats));
    assert.ok(sum > 0n);
    const text = await run([...argv, '--direction', direction]);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, new RegExp(`^trace {2,}${direction}, fifo`));
  }
});

test('what a trace can not begin with is refused by name', async () => {
  const cases: [string[], string][] = [
    [[], 'CLEW_USAGE'],
    [['x', '--seeds', 'sample/seeds.csv'], 'CLEW_USAGE'],
    [['00'.repeat(32)], 'CLEW_TXID_FORMAT'],
    [[`${'00'.repeat(32)}:0`], 'CLEW_TX_NOT_FOUND'],
    [['bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080'], 'CLEW_ADDRESS_NOT_FOUND'],
    [['--seeds', 'nowhere.csv'], 'CLEW_FILE_MISSING'],
    [[seedAddress(), '--no-stop-at-coinjoins'], 'CLEW_TRACE_OPTION'],
    [[seedAddress(), '--from', '2024-01-02', '--to', '2024-01-01'], 'CLEW_TRACE_OPTION'],
    [[seedAddress(), '--as-of', '99999'], 'CLEW_AS_OF'],
    [[seedAddress(), '--fiat', 'euro'], 'CLEW_USAGE'],
    [[seedAddress(), '--price-source', 'economy'], 'CLEW_USAGE'],
    [[seedAddress(), '--fiat', 'CHF'], 'CLEW_PRICES_NONE'],
    [[seedAddress(), '--fiat', 'EUR', '--price-source', 'nobody'], 'CLEW_PRICES_NONE'],
  ];
  for (const [words, code] of cases) {
    const { stderr } = await run(['trace', ...words, '--data', data, '--json']);
    assert.equal(JSON.parse(stderr).error.code, code, words.join(' '));
  }
});

test('values of a transaction are its amounts at the rate of its day, as the price file has it', async () => {
  const address = JSON.parse(
    (await run(['address', seedAddress(), '--data', data, '--json'])).stdout,
  );
  const argv = ['tx', address.history[0].txid, '--fiat', 'EUR', '--data', data];
  const { feeSats, feeFiat, outputs, timeSeconds } = JSON.parse(
    (await run([...argv, '--json'])).stdout,
  );
  const day = new Date(timeSeconds * 1000).toISOString().slice(0, 10);
  const csv = readFileSync(join(folder, 'sample/prices.csv'), 'utf8').split('\n');
  const [, , rate] = csv.find((line) => line.startsWith(day))!.split(',');
  // Rates of the sample have two decimals, so satoshi times cents have eight to cut.
  const cents = (sats: number): bigint =>
    (BigInt(sats) * BigInt(rate!.replace('.', '')) + 50_000_000n) / 100_000_000n;
  for (const [sats, fiat] of [
    [feeSats, feeFiat],
    ...outputs.map((o: Record<string, unknown>) => [o['valueSats'], o['fiat']]),
  ]) {
    const { value, ...by } = fiat.EUR;
    assert.equal(BigInt(value.replace('.', '')), cents(sats));
    assert.deepEqual(by, { rate, rateDay: day, source: 'economy' });
  }
  assert.ok((await run(argv)).stdout.includes(`for one coin on ${day} (UTC), by economy.`));
});

test('the report is written whole, again over itself, never over something else', async () => {
  const argv = ['investigate', 'sample/seeds.csv', '--data', data, '--prices', 'sample/prices.csv'];
  const first = await run([...argv, '--out', 'twice', '--title', 'T']);
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /report {2,}\S+report\.html/);
  const bytes = readFileSync(join(folder, 'twice/report.json'));
  assert.equal((await run([...argv, '--out', 'twice', '--title', 'T'])).code, 0);
  assert.ok(
    bytes.equals(readFileSync(join(folder, 'twice/report.json'))),
    'same input, same bytes',
  );
  const refused = await run([...argv, '--out', 'sample', '--json']);
  assert.equal(JSON.parse(refused.stderr).error.code, 'CLEW_OUT_NOT_EMPTY');
  assert.equal(refused.code, 2);
});
