/**
 * The flow index on the disk: making, opening, checkpoints, and what is done after a kill.
 *
 *   flow.json     the checkpoint: the tip it was made at, and how far each column and key index goes
 *   journal       a checkpoint that is being made; complete or worthless
 *   *.col, *.crc  columns and the checksums of their pages; *.run key indexes
 *
 * Between checkpoints the columns of facts run ahead: their rows are written before a batch's tip is, and the tip's record
 * says how far they count. Columns that change in place stand as of the checkpoint. So after a kill the facts up to the
 * tip are there, and the links between checkpoint and tip are made again from them.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import type { BlockHash } from '../units/ids.ts';
import { CheckpointJournal } from './checkpoint-journal.ts';
import {
  type ColumnStates,
  FlowColumns,
  type FlowColumnsOptions,
  type FlowCounts,
  type KeyStates,
} from './flow-columns.ts';
import { FlowIndex } from './flow-index.ts';
import { insertKeys, replayLinks } from './flow-replay.hot.ts';
import { undoBlocks } from './flow-undo.hot.ts';
import { countersOf, type TipRecord } from './tip-record.ts';

export const FLOW_FORMAT = 'clew-flow/2';
const MANIFEST = 'flow.json';

/** Fronts of key indexes with fewer rows than this are not stored: they are filled again when the index is opened. */
const KEYS_STORED_MIN = 50_000;

export interface FlowCheckpoint {
  readonly format: typeof FLOW_FORMAT;
  /** The ledger's tip when the checkpoint was made. */
  readonly tip: TipRecord;
  readonly columns: ColumnStates;
  readonly keys: KeyStates;
}

/** A new, empty index in a folder; whatever index was there is dropped. */
export function createFlow(
  folder: string,
  network: Network,
  options: FlowColumnsOptions = {},
): FlowIndex {
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw fileError(cause, folder);
  }
  return new FlowIndex(network, FlowColumns.open({ folder, network, writable: true }, options));
}

/** Whether a checkpoint was ever made in a folder. */
export function hasCheckpoint(folder: string): boolean {
  return existsSync(join(folder, MANIFEST));
}

/**
 * The checkpoint in a folder.
 *
 * @throws {ClewError} CLEW_FLOW_STALE when there is none, CLEW_FLOW_FORMAT when it can not be used
 */
export function readCheckpoint(folder: string, network: Network): FlowCheckpoint {
  let text: string;
  try {
    text = readFileSync(join(folder, MANIFEST), 'utf8');
  } catch (cause) {
    throw new ClewError('CLEW_FLOW_STALE', 'There is no whole flow index.', { folder }, cause);
  }
  let checkpoint: Partial<FlowCheckpoint> | undefined;
  try {
    checkpoint = JSON.parse(text) as Partial<FlowCheckpoint>;
  } catch {
    // Falls through to the one error for a manifest that can not be used.
  }
  const isUsable =
    checkpoint?.format === FLOW_FORMAT &&
    typeof checkpoint.columns === 'object' &&
    typeof checkpoint.keys === 'object' &&
    typeof checkpoint.tip === 'object';
  if (!isUsable) {
    const what = 'The manifest of the flow index can not be read.';
    throw new ClewError('CLEW_FLOW_FORMAT', what, { folder });
  }
  if (checkpoint!.tip!.network !== network.name) {
    throw new ClewError('CLEW_FLOW_FORMAT', 'The flow index is of another network.', { folder });
  }
  return checkpoint as FlowCheckpoint;
}

/**
 * The index as of a checkpoint.
 *
 * @param facts states of the columns of facts when they go further than the checkpoint
 * @throws {ClewError} CLEW_FLOW_FORMAT, CLEW_COLUMN_DAMAGED
 */
function openAt(
  folder: string,
  network: Network,
  checkpoint: FlowCheckpoint,
  options: FlowColumnsOptions & { readonly writable: boolean },
  facts: ColumnStates = {},
): FlowIndex {
  const columns = FlowColumns.open(
    {
      folder,
      network,
      writable: options.writable,
      states: { ...checkpoint.columns, ...facts },
      keys: checkpoint.keys,
    },
    options,
  );
  const flow = new FlowIndex(network, columns);
  flow.tip = tipOf(checkpoint.tip);
  return flow;
}

function tipOf(record: TipRecord): { height: number; hash: BlockHash } {
  return { height: record.height, hash: record.hash as BlockHash };
}

/**
 * Open the index of a ledger that is whole.
 *
 * @throws {ClewError} CLEW_FLOW_STALE when the index is of another tip, CLEW_FLOW_FORMAT, CLEW_COLUMN_DAMAGED
 */
