/**
 * The query layer on each engine, over the same simulated chain: how long a question takes for sets of one, a hundred and a
 * thousand things, and how many things a second are answered.
 *
 * Checked before it is timed: every engine's answers equal those of the flow index. Servers and shards run on the same
 * machine, and so does the `clew serve` that the Esplora client asks. Engines whose program is missing are skipped loudly.
 *
 * `--transactions N` takes another size than 300,000; `--write PAGE` puts the tables into the page's section.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { bytesToHex } from '../src/bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../src/bytes/seeded-random.ts';
import { getNetwork } from '../src/chain/network.ts';
import { systemClock } from '../src/clock.ts';
import type { FlowIndex } from '../src/ledger/flow-index.ts';
import { Ledger, type LedgerOptions } from '../src/ledger/ledger.ts';
import type { LedgerServers } from '../src/ledger/ledger-servers.ts';
import { openEsploraReader } from '../src/ledger/read/esplora-reader.ts';
import { FlowReader } from '../src/ledger/read/flow-reader.ts';
import type { LedgerReader, Outpoint } from '../src/ledger/read/ledger-reader.ts';
import { SqlReader } from '../src/ledger/read/sql-reader.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../src/source/block-source.ts';
import { NONE, type ScriptHex, type Txid } from '../src/units/ids.ts';
import { findClickhouse, startClickhouse } from '../test/support/clickhouse-server.ts';
import { CLEW, startClew } from '../test/support/run-clew.ts';
import type { BenchFigure } from './figure.ts';
import { benchChain } from './ledger/chain.ts';
import { dayAndMachine } from './machine.ts';
import { writeSection } from './write-section.ts';

const NETWORK = getNetwork('regtest');
const SIZES = [1, 100, 1000] as const;
/** Calls of each size, unless they take too long. */
const CALLS = { 1: 200, 100: 40, 1000: 12 } as const;
const CALL_SECONDS_MAX = 6;
/** Single questions under way at a time, for the rate. */
const IN_FLIGHT = 8;
const PAGE = 25;
const UNSPENT = 100;
/** Things of each kind to choose from. */
const THINGS = 20_000;
const CHECKED = 300;

interface Things {
  readonly txids: readonly Txid[];
  readonly outpoints: readonly Outpoint[];
  readonly scripts: readonly ScriptHex[];
  readonly heights: readonly number[];
}

type Size = (typeof SIZES)[number];
type Ask = (
  reader: LedgerReader,
  things: Things,
  count: number,
  random: SeededRandom,
) => Promise<unknown>;

function some<T>(all: readonly T[], count: number, random: SeededRandom): T[] {
  return Array.from({ length: count }, () => random.pick(all));
}

const QUESTIONS: Readonly<Record<string, Ask>> = {
  transactions: (reader, { txids }, count, random) =>
    reader.transactions(some(txids, count, random)),
  'spenders of outputs': (reader, { outpoints }, count, random) =>
    reader.spenders(some(outpoints, count, random)),
  [`histories, a page of ${PAGE}`]: (reader, { scripts }, count, random) =>
    reader.histories(some(scripts, count, random).map((script) => ({ script, limit: PAGE }))),
  'summaries of scripts': (reader, { scripts }, count, random) =>
    reader.summaries(some(scripts, count, random)),
  [`unspent outputs, ${UNSPENT} at most`]: (reader, { scripts }, count, random) =>
    reader.unspent(some(scripts, count, random).map((script) => ({ script, limit: UNSPENT }))),
  'blocks at heights': (reader, { heights }, count, random) =>
    reader.blocksAt(some(heights, count, random)),
};

/** Scripts as often as they are paid, so that busy ones are among them; transactions and outputs from anywhere. */
function chooseThings(flow: FlowIndex): Things {
  const random = seededRandom('bench-readers');
  const scripts: ScriptHex[] = [];
  const outpoints: Outpoint[] = [];
  const txids: Txid[] = [];
  while (scripts.length < THINGS) {
    const output = random.int(0, flow.outputCount - 1);
    const tx = flow.outputTx.at(output);
    txids.push(flow.txid(random.int(0, flow.txCount - 1)));
    outpoints.push({ txid: flow.txid(tx), vout: output - flow.txFirstOutput.at(tx) });
    const script = flow.outputScript.at(output);
    if (script !== NONE) scripts.push(bytesToHex(flow.scripts.read(script)) as ScriptHex);
  }
  const heights = Array.from({ length: flow.blockCount }, (_, block) => flow.blockHeight.at(block));
  return { scripts, outpoints, txids, heights };
}

