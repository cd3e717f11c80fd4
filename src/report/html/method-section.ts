/** What is open, what is not proven, how every figure was obtained, and the words used. */
import type { FactsSource } from '../../trace/facts-source.ts';
import { type Html, type HtmlPart, html } from '../html.ts';
import { briefCoins, capitalised, groupDigits, plural } from '../wording.ts';
import { disagreement } from './cash-outs-section.ts';
import {
  claim,
  coins,
  day,
  foreign,
  groupTags,
  id,
  type Page,
  section,
  shownNote,
  table,
} from './parts.ts';
import { PRICES_ANCHOR, pricesPart } from './prices-part.ts';

const PACKS_MAX = 40;
const TAGS_MAX = 25;

/** What could not be resolved. */
export function unresolvedSection(page: Page): Html {
  const { unresolved } = page.report;
  if (unresolved.length === 0) {
    return section(
      'open',
      'What could not be resolved',
      html`<p>Nothing was left open within the limits of this investigation.</p>`,
    );
  }
  return section(
    'open',
    'What could not be resolved',
    table(
      'Open ends and what they mean for the figures',
      [{ head: 'What' }, { head: 'Count', numeric: true }, { head: page.coin, numeric: true }],
      unresolved.map(({ what, count, sats }) => [
        html`<span class="plainhead">${capitalised(what)}</span>`,
        groupDigits(count),
        sats === undefined ? html`<span class="muted">unknown</span>` : coins(sats),
      ]),
    ),
  );
}

/** The cash-out on which the methods differ most, in satoshi. */
function widestDisagreement(page: Page): Html | false {
  let widest:
    | { readonly service: string; readonly fifo: bigint; readonly haircut: bigint }
    | undefined;
  let most = 0n;
  for (const { service, byMethod } of page.report.cashOuts) {
    const fifo = BigInt(byMethod.fifo.sats);
    const haircut = BigInt(byMethod.haircut.sats);
    const difference = fifo > haircut ? fifo - haircut : haircut - fifo;
    if (difference <= most) continue;
    most = difference;
    widest = { service, fifo, haircut };
  }
  if (widest === undefined) return false;
  return html` Here they are furthest apart at ${claim(page.service(widest.service))}: ${briefCoins(widest.fifo)} against ${briefCoins(widest.haircut)} ${page.coin} (${disagreement(widest.fifo, widest.haircut)}).`;
}

function claimsStanding(page: Page): Html | false {
  const { services } = page.report.attribution;
  if (services.length === 0) return false;
  const single = services.filter(({ tags }) => tags.length === 1).length;
  const disputed = services.filter(({ isDisputed }) => isDisputed).length;
  return html` Of the ${plural(services.length, 'service')} in this report, ${plural(single, 'rests', 'rest')} on a single claim${disputed > 0 && html`, and about ${groupDigits(disputed)} the sources disagree`}.`;
}

/** What this does not prove. */
export function limitsSection(page: Page): Html {
  return section(
    'limits',
    'What this report does not prove',
    html`<ul class="limits">
<li><b>That a payer is guilty.</b> Nothing here says what was paid for, or that anything was received. Somebody else may have used the account or the wallet; the payer may have been deceived, blackmailed or working for the police; the seed may have taken payments for other things. The name on an account is where enquiries begin: devices, messages and statements have to bear it out before a payment is held against anybody.</li>
<li><b>Who anyone is.</b> A cluster shows common control at the time of a transaction, not a person. Several people can share a wallet, one person can have many, and a company can hold the keys of thousands.</li>
<li><b>That every cluster is right.</b> Addresses spent together are taken to be under one control, except in transactions that look like a CoinJoin. Other explanations: a CoinJoin or PayJoin that no rule recognises, keys that were shared, sold or stolen, a custodian that pays for many customers at once. Every link is listed, so that each can be examined.</li>
<li><b>Which coins went where.</b> Coins in one transaction can not be told apart. First in, first out is a convention of accounting, and so are proportional shares; which one a court accepts differs from place to place.${widestDisagreement(page)}</li>
<li><b>That a service is the one named.</b> Its name is what a source says, and sources err and age.${claimsStanding(page)} A deposit address may also belong to another business that is itself a customer there.</li>
<li><b>That this is all.</b> Other addresses of the same people, other chains and payments outside the chain are not in the sums: the truth can be more. It can be less too, where a cluster is wrong or where money that has nothing to do with the purpose of the seeds was paid to them. The part paid to listed seeds alone, which needs no cluster, is given beside the sum.</li>
<li><b>What anyone lost or gained.</b> Values in money of states are daily prices of the named sources, not what was in fact paid or received for the coins; within a day the price moves, and sources differ.</li>
</ul>
`,
  );
}

