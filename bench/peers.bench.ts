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
import { measureProcess } from './peers/measure-process.ts';
import {
  makeNodeFolder,
  type NodeFolder,
  readBlocks,
  shareNodeFolder,
} from './peers/node-folder.ts';
import type { ChainFacts, Peer, PeerWork } from './peers/peer.ts';
import { listPeers } from './peers/peer-list.ts';
import {
  type Contestant,
  FIGURES,
  number,
  printTable,
  type Run,
  WORK,
} from './peers/peer-table.ts';

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

/** The fields of `clew index --json` that are compared. */
interface IndexReport {
  readonly blocksAdded: number;
  readonly transactionsAdded: number;
  readonly status: { readonly outputs: number; readonly unspent: { readonly value: string } };
}

function say(text: string): void {
  process.stderr.write(`peers: ${text}\n`);
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
  node: NodeFolder,
  walk: ChainWalk,
  scratch: string,
): Promise<{ run: Run; facts: ChainFacts }> {
  const data = join(scratch, 'data');
  const measured = await measureProcess({
    command: CLEW,
    args: ['index', '--blocks', node.sourceBlocks, '--data', data, '--json'],
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

/** Runs something with an empty folder, which goes afterwards. */
async function inScratch<T>(folder: string, work: (scratch: string) => Promise<T>): Promise<T> {
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  try {
    return await work(scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Clew and every peer by turns. A peer that fails or counts wrong is named and left out of the table. */
async function runRounds(
  peers: readonly Peer[],
  node: NodeFolder,
  walk: ChainWalk,
  folder: string,
  missing: string[],
): Promise<Contestant[]> {
  const clew: Contestant = { name: 'Clew index', work: CLEW_WORK, runs: [], note: '' };
  const others = peers.map((peer) => ({
    name: peer.name,
    work: peer.work,
    runs: [] as Run[],
    note: peer.note ?? (peer.transactionsMax === undefined ? '' : 'the first blocks only, once'),
  }));
  for (let round = 0; round < ROUNDS; round++) {
    const { run: clewRun, facts } = await inScratch(folder, (scratch) =>
      runClew(node, walk, scratch),
    );
    clew.runs.push(clewRun);
    say(`round ${round + 1}: ${clew.name} ${clewRun.seconds.toFixed(2)} s`);
    for (const [index, peer] of peers.entries()) {
      const { runs } = others[index]!;
      if (runs.length < round || (peer.transactionsMax !== undefined && round > 0)) continue;
      try {
        const peerRun = await inScratch(folder, (scratch) => runPeer(peer, node, facts, scratch));
        runs.push(peerRun);
        say(`round ${round + 1}: ${peer.name} ${peerRun.seconds.toFixed(2)} s`);
      } catch (error) {
        runs.length = 0;
        missing.push(`${peer.name}: ${error instanceof Error ? error.message : error}`);
        say(`NOT MEASURED: ${missing.at(-1)}`);
      }
    }
  }
  return [clew, ...others.filter(({ runs }) => runs.length > 0)];
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
    say(`simulating ${number(TRANSACTIONS)} transactions`);
    const simulated = join(folder, 'simulated');
    simulate(simulated);
    const node = makeNodeFolder(join(simulated, 'blocks'), join(folder, 'node'));
    walk = walkChain(readBlocks(node).map((block) => block.bytes));
    const contestants = await runRounds(peers, node, walk, folder, missing);
    process.stdout.write(
      `${number(TRANSACTIONS)} simulated transactions in ${number(node.blocks)} blocks, ${number(node.bytes / 1e6)} MB\n\n`,
    );
    printTable(FIGURES, contestants);
    process.stdout.write('\n');
    printTable(WORK, contestants);
    for (const line of missing) process.stdout.write(`\nNot measured: ${line}\n`);
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
