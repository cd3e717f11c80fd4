/**
 * Clew beside other tools: `npm run bench -- peers`. The same simulated blocks for all, each tool a whole process from
 * start to end, three rounds of Clew and every peer by turns, medians. What a tool counts is checked against Clew's
 * own counters before its time is shown. Peers are installed by their own package clients into a cache outside the
 * project (`CLEW_BENCH_CACHE`); one that cannot be had is named with the reason. `CLEW_BENCH_TRANSACTIONS` sets the
 * length of the chain, `CLEW_BENCH_PEERS` takes only peers whose name holds the text.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchFigure } from './figure.ts';
import { folderBytes } from './folder-bytes.ts';
import { type ChainWalk, walkChain } from './peers/chain-walk.ts';
import { cacheFolder } from './peers/install.ts';
import { type Measured, measureProcess } from './peers/measure-process.ts';
import {
  makeNodeFolder,
  type NodeFolder,
  readBlocks,
  shareNodeFolder,
} from './peers/node-folder.ts';
import type { ChainFacts, Peer, PeerWork } from './peers/peer.ts';
import { listPeers } from './peers/peer-list.ts';

const ROUNDS = 3;
const TRANSACTIONS = Number(process.env['CLEW_BENCH_TRANSACTIONS'] ?? 1_000_000);
const CLEW =
  process.env['CLEW_BENCH_PROGRAM'] ?? fileURLToPath(new URL('../bin/clew', import.meta.url));
/** The coin of block 0: nobody can spend it, Clew does not count it as unspent, most tools do. */
const GENESIS_SATS = 5_000_000_000n;
const CLEW_WORK: PeerWork = {
  values: 'yes, kept',
  addresses: 'yes',
  clusters: 'yes',
  checks: 'Merkle roots, witness commitments, links, work, prevouts',
  keeps: 'everything, ready to ask',
};

interface Run extends Measured {
  readonly transactions: number;
  readonly bytes: number;
  readonly resultBytes: number | undefined;
}

interface Contestant {
  readonly name: string;
  readonly work: PeerWork;
  readonly runs: Run[];
  readonly note: string;
}

/** The fields of `clew index --json` that are compared. */
interface IndexReport {
  readonly blocksAdded: number;
  readonly transactionsAdded: number;
  readonly status: { readonly outputs: number; readonly unspent: { readonly value: string } };
}

