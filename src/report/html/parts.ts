/** The small pieces that every section of report.html is made of. */
import { formatCoins } from '../../units/amount.ts';
import { compareText } from '../compare-text.ts';
import { type Html, type HtmlPart, html } from '../html.ts';
import type { Prose } from '../prose.ts';
import type {
  Amount,
  FiatAmount,
  FiatTotal,
  NamesCustomers,
  PriceSourceRow,
  Report,
  ServiceRow,
  TagRow,
  Total,
} from '../report-format.ts';
import { capitalised, groupDigits, percent, plural } from '../wording.ts';

/** What sections share: the report, and look-ups into it. */
export interface Page {
  readonly report: Report;
  readonly coin: string;
  /** The currency shown beside coins; undefined without prices. */
  readonly currency: string | undefined;
  readonly receivedSats: bigint;
  service(key: string): ServiceRow;
  /** ` [2]`: whose rate a value is made with, when several sources were used; else nothing. */
  rateMark(fiat: FiatAmount | FiatTotal): string;
}

export function makePage(report: Report): Page {
  const services = new Map(report.attribution.services.map((row) => [row.key, row]));
  const used = usedPriceSources(report);
  return {
    report,
    coin: report.derivation.coin,
    currency: report.derivation.prices?.currencies[0],
    receivedSats: BigInt(report.summary.received.sats),
    service: (key) => services.get(key)!,
    rateMark: (fiat) => {
      if (used.length < 2) return '';
      const names = 'rate' in fiat ? [fiat.source] : fiat.sources.map(({ source }) => source);
      const places = used.flatMap(({ name }, i) => (names.includes(name) ? [i + 1] : []));
      return places.length === 0 ? '' : ` [${places.join(', ')}]`;
    },
  };
}

/** The sources whose rates were used for the currency beside amounts, in their order. */
export function usedPriceSources({ derivation }: Report): PriceSourceRow[] {
  const { prices } = derivation;
  return (prices?.sources ?? []).filter(
    ({ currency, daysUsed }) => currency === prices!.currencies[0] && daysUsed > 0,
  );
}

