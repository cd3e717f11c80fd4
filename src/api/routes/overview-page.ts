import type { TagIndex } from '../../attribution/tag-index.ts';
import { amountText } from '../../chain/amount-text.ts';
import type { StatusAnswer } from '../../pipeline/answers/status-answer.ts';
import { type Html, type HtmlPart, html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { factList, timeText } from '../page-parts.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site, sitePage } from '../site.ts';
import { noReportNote, reportList } from './reports-page.ts';

/** The first page: where to begin, which reports there are, what can be looked up. */
export async function overviewPage(site: Site, request: PageRequest): Promise<Answer> {
  if (site.network === undefined && !request.wantsJson) {
    const main = html`<h1>Clew follows the money</h1>
${reportsPart(site)}
<h2>Look something up</h2>
<p class="note">No blocks have been indexed in this data folder yet, so there is nothing to look up. <code>clew index --blocks DIR</code> reads the block files of a node; <code>clew start</code> makes a sample to learn with.</p>`;
    return sitePage({ title: 'Overview', main, current: '/' });
  }
  return answerFromNetwork(
    site,
    request,
    (open) => open.status(),
    async (answer, open) => page(site, answer, await open.tagIndex()),
  );
}

function reportsPart(site: Site): Html {
  return html`<h2>Reports</h2>
${site.reports.length === 0 ? noReportNote() : reportList(site.reports, true)}`;
}

function tagsPart({ tagCount, addressCount, pendingCount, sourcePacks }: TagIndex): Html {
  if (tagCount === 0) {
    return html`<p class="note"><b>No tags are loaded.</b> Without them no address has a name: no service can be recognised, so nobody can be asked who paid and where money was cashed out. Load some with <code>clew tags import PATH</code>.</p>`;
  }
  return html`<p>${countText(tagCount, 'tag')} on ${countText(addressCount, 'address', 'addresses')}, from ${countText(sourcePacks.length, 'file')} in all: who sources say an address belongs to. A service that no tag names is not recognised.${pendingCount > 0 && ` ${countText(pendingCount, 'claim')} wait${pendingCount === 1 ? 's' : ''} for a person to confirm.`}</p>`;
}

function followingNote({ following }: Site): HtmlPart {
  if (following === undefined) return undefined;
  const { node, state, nodeHeight, reason, reorganisations } = following();
  const said = {
    starting: 'It has not answered yet.',
    'catching-up': 'Blocks are coming in.',
    'at-tip': 'The ledger has all its blocks.',
    waiting: `Waiting: ${reason ?? ''}.`,
    ended: `It is not followed any more: ${reason ?? ''}.`,
  }[state];
  return html`<p${state === 'ended' && html` class="note"`}>The node ${node} is followed. ${said}${nodeHeight !== null && ` Its last block is ${groupedNumber(nodeHeight)}.`}${reorganisations > 0 && ` ${countText(reorganisations, 'reorganisation')} since the start.`}</p>`;
}

function page(site: Site, answer: StatusAnswer, tags: TagIndex): Omit<PageParts, 'asOf'> {
  const { network, tip, unspent, fees, clusters, windows } = answer;
  const main = html`<h1>Clew follows the money</h1>
<p class="lead">${
    site.reports.length > 0
      ? 'Open a report to see who paid, where the money went and whom to ask. Or look up an address or a transaction that stands in it.'
      : 'Look up an address or a transaction, or make a report from a list of them.'
  }</p>
${reportsPart(site)}
<h2>Look something up</h2>
<ul>
<li>Type a whole address, transaction id or output (<code>txid:n</code>) into the search box at the top.</li>
<li>An address leads to its history, to what sources say of it, and to its cluster: the addresses under the same control.</li>
<li><a href="/why">Why are two addresses together?</a> shows the transactions that join them. <a href="/rules">The rules</a> say how.</li>
</ul>
<h2>Who is who</h2>
${tagsPart(tags)}
<h2>The chain, as far as it is indexed</h2>
${followingNote(site)}
${factList([
  ['Network', network],
  ['Last block', html`${groupedNumber(tip.height)}, ${timeText(tip.timeSeconds)}`],
  ...windows.map(
    ({ heightMin, heightMax }) =>
      ['Heights', `${groupedNumber(heightMin)} to ${groupedNumber(heightMax)}`] as const,
  ),
  ['Blocks', groupedNumber(answer.blocks)],
  ['Transactions', groupedNumber(answer.transactions)],
  ['Inputs', groupedNumber(answer.inputs)],
  ['Of unknown origin', answer.unknownInputs > 0 && groupedNumber(answer.unknownInputs)],
  ['From before, by undo data', answer.undoInputs > 0 && groupedNumber(answer.undoInputs)],
  ['Outputs', groupedNumber(answer.outputs)],
  ['Addresses', groupedNumber(answer.addresses)],
  [
    'Clusters',
    clusters === null
      ? 'not clustered yet'
      : html`${groupedNumber(clusters)} <span class="soft">(an address that stands alone counts as one)</span>`,
  ],
  ['Unspent', `${countText(unspent.count, 'output')}, ${amountText(unspent.value, network)}`],
  ['Fees', fees === null ? 'not known in full' : amountText(fees, network)],
])}`;
  return { title: 'Overview', main, current: '/' };
}
