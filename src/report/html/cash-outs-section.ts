/** The overview chart, where the money went, the mixes that it met. */

import { flowChart, nodeNames } from '../flow-chart.ts';
import { arrangeFlow, type FlowColumns } from '../flow-columns.ts';
import { type Html, html } from '../html.ts';
import type { CashOutRow, StopRow } from '../report-format.ts';
import { largerFirst, largestOf } from '../sats-order.ts';
import { briefCoins, groupDigits, listWords, percent, plural } from '../wording.ts';
import {
  claim,
  coins,
  id,
  money,
  NAMES_CUSTOMERS,
  type Page,
  section,
  shownNote,
  span,
  sumOf,
  table,
} from './parts.ts';
import { unspentPart } from './unspent-part.ts';

const CASH_OUTS_MAX = 25;
const MIXES_MAX = 20;

function flowTable(page: Page, flow: FlowColumns): Html {
  const names = nodeNames(flow);
  const edges = [...flow.edges].sort((a, b) => largerFirst(a.sats, b.sats));
  return html`<details class="screen"><summary>The chart as a table</summary>
${table(
  'Money between the groups of the chart, largest first',
  [
    { head: 'From' },
    { head: 'To' },
    { head: page.coin, numeric: true },
    { head: 'Transactions', numeric: true },
  ],
  edges.map((edge) => [
    names.get(edge.from),
    names.get(edge.to),
    coins(edge.sats),
    groupDigits(edge.transactions),
  ]),
)}</details>
`;
}

/** The whole picture on one chart. */
export function flowSection(page: Page): Html | false {
  const flow = arrangeFlow(page.report.flow.nodes, page.report.flow.edges);
  const chart = flowChart(flow, page.receivedSats, page.coin);
  if (chart === undefined) return false;
  return section(
    'flow',
    'The picture: where the money came from and where it went',
    html`<p class="lead">Read from left to right. The wider a band, the more money. Dashed boxes with quotation marks are services as sources name them. Ways out are followed first in, first out.</p>
<p class="shown phone">Move the chart sideways to see all of it.</p>
<div class="chartbox" tabindex="0" role="group" aria-label="Chart: flow of the money">${chart}</div>
${flow.leftOut > 0 && html`<p class="shown">${plural(flow.leftOut, 'flow')} back to an earlier column ${flow.leftOut === 1 ? 'is' : 'are'} not drawn; report.json has ${flow.leftOut === 1 ? 'it' : 'them'}.</p>`}${flowTable(page, flow)}`,
  );
}

/** Both methods as a bar: filled to what both agree on, dashed to the larger one. */
function spread(fifo: bigint, haircut: bigint, most: bigint): Html | false {
  if (most === 0n) return false;
  const width = (sats: bigint): string =>
    String(Math.round((Number(sats) / Number(most)) * 1280) / 10);
  const [low, high] = fifo < haircut ? [fifo, haircut] : [haircut, fifo];
  return html`<svg class="spread" viewBox="0 0 130 14" aria-hidden="true"><rect class="least" x="1" y="2" width="${width(low)}" height="10"/><rect class="most" x="${String(1 + Number(width(low)))}" y="2.5" width="${String(Math.round((Number(width(high)) - Number(width(low))) * 10) / 10)}" height="9"/></svg>`;
}

/** How far the methods are apart, in words. */
export function disagreement(fifo: bigint, haircut: bigint): string {
  if (fifo === haircut) return 'the methods agree';
  const [low, high] = fifo < haircut ? [fifo, haircut] : [haircut, fifo];
  if (low === 0n)
    return fifo > 0n ? 'only first in, first out leads here' : 'only proportional shares lead here';
  return `the methods differ by ${percent(high - low, high)}`;
}

const CLUSTERS_MAX = 3;

/** Seed clusters that cash out at one place may have one operator: worth seeing at a glance. */
function fromClusters(cashOut: CashOutRow): Html | false {
  const { clusters } = cashOut;
  if (clusters.length === 0) return false;
  const named = clusters.slice(0, CLUSTERS_MAX).map(({ cluster }) => cluster);
  const more = clusters.length - named.length;
  return html`<span class="sub">from seed ${clusters.length === 1 ? 'cluster' : 'clusters'} ${listWords(more > 0 ? [...named, plural(more, 'other')] : named)}</span>`;
}

function cashOutCells(page: Page, cashOut: CashOutRow, most: bigint) {
  const service = page.service(cashOut.service);
  const fifo = BigInt(cashOut.byMethod.fifo.sats);
  const haircut = BigInt(cashOut.byMethod.haircut.sats);
  return [
    groupDigits(cashOut.rank),
    html`${claim(service)}<span class="sub">${NAMES_CUSTOMERS[service.namesCustomers]}</span>${fromClusters(cashOut)}`,
    money(page, cashOut.byMethod.fifo, percent(fifo, page.receivedSats)),
    money(page, cashOut.byMethod.haircut, percent(haircut, page.receivedSats)),
    html`${spread(fifo, haircut, most)}<span class="sub">${disagreement(fifo, haircut)}</span>`,
    html`${plural(cashOut.deposits.length, 'deposit')}<span class="sub">${span(cashOut.firstAt, cashOut.lastAt)}</span><span class="sub">${cashOut.hopsMin <= 1 ? 'some directly' : `${plural(cashOut.hopsMin, 'step')} away at least`}</span>`,
  ];
}

