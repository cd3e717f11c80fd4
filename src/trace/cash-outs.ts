/**
 * Where the money of the seed set went: traced forward from all its outputs by FIFO and by haircut, side by
 * side, and added up by service, by stop, and by mix.
 *
 * All outputs of the set are sources, spent or not. An output that older money of the set reaches (change) keeps
 * the older label, so every satoshi counts once and what still lies with the set ends as `self`.
 */
import type { ServiceClaim } from '../attribution/match.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import type {
  CashOut,
  LargeCluster,
  MixMet,
  StopSummary,
  TraceLimits,
  TraceMethod,
  UnspentOutput,
} from './investigation.ts';
import { outputFacts } from './output-facts.ts';
import { addOutput, compareBig, type OutputSums } from './payers.ts';
import type { ClusterView, SeedSet } from './seed-set.ts';
import type { StopOracle } from './stop-oracle.ts';
import { STOP_REASONS } from './stop-reason.ts';
import { traceForward } from './trace.ts';
import type { TraceLeaf, TraceResult } from './trace-result.ts';

export interface ForwardTraces {
  /** One label per seed cluster, by its id. */
  readonly fifo: TraceResult;
  /** One label for the whole set. */
  readonly haircut: TraceResult;
}

/** The label of outputs that were named without a cluster. */
const NAMED_OUTPUTS = 'named outputs';

/** Trace the whole set forward, once by each method. */
export function traceSet(
  flow: FlowIndex,
  set: SeedSet,
  oracle: StopOracle,
  limits: TraceLimits,
  txEnd: number,
): ForwardTraces {
  const outputs = Array.from(set.outputs);
  const labelled = outputs.map((outputIndex) => {
    const group = set.groups[set.groupOf(outputIndex)];
    return { outputIndex, label: group?.clusterId ?? NAMED_OUTPUTS };
  });
  const options = { limits, oracle, txEnd };
  return {
    fifo: traceForward(flow, labelled, { ...options, method: 'fifo' }),
    haircut: traceForward(
      flow,
      outputs.map((outputIndex) => ({ outputIndex, label: 'seeds' })),
      { ...options, method: 'haircut' },
    ),
  };
}

/** An output where the money ended, both methods together. */
interface EndSum {
  readonly outputIndex: number;
  readonly amounts: Record<TraceMethod, number>;
  hops: number;
}

function addEnd(ends: Map<number, EndSum>, leaf: TraceLeaf, method: TraceMethod): void {
  const { outputIndex, hops, amountSats } = leaf;
  let end = ends.get(outputIndex);
  if (end === undefined) {
    end = { outputIndex, amounts: { fifo: 0, haircut: 0 }, hops };
    ends.set(outputIndex, end);
  }
  end.amounts[method] += amountSats;
  end.hops = Math.min(end.hops, hops);
}

/** By FIFO amount, largest first, then by haircut amount, then in chain order. */
function largestFirst(ends: ReadonlyMap<number, EndSum>): EndSum[] {
  return [...ends.values()].sort(
    (a, b) =>
      b.amounts.fifo - a.amounts.fifo ||
      b.amounts.haircut - a.amounts.haircut ||
      a.outputIndex - b.outputIndex,
  );
}

interface ServiceSum {
  readonly service: ServiceClaim;
  readonly deposits: Map<number, EndSum>;
  readonly byLabel: Map<number, SatsTotal>;
}

/**
 * The services that were reached, and the outputs to ask each for.
 *
 * @returns those that can name a customer first, then by FIFO sum, by haircut sum, by key
 */
