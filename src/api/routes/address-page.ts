import type { ServiceClaim } from '../../attribution/match.ts';
import { ClewError } from '../../errors.ts';
import type { AddressAnswer } from '../../pipeline/answers/address-answer.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import { type HtmlPart, html } from '../../report/html.ts';
import { countText } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { asOfNote, claim, factList, nextPage, tagTable } from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import { addressService } from '../parties.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site, sitePage } from '../site.ts';
import { historyTable, sumFacts } from '../sum-parts.ts';
import { refreshUnconfirmed, unconfirmedPart } from '../unconfirmed-part.ts';

export async function addressPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf, page: wanted } = readPageQuery(request);
  const { address = '' } = request.params;
  const isFirst = wanted.cursor === undefined;
  const isWatched = site.unconfirmed !== undefined && asOf === undefined && isFirst;
  const failed = isWatched ? await refreshUnconfirmed(site) : undefined;
  try {
    return await answerFromNetwork(
      site,
      request,
      (open) => open.address(address, wanted, asOf),
      async (answer, open) => {
        const waiting = isWatched ? await waitingOf(site, open, answer.address) : undefined;
        const service = await addressService(open, answer.address, asOf);
        return page(answer, service, { asOf, isFirst }, failed ?? waiting);
      },
    );
  } catch (error) {
    const isMissing = error instanceof ClewError && MISSING.has(error.code);
    if (!isMissing || !isWatched) throw error;
    const waiting = await site.useNetwork(site.network!, (open) => waitingOf(site, open, address));
    if (waiting === undefined) throw error;
    const main = html`<h1>Address</h1>
<p><span class="hash">${address}</span></p>
<p class="soft">It never appears in a block that the ledger holds.</p>
${waiting}`;
    return sitePage({ title: `Address ${address.slice(0, 12)}`, main, searched: address });
  }
}

/** No such address, or no block at all. */
const MISSING = new Set(['CLEW_ADDRESS_NOT_FOUND', 'CLEW_LEDGER_EMPTY']);

async function waitingOf(site: Site, open: OpenNetwork, address: string): Promise<HtmlPart> {
  const scripts = await open.scriptsOf(address);
  return unconfirmedPart(site.unconfirmed!.ofScripts(scripts, await open.flowIfAny()));
}

function page(
  answer: AddressAnswer,
  service: ServiceClaim | undefined,
  { asOf, isFirst }: { readonly asOf: number | undefined; readonly isFirst: boolean },
  waiting: HtmlPart,
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
${waiting}
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
