/**
 * Who paid. A payer is one payment traced back to its nearest service, not the cluster that paid in: where
 * that cluster is a service, each payment is another customer's, to be asked for by txid and output. Private
 * clusters that paid several times are put together, because there the chain shows one hand.
 */
import type { ServiceClaim } from '../attribution/match.ts';
import { type FlowIndex, TX_FLAG } from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import { cadenceOf } from './cadence.ts';
import type { Payer, Payment, TraceLimits } from './investigation.ts';
import { outputAddress } from './output-facts.ts';
import { type TracedPayment, traceOrigins } from './payment-origins.ts';
import type { PaymentFact } from './payments.ts';
import type { ClusterView, SeedSet } from './seed-set.ts';
import type { StopOracle } from './stop-oracle.ts';

/**
 * Transactions that tracing all payments back may look at together. Beyond, payments are traced back one
 * transaction only, and it is said for how many.
 */
export const PAYER_TRANSACTIONS_MAX = 4_000_000;

export interface PayersFound {
  /** In chain order. */
  readonly payments: readonly Payment[];
  /** By sum, largest first, then by key. */
  readonly payers: readonly Payer[];
  /** What came out of mixes, by the mix's transaction. */
  readonly mixesOut: ReadonlyMap<number, bigint>;
  /** What came out of large unnamed clusters, by their root. */
  readonly largeClustersOut: ReadonlyMap<number, OutputSums>;
  /** Payments that were traced back one transaction only, because the budget of all was spent. */
  readonly cutShort: number;
}

/** Outputs and what they brought. */
export interface OutputSums {
  readonly outputs: Set<number>;
  readonly total: SatsTotal;
}

export interface PayersInput {
  readonly flow: FlowIndex;
  readonly run: ClusterView;
  readonly set: SeedSet;
  readonly oracle: StopOracle;
  readonly limits: TraceLimits;
  readonly txEnd: number;
  readonly transactionsMax?: number;
}

interface WhoPaid {
  readonly key: string;
  readonly kind: Payer['kind'];
  readonly root?: number;
  readonly service?: ServiceClaim;
}

/**
 * Trace every payment back and group the payments by who made them.
 *
 * @param facts the payments, in chain order
 */
export function findPayers(input: PayersInput, facts: readonly PaymentFact[]): PayersFound {
  const { flow, oracle, limits, txEnd } = input;
  const seedsOfScript = namesOfScripts(input.set);
  let left = input.transactionsMax ?? PAYER_TRANSACTIONS_MAX;
  let cutShort = 0;
  const groups = new Map<string, { who: WhoPaid; payments: Payment[] }>();
  const mixesOut = new Map<number, bigint>();
  const largeClustersOut = new Map<number, OutputSums>();
  const payments = facts.map((fact) => {
    const isCut = left <= 0;
    if (isCut) cutShort += 1;
    const bounds = isCut ? { ...limits, depth: Math.min(1, limits.depth) } : limits;
    const traced = traceOrigins(flow, fact, bounds, oracle, txEnd);
    left -= traced.visitedTransactions;
    for (const { tx, amountSats } of traced.mixes) {
      mixesOut.set(tx, (mixesOut.get(tx) ?? 0n) + BigInt(amountSats));
    }
    for (const { outputIndex, amountSats } of traced.largeClusterOutputs) {
      const root = input.run.rootOf(flow.outputScript.at(outputIndex));
      addOutput(largeClustersOut, root, outputIndex, amountSats);
    }
    const who = whoPaid(input, fact, traced);
    const payment = describePayment(input, fact, traced, who, seedsOfScript);
    const group = groups.get(who.key);
    if (group === undefined) groups.set(who.key, { who, payments: [payment] });
    else group.payments.push(payment);
    return payment;
  });
  const payers = [...groups.values()]
    .map(({ who, payments: own }) => describePayer(input, who, own))
    .sort((a, b) => compareBig(b.totalSats, a.totalSats) || (a.key < b.key ? -1 : 1));
  return { payments, payers, mixesOut, largeClustersOut, cutShort };
}

/** Count an amount of an output under a key. */
export function addOutput(
  sums: Map<number, OutputSums>,
  key: number,
  outputIndex: number,
  amountSats: number,
): void {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { outputs: new Set(), total: new SatsTotal() };
    sums.set(key, sum);
  }
  sum.outputs.add(outputIndex);
  sum.total.add(amountSats);
}

