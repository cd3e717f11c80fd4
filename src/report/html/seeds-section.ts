/** The seed set: what was given, which seeds share a cluster and why, which lines could not be used. */
import { type Html, type HtmlPart, html } from '../html.ts';
import type { ClusterRow, LinkRow, Report, SeedRow } from '../report-format.ts';
import { groupDigits, plural } from '../wording.ts';
import {
  type Column,
  claim,
  claimList,
  coins,
  foreign,
  id,
  type Page,
  section,
  shownNote,
  sumOf,
  table,
} from './parts.ts';

const CLUSTERS_MAX = 15;
const CLUSTERS_WITH_LINKS_MAX = 12;
const LINKS_MAX = 8;
const JOINED_MAX = 12;
const OPEN_CLUSTERS_MAX = 2;
const ADDRESSES_MAX = 30;
const SEEDS_IN_CELL_MAX = 6;
const SEEDS_MAX = 40;
const SEEDS_OPEN_MAX = 15;
const LINES_MAX = 50;

const SHORT_TEXT_MAX = 90;

function cut(text: string): string {
  const letters = [...text];
  return letters.length <= SHORT_TEXT_MAX ? text : `${letters.slice(0, SHORT_TEXT_MAX).join('')}…`;
}

function countsLine(report: Report): Html {
  const { seedFile, seeds } = report;
  const unseen = seeds.filter(({ isSeen }) => !isSeen).length;
  const items: string[] = [
    `${plural(seedFile.lines, 'line')} read`,
    `${plural(seeds.length, 'seed')} used`,
    plural(seedFile.duplicates.length, 'duplicate'),
    plural(seedFile.rejected.length, 'bad line'),
    `${groupDigits(seedFile.otherChains.length)} of other chains`,
  ];
  if (unseen > 0) items.push(`${groupDigits(unseen)} never seen in this ledger`);
  return html`<p>${items.join(' · ')}.</p>`;
}

/** Seeds by the id that other tables use, with their full text only once, in the list of seeds. */
function seedNames(seeds: readonly string[], idOf: ReadonlyMap<string, string>): Html {
  const shown = seeds.slice(0, SEEDS_IN_CELL_MAX).map((seed) => idOf.get(seed) ?? seed);
  const more = seeds.length - shown.length;
  return html`${shown.join(', ')}${more > 0 && html`<span class="sub">and ${groupDigits(more)} more</span>`}`;
}

function clusterNote(page: Page, cluster: ClusterRow): HtmlPart {
  if (cluster.service !== undefined) {
    return html`${claim(page.service(cluster.service))}<span class="sub">not expanded: only the seeds themselves count</span>`;
  }
  if (cluster.seeds.length > 1) {
    return html`held together by ${plural(joinLinks(cluster.why).length, 'transaction')}`;
  }
  return cluster.addresses === 1 ? 'stands alone' : 'one seed with further addresses';
}

function clusterTable(page: Page, idOf: ReadonlyMap<string, string>): Html {
  const { clusters } = page.report;
  const shown = clusters.slice(0, CLUSTERS_MAX);
  const columns: Column[] = [
    { head: 'Cluster' },
    { head: 'Seeds', numeric: true },
    { head: 'Which' },
    { head: 'Addresses', numeric: true },
    { head: `Received in ${page.coin}`, numeric: true },
    { head: 'What it is' },
  ];
  return html`${table(
    'Clusters that the seeds stand in, most received first',
    columns,
    shown.map((cluster) => [
      cluster.id,
      groupDigits(cluster.seeds.length),
      seedNames(cluster.seeds, idOf),
      groupDigits(cluster.addresses),
      coins(cluster.receivedSats),
      clusterNote(page, cluster),
    ]),
  )}${shownNote(shown.length, clusters.length, 'report.json', {
    shown: sumOf(shown, ({ receivedSats }) => receivedSats),
    all: sumOf(clusters, ({ receivedSats }) => receivedSats),
  })}`;
}

/** Addresses that one transaction joins by one rule. */
interface JoinedRow {
  readonly link: LinkRow;
  readonly addresses: string[];
}

/**
 * Links of one transaction and one rule that touch each other say together that all their addresses belong
 * together: one row instead of many.
 */
