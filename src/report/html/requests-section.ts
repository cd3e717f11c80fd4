/** What to do next: for each service the outputs to name in a request. */
import { type Html, html } from '../html.ts';
import type {
  DepositToAsk,
  LargeClusterRow,
  ServiceRequest,
  WithdrawalToAsk,
} from '../report-format.ts';
import { largerFirst } from '../sats-order.ts';
import { groupDigits, percent, plural } from '../wording.ts';
import {
  addressCell,
  type Column,
  claim,
  claimList,
  coins,
  id,
  money,
  NAMES_CUSTOMERS,
  outputCell,
  type Page,
  section,
  shownNote,
  span,
  sumOf,
  table,
  when,
} from './parts.ts';

/** Services that are shown opened; the others can be unfolded. */
const OPEN_MAX = 2;
/** Services whose outputs are printed; the others stand in the overview. */
const PRINTED_MAX = 5;
const UNFOLDABLE_MAX = 25;
const OUTPUTS_MAX = 10;
const OUTPUTS_MAX_FOLDED = 8;

function withdrawalSteps(hops: number): string {
  return hops === 0 ? 'directly' : `in ${plural(hops, 'step')}`;
}

function depositSteps(hops: number): string {
  if (hops === 0) return 'is a seed itself';
  return hops === 1 ? 'paid in directly' : `in ${plural(hops, 'step')}`;
}

/** Where the service may say "that was our own change", the output that its customer got is the next one. */
function ownMoveNote(row: WithdrawalToAsk): Html | false {
  if (!row.mayBeOwnMove || row.nextOutputs.length === 0) return false;
  const [next, ...others] = row.nextOutputs;
  return html`<span class="sub next"><b>its own move? Then ask about:</b></span>${id(next!)}${others.length > 0 && html`<span class="sub">and about ${plural(others.length, 'other output')}: see requests.csv</span>`}`;
}

/** What to write into the letter where a service may have moved its own coins first. */
function ownMoveText(rows: readonly WithdrawalToAsk[]): Html | false {
  const count = rows.filter((row) => row.mayBeOwnMove && row.nextOutputs.length > 0).length;
  if (count === 0) return false;
  return html`<p class="small">${groupDigits(count)} of them may be ${count === 1 ? 'a move' : 'moves'} of the service’s own money: it gathered several coins into one output first. Write: “If this output was your own, answer for the output that follows it.” That output stands below it; requests.csv has all.</p>
`;
}

function withdrawalTable(page: Page, rows: readonly WithdrawalToAsk[], max: number): Html {
  const shown = rows.slice(0, max);
  const columns: Column[] = [
    { head: 'Paid out (UTC)' },
    { head: 'Output (transaction:number)' },
    { head: 'To address' },
    { head: `${page.coin} that reached the seed set`, numeric: true, className: 'wrap' },
    { head: 'How', className: 'nowrap' },
  ];
  return html`<p class="ask">Whose account were these outputs paid out from?</p>
${ownMoveText(rows)}${table(
  plural(rows.length, 'withdrawal'),
  columns,
  shown.map((row) => [
    when(row.at),
    html`${outputCell(row)}${ownMoveNote(row)}`,
    addressCell(row),
    money(page, row.reached),
    html`${withdrawalSteps(row.hopsMin)}<span class="sub">${plural(row.payments.length, 'payment')}</span>`,
  ]),
)}${shownNote(shown.length, rows.length, 'requests.csv', {
  shown: sumOf(shown, ({ reached }) => reached.sats),
  all: sumOf(rows, ({ reached }) => reached.sats),
})}`;
}

function depositTable(page: Page, rows: readonly DepositToAsk[], max: number): Html {
  const shown = rows.slice(0, max);
  const columns: Column[] = [
    { head: 'Paid in (UTC)' },
    { head: 'Output (transaction:number)' },
    { head: 'To address' },
    { head: `Output in ${page.coin}`, numeric: true },
    { head: 'Of it from the seed set', numeric: true, className: 'wrap' },
  ];
  return html`<p class="ask">Whose account were these outputs credited to?</p>
${table(
  plural(rows.length, 'deposit'),
  columns,
  shown.map((row) => [
    when(row.at),
    outputCell(row),
    addressCell(row),
    money(page, row.value),
    html`${coins(row.byMethod.fifo)}<span class="sub">haircut ${coins(row.byMethod.haircut)}</span><span class="sub">${depositSteps(row.hops)}</span>`,
  ]),
)}${shownNote(shown.length, rows.length, 'requests.csv', {
  shown: sumOf(shown, ({ byMethod }) => byMethod.fifo),
  all: sumOf(rows, ({ byMethod }) => byMethod.fifo),
})}`;
}

