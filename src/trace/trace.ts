/**
 * Follow satoshi through the flow index, forward to where they went or backward to where they came from.
 *
 * Transactions are taken in chain order (backward: in its reverse) from a queue, so each is visited once,
 * with everything that reaches it known. Every satoshi that is followed ends in exactly one leaf or in fees; the
 * books are closed at the end and must balance for every label. See `docs/methods/tracing.md`.
 */
import { firstTxOf } from '../cluster/first-tx.ts';
import { ClewError } from '../errors.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import { Fifo } from './fifo.hot.ts';
import { Haircut } from './haircut.hot.ts';
import type { TraceLimits, TraceMethod } from './investigation.ts';
import type { StopOracle } from './stop-oracle.ts';
import { STOP } from './stop-reason.ts';
import { TraceResult } from './trace-result.ts';
import { sortSources, type TraceSource } from './trace-sources.ts';
import { TraceWork } from './trace-work.hot.ts';

export type TraceDirection = 'forward' | 'backward';

export interface TraceOptions {
  readonly method: TraceMethod;
  readonly limits: TraceLimits;
  readonly oracle: StopOracle;
  /** First transaction beyond the as-of point (`flow.txEndAtHeight`); the whole ledger unless given. */
  readonly txEnd?: number;
  /** Go on behind services. What is found there is marked as diluted: inside, the chain shows no ownership. */
  readonly passServices?: boolean;
  /** Go on behind mixes; haircut only. What is found there is marked as diluted. */
  readonly passMixes?: boolean;
}

/** Hops are kept in 16 bits. */
export const DEPTH_MAX = 65_534;

/** Limits that stop nothing, for whoever needs only some of them. */
export const NO_LIMITS: TraceLimits = {
  depth: DEPTH_MAX,
  transactionsMax: Number.MAX_SAFE_INTEGER,
  valueMinSats: 0,
};

/**
 * Where the satoshi of some outputs went.
 *
 * An output that is a source and is reached by labelled satoshi of an older source keeps their label; only
 * what is clean of it is seeded, so a whole wallet can be given without counting its change twice.
 *
 * @throws {ClewError} CLEW_TRACE_OPTION for a limit or source out of range; CLEW_LEDGER_DAMAGED when a transaction pays
 *   out more than it took in
 * @example traceForward(flow, [{ outputIndex: 7, label: 'seed' }], { method: 'fifo', limits: NO_LIMITS, oracle })
 */
export function traceForward(
  flow: FlowIndex,
  sources: readonly TraceSource[],
  options: TraceOptions,
): TraceResult {
  return trace(flow, sources, options, 'forward');
}

/**
 * Where the satoshi of some outputs came from. FIFO backward is the exact inverse of FIFO forward; haircut backward
 * is not (each hop rounds anew), so the two never go into one total.
 *
 * @throws {ClewError} as `traceForward`
 * @example traceBackward(flow, [{ outputIndex: 7, label: 'payment' }], { method: 'fifo', limits: NO_LIMITS, oracle })
 */
export function traceBackward(
  flow: FlowIndex,
  sources: readonly TraceSource[],
  options: TraceOptions,
): TraceResult {
  return trace(flow, sources, options, 'backward');
}

function trace(
  flow: FlowIndex,
  sources: readonly TraceSource[],
  options: TraceOptions,
  direction: TraceDirection,
): TraceResult {
  checkOptions(options);
  const txEnd = options.txEnd ?? flow.txCount;
  const isForward = direction === 'forward';
  const sorted = sortSources(flow, sources, txEnd);
  const work = new TraceWork(
    {
      flow,
      oracle: options.oracle,
      limits: options.limits,
      txEnd,
      lastWindowTx: isForward ? firstTxOfLastWindow(flow, txEnd) : 0,
      isForward,
      passServices: options.passServices ?? false,
      passMixes: options.passMixes ?? false,
    },
    sorted,
  );
  const method = options.method === 'fifo' ? new Fifo(work) : new Haircut(work);
  const run = isForward ? runForward : runBackward;
  const { visited, budgetPlaces } = run(work, method, options.limits.transactionsMax);
  closeBooks(work);
  return new TraceResult(work, {
    direction,
    method: options.method,
    limits: options.limits,
    visited,
    budgetPlaces,
  });
}