export function findCashOuts(
  flow: FlowIndex,
  traces: ForwardTraces,
  oracle: StopOracle,
): CashOut[] {
  const services = new Map<string, ServiceSum>();
  for (const method of ['fifo', 'haircut'] as const) {
    const result = traces[method];
    for (const leaf of result.leaves()) {
      if (leaf.reason !== 'service') continue;
      const service = oracle.serviceOf(flow.outputScript.at(leaf.outputIndex))!;
      let sum = services.get(service.key);
      if (sum === undefined) {
        sum = { service, deposits: new Map(), byLabel: new Map() };
        services.set(service.key, sum);
      }
      addEnd(sum.deposits, leaf, method);
      if (method === 'fifo') addLabels(result, leaf.record, sum.byLabel);
    }
  }
  return [...services.values()]
    .map((sum) => describeCashOut(flow, traces.fifo, sum))
    .sort(
      (a, b) =>
        b.service.namesCustomers - a.service.namesCustomers ||
        compareBig(b.sumByMethod.fifo, a.sumByMethod.fifo) ||
        compareBig(b.sumByMethod.haircut, a.sumByMethod.haircut) ||
        (a.service.key < b.service.key ? -1 : 1),
    );
}

function addLabels(result: TraceResult, record: number, sums: Map<number, SatsTotal>): void {
  for (const { label, amountSats } of result.amountsByLabel(record)) {
    const total = sums.get(label) ?? new SatsTotal();
    total.add(amountSats);
    sums.set(label, total);
  }
}

function describeCashOut(flow: FlowIndex, fifo: TraceResult, sum: ServiceSum): CashOut {
  const sums = { fifo: new SatsTotal(), haircut: new SatsTotal() };
  const deposits = largestFirst(sum.deposits).map(({ outputIndex, amounts, hops }) => {
    sums.fifo.add(amounts.fifo);
    sums.haircut.add(amounts.haircut);
    const { txid, vout, address, timeSeconds, valueSats } = outputFacts(flow, outputIndex);
    return {
      txid,
      vout,
      ...(address !== undefined && { address }),
      timeSeconds,
      valueSats,
      amountByMethod: amounts,
      hops,
    };
  });
  const clusters = [...sum.byLabel]
    .map(([label, total]) => ({ clusterId: fifo.labels[label]!, totalSats: total.value }))
    .sort((a, b) => compareBig(b.totalSats, a.totalSats) || (a.clusterId < b.clusterId ? -1 : 1));
  return {
    service: sum.service,
    sumByMethod: { fifo: sums.fifo.value, haircut: sums.haircut.value },
    hopsMin: deposits.reduce((least, { hops }) => Math.min(least, hops), Number.MAX_SAFE_INTEGER),
    firstSeconds: deposits.reduce(
      (least, each) => Math.min(least, each.timeSeconds),
      Number.MAX_SAFE_INTEGER,
    ),
    lastSeconds: deposits.reduce((most, each) => Math.max(most, each.timeSeconds), 0),
    clusters,
    deposits,
  };
}

/**
 * The outputs where the money still lies, with the set itself (`self`) or further on: what to watch, or to name
 * to whoever can keep a holder from moving it. Those that neither method leaves anything in are left out.
 *
 * @returns by FIFO amount, largest first, then by haircut amount, then in chain order
 * @example findUnspent(flow, traces, set)[0]?.amountByMethod.fifo
 */
export function findUnspent(
  flow: FlowIndex,
  traces: ForwardTraces,
  set: Pick<SeedSet, 'outputs'>,
): UnspentOutput[] {
  const ends = new Map<number, EndSum>();
  for (const method of ['fifo', 'haircut'] as const) {
    for (const leaf of traces[method].leaves()) {
      const isUnspent = leaf.reason === 'unspent' || leaf.reason === 'self';
      if (isUnspent && leaf.amountSats > 0) addEnd(ends, leaf, method);
    }
  }
  // A seed can name an output without its address: it ends as `unspent`, yet it is the set's.
  const own = new Set(set.outputs);
  return largestFirst(ends).map(({ outputIndex, amounts, hops }) => {
    const { txid, vout, address, height, timeSeconds, valueSats } = outputFacts(flow, outputIndex);
    return {
      txid,
      vout,
      ...(address !== undefined && { address }),
      heightOfTx: height,
      timeSeconds,
      valueSats,
      amountByMethod: amounts,
      hops,
      isOwn: own.has(outputIndex),
    };
  });
}

