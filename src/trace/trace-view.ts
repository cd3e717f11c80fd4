/**
 * The answer of `clew trace --json`, "clew-trace/1": a trace with names instead of rows. Fields are explained in
 * `docs/formats/cli-json.md`. Totals are decimal strings since they may pass 2^53; single amounts are numbers.
 */
import type { ServiceClaim } from '../attribution/match.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { NONE } from '../units/ids.ts';
import type { FactsSource } from './facts-source.ts';
import type { StopReason, TraceMethod } from './investigation.ts';
import { outputAddress, outputFacts } from './output-facts.ts';
import { compareBig } from './payers.ts';
import type { StopOracle } from './stop-oracle.ts';
import { isHolderStop } from './stop-reason.ts';
import type { TraceOptions } from './trace.ts';
import type { TraceLeaf, TraceResult } from './trace-result.ts';
import type { TraceSource } from './trace-sources.ts';

export const TRACE_FORMAT = 'clew-trace/1';

/** Outputs of a way that are listed; of a longer one the beginning and the end. */
const PATH_MAX = 50;
const SOURCES_MAX = 1_000;
const LEAVES_MAX = 1_000;

/** All that is needed to obtain the answer again. */
export interface TraceDerivation {
  readonly clewVersion: string;
  readonly network: string;
  readonly tip: { readonly height: number; readonly hash: string };
  readonly runId: string;
  readonly rules: readonly { readonly id: string; readonly version: number }[];
  readonly tagsDigest: string | null;
  /** Where the facts come from, when not from a ledger of one's own, and how complete they are. */
  readonly factsSource?: FactsSource;
}

export interface TraceSourceView {
  readonly outpoint: string;
  readonly address?: string;
  readonly valueSats: number;
  /** The range of the output that is followed; the whole of it unless given. */
  readonly startSats?: number;
  readonly lengthSats?: number;
  readonly label: string;
}

export interface TraceLeafView {
  readonly rank: number;
  readonly outpoint: string;
  readonly address?: string;
  readonly reason: StopReason;
  readonly amountSats: number;
  /** By label; left out when there is only one. */
  readonly amountsByLabel?: Readonly<Record<string, number>>;
  /** The whole output. */
  readonly valueSats: number;
  readonly hops: number;
  readonly height: number;
  readonly timeSeconds: number;
  /** Key in `services`. */
  readonly service?: string;
  /** Backward, for a service, a large cluster or the subject itself: the output by which it paid out. */
  readonly paidOut?: string;
  readonly mix?: {
    readonly txid: string;
    readonly rule: string;
    readonly ruleVersion: number;
    readonly strength: string;
    readonly anonymitySet: number;
  };
  /** The way passed a mix or a service, where neither order nor ownership says anything. */
  readonly diluted?: true;
  /** Outputs from the nearest source to the leaf, by the part that brought most. */
  readonly path: readonly string[];
  /** Outputs left out of the middle of the path. */
  readonly pathOmitted?: number;
}

export interface TraceServiceView {
  readonly service: ServiceClaim;
  readonly totalSats: string;
  readonly places: number;
  readonly hopsMin: number;
}

