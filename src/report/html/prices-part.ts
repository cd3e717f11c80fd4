/** Whose rates the values in money of states are made with: a note beside the figures, and the tables behind it. */
import { type Html, html } from '../html.ts';
import type { PriceDayRow } from '../report-format.ts';
import { groupDigits, plural } from '../wording.ts';
import { foreign, id, type Page, shownNote, table, usedPriceSources } from './parts.ts';

const DISPUTED_MAX = 20;
const DAYS_MAX = 40;
export const PRICES_ANCHOR = 'prices';

/** Below the figures: whose rates, of which day, and whether sources disagree. */
export function ratesNote(page: Page): Html | false {
  const { prices } = page.report.derivation;
  const used = usedPriceSources(page.report);
  if (prices === null || used.length === 0) return false;
  const several = used.length > 1;
  const names = used.map(
    ({ name, daysUsed }, i) =>
      html`${i > 0 && (i === 1 ? '; for days that it lacks ' : ', then ')}${several && `[${i + 1}] `}${foreign(name)} (${plural(daysUsed, 'day')})`,
  );
  const disputed = prices.days.filter(
    ({ currency, isDisputed }) => currency === page.currency && isDisputed,
  ).length;
  const asked = prices.days.filter(({ currency }) => currency === page.currency).length;
  return html`<p class="shown">Values in ${page.currency}: each amount at the rate of its own day (UTC) by ${names}. ${disputed > 0 && html`On ${groupDigits(disputed)} of ${plural(asked, 'day')} the sources are more than ${prices.disagreementPercent} % apart. `}<a href="#${PRICES_ANCHOR}">Rates and sources</a></p>
`;
}

function sourceTable(page: Page): Html | false {
  const { prices } = page.report.derivation;
  if (prices === null) return false;
  return table(
    'Sources of prices, in the order in which they count',
    [
      { head: 'Source' },
      { head: 'Days', numeric: true },
      { head: 'Days used', numeric: true },
      { head: 'Licence' },
      { head: 'File' },
    ],
    prices.sources.map((source) => [
      html`<span class="plainhead">${foreign(source.name)}, ${source.currency}</span>${!source.isUsed && html`<span class="sub">compared only</span>`}${source.clock !== undefined && html`<span class="sub">${foreign(source.clock)}</span>`}`,
      html`${groupDigits(source.days)}<span class="sub nowrap">${source.firstDay} to ${source.lastDay}</span>`,
      groupDigits(source.daysUsed),
      foreign(source.licence),
      html`${source.files.map(
        ({ fileName, column, sha256 }) =>
          html`${foreign(fileName)}, column ${foreign(column)}: ${id(sha256)} `,
      )}`,
    ]),
  );
}

function dayTable(caption: string, rows: readonly PriceDayRow[], max: number): Html | false {
  if (rows.length === 0) return false;
  return html`${table(
    caption,
    [
      { head: 'Day (UTC)' },
      { head: 'Rate used', numeric: true },
      { head: 'Others' },
      { head: 'Apart', numeric: true },
    ],
    rows
      .slice(0, max)
      .map((row) => [
        html`<span class="nowrap">${row.day}</span>`,
        row.rate === null
          ? html`<span class="muted">none: no value</span>`
          : html`<span class="nowrap">${groupDigits(row.rate)} ${row.currency}</span><span class="sub">${foreign(row.source!)}</span>`,
        html`${row.others.map(
          ({ source, rate }) =>
            html`<span class="sub">${groupDigits(rate)} ${foreign(source)}</span>`,
        )}`,
        row.differencePercent === null ? '' : `${row.differencePercent} %`,
      ]),
  )}${shownNote(Math.min(max, rows.length), rows.length, 'report.json')}`;
}

/** Days on which sources disagree, widest first; then each day's rate, folded. */
export function pricesPart(page: Page): Html | false {
  const { prices } = page.report.derivation;
  if (prices === null) return false;
  const widest = (row: PriceDayRow): number => Number(row.differencePercent);
  const disputed = prices.days
    .filter(({ isDisputed }) => isDisputed)
    .sort((a, b) => widest(b) - widest(a));
  const without = prices.days.filter(({ rate }) => rate === null);
  return html`<h3 id="${PRICES_ANCHOR}">Prices</h3>
<p>Which rate counts: ${prices.rule}. Order: ${prices.isOrderNamed ? 'as named for this report' : 'the source with most days first, then by name'}. Rounding: ${prices.rounding}.${without.length > 0 && html` For ${plural(without.length, 'day')} there is no rate, so amounts of ${without.length === 1 ? 'that day' : 'those days'} have no value in money of states.`}</p>
${sourceTable(page)}${dayTable(`Days on which the sources are more than ${prices.disagreementPercent} % apart, widest first`, disputed, DISPUTED_MAX)}
<details class="screen"><summary>The rate of every day</summary>
${dayTable('Rates by day', prices.days, DAYS_MAX)}</details>
`;
}
