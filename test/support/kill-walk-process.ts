/**
 * A process that walks through indexing, a reorganisation, undoing and indexing again, and may be killed at a call on
 * the way: `node kill-walk-process.ts TASK`, the task as JSON. Tells what it finds in lines of JSON.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { ClewError } from '../../src/errors.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { columnFileDigest, flowDigest } from './flow-digest.ts';
import { onlyBlocks, withBlocks } from './some-blocks.ts';
import { tableSums } from './table-sums.ts';
import { type Fault, type KillHow, tell, watchCalls } from './watched-calls.ts';

export const STAGES = ['append', 'reorganise', 'undo', 'again'] as const;
export type Stage = (typeof STAGES)[number];

export interface KillWalkTask {
  readonly blocks: string;
  /** Holds the ledger, and beside it how far the walk has come. */
  readonly folder: string;
  readonly forkHeight: number;
  /** Where the stage `undo` goes back to. */
  readonly undoTo: number;
  readonly batchRows: number;
  readonly checkpointRows: number;
  readonly memoryBytes: number;
  readonly threads: number;
  /** Kill at the call after so many in these stages that are not in `except`; never when left out. */
  readonly kill?: {
    readonly stages: readonly string[];
    readonly skip: number;
    /** Only calls that are not about a file of a column: there are far more of those. */
    readonly isRare?: boolean;
    /** Only once the tip is at this height. */
    readonly heightMin?: number;
    readonly how: KillHow | Fault;
    /** Kinds of calls, as `stage operation target`, that were killed at before. */
    readonly except: readonly string[];
  };
}

/** What it tells, line by line. */
export interface KillWalkLine {
  readonly event: 'opened' | 'staged' | 'tip' | 'killing' | 'failed' | 'done';
  readonly stage?: string;
  readonly tip?: string;
  readonly height?: number;
  readonly state?: LedgerState;
  /** Of `killing`: the call. */
  readonly call?: string;
  /** Of `failed`: code and facts of the error. */
  readonly code?: string;
  readonly facts?: unknown;
  /** Of `done`: kinds of calls in order of appearance, and the column files. */
  readonly calls?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

export interface LedgerState {
  readonly counters: Readonly<Record<string, string | number>>;
  readonly flow: Readonly<Record<string, string>>;
  readonly tables: Readonly<Record<string, string>>;
}

async function stateOf(ledger: Ledger): Promise<LedgerState> {
  const { unspentSats, knownFeesSats, ...counters } = ledger.counters;
  return {
    counters: { ...counters, unspentSats: `${unspentSats}`, knownFeesSats: `${knownFeesSats}` },
    flow: flowDigest(await ledger.openFlow()),
    tables: await tableSums(ledger),
  };
}

async function walk(task: KillWalkTask): Promise<void> {
  const ledgerFolder = join(task.folder, 'ledger');
  const stageFile = join(task.folder, 'stage');
  let stage: string = existsSync(join(ledgerFolder, 'ledger', 'writing')) ? 'recover' : 'open';
  let ledger: Ledger | undefined;
  let toldTip: string | undefined;
  let skip = task.kill?.skip ?? 0;
  const except = new Set(task.kill?.except);
  const calls = new Set<string>();
  const source = await openBlockSource(task.blocks);
  watchCalls(`${ledgerFolder}${sep}`, ({ operation, target }) => {
    const tip = ledger?.tip;
    if (tip !== undefined && tip.hash !== toldTip) {
      toldTip = tip.hash;
      tell({ event: 'tip', tip: tip.hash, height: tip.height });
    }
    const call = `${stage} ${operation} ${target}`;
    // Reading harms nothing, unless it fails.
    if ((operation === 'read') !== (task.kill?.how === 'unreadable')) return undefined;
    calls.add(call);
    if (!task.kill?.stages.includes(stage) || except.has(call)) return undefined;
    if ((tip?.height ?? -1) < (task.kill.heightMin ?? -1)) return undefined;
    if (task.kill.isRare && /\.(col|crc)$/.test(target)) return undefined;
    skip -= 1;
    if (skip >= 0) return undefined;
    tell({ event: 'killing', call, ...(tip === undefined ? {} : { tip: tip.hash }) });
    return task.kill.how;
  });
  const { memoryBytes, batchRows, checkpointRows, threads } = task;
  ledger = await Ledger.open(ledgerFolder, source.network, { memoryBytes });
  const tell1 = async (event: 'opened' | 'staged'): Promise<void> => {
    const { tip } = ledger!;
    toldTip = tip?.hash;
    const line = tip && { tip: tip.hash, height: tip.height, state: await stateOf(ledger!) };
    tell({ event, stage, ...line });
  };
  await tell1('opened');
  const worse = withBlocks(source, [
    ...source.blocks.filter(({ height }) => height <= task.forkHeight),
    ...source.staleBlocks,
  ]);
  const begin = existsSync(stageFile) ? Number(readFileSync(stageFile, 'utf8')) : 0;
  const options = { batchRows, checkpointRows, threads };
  const stages: Record<Stage, () => Promise<unknown>> = {
    append: async () => {
      // In two runs: the second goes on where the first one's last checkpoint is.
      const half = source.blocks.length / 2;
      await indexBlocks(
        ledger,
        onlyBlocks(worse, (height) => height < half),
        options,
      );
      await indexBlocks(ledger, worse, options);
    },
    reorganise: () => indexBlocks(ledger, source, options),
    undo: () => ledger.undoAbove(task.undoTo),
    again: () => indexBlocks(ledger, source, options),
  };
  for (const [i, name] of STAGES.entries()) {
    if (i < begin) continue;
    stage = name;
    writeFileSync(stageFile, `${i}`);
    await stages[name]();
    await tell1('staged');
  }
  stage = 'close';
  await ledger.close();
  const files = columnFileDigest(join(ledgerFolder, 'flow'));
  tell({ event: 'done', calls: [...calls], files });
}

if (import.meta.main) {
  try {
    await walk(JSON.parse(process.argv[2]!) as KillWalkTask);
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    tell({ event: 'failed', code: error.code, facts: error.facts });
    process.exit(1);
  }
}
