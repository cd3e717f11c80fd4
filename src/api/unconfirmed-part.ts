/** What waits in the mempool of the node that is followed, in a part of its own: never beside facts. */
import { amountText } from '../chain/amount-text.ts';
import { systemClock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import type { UnconfirmedAnswer, UnconfirmedTransaction } from '../pipeline/unconfirmed.ts';
import { type Html, type HtmlPart, html } from '../report/html.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import { addressLink, dataTable, transactionLink } from './page-parts.ts';
import type { Site } from './site.ts';

const ROWS_MAX = 100;
const WAIT_MS = 3_000;

/**
 * Bring what waits up to date, before anything of the ledger is asked.
 *
 * @returns what to say when that was not possible; undefined when it was, or when no node is followed
 */
export async function refreshUnconfirmed(site: Site): Promise<HtmlPart> {
  if (site.unconfirmed === undefined) return undefined;
  try {
    const reading = site.unconfirmed.refresh(systemClock.elapsedMs());
    // A node with much in it is read for longer: the page does not wait for that.
    const isRead = await Promise.race([
      reading.then(() => true),
      new Promise<boolean>((resolve) => setTimeout(resolve, WAIT_MS, false).unref()),
    ]);
    if (isRead) return undefined;
    reading.catch(() => undefined);
    return html`<h2>Not confirmed</h2>
<p class="note">What waits in the mempool of the node is still being read: ask again in a moment.</p>`;
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    return html`<h2>Not confirmed</h2>
<p class="note">What waits in the mempool of the node could not be read just now (<code>${error.code}</code>).</p>`;
  }
}

/** The part of a page; nothing when nothing waits. */
export function unconfirmedPart(answer: UnconfirmedAnswer): HtmlPart {
  const { transactions, network, node } = answer;
  if (transactions.length === 0) return undefined;
  return html`<section aria-label="Not confirmed"><h2>Not confirmed</h2>
<p class="note"><b>${countText(transactions.length, 'transaction')}</b> that no block holds. A node (${node}) says that ${
    transactions.length === 1 ? 'it waits' : 'they wait'
  }; it may be replaced or never come into a block. No sum, cluster, trace or report counts it.</p>
${dataTable(
  'Transactions that wait',
  [{ title: 'Transaction' }, { title: 'From' }, { title: 'To' }],
  transactions.slice(0, ROWS_MAX).map((each) => rowOf(each, network)),
)}${transactions.length > ROWS_MAX && html`<p class="soft">The first ${groupedNumber(ROWS_MAX)} of ${groupedNumber(transactions.length)}.</p>`}</section>`;
}

function rowOf(transaction: UnconfirmedTransaction, network: string): HtmlPart[] {
  const { txid, inputs, outputs, feeSats } = transaction;
  const party = (address: string | null, what: string, sats: number | null): Html =>
    html`<span class="sub">${address === null ? what : addressLink(address, undefined)} ${sats === null ? 'unknown' : amountText(sats, network)}</span>`;
  return [
    html`${transactionLink(txid, undefined)}<span class="sub">fee ${feeSats === null ? 'unknown' : amountText(feeSats, network)}</span>`,
    html`${inputs.slice(0, 5).map(({ address, prevTxid, prevVout, valueSats }) => party(address, `${prevTxid}:${prevVout}`, valueSats))}${more(inputs.length)}`,
    html`${outputs.slice(0, 5).map(({ address, kind, valueSats }) => party(address, kind, valueSats))}${more(outputs.length)}`,
  ];
}

function more(count: number): HtmlPart {
  return count > 5 && html`<span class="sub">and ${groupedNumber(count - 5)} more</span>`;
}
