/** Where the money still lies: the outputs to watch, or to have a holder ordered not to move. */
import { type Html, html } from '../html.ts';
import type { UnspentRow } from '../report-format.ts';
import { groupDigits, plural } from '../wording.ts';
import {
  addressCell,
  coins,
  money,
  outputCell,
  type Page,
  shownNote,
  sumOf,
  table,
  when,
} from './parts.ts';

const OUTPUTS_MAX = 10;

/** Where links to this part lead. */
export const UNSPENT_ANCHOR = 'unspent';

/** Whether the page has this part, so that it can be linked to: its chapter is left out when nothing was paid. */
export function hasUnspentPart({ report }: Page): boolean {
  return report.unspent.length > 0 && report.summary.payments > 0;
}

function whose({ isOwn, hops }: UnspentRow): string {
  return isOwn ? 'still with the seed set' : `${plural(hops, 'step')} away`;
}

/** The outputs with the most of the money, first in, first out. */
export function unspentPart(page: Page): Html | false {
  const { unspent, derivation } = page.report;
  if (unspent.length === 0) return false;
  const shown = unspent.slice(0, OUTPUTS_MAX);
  return html`<h3 id="${UNSPENT_ANCHOR}">Not spent up to block ${groupDigits(derivation.asOfHeight)}: outputs to watch or freeze</h3>
<p>Nobody can freeze coins in the chain itself. A service can freeze an account that it keeps, and a court can order a holder who is known not to move coins or to hand them over. So this list is to watch, and to name in a request to a service or to a court once the holder is known. Money at a named service is not in it: ask that service to freeze the account. Not every holder has to do with the seed set: some may be others who were paid in good faith, above all where only haircut leads.</p>
${table(
  'Outputs where money of the seed set lies, most by FIFO first',
  [
    { head: 'There since (UTC)' },
    { head: 'Output (transaction:number)' },
    { head: 'Address' },
    { head: `Output in ${page.coin}`, numeric: true },
    { head: 'Of it from the seed set', numeric: true, className: 'wrap' },
  ],
  shown.map((row) => [
    when(row.at),
    outputCell(row),
    addressCell(row),
    money(page, row.value),
    html`${coins(row.amounts.fifo.sats)}<span class="sub">haircut ${coins(row.amounts.haircut.sats)}</span><span class="sub">${whose(row)}</span>`,
  ]),
)}${shownNote(shown.length, unspent.length, 'unspent.csv', {
  shown: sumOf(shown, ({ amounts }) => amounts.fifo.sats),
  all: sumOf(unspent, ({ amounts }) => amounts.fifo.sats),
})}`;
}
