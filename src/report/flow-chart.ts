/**
 * The overview chart as SVG: boxes in columns, bands between them as wide as the money.
 *
 * It is made to be read in black-and-white print: every box carries its name and amount, kinds differ by
 * pattern and outline as well as by colour, and what a source claims (a service) has a dashed outline and
 * quotation marks. Bands that pass a column run through gaps of their own, never behind a box.
 */
import { type ChartEdge, type ChartNode, COLUMN_NAMES, type FlowColumns } from './flow-columns.ts';
import { type Html, html } from './html.ts';
import { largerFirst, largestOf } from './sats-order.ts';
import { briefCoins, groupDigits, percent, plural } from './wording.ts';

const WIDTH = 920;
const TOP = 34;
const FOOT = 28;
const GAP = 12;
const MARK_WIDTH = 10;
const LINE_HEIGHT = 15;
const NODE_PADDING = 10;
/** Height of the tallest column, were it only as tall as its money. */
const MONEY_HEIGHT = 300;
/** Characters are estimated this wide: fonts differ, and nothing may stick out of a box. */
const CHARACTER_WIDTH = 7.1;

/** A box, or a gap through which a band passes a column. */
interface Slot {
  readonly node: ChartNode | undefined;
  readonly height: number;
  y: number;
  /** How far the bands on each side have filled it. */
  filledIn: number;
  filledOut: number;
}

interface Placed {
  readonly slot: Slot;
  readonly x: number;
  readonly width: number;
}

const CLAIMED_KINDS = new Set(['payer_service', 'cashout']);

/** Number for an SVG attribute: two decimals at most, one spelling. */
function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function cutTo(text: string, lettersMax: number): string {
  const letters = [...text];
  return letters.length <= lettersMax
    ? text
    : `${letters.slice(0, Math.max(1, lettersMax - 1)).join('')}…`;
}

/** A label in at most two lines, broken at a space where there is one. */
export function wrapLabel(label: string, lettersMax: number): string[] {
  if ([...label].length <= lettersMax) return [label];
  const words = label.split(' ');
  let first = '';
  while (words.length > 0 && [...`${first} ${words[0]}`.trim()].length <= lettersMax) {
    first = `${first} ${words.shift()}`.trim();
  }
  if (first === '') return [cutTo(label, lettersMax)];
  return words.length === 0 ? [first] : [first, cutTo(words.join(' '), lettersMax)];
}

function labelOf(node: ChartNode): string {
  if (node.kind === 'folded') return `${groupDigits(node.folded)} ${node.label}`;
  return CLAIMED_KINDS.has(node.kind) ? `“${node.label}”` : node.label;
}

function patterns(prefix: string): Html {
  return html`<defs>
<pattern id="${prefix}-source" class="mark" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2"/></pattern>
<pattern id="${prefix}-payer" class="mark" width="6" height="6" patternUnits="userSpaceOnUse"><circle cx="3" cy="3" r="1.3"/></pattern>
<pattern id="${prefix}-between" class="mark" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M0,3 h6"/></pattern>
<pattern id="${prefix}-out" class="mark" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M-1,5 l2,2 M0,0 l6,6 M5,-1 l2,2 M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2"/></pattern>
<pattern id="${prefix}-mix" class="mark" width="5" height="6" patternUnits="userSpaceOnUse"><path d="M2.5,0 v6"/></pattern>
</defs>`;
}

const PATTERN_OF_KIND: Readonly<Record<string, string>> = {
  payer_service: 'source',
  payer_cluster: 'payer',
  intermediate: 'between',
  cashout: 'out',
  coinjoin: 'mix',
};

function linesOf(node: ChartNode, columnWidth: number): string[] {
  return wrapLabel(labelOf(node), Math.floor((columnWidth - MARK_WIDTH - 12) / CHARACTER_WIDTH));
}

/** Coins for a box: four decimals, so that the line always fits. */
function boxCoins(sats: bigint): string {
  if (sats > 0n && sats < 10_000n) return '< 0.0001';
  return briefCoins(sats < 100_000_000n ? ((sats + 5_000n) / 10_000n) * 10_000n : sats);
}

function drawNode(placed: Placed, received: bigint, prefix: string): Html {
  const node = placed.slot.node!;
  const { x, width } = placed;
  const { y, height } = placed.slot;
  const label = labelOf(node);
  const lines = linesOf(node, width);
  const amount = `${boxCoins(node.sats)} · ${percent(node.sats, received)}`;
  const textTop = y + (height - (lines.length + 1) * LINE_HEIGHT) / 2 + 11;
  const textX = px(x + MARK_WIDTH + 7);
  const pattern = PATTERN_OF_KIND[node.kind];
  const claimed = CLAIMED_KINDS.has(node.kind);
  return html`<g class="node node-${node.kind}${claimed ? ' claimed' : ''}"><title>${label}: ${amount}</title>
<rect class="box" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="2"/>
<rect class="edge-mark${pattern === undefined ? ' plain' : ''}" x="${px(x)}" y="${px(y)}" width="${MARK_WIDTH}" height="${px(height)}"${pattern === undefined ? '' : html` fill="url(#${prefix}-${pattern})"`}/>
${lines.map((line, i) => html`<text class="name" x="${textX}" y="${px(textTop + i * LINE_HEIGHT)}">${line}</text>`)}
<text class="sum" x="${textX}" y="${px(textTop + lines.length * LINE_HEIGHT)}">${amount}</text></g>
`;
}