function say(text: string): void {
  process.stderr.write(`peers: ${text}\n`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function simulate(folder: string): void {
  const args = [
    'simulate',
    '--out',
    folder,
    '--transactions',
    String(TRANSACTIONS),
    '--seed',
    'bench',
  ];
  const result = spawnSync(CLEW, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  assert.equal(result.status, 0, 'clew simulate failed');
}

async function runClew(
  blocks: string,
  node: NodeFolder,
  walk: ChainWalk,
  scratch: string,
): Promise<{ run: Run; facts: ChainFacts }> {
  const data = join(scratch, 'data');
  const measured = await measureProcess({
    command: CLEW,
    args: ['index', '--blocks', blocks, '--data', data, '--json'],
    outputFile: join(scratch, 'out'),
  });
  const report = JSON.parse(measured.stdout) as IndexReport;
  const unspentSats = BigInt(report.status.unspent.value) + GENESIS_SATS;
  assert.equal(report.transactionsAdded, node.transactions);
  assert.equal(unspentSats, walk.unspentSats);
  return {
    run: {
      ...measured,
      transactions: node.transactions,
      bytes: node.bytes,
      resultBytes: folderBytes(data),
    },
    facts: {
      blocks: report.blocksAdded,
      transactions: report.transactionsAdded,
      outputs: report.status.outputs,
      unspentSats,
      unspentWithAddressSats: unspentSats - walk.unspentWithoutAddressSats,
    },
  };
}

/** Height at which a peer stops before the end, and the part of the chain below it. */
function partOf(node: NodeFolder, peer: Peer) {
  const enough = peer.transactionsMax ?? Number.POSITIVE_INFINITY;
  const reached = node.transactionsUpTo.findIndex((count) => count >= enough);
  const heightEnd = reached === -1 ? node.blocks - (peer.blocksLeftOut ?? 0) : reached + 1;
  return {
    heightEnd,
    transactions: node.transactionsUpTo[heightEnd - 1]!,
    bytes: node.bytesUpTo[heightEnd - 1]!,
  };
}

async function runPeer(
  peer: Peer,
  node: NodeFolder,
  expected: ChainFacts,
  scratch: string,
): Promise<Run> {
  const part = partOf(node, peer);
  const own = { ...node, folder: join(scratch, 'node') };
  shareNodeFolder(node, own.folder);
  const run = await peer.prepare(own, part.heightEnd, scratch);
  try {
    const measured = await measureProcess({ ...run.process, outputFile: join(scratch, 'out') });
    const facts = await run.facts(measured.stdout);
    const whole = part.heightEnd === node.blocks;
    const mustBe: ChainFacts = whole
      ? expected
      : { blocks: part.heightEnd, transactions: part.transactions };
    for (const [what, value] of Object.entries(facts)) {
      if (whole || what in mustBe) {
        assert.equal(value, mustBe[what as keyof ChainFacts], `${peer.name}: ${what}`);
      }
    }
    return {
      ...measured,
      transactions: part.transactions,
      bytes: part.bytes,
      resultBytes: run.resultFolder === undefined ? undefined : folderBytes(run.resultFolder),
    };
  } finally {
    await run.stop?.();
  }
}

function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2);
}

interface Column {
  readonly head: string;
  cell(of: Contestant, clew: Contestant): string;
}

function rate({ runs }: Contestant): number {
  return median(runs.map((run) => run.transactions / run.seconds));
}

function cpuPerMillion({ runs }: Contestant): number {
  return median(runs.map((run) => ((run.cpuSeconds ?? Number.NaN) / run.transactions) * 1e6));
}

/** What was measured: medians over the runs, and Clew beside it. */
const FIGURES: readonly Column[] = [
  { head: 'tool', cell: ({ name }) => name },
  { head: 'tx/s', cell: (of) => number(rate(of)) },
  {
    head: 'MB/s',
    cell: ({ runs }) => number(median(runs.map((run) => run.bytes / run.seconds / 1e6))),
  },
  { head: 'Clew ÷ it', cell: (of, clew) => number(rate(clew) / rate(of)) },
  { head: 'CPU s per million tx', cell: (of) => number(cpuPerMillion(of)) },
  {
    head: 'peak memory',
    cell: ({ runs }) =>
      `${number(Math.max(...runs.map((run) => run.peakBytes ?? Number.NaN)) / 1e6)} MB`,
  },
  {
    head: 'left on disk',
    cell: ({ runs: [run] }) =>
      run!.resultBytes === undefined
        ? 'nothing'
        : `${number(run!.resultBytes / run!.transactions)} bytes/tx`,
  },
  { head: 'slowest to fastest run', cell: ({ runs }) => spread(runs) },
];

/** What each does in that time. */
const WORK: readonly Column[] = [
  { head: 'tool', cell: ({ name }) => name },
  { head: 'values of inputs', cell: ({ work }) => work.values },
  { head: 'addresses', cell: ({ work }) => work.addresses },
  { head: 'clusters', cell: ({ work }) => work.clusters },
  { head: 'checks', cell: ({ work }) => work.checks },
  { head: 'keeps', cell: ({ work }) => work.keeps },
  { head: 'note', cell: ({ note }) => note },
];

function spread(runs: readonly Run[]): string {
  const seconds = runs.map((run) => run.seconds);
  return `${Math.max(...seconds).toFixed(2)} to ${Math.min(...seconds).toFixed(2)} s`;
}

function printTable(columns: readonly Column[], contestants: readonly Contestant[]): void {
  const line = (cells: readonly string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  line(columns.map(({ head }) => head));
  line(columns.map(() => '---'));
  for (const contestant of contestants) {
    line(columns.map(({ cell }) => cell(contestant, contestants[0]!)));
  }
}

/** Installs what can be had; says loudly what cannot. */
function available(peers: readonly Peer[], missing: string[]): Peer[] {
  return peers.filter((peer) => {
    try {
      peer.install();
      return true;
    } catch (error) {
      missing.push(`${peer.name}: ${error instanceof Error ? error.message : error}`);
      say(`NOT MEASURED: ${missing.at(-1)}`);
      return false;
    }
  });
}

export async function run(): Promise<BenchFigure[]> {
  const missing: string[] = [];
  let walk: ChainWalk | undefined;
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  const asked = process.env['CLEW_BENCH_PEERS'] ?? '';
  const peers = available(
    listPeers(cache, () => walk!).filter((peer) => peer.name.includes(asked)),
    missing,
  );
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-peers-'));
  try {
    say(`simulating ${TRANSACTIONS.toLocaleString('en-US')} transactions`);
    const simulated = join(folder, 'simulated');
    simulate(simulated);
    const blocks = join(simulated, 'blocks');
    const node = makeNodeFolder(blocks, join(folder, 'node'));
    walk = walkChain(readBlocks(node).map((block) => block.bytes));
    const known = walk;
    const clew: Contestant = { name: 'Clew index', work: CLEW_WORK, runs: [], note: '' };
    const others = peers.map((peer): Contestant & { peer: Peer } => ({
      peer,
      name: peer.name,
      work: peer.work,
      runs: [],
      note: peer.note ?? (peer.transactionsMax === undefined ? '' : 'the first blocks only'),
    }));
    for (let round = 0; round < ROUNDS; round++) {
      const scratch = join(folder, 'scratch');
      const inScratch = async <T>(work: () => Promise<T>): Promise<T> => {
        mkdirSync(scratch);
        try {
          return await work();
        } finally {
          rmSync(scratch, { recursive: true });
        }
      };
      const { run: clewRun, facts } = await inScratch(() => runClew(blocks, node, known, scratch));
      clew.runs.push(clewRun);
      say(`round ${round + 1}: ${clew.name} ${clewRun.seconds.toFixed(2)} s`);
      for (const { peer, runs } of others) {
        if (peer.transactionsMax !== undefined && round > 0) continue;
        const peerRun = await inScratch(() => runPeer(peer, node, facts, scratch));
        runs.push(peerRun);
        say(`round ${round + 1}: ${peer.name} ${peerRun.seconds.toFixed(2)} s`);
      }
    }
    const ran = [clew, ...others];
    const { blocks: blockCount, bytes } = node;
    process.stdout.write(
      `${number(TRANSACTIONS)} simulated transactions in ${number(blockCount)} blocks, ${number(bytes / 1e6)} MB\n\n`,
    );
    printTable(FIGURES, ran);
    process.stdout.write('\n');
    printTable(WORK, ran);
    for (const line of missing) process.stdout.write(`\nNot measured: ${line}\n`);
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
