/**
 * `clew … --esplora URL` against `clew serve`: what is asked over HTTP, a bit at a time, beside what the ledger says that
 * answers there. Also: consent, proxies, limits, and that a run that was stopped goes on where it was.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COMMAND_GROUPS } from '../src/cli/command-list.ts';
import { openLocally } from '../src/cli/local-host.ts';
import { type Host, runCommandLine } from '../src/cli/run-command-line.ts';
import { systemClock } from '../src/clock.ts';
import type { Report } from '../src/report/report-format.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { type HttpProxyServer, startHttpProxy } from './support/http-proxy-server.ts';
import { CLEW, type Run, runClew, serveClew } from './support/run-clew.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const folder = temporaryFolder('esplora-commands');
const economy = join(folder, 'economy');
const owner = join(folder, 'owner');
let url: string;
let proxy: HttpProxyServer;
let stop: () => void;
let served: Promise<void>;

before(async () => {
  await simulate({ outDir: economy, transactions: 1_500, seed: 'esplora' });
  const network = ['--network', 'regtest'];
  const done = await runClew(
    folder,
    ...['index', '--blocks', join(economy, 'blocks'), '--data', owner],
  );
  assert.equal(done.exit, 0, done.stderr);
  for (const data of [owner, dataFolder('asker')]) {
    const tags = await runClew(
      folder,
      ...['tags', 'import', join(economy, 'tags.yaml'), ...network, '--data', data],
    );
    assert.equal(tags.exit, 0, tags.stderr);
  }
  const running = Promise.withResolvers<string>();
  const ending = Promise.withResolvers<void>();
  stop = ending.resolve;
  served = serveClew(folder, owner, async (at) => {
    running.resolve(at);
    await ending.promise;
  });
  const origin = await running.promise;
  url = new URL('api', origin).href;
  proxy = await startHttpProxy({ toPort: Number(new URL(origin).port) });
});

after(async () => {
  proxy.close();
  stop();
  await served;
});

function dataFolder(name: string): string {
  return join(folder, name);
}

/** A command that asks the server, from a data folder of its own. */
function ask(data: string, command: string, ...argv: string[]): Promise<Run> {
  const how = ['--esplora', url, '--network', 'regtest', '--rate', '1000'];
  return runClew(folder, command, ...argv, ...how, '--data', dataFolder(data));
}

/** Counts requests; through a proxy consent is needed, also for a server of this machine. */
function throughProxy(): string[] {
  return ['--proxy', `http://127.0.0.1:${proxy.port}`, '--consent'];
}

function know(command: string, ...argv: string[]): Promise<Run> {
  return runClew(folder, command, ...argv, '--data', owner);
}

/** Addresses of the seed file. */
function seedAddresses(): string[] {
  const lines = readFileSync(join(economy, 'seeds.csv'), 'utf8').split('\n').slice(1);
  return lines.flatMap((line) => /bcrt1[0-9a-z]+/.exec(line)?.[0] ?? []);
}

function reportIn(out: string): Report {
  return JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
}

test('look-ups say what the ledger says, and where it comes from', async () => {
  const [address] = seedAddresses();
  const wanted = (await know('address', address!)).json;
  const found = (await ask('asker', 'address', address!)).json;
  assert.deepEqual(
    { ...found, factsSource: undefined, cluster: undefined },
    { ...wanted, factsSource: undefined, cluster: undefined },
  );
  const { server, kind, isWhole, transactions, provenTransactions } = found.factsSource;
  assert.deepEqual([server, kind, isWhole], [new URL(url).host, 'esplora', true]);
  assert.ok(transactions > 0);
  assert.equal(provenTransactions, transactions, 'each is proven');

  const { txid } = wanted.history[0];
  const bare = ({ cluster: _, ...item }: { cluster?: string }) => item;
  const strip = ({ inputs, outputs, raw: _, run: __, factsSource: ___, ...tx }: Run['json']) => ({
    ...tx,
    inputs: inputs.map(bare),
    outputs: outputs.map(bare),
  });
  const tx = (await ask('asker', 'tx', txid, '--raw')).json;
  assert.deepEqual(strip(tx), strip((await know('tx', txid, '--raw')).json));

  const cluster = (await ask('asker', 'cluster', address!)).json;
  const whole = (await know('cluster', address!)).json;
  assert.deepEqual([...cluster.members].sort(), [...whole.members].sort());
  assert.equal(cluster.received, whole.received);

  const none = await ask('asker', 'address', 'bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080');
  assert.equal(none.error?.code, 'CLEW_ADDRESS_NOT_FOUND');
});