function accountList(accounts: readonly string[], max: number): Html {
  const shown = accounts.slice(0, max);
  return html`<p class="ask">${accounts.length === 1 ? 'This seed is said to be an address' : 'These seeds are said to be addresses'} of the service itself: whose account ${accounts.length === 1 ? 'does it' : 'do they'} credit?</p>
<ul class="idlist">${shown.map((seed) => html`<li>${id(seed)}</li>`)}</ul>
${shownNote(shown.length, accounts.length, 'requests.csv')}`;
}

function requestCard(page: Page, request: ServiceRequest, max: number): Html {
  const service = page.service(request.service);
  const counts = [
    request.withdrawals.length > 0 && plural(request.withdrawals.length, 'withdrawal'),
    request.deposits.length > 0 && plural(request.deposits.length, 'deposit'),
    request.accounts.length > 0 &&
      plural(request.accounts.length, 'seed address', 'seed addresses'),
  ].filter((words) => words !== false);
  const unlikely = service.namesCustomers === 'none';
  return html`<article class="request${unlikely && ' unlikely'}" id="${request.id}" aria-labelledby="${request.id}-title">
<h3 id="${request.id}-title"><span class="tag">${request.id}</span> · ${claim(service)}</h3>
<p class="facts">${counts.join(', ')}${request.firstAt !== null && html` · ${span(request.firstAt, request.lastAt!)}`} · a service of this kind ${NAMES_CUSTOMERS[service.namesCustomers]}</p>
${claimList(page, service.tags, 3)}
${request.withdrawals.length > 0 && withdrawalTable(page, request.withdrawals, max)}${request.deposits.length > 0 && depositTable(page, request.deposits, max)}${request.accounts.length > 0 && accountList(request.accounts, max)}</article>
`;
}

function foldedCard(page: Page, request: ServiceRequest, isPrinted: boolean): Html {
  const service = page.service(request.service);
  const outputs = request.withdrawals.length + request.deposits.length + request.accounts.length;
  return html`<details${!isPrinted && html` class="screen"`}><summary class="onscreen">${request.id} · ${claim(service)} · ${plural(outputs, 'output')}</summary>
${requestCard(page, request, OUTPUTS_MAX_FOLDED)}</details>
`;
}

function countCell(count: number, sats: string): Html {
  return count === 0
    ? html`<span class="muted">none</span>`
    : html`${groupDigits(count)}<span class="sub">${coins(sats)}</span>`;
}

/** A short table of all services, first of all for print, where the folded ones do not show. */
function overview(page: Page): Html {
  const { requests } = page.report;
  const shown = requests.slice(0, UNFOLDABLE_MAX);
  const columns: Column[] = [
    { head: 'Request' },
    { head: 'Service, as sources name it' },
    { head: 'Withdrawals', numeric: true },
    { head: 'Deposits', numeric: true },
    { head: 'First and last' },
  ];
  return html`${table(
    'Services to ask, in order of what they can answer for',
    columns,
    shown.map((request) => {
      const service = page.service(request.service);
      return [
        html`${request.id}`,
        html`${claim(service)}<span class="sub">${NAMES_CUSTOMERS[service.namesCustomers]}</span>`,
        countCell(request.withdrawals.length, request.withdrawnSats),
        countCell(request.deposits.length, request.depositedSats),
        request.firstAt === null ? 'address only' : span(request.firstAt, request.lastAt!),
      ];
    }),
  )}${shownNote(shown.length, requests.length, 'requests.csv')}`;
}

const LARGE_CLUSTERS_MAX = 10;

interface LargeCluster {
  readonly clusterId: string;
  readonly addresses: number;
  readonly in?: LargeClusterRow;
  readonly out?: LargeClusterRow;
}

const satsOf = (row: LargeClusterRow | undefined): bigint => BigInt(row?.sats ?? 0);

/** Both directions of a cluster in one row, most money first. */
function joinDirections(rows: readonly LargeClusterRow[]): LargeCluster[] {
  const clusters = [...Map.groupBy(rows, ({ clusterId }) => clusterId)].map(
    ([clusterId, both]): LargeCluster => {
      const [moneyIn, moneyOut] = (['in', 'out'] as const).map((wanted) =>
        both.find(({ direction }) => direction === wanted),
      );
      return {
        clusterId,
        addresses: both[0]!.addresses,
        ...(moneyIn !== undefined && { in: moneyIn }),
        ...(moneyOut !== undefined && { out: moneyOut }),
      };
    },
  );
  return clusters.sort((a, b) =>
    largerFirst(satsOf(a.in) + satsOf(a.out), satsOf(b.in) + satsOf(b.out)),
  );
}

