/** Pieces that the pages share. */
import type { Tag } from '../attribution/tag.ts';
import { type Html, type HtmlPart, html } from '../report/html.ts';
import { groupedNumber } from '../units/number-text.ts';
import { formatTime } from '../units/time.ts';
import { keptQuery } from './page-query.ts';

/** Names and values below each other; rows without a value are left out. */
export function factList(rows: readonly (readonly [string, HtmlPart])[]): Html {
  const shown = rows.filter(
    ([, value]) => value !== undefined && value !== null && value !== false,
  );
  return html`<dl class="facts">${shown.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export interface TableColumn {
  readonly title: string;
  readonly isNumber?: boolean;
}

/** A table with its caption, which can be scrolled sideways by keyboard where it is too wide. */
export function dataTable(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly HtmlPart[])[],
): Html {
  const numeric = (i: number): HtmlPart => columns[i]?.isNumber === true && html` class="number"`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(({ title }, i) => html`<th scope="col"${numeric(i)}>${title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td${numeric(i)}>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

export function timeText(seconds: number): Html {
  return html`<time>${formatTime(seconds)}</time>`;
}

export function transactionLink(txid: string, asOf: number | undefined): Html {
  return html`<a class="hash" href="/tx/${txid}${keptQuery(asOf)}">${txid}</a>`;
}

export function addressLink(address: string, asOf: number | undefined): Html {
  return html`<a class="hash" href="/address/${encodeURIComponent(address)}${keptQuery(asOf)}">${address}</a>`;
}

/** A link to the next page of a list, when there is one. */
export function nextPage(
  path: string,
  asOf: number | undefined,
  cursor: string | undefined,
): HtmlPart {
  if (cursor === undefined) return undefined;
  return html`<nav class="pager" aria-label="Pages of this list"><a rel="next" href="${path}${keptQuery(asOf, cursor)}">Further on</a></nav>`;
}

/** Tags with who says so and how sure it is; all of them, those that disagree too. */
export function tagTable(tags: readonly { tag: Tag; addressCount?: number }[]): HtmlPart {
  if (tags.length === 0) return undefined;
  const counted = tags.some(({ addressCount }) => addressCount !== undefined);
  return html`<h2>What sources say</h2>
<p class="soft">A tag is what a named source asserts, not a fact. Sources that disagree are all shown.</p>
${dataTable(
  'Tags',
  [
    { title: 'Label' },
    { title: 'Category' },
    { title: 'Confidence' },
    { title: 'Source' },
    { title: 'Day' },
    ...(counted ? [{ title: 'Addresses', isNumber: true }] : []),
  ],
  tags.map(({ tag, addressCount }) => [
    tag.label,
    tag.category,
    tag.status === 'active' ? tag.confidence : `${tag.confidence}, not confirmed by a person`,
    tag.sourcePack.creator === '' ? tag.sourcePack.title : tag.sourcePack.creator,
    tag.lastmodDay,
    ...(counted ? [addressCount === undefined ? '' : groupedNumber(addressCount)] : []),
  ]),
)}`;
}