test('a command that `clew serve` answers asks the server from there', async () => {
  const [address] = seedAddresses();
  const found = await ask('owner', 'address', address!);
  assert.equal(found.json.factsSource.server, new URL(url).host);
  process.env.CLEW_PROXY = 'http://me:secret@127.0.0.1:1';
  try {
    // It would not know of a proxy in our environment.
    assert.equal((await ask('owner', 'address', address!)).error?.code, 'CLEW_DATA_BUSY');
    const alone = await ask('alone', 'address', address!, '--consent');
    assert.equal(alone.error?.code, 'CLEW_PROXY');
    assert.ok(!alone.stderr.includes('secret'));
  } finally {
    delete process.env.CLEW_PROXY;
  }
});

test('clew status tells where the chain of the server ends', async () => {
  const { format, tip, server } = (await ask('asker', 'status')).json;
  assert.equal(format, 'clew-server-status/1');
  assert.equal(server, new URL(url).host);
  const { hash, height } = (await know('status')).json.tip;
  assert.deepEqual([tip.hash, tip.height], [hash, height]);
});

test('a trace over HTTP is that of the ledger', async () => {
  for (const [i, address] of seedAddresses().slice(0, 4).entries()) {
    const how = ['--direction', i % 2 === 0 ? 'backward' : 'forward', '--depth', '3'];
    const wanted = (await know('trace', address, ...how)).json;
    const found = (await ask('asker', 'trace', address, ...how)).json;
    assert.equal(found.derivation.factsSource.isWhole, true);
    assert.equal(found.derivation.tip.hash, wanted.derivation.tip.hash);
    const strip = ({ derivation: _, ...view }: Run['json']) => view;
    assert.deepEqual(strip(found), strip(wanted), address);
  }
});

test('an investigation over HTTP: payments and sums of the ledger, and a report that says whose facts they are', async () => {
  const seeds = join(economy, 'seeds.csv');
  const outs = ['known', 'asked', 'again'].map((name) => join(folder, name));
  const [known, asked, again] = outs as [string, string, string];
  assert.equal((await know('investigate', seeds, '--out', known)).exit, 0);
  const first = await ask('asker', 'investigate', seeds, '--out', asked);
  assert.equal(first.exit, 0, first.stderr);
  const [wanted, found] = [reportIn(known), reportIn(asked)];
  const { factsSource } = found.derivation;
  assert.equal(factsSource!.isWhole, true);
  assert.equal(factsSource!.provenTransactions, factsSource!.transactions);
  assert.equal(found.derivation.asOfAt, wanted.derivation.asOfAt);
  assert.deepEqual(found.summary.received, wanted.summary.received);
  assert.equal(found.summary.balanceSats, wanted.summary.balanceSats);
  const paid = ({ payments }: Report) =>
    payments.map(({ txid, amount }) => `${txid} ${amount.sats}`);
  assert.deepEqual(paid(found), paid(wanted));
  assert.deepEqual(
    found.clusters.map(({ addresses }) => addresses),
    wanted.clusters.map(({ addresses }) => addresses),
  );
  const html = readFileSync(join(asked, 'report.html'), 'utf8');
  assert.ok(html.includes(new URL(url).host), 'the report names the server');
  assert.ok(html.includes('all that the figures need was fetched'));

  // What was fetched is kept: the same again with hardly a request, and the same bytes.
  const limit = ['--max-requests', '10'];
  assert.equal((await ask('asker', 'investigate', seeds, '--out', again, ...limit)).exit, 0);
  const { limits: _, ...facts } = reportIn(again).derivation.factsSource!;
  const { limits: __, ...firstFacts } = factsSource!;
  assert.deepEqual(facts, firstFacts);
  assert.equal(
    readFileSync(join(again, 'payments.csv'), 'utf8'),
    readFileSync(join(asked, 'payments.csv'), 'utf8'),
  );
});

