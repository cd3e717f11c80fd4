/**
 * The overview of the money as columns, for the chart and for its table: services that paid out, payers, the
 * seed set, what lies between, where it went. Beyond a handful per column the small ones are folded into one
 * entry that says how many they are and what share they have.
 */
import { compareText } from './compare-text.ts';
import type { FlowEdgeRow, FlowNodeRow } from './report-format.ts';
import { largerFirst, largestOf } from './sats-order.ts';

export const COLUMN_NAMES = [
  'Where payers had it from',
  'Payers',
  'Seed set',
  'In between',
  'Where it went',
] as const;

const SEEDS_COLUMN = 2;
const LAST_COLUMN = 4;

export interface ChartNode {
  readonly key: string;
  readonly kind: string;
  readonly label: string;
  readonly column: number;
  readonly sats: bigint;
  /** How many nodes this one stands for; more than 1 only for a folded rest. */
  readonly folded: number;
}

export interface ChartEdge {
  readonly from: string;
  readonly to: string;
  readonly sats: bigint;
  readonly transactions: number;
}

export interface FlowColumns {
  /** Columns that hold something, left to right, with their place among COLUMN_NAMES. */
  readonly columns: readonly { readonly column: number; readonly nodes: readonly ChartNode[] }[];
  readonly edges: readonly ChartEdge[];
  /** Edges that run backwards or within a column: in the table of the report, not in the chart. */
  readonly leftOut: number;
}

const COLUMN_OF_KIND: Readonly<Record<string, number>> = {
  payer_service: 0,
  payer_cluster: 1,
  seeds: SEEDS_COLUMN,
  intermediate: 3,
  cashout: LAST_COLUMN,
  unspent: LAST_COLUMN,
};

/** Mixes and the rest stand on the left where money comes out of them, on the right where it goes in. */
function columnOf(kind: string, side: 'source' | 'target'): number {
  return COLUMN_OF_KIND[kind] ?? (side === 'source' ? 0 : LAST_COLUMN);
}

const FOLDED_WORDS: readonly (readonly [one: string, many: string])[] = [
  ['other source', 'other sources'],
  ['other payer', 'other payers'],
  ['other', 'others'],
  ['other step', 'other steps'],
  ['other place', 'other places'],
];

interface Sides {
  incoming: bigint;
  outgoing: bigint;
}

const placeKey = (key: string, column: number): string => `${column}/${key}`;

/** Places by column, before folding: those without money are left out. */
function gatherNodes(
  nodes: ReadonlyMap<string, FlowNodeRow>,
  edges: readonly ChartEdge[],
): ChartNode[] {
  const sides = new Map<string, Sides>();
  const sideOf = (place: string): Sides => {
    const known = sides.get(place);
    if (known !== undefined) return known;
    const fresh = { incoming: 0n, outgoing: 0n };
    sides.set(place, fresh);
    return fresh;
  };
  for (const edge of edges) {
    sideOf(edge.from).outgoing += edge.sats;
    sideOf(edge.to).incoming += edge.sats;
  }
  return [...sides].map(([place, { incoming, outgoing }]) => {
    const slash = place.indexOf('/');
    const node = nodes.get(place.slice(slash + 1))!;
    return {
      key: place,
      kind: node.kind,
      label: node.label,
      column: Number(place.slice(0, slash)),
      sats: largestOf([incoming, outgoing]),
      folded: 1,
    };
  });
}

/** Services stand first, what ends elsewhere below them: so bands that pass a column seldom cross others. */
const LATE_KINDS: readonly string[] = ['coinjoin', 'other', 'unspent', 'folded'];

function forShow(a: ChartNode, b: ChartNode): number {
  return LATE_KINDS.indexOf(a.kind) - LATE_KINDS.indexOf(b.kind) || byValue(a, b);
}

function byValue(a: ChartNode, b: ChartNode): number {
  return largerFirst(a.sats, b.sats) || compareText(a.key, b.key);
}

/**
 * Arrange nodes and edges into columns and fold what is small.
 *
 * @param perColumnMax entries per column, the folded rest among them
 */
export function arrangeFlow(
  flowNodes: readonly FlowNodeRow[],
  flowEdges: readonly FlowEdgeRow[],
  perColumnMax = 8,
): FlowColumns {
  const nodes = new Map(flowNodes.map((node) => [node.key, node]));
  let leftOut = 0;
  const placed: ChartEdge[] = [];
  for (const edge of flowEdges) {
    const from = nodes.get(edge.from);
    const to = nodes.get(edge.to);
    if (from === undefined || to === undefined) continue;
    const fromColumn = columnOf(from.kind, 'source');
    const toColumn = columnOf(to.kind, 'target');
    if (fromColumn >= toColumn) {
      leftOut += 1;
      continue;
    }
    placed.push({
      from: placeKey(edge.from, fromColumn),
      to: placeKey(edge.to, toColumn),
      sats: BigInt(edge.sats),
      transactions: edge.transactions,
    });
  }
  const all = gatherNodes(nodes, placed);
  const shownAs = new Map<string, string>();
  const columns: { column: number; nodes: ChartNode[] }[] = [];
  for (let column = 0; column <= LAST_COLUMN; column += 1) {
    const inColumn = all.filter((node) => node.column === column).sort(byValue);
    if (inColumn.length === 0) continue;
    columns.push({ column, nodes: foldColumn(inColumn, column, perColumnMax, shownAs) });
  }
  return { columns, edges: mergeEdges(placed, shownAs), leftOut };
}

/** Keep the largest; what is over becomes one entry. Notes under which key each node is shown. */
function foldColumn(
  nodes: readonly ChartNode[],
  column: number,
  perColumnMax: number,
  shownAs: Map<string, string>,
): ChartNode[] {
  const kept = nodes.length <= perColumnMax ? nodes : nodes.slice(0, perColumnMax - 1);
  for (const node of kept) shownAs.set(node.key, node.key);
  const rest = nodes.slice(kept.length);
  if (rest.length === 0) return [...kept].sort(forShow);
  const key = placeKey('(folded)', column);
  for (const node of rest) shownAs.set(node.key, key);
  const sats = rest.reduce((sum, node) => sum + node.sats, 0n);
  const word = FOLDED_WORDS[column]![rest.length === 1 ? 0 : 1];
  const folded: ChartNode = { key, kind: 'folded', label: word, column, sats, folded: rest.length };
  return [...kept, folded].sort(forShow);
}

function mergeEdges(
  edges: readonly ChartEdge[],
  shownAs: ReadonlyMap<string, string>,
): ChartEdge[] {
  const merged = new Map<
    string,
    { from: string; to: string; sats: bigint; transactions: number }
  >();
  for (const edge of edges) {
    const from = shownAs.get(edge.from)!;
    const to = shownAs.get(edge.to)!;
    const key = `${from}\n${to}`;
    const known = merged.get(key);
    if (known === undefined) {
      merged.set(key, { from, to, sats: edge.sats, transactions: edge.transactions });
    } else {
      known.sats += edge.sats;
      known.transactions += edge.transactions;
    }
  }
  return [...merged.values()];
}