/** A band from the right side of one box to the left side of another. */
function band(fromX: number, fromY: number, toX: number, toY: number, thickness: number): string {
  const middle = (fromX + toX) / 2;
  const down = thickness;
  return (
    `M${px(fromX)},${px(fromY)} C${px(middle)},${px(fromY)} ${px(middle)},${px(toY)} ${px(toX)},${px(toY)} ` +
    `v${px(down)} C${px(middle)},${px(toY + down)} ${px(middle)},${px(fromY + down)} ${px(fromX)},${px(fromY + down)} Z`
  );
}

/** Scale that fits the column with most money into MONEY_HEIGHT, in pixels per satoshi. */
function scaleOf(flow: FlowColumns): number {
  const sums = flow.columns.map(({ nodes }) => nodes.reduce((sum, node) => sum + node.sats, 0n));
  return MONEY_HEIGHT / Number(largestOf([1n, ...sums]));
}

const thicknessOf = (sats: bigint, scale: number): number => Math.max(1, Number(sats) * scale);

/** What the text needs, or the bands on one side: they can need more than their money when many are thin. */
function heightOf(
  node: ChartNode,
  edges: readonly ChartEdge[],
  scale: number,
  columnWidth: number,
): number {
  let incoming = 0;
  let outgoing = 0;
  for (const edge of edges) {
    if (edge.to === node.key) incoming += thicknessOf(edge.sats, scale);
    if (edge.from === node.key) outgoing += thicknessOf(edge.sats, scale);
  }
  const textHeight = (linesOf(node, columnWidth).length + 1) * LINE_HEIGHT + NODE_PADDING;
  return Math.max(textHeight, incoming, outgoing);
}

interface Layout {
  readonly placedByNode: ReadonlyMap<string, Placed>;
  /** For each edge the slots that it passes, in order of columns. */
  readonly passes: ReadonlyMap<ChartEdge, readonly Placed[]>;
  readonly height: number;
  readonly columnX: readonly number[];
  readonly columnWidth: number;
  readonly scale: number;
}

function layOut(flow: FlowColumns): Layout {
  const count = flow.columns.length;
  // One pixel is left on each side, so that outlines are not cut.
  const inside = WIDTH - 2;
  const columnWidth = Math.min(200, (inside - (count - 1) * 46) / count);
  const gap = count === 1 ? 0 : (inside - count * columnWidth) / (count - 1);
  const columnX = flow.columns.map((_, place) => 1 + place * (columnWidth + gap));
  const scale = scaleOf(flow);
  const placeOfNode = new Map<string, number>();
  flow.columns.forEach(({ nodes }, place) => {
    for (const node of nodes) placeOfNode.set(node.key, place);
  });
  const placedByNode = new Map<string, Placed>();
  const passes = new Map<ChartEdge, Placed[]>();
  const slotsByColumn: Slot[][] = flow.columns.map(({ nodes }, place) =>
    nodes.map((node) => {
      const height = heightOf(node, flow.edges, scale, columnWidth);
      const slot: Slot = { node, height, y: 0, filledIn: 0, filledOut: 0 };
      placedByNode.set(node.key, { slot, x: columnX[place]!, width: columnWidth });
      return slot;
    }),
  );
  // Gaps stand in the order of the boxes that their bands lead to or, for one target, come from.
  const order = [...placedByNode.keys()];
  const byTarget = [...flow.edges].sort(
    (a, b) =>
      order.indexOf(a.to) - order.indexOf(b.to) || order.indexOf(a.from) - order.indexOf(b.from),
  );
  for (const edge of byTarget) {
    const passed: Placed[] = [];
    for (
      let place = placeOfNode.get(edge.from)! + 1;
      place < placeOfNode.get(edge.to)!;
      place += 1
    ) {
      const height = thicknessOf(edge.sats, scale);
      const slot: Slot = { node: undefined, height, y: 0, filledIn: 0, filledOut: 0 };
      slotsByColumn[place]!.push(slot);
      passed.push({ slot, x: columnX[place]!, width: columnWidth });
    }
    passes.set(edge, passed);
  }
  const heights = slotsByColumn.map((slots) =>
    slots.reduce((sum, slot) => sum + slot.height + GAP, -GAP),
  );
  const inner = Math.max(...heights);
  slotsByColumn.forEach((slots, place) => {
    let y = TOP + (inner - heights[place]!) / 2;
    for (const slot of slots) {
      slot.y = y;
      y += slot.height + GAP;
    }
  });
  return { placedByNode, passes, height: TOP + inner + FOOT, columnX, columnWidth, scale };
}