test('a limit of requests ends the asking, the answer says so, and runs after it get further until it is whole', async () => {
  const seeds = join(economy, 'seeds.csv');
  const out = join(folder, 'bit-by-bit');
  const limits = ['--max-requests', '60', '--depth', '2', ...throughProxy()];
  let isWhole = false;
  let transactions = 0;
  let runs = 0;
  for (; !isWhole; runs += 1) {
    assert.ok(runs < 60, 'it ends');
    const sent = proxy.asked.length;
    const run = await ask('bits', 'investigate', ...[seeds, '--out', out], ...limits);
    assert.ok(proxy.asked.length - sent <= 60, 'not one request more');
    if (run.exit !== 0) {
      assert.equal(run.error?.code, 'CLEW_REMOTE_BUDGET', run.stderr);
      continue;
    }
    const report = reportIn(out);
    const facts = report.derivation.factsSource!;
    isWhole = facts.isWhole;
    assert.ok(facts.transactions >= transactions, 'never less than before');
    transactions = facts.transactions;
    if (isWhole) continue;
    assert.deepEqual(facts.limitsHit, ['requests']);
    const html = readFileSync(join(out, 'report.html'), 'utf8');
    assert.ok(html.includes('not all that the figures need was fetched'));
  }
  assert.ok(runs > 1, `${runs} runs`);
  // Its tags are not imported here, so it goes further than the investigation before.
  assert.ok(transactions > 20);
});

test('Ctrl-C leaves what was fetched whole, and the next run does not ask for it again', async () => {
  const seeds = join(economy, 'seeds.csv');
  const argv = (data: string): string[] => [
    ...[
      'investigate',
      seeds,
      '--depth',
      '2',
      '--out',
      join(folder, `out-${data}`),
      '--data',
      dataFolder(data),
    ],
    ...['--esplora', url, ...throughProxy()],
    ...['--network', 'regtest', '--rate', '1000', '--max-requests', '100000', '--json'],
  ];
  const requestsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = proxy.asked.length;
    await work();
    return proxy.asked.length - before;
  };
  const all = await requestsOf(() => runClew(folder, ...argv('straight')));
  const abort = new AbortController();
  const cut = await requestsOf(async () => {
    const enough = proxy.asked.length + all / 3;
    const watch = setInterval(() => proxy.asked.length > enough && abort.abort(), 5);
    const exit = await runCommandLine(argv('stopped'), hostOf(abort.signal));
    clearInterval(watch);
    assert.equal(exit, 130);
  });
  const rest = await requestsOf(() => runClew(folder, ...argv('stopped')));
  assert.ok(cut > all / 4 && cut < all, `${cut} of ${all}`);
  // The first and last block are asked for again, and what was under way when it was stopped may have been lost.
  assert.ok(cut + rest <= all + 30, `${cut} and ${rest} of ${all}`);
  const reports = ['straight', 'stopped'].map((data) => reportIn(join(folder, `out-${data}`)));
  assert.deepEqual(reports[0], reports[1]);
});

function hostOf(signal: AbortSignal, more: Partial<Host> = {}): Host & { readonly said: string[] } {
  const said: string[] = [];
  const host: Host = {
    stdout: { write: () => {} },
    stderr: { write: (text) => void said.push(text) },
    terminal: { stdoutIsTerminal: false, stderrIsTerminal: false, columns: 80 },
    clock: systemClock,
    signal,
    workingFolder: folder,
    debug: false,
    commands: COMMAND_GROUPS,
    openData: (path, wanted) => openLocally(host, path, wanted),
    ...more,
  };
  return { ...host, said };
}