function packTable(page: Page): Html {
  const { tagPacks } = page.report.derivation;
  if (tagPacks.length === 0) return html`<p>No tag pack was loaded: no service could be named.</p>`;
  const shown = tagPacks.slice(0, PACKS_MAX);
  return html`${table(
    'Sources of claims',
    [
      { head: 'Pack or list' },
      { head: 'By' },
      { head: 'Date' },
      { head: 'Tags', numeric: true },
      { head: 'SHA-256 of the file' },
    ],
    shown.map((pack) => [
      html`<span class="plainhead">${foreign(pack.name)}</span>`,
      pack.creator === undefined
        ? html`<span class="muted">not given</span>`
        : foreign(pack.creator),
      pack.date ?? html`<span class="muted">not given</span>`,
      pack.tags === undefined ? '' : groupDigits(pack.tags),
      id(pack.sha256),
    ]),
  )}${shownNote(shown.length, tagPacks.length, 'report.json')}`;
}

/** Every claim that this report uses, best source first. */
function tagTable(page: Page): Html | false {
  const { tags } = page.report.attribution;
  if (tags.length === 0) return false;
  const groups = groupTags(page, [...tags.keys()]);
  const shown = groups.slice(0, TAGS_MAX);
  return html`<details class="screen"><summary>${plural(tags.length, 'claim')} that this report uses, equal ones about different addresses together</summary>
${table(
  'Claims, best source first',
  [{ head: 'Said' }, { head: 'About' }, { head: 'By' }, { head: 'Confidence' }],
  shown.map(({ tag, abouts, dates }) => [
    html`<span class="claim"><span class="quote">“${foreign(tag.label)}”</span> <span class="kind">${tag.categoryName}</span></span>`,
    html`${id(tag.about)}${abouts > 1 && html`<span class="sub">and ${plural(abouts - 1, 'other')}</span>`}`,
    html`${foreign(tag.pack)}<span class="sub">${dates}; ${foreign(tag.source)}</span>`,
    html`${tag.confidence} (${tag.confidenceLevel} of 100)<span class="sub">${tag.confidenceMeaning}</span>`,
  ]),
)}${shownNote(shown.length, groups.length, 'report.json')}</details>`;
}

/** What is not counted, because the set paid itself. */
function ownTransfersItem(page: Page): Html | false {
  const own = page.report.summary.ownTransfers;
  if (own === null || own.transfers + own.withChange === 0) return false;
  return html`<li><b>Not counted as payments</b>: ${plural(own.transfers, 'transaction')} in which the seed set moved ${briefCoins(BigInt(own.transferSats))} ${page.coin} among its own addresses, and ${briefCoins(BigInt(own.changeSats))} ${page.coin} that came back to it as change in ${plural(own.withChange, 'transaction')}.</li>
`;
}

function parameterValue(value: string | number | boolean): HtmlPart {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return groupDigits(value);
  return /^[0-9a-f]{64}$/.test(value) ? id(value) : foreign(value);
}

/** The server that the facts were asked of, and what it did not give. */
function factsSourceRows(page: Page): Html | false {
  const { factsSource } = page.report.derivation;
  if (factsSource === undefined) return false;
  const { server, transactions, provenTransactions, wholeHistories, notExpanded } = factsSource;
  const { isWhole, limits, limitsHit } = factsSource;
  return html`<dt>Facts</dt><dd>not from a ledger here: ${plural(transactions, 'transaction')} and the whole history of ${plural(wholeHistories, 'address', 'addresses')} were asked of ${foreign(server)}, which saw the questions. ${groupDigits(provenTransactions)} of the transactions were proven to be in their blocks by Merkle branches. Clusters are made from these transactions alone and may be larger than they look here: then payers that are listed apart are one, and a service may not have been recognised.</dd>
<dt>Completeness</dt><dd>${
    isWhole
      ? 'all that the figures need was fetched'
      : html`<b>not all that the figures need was fetched</b>: ${limitsHit.map((limit) => FETCH_LIMITS[limit](limits)).join('; ')}`
  }${
    notExpanded.length > 0 &&
    html`. Not fetched whole: ${notExpanded
      .slice(0, NOT_EXPANDED_MAX)
      .map(
        ({ name, transactions: count }) => html`${id(name)} (${groupDigits(count)} transactions) `,
      )}`
  }</dd>
`;
}

const NOT_EXPANDED_MAX = 20;
const FETCH_LIMITS: Readonly<
  Record<FactsSource['limitsHit'][number], (limits: FactsSource['limits']) => string>
> = {
  requests: ({ requestsMax }) =>
    `the limit of ${groupDigits(requestsMax ?? 0)} requests was reached`,
  transactions: ({ transactionsMax }) =>
    `the limit of ${groupDigits(transactionsMax)} transactions was reached`,
  address_transactions: ({ addressTransactionsMax }) =>
    `some addresses have more than ${groupDigits(addressTransactionsMax)} transactions`,
};