export function joinLinks(links: readonly LinkRow[]): JoinedRow[] {
  const rows: JoinedRow[] = [];
  for (const link of links) {
    const touching = rows.filter(
      (row) =>
        row.link.txid === link.txid &&
        row.link.rule === link.rule &&
        row.link.ruleVersion === link.ruleVersion &&
        row.link.isPayjoinPossible === link.isPayjoinPossible &&
        (row.addresses.includes(link.from) || row.addresses.includes(link.to)),
    );
    const [first, second] = touching;
    if (first === undefined) {
      rows.push({ link, addresses: [link.from, link.to] });
      continue;
    }
    // The link can close a gap between two rows.
    if (second !== undefined) rows.splice(rows.indexOf(second), 1);
    for (const address of [link.from, link.to, ...(second?.addresses ?? [])]) {
      if (!first.addresses.includes(address)) first.addresses.push(address);
    }
  }
  return rows;
}

function joinedAddresses(row: JoinedRow, idOf: ReadonlyMap<string, string>): Html {
  const shown = row.addresses.slice(0, JOINED_MAX);
  const more = row.addresses.length - shown.length;
  return html`<ul class="joined">${shown.map((address) => {
    const name = idOf.get(address);
    return html`<li>${id(address)}${name !== undefined && html` <b>${name}</b>`}</li>`;
  })}${more > 0 && html`<li class="sub">and ${groupDigits(more)} more</li>`}</ul>`;
}

function linkTable(cluster: ClusterRow, idOf: ReadonlyMap<string, string>): Html {
  const rows = joinLinks(cluster.why);
  const shown = rows.slice(0, LINKS_MAX);
  return html`${table(
    `Why the seeds of ${cluster.id} are together`,
    [
      { head: 'Link', className: 'count' },
      { head: 'By transaction' },
      { head: 'Rule' },
      { head: 'these addresses are together (seeds with their number)' },
    ],
    shown.map((row, place) => [
      groupDigits(place + 1),
      id(row.link.txid),
      html`<span class="nowrap">${row.link.rule}</span> <span class="sub nowrap">version ${row.link.ruleVersion}</span>${row.link.isPayjoinPossible && html`<span class="sub">weaker: may be a PayJoin</span>`}`,
      joinedAddresses(row, idOf),
    ]),
    'links',
  )}${shownNote(shown.length, rows.length, 'report.json')}${cluster.whyOmitted > 0 && html`<p class="shown">For ${plural(cluster.whyOmitted, 'seed')} the links were not searched, because the cluster is too large.</p>`}`;
}

function clusterDetails(page: Page, cluster: ClusterRow, idOf: ReadonlyMap<string, string>): Html {
  const further = cluster.furtherAddresses.slice(0, ADDRESSES_MAX);
  return html`<p class="facts">${id(cluster.clusterId)}</p>
${cluster.tags.length > 0 && html`<p class="small">Said about addresses in this cluster:</p>${claimList(page, cluster.tags)}`}
${cluster.why.length > 0 && linkTable(cluster, idOf)}${
  further.length > 0 &&
  html`<details class="screen"><summary>${plural(cluster.furtherAddresses.length, 'further address', 'further addresses')} of this cluster</summary>
<ul class="idlist">${further.map((address) => html`<li>${id(address)}</li>`)}</ul>
${shownNote(further.length, cluster.furtherAddresses.length, 'report.json')}</details>`
}
`;
}

/** The first clusters stand open, the others can be unfolded; in print all are open. */
function clusterCard(
  page: Page,
  cluster: ClusterRow,
  row: number,
  idOf: ReadonlyMap<string, string>,
): Html {
  const name = html`Cluster ${cluster.id}: ${plural(cluster.seeds.length, 'seed')}, ${plural(cluster.addresses, 'address', 'addresses')}`;
  const body = clusterDetails(page, cluster, idOf);
  return row < OPEN_CLUSTERS_MAX
    ? html`<h3>${name}</h3>
${body}`
    : html`<details><summary>${name}</summary>
${body}</details>
`;
}

/** Ids of sites often begin with the word themselves. */
function siteText(site: string): string {
  return /^site\b/i.test(site) ? site : `site ${site}`;
}

function seedCells(seed: SeedRow): HtmlPart[] {
  const said = [
    seed.source,
    seed.site === undefined ? undefined : siteText(seed.site),
    seed.seenAt === undefined ? undefined : `seen ${seed.seenAt.replace(/T[\d:.]+Z$/, '')}`,
  ].filter((text) => text !== undefined && text !== '');
  return [
    seed.id,
    html`${id(seed.seed)}${seed.note !== undefined && seed.note !== '' && html`<details class="screen"><summary>Note</summary><p class="small">${foreign(cut(seed.note))}</p></details>`}`,
    seed.isSeen ? seed.clusters.join(', ') : html`<span class="badge">never seen</span>`,
    groupDigits(seed.payments),
    said.length === 0
      ? html`<span class="muted">nothing given</span>`
      : foreign(cut(said.join(', '))),
    seed.lines.join(', '),
  ];
}

