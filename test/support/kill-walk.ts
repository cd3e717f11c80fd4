/**
 * Kills a process that indexes, reorganises, undoes and indexes again, at chosen calls, one kind of call after the other; each
 * next process opens what the killed one left (and may be killed while it recovers). What is found is held against a
 * ledger in memory of the same blocks, and the tables against those of a ledger that nobody killed.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SeededRandom } from '../../src/bytes/seeded-random.ts';
import { BlockLoader } from '../../src/ledger/block-loader.hot.ts';
import { countFlow, type LedgerCounters } from '../../src/ledger/counters.ts';
import { FlowIndex } from '../../src/ledger/flow-index.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import type { BlockSource } from '../../src/source/block-source.ts';
import type { BranchingChain } from './branching-chain.ts';
import { columnFileDigest, flowDigest } from './flow-digest.ts';
import {
  type KillWalkLine,
  type KillWalkTask,
  type LedgerState,
  STAGES,
  type Stage,
} from './kill-walk-process.ts';
import { type RowHashes, rowHashes, sumsAt } from './table-sums.ts';
import type { Fault, KillHow } from './watched-calls.ts';

/** In a row, before the next stage's turn. */
const KILLS_IN_STAGE = 5;

const PROGRAM = join(fileURLToPath(new URL('.', import.meta.url)), 'kill-walk-process.ts');

/** What a ledger of any beginning of either branch holds. */
export class ExpectedStates {
  readonly #chain: BranchingChain;
  readonly #tables: { readonly better: RowHashes; readonly longer: RowHashes };
  readonly files: Readonly<Record<string, string>>;
  readonly #known = new Map<string, LedgerState>();

  private constructor(
    chain: BranchingChain,
    tables: { readonly better: RowHashes; readonly longer: RowHashes },
    files: Readonly<Record<string, string>>,
  ) {
    this.#chain = chain;
    this.#tables = tables;
    this.files = files;
  }

  /** Makes both ledgers once, with nobody killing. */
  static async make(chain: BranchingChain, folder: string): Promise<ExpectedStates> {
    const { source, longer } = chain;
    let ledger = await Ledger.open(join(folder, 'longer'), source.network);
    await indexBlocks(ledger, longer);
    const tables = { longer: await rowHashes(ledger), better: {} as RowHashes };
    await ledger.close();
    ledger = await Ledger.open(join(folder, 'better'), source.network);
    await indexBlocks(ledger, source);
    tables.better = await rowHashes(ledger);
    await ledger.close();
    return new ExpectedStates(chain, tables, columnFileDigest(join(folder, 'better', 'flow')));
  }

  /** @param hash of the last block */
  of(hash: string): LedgerState {
    const known = this.#known.get(hash);
    if (known !== undefined) return known;
    const { source, longer } = this.#chain;
    const isBetter = source.blocks.some((block) => block.hash === hash);
    const state = stateInMemory(
      isBetter ? source : longer,
      hash,
      isBetter ? this.#tables.better : this.#tables.longer,
    );
    this.#known.set(hash, state);
    return state;
  }
}

function stateInMemory(source: BlockSource, lastHash: string, tables: RowHashes): LedgerState {
  const end = source.blocks.findIndex(({ hash }) => hash === lastHash);
  assert.ok(end >= 0, `the tip ${lastHash} is no block of the chain`);
  const flow = FlowIndex.inMemory(source.network);
  const loader = new BlockLoader(flow, countFlow(flow));
  for (const block of source.blocks.slice(0, end + 1)) {
    const { height, hash } = block;
    loader.addBlock(source.readBlock(block), { height, hash, fileId: 0, fileOffset: 0 });
    for (const rows of Object.values(loader.rows)) {
      for (const column of Object.values(rows)) column.clear();
    }
  }
  const { unspentSats, knownFeesSats, ...counters }: LedgerCounters = countFlow(flow);
  return {
    counters: { ...counters, unspentSats: `${unspentSats}`, knownFeesSats: `${knownFeesSats}` },
    flow: flowDigest(flow),
    tables: sumsAt(tables, { files: 1, ...flow.counts }),
  };
}

/** How a process that meets a fault is to end. */
const CODES: Readonly<Record<string, string>> = {
  full: 'CLEW_NO_SPACE',
  unreadable: 'CLEW_FILE_UNREADABLE',
};

interface Ran {
  readonly lines: readonly KillWalkLine[];
  readonly isKilled: boolean;
}

