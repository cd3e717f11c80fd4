import type { ClusterAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import {
  addressLink,
  asOfNote,
  claim,
  dataTable,
  factList,
  nextPage,
  tagTable,
} from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';
import { sumFacts } from '../sum-parts.ts';
import { ruleLink } from './rules-page.ts';
import { whyForm } from './why-page.ts';

export function clusterPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf, page: wanted } = readPageQuery(request);
  const { address = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.cluster(address, wanted, asOf),
    (answer) => page(answer, asOf, wanted.cursor === undefined),
  );
}

/** The rules that put addresses together; the others keep mixes out. */
const LINKING = ['MI-1', 'SK-1'];

function page(
  answer: ClusterAnswer,
  asOf: number | undefined,
  isFirst: boolean,
): Omit<PageParts, 'asOf'> {
  const { address, network, id, run, size, service, tags, members } = answer;
  const path = `/cluster/${encodeURIComponent(address)}`;
  const why = (member: string): string =>
    `/why/${encodeURIComponent(address)}/${encodeURIComponent(member)}${keptQuery(asOf)}`;
  const linking = answer.rules.filter((rule) => LINKING.includes(rule.id));
  const main = html`<h1>Cluster of ${countText(size.addresses, 'address', 'addresses')}</h1>
<p class="lead">Addresses that the rules hold to be under one control. A cluster is not a person: several people can share one, and one person can have many.</p>
${asOfNote(path, asOf)}
${factList([
  ['Of address', addressLink(address, asOf)],
  [
    'Held by',
    service !== null &&
      html`${claim(service)}<span class="sub">so say the sources below</span>${service.others.length > 0 && html`<span class="sub">others say ${service.others.map((other, i) => html`${i > 0 && ', '}${claim(other)}`)}</span>`}`,
  ],
  [
    'Put together by',
    html`${linking.map((rule, i) => html`${i > 0 && ', '}${ruleLink(rule.id, rule.version)}`)}; <a href="/rules">mixes left out</a>`,
  ],
  ['As of block', groupedNumber(answer.asOfHeight)],
  ...sumFacts(answer, network),
  [
    'History',
    html`<a href="${path}/history${keptQuery(asOf)}">all transactions of its members</a>`,
  ],
  ['Name of the cluster', html`<span class="hash">${id}</span>`],
  ['Run', `${run}, profile ${answer.profile}`],
])}
${tagTable(tags)}
${
  size.addresses > 1 &&
  html`<h2>Why are two of them together?</h2>
${whyForm(address, '')}`
}
<h2>Members, in order of first sight</h2>
<div class="tight">${dataTable(
    'Members of the cluster',
    [{ title: 'Address' }, { title: 'Together with the address above' }],
    members.map((member) => [
      isAddress(member) ? addressLink(member, asOf) : html`<span class="hash">${member}</span>`,
      member === address
        ? html`<span class="soft">the address above</span>`
        : isAddress(member) && html`<a href="${why(member)}">why?</a>`,
    ]),
  )}</div>
${nextPage(path, asOf, answer.nextCursor, isFirst)}`;
  return { title: `Cluster of ${address.slice(0, 12)}`, main, searched: address };
}

/** Scripts without an address bear a name with a colon in it. */
function isAddress(member: string): boolean {
  return !member.includes(':');
}
