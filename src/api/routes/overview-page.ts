import { amountText } from '../../chain/amount-text.ts';
import type { StatusAnswer } from '../../pipeline/answers/status-answer.ts';
import { type Html, html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { factList, timeText } from '../page-parts.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site, sitePage } from '../site.ts';
import { reportList } from './reports-page.ts';

/** The first page: what is indexed, and which reports are shown. */
export async function overviewPage(site: Site, request: PageRequest): Promise<Answer> {
  if (site.network === undefined && !request.wantsJson) {
    const main = html`<h1>Clew</h1>${reportsPart(site)}
<p class="note">Nothing has been indexed in this data folder yet, so there is nothing to look up.</p>`;
    return sitePage({ title: 'Overview', main, current: '/' });
  }
  return answerFromNetwork(
    site,
    request,
    (open) => open.status(),
    (answer) => page(site, answer),
  );
}

function reportsPart(site: Site): Html | undefined {
  if (site.reports.length === 0) return undefined;
  return html`<h2>Reports</h2>${reportList(site.reports)}`;
}

function page(site: Site, answer: StatusAnswer): Omit<PageParts, 'asOf'> {
  const { network, tip, unspent, fees, clusters, windows } = answer;
  const main = html`<h1>What is here</h1>
<p class="lead">Look up an address or a transaction above${site.reports.length > 0 && ', or open a report'}.</p>
${reportsPart(site)}
<h2>The chain, as far as it is indexed</h2>
${factList([
  ['Network', network],
  ['Tip', html`block ${groupedNumber(tip.height)}, ${timeText(tip.timeSeconds)}`],
  ['Tip hash', html`<span class="hash">${tip.hash}</span>`],
  ...windows.map(
    ({ heightMin, heightMax }) =>
      ['Heights', `${groupedNumber(heightMin)} to ${groupedNumber(heightMax)}`] as const,
  ),
  ['Blocks', groupedNumber(answer.blocks)],
  ['Transactions', groupedNumber(answer.transactions)],
  ['Inputs', groupedNumber(answer.inputs)],
  ['Of unknown origin', answer.unknownInputs > 0 && groupedNumber(answer.unknownInputs)],
  ['Outputs', groupedNumber(answer.outputs)],
  ['Addresses', groupedNumber(answer.addresses)],
  ['Clusters', clusters === null ? 'not clustered yet' : groupedNumber(clusters)],
  ['Unspent', `${countText(unspent.count, 'output')}, ${amountText(unspent.value, network)}`],
  ['Fees', fees === null ? 'not known in full' : amountText(fees, network)],
])}`;
  return { title: 'Overview', main, current: '/' };
}
