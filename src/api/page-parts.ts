/** Pieces that the pages share. */
import { getCategory } from '../attribution/category.ts';
import { getConfidence } from '../attribution/confidence.ts';
import type { ServiceClaim } from '../attribution/match.ts';
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

/**
 * A service as its sources name it: in quotation marks, slanted, dashed, here as in the report, so that it is
 * never taken for a fact of the chain.
 */
export function claim(
  service: Pick<ServiceClaim, 'name' | 'category'> & { readonly conflicting?: boolean },
): Html {
  return html`<span class="claim">“<bdi>${service.name}</bdi>” ${getCategory(service.category).label}</span>${service.conflicting === true && html` <span class="badge">sources disagree</span>`}`;
}

/**
 * A table with its caption, which can be scrolled sideways by keyboard where it is too wide. On narrow screens
 * rows become cards, so each cell carries its column's name; the roles keep it a table for screen readers.
 */
export function dataTable(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly HtmlPart[])[],
): Html {
  const numeric = (i: number): HtmlPart => columns[i]?.isNumber === true && html` class="number"`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table role="table">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(({ title }, i) => html`<th role="columnheader" scope="col"${numeric(i)}>${title}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => html`<tr role="row">${row.map((cell, i) => html`<td role="cell"${numeric(i)} data-head="${columns[i]!.title}">${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

export function timeText(seconds: number): Html {
  const iso = formatTime(seconds);
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

export function transactionLink(txid: string, asOf: number | undefined): Html {
  return html`<a class="hash" href="/tx/${txid}${keptQuery(asOf)}">${txid}</a>`;
}

export function addressLink(address: string, asOf: number | undefined): Html {
  return html`<a class="hash" href="/address/${encodeURIComponent(address)}${keptQuery(asOf)}">${address}</a>`;
}

/** Links to the next page of a list and back to its beginning, where there are such. */
export function nextPage(
  path: string,
  asOf: number | undefined,
  cursor: string | undefined,
  isFirst = true,
): HtmlPart {
  if (cursor === undefined && isFirst) return undefined;
  return html`<nav class="pager" aria-label="Pages of this list">${!isFirst && html`<a rel="first" href="${path}${keptQuery(asOf)}">To the beginning</a>`}${cursor !== undefined && html`<a rel="next" href="${path}${keptQuery(asOf, cursor)}">Further on</a>`}</nav>`;
}

/** Says that a page shows an earlier state, and leads to the present one. */
export function asOfNote(path: string, asOf: number | undefined): HtmlPart {
  if (asOf === undefined) return undefined;
  return html`<p class="note">As it was at block ${groupedNumber(asOf)}. <a href="${path}">Show the present state</a></p>`;
}

interface SaidTag {
  readonly tag: Tag;
  /** How many addresses of a cluster it is said about. */
  readonly addressCount?: number;
}

interface SaidAlike {
  readonly tag: Tag;
  readonly addresses: number;
  readonly days: string;
}

const CLAIMS_MAX = 30;

/** Claims that differ only in their day and address, put together in the order in which they came. */
function groupClaims(tags: readonly SaidTag[]): SaidAlike[] {
  const groups = Map.groupBy(tags, ({ tag }) =>
    JSON.stringify([
      tag.label,
      tag.category,
      tag.sourcePack.sha256,
      tag.source,
      tag.confidence,
      tag.status,
    ]),
  );
  return [...groups.values()].map((alike) => {
    const days = alike.flatMap(({ tag }) => tag.lastmodDay ?? []).sort();
    const [first, last] = [days[0], days.at(-1)];
    return {
      tag: alike[0]!.tag,
      addresses: alike.reduce((sum, { addressCount }) => sum + (addressCount ?? 1), 0),
      days: first === undefined ? 'not given' : first === last ? first : `${first} to ${last}`,
    };
  });
}

/** Tags with who says so and how sure it is; all of them, those that disagree too. */
export function tagTable(tags: readonly SaidTag[]): Html {
  if (tags.length === 0) {
    return html`<h2>What sources say</h2>
<p class="soft">No source that was imported says anything about it. That proves nothing: most addresses have no tag.</p>`;
  }
  const counted = tags.some(({ addressCount }) => addressCount !== undefined);
  const groups = groupClaims(tags);
  return html`<h2>What sources say</h2>
<p class="soft">Claims of the sources named, not facts of the chain. Sources that disagree are all shown. The confidence ranks sources from 0 to 100; it is no probability.</p>
${dataTable(
  'Claims about it',
  [
    { title: 'Said' },
    { title: 'By' },
    { title: 'From' },
    { title: 'Day' },
    { title: 'Confidence' },
    ...(counted ? [{ title: 'About addresses', isNumber: true }] : []),
  ],
  groups
    .slice(0, CLAIMS_MAX)
    .map(({ tag, addresses, days }) => [
      html`${claim({ name: tag.label, category: tag.category })}${tag.status === 'pending' && html` <span class="badge">not confirmed by a person</span>`}`,
      html`<bdi>${tag.sourcePack.creator === '' ? tag.sourcePack.title : tag.sourcePack.creator}</bdi>`,
      html`<bdi>${tag.source}</bdi>`,
      days,
      html`${tag.confidenceLevel} of 100<span class="sub">${getConfidence(tag.confidence).meaning}</span>`,
      ...(counted ? [groupedNumber(addresses)] : []),
    ]),
)}${groups.length > CLAIMS_MAX && html`<p class="soft">The first ${groupedNumber(CLAIMS_MAX)} of ${groupedNumber(groups.length)} different claims; <code>--json</code> gives all.</p>`}`;
}