export function openFlow(
  folder: string,
  network: Network,
  tip: TipRecord,
  options: FlowColumnsOptions & { readonly writable: boolean },
): FlowIndex {
  const checkpoint = readCheckpoint(folder, network);
  if (checkpoint.tip.hash !== tip.hash || !sameCounts(checkpoint.tip.rows, tip.rows)) {
    throw new ClewError('CLEW_FLOW_STALE', 'The flow index is of another tip.', { folder });
  }
  const flow = openAt(folder, network, checkpoint, options);
  return closingOnError(flow, () => {
    flow.requireWhole();
    insertKeys(flow, checkpoint.tip.rows);
    return flow;
  });
}

/** The index as of the last checkpoint, for reading while a writer goes on. */
export function openFlowAtCheckpoint(
  folder: string,
  network: Network,
  options: FlowColumnsOptions,
): FlowIndex {
  const checkpoint = readCheckpoint(folder, network);
  return openFlow(folder, network, checkpoint.tip, { ...options, writable: false });
}

function sameCounts(a: FlowCounts, b: FlowCounts): boolean {
  return a.blocks === b.blocks && a.transactions === b.transactions && a.outputs === b.outputs;
}

function closingOnError<T>(flow: FlowIndex, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    flow.close();
    throw cause;
  }
}

/**
 * Bring the index of a ledger that was left while writing to the ledger's tip: forward by what the facts say, or back
 * when blocks were being undone.
 *
 * @returns the index, open for writing, without a checkpoint at its tip yet
 * @throws {ClewError} CLEW_FLOW_STALE, CLEW_FLOW_FORMAT, CLEW_COLUMN_DAMAGED when the files do not hold what the tip says
 */
export function recoverFlow(
  folder: string,
  network: Network,
  tip: TipRecord,
  options: FlowColumnsOptions & { readonly onProgress?: (transactions: number) => void } = {},
): FlowIndex {
  CheckpointJournal.recover(folder);
  const checkpoint = readCheckpoint(folder, network);
  const at = checkpoint.tip.rows;
  const writable = { ...options, writable: true };
  if (at.transactions > tip.rows.transactions) {
    const flow = openAt(folder, network, checkpoint, writable);
    return closingOnError(flow, () => {
      flow.requireWhole();
      insertKeys(flow, at);
      undoBlocks(flow, tip.rows.blocks, countersOf(checkpoint.tip));
      return flow;
    });
  }
  const flow = openAt(folder, network, checkpoint, writable, tip.facts);
  return closingOnError(flow, () => {
    insertKeys(flow, at);
    replayLinks(flow, at, options.onProgress);
    flow.requireWhole();
    return flow;
  });
}

/**
 * Make all links anew from the facts.
 *
 * @throws {ClewError} CLEW_FLOW_STALE, CLEW_FLOW_FORMAT, CLEW_COLUMN_DAMAGED when the facts do not hold what the tip says
 */
export function rebuildLinks(
  folder: string,
  network: Network,
  tip: TipRecord,
  options: FlowColumnsOptions & { readonly onProgress?: (transactions: number) => void } = {},
): FlowIndex {
  CheckpointJournal.recover(folder);
  const columns = FlowColumns.openFacts({ folder, network, states: tip.facts }, options);
  const flow = new FlowIndex(network, columns);
  return closingOnError(flow, () => {
    replayLinks(flow, NO_COUNTS, options.onProgress);
    flow.requireWhole();
    return flow;
  });
}

const NO_COUNTS: FlowCounts = {
  blocks: 0,
  transactions: 0,
  inputs: 0,
  outputs: 0,
  scripts: 0,
  scriptBytes: 0,
  reveals: 0,
  undoInputs: 0,
  destroyed: 0,
  milestones: 0,
};

/**
 * Put everything on the disk, then the manifest that makes it count.
 *
 * The journal is what makes it all or nothing: once it is complete, the checkpoint is made, whoever finishes it.
 *
 * @param tip the ledger's tip, which is in the tables already
 */
export function checkpointFlow(flow: FlowIndex, tip: TipRecord, isEnd: boolean): void {
  flow.tip = tipOf(tip);
  const { columns } = flow;
  if (columns.folder === undefined) return;
  columns.flush();
  columns.storeKeys(flow.counts, isEnd ? KEYS_STORED_MIN : Number.POSITIVE_INFINITY);
  columns.sync();
  new CheckpointJournal(columns.folder).checkpoint(columns.mutableColumns, () => {
    const checkpoint: FlowCheckpoint = {
      format: FLOW_FORMAT,
      tip,
      columns: columns.states(),
      keys: columns.keyStates(),
    };
    return { fileName: MANIFEST, text: `${JSON.stringify(checkpoint)}\n` };
  });
  columns.dropUnreferencedKeys();
}

/** Whether links can help that are made anew: something of the flow index is missing or not what was written. */
export function isDamage(error: unknown): boolean {
  const code = error instanceof ClewError ? error.code : undefined;
  return (
    code === 'CLEW_FLOW_STALE' || code === 'CLEW_FLOW_FORMAT' || code === 'CLEW_COLUMN_DAMAGED'
  );
}
