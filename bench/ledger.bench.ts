/**
 * `npm run bench -- ledger [--sizes 1,3,10] [--memory 4GB] [--tight 1GB,256MB,1GB] [--write PAGE.md]`
 *
 * What indexing takes, what a ledger takes, how soon it answers, and what all of Bitcoin would take by that.
 *
 * Sizes are millions of simulated transactions. Each indexing and each asking is a process of its own. Checked before a time
 * is printed: blocks, bytes, transactions and tip against the simulation, counters against a count anew, look-ups against
 * SQL over the tables, a ledger after a kill against a count anew.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseSize } from '../src/cli/arguments.ts';
import { type BenchFigure, meetsTarget } from './figure.ts';
import type { AskedLedger } from './ledger/ask-child.ts';
import { type BenchChain, benchChain } from './ledger/chain.ts';
import type { IndexedChain } from './ledger/index-child.ts';
import { measuredParts } from './ledger/measured-parts.ts';
import {
  diskTable,
  indexTable,
  type LedgerRun,
  lookupTable,
  memoryTable,
  projectionTable,
  restartTable,
  stageTable,
} from './ledger/report.ts';
import { dropFromCache, killChild, runChild } from './ledger/run-child.ts';
import { dayAndMachine } from './machine.ts';
import { judge, projectParts } from './projection.ts';
import { writeSection } from './write-section.ts';

const MILLION = 1_000_000;
/** Short runs are repeated, and the middle one counts. */
const ROUNDS_OF_SHORT = 3;
/** Larger sizes are not indexed once more to be killed. */
const KILL_MAX = 3 * MILLION;
const KILL_AT = 0.8;
const DISK_TARGET = 300e9;

interface Options {
  readonly sizes: readonly number[];
  readonly memoryBytes: number;
  /** Of a second run, by size. */
  readonly tightBytes: readonly number[];
  /** A page with the marks `<!-- bench ledger -->` for the tables. */
  readonly page: string | undefined;
}

function options(): Options {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      sizes: { type: 'string', default: '1,3,10' },
      memory: { type: 'string', default: '4GB' },
      tight: { type: 'string', default: '1GB,256MB,1GB' },
      write: { type: 'string' },
    },
  });
  const bytes = (text: string): number => {
    const size = parseSize(text);
    if (size === undefined) throw new Error(`${text} is no size such as 512MB`);
    return size;
  };
  return {
    sizes: values.sizes.split(',').map((text) => Math.round(Number(text) * MILLION)),
    memoryBytes: bytes(values.memory),
    tightBytes: values.tight.split(',').map(bytes),
    page: values.write,
  };
}

function say(text: string): void {
  process.stderr.write(`ledger: ${text}\n`);
}

const label = (transactions: number): string => `${transactions / MILLION} M`;

function checkIndexed(chain: BenchChain, { counters, bytesRead, tipHash }: IndexedChain): void {
  const { truth } = chain;
  assert.equal(Number(counters.transactions), truth.transactions, 'transactions');
  assert.equal(Number(counters.blocks), truth.blocks, 'blocks');
  assert.equal(tipHash, truth.tip.hash, 'tip');
  // Each block stands behind magic and length.
  assert.equal(bytesRead + 8 * truth.blocks, truth.blockBytes, 'bytes');
  assert.equal(Number(counters.unknownInputs), 0, 'inputs whose output is not known');
}

async function indexOnce(
  chain: BenchChain,
  folder: string,
  memoryBytes: number,
  sample: string,
): Promise<Pick<LedgerRun, 'indexed' | 'cpu'>> {
  rmSync(folder, { recursive: true, force: true });
  const args = [chain.blocksFolder, folder, String(memoryBytes), sample];
  const { answer, cpu } = await runChild<IndexedChain>('index-child.ts', args);
  checkIndexed(chain, answer);
  const rate = Number(answer.counters.transactions) / answer.seconds;
  say(
    `${label(chain.truth.transactions)}, ${memoryBytes / 2 ** 20} MiB: ${Math.round(rate)} tx/s, ${answer.seconds.toFixed(1)} s`,
  );
  return { indexed: answer, cpu };
}

async function measureKill(
  chain: BenchChain,
  folder: string,
  memoryBytes: number,
): Promise<LedgerRun['kill']> {
  rmSync(folder, { recursive: true, force: true });
  const args = [chain.blocksFolder, folder, String(memoryBytes), '-'];
  const killedAt = await killChild('index-child.ts', args, KILL_AT * chain.truth.transactions);
  if (killedAt === undefined) return undefined;
  const ask = [folder, 'regtest', String(memoryBytes), '-'];
  const { answer } = await runChild<AskedLedger & { transactions: number }>('ask-child.ts', ask);
  assert.ok(answer.transactions >= killedAt, 'what was committed is there after the kill');
  return { transactions: answer.transactions, seconds: (answer.openMs + answer.flowMs) / 1000 };
}

