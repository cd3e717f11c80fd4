/**
 * Questions about an address of 5 million transactions and a cluster of 10 million addresses: over an index on the disk with
 * the usual memory, where what is asked is soon in it, and with so little that nearly all comes from files.
 *
 * Everything that is timed is checked first against what the generator added up: sums and counts as of several heights,
 * all entries between two of them, the order of pages. `CLEW_BENCH_BUSY_BLOCKS` makes it smaller.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../src/bytes/seeded-random.ts';
import { getNetwork } from '../src/chain/network.ts';
import { systemClock } from '../src/clock.ts';
import { readClusterHistory, summariseCluster } from '../src/cluster/cluster-facts.ts';
import { type ClusterRun, runClustering } from '../src/cluster/cluster-run.ts';
import {
  cursorAfter,
  type HistoryPage,
  readHistory,
  type ScriptsSummary,
  summariseScripts,
} from '../src/ledger/address-facts.ts';
import type { FlowIndex } from '../src/ledger/flow-index.ts';
import { openFlowAtCheckpoint } from '../src/ledger/flow-store.ts';
import type { ScriptId } from '../src/units/ids.ts';
import { type BusyLedger, type KnownSums, writeBusyLedger } from './busy-ledger.ts';
import type { BenchFigure } from './figure.ts';

const BLOCKS = Number(process.env['CLEW_BENCH_BUSY_BLOCKS'] ?? 100_000);
const SUMMARIES = 300;
const PAGES = 1_000;
const PAGE_ROWS = 50;
const SUMMARY_MS_MAX = 50;
const PAGE_MS_MAX = 100;
/** So little that hardly anything stays: nearly every page of a column is read from its file. */
const TIGHT_BYTES = 128 * 2 ** 20;

/** Milliseconds of each call, ascending. */
function times(count: number, call: (round: number) => unknown): number[] {
  const taken: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const start = systemClock.elapsedMs();
    call(round);
    taken.push(systemClock.elapsedMs() - start);
  }
  return taken.sort((a, b) => a - b);
}

function figures(
  name: string,
  taken: readonly number[],
  targetMax: number,
  note: string,
): BenchFigure[] {
  const at = (share: number): number => taken[Math.floor(share * (taken.length - 1))]!;
  return [
    { name: `${name}, p50`, value: at(0.5), unit: 'ms', note },
    { name: `${name}, p99`, value: at(0.99), unit: 'ms', targetMax, note },
  ];
}

function expectSums(what: string, summary: ScriptsSummary, known: KnownSums): void {
  const fields = ['receivedSats', 'sentSats', 'transactions', 'outputs', 'spentOutputs'] as const;
  for (const field of fields) {
    if (summary[field] === known[field]) continue;
    throw new Error(`${what}: ${field} is ${summary[field]}, was written as ${known[field]}`);
  }
}

type ReadPage = (page: { limit: number; cursor?: string; txEnd?: number }) => HistoryPage;

/** All entries between the last two marks, page by page, must add up to what was written between them. */
function expectEntries(
  what: string,
  ledger: BusyLedger,
  read: ReadPage,
  of: 'hot' | 'cluster',
): void {
  const [from, to] = ledger.marks.slice(-2);
  let received = 0n;
  let sent = 0n;
  let count = 0;
  let last = Number.POSITIVE_INFINITY;
  for (let cursor: string | undefined, isDone = false; !isDone; ) {
    const page = read({ limit: 10_000, ...(cursor !== undefined && { cursor }) });
    for (const { height, receivedSats, sentSats } of page.entries) {
      if (height > last) throw new Error(`${what}: the history is not in order`);
      last = height;
      isDone = height <= from!.height;
      if (isDone) break;
      received += receivedSats;
      sent += sentSats;
      count += 1;
    }
    cursor = page.nextCursor;
    isDone ||= cursor === undefined;
  }
  const [older, newer] = [from![of], to![of]];
  const isRight =
    received === newer.receivedSats - older.receivedSats &&
    sent === newer.sentSats - older.sentSats &&
    count === newer.transactions - older.transactions;
  if (!isRight) throw new Error(`${what}: ${count} entries do not add up to what was written`);
}

