/**
 * The main job: from a seed set to who paid, where it came from, and where it went.
 *
 *     seeds -> clusters -> payments -> payers (each payment traced back)
 *                      \-> cash-outs (the whole set traced forward, two methods side by side)
 *
 * See `docs/methods/payers-and-cash-outs.md` for what each figure means and where it can be wrong.
 */
import type { FlowIndex } from '../ledger/flow-index.ts';
import {
  findCashOuts,
  findLargeClusters,
  findMixes,
  findUnspent,
  summariseStops,
  traceSet,
} from './cash-outs.ts';
import { flowChartData } from './flow-chart-data.ts';
import {
  type Investigation,
  LARGE_CLUSTER_SCRIPTS,
  type SeedCluster,
  type SeedPlace,
  type TraceLimits,
} from './investigation.ts';
import { ledgerOracle } from './ledger-oracle.ts';
import { compareBig, findPayers } from './payers.ts';
import { findPayments, type PaymentFact } from './payments.ts';
import {
  type AttributionView,
  buildSeedSet,
  type ClusterView,
  SEED_SET_LIMITS,
  type SeedSet,
  type SeedSetLimits,
} from './seed-set.ts';
import { listUnresolved } from './unresolved.ts';

/** For each payment on its own. */
export const BACKWARD_LIMITS: TraceLimits = {
  depth: 10,
  transactionsMax: 2_000,
  valueMinSats: 1,
  clusterScriptsMax: LARGE_CLUSTER_SCRIPTS,
};
/** For the whole set, by each method. */
export const FORWARD_LIMITS: TraceLimits = {
  depth: 10,
  transactionsMax: 200_000,
  valueMinSats: 1_000,
  clusterScriptsMax: LARGE_CLUSTER_SCRIPTS,
};

export interface InvestigateOptions {
  /** As of this height; the tip of the flow index unless given. The cluster run must be as of the same. */
  readonly asOfHeight?: number;
  /** What is left out is as in `BACKWARD_LIMITS`; a `clusterScriptsMax` of 0 means no limit, here and forward. */
  readonly backward?: Partial<TraceLimits>;
  readonly forward?: Partial<TraceLimits>;
  readonly seedLimits?: Partial<SeedSetLimits>;
  /** Transactions that tracing all payments back may look at together. */
  readonly payerTransactionsMax?: number;
}

function withDefaults(defaults: TraceLimits, given: Partial<TraceLimits> = {}): TraceLimits {
  const { clusterScriptsMax = 0, ...others } = { ...defaults, ...given };
  return { ...others, ...(clusterScriptsMax > 0 && { clusterScriptsMax }) };
}

/**
 * Investigate a seed set.
 *
 * @param run a cluster run of the same flow index and height
 * @param seeds what the seed file names, found in the ledger; those without scripts and outputs come back as `notSeen`
 * @throws {ClewError} CLEW_TRACE_OPTION for limits out of range
 * @example investigate(flow, run, attributions, seeds).payers[0]?.totalSats
 */
export function investigate(
  flow: FlowIndex,
  run: ClusterView,
  attributions: AttributionView,
  seeds: readonly SeedPlace[],
  options: InvestigateOptions = {},
): Investigation {
  const asOfHeight = options.asOfHeight ?? tipHeight(flow);
  const txEnd = flow.txEndAtHeight(asOfHeight);
  const seedLimits = { ...SEED_SET_LIMITS, ...options.seedLimits };
  const limits = {
    backward: withDefaults(BACKWARD_LIMITS, options.backward),
    forward: withDefaults(FORWARD_LIMITS, options.forward),
  };
  const set = buildSeedSet(flow, run, attributions, seeds, txEnd, seedLimits);
  const oracle = ledgerOracle(run, attributions, (script) => set.own.has(script));
  const found = findPayments(flow, set, txEnd);
  const payers = findPayers(
    {
      flow,
      run,
      set,
      oracle,
      limits: limits.backward,
      txEnd,
      ...(options.payerTransactionsMax !== undefined && {
        transactionsMax: options.payerTransactionsMax,
      }),
    },
    found.payments,
  );
  const traces = traceSet(flow, set, oracle, limits.forward, txEnd);
  const cashOuts = findCashOuts(flow, traces, oracle);
  return {
    asOfHeight,
    limits,
    seeds: set.seeds,
    notSeen: set.notSeen,
    clusters: describeClusters(flow, set, found.payments),
    receivedSats: found.receivedSats,
    spentSats: found.spentSats,
    balanceSats: found.balanceSats,
    ...timeSpan(payers.payments),
    ownTransfers: found.own,
    payments: payers.payments,
    payers: payers.payers,
    cashOuts,
    forwardStops: summariseStops(traces),
    unspent: findUnspent(flow, traces, set),
    mixes: findMixes(flow, traces, payers.mixesOut, oracle),
    largeClusters: findLargeClusters(flow, run, traces, payers.largeClustersOut),
    flow: flowChartData(set.seeds.length, payers.payers, cashOuts, traces.fifo),
    unresolved: listUnresolved({ set, seedLimits, found, payers, cashOuts, fifo: traces.fifo }),
  };
}

function tipHeight(flow: FlowIndex): number {
  return flow.blockCount === 0 ? 0 : flow.blockHeight.at(flow.blockCount - 1);
}

/** By what they received, largest first, then by id. */
function describeClusters(
  flow: FlowIndex,
  set: SeedSet,
  payments: readonly PaymentFact[],
): SeedCluster[] {
  const received = set.groups.map(() => 0n);
  for (const { outputs } of payments) {
    for (const output of outputs) {
      const group = set.groupOf(output);
      if (group >= 0) received[group]! += BigInt(flow.outputValue.at(output));
    }
  }
  return set.groups
    .map(
      (group, place): SeedCluster => ({
        clusterId: group.clusterId,
        seeds: group.seeds,
        addressCount: group.addressCount,
        furtherAddresses: group.furtherAddresses,
        ...(group.service && { service: group.service }),
        expanded: group.expanded,
        why: group.why,
        ...(group.whyOmitted > 0 && { whyOmitted: group.whyOmitted }),
        receivedSats: received[place]!,
        tags: group.tags,
      }),
    )
    .sort(
      (a, b) => compareBig(b.receivedSats, a.receivedSats) || (a.clusterId < b.clusterId ? -1 : 1),
    );
}

function timeSpan(payments: readonly { readonly timeSeconds: number }[]): {
  readonly firstSeconds?: number;
  readonly lastSeconds?: number;
} {
  if (payments.length === 0) return {};
  let firstSeconds = Number.POSITIVE_INFINITY;
  let lastSeconds = 0;
  for (const { timeSeconds } of payments) {
    firstSeconds = Math.min(firstSeconds, timeSeconds);
    lastSeconds = Math.max(lastSeconds, timeSeconds);
  }
  return { firstSeconds, lastSeconds };
}