/** Run the walk, or what is left of it; kill it after so many milliseconds when it does not kill itself. */
async function run(task: KillWalkTask, killAfter?: number): Promise<Ran> {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Half of a short process's time would go into reading the program.
    env: { ...process.env, NODE_COMPILE_CACHE: join(task.folder, '..', 'compile-cache') },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const timer =
    killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  await new Promise<void>((resolve) => child.on('close', () => resolve()));
  clearTimeout(timer);
  const lines = output
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as KillWalkLine);
  const isDone = lines.at(-1)?.event === 'done';
  const wanted = CODES[task.kill?.how ?? ''];
  const isFailed = wanted !== undefined && lines.at(-1)?.code === wanted;
  assert.ok(
    isDone || isFailed || child.signalCode === 'SIGKILL',
    `the process ended with ${child.exitCode ?? child.signalCode} after ${JSON.stringify(lines.at(-1))?.slice(0, 200)}`,
  );
  return { lines, isKilled: !isDone };
}

export interface KillWalkLimits {
  readonly kills: number;
  /** So many calls of kinds that were not killed at yet are let through before a kill, at most. */
  readonly skipMax: number;
  /** This share of the kills comes at a moment of time instead. */
  readonly timedShare: number;
  /** This share of the kills is none: the disk is full from there on, or can not be read. The process ends by itself. */
  readonly faultShare: number;
  readonly onKill?: (kills: number) => void;
  /** Asked before each process; kills no more when true. */
  readonly isTimeUp?: () => boolean;
}

export interface KillWalkResult {
  readonly kills: number;
  /** By what the process was at. */
  readonly byStage: Readonly<Record<string, number>>;
  readonly byOperation: Readonly<Record<string, number>>;
  readonly byHow: Readonly<Record<KillHow | Fault | 'timed', number>>;
  /** Kinds of calls killed at, and all that were seen in a walk without a kill. */
  readonly kindsKilled: number;
  readonly kindsOfWalk: number;
  readonly kindsOfWalkKilled: number;
  /** States compared: after each kill, and at each end of a stage. */
  readonly compared: number;
  readonly tips: number;
  /** Walks that came to their end, with files equal byte for byte. */
  readonly walks: number;
}