/** How every figure was obtained. */
export function derivationSection(page: Page): Html {
  const { derivation, seedFile } = page.report;
  const { prices } = derivation;
  return section(
    'derivation',
    'How every figure was obtained',
    html`<p class="lead">The same seed file, blocks, tag packs and prices, read by the same version of Clew, give this report again, byte for byte.</p>
<dl class="plain">
<dt>Software</dt><dd>Clew ${derivation.clewVersion}</dd>
<dt>Chain</dt><dd>${derivation.network}${derivation.heightMin !== undefined && html`, from block ${groupDigits(derivation.heightMin)}`}, as of block ${groupDigits(derivation.asOfHeight)}</dd>
${factsSourceRows(page)}<dt>${derivation.factsSource === undefined ? 'Last block of the ledger' : 'Last block at the server'}</dt><dd>${groupDigits(derivation.tip.height)}${derivation.tip.at !== undefined && html` (${day(derivation.tip.at)})`}: ${id(derivation.tip.hash)}</dd>
<dt>Cluster run</dt><dd>${id(derivation.runId)}</dd>
<dt>Seed file</dt><dd>${foreign(derivation.seedFile.name)}, ${plural(seedFile.lines, 'line')}: ${id(derivation.seedFile.sha256)}</dd>
<dt>Prices</dt><dd>${
      prices === null
        ? 'none given: no values in money of states'
        : html`${prices.currencies.join(', ')} for ${prices.asset}, ${prices.firstDay} to ${prices.lastDay}: <a href="#${PRICES_ANCHOR}">rates and sources</a>`
    }</dd>
${derivation.tagsDigest !== undefined && html`<dt>All tags</dt><dd>${id(derivation.tagsDigest)}</dd>`}
</dl>
<ul>
<li><b>Received</b>: outputs paid to the seed set by anybody outside it, each once. <b>At listed seeds</b>: only payments with an output on a seed of the file, without the further addresses of clusters.</li>
${ownTransfersItem(page)}<li><b>Payers</b>: payments grouped by the cluster that spent the coins. The larger number counts each payment by a service, by a cluster as large as one, by a mix or from unknown coins as another payer.</li>
<li><b>Coins came from</b>: each payment followed backwards, first in, first out, to the nearest service or to where the trail ends. <b>Where the money went</b>: the same forwards, by two methods. Nothing is followed through a service or a CoinJoin.</li>
<li><b>Values</b>: each payment at the rate of its day (UTC), rounded half up to the cent, then added up. Shares are rounded down.</li>
</ul>
<details><summary>Rules, parameters and sources of claims</summary>
${table(
  'Rules',
  [{ head: 'Rule' }, { head: 'Version', numeric: true }, { head: 'What it does' }],
  derivation.rules.map((rule) => [rule.id, groupDigits(rule.version), rule.what]),
)}${table(
  'Parameters and limits',
  [{ head: 'Name' }, { head: 'Value' }],
  Object.entries(derivation.parameters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [html`<code class="id">${name}</code>`, parameterValue(value)]),
  'narrow',
)}${packTable(page)}</details>
${pricesPart(page)}${tagTable(page)}`,
  );
}

const GLOSSARY: readonly (readonly [word: string, meaning: string])[] = [
  [
    'Address',
    'A destination for coins on the chain. Not a person and not a wallet; one person can have thousands.',
  ],
  [
    'Attribution, claim, tag',
    'What a named source says about an address, with date and confidence. Not a fact of the chain.',
  ],
  [
    'Cash-out',
    'An arrival of coins at a service, where they can be exchanged for money of states.',
  ],
  [
    'Cluster',
    'Addresses that rules put under one control. Its id names the run of the rules and its earliest address.',
  ],
  [
    'CoinJoin',
    'A transaction in which several people pay together, so that inputs and outputs can not be matched.',
  ],
  ['Confidence', 'A rank of sources from 0 to 100. It is no probability.'],
  ['Coin, satoshi', 'One bitcoin is 100,000,000 satoshi. Clew counts in whole satoshi.'],
  ['FIFO (first in, first out)', 'Coins leave a transaction in the order in which they came in.'],
  ['Haircut', 'Every output of a transaction gets its proportional share of each input.'],
  ['Hop, step', 'One transaction on the way from one place to another.'],
  ['Output', 'One amount that a transaction pays, written as transaction id, colon, number.'],
  ['Payer', 'Whoever could spend the coins that were paid to the seed set. A lead, not guilt.'],
  ['Seed set', 'The addresses and transactions that the investigation began with.'],
  [
    'Service',
    'A business that keeps coins of many customers together, such as an exchange. Only it can say which customer a coin belonged to.',
  ],
  ['Transaction id (txid)', 'The number of a transaction, the same in every block explorer.'],
];

/** The words used. */
export function glossarySection(): Html {
  return section(
    'glossary',
    'Words used',
    html`<dl class="glossary">${GLOSSARY.map(
      ([word, meaning]) => html`<div><dt>${word}</dt><dd>${meaning}</dd></div>
`,
    )}</dl>
`,
  );
}