/** Whatever a stranger wrote: isolated, so that its writing direction can not turn the words around it. */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`;
}

/** A txid, address, outpoint or digest: whole, in monospace, selected by one click. */
export function id(text: string): Html {
  return html`<code class="id" translate="no">${text}</code>`;
}

/** The output of a row as an outpoint. */
export function outputCell(row: { readonly txid: string; readonly vout: number }): Html {
  return id(`${row.txid}:${row.vout}`);
}

export function addressCell(row: { readonly address?: string }): Html {
  return row.address === undefined
    ? html`<span class="muted">no address form</span>`
    : id(row.address);
}

/** A service as its sources name it: never looks like a structural fact. */
export function claim(service: ServiceRow): Html {
  return html`<span class="claim"><span class="quote">“${foreign(service.name)}”</span> <span class="kind">${service.categoryName}</span></span>${service.isDisputed && html` <span class="badge warn">sources disagree</span>`}`;
}

export const NAMES_CUSTOMERS: Readonly<Record<NamesCustomers, string>> = {
  identified: 'has to identify its customers',
  custodian: 'keeps customers’ money and often identifies them',
  accounts: 'has accounts or logs, but no duty to identify anyone',
  none: 'is unlikely to know who its users are',
};

/** Claims that say the same of several addresses or transactions. */
export interface TagGroup {
  readonly tag: TagRow;
  /** How many addresses or transactions it is said about. */
  readonly abouts: number;
  /** The date, or the first and last one. */
  readonly dates: string;
}

/** Put claims together that differ only in what they are about and in their date; the best source stays first. */
export function groupTags(page: Page, tagPlaces: readonly number[]): TagGroup[] {
  const groups = Map.groupBy(
    tagPlaces.map((place) => page.report.attribution.tags[place]!),
    ({ about: _, sourceDate: __, ...said }) => JSON.stringify(said),
  );
  return [...groups.values()].map((tags) => {
    const days = tags.flatMap(({ sourceDate }) => sourceDate ?? []).sort(compareText);
    const [first, last] = [days[0], days.at(-1)];
    const dates = first === undefined ? 'no date' : first === last ? first : `${first} to ${last}`;
    return { tag: tags[0]!, abouts: new Set(tags.map(({ about }) => about)).size, dates };
  });
}

/** Who says what about a service, one line per claim. */
export function claimList(page: Page, tagPlaces: readonly number[], max = 6): Html {
  const groups = groupTags(page, tagPlaces);
  const more = groups.length - max;
  return html`<ul class="claims">${groups.slice(0, max).map((group) => html`<li>${claimLine(group)}</li>`)}${more > 0 && html`<li>${plural(more, 'further claim')} in report.json</li>`}</ul>`;
}

function claimLine({ tag, abouts, dates }: TagGroup): Html {
  const others = abouts > 1 && ` and of ${plural(abouts - 1, 'other address', 'other addresses')}`;
  return html`<span class="who">“${foreign(tag.label)}”, ${tag.categoryName}</span>${tag.isPending && html` <span class="badge warn">not confirmed by a person</span>`}, says ${foreign(tag.pack)} (${dates}) of ${id(tag.about)}${others}. From: ${foreign(tag.source)}. Confidence ${tag.confidenceLevel} of 100: ${tag.confidenceMeaning}`;
}

/** Prose with its claims marked as such. */
export function proseHtml(page: Page, prose: Prose): Html {
  return html`${prose.map((piece) => {
    if (typeof piece === 'string') return piece;
    return 'figure' in piece
      ? html`<strong>${piece.figure}</strong>`
      : claim(page.service(piece.service));
  })}`;
}

/** A time of the chain: day, then the hour smaller. */
export function when(iso: string): Html {
  return html`<time datetime="${iso}"><span class="nowrap">${iso.slice(0, 10)}</span> <span class="sub nowrap">${iso.slice(11, 16)} UTC</span></time>`;
}

export function day(iso: string | null): string {
  return iso === null ? 'unknown' : iso.slice(0, 10);
}

/** First and last day, one when they are the same. */
export function span(firstAt: string, lastAt: string): Html {
  const [first, last] = [day(firstAt), day(lastAt)];
  return first === last
    ? html`<span class="nowrap">${first}</span>`
    : html`<span class="nowrap">${first}</span> <span class="nowrap">to ${last}</span>`;
}

/** Coins with their fiat value below, for a table cell. */
export function money(page: Page, amount: Amount | Total, below?: HtmlPart): Html {
  const { currency } = page;
  const fiat = currency === undefined ? undefined : amount.fiat?.[currency];
  const isPriced = fiat !== undefined && !('pricedAmounts' in fiat && fiat.pricedAmounts === 0);
  const line = isPriced
    ? `${groupDigits(fiat.value)} ${currency}${page.rateMark(fiat)}`
    : currency !== undefined && 'no price';
  return html`${groupDigits(amount.coins)}${line && html`<span class="sub">${line}</span>`}${below !== undefined && html`<span class="sub">${below}</span>`}`;
}

/** Coins alone. */
export function coins(sats: bigint | number | string): string {
  return groupDigits(formatCoins(BigInt(sats)));
}

export interface Column {
  readonly head: string;
  readonly numeric?: boolean;
  readonly className?: string;
}

/**
 * A table with a caption and heads; the first cell of each row is its head. On narrow screens rows become
 * cards, which is why each cell carries its column's name; the roles keep it a table for screen readers.
 */
export function table(
  caption: HtmlPart,
  columns: readonly Column[],
  rows: readonly (readonly HtmlPart[])[],
  className?: string,
): Html {
  const classOf = ({ numeric, className }: Column): Html | false => {
    const names = [numeric && 'num', className].filter((name) => typeof name === 'string');
    return names.length > 0 && html` class="${names.join(' ')}"`;
  };
  const heads = columns.map(
    (column) =>
      html`<th role="columnheader" scope="col"${classOf(column)}>${capitalised(column.head)}</th>`,
  );
  const body = rows.map(
    (cells) =>
      html`<tr role="row">${cells.map((cell, place) => {
        const column = columns[place]!;
        return place === 0
          ? html`<th role="rowheader" scope="row"${classOf(column)}>${cell}</th>`
          : html`<td role="cell"${classOf(column)} data-head="${capitalised(column.head)}">${cell}</td>`;
      })}</tr>
`,
  );
  return html`<div class="table${className !== undefined && html` ${className}`}"><table role="table"><caption>${caption}</caption><thead role="rowgroup"><tr role="row">${heads}</tr></thead><tbody role="rowgroup">
${body}</tbody></table></div>
`;
}

/** "25 of 1,204 shown, 93 % of the value; all in payers.csv", or nothing when all are shown. */
export function shownNote(
  shown: number,
  all: number,
  file: string,
  value?: { readonly shown: bigint; readonly all: bigint },
): Html | false {
  if (shown >= all) return false;
  const share = value !== undefined && `, ${percent(value.shown, value.all)} of the value`;
  return html`<p class="shown">${groupDigits(shown)} of ${groupDigits(all)} shown${share}; all in <b>${file}</b>.</p>`;
}

export function sumOf<Item>(
  items: readonly Item[],
  satsOf: (item: Item) => string | number,
): bigint {
  return items.reduce((sum, item) => sum + BigInt(satsOf(item)), 0n);
}

/** A section of the page with its heading. */
export function section(anchor: string, title: string, body: HtmlPart, className?: string): Html {
  return html`<section id="${anchor}"${className !== undefined && html` class="${className}"`} aria-labelledby="${anchor}-title">
<h2 id="${anchor}-title">${title}</h2>
${body}</section>
`;
}
