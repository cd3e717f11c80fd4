/**
 * Where the coins of one payment came from: traced back by FIFO to the nearest service that paid them out, a
 * mix, a coinbase, or the place where a limit ended the way.
 */
import type { ServiceClaim } from '../attribution/match.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { NONE } from '../units/ids.ts';
import type { PaymentOrigin, StopReason, TraceLimits } from './investigation.ts';
import { outputFacts } from './output-facts.ts';
import type { PaymentFact } from './payments.ts';
import type { StopOracle } from './stop-oracle.ts';
import { isHolderStop } from './stop-reason.ts';
import { traceBackward } from './trace.ts';
import { NO_RECORD } from './trace-records.hot.ts';
import type { TraceLeaf, TraceResult } from './trace-result.ts';

/** Who paid, as the inputs of the payment show. */
export interface PaidBy {
  /** The output that brought most of the payment, or NONE when no input is known. */
  readonly mainPrevout: number;
}

export interface TracedPayment extends PaidBy {
  /** Nearest first, then largest. */
  readonly origins: readonly PaymentOrigin[];
  /** The mixes that its coins came out of. */
  readonly mixes: readonly { readonly tx: number; readonly amountSats: number }[];
  /** Outputs of large unnamed clusters that its coins came from. */
  readonly largeClusterOutputs: readonly {
    readonly outputIndex: number;
    readonly amountSats: number;
  }[];
  readonly visitedTransactions: number;
}

/**
 * Trace one payment back. The result is that of `clew trace` from the same outputs, so each can be checked alone.
 *
 * A service that sent the payment itself is an origin at 0 hops: the payment's own output is what its customer asked
 * it to pay. Else the origin is the output by which the service paid its customer.
 *
 * @param oracle must say which scripts are the set's own (`isSelf`)
 * @example traceOrigins(flow, payment, limits, oracle, flow.txCount).origins[0]?.service?.name
 */
export function traceOrigins(
  flow: FlowIndex,
  payment: PaymentFact,
  limits: TraceLimits,
  oracle: StopOracle,
  txEnd: number,
): TracedPayment {
  const sources = payment.outputs.map((outputIndex) => ({ outputIndex, label: 'payment' }));
  const result = traceBackward(flow, sources, { method: 'fifo', limits, oracle, txEnd });
  return {
    origins: gatherOrigins(flow, result, oracle),
    mixes: [...result.leaves()]
      .filter(({ reason }) => reason === 'coinjoin')
      .map(({ outputIndex, amountSats }) => ({ tx: flow.outputTx.at(outputIndex), amountSats })),
    largeClusterOutputs: [...result.leaves()].filter(({ reason }) => reason === 'large_cluster'),
    mainPrevout: findMainPrevout(result),
    visitedTransactions: result.visitedTransactions,
  };
}

interface Gathered {
  readonly outputIndex: number;
  readonly reason: StopReason;
  readonly service: ServiceClaim | undefined;
  readonly path: readonly string[];
  hops: number;
  amountSats: number;
}

/** Leaves that lead to the same output count as one origin: a service often pays out of many inputs. */
function gatherOrigins(flow: FlowIndex, result: TraceResult, oracle: StopOracle): PaymentOrigin[] {
  const gathered = new Map<string, Gathered>();
  for (const leaf of result.leaves()) {
    const { outputIndex, hops } = placeOf(leaf);
    const service =
      leaf.reason === 'service'
        ? oracle.serviceOf(flow.outputScript.at(leaf.outputIndex))
        : undefined;
    const key = `${outputIndex} ${leaf.reason} ${service?.key ?? ''}`;
    const known = gathered.get(key);
    if (known === undefined) {
      const { reason, amountSats } = leaf;
      const path = pathFrom(flow, result, leaf);
      gathered.set(key, { outputIndex, reason, service, path, hops, amountSats });
    } else {
      known.amountSats += leaf.amountSats;
      known.hops = Math.min(known.hops, hops);
    }
  }
  return [...gathered.values()]
    .sort((a, b) => a.hops - b.hops || b.amountSats - a.amountSats || a.outputIndex - b.outputIndex)
    .map(({ outputIndex, reason, service, path, hops, amountSats }) => {
      const { txid, vout, address, height, timeSeconds } = outputFacts(flow, outputIndex);
      return {
        reason,
        ...(service && { service }),
        txid,
        vout,
        ...(address !== undefined && { address }),
        heightOfTx: height,
        timeSeconds,
        hops,
        amountSats,
        path,
        ...(service &&
          hops > 0 &&
          isGathering(flow, outputIndex) && { mayBeOwnMove: true as const }),
      };
    });
}

/** The outputs from the origin to the payment's. */
function pathFrom(flow: FlowIndex, result: TraceResult, leaf: TraceLeaf): string[] {
  const outputs = result.pathOutputs(leaf.record).reverse();
  if (isHolderStop(leaf.reason) && outputs.length > 1) outputs.shift();
  return outputs.map((output) => flow.outpoint(output));
}

/**
 * Whether an output is all that its transaction made out of several coins. A payout nearly always leaves change
 * (on the simulated economy all did), so this is how a service moves its own money.
 */
function isGathering(flow: FlowIndex, outputIndex: number): boolean {
  const tx = flow.outputTx.at(outputIndex);
  const inputs = flow.txFirstInput.at(tx + 1) - flow.txFirstInput.at(tx);
  return inputs > 1 && flow.txFirstOutput.at(tx + 1) - flow.txFirstOutput.at(tx) === 1;
}

/** Whoever holds the output that was spent, what they paid is the next one. */
function placeOf(leaf: TraceLeaf): { readonly outputIndex: number; readonly hops: number } {
  return isHolderStop(leaf.reason) && leaf.towardsSource !== NONE
    ? { outputIndex: leaf.towardsSource, hops: leaf.hops - 1 }
    : { outputIndex: leaf.outputIndex, hops: leaf.hops };
}

/** Of the outputs that the payment spends, the one that brought most; of equal ones the first met. */
function findMainPrevout(result: TraceResult): number {
  const { records } = result;
  let main = NO_RECORD;
  for (let record = 0; record < records.length; record += 1) {
    if (records.hops[record] !== 1) continue;
    if (main === NO_RECORD || records.amounts[record]! > records.amounts[main]!) main = record;
  }
  return main === NO_RECORD ? NONE : records.outputs[main]!;
}