/** A ledger that is killed again and again. */
export class KillWalk {
  readonly #task: KillWalkTask;
  readonly #expected: ExpectedStates;
  readonly #random: SeededRandom;
  readonly #except = new Set<string>();
  readonly #tips = new Set<string>();
  #kindsOfWalk: readonly string[] = [];
  #compared = 0;
  #walks = 0;
  readonly #byStage: Record<string, number> = {};
  readonly #byOperation: Record<string, number> = {};
  readonly #byHow: Record<KillHow | Fault | 'timed', number> = {
    before: 0,
    half: 0,
    after: 0,
    full: 0,
    unreadable: 0,
    timed: 0,
  };

  constructor(task: Omit<KillWalkTask, 'kill'>, expected: ExpectedStates, random: SeededRandom) {
    this.#task = task;
    this.#expected = expected;
    this.#random = random;
  }

  async go(limits: KillWalkLimits): Promise<KillWalkResult> {
    const { kills, skipMax, timedShare, onKill, isTimeUp } = limits;
    let killed = 0;
    let atLast: LastWords | undefined;
    this.#begin();
    for (let isKilling = true; isKilling || atLast !== undefined; ) {
      isKilling = killed < kills && isTimeUp?.() !== true;
      const isTimed = isKilling && this.#random.chance(timedShare);
      const isFault = this.#random.chance(limits.faultShare);
      const how = isFault
        ? this.#random.pick(['full', 'full', 'unreadable'] as const)
        : this.#random.pick(['before', 'half', 'after'] as const);
      const isRare = how !== 'unreadable' && this.#random.chance(0.5);
      const kill = {
        stages: this.#stages(atLast, killed),
        skip: this.#random.int(0, isRare ? Math.ceil(skipMax / 10) : skipMax),
        isRare,
        how,
        except: [...this.#except],
      };
      const milliseconds = this.#random.int(300, 2_500);
      const { lines, isKilled } = await run(
        { ...this.#task, ...(isKilling && !isTimed ? { kill } : {}) },
        isTimed ? milliseconds : undefined,
      );
      const message = `kill ${killed}, after ${atLast?.call ?? 'nothing'}, replay with seed ${this.#random.seed}`;
      this.#check(lines, atLast, message);
      if (isKilled) {
        if (isTimed || !isFault) killed += 1;
        this.#count(lines, isTimed ? 'timed' : how);
        onKill?.(killed);
        atLast = lastWords(lines, atLast);
      } else {
        this.#walks += 1;
        atLast = undefined;
        this.#begin();
      }
    }
    return this.#result(killed);
  }

  /** Where to kill next: recovering; else each stage some times in turn, or what comes after it. */
  #stages(before: LastWords | undefined, killed: number): readonly string[] {
    if (before !== undefined && this.#random.chance(0.25)) return ['recover', 'open'];
    const wanted = Math.floor(killed / KILLS_IN_STAGE) % STAGES.length;
    return STAGES.slice(Math.max(wanted, STAGES.indexOf(before?.stage as Stage)));
  }

  #begin(): void {
    rmSync(this.#task.folder, { recursive: true, force: true });
    mkdirSync(this.#task.folder);
  }

  #count(lines: readonly KillWalkLine[], how: KillHow | Fault | 'timed'): void {
    this.#byHow[how] += 1;
    const { call } = lines.find(({ event }) => event === 'killing') ?? {};
    const stage = call?.split(' ')[0] ?? lines.findLast((line) => line.stage)?.stage ?? 'open';
    const operation = call?.split(' ')[1] ?? 'at a moment';
    this.#byStage[stage] = (this.#byStage[stage] ?? 0) + 1;
    this.#byOperation[operation] = (this.#byOperation[operation] ?? 0) + 1;
    if (call !== undefined) this.#except.add(call);
  }

  /** @param before what the last killed process said last */
  #check(lines: readonly KillWalkLine[], before: LastWords | undefined, message: string): void {
    const opened = lines.find(({ event }) => event === 'opened');
    if (opened !== undefined && before?.tip !== undefined) {
      // What was told to be committed is there; only the tip that was on its way may be there as well.
      if (!before.isTipUnsure) assert.equal(opened.tip, before.tip, `${message}: another tip`);
      assert.ok(opened.tip !== undefined, `${message}: the ledger is empty`);
    }
    for (const { event, state, tip, stage, files, calls } of lines) {
      if (tip !== undefined) this.#tips.add(tip);
      if (state !== undefined) {
        assert.deepEqual(state, this.#expected.of(tip!), `${message}: ${event} ${stage}`);
        this.#compared += 1;
      }
      if (files !== undefined) {
        assert.deepEqual(files, this.#expected.files, `${message}: the files`);
        if ((calls?.length ?? 0) > this.#kindsOfWalk.length) this.#kindsOfWalk = calls!;
      }
    }
  }

  #result(kills: number): KillWalkResult {
    return {
      kills,
      byStage: this.#byStage,
      byOperation: this.#byOperation,
      byHow: this.#byHow,
      kindsKilled: this.#except.size,
      kindsOfWalk: this.#kindsOfWalk.length,
      kindsOfWalkKilled: this.#kindsOfWalk.filter((call) => this.#except.has(call)).length,
      compared: this.#compared,
      tips: this.#tips.size,
      walks: this.#walks,
    };
  }
}

/** What a killed process said last. */
interface LastWords {
  readonly call: string;
  /** How far the walk had come. */
  readonly stage: string | undefined;
  /** The last tip that was told. */
  readonly tip: string | undefined;
  /** The next tip may have been on its way when it was killed. */
  readonly isTipUnsure: boolean;
}

/** A process that was killed while opening tells no tip: then what was known before still holds. */
function lastWords(lines: readonly KillWalkLine[], before: LastWords | undefined): LastWords {
  const tip = lines.findLast((line) => line.tip !== undefined)?.tip ?? before?.tip;
  const killing = lines.find(({ event }) => event === 'killing');
  const isOpened = lines.some(({ event }) => event === 'opened');
  const isFailed = lines.at(-1)?.event === 'failed';
  const isOnItsWay =
    isFailed || killing === undefined || killing.call?.endsWith(' insert tips') === true;
  const stages = [before?.stage, ...lines.map(({ call, stage }) => call?.split(' ')[0] ?? stage)];
  return {
    call: killing?.call ?? 'a moment',
    stage: stages.findLast((stage) => STAGES.includes(stage as Stage)),
    tip,
    isTipUnsure: isOnItsWay || (!isOpened && before?.isTipUnsure === true),
  };
}
