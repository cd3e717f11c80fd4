/**
 * One indexing in a process of its own, so that memory and processor time are its own:
 * `index-child.ts BLOCKS NETWORK_FOLDER MEMORY_BYTES SAMPLE_FILE`. Prints one line of JSON, see `IndexedChain`.
 *
 * With `-` as the sample file it prints the number of transactions after each commit, and is meant to be killed.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { BlockLoader } from '../../src/ledger/block-loader.hot.ts';
import { BlockLookups } from '../../src/ledger/block-lookups.hot.ts';
import { countFlow, type LedgerCounters } from '../../src/ledger/counters.ts';
import { FlowColumns } from '../../src/ledger/flow-columns.ts';
import { KeyIndex } from '../../src/ledger/key-index.hot.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { PageBudget } from '../../src/ledger/page-budget.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { LoadSession } from '../../src/pipeline/load-session.ts';
import { PreparePool } from '../../src/pipeline/prepare-pool.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { type DiskUse, readDisk } from './disk-use.ts';
import { makeSample } from './sample.ts';
import { StageClock } from './stage-clock.ts';

/** Bytes at the end of loading. */
export interface HeldMemory {
  /** Pages of columns: bounded by the setting. */
  readonly pages: number;
  /** Fronts, filters, lists and cached blocks of the key indexes: bounded by the setting, the lists apart. */
  readonly keys: number;
  /** Which scripts were revealed, a bit each. */
  readonly revealed: number;
  /** How many pages came into memory: new ones, and others from their files. */
  readonly pagesAdmitted: number;
}

export interface IndexedChain {
  readonly counters: Record<keyof LedgerCounters, string>;
  readonly rows: Record<string, number>;
  readonly tipHash: string;
  /** Finding and reading all headers, before anything is loaded. */
  readonly scanSeconds: number;
  readonly seconds: number;
  readonly bytesRead: number;
  readonly peakBytes: number;
  readonly stages: Record<string, number>;
  readonly engineBytes: number;
  readonly held: HeldMemory;
  readonly disk: DiskUse;
}

const [blocks, out, memoryText, sampleFile] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
];
const clock = new StageClock();
clock.wrap(PreparePool.prototype, 'next', 'wait for prepared blocks', true);
clock.wrap(BlockLookups.prototype, 'findPrevouts', 'look-ups of prevouts');
clock.wrap(BlockLookups.prototype, 'findScripts', 'look-ups of scripts');
clock.wrap(BlockLoader.prototype, 'addPrepared', 'columns, links and rows');
clock.wrap(FlowColumns.prototype, 'flush', 'column files');
clock.wrap(FlowColumns.prototype, 'storeKeys', 'key runs');
clock.wrap(KeyIndex.prototype, 'flushFront', 'key runs');
clock.wrap(KeyIndex.prototype, 'prepareCommit', 'key runs');
clock.wrap(Ledger.prototype, 'commit', 'rows to the engine');
clock.wrap(LoadSession.prototype, 'commit', 'wait for the engine', true);
clock.wrap(LoadSession.prototype, 'finish', 'wait for the engine', true);
clock.wrap(Ledger.prototype, 'checkpoint', 'checkpoint', true);
clock.wrap(LoadSession.prototype, 'breathe', 'let answers in', true);

const scanStart = performance.now();
const source = await openBlockSource(blocks);
const scanSeconds = (performance.now() - scanStart) / 1000;
const ledger = await Ledger.open(out, source.network, { memoryBytes: Number(memoryText) });
let held: HeldMemory = { pages: 0, keys: 0, revealed: 0, pagesAdmitted: 0 };
const isForKilling = sampleFile === '-';
const finishWriting = ledger.finishWriting.bind(ledger);
ledger.finishWriting = async () => {
  held = heldMemory();
  await finishWriting();
};
if (isForKilling) {
  const commit = ledger.commit.bind(ledger);
  ledger.commit = (...args) =>
    commit(...args).then(() => {
      process.stdout.write(`${ledger.rows.transactions}\n`);
    });
}

let written: FlowColumns | undefined;
const openFlowForWriting = ledger.openFlowForWriting.bind(ledger);
ledger.openFlowForWriting = async () => {
  const flow = await openFlowForWriting();
  written = flow.columns;
  return flow;
};

let budget: PageBudget | undefined;
let pagesAdmitted = 0;
const { admit } = PageBudget.prototype;
PageBudget.prototype.admit = function (...args) {
  budget = this;
  pagesAdmitted += 1;
  return admit.apply(this, args);
};

function heldMemory(): HeldMemory {
  const columns = written!;
  const scripts = columns.byName.scriptKind.length;
  const keys = [columns.txKeys, columns.scriptKeys, columns.bareKeys];
  return {
    pages: budget?.usedBytes ?? 0,
    keys: keys.reduce((sum, index) => sum + index.memoryBytes, 0),
    revealed: Math.ceil(scripts / 8),
    pagesAdmitted,
  };
}

clock.start();
const start = performance.now();
const result = await indexBlocks(ledger, source);
const seconds = (performance.now() - start) / 1000;
const stages = clock.read();
const peakBytes = process.resourceUsage().maxRSS * 1024;

const [tracked] = await ledger.engine.query<{ bytes: string }>(
  "SELECT toString(value) AS bytes FROM system.metrics WHERE metric = 'MemoryTracking'",
);
const flow = await ledger.openFlow();
assert.deepEqual(ledger.counters, countFlow(flow), 'counters kept and counters counted again');
const indexed: IndexedChain = {
  counters: Object.fromEntries(
    Object.entries(ledger.counters).map(([name, value]) => [name, String(value)]),
  ) as IndexedChain['counters'],
  rows: { ...ledger.rows },
  tipHash: ledger.requireTip().hash,
  scanSeconds,
  seconds,
  bytesRead: result.bytesRead,
  peakBytes,
  stages,
  engineBytes: Number(tracked?.bytes ?? 0),
  held,
  disk: await readDisk(ledger.engine, out),
};
if (!isForKilling) writeFileSync(sampleFile, JSON.stringify(await makeSample(ledger, flow)));
await ledger.close();
source.close();
process.stdout.write(`${JSON.stringify(indexed)}\n`);
