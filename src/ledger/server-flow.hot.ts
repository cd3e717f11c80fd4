/**
 * The columns of facts fetched back from the tables of servers, in bulk: for a machine that reads a ledger which another one
 * writes, and for a writer whose own columns are damaged or gone.
 *
 * Rows are asked for in spans of their numbers and appended; the checksums of the tip's record tell whether the columns then
 * hold what the writer's do. Links are made from the facts as after a kill.
 */

import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';
import type { LedgerEngine } from './engine.ts';
import { stepsTo } from './fetch-steps.ts';
import type { FlowColumnsOptions, FlowCounts } from './flow-columns.ts';
import type { FlowIndex } from './flow-index.ts';
import { replayLinks } from './flow-replay.hot.ts';
import { checkpointFlow, createFlow, readCheckpoint, recoverFlow } from './flow-store.ts';
import { undoBlocks } from './flow-undo.hot.ts';
import { newestTip } from './ledger-rows.ts';
import type { DecodedBlock, DecodedColumn } from './native-block.ts';
import { type RowBase, sqlRow } from './row-base.ts';
import { commonBlocks } from './server-fork.ts';
import { plainNumber } from './table-columns.ts';
import { countersOf, NO_ROWS, type TipRecord } from './tip-record.ts';

/** Rows asked for at a time: large answers, small memory. */
const SPAN_ROWS = 500_000;

/** A tip that moves is run after so often. */
const ATTEMPTS_MAX = 10;

export interface FetchPlace {
  readonly engine: LedgerEngine;
  readonly base: RowBase;
  readonly network: Network;
  /** `<data>/<network>/flow` */
  readonly folder: string;
  readonly options: FlowColumnsOptions & {
    /** Told the rows fetched and their number. */
    readonly onFetch?: (done: number, total: number) => void;
    /** Stops fetching; what was checked so far stays. */
    readonly signal?: AbortSignal;
    /** Inputs and outputs between two checkpoints. */
    readonly fetchStepRows?: number;
  };
}

/**
 * Bring the flow index in a folder to a tip: from what is there as far as that lies on the same chain, else anew.
 *
 * @param isAnew what is there is damaged
 * @returns the tip that it is at: a newer one when the writer went on meanwhile
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when the tables do not hold what the tip's checksums say; CLEW_LEDGER_EMPTY
 *   when the writer emptied them meanwhile
 */
export async function fetchFlow(
  place: FetchPlace,
  tip: TipRecord,
  isAnew = false,
): Promise<TipRecord> {
  let [wanted, isFresh] = [tip, isAnew];
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (await isBroughtTo(place, wanted, isFresh)) return wanted;
    const newest = (await newestTip(place.engine, place.folder)).tip;
    if (newest === undefined) {
      throw new ClewError('CLEW_LEDGER_EMPTY', 'The ledger was emptied just now.');
    }
    // The writer undid blocks while they were fetched: on with its new tip. Else what was there before is to blame.
    if (isSameTip(newest, wanted)) {
      if (isFresh) break;
      isFresh = true;
    }
    wanted = newest;
  }
  throw new ClewError(
    'CLEW_LEDGER_DAMAGED',
    'The rows in the tables of the server are not those that the checksums of the tip tell.',
    { height: wanted.height },
  );
}

async function isBroughtTo(place: FetchPlace, tip: TipRecord, isAnew: boolean): Promise<boolean> {
  const at = isAnew ? undefined : checkpointOf(place);
  if (at !== undefined && isSameTip(at, tip)) return true;
  const older = at === undefined ? undefined : await reopen(place, at, tip);
  return isFetched(place, older ?? createFlow(place.folder, place.network, place.options), tip);
}

/** The tip of what was fetched before. */
function checkpointOf({ folder, network }: FetchPlace): TipRecord | undefined {
  try {
    return readCheckpoint(folder, network).tip;
  } catch {
    return undefined;
  }
}

function isSameTip(a: TipRecord, b: TipRecord): boolean {
  return a.hash === b.hash && sameStates(a.rows, b.rows);
}

/** What was fetched before, open for writing, back at the last block that the tip's chain has too. */
async function reopen(
  { engine, base, network, folder, options }: FetchPlace,
  at: TipRecord,
  tip: TipRecord,
): Promise<FlowIndex | undefined> {
  let flow: FlowIndex | undefined;
  try {
    flow = recoverFlow(folder, network, at, options);
    const { blocks } = at.rows;
    const common = await commonBlocks(engine, base, flow, Math.min(blocks, tip.rows.blocks));
    if (common > 0) {
      if (common < blocks) undoBlocks(flow, common, countersOf(at));
      return flow;
    }
  } catch (error) {
    flow?.close();
    // Columns that can not be used are fetched anew; servers that do not answer are told.
    if (error instanceof ClewError && /^CLEW_(FLOW|COLUMN)_/.test(error.code)) return undefined;
    throw error;
  }
  flow.close();
  return undefined;
}

