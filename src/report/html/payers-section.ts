/** Who paid, and how the payments spread over time and amounts. */
import { type Html, type HtmlPart, html } from '../html.ts';
import type { PayerRow, PaymentRow } from '../report-format.ts';
import { barTime, timelineChart } from '../timeline-chart.ts';
import { briefCoins, groupDigits, plural } from '../wording.ts';
import {
  type Column,
  claim,
  coins,
  id,
  money,
  type Page,
  section,
  shownNote,
  span,
  sumOf,
  table,
  when,
} from './parts.ts';

const PAYERS_MAX = 25;
const PAYMENTS_MAX = 15;
const SOURCES_MAX = 3;
const CADENCES_MAX = 10;

const KIND_WORDS: Readonly<Record<PayerRow['kind'], string>> = {
  cluster: 'a private cluster',
  service: 'customers of one service, paid by it directly',
  coinjoin: 'people in CoinJoins',
  mined: 'newly mined coins',
  unknown: 'not known: the coins come from before this ledger',
};

function whoCell(page: Page, payer: PayerRow): Html {
  if (payer.service !== undefined) {
    return html`${claim(page.service(payer.service))}<span class="sub">${KIND_WORDS.service}</span>`;
  }
  return html`${KIND_WORDS[payer.kind]}${payer.kind === 'cluster' && html`, ${plural(payer.addresses, 'address', 'addresses')}`}${payer.mayBeService && html` <span class="badge warn">may be a service</span>`}${payer.clusterId !== undefined && html`<span class="sub">${id(payer.clusterId)}</span>`}`;
}

function sourcesCell(page: Page, payer: PayerRow): HtmlPart {
  if (payer.kind === 'service') return 'the service itself';
  if (payer.sources.length === 0) return html`<span class="muted">no named service</span>`;
  const more = payer.sources.length - SOURCES_MAX;
  return html`${payer.sources
    .slice(0, SOURCES_MAX)
    .map(
      ({ service, sats }) =>
        html`<div class="from">${claim(page.service(service))} <span class="sub">${briefCoins(BigInt(sats))} ${page.coin}</span></div>`,
    )}${more > 0 && html`<span class="sub">${plural(more, 'more service')}</span>`}`;
}

/** Payers, ranked by what they paid. */
export function payersSection(page: Page): Html {
  const { payers, summary } = page.report;
  if (payers.length === 0) {
    return section('payers', 'Payers', html`<p>No payment was found, so there is no payer.</p>`);
  }
  const shown = payers.slice(0, PAYERS_MAX);
  const columns: Column[] = [
    { head: 'Payer' },
    { head: 'Who', className: 'who' },
    { head: 'Payments', numeric: true },
    { head: `Paid in ${page.coin}`, numeric: true },
    { head: 'First and last' },
    { head: 'Coins came from' },
  ];
  const range = ` The chain tells ${groupDigits(summary.payersMax)} apart at most. One person can be behind several of them, and where a service, a cluster as large as one, or a mix paid directly, each payment is counted as another person.`;
  return section(
    'payers',
    'Payers',
    html`<p class="lead">A private payer is a cluster: addresses that were spent together and so were under one control. Its name is found by asking the services that its coins came from.${range}</p>
${table(
  'Payers, largest sum first',
  columns,
  shown.map((payer) => [
    payer.id,
    whoCell(page, payer),
    groupDigits(payer.payments),
    money(page, payer.total, `${payer.sharePercent} %`),
    html`${span(payer.firstAt, payer.lastAt)}${payer.cadence !== undefined && html`<span class="sub">about every ${plural(payer.cadence.medianDays, 'day')}</span>`}`,
    sourcesCell(page, payer),
  ]),
)}${shownNote(shown.length, payers.length, 'payers.csv', {
  shown: sumOf(shown, ({ total }) => total.sats),
  all: page.receivedSats,
})}`,
  );
}

function originCell(page: Page, payment: PaymentRow): HtmlPart {
  const named = payment.origins.filter(({ service }) => service !== undefined);
  const first = named[0];
  if (first === undefined) return html`<span class="muted">no named service</span>`;
  const keys = new Set(named.map(({ service }) => service));
  return html`${claim(page.service(first.service!))}<span class="sub">${first.hops === 0 ? 'paid directly' : `${plural(first.hops, 'step')} before`}${keys.size > 1 && `, and ${plural(keys.size - 1, 'other service')}`}</span>`;
}