const STOP_WORDS: Readonly<Record<StopRow['reason'], string>> = {
  service: 'reached a service that a source names',
  coinjoin: 'went into a CoinJoin, where the coins of several people mix',
  depth: 'still moving at the largest number of steps that was asked for',
  time: 'still moving at the end of the time that was asked for',
  value: 'split into parts smaller than the limit',
  budget: 'not followed to the end: the budget of transactions was used up',
  unspent: 'lies at an address outside the seed set, not spent',
  unspendable: 'can never be spent',
  fee: 'paid as a fee to miners',
  mined: 'newly mined',
  unknown_prevout: 'comes from before this ledger',
  self: 'still with the seed set, not spent',
  edge_of_ledger: 'leaves the part of the chain in this ledger',
  side_ledger: 'went into a ledger beside the chain, which shows nobody’s coins',
  not_fetched: 'moved on in a transaction that was not fetched: the budget of requests was used up',
  large_cluster: 'lies in a large cluster that no source names: it may be a service',
};

/** How much ended in one way by one method, and in how many places. */
function stopCell(page: Page, sats: string, places: number): Html {
  return html`${coins(sats)}<span class="sub">${percent(BigInt(sats), page.receivedSats)}</span><span class="sub">${plural(places, 'place')}</span>`;
}

function stopsTable(page: Page): Html | false {
  const stops = page.report.forwardStops;
  if (stops.length === 0) return false;
  return table(
    'How following the money ended',
    [
      { head: 'The money' },
      { head: `${page.coin}, first in first out`, numeric: true },
      { head: `${page.coin}, haircut`, numeric: true },
    ],
    stops.map((stop) => [
      html`<span class="plainhead">${STOP_WORDS[stop.reason]}</span>`,
      stopCell(page, stop.byMethod.fifo, stop.placesByMethod.fifo),
      stopCell(page, stop.byMethod.haircut, stop.placesByMethod.haircut),
    ]),
  );
}

/** Cash-outs, ranked by the service that can name a customer. */
export function cashOutsSection(page: Page): Html {
  const { cashOuts } = page.report;
  if (cashOuts.length === 0) {
    return section(
      'cash-outs',
      'Where the money went',
      html`<p>None of the money was seen to arrive at a service that a source names.</p>
${stopsTable(page)}${unspentPart(page)}`,
    );
  }
  const shown = cashOuts.slice(0, CASH_OUTS_MAX);
  const most = largestOf(
    cashOuts.flatMap(({ byMethod }) => [BigInt(byMethod.fifo.sats), BigInt(byMethod.haircut.sats)]),
  );
  return section(
    'cash-outs',
    'Where the money went',
    html`<p class="lead">Services that have to identify their customers come first, then by sum. Coins in one transaction can not be told apart, so two ways of counting stand side by side: <i>first in, first out</i> (FIFO) takes them in order, <i>haircut</i> gives every output its proportional share. Where they differ much, neither figure should be used alone.</p>
${table(
  'Services that the money reached',
  [
    { head: 'Rank' },
    { head: 'Service, as sources name it' },
    { head: `${page.coin} by FIFO`, numeric: true },
    { head: `${page.coin} by haircut`, numeric: true },
    { head: 'Agreement' },
    { head: 'Deposits', className: 'nowrap' },
  ],
  shown.map((cashOut) => cashOutCells(page, cashOut, most)),
)}${shownNote(shown.length, cashOuts.length, 'cash-outs.csv', {
  shown: sumOf(shown, ({ byMethod }) => byMethod.fifo.sats),
  all: sumOf(cashOuts, ({ byMethod }) => byMethod.fifo.sats),
})}${stopsTable(page)}${unspentPart(page)}`,
  );
}

const STRENGTH_WORDS = {
  certain: 'known from outside the chain',
  strong: 'the rule fits and nothing known looks alike',
  possible: 'only the shape fits',
} as const;

/** CoinJoins that the money passed. */
export function mixesSection(page: Page): Html {
  const { mixes } = page.report;
  if (mixes.length === 0) {
    return section(
      'mixes',
      'CoinJoins met',
      html`<p>The money met no transaction that looks like a CoinJoin.</p>`,
    );
  }
  const shown = [...mixes]
    .sort((a, b) => largerFirst(BigInt(a.sats), BigInt(b.sats)))
    .slice(0, MIXES_MAX);
  const total = sumOf(mixes, ({ sats }) => sats);
  return section(
    'mixes',
    'CoinJoins met',
    html`<p class="lead">In a CoinJoin several people pay together so that nobody can say whose coins are whose. Following ends there. A CoinJoin is lawful; using one says nothing about why. ${plural(mixes.length, 'meeting')}, ${briefCoins(total)} ${page.coin} in all.</p>
${table(
  'CoinJoins, largest amount first',
  [
    { head: 'Block', numeric: true },
    { head: 'Transaction' },
    { head: 'Direction' },
    { head: page.coin, numeric: true },
    { head: 'Rule and strength' },
    { head: 'Hides among', numeric: true },
  ],
  shown.map((mix) => [
    groupDigits(mix.height),
    id(mix.txid),
    mix.direction === 'in' ? 'money went in' : 'money came out',
    coins(mix.sats),
    html`${mix.rule} v${mix.ruleVersion}<span class="sub">${mix.strength}: ${STRENGTH_WORDS[mix.strength]}</span>`,
    groupDigits(mix.anonymitySet),
  ]),
)}${shownNote(shown.length, mixes.length, 'mixes.csv', {
  shown: sumOf(shown, ({ sats }) => sats),
  all: total,
})}`,
  );
}