/** Larger first in lists of totals: `compareBig(b, a)`. */
export function compareBig(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function whoPaid(
  { flow, run, oracle }: PayersInput,
  { tx }: PaymentFact,
  traced: TracedPayment,
): WhoPaid {
  const flags = flow.txFlags.at(tx);
  if ((flags & TX_FLAG.coinbase) !== 0) return { key: 'mined', kind: 'mined' };
  // Whose coins they were when they entered the ledger beside the chain, nobody can tell.
  if ((flags & TX_FLAG.sideLedger) !== 0) return { key: 'unknown', kind: 'unknown' };
  if (oracle.mixOf(tx) !== undefined) return { key: 'coinjoin', kind: 'coinjoin' };
  const { mainPrevout } = traced;
  const script =
    mainPrevout === NONE ? firstKnownScript(flow, tx) : flow.outputScript.at(mainPrevout);
  if (script === NONE) return { key: 'unknown', kind: 'unknown' };
  const service = oracle.serviceOf(script);
  if (service !== undefined) return { key: `service:${service.key}`, kind: 'service', service };
  const root = run.rootOf(script);
  return { key: run.clusterId(script), kind: 'cluster', root };
}

function firstKnownScript(flow: FlowIndex, tx: number): number {
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    const script = flow.inputScript(input);
    if (script !== NONE) return script;
  }
  return NONE;
}

/** The listed seeds by script and by output, as they stand in the report. */
function namesOfScripts(set: SeedSet): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  const add = (key: string, seed: string): void => {
    const known = names.get(key);
    if (known === undefined) names.set(key, [seed]);
    else if (!known.includes(seed)) known.push(seed);
  };
  for (const seed of set.seeds) {
    if (seed.kind === 'address')
      for (const script of seed.scripts) add(`script ${script}`, seed.seed);
    else for (const output of seed.outputs) add(`output ${output}`, seed.seed);
  }
  return names;
}

function describePayment(
  { flow, set }: PayersInput,
  fact: PaymentFact,
  traced: TracedPayment,
  who: WhoPaid,
  seedsOfScript: ReadonlyMap<string, readonly string[]>,
): Payment {
  const { tx, outputs, amountSats } = fact;
  const addresses = outputs
    .map((output) => outputAddress(flow, output))
    .filter((address) => address !== undefined);
  const seeds = outputs.flatMap((output) => [
    ...(seedsOfScript.get(`script ${flow.outputScript.at(output)}`) ?? []),
    ...(seedsOfScript.get(`output ${output}`) ?? []),
  ]);
  const groups = outputs.map((output) => set.groupOf(output)).filter((group) => group >= 0);
  return {
    txid: flow.txid(tx),
    height: flow.txHeight(tx),
    timeSeconds: flow.txTime(tx),
    amountSats,
    toAddresses: [...new Set(addresses)],
    sites: [...new Set(seeds)],
    clusterIds: [...new Set(groups)].map((group) => set.groups[group]!.clusterId),
    payer: who.key,
    origins: traced.origins,
  };
}

function describePayer(
  { run, limits }: PayersInput,
  who: WhoPaid,
  payments: readonly Payment[],
): Payer {
  const total = new SatsTotal();
  const times = payments.map(({ timeSeconds }) => timeSeconds);
  for (const { amountSats } of payments) total.add(amountSats);
  const size = who.root === undefined ? undefined : run.size(who.root);
  const mayBeService =
    size !== undefined && size.scripts > (limits.clusterScriptsMax ?? size.scripts);
  // Many customers of one service pay at no common rhythm: a cadence would be nobody's.
  const cadence = who.kind === 'cluster' && !mayBeService ? cadenceOf(times) : undefined;
  return {
    key: who.key,
    kind: who.kind,
    ...(who.kind === 'cluster' && { clusterId: who.key }),
    ...(who.service && { service: who.service }),
    addressCount: size?.addresses ?? 0,
    ...(mayBeService && { mayBeService: true as const }),
    payments: payments.length,
    totalSats: total.value,
    // Header times are not in order, so neither end need be the first or last payment.
    firstSeconds: times.reduce((least, time) => Math.min(least, time)),
    lastSeconds: times.reduce((most, time) => Math.max(most, time)),
    sources: sumSources(payments),
    ...(cadence && { cadence }),
  };
}

/** By service, what its coins brought and in how many payments; largest first, then by key. */
function sumSources(payments: readonly Payment[]): Payer['sources'] {
  const sources = new Map<
    string,
    { service: ServiceClaim; total: SatsTotal; payments: Set<string> }
  >();
  for (const { txid, origins } of payments) {
    for (const { service, amountSats } of origins) {
      if (service === undefined) continue;
      let source = sources.get(service.key);
      if (source === undefined) {
        source = { service, total: new SatsTotal(), payments: new Set() };
        sources.set(service.key, source);
      }
      source.total.add(amountSats);
      source.payments.add(txid);
    }
  }
  return [...sources.values()]
    .map((source) => ({
      service: source.service,
      totalSats: source.total.value,
      payments: source.payments.size,
    }))
    .sort(
      (a, b) => compareBig(b.totalSats, a.totalSats) || (a.service.key < b.service.key ? -1 : 1),
    );
}