test('no request without consent: asked at a terminal, given by --consent, remembered, taken back', async () => {
  const data = dataFolder('consent');
  const [address] = seedAddresses();
  const remote = ['--proxy', `http://127.0.0.1:${proxy.port}`];
  const command = [
    ...['address', address!, '--esplora', url, ...remote, '--network', 'regtest'],
    ...['--rate', '1000', '--data', data],
  ];
  const asked = proxy.asked.length;
  const refused = await runClew(folder, ...command);
  assert.deepEqual([refused.exit, refused.error?.code], [2, 'CLEW_REMOTE_CONSENT']);
  assert.match(refused.stderr, /will see which addresses and transactions are asked for/);
  assert.match(refused.stderr, /but not from which IP address/);
  const questions: string[] = [];
  const answering = (answer: boolean) =>
    hostOf(new AbortController().signal, {
      ask: async (question) => {
        questions.push(question);
        return answer;
      },
    });
  assert.equal(await runCommandLine(command, answering(false)), 2);
  assert.equal(proxy.asked.length, asked, 'nothing was sent');
  assert.equal(await runCommandLine(command, answering(true)), 0);
  assert.deepEqual(questions, Array(2).fill(`Ask ${new URL(url).host}?`));
  assert.ok(proxy.asked.length > asked);
  // Remembered: nobody is asked a second time.
  assert.equal((await runClew(folder, ...command)).exit, 0);

  const listed = await runClew(folder, 'esplora', 'consents', '--data', data);
  assert.deepEqual(
    listed.json.consents.map(({ server, isDirect }: Run['json']) => ({ server, isDirect })),
    [{ server: url, isDirect: false }],
  );
  assert.equal((await runClew(folder, 'esplora', 'forget', url, '--data', data)).json.forgotten, 1);
  assert.equal((await runClew(folder, ...command)).error?.code, 'CLEW_REMOTE_CONSENT');
});

test('at a real terminal the question is asked there; Enter alone and the end of the input are a no', async (t) => {
  if (spawnSync('script', ['--version']).error !== undefined) {
    t.skip('there is no `script` to make a terminal with');
    return;
  }
  const [address] = seedAddresses();
  const command = [
    ...[CLEW, 'address', address!, '--esplora', url, '--network', 'regtest', '--rate', '1000'],
    ...['--proxy', `http://127.0.0.1:${proxy.port}`, '--data', dataFolder('terminal')],
  ].join(' ');
  const answer = async (input: string): Promise<{ exit: number | null; shown: string }> => {
    const child = spawn('script', ['-qec', command, '/dev/null'], { timeout: 30_000 });
    let shown = '';
    child.stdout.on('data', (chunk) => {
      shown += chunk;
      if (!child.stdin.writableEnded && shown.includes('[y/N]')) child.stdin.end(input);
    });
    const [exit] = await once(child, 'close');
    return { exit, shown };
  };
  const no = await answer('\r');
  assert.match(no.shown, /will see which addresses[\s\S]*Ask 127\.0\.0\.1:\d+\? \[y\/N\]/);
  assert.deepEqual([no.exit, /CLEW_REMOTE_CONSENT/.test(no.shown)], [2, true]);
  const yes = await answer('y\r');
  assert.equal(yes.exit, 0, yes.shown);
  assert.match(yes.shown, /facts from/);
});

test('a password in the URL of a proxy is refused; options without a server, and what is no URL, are too', async () => {
  const [address] = seedAddresses();
  const data = ['--data', dataFolder('asker')];
  const codes = [
    ['--esplora', url, '--proxy', 'socks5://me:secret@127.0.0.1:9'],
    ['--proxy', 'socks5://127.0.0.1:9'],
    ['--esplora', 'ftp://server/'],
    ['--esplora', url, '--proxy', 'quic://127.0.0.1:9'],
    ['--esplora', url, '--ledger', 'http://127.0.0.1:9/db'],
  ].map(async (argv) => (await runClew(folder, 'address', address!, ...argv, ...data)).error?.code);
  assert.deepEqual(await Promise.all(codes), [
    'CLEW_SECRET_IN_ARGUMENT',
    'CLEW_USAGE',
    'CLEW_USAGE',
    'CLEW_USAGE',
    'CLEW_USAGE',
  ]);
  const wrong = await runClew(
    folder,
    ...['address', address!, '--esplora', url, '--network', 'testnet4', ...data],
  );
  assert.ok(wrong.error !== undefined);
  assert.equal(existsSync(join(dataFolder('asker'), 'testnet4', 'ledger')), false);
});
