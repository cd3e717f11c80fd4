import { amountText } from '../../chain/amount-text.ts';
import type { AddressAnswer } from '../../pipeline/answers/address-answer.ts';
import { html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import {
  dataTable,
  factList,
  nextPage,
  tagTable,
  timeText,
  transactionLink,
} from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';

export function addressPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf, page: wanted } = readPageQuery(request);
  const { address = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.address(address, wanted, asOf),
    (answer) => page(answer, asOf),
  );
}

function page(answer: AddressAnswer, asOf: number | undefined): Omit<PageParts, 'asOf'> {
  const { address, network, counts, firstSeen, lastSeen, cluster, tags, history } = answer;
  const amount = (sats: string): string => amountText(sats, network);
  const path = `/address/${encodeURIComponent(address)}`;
  const main = html`<h1>Address</h1>
${factList([
  ['Address', html`<span class="hash">${address}</span>`],
  ['Script', answer.scriptKinds.join(', ')],
  ['As of block', asOf !== undefined && groupedNumber(answer.asOfHeight)],
  ['Balance', amount(answer.balance)],
  ['Received', `${amount(answer.received)} in ${countText(counts.outputs, 'output')}`],
  ['Sent', `${amount(answer.sent)} in ${countText(counts.spentOutputs, 'output')}`],
  ['Transactions', groupedNumber(counts.transactions)],
  ['First seen', firstSeen !== null && timeText(firstSeen.timeSeconds)],
  ['Last seen', lastSeen !== null && timeText(lastSeen.timeSeconds)],
  [
    'Cluster',
    cluster !== null &&
      html`<a href="/cluster/${encodeURIComponent(address)}${keptQuery(asOf)}">${countText(cluster.addresses, 'address', 'addresses')}</a>`,
  ],
])}
${tagTable(tags.map((tag) => ({ tag })))}
<h2>History, newest first</h2>
${dataTable(
  'Transactions of this address',
  [
    { title: 'Time' },
    { title: 'Received', isNumber: true },
    { title: 'Sent', isNumber: true },
    { title: 'Transaction' },
  ],
  history.map((entry) => [
    timeText(entry.timeSeconds),
    entry.received === '0' ? '' : amount(entry.received),
    entry.sent === '0' ? '' : amount(entry.sent),
    transactionLink(entry.txid, asOf),
  ]),
)}
${nextPage(path, asOf, answer.nextCursor)}`;
  return { title: `Address ${address.slice(0, 12)}`, main, searched: address };
}