export interface TraceView {
  readonly format: typeof TRACE_FORMAT;
  readonly direction: 'forward' | 'backward';
  readonly method: TraceMethod;
  readonly asOfHeight: number;
  readonly limits: {
    readonly depth: number;
    readonly transactionsMax: number;
    readonly valueMinSats: number;
    readonly clusterScriptsMax: number | null;
    readonly fromSeconds: number | null;
    readonly toSeconds: number | null;
    readonly stopAtServices: boolean;
    readonly stopAtMixes: boolean;
  };
  readonly sources: readonly TraceSourceView[];
  readonly sourcesOmitted: number;
  /** What was followed: every satoshi of it is in `stops`. */
  readonly tracedSats: string;
  /** By label; the oldest first. */
  readonly labels: readonly { readonly label: string; readonly tracedSats: string }[];
  /** Labels that were counted together because there were too many. */
  readonly labelsFolded: number;
  /** Satoshi of sources that an older source had reached already: followed once. */
  readonly alreadyLabelledSats: string;
  readonly transactionsVisited: number;
  /** Places that were still waiting when the limit of transactions was reached; 0 when it sufficed. */
  readonly placesNotLookedAt: number;
  readonly stops: readonly {
    readonly reason: StopReason;
    readonly places: number;
    readonly totalSats: string;
  }[];
  /** Those that can name a customer first, then by amount. */
  readonly services: readonly TraceServiceView[];
  /** Largest first. Fees are in `stops` only. */
  readonly leaves: readonly TraceLeafView[];
  readonly leavesOmitted: number;
  readonly derivation: TraceDerivation;
}

export interface TraceViewInput {
  readonly sources: readonly TraceSource[];
  readonly options: TraceOptions;
  readonly asOfHeight: number;
  readonly derivation: TraceDerivation;
  /** Leaves that are listed; services and stops count all. */
  readonly leavesMax?: number;
}

/**
 * A trace as plain data for `JSON.stringify`.
 *
 * @param result of `traceForward` or `traceBackward` with the sources and options given
 * @example JSON.stringify(traceView(flow, result, { sources, options, asOfHeight, derivation }))
 */
export function traceView(flow: FlowIndex, result: TraceResult, input: TraceViewInput): TraceView {
  const { sources, options, asOfHeight, derivation } = input;
  const { limits, oracle } = options;
  const leaves = [...result.leaves()].sort(compareLeaves);
  const shown = leaves.slice(0, input.leavesMax ?? LEAVES_MAX);
  return {
    format: TRACE_FORMAT,
    direction: result.direction,
    method: result.method,
    asOfHeight,
    limits: {
      depth: limits.depth,
      transactionsMax: limits.transactionsMax,
      valueMinSats: limits.valueMinSats,
      clusterScriptsMax: limits.clusterScriptsMax ?? null,
      fromSeconds: limits.fromSeconds ?? null,
      toSeconds: limits.toSeconds ?? null,
      stopAtServices: options.passServices !== true,
      stopAtMixes: options.passMixes !== true,
    },
    sources: sources.slice(0, SOURCES_MAX).map((source) => sourceView(flow, source)),
    sourcesOmitted: Math.max(0, sources.length - SOURCES_MAX),
    tracedSats: result.seededSats.reduce((sum, sats) => sum + sats, 0n).toString(),
    labels: result.labels.map((label, i) => ({
      label,
      tracedSats: result.seededSats[i]!.toString(),
    })),
    labelsFolded: result.foldedLabels,
    alreadyLabelledSats: result.alreadyLabelledSats.toString(),
    transactionsVisited: result.visitedTransactions,
    placesNotLookedAt: result.budgetPlaces,
    stops: result.stopSums().map(({ reason, places, totalSats }) => ({
      reason,
      places,
      totalSats: totalSats.toString(),
    })),
    services: sumServices(flow, leaves, oracle),
    leaves: shown.map((leaf, place) => leafView(flow, result, leaf, place + 1, oracle)),
    leavesOmitted: leaves.length - shown.length,
    derivation,
  };
}

/** Largest first, then nearest, then in the order in which they were met. */
function compareLeaves(a: TraceLeaf, b: TraceLeaf): number {
  return b.amountSats - a.amountSats || a.hops - b.hops || a.record - b.record;
}

function sourceView(flow: FlowIndex, source: TraceSource): TraceSourceView {
  const address = outputAddress(flow, source.outputIndex);
  return {
    outpoint: flow.outpoint(source.outputIndex),
    ...(address !== undefined && { address }),
    valueSats: flow.outputValue.at(source.outputIndex),
    ...(source.startSats !== undefined && { startSats: source.startSats }),
    ...(source.lengthSats !== undefined && { lengthSats: source.lengthSats }),
    label: source.label,
  };
}

