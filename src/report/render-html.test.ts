import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { sampleClaim } from '../../test/support/sample-claims.ts';
import {
  emptyInput,
  LARGE,
  MEDIUM,
  SMALL,
  sampleInput,
} from '../../test/support/sample-investigation.ts';
import { tagBalance } from '../../test/support/tag-balance.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { STYLES } from './html/styles.ts';
import { REPORT_CONTENT_SECURITY_POLICY, renderHtml } from './render-html.ts';
import { buildReport } from './report-data.ts';
import type { ReportInput } from './report-input.ts';

const page = (input: ReportInput): string => renderHtml(buildReport(input));
const MEDIUM_PAGE = page(sampleInput(MEDIUM));
const LARGE_PAGE = page(sampleInput(LARGE));

/** Text of a page as a reader sees it, without what is said in tool tips. */
const textOf = (markup: string): string =>
  markup
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>';

/** A sample in which every text that comes from outside is an attack. */
function hostileInput(): ReportInput {
  const input = sampleInput(SMALL);
  const { investigation, seedFile, derivation } = input;
  const claim = sampleClaim(seededRandom('hostile'), HOSTILE, 'exchange', true);
  const service = {
    ...claim,
    tags: claim.tags.map((tag) => ({
      ...tag,
      source: HOSTILE,
      sourcePack: { ...tag.sourcePack, title: HOSTILE },
    })),
  };
  return {
    ...input,
    title: HOSTILE,
    seedFile: {
      ...seedFile,
      name: HOSTILE,
      rejected: [{ line: 1, text: HOSTILE, code: HOSTILE, reason: HOSTILE }],
      otherChains: [{ line: 2, text: HOSTILE, chain: HOSTILE }],
      warnings: [{ code: 'CLEW_SEED_LINK', message: HOSTILE, facts: { line: 3 } }],
    },
    derivation: {
      ...derivation,
      rules: [{ id: HOSTILE, version: 1, what: HOSTILE }],
      parameters: { [HOSTILE]: HOSTILE },
      tagPacks: [{ name: HOSTILE, creator: HOSTILE, sha256: '00', date: HOSTILE }],
    },
    investigation: {
      ...investigation,
      seeds: investigation.seeds.map((seed) => ({
        ...seed,
        note: HOSTILE,
        source: HOSTILE,
        site: HOSTILE,
        seenAt: HOSTILE,
      })),
      clusters: investigation.clusters.map((cluster) => ({ ...cluster, service, expanded: false })),
      cashOuts: investigation.cashOuts.map((cashOut) => ({ ...cashOut, service })),
      payments: investigation.payments.map((payment) => ({
        ...payment,
        origins: payment.origins.map((origin) => ({ ...origin, service })),
      })),
      unresolved: [{ what: HOSTILE, count: 1 }],
      flow: {
        nodes: investigation.flow.nodes.map((node) => ({ ...node, label: HOSTILE })),
        edges: investigation.flow.edges,
      },
    },
  };
}

test('nothing that comes from outside becomes markup', () => {
  const markup = page(hostileInput());
  assert.doesNotMatch(markup, /<script|<img/i);
  assert.deepEqual(tagBalance(markup), []);
  assert.ok(textOf(markup).includes('&gt;&lt;script&gt;'));
});

