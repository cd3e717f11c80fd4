/** Kills a process that indexes, again and again, and checks that the ledger is whole each time. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SeededRandom } from '../../src/bytes/seeded-random.ts';
import {
  type LedgerBlock,
  listBlocks,
  listWaitingBlocks,
} from '../../src/ledger/block-directory.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import type { BlockSource } from '../../src/source/block-source.ts';
import { compareCounters, compareHistoryRows, compareTables } from './compare-ledger.ts';
import type { IndexTask } from './index-process.ts';
import { NaiveLedger } from './naive-ledger.ts';
import { onlyBlocks } from './some-blocks.ts';

const PROGRAM = join(fileURLToPath(new URL('.', import.meta.url)), 'index-process.ts');

/** What the process was at when it was killed, and how often. */
export type KilledWork = 'append' | 'undo' | 'reload';

export interface KillResult {
  readonly rounds: number;
  readonly kills: Readonly<Record<KilledWork, number>>;
  /** Different tips that the ledger was found at. */
  readonly tips: number;
}

/** When a process is killed: so many blocks after it began, and then so many milliseconds. */
interface KillMoment {
  readonly blocks: number;
  readonly milliseconds: number;
}

/** Start indexing and kill it with SIGKILL at a moment. @returns true when it was done before */
async function killAt(task: IndexTask, moment: KillMoment): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  let blocks = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    blocks = output.split('.').length - 1;
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const isReached = (): boolean => output.includes('indexing') && blocks >= moment.blocks;
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  while (!isReached() && isAlive()) await setTimeout(2);
  // Whatever ends it before it is killed must not pass for a kill.
  assert.equal(child.signalCode, null, `the process died by itself of ${child.signalCode}`);
  // Not referenced: a moment that never comes must not keep this process alive after all is done.
  await Promise.race([setTimeout(moment.milliseconds, undefined, { ref: false }), ended]);
  child.kill('SIGKILL');
  await ended;
  const isDone = output.includes('done');
  assert.ok(isDone || child.signalCode === 'SIGKILL', 'the process ended without success');
  return isDone;
}

/** Slow ledgers of a source's blocks. Those of its beginnings grow out of each other. */
class NaiveLedgers {
  readonly #source: BlockSource;
  #naive: NaiveLedger;
  #blocks = 0;

  constructor(source: BlockSource) {
    this.#source = source;
    this.#naive = new NaiveLedger(source.network);
  }

  /** Of exactly these blocks. */
  of(blocks: readonly LedgerBlock[]): NaiveLedger {
    const isBeginning = blocks.at(-1)!.height === blocks.length - 1;
    if (!isBeginning || blocks.length < this.#blocks) {
      this.#naive = new NaiveLedger(this.#source.network);
      this.#blocks = 0;
    }
    const naive = this.#naive;
    for (const block of blocks.slice(this.#blocks)) {
      naive.addBlock(this.#source.readBlock(block), block.height);
    }
    this.#blocks = blocks.length;
    if (!isBeginning) {
      this.#naive = new NaiveLedger(this.#source.network);
      this.#blocks = 0;
    }
    return naive;
  }
}

export interface KillLimits {
  /** Kills that must hit. */
  readonly kills: number;
  readonly millisecondsMax: number;
  readonly batchRows: number;
  /** Every so many rounds all tables are read and compared, not only counters and histories. */
  readonly tablesEvery: number;
  readonly onRound?: (kills: number) => void;
}

/**
 * Index a source with kills at random moments: while blocks are appended, while some are undone, and while they
 * are loaded again behind others. After each kill the ledger is opened as the next user would, and compared with a slow
 * ledger of the blocks that it has; what it had before is there or waits.
 */
export async function indexWithKills(
  source: BlockSource,
  blocks: string,
  ledgerFolder: string,
  random: SeededRandom,
  limits: KillLimits,
): Promise<KillResult> {
  const expected = new NaiveLedgers(source);
  const tips = new Set<string>();
  const kills: Record<KilledWork, number> = { append: 0, undo: 0, reload: 0 };
  const { batchRows } = limits;
  let task: IndexTask = { blocks, ledgerFolder, batchRows };
  let work: KilledWork = 'append';
  let had: string[] = [];
  let rounds = 0;
  let killed = 0;
  while (killed < limits.kills) {
    rounds += 1;
    // Half of them by time, which also hits opening, recovering and undoing; half by how far it came.
    const moment = random.chance(0.5)
      ? { blocks: 0, milliseconds: random.int(0, limits.millisecondsMax) }
      : { blocks: random.int(1, source.blocks.length), milliseconds: random.int(0, 20) };
    const isDone = await killAt(task, moment);
    if (!isDone) {
      kills[work] += 1;
      killed += 1;
      limits.onRound?.(killed);
    }
    const message: string = `round ${rounds}, ${work} killed at ${JSON.stringify(moment)}, replay with seed ${random.seed}`;
    const ledger = await Ledger.open(ledgerFolder, source.network);
    try {
      const found = await listBlocks(ledger.engine);
      const waiting = await listWaitingBlocks(ledger.engine);
      const isThere = new Set([...found, ...waiting].map(({ hash }) => hash));
      if (work !== 'undo') {
        const lost = had.filter((hash) => !isThere.has(hash));
        assert.deepEqual(lost, [], `${message}: blocks were lost`);
      }
      had = found.map(({ hash }) => hash);
      if (found.length > 0) {
        tips.add(`${found[0]!.height} ${ledger.tip!.height}`);
        await checkWhole(ledger, source, expected, found, rounds % limits.tablesEvery === 0);
      }
    } catch (error) {
      throw new Error(message, { cause: error });
    } finally {
      await ledger.close();
    }
    task = { blocks, ledgerFolder, batchRows };
    if (!isDone && work !== 'undo') continue;
    [task, work] = nextTask(task, source, random, isDone);
    if (task.heightMin !== undefined) {
      // A window first, whole; what is below comes in the next rounds.
      rmSync(ledgerFolder, { recursive: true });
      await killAt(task, { blocks: 0, milliseconds: 600_000 });
      task = { blocks, ledgerFolder, batchRows };
      had = onlyBlocks(source, (height) => height >= source.blocks.length / 2).blocks.map(
        ({ hash }) => hash,
      );
    }
  }
  return { rounds, kills, tips: tips.size };
}

/** When all blocks are in, some are undone, or a new ledger begins with its upper half. */
function nextTask(
  task: IndexTask,
  source: BlockSource,
  random: SeededRandom,
  isDone: boolean,
): [IndexTask, KilledWork] {
  if (!isDone) return [task, 'append'];
  if (random.chance(0.7)) {
    return [{ ...task, undoAbove: random.int(0, source.blocks.length - 2) }, 'undo'];
  }
  return [{ ...task, heightMin: Math.ceil(source.blocks.length / 2) }, 'reload'];
}

async function checkWhole(
  ledger: Ledger,
  source: BlockSource,
  expected: NaiveLedgers,
  blocks: readonly LedgerBlock[],
  withTables: boolean,
): Promise<void> {
  const naive = expected.of(blocks);
  await compareCounters(ledger, naive);
  await compareHistoryRows(ledger, naive);
  if (!withTables) return;
  const isIn = new Set(blocks.map(({ hash }) => hash));
  await compareTables(
    ledger,
    onlyBlocks(source, (_height, { hash }) => isIn.has(hash)),
  );
}