function address(flow: FlowIndex, ledger: BusyLedger, where: string): BenchFigure[] {
  const { marks } = ledger;
  const scripts = [ledger.hotScript as ScriptId];
  for (const { height, hot } of marks) {
    const summary = summariseScripts(flow, scripts, flow.txEndAtHeight(height));
    expectSums(`the address at height ${height}`, summary, hot);
  }
  const read: ReadPage = (page) => readHistory(flow, scripts, page);
  expectEntries('the address', ledger, read, 'hot');
  const random = seededRandom('bench-busy-address');
  const ends = Array.from({ length: SUMMARIES }, () => random.int(1, flow.txCount));
  const cursors = Array.from({ length: PAGES }, () =>
    cursorAfter(flow, random.int(0, flow.txCount - 1)),
  );
  const { transactions } = marks.at(-1)!.hot;
  const note = `an address of ${transactions} transactions; sums as of ${marks.length} heights and all entries of the last tenth are what was written`;
  return [
    ...figures(
      `address summary as of any height${where}`,
      times(SUMMARIES, (round) => summariseScripts(flow, scripts, ends[round]!)),
      SUMMARY_MS_MAX,
      note,
    ),
    ...figures(
      `address history, a page of ${PAGE_ROWS} from anywhere${where}`,
      times(PAGES, (round) => read({ limit: PAGE_ROWS, cursor: cursors[round]! })),
      PAGE_MS_MAX,
      note,
    ),
  ];
}

function cluster(
  flow: FlowIndex,
  ledger: BusyLedger,
  run: ClusterRun,
  where: string,
): BenchFigure[] {
  const { marks } = ledger;
  const root = run.rootOf(ledger.hotScript);
  const { scripts } = run.size(root);
  if (scripts !== ledger.clusterScripts) throw new Error(`the cluster has ${scripts} scripts`);
  expectSums('the cluster', summariseCluster(flow, run, root), marks.at(-1)!.cluster);
  const read: ReadPage = (page) => readClusterHistory(flow, run, root, page);
  expectEntries('the cluster', ledger, read, 'cluster');
  const random = seededRandom('bench-busy-cluster');
  const cursors = Array.from({ length: PAGES }, () =>
    cursorAfter(flow, random.int(0, flow.txCount - 1)),
  );
  const note = `a cluster of ${scripts} addresses with ${marks.at(-1)!.cluster.transactions} transactions; sums and all entries of the last tenth are what was written`;
  return [
    ...figures(
      `cluster summary${where}`,
      times(SUMMARIES, () => summariseCluster(flow, run, root)),
      SUMMARY_MS_MAX,
      note,
    ),
    ...figures(
      `cluster history, a page of ${PAGE_ROWS} from anywhere${where}`,
      times(PAGES, (round) => read({ limit: PAGE_ROWS, cursor: cursors[round]! })),
      PAGE_MS_MAX,
      note,
    ),
  ];
}

/** Run the benchmark. */
export function run(): BenchFigure[] {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-busy-'));
  try {
    return measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder: string): BenchFigure[] {
  const ledger = writeBusyLedger(folder, BLOCKS);
  const network = getNetwork('regtest');
  const flow = openFlowAtCheckpoint(folder, network, {});
  const start = systemClock.elapsedMs();
  const clusters = runClustering(flow);
  const clustered = systemClock.elapsedMs();
  const { activity } = clusters;
  const done = systemClock.elapsedMs();
  const found = [...address(flow, ledger, ''), ...cluster(flow, ledger, clusters, '')];
  flow.close();
  const tight = openFlowAtCheckpoint(folder, network, { memoryBytes: TIGHT_BYTES });
  const where = `, ${TIGHT_BYTES / 2 ** 20} MiB of memory for the index`;
  found.push(...address(tight, ledger, where), ...cluster(tight, ledger, clusters, where));
  tight.close();
  const activityBytes =
    activity.deltas.length + 8 * (activity.blockFirst.length + activity.blockOffset.length);
  return [
    ...found,
    {
      name: 'clustering',
      value: (clustered - start) / 1000,
      unit: 's',
      note: `${flow.txCount} transactions, ${flow.scriptCount} scripts`,
    },
    {
      name: 'what busy clusters did, worked out once a run',
      value: (done - clustered) / 1000,
      unit: 's',
      note: `${(activityBytes / flow.txCount).toFixed(2)} bytes per transaction kept`,
    },
  ];
}