test('the page is well formed and needs nothing from outside', () => {
  for (const markup of [MEDIUM_PAGE, LARGE_PAGE, page(emptyInput())]) {
    assert.deepEqual(tagBalance(markup), []);
    assert.doesNotMatch(markup, /<script|<img|<link|<iframe|<object|<form|@import|url\((?!#)/i);
    assert.doesNotMatch(markup, /\s(?:src|srcset|action|on\w+|style)=/i);
    for (const [, target] of markup.matchAll(/\shref="([^"]*)"/g)) assert.match(target!, /^#/);
  }
});

test('links of tags and seeds stay text', () => {
  assert.ok(MEDIUM_PAGE.includes('https://tags.example/list/7'));
  assert.doesNotMatch(MEDIUM_PAGE, /href="https?:/);
});

test('the policy allows the style sheet by its digest and nothing else', () => {
  const style = /<style>([\s\S]*?)<\/style>/.exec(MEDIUM_PAGE)![1]!;
  assert.equal(style, STYLES);
  assert.equal(
    REPORT_CONTENT_SECURITY_POLICY,
    `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'`,
  );
  assert.ok(
    MEDIUM_PAGE.includes(`content="${REPORT_CONTENT_SECURITY_POLICY.replaceAll("'", '&#39;')}"`),
  );
});

test('links within the page lead to something, and ids are unique', () => {
  for (const markup of [MEDIUM_PAGE, LARGE_PAGE]) {
    const ids = [...markup.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, target] of markup.matchAll(/(?:href="|url\()#([\w-]+)/g))
      assert.ok(ids.includes(target!), target);
    for (const [, names] of markup.matchAll(/aria-labelledby="([^"]+)"/g)) {
      for (const name of names!.split(' ')) assert.ok(ids.includes(name), name);
    }
  }
});

test('a service is named only where it looks like a claim', () => {
  const { attribution } = buildReport(sampleInput(MEDIUM));
  const rest = MEDIUM_PAGE.replace(
    /<span class="claim">[\s\S]*?<\/span> <span class="kind">[^<]*<\/span><\/span>/g,
    '',
  )
    .replace(/<span class="who">[\s\S]*?<\/span>/g, '')
    .replace(/<g class="node node-\w+ claimed">[\s\S]*?<\/g>/g, '')
    // In tool tips, descriptions and the table of the chart it has its quotation marks.
    .replace(/“[^”]*”/g, '');
  for (const { name } of attribution.services) assert.ok(!rest.includes(name), name);
});

test('every claim in a request comes with source, date and confidence', () => {
  for (const [, list] of MEDIUM_PAGE.matchAll(/<ul class="claims">([\s\S]*?)<\/ul>/g)) {
    for (const [, item] of list!.matchAll(/<li>([\s\S]*?)<\/li>/g)) {
      assert.match(
        textOf(item!),
        /, says .+ \((?:\d{4}-\d{2}-\d{2}(?: to \d{4}-\d{2}-\d{2})?|no date)\) of .+From: .+Confidence \d+ of 100: /,
      );
    }
  }
});

test('long tables say how much of them is shown and where the rest is', () => {
  const text = textOf(LARGE_PAGE);
  assert.match(text, /25 of 1,\d{3} shown, \d+ % of the value; all in payers\.csv/);
  assert.match(text, /15 of 5,000 shown, \d+ % of the value; all in payments\.csv/);
  assert.match(text, /10 of 714 shown, \d+ % of the value; all in unspent\.csv/);
  assert.match(text, /40 of 1,001 shown; all in seeds\.csv/);
  assert.ok(LARGE_PAGE.length < 1_000_000);
});

test('what is not spent can be reached from the answer, and the page says who can freeze it', () => {
  const text = textOf(LARGE_PAGE);
  assert.match(text, /lay unspent in 714 outputs at block 840,000\./);
  assert.ok(LARGE_PAGE.includes('<a href="#unspent">714 outputs</a>'));
  assert.match(text, /Not spent up to block 840,000: outputs to watch or freeze/);
  assert.match(text, /Nobody can freeze coins in the chain itself\./);
  const { unspent } = buildReport(sampleInput(LARGE));
  for (const { txid, vout } of unspent.slice(0, 10))
    assert.ok(LARGE_PAGE.includes(`>${txid}:${vout}</code>`));
  assert.ok(!LARGE_PAGE.includes(unspent[10]!.txid));
});

test('ids stand in full, in monospace', () => {
  const { payments, requests } = buildReport(sampleInput(SMALL));
  const smallPage = page(sampleInput(SMALL));
  for (const { txid } of payments)
    assert.ok(smallPage.includes(`<code class="id" translate="no">${txid}</code>`));
  for (const { txid, vout } of requests[0]!.withdrawals.slice(0, 10))
    assert.ok(smallPage.includes(`>${txid}:${vout}</code>`));
});

test('tables have captions, heads with a scope, and a cell for each head', () => {
  for (const [, table] of MEDIUM_PAGE.matchAll(/<table role="table">([\s\S]*?)<\/table>/g)) {
    assert.match(table!, /^<caption>.+?<\/caption>/);
    const heads = [...table!.matchAll(/<th role="columnheader" scope="col"/g)].length;
    for (const [, row] of table!.split('<tbody')[1]!.matchAll(/<tr role="row">([\s\S]*?)<\/tr>/g)) {
      assert.equal([...row!.matchAll(/<t[hd] role="(?:rowheader|cell)"/g)].length, heads);
    }
  }
});

test('a report without payments says what to check and leaves empty chapters out', () => {
  const markup = page(emptyInput());
  const text = textOf(markup);
  assert.match(text, /No payment to the seed set was found up to block 840,000\./);
  assert.match(text, /Before concluding that nothing was paid, check:/);
  const headings = [...markup.matchAll(/<h2 id="([^"]+)"/g)].map(([, id]) => id);
  assert.deepEqual(headings, [
    'contents-title',
    'answer-title',
    'next-title',
    'seeds-title',
    'limits-title',
    'derivation-title',
    'lines-title',
    'glossary-title',
  ]);
  assert.doesNotMatch(text, /NaN|undefined/);
});

test('no figure is missing from the words', () => {
  for (const markup of [
    MEDIUM_PAGE,
    LARGE_PAGE,
    page(sampleInput({ ...SMALL, mixes: 0, badLines: 0 })),
  ]) {
    assert.doesNotMatch(textOf(markup), /undefined|NaN|null|\[object|Infinity/);
  }
});

test('one is singular on the page too', () => {
  const one = {
    seed: 'one',
    seeds: 1,
    clusters: 1,
    payments: 1,
    payers: 1,
    services: 1,
    days: 1,
    mixes: 1,
    badLines: 1,
  };
  assert.doesNotMatch(
    textOf(page(sampleInput(one))),
    /(?<![\d,.:-])1 (?:payments|payers|services|seeds|lines|steps|deposits|withdrawals|links|clusters|addresses|outputs|meetings|duplicates)\b/,
  );
});

test('the words are sober', () => {
  assert.doesNotMatch(
    textOf(LARGE_PAGE),
    /criminal|offender|pa?edo|predator|dirty|illicit|suspect|customer of abuse|caught|pornogra/i,
  );
  assert.ok(textOf(LARGE_PAGE).includes('A payment is a lead, not guilt.'));
});
