import type { ClusterAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { addressLink, asOfNote, factList, nextPage } from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';
import { historyTable, sumFacts } from '../sum-parts.ts';

export function clusterHistoryPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf, page: wanted } = readPageQuery(request);
  const { address = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.cluster(address, wanted, asOf, 'history'),
    (answer) => page(answer, asOf, wanted.cursor === undefined),
  );
}

function page(
  answer: ClusterAnswer,
  asOf: number | undefined,
  isFirst: boolean,
): Omit<PageParts, 'asOf'> {
  const { address, network, size, history = [] } = answer;
  const cluster = `/cluster/${encodeURIComponent(address)}`;
  const path = `${cluster}/history`;
  const main = html`<h1>History of a cluster</h1>
<p class="lead">All transactions that touch one of its <a href="${cluster}${keptQuery(asOf)}">${countText(size.addresses, 'address', 'addresses')}</a>, newest first. What one member pays another stands under both received and sent.</p>
${asOfNote(path, asOf)}
${factList([
  ['Of address', addressLink(address, asOf)],
  ['As of block', groupedNumber(answer.asOfHeight)],
  ...sumFacts(answer, network),
])}
${historyTable('Transactions of the cluster', history, network, asOf)}
${nextPage(path, asOf, answer.nextCursor, isFirst)}`;
  return { title: `History of cluster ${address.slice(0, 12)}`, main, searched: address };
}