function serviceOfLeaf(
  flow: FlowIndex,
  leaf: TraceLeaf,
  oracle: StopOracle,
): ServiceClaim | undefined {
  return leaf.reason === 'service'
    ? oracle.serviceOf(flow.outputScript.at(leaf.outputIndex))
    : undefined;
}

function leafView(
  flow: FlowIndex,
  result: TraceResult,
  leaf: TraceLeaf,
  rank: number,
  oracle: StopOracle,
): TraceLeafView {
  const { txid, vout, address, height, timeSeconds, valueSats } = outputFacts(
    flow,
    leaf.outputIndex,
  );
  const service = serviceOfLeaf(flow, leaf, oracle);
  const isBackward = result.direction === 'backward';
  const path = result.pathOutputs(leaf.record).map((output) => flow.outpoint(output));
  const omitted = Math.max(0, path.length - PATH_MAX);
  const half = PATH_MAX / 2;
  return {
    rank,
    outpoint: `${txid}:${vout}`,
    ...(address !== undefined && { address }),
    reason: leaf.reason,
    amountSats: leaf.amountSats,
    ...(result.labels.length > 1 && { amountsByLabel: namedAmounts(result, leaf) }),
    valueSats,
    hops: leaf.hops,
    height,
    timeSeconds,
    ...(service && { service: service.key }),
    ...(isBackward &&
      isHolderStop(leaf.reason) &&
      leaf.towardsSource !== NONE && { paidOut: flow.outpoint(leaf.towardsSource) }),
    ...(leaf.reason === 'coinjoin' && { mix: mixView(flow, leaf, isBackward, oracle) }),
    ...(leaf.diluted && { diluted: true as const }),
    path: omitted === 0 ? path : [...path.slice(0, half), ...path.slice(-half)],
    ...(omitted > 0 && { pathOmitted: omitted }),
  };
}

function namedAmounts(result: TraceResult, leaf: TraceLeaf): Record<string, number> {
  return Object.fromEntries(
    result
      .amountsByLabel(leaf.record)
      .map(({ label, amountSats }) => [result.labels[label]!, amountSats]),
  );
}

/** The mix that spends the leaf's output or, backward, that made it. */
function mixView(
  flow: FlowIndex,
  leaf: TraceLeaf,
  isBackward: boolean,
  oracle: StopOracle,
): NonNullable<TraceLeafView['mix']> {
  const tx = (isBackward ? flow.outputTx : flow.outputSpender).at(leaf.outputIndex);
  const { ruleId, ruleVersion, strength, anonymitySet } = oracle.mixOf(tx)!;
  return { txid: flow.txid(tx), rule: ruleId, ruleVersion, strength, anonymitySet };
}

function sumServices(
  flow: FlowIndex,
  leaves: readonly TraceLeaf[],
  oracle: StopOracle,
): TraceServiceView[] {
  const sums = new Map<
    string,
    { service: ServiceClaim; total: bigint; places: number; hopsMin: number }
  >();
  for (const leaf of leaves) {
    const service = serviceOfLeaf(flow, leaf, oracle);
    if (service === undefined) continue;
    const sum = sums.get(service.key) ?? { service, total: 0n, places: 0, hopsMin: leaf.hops };
    sum.total += BigInt(leaf.amountSats);
    sum.places += 1;
    sum.hopsMin = Math.min(sum.hopsMin, leaf.hops);
    sums.set(service.key, sum);
  }
  return [...sums.values()]
    .sort(
      (a, b) =>
        b.service.namesCustomers - a.service.namesCustomers ||
        compareBig(b.total, a.total) ||
        (a.service.key < b.service.key ? -1 : 1),
    )
    .map(({ service, total, places, hopsMin }) => ({
      service,
      totalSats: total.toString(),
      places,
      hopsMin,
    }));
}
