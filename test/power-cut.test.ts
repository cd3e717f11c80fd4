/**
 * Power is cut while blocks are indexed: what was written after the last checkpoint may be missing, torn or zero on the disk, and
 * the tables may be ahead of the columns or behind them. The ledger goes back to what is whole, and indexing goes on.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  cpSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type SeededRandom, seededRandom } from '../src/bytes/seeded-random.ts';
import { listBlocks } from '../src/ledger/block-directory.ts';
import { openChdb } from '../src/ledger/engine.ts';
import { FLOW_COLUMNS } from '../src/ledger/flow-columns.ts';
import { type FlowCheckpoint, readCheckpoint } from '../src/ledger/flow-store.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { type BranchingChain, makeBranchingChain } from './support/branching-chain.ts';
import { flowDigest } from './support/flow-digest.ts';
import { ExpectedStates } from './support/kill-walk.ts';
import type { KillWalkTask } from './support/kill-walk-process.ts';
import { removeScratch, scratchFolder } from './support/scratch-folder.ts';
import { tableSums } from './support/table-sums.ts';

const PROGRAM = fileURLToPath(new URL('support/kill-walk-process.ts', import.meta.url));
const folder = scratchFolder('power');
let chain: BranchingChain;
let expected: ExpectedStates;
let cases = 0;

before(async () => {
  chain = await makeBranchingChain(folder, {
    transactions: 900,
    seed: 'power',
    depth: 5,
    longerBlocks: 2,
    betterBlocks: 3,
    random: seededRandom('power'),
  });
  expected = await ExpectedStates.make(chain, folder);
});
after(() => {
  chain.source.close();
  removeScratch(folder);
});

/**
 * A ledger whose process was killed when its tip had come to a height, with its last checkpoint at half of the chain or
 * never.
 */