/** Bands stand on each side in the order of where they lead, so that they cross as little as can be. */
function drawBands(
  flow: FlowColumns,
  layout: Layout,
  coin: string,
  names: ReadonlyMap<string, string>,
): Html[] {
  const placedOf = (key: string): Placed => layout.placedByNode.get(key)!;
  const total = (key: string, side: 'from' | 'to'): number =>
    flow.edges
      .filter((edge) => edge[side] === key)
      .reduce((sum, edge) => sum + thicknessOf(edge.sats, layout.scale), 0);
  for (const [key, { slot }] of layout.placedByNode) {
    slot.filledIn = (slot.height - total(key, 'to')) / 2;
    slot.filledOut = (slot.height - total(key, 'from')) / 2;
  }
  const nextAfter = (edge: ChartEdge): number =>
    (layout.passes.get(edge)![0] ?? placedOf(edge.to)).slot.y;
  const lastBefore = (edge: ChartEdge): number =>
    (layout.passes.get(edge)!.at(-1) ?? placedOf(edge.from)).slot.y;
  const leaveY = new Map<ChartEdge, number>();
  for (const edge of [...flow.edges].sort((a, b) => nextAfter(a) - nextAfter(b))) {
    const { slot } = placedOf(edge.from);
    leaveY.set(edge, slot.y + slot.filledOut);
    slot.filledOut += thicknessOf(edge.sats, layout.scale);
  }
  const arriveY = new Map<ChartEdge, number>();
  for (const edge of [...flow.edges].sort((a, b) => lastBefore(a) - lastBefore(b))) {
    const { slot } = placedOf(edge.to);
    arriveY.set(edge, slot.y + slot.filledIn);
    slot.filledIn += thicknessOf(edge.sats, layout.scale);
  }
  return flow.edges.map((edge) => {
    const thickness = thicknessOf(edge.sats, layout.scale);
    let path = '';
    let x = placedOf(edge.from).x + layout.columnWidth;
    let y = leaveY.get(edge)!;
    for (const passed of layout.passes.get(edge)!) {
      path += `${band(x, y, passed.x, passed.slot.y, thickness)} `;
      path += `M${px(passed.x)},${px(passed.slot.y)} h${px(passed.width)} v${px(thickness)} h${px(-passed.width)} Z `;
      x = passed.x + passed.width;
      y = passed.slot.y;
    }
    path += band(x, y, placedOf(edge.to).x, arriveY.get(edge)!, thickness);
    const transactions = plural(edge.transactions, 'transaction');
    return html`<path class="band" d="${path}"><title>${names.get(edge.from)} to ${names.get(edge.to)}: ${briefCoins(edge.sats)} ${coin} in ${transactions}</title></path>
`;
  });
}

/** The chart in words, for those who can not see it: the largest bands of each step. */
function describe(flow: FlowColumns, coin: string, names: ReadonlyMap<string, string>): string {
  const largest = [...flow.edges].sort((a, b) => largerFirst(a.sats, b.sats));
  const sentences = largest
    .slice(0, 6)
    .map(
      (edge) =>
        `${names.get(edge.from)} to ${names.get(edge.to)}: ${briefCoins(edge.sats)} ${coin}.`,
    );
  const more = largest.length - sentences.length;
  return `${sentences.join(' ')}${more > 0 ? ` ${plural(more, 'smaller flow')} more.` : ''} The table after the chart has all of them.`;
}

/** Names of the boxes by key, for sentences and for the table. */
export function nodeNames(flow: FlowColumns): Map<string, string> {
  const names = new Map<string, string>();
  for (const { nodes } of flow.columns)
    for (const node of nodes) names.set(node.key, labelOf(node));
  return names;
}

/**
 * The chart as inline SVG, styled by the page.
 *
 * @param receivedSats what shares are shares of
 * @param prefix makes the ids of the SVG unique in the page
 * @returns undefined when there is nothing to draw
 */
export function flowChart(
  flow: FlowColumns,
  receivedSats: bigint,
  coin: string,
  prefix = 'flow-chart',
): Html | undefined {
  if (flow.edges.length === 0) return undefined;
  const layout = layOut(flow);
  const names = nodeNames(flow);
  const heads = flow.columns.map(
    ({ column }, place) =>
      html`<text class="head" x="${px(layout.columnX[place]!)}" y="14">${COLUMN_NAMES[column]!}</text>`,
  );
  const nodes = flow.columns.flatMap(({ nodes: inColumn }) =>
    inColumn.map((node) => drawNode(layout.placedByNode.get(node.key)!, receivedSats, prefix)),
  );
  return html`<svg class="chart flow-chart" role="img" aria-labelledby="${prefix}-title ${prefix}-desc" viewBox="0 0 ${WIDTH} ${px(layout.height)}" xmlns="http://www.w3.org/2000/svg">
<title id="${prefix}-title">Where the money came from and where it went</title>
<desc id="${prefix}-desc">${describe(flow, coin, names)}</desc>
${patterns(prefix)}
${heads}
${drawBands(flow, layout, coin, names)}${nodes}<text class="tick" x="1" y="${px(layout.height - 6)}">Amounts in ${coin}, and their shares of what the seed set received.</text>
</svg>`;
}