async function measureSize(
  transactions: number,
  scratch: string,
  memoryBytes: number,
  tightBytes: number,
): Promise<LedgerRun> {
  const chain = await benchChain(transactions);
  const folder = join(scratch, 'network');
  const sample = join(scratch, 'sample.json');
  const rounds: Pick<LedgerRun, 'indexed' | 'cpu'>[] = [];
  const count = transactions <= MILLION ? ROUNDS_OF_SHORT : 1;
  for (let round = 0; round < count; round += 1) {
    rounds.push(await indexOnce(chain, folder, memoryBytes, sample));
  }
  rounds.sort((a, b) => a.indexed.seconds - b.indexed.seconds);
  const ask = [folder, 'regtest', String(memoryBytes), sample];
  const howCold = dropFromCache(folder);
  const cold = (await runChild<AskedLedger>('ask-child.ts', ask)).answer;
  const warm = (await runChild<AskedLedger>('ask-child.ts', [...ask, 'cluster'])).answer;
  say(`${label(transactions)}: looked up, clustered`);
  const kill = transactions <= KILL_MAX ? await measureKill(chain, folder, memoryBytes) : undefined;
  if (kill !== undefined) say(`${label(transactions)}: killed and opened again`);
  const tight = await indexOnce(chain, folder, tightBytes, sample);
  rmSync(folder, { recursive: true, force: true });
  return {
    name: label(transactions),
    ...rounds[rounds.length >> 1]!,
    rounds: rounds.map(({ indexed }) => indexed.seconds),
    memoryBytes,
    howCold,
    cold,
    warm,
    kill,
    tight,
    tightBytes,
  };
}

export async function run(): Promise<BenchFigure[]> {
  const asked = options();
  const scratch = mkdtempSync(join(tmpdir(), 'clew-bench-ledger-'));
  const before = `Load average before: ${loadavg()[0]!.toFixed(1)}.`;
  const runs: LedgerRun[] = [];
  try {
    for (const [i, size] of asked.sizes.entries()) {
      const tightBytes = asked.tightBytes[i] ?? asked.tightBytes.at(-1)!;
      runs.push(await measureSize(size, scratch, asked.memoryBytes, tightBytes));
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const parts = projectParts(runs.map(({ indexed }) => measuredParts(indexed)));
  const tables = [
    indexTable(runs),
    stageTable(runs),
    diskTable(runs, parts),
    memoryTable(runs),
    lookupTable(runs),
    restartTable(runs),
    projectionTable(runs, parts, DISK_TARGET),
  ];
  process.stdout.write(`${tables.join('\n\n')}\n`);
  const found = figures(runs, judge(parts, DISK_TARGET).bytes);
  if (asked.page !== undefined) {
    const lines = found.map(figureLine).join('\n');
    writeSection(
      asked.page,
      'bench ledger',
      [`${dayAndMachine()}. ${before}`, lines, ...tables].join('\n\n'),
    );
  }
  return found;
}

function figureLine(figure: BenchFigure): string {
  const { name, value, unit, targetMin, targetMax } = figure;
  const shown = value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
  const target = targetMin ?? targetMax;
  const wanted =
    target === undefined
      ? ''
      : `, target ${target.toLocaleString('en-US')}: ${meetsTarget(figure) ? 'met' : '**missed**'}`;
  return `- ${name}: ${shown} ${unit}${wanted}`;
}

function figures(runs: readonly LedgerRun[], diskBytes: number): BenchFigure[] {
  const largest = runs.at(-1)!;
  const { indexed, name } = largest;
  return [
    {
      name: `ledger, ${name} transactions`,
      value: Number(indexed.counters.transactions) / indexed.seconds,
      unit: 'tx/s',
      targetMin: 150_000,
      note: 'blocks of the simulation; tables, columns, links and keys committed, clusters apart',
    },
    {
      name: `ledger, ${name} transactions, peak memory`,
      value: indexed.peakBytes / 1e9,
      unit: 'GB',
      note: `with --memory ${largest.memoryBytes / 2 ** 30}GB, whole process`,
    },
    {
      name: 'Bitcoin of 2026 on the disk, projected',
      value: diskBytes / 1e9,
      unit: 'GB',
      targetMax: DISK_TARGET / 1e9,
      note: 'bytes per row as measured, times the rows of Bitcoin; clusters and block files apart',
    },
  ];
}
