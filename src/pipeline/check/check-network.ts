/**
 * `clew check`: proves a ledger by doing everything a second time, from the blocks' bytes to the counters of the tip.
 *
 *   columns and links ── checksums, rows, spends, values, counters, links, keys   (threads of their own)
 *   tables            ── headers, tables                                          (here, where the engine is)
 *   block files       ── blocks                                                   (read and hashed by threads)
 *
 * The flow index is opened once more, for reading; nothing is changed, and what is damaged is not mended.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { openFlow } from '../../ledger/flow-store.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { BlocksByHash } from '../follow-fetch.ts';
import type { OpenNetwork } from '../open-network.ts';
import { checkBlocks } from './check-blocks.ts';
import { checkHeaders } from './check-headers.ts';
import { type CheckRange, rangeOf } from './check-range.ts';
import { checkTables, tableRows } from './check-tables.ts';
import { checkInThreads } from './check-threads.ts';
import type { AsyncCheckSteps, CheckCounts } from './disagreement.ts';
import { FLOW_CHECK_NAMES, FLOW_CHECKS, type FlowCheckName } from './flow-checks.ts';
import { type CheckFinding, type CheckOutcome, findingOf, runCheck } from './run-check.ts';

/** Fewer transactions are checked sooner than threads have started. */
const WORTH_THREADS_TXS = 50_000;
/** For pages and keys of all open flow indexes together. */
const MEMORY_BYTES = 3 * 1024 ** 3;

export const CHECK_NAMES = ['open', ...FLOW_CHECK_NAMES, 'headers', 'tables', 'blocks'] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** Nanoseconds for each row that a check yields, as measured on simulated blocks: for the share of the work that is done. */
const ROW_COST: Readonly<Record<CheckName, number>> = {
  open: 0,
  checksums: 4,
  rows: 280,
  spends: 100,
  values: 360,
  counters: 820,
  links: 1_600,
  keys: 6_600,
  headers: 16_000,
  tables: 550,
  blocks: 6_000,
};

export interface CheckOptions {
  /** First and last height; the whole ledger when left out. */
  readonly heightMin?: number;
  readonly heightMax?: number;
  /** Read no block files. */
  readonly withoutBlocks?: boolean;
  /** Gives the blocks that came from a node; without it their bytes are not looked at again. */
  readonly node?: BlocksByHash;
  /** Threads beside this one; 0 for none. When left out none for a small ledger, else as many as cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CheckProgress) => void;
}

export interface CheckProgress {
  /** Rows, each counted once for each check that looks at it. */
  readonly done: number;
  /** Of all the work, 0 to 1: some rows take longer than others. */
  readonly share: number;
  /** The check that got on. */
  readonly check: CheckName;
}

export interface CheckResult {
  readonly name: CheckName;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** What was looked at, and what is counted apart; empty unless it passed. */
  readonly counts: CheckCounts;
  /** The first disagreement, of a check that failed. */
  readonly finding?: CheckFinding;
  /** Why it was left out. */
  readonly reason?: string;
}

export interface CheckAnswer {
  readonly format: 'clew-check/1';
  readonly network: string;
  readonly tip: { readonly height: number; readonly hash: string };
  /** What was checked; null when the ledger could not be opened. */
  readonly heights: { readonly heightMin: number; readonly heightMax: number } | null;
  readonly isWhole: boolean;
  readonly isSound: boolean;
  readonly checks: readonly CheckResult[];
}

/**
 * Check a ledger. What is wrong with it is in the answer.
 *
 * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_AS_OF for a range without a block, CLEW_INTERRUPTED, CLEW_WORKER_LOST
 */
export async function checkNetwork(
  open: Pick<OpenNetwork, 'ledger' | 'folder'>,
  options: CheckOptions = {},
): Promise<CheckAnswer> {
  const { ledger } = open;
  const tip = ledger.requireTip();
  const about = {
    format: 'clew-check/1',
    network: ledger.network.name,
    tip: { height: tip.height, hash: tip.hash },
  } as const;
  const flowFolder = join(open.folder, 'flow');
  const threads = options.threads ?? defaultThreads(tip.rows.transactions);
  const flowThreads = Math.min(FLOW_CHECK_NAMES.length, Math.ceil(threads / 2));
  const memoryBytes = Math.floor(MEMORY_BYTES / (flowThreads + 1));
  let flow: FlowIndex;
  try {
    flow = openFlow(flowFolder, ledger.network, tip, { writable: false, memoryBytes });
  } catch (error) {
    const finding = findingOf(error);
    const checks = CHECK_NAMES.map((name): CheckResult => {
      return name === 'open'
        ? failed(name, finding)
        : skipped(name, 'the columns can not be opened');
    });
    return { ...about, heights: null, isWhole: false, isSound: false, checks };
  }
  try {
    const range = rangeOf(flow, options.heightMin, options.heightMax);
    const start = { flowFolder, network: ledger.network.name, tip, range, memoryBytes };
    const run = new CheckRun(ledger, flow, range, options);
    const checks = await run.run(start, threads, flowThreads);
    return {
      ...about,
      heights: { heightMin: range.heightMin, heightMax: range.heightMax },
      isWhole: range.isWhole,
      isSound: checks.every(({ status }) => status !== 'failed'),
      checks,
    };
  } finally {
    flow.close();
  }
}

