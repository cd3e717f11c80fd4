/** The pages of `clew serve` over a simulated economy, as a person meets them in a browser. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { openReportFolder } from '../src/api/report-folder.ts';
import { allRuleMeanings } from '../src/api/rule-meaning.ts';
import { type RunningServer, startServer } from '../src/api/server.ts';
import { siteErrorPage } from '../src/api/site.ts';
import { siteRoutes } from '../src/api/site-routes.ts';
import { importTags } from '../src/attribution/import-tags.ts';
import { LINK_RULES } from '../src/cluster/link-columns.ts';
import { VERDICT_RULES } from '../src/cluster/verdict.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { OpenNetwork } from '../src/pipeline/open-network.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { openStore } from '../src/store/open-store.ts';
import { launchBrowser } from './support/browser.ts';
import { contrast } from './support/contrast.ts';
import type { ComputedStyleOf, PageDocument } from './support/page-globals.ts';

/** In the page, not here. */
declare const document: PageDocument;
declare const getComputedStyle: ComputedStyleOf;

const TRANSACTIONS = 3000;

let folder: string;
let server: RunningServer;
let open: OpenNetwork;
let closeStore: () => Promise<void>;
let browser: Browser;
/** A mix, a plain transaction, an address of a tagged service, two members of one cluster. */
const found: Record<'mix' | 'plain' | 'tagged' | 'member' | 'other', string> = {
  mix: '',
  plain: '',
  tagged: '',
  member: '',
  other: '',
};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clew-server-pages-'));
  const economy = join(folder, 'economy');
  await simulate({ outDir: economy, transactions: TRANSACTIONS, seed: 'pages' });
  const source = await openBlockSource(join(economy, 'blocks'));
  const store = await openStore(join(folder, 'store.sqlite'));
  closeStore = () => store.close();
  open = await OpenNetwork.open(
    { networkFolder: join(folder, source.network.name), store: async () => store },
    source.network,
  );
  await indexBlocks(open.ledger, source);
  source.close();
  await importTags([join(economy, 'tags.yaml')], store, {
    network: 'regtest',
    importedAtSeconds: 1_700_000_000,
  });
  await pickSubjects();
  server = await startServer({
    port: 0,
    routes: siteRoutes({
      network: 'regtest',
      reports: [emptyReport('first', 'An older report'), emptyReport('second', 'A newer report')],
      useNetwork: (_, work) => work(open),
    }),
    errorPage: siteErrorPage,
  });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.close();
  await open?.close();
  await closeStore?.();
  rmSync(folder, { recursive: true });
});

function emptyReport(name: string, title: string) {
  const path = join(folder, name);
  mkdirSync(path);
  const text = '3 payments from up to 2 payers brought the seed set 1.5 BTC. The rest.';
  writeFileSync(join(path, 'report.json'), JSON.stringify({ title, summary: { text } }));
  writeFileSync(join(path, 'report.html'), '<!doctype html><title>x</title>');
  return { ...openReportFolder(path), writtenAtSeconds: name === 'first' ? 1 : 2 };
}

async function pickSubjects(): Promise<void> {
  const flow = await open.flow();
  const run = await open.run();
  const [mix] = run.mixes();
  assert.ok(mix !== undefined, 'the economy has a mix');
  found.mix = flow.txid(mix.txIndex);
  const tags = await open.tagIndex();
  for (const address of tags.addresses()) {
    const about = await open.cluster(address, { limit: 3 }).catch(() => undefined);
    if (about === undefined || about.size.addresses < 3 || about.service === null) continue;
    found.tagged = address;
    found.member = about.members[0]!;
    found.other = about.members[1]!;
    break;
  }
  const { history } = await open.address(found.tagged, { limit: 1 });
  found.plain = history[0]!.txid;
}

async function page(path: string): Promise<string> {
  const reply = await fetch(new URL(path, server.url), { headers: { Accept: 'text/html' } });
  const body = await reply.text();
  assert.equal(reply.status, 200, body);
  return body;
}