function seedTable(page: Page): Html {
  const { seeds } = page.report;
  const shown = seeds.slice(0, SEEDS_MAX);
  const list = html`${table(
    'Seeds, in the order of the file',
    [
      { head: 'Seed' },
      { head: 'Address, transaction or output' },
      { head: 'Cluster' },
      { head: 'Payments to it', numeric: true },
      { head: 'Said in the file' },
      { head: 'Line', numeric: true },
    ],
    shown.map(seedCells),
  )}${shownNote(shown.length, seeds.length, 'seeds.csv')}`;
  if (seeds.length <= SEEDS_OPEN_MAX) return list;
  return html`<details><summary>The seeds, one by one</summary>
${list}</details>
`;
}

/** The seed set and its clusters. */
export function seedsSection(page: Page): Html {
  const { seeds, clusters } = page.report;
  const idOf = new Map(seeds.map((seed) => [seed.seed, seed.id]));
  const shared = clusters.filter((cluster) => cluster.seeds.length > 1);
  const detailed = clusters
    .filter(
      (cluster) =>
        cluster.why.length > 0 || cluster.furtherAddresses.length > 0 || cluster.tags.length > 0,
    )
    .slice(0, CLUSTERS_WITH_LINKS_MAX);
  return section(
    'seeds',
    'The seed set',
    html`${countsLine(page.report)}
<p>${
      shared.length === 0
        ? 'No two seeds share a cluster.'
        : html`${plural(shared.length, 'cluster')} ${shared.length === 1 ? 'holds' : 'hold'} more than one seed. Each link below names the transaction and the rule that joins addresses: look it up in any block explorer to check it. If one link is wrong, the seeds on its two sides fall apart. What the rules do stands under “How every figure was obtained”.`
    }</p>
${clusters.length > 0 && clusterTable(page, idOf)}${detailed.map((cluster, row) => clusterCard(page, cluster, row, idOf))}${seeds.length > 0 && seedTable(page)}`,
  );
}

/** Lines of the file that were not used, each with its reason; undefined when all were. */
export function badLinesSection(page: Page): Html | false {
  const { rejected, otherChains, duplicates, warnings } = page.report.seedFile;
  if (rejected.length + otherChains.length + duplicates.length + warnings.length === 0)
    return false;
  const lists = [
    rejected.length > 0 &&
      html`${table(
        'Lines that are no usable seed',
        [
          { head: 'Line', numeric: true },
          { head: 'What it holds' },
          { head: 'Why it can not be used' },
        ],
        rejected
          .slice(0, LINES_MAX)
          .map((row) => [
            groupDigits(row.line),
            id(cut(row.text)),
            html`${row.reason}<span class="sub">${row.code}</span>`,
          ]),
      )}${shownNote(Math.min(rejected.length, LINES_MAX), rejected.length, 'seeds.csv')}`,
    otherChains.length > 0 &&
      html`${table(
        'Valid addresses of other chains, which this version does not follow',
        [{ head: 'Line', numeric: true }, { head: 'Address' }, { head: 'Chain' }],
        otherChains
          .slice(0, LINES_MAX)
          .map((row) => [groupDigits(row.line), id(cut(row.text)), foreign(row.chain)]),
      )}${shownNote(Math.min(otherChains.length, LINES_MAX), otherChains.length, 'seeds.csv')}`,
    duplicates.length > 0 &&
      html`${table(
        'Duplicates, counted once',
        [
          { head: 'Line', numeric: true },
          { head: 'Stands first on line', numeric: true },
        ],
        duplicates
          .slice(0, LINES_MAX)
          .map((row) => [groupDigits(row.line), groupDigits(row.firstLine)]),
        'narrow',
      )}${shownNote(Math.min(duplicates.length, LINES_MAX), duplicates.length, 'report.json')}`,
    warnings.length > 0 &&
      html`${table(
        'Warnings',
        [{ head: 'Line' }, { head: 'What was noticed' }],
        warnings
          .slice(0, LINES_MAX)
          .map((row) => [
            row.line === undefined ? 'file' : groupDigits(row.line),
            html`${row.message}<span class="sub">${row.code}</span>`,
          ]),
      )}${shownNote(Math.min(warnings.length, LINES_MAX), warnings.length, 'report.json')}`,
  ];
  return section('lines', 'Lines of the seed file that were not used', html`${lists}`);
}