function leftAt(height: number): string {
  const path = join(folder, `left-${height}`);
  mkdirSync(path);
  const task: KillWalkTask = {
    blocks: chain.folder,
    folder: path,
    forkHeight: chain.forkHeight,
    undoTo: 0,
    batchRows: 600,
    checkpointRows: 1_000_000,
    memoryBytes: 64 * 1024 ** 2,
    threads: 0,
    kill: { stages: ['append'], skip: 5, heightMin: height, how: 'before', except: [] },
  };
  const { signal } = spawnSync(process.execPath, [PROGRAM, JSON.stringify(task)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  assert.equal(signal, 'SIGKILL');
  return join(path, 'ledger');
}

function copyOf(left: string): string {
  cases += 1;
  const path = join(folder, `case-${cases}`);
  cpSync(left, path, { recursive: true });
  return path;
}

/** Where the rows of a column that a checkpoint covers end in its file. */
function endInFile(path: string, rows: number): number {
  const header = readFileSync(path).subarray(0, 4096);
  const rowBytes = header.readUInt32LE(16);
  const pageRows = header.readUInt32LE(4088);
  const prefix = header.readUInt32LE(4092);
  const pages = Math.floor(rows / pageRows);
  const rest = rows - pages * pageRows;
  return (
    4096 + pages * (prefix + pageRows * rowBytes) + (rest === 0 ? 0 : prefix + rest * rowBytes)
  );
}

type Loss = 'cut' | 'zeros' | 'torn';

/** Lose what a column's file has beyond the checkpoint. @returns bytes lost */
function lose(
  flow: string,
  name: string,
  checkpoint: FlowCheckpoint | undefined,
  loss: Loss,
): number {
  const path = join(flow, `${name}.col`);
  const { size } = statSync(path);
  const kept = endInFile(path, checkpoint?.columns[name]?.rows ?? 0);
  const from = loss === 'torn' ? kept + Math.floor((size - kept) / 2) : kept;
  if (from >= size) return 0;
  if (loss === 'cut') {
    truncateSync(path, from);
    return size - from;
  }
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(size - from), 0, size - from, from);
  closeSync(fd);
  return size - from;
}

const FACTS = Object.entries(FLOW_COLUMNS)
  .filter(([, { role }]) => role === 'fact')
  .map(([name]) => name);

/** The ledger is whole at its tip, and goes on to the end. */
async function checkWhole(path: string, heightMax: number, message: string): Promise<number> {
  const ledger = await Ledger.open(path, chain.source.network);
  try {
    const height = ledger.tip?.height ?? -1;
    assert.ok(height <= heightMax, message);
    if (ledger.tip !== undefined) await compare(ledger, message);
    assert.equal((await listBlocks(ledger.engine)).length, height + 1, message);
    await indexBlocks(ledger, chain.source, { batchRows: 2_000 });
    await compare(ledger, `${message}, then indexed further`);
    return height;
  } finally {
    await ledger.close();
    rmSync(path, { recursive: true });
  }
}

async function compare(ledger: Ledger, message: string): Promise<void> {
  const { unspentSats, knownFeesSats, ...counters } = ledger.counters;
  const state = {
    counters: { ...counters, unspentSats: `${unspentSats}`, knownFeesSats: `${knownFeesSats}` },
    flow: flowDigest(await ledger.openFlow()),
    tables: await tableSums(ledger),
  };
  assert.deepEqual(state, expected.of(ledger.tip!.hash), message);
}

/** Every column of facts, or some. */
function someFacts(random: SeededRandom): readonly string[] {
  if (random.chance(0.4)) return FACTS;
  return random.shuffle([...FACTS]).slice(0, random.int(1, 4));
}

test('facts that were written after the last checkpoint and are lost take the ledger back to it', async () => {
  const height = chain.source.blocks.length - 15;
  const left = leftAt(height);
  const checkpoint = readCheckpoint(join(left, 'flow'), chain.source.network);
  assert.ok(checkpoint.tip.height < height - 10, 'the checkpoint is behind');
  assert.equal(
    (await checkWhole(copyOf(left), chain.longer.blocks.length, 'nothing lost')) >= height,
    true,
  );
  const random = seededRandom('power-1');
  for (const loss of ['cut', 'zeros', 'torn'] as const) {
    const path = copyOf(left);
    const names = someFacts(random);
    const bytes = names.map((name) => lose(join(path, 'flow'), name, checkpoint, loss));
    const message = `${loss}: ${names.join()}, replay with seed ${random.seed}`;
    const tip = await checkWhole(path, chain.longer.blocks.length, message);
    // Zeros where zeros were written lose nothing.
    if (names === FACTS) assert.equal(tip, checkpoint.tip.height, message);
    else assert.ok(tip >= checkpoint.tip.height, message);
    assert.ok(bytes.some((lost) => lost > 0) || names !== FACTS, message);
  }
});

test('before the first checkpoint all that was written may be lost: the ledger begins again', async () => {
  const early = Math.floor(chain.source.blocks.length / 2);
  const left = leftAt(10);
  assert.ok(!readdirSync(join(left, 'flow')).includes('flow.json'));
  assert.ok((await checkWhole(copyOf(left), early, 'nothing lost')) >= 10);
  for (const loss of ['cut', 'zeros'] as const) {
    const path = copyOf(left);
    for (const name of FACTS) lose(join(path, 'flow'), name, undefined, loss);
    assert.equal(await checkWhole(path, early, loss), -1);
  }
});

test('tables that lack the rows inserted last take the ledger back to the newest tip that is whole', async () => {
  const height = chain.source.blocks.length - 20;
  const left = join(folder, `left-${height}`, 'ledger');
  assert.equal(leftAt(height), left);
  const { tip: checkpoint } = readCheckpoint(join(left, 'flow'), chain.source.network);
  const random = seededRandom('power-2');
  for (const [table, idColumn] of [
    ['outputs', 'output_index'],
    ['blocks', 'block_index'],
  ] as const) {
    const path = copyOf(left);
    // The engine alone, as opening the ledger would mend it.
    const engine = await openChdb(join(path, 'ledger'));
    const [found] = await engine.query<{ rows: string }>(`SELECT count() AS rows FROM ${table}`);
    const lost = Math.ceil(Number(found!.rows) * random.pick([0.02, 0.1, 0.6]));
    const from = Number(found!.rows) - lost;
    const range = `${idColumn} >= ${from} AND ${idColumn} < ${from + Math.ceil(lost / 2)}`;
    await engine.command(`ALTER TABLE ${table} DELETE WHERE ${range} SETTINGS mutations_sync = 2`);
    await engine.close();
    const message = `${table}: ${range}, checkpoint at ${checkpoint.height}`;
    const tip = await checkWhole(path, chain.longer.blocks.length, message);
    assert.ok(tip >= 0, message);
  }
});
