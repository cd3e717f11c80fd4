/**
 * The money of an investigation as nodes and edges, for the overview chart: from services through payers to the
 * seed set, and on, under FIFO, to services, mixes and whatever ended the way. All of it; the report folds.
 */
import { SatsTotal } from '../units/amount.ts';
import type {
  CashOut,
  FlowEdge,
  FlowNode,
  Investigation,
  Payer,
  StopReason,
} from './investigation.ts';
import type { TraceResult } from './trace-result.ts';

/** Stops that are places of their own in the chart; all others are "not followed further". */
const END_NODES: Partial<Record<StopReason, FlowNode>> = {
  coinjoin: { key: 'coinjoin', kind: 'coinjoin', label: 'CoinJoins' },
  self: { key: 'self', kind: 'unspent', label: 'Still with the seed set' },
  large_cluster: { key: 'large', kind: 'other', label: 'Large unnamed clusters' },
  unspent: { key: 'unspent', kind: 'unspent', label: 'Not spent' },
};
const FEES: FlowNode = { key: 'fees', kind: 'other', label: 'Fees' };
/** Payers that no cluster and no service stands for. */
const UNNAMED_PAYERS: Readonly<Record<Exclude<Payer['kind'], 'cluster'>, FlowNode>> = {
  service: { key: 'from:services', kind: 'payer_service', label: 'Services' },
  coinjoin: { key: 'from:coinjoin', kind: 'coinjoin', label: 'CoinJoins' },
  mined: { key: 'from:mined', kind: 'other', label: 'Newly mined' },
  unknown: { key: 'from:unknown', kind: 'other', label: 'Unknown' },
};
const CUT_OFF: FlowNode = { key: 'cut-off', kind: 'other', label: 'Not followed further' };
const SEEDS = 'seeds';
const BETWEEN: FlowNode = { key: 'between', kind: 'intermediate', label: 'Unnamed addresses' };

/** Nodes in the order in which they came up; edges added up by their ends. */
class Chart {
  readonly #nodes = new Map<string, FlowNode>();
  readonly #edges = new Map<string, FlowEdge>();

  node(node: FlowNode): string {
    if (!this.#nodes.has(node.key)) this.#nodes.set(node.key, node);
    return node.key;
  }

  edge(from: string, to: string, totalSats: bigint, transactions: number): void {
    if (totalSats === 0n) return;
    const key = `${from}\n${to}`;
    const known = this.#edges.get(key) ?? { from, to, totalSats: 0n, transactions: 0 };
    this.#edges.set(key, {
      from,
      to,
      totalSats: known.totalSats + totalSats,
      transactions: known.transactions + transactions,
    });
  }

  finish(): Investigation['flow'] {
    return { nodes: [...this.#nodes.values()], edges: [...this.#edges.values()] };
  }
}

/**
 * @param seedCount for the label of the seed set
 * @param payers in the order of the report, which numbers them
 * @param fifo the forward trace of the set
 * @example flowChartData(12, payers, cashOuts, traces.fifo).edges.length
 */
export function flowChartData(
  seedCount: number,
  payers: readonly Payer[],
  cashOuts: readonly CashOut[],
  fifo: TraceResult,
): Investigation['flow'] {
  const chart = new Chart();
  const seeds = `${seedCount} ${seedCount === 1 ? 'seed' : 'seeds'}`;
  chart.node({ key: SEEDS, kind: 'seeds', label: seeds });
  for (const [place, payer] of payers.entries()) addPayer(chart, payer, `Payer P${place + 1}`);
  addCashOuts(chart, cashOuts);
  addOtherEnds(chart, fifo);
  return chart.finish();
}

function addPayer(chart: Chart, payer: Payer, label: string): void {
  const { key, kind, service, totalSats, payments } = payer;
  const serviceNode = (claim: NonNullable<Payer['service']>): string =>
    chart.node({ key: `from:${claim.key}`, kind: 'payer_service', label: claim.name });
  if (kind !== 'cluster') {
    const node = service ? serviceNode(service) : chart.node(UNNAMED_PAYERS[kind]);
    chart.edge(node, SEEDS, totalSats, payments);
    return;
  }
  const node = chart.node({ key: `payer:${key}`, kind: 'payer_cluster', label });
  for (const source of payer.sources) {
    chart.edge(serviceNode(source.service), node, source.totalSats, source.payments);
  }
  chart.edge(node, SEEDS, totalSats, payments);
}

/** What the set paid a service itself is one edge, what went through others' hands goes by the node between. */
function addCashOuts(chart: Chart, cashOuts: readonly CashOut[]): void {
  for (const { service, deposits } of cashOuts) {
    const direct = new SatsTotal();
    const later = new SatsTotal();
    let directCount = 0;
    let laterCount = 0;
    for (const { hops, amountByMethod } of deposits) {
      if (amountByMethod.fifo === 0) continue;
      (hops <= 1 ? direct : later).add(amountByMethod.fifo);
      if (hops <= 1) directCount += 1;
      else laterCount += 1;
    }
    if (directCount + laterCount === 0) continue;
    const node = chart.node({ key: `to:${service.key}`, kind: 'cashout', label: service.name });
    chart.edge(SEEDS, node, direct.value, directCount);
    if (laterCount === 0) continue;
    chart.edge(SEEDS, chart.node(BETWEEN), later.value, laterCount);
    chart.edge(BETWEEN.key, node, later.value, laterCount);
  }
}

function addOtherEnds(chart: Chart, fifo: TraceResult): void {
  const ends = new Map<
    string,
    { node: FlowNode; isLater: boolean; total: SatsTotal; places: number }
  >();
  for (const { reason, hops, amountSats } of fifo.leaves()) {
    if (reason === 'service') continue;
    // A CoinJoin stands behind the output that goes into it: the set's own output reaches it at once.
    const isLater = hops >= 1;
    const node = END_NODES[reason] ?? CUT_OFF;
    const key = `${node.key} ${isLater}`;
    const end = ends.get(key) ?? { node, isLater, total: new SatsTotal(), places: 0 };
    end.total.add(amountSats);
    end.places += 1;
    ends.set(key, end);
  }
  for (const { node, isLater, total, places } of ends.values()) {
    const to = chart.node(node);
    if (isLater) chart.edge(SEEDS, chart.node(BETWEEN), total.value, places);
    chart.edge(isLater ? BETWEEN.key : SEEDS, to, total.value, places);
  }
  const fees = fifo.feeSats.reduce((sum, sats) => sum + sats, 0n);
  if (fees > 0n) chart.edge(SEEDS, chart.node(FEES), fees, fifo.feeTransactions);
}
