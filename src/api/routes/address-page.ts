import type { ServiceClaim } from '../../attribution/match.ts';
import type { AddressAnswer } from '../../pipeline/answers/address-answer.ts';
import { html } from '../../report/html.ts';
import { countText } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { asOfNote, claim, factList, nextPage, tagTable } from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import { addressService } from '../parties.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';
import { historyTable, sumFacts } from '../sum-parts.ts';

export function addressPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf, page: wanted } = readPageQuery(request);
  const { address = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.address(address, wanted, asOf),
    async (answer, open) =>
      page(answer, await addressService(open, answer.address, asOf), {
        asOf,
        isFirst: wanted.cursor === undefined,
      }),
  );
}

function page(
  answer: AddressAnswer,
  service: ServiceClaim | undefined,
  { asOf, isFirst }: { readonly asOf: number | undefined; readonly isFirst: boolean },
): Omit<PageParts, 'asOf'> {
  const { address, network, cluster, tags, history } = answer;
  const encoded = encodeURIComponent(address);
  const path = `/address/${encoded}`;
  const main = html`<h1>Address</h1>
${asOfNote(path, asOf)}
${factList([
  ['Address', html`<span class="hash">${address}</span>`],
  ['Held by', service !== undefined && heldBy(service)],
  [
    'Cluster',
    cluster !== null &&
      (cluster.addresses > 1
        ? html`<a href="/cluster/${encoded}${keptQuery(asOf)}">one of ${countText(cluster.addresses, 'address', 'addresses')}</a> that the <a href="/rules">rules</a> put together`
        : 'stands alone: no rule puts it together with another address'),
  ],
  [
    'Not counted',
    answer.blocksMissing > 0 &&
      `what stands in ${countText(answer.blocksMissing, 'earlier block')} that the ledger does not hold`,
  ],
  ...sumFacts(answer, network),
  ['Kind of script', answer.scriptKinds.join(', ')],
])}
${tagTable(tags.map((tag) => ({ tag })))}
<h2>History, newest first</h2>
${historyTable('Transactions of this address', history, network, asOf)}
${nextPage(path, asOf, answer.nextCursor, isFirst)}`;
  return { title: `Address ${address.slice(0, 12)}`, main, searched: address };
}

function heldBy(service: ServiceClaim) {
  return html`${claim(service)}<span class="sub">${
    service.basis === 'address'
      ? 'so say sources of this very address'
      : 'so say sources of other addresses in its cluster'
  }. A service holds the coins of many customers: only it can say whose this is.</span>`;
}