function directionCell(page: Page, row: LargeClusterRow | undefined): Html {
  if (row === undefined) return html`<span class="muted">none</span>`;
  return html`${coins(row.sats)}<span class="sub">${percent(BigInt(row.sats), page.receivedSats)}, ${plural(row.outputs, 'output')}</span>`;
}

/** Large clusters that no source names: who they are is a question for people. */
function largeClusterTable(page: Page): Html | false {
  const clusters = joinDirections(page.report.largeClusters);
  if (clusters.length === 0) return false;
  const shown = clusters.slice(0, LARGE_CLUSTERS_MAX);
  return html`<h3 id="unnamed">Find out who ${clusters.length === 1 ? 'this large cluster is' : 'these large clusters are'}</h3>
<p>As large as those of services, but no source names ${clusters.length === 1 ? 'it' : 'them'}, so following the money stopped there. Look for ${clusters.length === 1 ? 'its' : 'their'} addresses in other tag packs (<code>clew cluster ADDRESS</code> lists them), or ask an agency or a firm that knows more. Then import a tag and run the investigation again: what ends here can become a request.</p>
${table(
  'Large clusters without a name, most money first; shares are of what the seed set received',
  [
    { head: 'Cluster, named by its earliest address' },
    { head: 'Addresses', numeric: true },
    { head: `Payers’ ${page.coin} came from it`, numeric: true, className: 'wrap' },
    { head: `${page.coin} of the seed set went to it`, numeric: true, className: 'wrap' },
  ],
  shown.map((row) => [
    html`<span class="plainhead">${id(row.clusterId)}</span>`,
    groupDigits(row.addresses),
    directionCell(page, row.out),
    directionCell(page, row.in),
  ]),
)}${shownNote(shown.length, clusters.length, 'report.json')}`;
}

/** What to do next. */
export function requestsSection(page: Page): Html {
  const { requests, summary, derivation } = page.report;
  if (summary.payments === 0 && requests.length === 0) {
    return section(
      'next',
      'What to do next',
      html`<p>Before concluding that nothing was paid, check:</p>
<ul>
<li>Does the ledger reach the time in which the seeds were in use? It ends at block ${groupDigits(derivation.tip.height)}${derivation.tip.at !== undefined && html` (${derivation.tip.at.slice(0, 10)})`}${derivation.heightMin !== undefined && html` and begins only at block ${groupDigits(derivation.heightMin)}`}.</li>
<li>Are the seeds of this network (${derivation.network})? Lines of other networks and chains are listed below.</li>
<li>Was an address copied in full and without a slip? Lines with a wrong checksum are listed below.</li>
</ul>
`,
    );
  }
  if (requests.length === 0) {
    return section(
      'next',
      'What to do next',
      html`<p>No service that a source names stands on either side of this money, so there is no request to write yet. Import further tag packs, add seeds, or come back when the coins move on.</p>
${largeClusterTable(page)}`,
    );
  }
  const folded = requests.slice(OPEN_MAX, UNFOLDABLE_MAX);
  return section(
    'next',
    'What to do next: ask these services',
    html`<p class="lead">Each table is ready to be copied into a preservation request or a letter; <b>requests.csv</b> has all outputs, for long ones. Ask for the account, its owner, log-in times with IP addresses, and devices. Old records are deleted: ask for preservation first. Do not tell a customer. Which services have to identify their customers differs from country to country and has changed over the years.</p>
${requests.length > OPEN_MAX && overview(page)}${requests.slice(0, OPEN_MAX).map((request) => requestCard(page, request, OUTPUTS_MAX))}${folded.map((request, place) => foldedCard(page, request, OPEN_MAX + place < PRINTED_MAX))}${shownNote(Math.min(requests.length, UNFOLDABLE_MAX), requests.length, 'requests.csv')}${requests.length > PRINTED_MAX && html`<p class="shown onprint">Printed with their outputs: the first ${groupDigits(PRINTED_MAX)} of ${groupDigits(requests.length)} services; the outputs of all are in <b>requests.csv</b>.</p>`}${largeClusterTable(page)}`,
  );
}