/** An answer that found something, as the error that says so. */
export function checkError(answer: CheckAnswer): ClewError {
  const found = answer.checks.filter(({ status }) => status === 'failed');
  const names = found.map(({ name }) => name).join(', ');
  const [first] = found;
  return new ClewError('CLEW_CHECK_FAILED', `The ledger is not sound: ${names}.`, {
    network: answer.network,
    failed: names,
    what: first!.finding!.what,
    ...first!.finding!.facts,
  });
}

function defaultThreads(transactions: number): number {
  return transactions < WORTH_THREADS_TXS ? 0 : availableParallelism();
}

function failed(name: CheckName, finding: CheckFinding): CheckResult {
  return { name, status: 'failed', counts: {}, finding };
}

function skipped(name: CheckName, reason: string): CheckResult {
  return { name, status: 'skipped', counts: {}, reason };
}

class CheckRun {
  readonly #ledger: Ledger;
  readonly #flow: FlowIndex;
  readonly #range: CheckRange;
  readonly #options: CheckOptions;
  readonly #flowNames: readonly FlowCheckName[];
  #done = 0;
  #doneCost = 0;
  #totalCost = 0;

  constructor(ledger: Ledger, flow: FlowIndex, range: CheckRange, options: CheckOptions) {
    this.#ledger = ledger;
    this.#flow = flow;
    this.#range = range;
    this.#options = options;
    this.#flowNames = FLOW_CHECK_NAMES.filter((name) => {
      return range.isWhole || !FLOW_CHECKS[name].isWholeOnly;
    });
    const add = (name: CheckName, rows: number): void => {
      this.#totalCost += rows * ROW_COST[name];
    };
    for (const name of this.#flowNames) add(name, FLOW_CHECKS[name].rows(flow, range));
    add('headers', range.blockEnd - range.blockFrom);
    add('tables', tableRows(range));
    if (!options.withoutBlocks) add('blocks', range.txEnd - range.txFrom);
  }

  async run(
    start: Parameters<typeof checkInThreads>[0],
    threads: number,
    flowThreads: number,
  ): Promise<CheckResult[]> {
    const stop = new AbortController();
    const signal = AbortSignal.any([
      stop.signal,
      ...(this.#options.signal ? [this.#options.signal] : []),
    ]);
    const outcomes = new Map<CheckName, CheckOutcome>();
    const inFlow = async (): Promise<void> => {
      if (flowThreads > 0) {
        const onRows = this.#note.bind(this);
        const found = await checkInThreads(start, this.#flowNames, flowThreads, onRows, signal);
        for (const [name, outcome] of found) outcomes.set(name, outcome);
        return;
      }
      for (const name of this.#flowNames) {
        const steps = FLOW_CHECKS[name].run(this.#flow, this.#range, start.tip);
        outcomes.set(name, await runCheck(steps, (rows) => this.#note(name, rows), signal));
      }
    };
    const inTables = async (): Promise<void> => {
      const blockThreads =
        threads === 0 ? this.#options.threads : Math.max(1, threads - flowThreads);
      for (const [name, steps] of this.#tableChecks(blockThreads)) {
        outcomes.set(name, await runCheck(steps, (rows) => this.#note(name, rows), signal));
      }
    };
    const works = flowThreads > 0 ? [inFlow(), inTables()] : [inFlow().then(inTables)];
    // Whichever fails first stops the other, and none is left running.
    for (const work of works) work.catch(() => stop.abort());
    const settled = await Promise.allSettled(works);
    const lost = settled.filter((each) => each.status === 'rejected').map(({ reason }) => reason);
    if (lost.length > 0) throw lost.find((error) => error?.code !== 'CLEW_INTERRUPTED') ?? lost[0];
    return CHECK_NAMES.map((name) => this.#resultOf(name, outcomes.get(name)));
  }

  *#tableChecks(threads: number | undefined): Generator<[CheckName, AsyncCheckSteps]> {
    yield ['headers', checkHeaders(this.#ledger, this.#flow, this.#range)];
    yield ['tables', checkTables(this.#ledger, this.#flow, this.#range)];
    if (this.#options.withoutBlocks) return;
    yield [
      'blocks',
      checkBlocks(this.#ledger, this.#flow, this.#range, threads, this.#options.node),
    ];
  }

  #note(check: CheckName, rows: number): void {
    this.#done += rows;
    this.#doneCost += rows * ROW_COST[check];
    const share = Math.min(1, this.#doneCost / this.#totalCost);
    this.#options.onProgress?.({ done: this.#done, share, check });
  }

  #resultOf(name: CheckName, outcome: CheckOutcome | undefined): CheckResult {
    if (name === 'open') return { name, status: 'passed', counts: { ...this.#flow.counts } };
    if (outcome === undefined) {
      const reason = name === 'blocks' ? 'not asked for' : 'only for a whole ledger';
      return skipped(name, reason);
    }
    if (outcome.finding !== undefined) return failed(name, outcome.finding);
    const { blocks, blocksAtNode } = outcome.counts;
    if (name === 'blocks' && blocks === 0 && blocksAtNode !== 0) {
      return skipped(
        name,
        'the blocks came from a node and were not kept: --rpc URL reads them again',
      );
    }
    return { name, status: 'passed', counts: outcome.counts };
  }
}