/** Append what a tip has and an index lacks; closes it. False when that does not fit the checksums. */
async function isFetched(place: FetchPlace, flow: FlowIndex, tip: TipRecord): Promise<boolean> {
  const { engine, base, options } = place;
  const progress = new FetchProgress(options.onFetch, rowsBetween(flow.counts, tip.rows));
  try {
    for (const step of await stepsTo(engine, base, flow.counts, tip, options.fetchStepRows)) {
      const from = flow.counts;
      if (!(await appendFacts(place, flow, step.rows, progress))) return false;
      flow.columns.flush('fact');
      if (!sameStates(flow.columns.states('fact'), step.facts)) return false;
      replayLinks(flow, from.transactions === 0 ? NO_ROWS : from);
      flow.requireWhole();
      checkpointFlow(flow, step, step === tip);
    }
    return true;
  } finally {
    flow.close();
  }
}

function sameStates(a: object, b: object): boolean {
  const sorted = (value: unknown): unknown =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .sort(([x], [y]) => (x < y ? -1 : 1))
            .map(([name, each]) => [name, sorted(each)]),
        );
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

type Append = (flow: FlowIndex, block: DecodedBlock) => void;

interface Source {
  readonly table: string;
  readonly idColumn: string;
  readonly family: keyof FlowCounts;
  readonly columns: readonly string[];
  readonly append: Append;
  /** Not one row for each number. */
  readonly countedBy?: keyof FlowCounts;
}

const SOURCES: readonly Source[] = [
  {
    table: 'blocks',
    idColumn: 'block_index',
    family: 'blocks',
    columns: ['height', 'time', 'first_tx'],
    append: appendBlocks,
  },
  {
    table: 'transactions',
    idColumn: 'tx_index',
    family: 'transactions',
    columns: [
      'block_index',
      'first_input',
      'first_output',
      'input_count',
      'output_count',
      'flags',
      'txid',
    ],
    append: appendTransactions,
  },
  {
    table: 'inputs',
    idColumn: 'input_index',
    family: 'inputs',
    columns: ['prev_output', 'sequence', 'kind', 'sighash_mask'],
    append: appendInputs,
  },
  {
    table: 'outputs',
    idColumn: 'output_index',
    family: 'outputs',
    columns: ['value', 'script_id', 'tx_index'],
    append: appendOutputs,
  },
  {
    table: 'scripts',
    idColumn: 'script_id',
    family: 'scripts',
    columns: ['kind', 'first_output', 'script'],
    append: appendScripts,
  },
  {
    table: 'reveals',
    idColumn: 'reveal_index',
    family: 'reveals',
    columns: ['script_id', 'tx_index', 'kind', 'payload'],
    append: appendReveals,
  },
  {
    table: 'undo_inputs',
    idColumn: 'input_index',
    family: 'inputs',
    countedBy: 'undoInputs',
    columns: ['input_index', 'value', 'script_id', 'origin'],
    append: appendUndoInputs,
  },
];

function rowsBetween(from: FlowCounts, to: FlowCounts): number {
  return SOURCES.reduce((sum, { family }) => sum + to[family] - from[family], 0);
}

class FetchProgress {
  readonly #tell: ((done: number, total: number) => void) | undefined;
  readonly #total: number;
  #done = 0;

  constructor(tell: ((done: number, total: number) => void) | undefined, total: number) {
    this.#tell = tell;
    this.#total = total;
  }

  add(rows: number): void {
    this.#done += rows;
    this.#tell?.(this.#done, this.#total);
  }
}

/** False when rows are missing. */
async function appendFacts(
  place: FetchPlace,
  flow: FlowIndex,
  to: FlowCounts,
  progress: FetchProgress,
): Promise<boolean> {
  const from = flow.counts;
  for (const source of SOURCES) {
    const { family, countedBy = family, append } = source;
    const expected = to[countedBy] - from[countedBy];
    let found = 0;
    if (expected > 0) {
      for await (const blocks of spans(place, source, from[family], to[family])) {
        for (const block of blocks) {
          append(flow, block);
          found += block.rowCount;
          if (countedBy === family) progress.add(block.rowCount);
        }
        stopWhenAsked(place.options.signal);
      }
    }
    if (found !== expected) return false;
    if (countedBy !== family) progress.add(to[family] - from[family]);
  }
  return true;
}

function stopWhenAsked(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new ClewError('CLEW_INTERRUPTED', 'Fetching was stopped; what was checked so far stays.');
}

