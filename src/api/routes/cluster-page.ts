import type { ClusterAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { html } from '../../report/html.ts';
import { groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { addressLink, dataTable, factList, nextPage, tagTable } from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';

export function clusterPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf, page: wanted } = readPageQuery(request);
  const { address = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.cluster(address, wanted, asOf),
    (answer) => page(answer, asOf),
  );
}

function page(answer: ClusterAnswer, asOf: number | undefined): Omit<PageParts, 'asOf'> {
  const { address, id, run, size, service, tags, members } = answer;
  const path = `/cluster/${encodeURIComponent(address)}`;
  const why = (member: string): string =>
    `/why/${encodeURIComponent(address)}/${encodeURIComponent(member)}${keptQuery(asOf)}`;
  const main = html`<h1>Cluster of an address</h1>
<p class="lead">Addresses that the rules below group together. A cluster is not a person, and not proof of one.</p>
${factList([
  ['Of address', addressLink(address, asOf)],
  ['Cluster', html`<span class="hash">${id}</span>`],
  ['Run', `${run}, profile ${answer.profile}`],
  ['Rules', answer.rules.map((rule) => `${rule.id} version ${rule.version}`).join(', ')],
  ['As of block', groupedNumber(answer.asOfHeight)],
  ['Addresses', groupedNumber(size.addresses)],
  [
    'Service',
    service !== null &&
      html`${service.name}, <span class="badge">${service.category}</span>${service.conflicting && ' — sources disagree'}`,
  ],
])}
${tagTable(tags)}
<h2>Members, in order of first sight</h2>
${dataTable(
  `Members of the cluster`,
  [{ title: 'Address' }, { title: 'Why' }],
  members.map((member) => [
    isAddress(member) ? addressLink(member, asOf) : html`<span class="hash">${member}</span>`,
    isAddress(member) && member !== address && html`<a href="${why(member)}">links</a>`,
  ]),
)}
${nextPage(path, asOf, answer.nextCursor)}`;
  return { title: `Cluster of ${address.slice(0, 12)}`, main, searched: address };
}

/** Scripts without an address bear a name with a colon in it. */
function isAddress(member: string): boolean {
  return !member.includes(':');
}