function paymentsTable(page: Page): Html {
  const { payments } = page.report;
  const largest = [...payments]
    .sort((a, b) => b.amount.sats - a.amount.sats)
    .slice(0, PAYMENTS_MAX);
  const columns: Column[] = [
    { head: 'Time (UTC)' },
    { head: 'Transaction' },
    { head: page.coin, numeric: true },
    { head: 'Payer' },
    { head: 'Coins came from' },
  ];
  return html`${table(
    'Payments, largest first',
    columns,
    largest.map((payment) => [
      when(payment.at),
      html`${id(payment.txid)}${payment.seeds.length === 0 && html`<span class="sub">to an address of the cluster, not to a listed seed</span>`}`,
      money(page, payment.amount),
      payment.payer,
      originCell(page, payment),
    ]),
  )}${shownNote(largest.length, payments.length, 'payments.csv', {
    shown: sumOf(largest, ({ amount }) => amount.sats),
    all: page.receivedSats,
  })}`;
}

function timelineTable(page: Page): Html {
  const { timeline } = page.report;
  return html`<details class="screen"><summary>The time line as a table</summary>
${table(
  `Payments per ${timeline.unit}`,
  [
    { head: `From` },
    { head: 'To' },
    { head: 'Payments', numeric: true },
    { head: page.coin, numeric: true },
  ],
  timeline.bars.map((bar) => [
    bar.firstDay,
    bar.lastDay,
    groupDigits(bar.payments),
    money(page, bar.total),
  ]),
)}</details>
`;
}

/** The time line and the largest payments. */
export function paymentsSection(page: Page): Html {
  const { timeline, payments } = page.report;
  const chart = timelineChart(timeline, page.coin);
  if (chart === undefined) {
    return section('time', 'Payments over time', html`<p>No payment was found.</p>`);
  }
  const busiest = timeline.bars.reduce((most, bar) => (bar.payments > most.payments ? bar : most));
  return section(
    'time',
    'Payments over time',
    html`<p class="lead">${plural(payments.length, 'payment')}; most ${barTime(timeline.unit, busiest.firstDay)} (${groupDigits(busiest.payments)}). Times are those of the blocks, which can be off by up to two hours.</p>
<p class="shown phone">Move the chart sideways to see all of it.</p>
<div class="chartbox" tabindex="0" role="group" aria-label="Chart: payments over time">${chart}</div>
${timelineTable(page)}${paymentsTable(page)}`,
  );
}

function amountsTable(page: Page): Html {
  const rows = page.report.recurringAmounts;
  return table(
    'Amounts that come again',
    [
      { head: 'Amount' },
      { head: 'How' },
      { head: 'Payments', numeric: true },
      { head: 'Payers', numeric: true },
      { head: 'First and last' },
    ],
    rows.map((row) => [
      row.kind === 'exact'
        ? `${coins(row.sats!)} ${page.coin}`
        : `≈ ${groupDigits(row.middle!)} ${row.currency}`,
      row.kind === 'exact'
        ? 'the same to the last digit'
        : html`<span class="nowrap">${groupDigits(row.low!)} to ${groupDigits(row.high!)} ${row.currency}</span> on the day`,
      groupDigits(row.payments),
      groupDigits(row.payers),
      span(row.firstAt, row.lastAt),
    ]),
  );
}

function cadenceTable(page: Page): Html | false {
  const regular = page.report.payers.filter(({ cadence }) => cadence !== undefined);
  if (regular.length === 0) return false;
  const shown = [...regular]
    .sort((a, b) => b.cadence!.payments - a.cadence!.payments)
    .slice(0, CADENCES_MAX);
  return html`${table(
    'Payers that pay at a regular distance',
    [
      { head: 'Payer' },
      { head: 'Distance' },
      { head: 'Payments', numeric: true },
      { head: `Paid in ${page.coin}`, numeric: true },
      { head: 'First and last' },
    ],
    shown.map((payer) => [
      payer.id,
      `about every ${plural(payer.cadence!.medianDays, 'day')}`,
      groupDigits(payer.cadence!.payments),
      money(page, payer.total),
      span(payer.firstAt, payer.lastAt),
    ]),
  )}${shownNote(shown.length, regular.length, 'payers.csv')}`;
}

/** Recurring amounts and cadence: patterns, so leads. */
export function recurringSection(page: Page): Html {
  const { recurringAmounts } = page.report;
  const cadences = cadenceTable(page);
  if (recurringAmounts.length === 0 && cadences === false) {
    return section(
      'recurring',
      'Recurring amounts and rhythm',
      html`<p>No amount comes again often enough to stand out, and no payer pays at a regular distance.</p>`,
    );
  }
  return section(
    'recurring',
    'Recurring amounts and rhythm',
    html`<p class="lead">What a price list or a subscription looks like from outside. These are patterns, and patterns are only leads: a round sum can come again by accident.</p>
${recurringAmounts.length > 0 ? amountsTable(page) : html`<p>No amount comes again often enough to stand out.</p>`}${cadences}`,
  );
}
