import type { ServiceClaim } from '../../attribution/match.ts';
import { amountText, coinText } from '../../chain/amount-text.ts';
import type { AddressAnswer } from '../../pipeline/answers/address-answer.ts';
import { html } from '../../report/html.ts';
import { formatCoins } from '../../units/amount.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import {
  asOfNote,
  claim,
  dataTable,
  factList,
  nextPage,
  tagTable,
  timeText,
  transactionLink,
} from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import { addressService } from '../parties.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';

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
  const { address, network, counts, firstSeen, lastSeen, cluster, tags, history } = answer;
  const amount = (sats: string): string => amountText(sats, network);
  const coins = (sats: string): string =>
    sats === '0' ? '' : groupedNumber(formatCoins(BigInt(sats)));
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
  ['Balance', amount(answer.balance)],
  ['Received', `${amount(answer.received)} in ${countText(counts.outputs, 'output')}`],
  ['Sent', `${amount(answer.sent)} in ${countText(counts.spentOutputs, 'output')}`],
  [
    'Unspendable',
    answer.unspendable !== '0' &&
      `${amount(answer.unspendable)}: of the first block, or overwritten by a transaction of the same id`,
  ],
  ['Transactions', groupedNumber(counts.transactions)],
  ['First seen', firstSeen !== null && timeText(firstSeen.timeSeconds)],
  ['Last seen', lastSeen !== null && timeText(lastSeen.timeSeconds)],
  ['Kind of script', answer.scriptKinds.join(', ')],
])}
${tagTable(tags.map((tag) => ({ tag })))}
<h2>History, newest first</h2>
${dataTable(
  'Transactions of this address',
  [
    { title: 'Time' },
    { title: `Received in ${coinText(network)}`, isNumber: true },
    { title: `Sent in ${coinText(network)}`, isNumber: true },
    { title: 'Transaction' },
  ],
  history.map((entry) => [
    html`<span class="nowrap">${timeText(entry.timeSeconds)}</span>`,
    coins(entry.received),
    coins(entry.sent),
    transactionLink(entry.txid, asOf),
  ]),
)}
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