function checkOptions(options: TraceOptions): void {
  const { limits } = options;
  const refuse = (message: string, name: string): never => {
    throw new ClewError('CLEW_TRACE_OPTION', message, { option: name });
  };
  const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  if (!isWhole(limits.depth) || limits.depth > DEPTH_MAX) {
    refuse(`The depth must be a whole number from 0 to ${DEPTH_MAX}.`, 'depth');
  }
  if (!isWhole(limits.transactionsMax) || limits.transactionsMax === 0) {
    refuse('The limit of transactions must be a whole number above 0.', 'transactionsMax');
  }
  if (!isWhole(limits.valueMinSats)) {
    refuse('The smallest value must be a whole number of satoshi.', 'valueMinSats');
  }
  if (limits.clusterScriptsMax !== undefined && !isWhole(limits.clusterScriptsMax)) {
    refuse('The largest unnamed cluster must be a whole number of scripts.', 'clusterScriptsMax');
  }
  const { fromSeconds = 0, toSeconds = fromSeconds } = limits;
  if (!isWhole(fromSeconds) || !isWhole(toSeconds) || toSeconds < fromSeconds) {
    refuse('The window of time must begin before it ends.', 'fromSeconds');
  }
  if (options.passMixes === true && options.method === 'fifo') {
    refuse(
      'FIFO does not pass a mix: the order of its outputs is an artefact. Use haircut.',
      'passMixes',
    );
  }
}

/** The transaction from which on the ledger has no gap up to the as-of point. */
function firstTxOfLastWindow(flow: FlowIndex, txEnd: number): number {
  if (txEnd <= firstTxOf(flow)) return txEnd;
  // Of a part of the chain it is known for each output whether it is spent.
  if (flow.openEnds !== undefined) return firstTxOf(flow);
  let block = flow.txBlock.at(txEnd - 1);
  while (block > 0 && flow.blockHeight.at(block - 1) === flow.blockHeight.at(block) - 1) block -= 1;
  return flow.blockFirstTx.at(block);
}

interface Run {
  readonly visited: number;
  /** Places that were still waiting when the budget was spent; 0 when it sufficed. */
  readonly budgetPlaces: number;
}

function runForward(work: TraceWork, method: Fifo | Haircut, transactionsMax: number): Run {
  const { flow, sources } = work;
  let next = 0;
  let visited = 0;
  for (;;) {
    while (next < sources.outputs.length && work.isSourceDone(next)) next += 1;
    const sourceTx =
      next < sources.outputs.length ? flow.outputTx.at(sources.outputs[next]!) : NONE;
    const tx = work.nextTx();
    // Of a transaction that is visited, the visit takes up the sources that something reached.
    if (sourceTx < tx) {
      method.startSource(next);
      continue;
    }
    if (tx === NONE) return { visited, budgetPlaces: 0 };
    if (visited === transactionsMax) return { visited, budgetPlaces: endByBudget(work, method) };
    work.tidyPool();
    method.visitForward(tx);
    visited += 1;
  }
}

function runBackward(work: TraceWork, method: Fifo | Haircut, transactionsMax: number): Run {
  const { flow, sources } = work;
  let next = sources.outputs.length - 1;
  let visited = 0;
  for (;;) {
    while (next >= 0 && work.isSourceDone(next)) next -= 1;
    const tx = work.nextTx();
    // All sources of a transaction must wait before it is visited.
    if (next >= 0 && (tx === NONE || flow.outputTx.at(sources.outputs[next]!) >= tx)) {
      method.startSource(next);
      continue;
    }
    if (tx === NONE) return { visited, budgetPlaces: 0 };
    if (visited === transactionsMax) return { visited, budgetPlaces: endByBudget(work, method) };
    work.tidyPool();
    method.visitBackward(tx);
    visited += 1;
  }
}

/** The budget is spent: what waits, and sources that were not begun, stay where they are. */
function endByBudget(work: TraceWork, method: Fifo | Haircut): number {
  for (let source = 0; source < work.sources.outputs.length; source += 1) {
    if (!work.isSourceDone(source)) method.startSource(source);
  }
  return work.endAllWaiting(STOP.budget);
}

/** What was seeded must lie in leaves and fees, to the satoshi, for every label. */
function closeBooks(work: TraceWork): void {
  const { labelNames } = work.sources;
  for (let label = 0; label < labelNames.length; label += 1) {
    const seeded = work.seeded[label]!.value;
    const ended = work.inLeaves[label]!.value + work.inFees[label]!.value;
    if (seeded !== ended) {
      throw new Error(`the trace lost count: ${seeded} sat seeded, ${ended} sat ended`);
    }
  }
  const all = new SatsTotal();
  for (const length of work.sources.lengths) all.add(length);
  const begun = work.seeded.reduce((sum, total) => sum + total.value, work.alreadyLabelled.value);
  if (begun !== all.value) {
    throw new Error(`the trace lost a source: ${all.value} sat given, ${begun} sat begun`);
  }
}