const textOf = (body: string): string => body.replace(/<[^>]+>/g, '').replace(/\s+/g, ' ');

test('the overview begins with the latest report and says what tags there are', async () => {
  const body = await page('/');
  assert.ok(body.indexOf('A newer report') < body.indexOf('An older report'));
  // The numbers of the command line stay, in whatever order reports are shown.
  assert.match(body, /href="\/reports\/2\/report\.html">A newer report/);
  const text = textOf(body);
  assert.match(text, /3 payments from up to 2 payers brought the seed set 1\.5 BTC\./);
  assert.doesNotMatch(text, /The rest\./);
  assert.match(text, /Transactions3,000/);
  assert.match(text, /[\d,]+ tags on [\d,]+ addresses, from 1 file in all/);
});

test('a mix is explained in words, with the rule that saw it', async () => {
  const text = textOf(await page(`/tx/${found.mix}`));
  assert.match(text, /Looks like .+ \((?:the rule fits|only the shape fits).*\)\. Nobody can tell/);
  assert.match(text, /Rule [A-Z0-9-]+ version \d/);
  assert.doesNotMatch(text, /undefined|NaN|\[object/);
});

test('a service in a transaction is a claim, change is not guessed', async () => {
  const body = await page(`/tx/${found.plain}`);
  assert.match(body, /<span class="claim">“<bdi>[^<]+<\/bdi>” [a-z ]+<\/span>/);
  assert.match(textOf(body), /Clew does not guess/);
  for (const { address } of (await open.transaction(found.plain)).outputs) {
    if (address !== undefined) assert.ok(body.includes(`href="/address/${address}"`));
  }
});

test('an address shows who says what, since when and how sure', async () => {
  const text = textOf(await page(`/address/${found.tagged}`));
  assert.match(text, /Held by“[^”]+”/);
  assert.match(text, /Claims of the sources named, not facts of the chain/);
  assert.match(text, /\d{4}-\d{2}-\d{2}\d+ of 100/);
  assert.match(text, /one of [\d,]+ addresses that the rules put together/);
});

test('a cluster leads to why: by a link and by a form', async () => {
  const body = await page(`/cluster/${found.tagged}?limit=1`);
  assert.match(body, /rel="next"/);
  assert.match(body, /<form class="ask" action="\/why" method="get">/);
  assert.match(await page(`/cluster/${found.tagged}?limit=1&cursor=1`), /rel="first"/);
  const asked = await fetch(
    new URL(`/why?from=%20${found.member}&to=${found.other}%20`, server.url),
    { headers: { Accept: 'text/html' }, redirect: 'manual' },
  );
  assert.equal(asked.status, 303);
  const place = asked.headers.get('location')!;
  assert.equal(place, `/why/${found.member}/${found.other}`);
  assert.match(textOf(await page(place)), /The shortest chain of links between them has \d+ link/);
  assert.match(await page('/why'), /name="from"/);
});

test('a cluster shows what all its members did, and leads through their history', async () => {
  const body = await page(`/cluster/${found.tagged}`);
  assert.match(textOf(body), /Received[\d,.]+ [^<]{1,20}in [\d,]+ outputs?Sent/);
  const path = `/cluster/${found.tagged}/history`;
  assert.ok(body.includes(`href="${path}"`));
  const first = await page(`${path}?limit=2`);
  assert.equal(first.match(/<td role="cell" data-head="Transaction">/g)?.length, 2);
  const [, cursor] = /rel="next" href="[^"]*cursor=([^"]+)"/.exec(first)!;
  assert.match(await page(`${path}?limit=2&cursor=${cursor}`), /rel="first"/);
});

test('the sums and the history of a cluster are those of its members together', async () => {
  const whole = await open.cluster(found.tagged, { limit: 10_000 });
  const sums = { received: 0n, sent: 0n, balance: 0n, outputs: 0, spentOutputs: 0 };
  const txids = new Set<string>();
  for (const member of whole.members) {
    const { received, sent, balance, counts, history } = await open.address(member, {
      limit: 10_000,
    });
    sums.received += BigInt(received);
    sums.sent += BigInt(sent);
    sums.balance += BigInt(balance);
    sums.outputs += counts.outputs;
    sums.spentOutputs += counts.spentOutputs;
    for (const { txid } of history) txids.add(txid);
  }
  assert.equal(whole.received, sums.received.toString());
  assert.equal(whole.sent, sums.sent.toString());
  assert.equal(whole.balance, sums.balance.toString());
  const { outputs, spentOutputs } = sums;
  assert.deepEqual(whole.counts, { outputs, spentOutputs, transactions: txids.size });
  const listed = await open.cluster(found.tagged, { limit: 10_000 }, undefined, 'history');
  assert.deepEqual(new Set(listed.history!.map(({ txid }) => txid)), txids);
  assert.equal(listed.history!.length, txids.size);
});

test('every rule of this version is explained', () => {
  const explained = new Set(allRuleMeanings().map(([id]) => id));
  for (const { id } of [...LINK_RULES, ...VERDICT_RULES]) assert.ok(explained.has(id), id);
});

test('pages fit a telephone and a desk, in order for those who can not see them', async () => {
  const paths = [
    '/',
    '/reports',
    '/rules',
    '/why',
    `/tx/${found.mix}`,
    `/address/${found.tagged}`,
    `/cluster/${found.tagged}`,
    `/cluster/${found.tagged}/history`,
    `/why/${found.member}/${found.other}`,
  ];
  const titles = new Set<string>();
  for (const width of [400, 1280]) {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const tab = await context.newPage();
    for (const path of paths) {
      await tab.goto(new URL(path, server.url).href);
      titles.add(await tab.title());
      const seen = await tab.evaluate(() => {
        const count = (selector: string): number => document.querySelectorAll(selector).length;
        const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map((heading) =>
          Number(heading.tagName[1]),
        );
        return {
          tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          language: document.documentElement.lang,
          titles: count('h1'),
          jumps: levels.filter((level, i) => i > 0 && level > levels[i - 1]! + 1).length,
          scopeless: count('th:not([scope])'),
          captionless: [...document.querySelectorAll('table')].filter(
            (table) => table.caption === null,
          ).length,
          labelless: count('form.ask input:not(label input)'),
        };
      });
      assert.deepEqual(
        seen,
        {
          tooWide: 0,
          language: 'en',
          titles: 1,
          jumps: 0,
          scopeless: 0,
          captionless: 0,
          labelless: 0,
        },
        `${path} at ${width} pixels`,
      );
    }
    await context.close();
  }
  assert.equal(titles.size, paths.length);
});

test('text stands out from its ground, light and dark (WCAG 2.2 AA)', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ colorScheme });
    const tab = await context.newPage();
    await tab.goto(server.url);
    const colours = await tab.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const probe = document.body.appendChild(document.createElement('i'));
      const read = (name: string): number[] => {
        probe.style.color = style.getPropertyValue(name);
        return (getComputedStyle(probe).color.match(/\d+/g) ?? []).slice(0, 3).map(Number);
      };
      return Object.fromEntries(
        ['--paper', '--panel', '--mark-paper', '--ink', '--soft', '--link', '--claim', '--bad'].map(
          (name) => [name, read(name)],
        ),
      );
    });
    const {
      '--paper': paper,
      '--panel': panel,
      '--mark-paper': note,
      ...inks
    } = colours as Record<string, number[]>;
    for (const [name, ink] of Object.entries(inks)) {
      for (const ground of [paper!, panel!, note!]) {
        assert.ok(contrast(ink, ground) >= 4.5, `${colorScheme} ${name} on ${ground.join(' ')}`);
      }
    }
    await context.close();
  }
});