interface Cell {
  readonly p50: number;
  readonly p99: number;
  /** Things answered a second. */
  readonly perSecond: number;
}

interface Measured {
  readonly engine: string;
  readonly cells: ReadonlyMap<string, Cell>;
}

const cellName = (question: string, size: Size | 'in flight'): string => `${question}/${size}`;

async function measure(
  engine: string,
  reader: LedgerReader,
  things: Things,
  sizes: readonly Size[],
  share = 1,
): Promise<Measured> {
  const cells = new Map<string, Cell>();
  for (const [question, ask] of Object.entries(QUESTIONS)) {
    for (const size of sizes) {
      const random = seededRandom(`${question} ${size} ${engine}`);
      await ask(reader, things, size, random);
      const taken: number[] = [];
      const end = systemClock.elapsedMs() + 1000 * CALL_SECONDS_MAX;
      while (taken.length < CALLS[size] * share && systemClock.elapsedMs() < end) {
        const start = systemClock.elapsedMs();
        await ask(reader, things, size, random);
        taken.push(systemClock.elapsedMs() - start);
      }
      cells.set(cellName(question, size), cellOf(taken, size));
    }
    const random = seededRandom(`${question} in flight ${engine}`);
    let left = CALLS[1] * share;
    const start = systemClock.elapsedMs();
    const one = async (): Promise<void> => {
      for (; left > 0; ) {
        left -= 1;
        await ask(reader, things, 1, random);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, one));
    const seconds = (systemClock.elapsedMs() - start) / 1000;
    const perSecond = (CALLS[1] * share) / seconds;
    cells.set(cellName(question, 'in flight'), { p50: 0, p99: 0, perSecond });
  }
  process.stderr.write(`readers: ${engine} measured\n`);
  return { engine, cells };
}

function cellOf(taken: readonly number[], size: number): Cell {
  const sorted = [...taken].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  const seconds = sorted.reduce((sum, ms) => sum + ms, 0) / 1000;
  return { p50: at(0.5), p99: at(0.99), perSecond: (size * sorted.length) / seconds };
}

/** The answers that all engines must give. */
async function answersOf(reader: LedgerReader, things: Things, count: number): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const [question, ask] of Object.entries(QUESTIONS)) {
    answers.push(await ask(reader, things, count, seededRandom(`check ${question}`)));
  }
  return answers;
}

async function withLedger<T>(
  blocksFolder: string,
  folder: string,
  options: LedgerOptions,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const ledger = await Ledger.open(folder, NETWORK, options);
  try {
    if (ledger.tip === undefined) {
      await ledger.prepareWriting();
      await indexBlocks(ledger, await openBlockSource(blocksFolder));
    }
    return await work(ledger);
  } finally {
    await ledger.close();
  }
}

async function onServers<T>(
  blocksFolder: string,
  folder: string,
  count: number,
  work: (ledger: Ledger) => Promise<T>,
): Promise<T> {
  const started = await startClickhouse({ count, queryMemoryBytes: 4_000_000_000 });
  try {
    for (const server of started.servers) await server.query('CREATE DATABASE clew');
    const servers: LedgerServers = {
      name: 'bench',
      database: 'clew',
      urls: started.servers.map(({ url }) => url),
      ...(count === 1 ? {} : { cluster: started.cluster }),
    };
    return await withLedger(blocksFolder, join(folder, `writer-${count}`), { servers }, work);
  } finally {
    await started.close();
  }
}

async function overEsplora(
  data: string,
  folder: string,
  work: (reader: LedgerReader) => Promise<Measured>,
): Promise<Measured> {
  const child = spawn(CLEW, ['serve', '--data', data, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      const url = /"url": "([^"]+)"/.exec(line)?.[1];
      if (url === undefined) continue;
      const reader = await openEsploraReader({
        network: NETWORK,
        base: new URL('/api', url),
        cacheFolder: join(folder, 'esplora-cache'),
        concurrency: IN_FLIGHT,
      });
      try {
        return await work(reader);
      } finally {
        await reader.close();
      }
    }
    throw new Error('clew serve ended');
  } finally {
    child.kill('SIGINT');
  }
}

const format = (value: number): string => {
  if (value >= 10) return Math.round(value).toLocaleString('en-US');
  return value >= 0.1 ? value.toFixed(1) : value.toFixed(2);
};