/** The answers one after the other; the next one is on its way while one is taken in. */
async function* spans(
  { engine, base }: FetchPlace,
  { table, idColumn, family, columns }: Source,
  from: number,
  end: number,
): AsyncGenerator<readonly DecodedBlock[]> {
  const list = columns.map((column) => `${plainNumber(column, base)} AS ${column}_`).join(', ');
  const first = family in base ? base[family as keyof RowBase] : 0n;
  const ask = (at: number): Promise<DecodedBlock[]> => {
    const next = Math.min(end, at + SPAN_ROWS);
    const asked = engine.readNative(
      `SELECT ${list} FROM ${table} WHERE ${idColumn} >= ${sqlRow(first, at)} ` +
        `AND ${idColumn} < ${sqlRow(first, next)} ORDER BY ${idColumn}`,
    );
    // Whoever stops early leaves one that nobody waits for.
    asked.catch(() => undefined);
    return asked;
  };
  let answer = ask(from);
  for (let at = from; at < end; at += SPAN_ROWS) {
    const blocks = await answer;
    if (at + SPAN_ROWS < end) answer = ask(at + SPAN_ROWS);
    yield blocks;
  }
}

type Numbers = Exclude<DecodedColumn, { readonly ends: Float64Array }>;

function numbersOf(block: DecodedBlock, column: string): Numbers {
  return block.columns[`${column}_`] as Numbers;
}

/** A row number as the columns have it. */
function rowOf(value: number): number {
  return value === Number.POSITIVE_INFINITY ? NONE : value;
}

function appendBlocks(flow: FlowIndex, block: DecodedBlock): void {
  const height = numbersOf(block, 'height');
  const time = numbersOf(block, 'time');
  const firstTx = numbersOf(block, 'first_tx');
  for (let row = 0; row < block.rowCount; row += 1) {
    flow.blockHeight.push(height[row]!);
    flow.blockTime.push(time[row]!);
    flow.blockFirstTx.push(firstTx[row]!);
  }
}

function appendTransactions(flow: FlowIndex, block: DecodedBlock): void {
  const txBlock = numbersOf(block, 'block_index');
  const firstInput = numbersOf(block, 'first_input');
  const firstOutput = numbersOf(block, 'first_output');
  const inputs = numbersOf(block, 'input_count');
  const outputs = numbersOf(block, 'output_count');
  const flags = numbersOf(block, 'flags');
  const txids = numbersOf(block, 'txid') as Uint8Array;
  flow.txids.pushRange(txids, 0, 32 * block.rowCount);
  for (let row = 0; row < block.rowCount; row += 1) {
    flow.txBlock.push(txBlock[row]!);
    flow.txFirstInput.push(firstInput[row]! + inputs[row]!);
    flow.txFirstOutput.push(firstOutput[row]! + outputs[row]!);
    flow.txFlags.push(flags[row]!);
  }
}

function appendInputs(flow: FlowIndex, block: DecodedBlock): void {
  const prevout = numbersOf(block, 'prev_output');
  const sequence = numbersOf(block, 'sequence');
  const kind = numbersOf(block, 'kind');
  const sighash = numbersOf(block, 'sighash_mask');
  for (let row = 0; row < block.rowCount; row += 1) {
    flow.inputPrevout.push(rowOf(prevout[row]!));
    flow.inputSequence.push(sequence[row]!);
    flow.inputKind.push(kind[row]!);
    flow.inputSighash.push(sighash[row]!);
  }
}

function appendOutputs(flow: FlowIndex, block: DecodedBlock): void {
  const value = numbersOf(block, 'value');
  const script = numbersOf(block, 'script_id');
  const tx = numbersOf(block, 'tx_index');
  for (let row = 0; row < block.rowCount; row += 1) {
    flow.outputValue.push(value[row]!);
    flow.outputScript.push(rowOf(script[row]!));
    flow.outputTx.push(tx[row]!);
  }
}

function appendScripts(flow: FlowIndex, block: DecodedBlock): void {
  const kind = numbersOf(block, 'kind');
  const firstOutput = numbersOf(block, 'first_output');
  const { bytes, ends } = block.columns['script_'] as { bytes: Uint8Array; ends: Float64Array };
  let start = 0;
  for (let row = 0; row < block.rowCount; row += 1) {
    const end = ends[row]!;
    flow.scriptKind.push(kind[row]!);
    flow.scriptFirstOutput.push(firstOutput[row]!);
    flow.scripts.push(bytes, start, end);
    start = end;
  }
}

function appendReveals(flow: FlowIndex, block: DecodedBlock): void {
  const script = numbersOf(block, 'script_id');
  const tx = numbersOf(block, 'tx_index');
  const kind = numbersOf(block, 'kind');
  const payload = numbersOf(block, 'payload') as Uint8Array;
  for (let row = 0; row < block.rowCount; row += 1) {
    flow.addReveal(script[row]!, tx[row]!, kind[row]!, payload, 32 * row);
  }
}

function appendUndoInputs(flow: FlowIndex, block: DecodedBlock): void {
  const input = numbersOf(block, 'input_index');
  const value = numbersOf(block, 'value');
  const script = numbersOf(block, 'script_id');
  const origin = numbersOf(block, 'origin');
  for (let row = 0; row < block.rowCount; row += 1) {
    flow.undoInputs.push(input[row]!, value[row]!, script[row]!, origin[row]!);
  }
}