/** Why the ways forward ended, all reasons that occurred by either method. */
export function summariseStops({ fifo, haircut }: ForwardTraces): StopSummary[] {
  const fifoSums = new Map(fifo.stopSums().map((sum) => [sum.reason, sum]));
  const haircutSums = new Map(haircut.stopSums().map((sum) => [sum.reason, sum]));
  return STOP_REASONS.flatMap((reason): StopSummary[] => {
    const a = fifoSums.get(reason);
    const b = haircutSums.get(reason);
    if (a === undefined && b === undefined) return [];
    return [
      {
        reason,
        placesByMethod: { fifo: a?.places ?? 0, haircut: b?.places ?? 0 },
        sumByMethod: { fifo: a?.totalSats ?? 0n, haircut: b?.totalSats ?? 0n },
      },
    ];
  });
}

/**
 * The mixes that the set's money went into (under FIFO), and those that payments came out of.
 *
 * @param mixesOut what payments came out of, by transaction
 * @returns in chain order; of one mix, what went in before what came out
 */
export function findMixes(
  flow: FlowIndex,
  { fifo }: ForwardTraces,
  mixesOut: ReadonlyMap<number, bigint>,
  oracle: StopOracle,
): MixMet[] {
  const mixesIn = new Map<number, SatsTotal>();
  for (const leaf of fifo.leaves()) {
    if (leaf.reason !== 'coinjoin') continue;
    const tx = flow.outputSpender.at(leaf.outputIndex);
    const total = mixesIn.get(tx) ?? new SatsTotal();
    total.add(leaf.amountSats);
    mixesIn.set(tx, total);
  }
  const met = [
    ...[...mixesIn].map(([tx, total]) => ({
      tx,
      direction: 'in' as const,
      amountSats: total.value,
    })),
    ...[...mixesOut].map(([tx, amountSats]) => ({ tx, direction: 'out' as const, amountSats })),
  ];
  return met
    .sort((a, b) => a.tx - b.tx || (a.direction < b.direction ? -1 : 1))
    .map(({ tx, direction, amountSats }) => {
      const { ruleId, ruleVersion, strength, anonymitySet } = oracle.mixOf(tx)!;
      return {
        txid: flow.txid(tx),
        rule: ruleId,
        ruleVersion,
        strength,
        direction,
        height: flow.txHeight(tx),
        anonymitySet,
        amountSats,
      };
    });
}

/**
 * The large unnamed clusters that the set's money went into (under FIFO), and those that payments came out of.
 *
 * @param clustersOut what payments came out of, by root
 */
export function findLargeClusters(
  flow: FlowIndex,
  run: ClusterView,
  { fifo }: ForwardTraces,
  clustersOut: ReadonlyMap<number, OutputSums>,
): LargeCluster[] {
  const clustersIn = new Map<number, OutputSums>();
  for (const { reason, outputIndex, amountSats } of fifo.leaves()) {
    if (reason !== 'large_cluster') continue;
    addOutput(clustersIn, run.rootOf(flow.outputScript.at(outputIndex)), outputIndex, amountSats);
  }
  const describe = (
    sums: ReadonlyMap<number, OutputSums>,
    direction: LargeCluster['direction'],
  ): LargeCluster[] =>
    [...sums]
      .map(([root, { outputs, total }]) => ({
        clusterId: run.clusterId(root),
        addressCount: run.size(root).addresses,
        direction,
        totalSats: total.value,
        outputs: outputs.size,
      }))
      .sort((a, b) => compareBig(b.totalSats, a.totalSats) || (a.clusterId < b.clusterId ? -1 : 1));
  return [...describe(clustersIn, 'in'), ...describe(clustersOut, 'out')];
}