function table(
  head: readonly string[],
  measured: readonly Measured[],
  rows: readonly (readonly [string, Size | 'in flight', string])[],
  show: (cell: Cell) => string,
): string {
  const lines = rows.map(([question, size, label]) => {
    const cells = measured.map(({ cells }) => {
      const cell = cells.get(cellName(question, size));
      return cell === undefined ? '' : show(cell);
    });
    return `| ${[question, label, ...cells].join(' | ')} |`;
  });
  const names = [...head, ...measured.map(({ engine }) => engine)];
  return [`| ${names.join(' | ')} |`, `|${'---|'.repeat(names.length)}`, ...lines].join('\n');
}

/** Said when other programs were running: one core is what this bench and its servers keep busy themselves. */
function otherLoad(loadBefore: number): string {
  if (loadBefore < 1) return '';
  return ` Other programs were running (a load of ${loadBefore.toFixed(1)} on ${cpus().length} cores before it began): times are upper bounds, rates lower ones.`;
}

function report(transactions: number, measured: readonly Measured[], loadBefore: number): string {
  const questions = Object.keys(QUESTIONS);
  const latencies = table(
    ['question', 'set of'],
    measured,
    questions.flatMap((question) =>
      SIZES.map((size) => [question, size, size.toLocaleString('en-US')] as const),
    ),
    ({ p50, p99 }) => `${format(p50)} / ${format(p99)}`,
  );
  const rates = table(
    ['question', 'how'],
    measured,
    questions.flatMap((question) => [
      [question, 1000, 'sets of 1,000, one after the other'] as const,
      [question, 'in flight', `single ones, ${IN_FLIGHT} at a time`] as const,
    ]),
    ({ perSecond }) => format(perSecond),
  );
  return `Over ${transactions.toLocaleString('en-US')} simulated transactions.${otherLoad(loadBefore)} Milliseconds of a call, p50 / p99 (of 12 calls the slowest, for sets of 1,000):

${latencies}

Things answered a second:

${rates}`;
}

export async function run(): Promise<BenchFigure[]> {
  const at = process.argv.indexOf('--transactions');
  const chain = await benchChain(at === -1 ? 300_000 : Number(process.argv[at + 1]));
  const { blocksFolder } = chain;
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-readers-'));
  try {
    const [loadBefore] = loadavg();
    const measured = await measureAll(blocksFolder, folder);
    const text = report(chain.truth.transactions, measured, loadBefore!);
    process.stdout.write(`${text}\n`);
    const write = process.argv.indexOf('--write');
    const page = write === -1 ? undefined : process.argv[write + 1];
    if (page !== undefined && readFileSync(page, 'utf8').includes('<!-- bench readers -->')) {
      writeSection(page, 'bench readers', `${dayAndMachine()}\n\n${text}`);
    }
    return [];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(blocksFolder: string, folder: string): Promise<Measured[]> {
  const measured: Measured[] = [];
  const data = join(folder, 'data');
  const indexed = startClew(folder, 'index', '--blocks', blocksFolder, '--data', data);
  assert.equal(indexed.exit, 0, indexed.stderr);
  const [things, expected] = await withLedger(
    blocksFolder,
    join(data, 'regtest'),
    {},
    async (ledger) => {
      const chosen = chooseThings(await ledger.openFlow());
      const reader = new FlowReader(ledger);
      const answers = await answersOf(reader, chosen, CHECKED);
      measured.push(await measure('flow index', reader, chosen, SIZES));
      return [chosen, answers] as const;
    },
  );
  const bySql =
    (engine: string) =>
    async (ledger: Ledger): Promise<void> => {
      const reader = new SqlReader(ledger.engine, NETWORK);
      assert.deepEqual(await answersOf(reader, things, CHECKED), expected, engine);
      measured.push(await measure(engine, reader, things, SIZES));
    };
  await withLedger(blocksFolder, join(folder, 'wide'), { hasWideTables: true }, bySql('chDB'));
  if (findClickhouse() === undefined) {
    process.stderr.write('!! clickhouse-server IS MISSING: servers were not measured\n');
  } else {
    await onServers(blocksFolder, folder, 1, bySql('one server (18.16)'));
    await onServers(blocksFolder, folder, 2, bySql('two shards (18.16)'));
  }
  measured.push(
    await overEsplora(data, folder, async (reader) => {
      return measure('Esplora client, `clew serve`', reader, things, [1, 100], 0.2);
    }),
  );
  return measured;
}
