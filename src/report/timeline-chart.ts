/** The time line as SVG: money above, number of payments below, on one axis of time. */
import { type Html, html } from './html.ts';
import type { Timeline } from './report-format.ts';
import { largestOf } from './sats-order.ts';
import { briefCoins, groupDigits, plural } from './wording.ts';

const WIDTH = 920;
const LEFT = 62;
const RIGHT = 8;
const MONEY_TOP = 26;
const MONEY_HEIGHT = 130;
const COUNT_TOP = 200;
const COUNT_HEIGHT = 60;
const BOTTOM = 300;

function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/**
 * Round values from zero to at least the largest, in steps of 1, 2 or 5 times a power of ten.
 *
 * @example axisSteps(7n, 4) // [0n, 2n, 4n, 6n, 8n]
 */
export function axisSteps(largest: bigint, stepsWanted: number): bigint[] {
  if (largest <= 0n) return [0n, 1n];
  let step = 1n;
  for (let power = 1n; ; power *= 10n) {
    const fitting = [1n, 2n, 5n]
      .map((digit) => digit * power)
      .find((s) => s * BigInt(stepsWanted) >= largest);
    if (fitting !== undefined) {
      step = fitting;
      break;
    }
  }
  const steps = [0n];
  while (steps.at(-1)! < largest) steps.push(steps.at(-1)! + step);
  return steps;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * A bar's name for people.
 *
 * @example barName('month', '2021-03-01') // 'Mar 2021'
 */
export function barName(unit: Timeline['unit'], firstDay: string): string {
  const [year, month, day] = firstDay.split('-') as [string, string, string];
  if (unit === 'year') return year;
  if (unit === 'quarter') return `Q${Math.floor((Number(month) - 1) / 3) + 1} ${year}`;
  if (unit === 'month') return `${MONTHS[Number(month) - 1]} ${year}`;
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year}`;
}

/**
 * The same with the word that goes before it in a sentence.
 *
 * @example barTime('week', '2021-02-01') // 'in the week of 1 Feb 2021'
 */
export function barTime(unit: Timeline['unit'], firstDay: string): string {
  const name = barName(unit, firstDay);
  if (unit === 'day') return `on ${name}`;
  return unit === 'week' ? `in the week of ${name}` : `in ${name}`;
}

interface Panel {
  readonly top: number;
  readonly height: number;
  readonly values: readonly bigint[];
  readonly steps: readonly bigint[];
  readonly title: string;
  readonly className: string;
  readonly tick: (value: bigint) => string;
}

function drawPanel(panel: Panel, timeline: Timeline, coin: string): Html {
  const { top, height, steps } = panel;
  const largest = Number(steps.at(-1)!);
  const slot = (WIDTH - LEFT - RIGHT) / panel.values.length;
  const width = Math.min(46, slot * 0.74);
  const yOf = (value: bigint): number => top + height - (Number(value) / largest) * height;
  const lines = steps.map(
    (step) =>
      html`<path class="grid${step === 0n ? ' base' : ''}" d="M${LEFT},${px(yOf(step))} H${WIDTH - RIGHT}"/><text class="tick" x="${LEFT - 8}" y="${px(yOf(step) + 4)}" text-anchor="end">${panel.tick(step)}</text>`,
  );
  const bars = panel.values.map((value, place) => {
    if (value === 0n) return undefined;
    const bar = timeline.bars[place]!;
    const barHeight = Math.max(1.5, top + height - yOf(value));
    return html`<rect class="${panel.className}" x="${px(LEFT + place * slot + (slot - width) / 2)}" y="${px(top + height - barHeight)}" width="${px(width)}" height="${px(barHeight)}"><title>${barName(timeline.unit, bar.firstDay)}: ${briefCoins(BigInt(bar.total.sats))} ${coin} in ${plural(bar.payments, 'payment')}</title></rect>`;
  });
  return html`<text class="head" x="${LEFT}" y="${top - 12}">${panel.title}</text>${lines}${bars}
`;
}

/** Names under some bars: as many as fit without touching. */
function drawNames(timeline: Timeline): Html[] {
  const slot = (WIDTH - LEFT - RIGHT) / timeline.bars.length;
  const every = Math.max(1, Math.ceil(78 / slot));
  const names: Html[] = [];
  for (let place = 0; place < timeline.bars.length; place += every) {
    const x = px(LEFT + (place + 0.5) * slot);
    const name = barName(timeline.unit, timeline.bars[place]!.firstDay);
    const anchor = place === 0 && slot < 78 ? 'start' : 'middle';
    const at = anchor === 'start' ? px(LEFT) : x;
    names.push(
      html`<path class="grid base" d="M${x},${COUNT_TOP + COUNT_HEIGHT} v4"/><text class="tick" x="${at}" y="${COUNT_TOP + COUNT_HEIGHT + 18}" text-anchor="${anchor}">${name}</text>`,
    );
  }
  return names;
}

/**
 * The time line as inline SVG, styled by the page.
 *
 * @returns undefined when there is no bar
 */
export function timelineChart(
  timeline: Timeline,
  coin: string,
  prefix = 'timeline-chart',
): Html | undefined {
  const { bars, unit } = timeline;
  if (bars.length === 0) return undefined;
  const sats = bars.map((bar) => BigInt(bar.total.sats));
  const counts = bars.map((bar) => BigInt(bar.payments));
  const fullest = sats.indexOf(largestOf(sats));
  const fullestBar = bars[fullest]!;
  return html`<svg class="chart timeline-chart" role="img" aria-labelledby="${prefix}-title ${prefix}-desc" viewBox="0 0 ${WIDTH} ${BOTTOM}" xmlns="http://www.w3.org/2000/svg">
<title id="${prefix}-title">Payments to the seed set per ${unit}</title>
<desc id="${prefix}-desc">${plural(bars.length, unit)} from ${bars[0]!.firstDay} to ${bars.at(-1)!.lastDay}. The most money came ${barTime(unit, fullestBar.firstDay)}: ${briefCoins(sats[fullest]!)} ${coin} in ${plural(fullestBar.payments, 'payment')}. The table after the chart has all of them.</desc>
${drawPanel({ top: MONEY_TOP, height: MONEY_HEIGHT, values: sats, steps: axisSteps(largestOf(sats), 4), title: `${coin} received per ${unit}`, className: 'bar', tick: briefCoins }, timeline, coin)}${drawPanel({ top: COUNT_TOP, height: COUNT_HEIGHT, values: counts, steps: axisSteps(largestOf(counts), 2), title: `Payments per ${unit}`, className: 'bar count', tick: groupDigits }, timeline, coin)}${drawNames(timeline)}
</svg>`;
}
