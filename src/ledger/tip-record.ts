import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { LedgerCounters } from './counters.ts';
import type { ColumnStates, FlowCounts } from './flow-columns.ts';
import type { FlowIndex } from './flow-index.ts';
import { NO_BASE, type RowBase } from './row-base.ts';
import { LEDGER_FORMAT_VERSION } from './schema.ts';

/** Rows that count in each numbered family; what lies beyond was never committed. */
export interface RowCounts extends FlowCounts {
  readonly files: number;
}

/** Those of an empty ledger. */
export const NO_ROWS: RowCounts = {
  files: 0,
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

/** One row of the commit log: the state of the ledger after a batch. Amounts and bases are decimal strings. */
export interface TipRecord {
  readonly formatVersion: typeof LEDGER_FORMAT_VERSION;
  readonly network: NetworkName;
  /** On servers: the data folder that wrote it, see `server-writer.ts`. */
  readonly writer?: string;
  readonly height: number;
  readonly hash: string;
  readonly base: { readonly [Family in keyof RowBase]: string };
  readonly rows: RowCounts;
  readonly counters: {
    readonly inputs: number;
    readonly addresses: number;
    readonly unspentCount: number;
    readonly unspentSats: string;
    readonly unknownInputs: number;
    readonly knownFeesSats: string;
  };
  /** How far the columns of facts go, with the checksums of their last pages. */
  readonly facts: ColumnStates;
}

/** The record of a commit: all that a flow index holds counts from then on. */
export function tipRecord(
  about: {
    readonly network: NetworkName;
    readonly writer: string | undefined;
    readonly base: RowBase;
  },
  tip: { readonly height: number; readonly hash: string; readonly files: number },
  flow: FlowIndex,
  counters: LedgerCounters,
): TipRecord {
  const { network, writer, base } = about;
  return {
    formatVersion: LEDGER_FORMAT_VERSION,
    network,
    ...(writer === undefined ? {} : { writer }),
    height: tip.height,
    hash: tip.hash,
    base: baseForRecord(base),
    rows: { files: tip.files, ...flow.counts },
    counters: countersForRecord(counters),
    facts: flow.columns.states('fact'),
  };
}

/**
 * A row of the commit log as it was read.
 *
 * @param folder of the ledger, for the error
 * @throws {ClewError} CLEW_DATA_NEWER, CLEW_DATA_OLDER, CLEW_LEDGER_DAMAGED
 */
export function parseTipRecord(text: string, folder: string): TipRecord {
  let record: TipRecord;
  try {
    record = JSON.parse(text) as TipRecord;
  } catch (cause) {
    const what = 'The newest commit of the ledger can not be read.';
    throw new ClewError('CLEW_LEDGER_DAMAGED', what, { folder }, cause);
  }
  if (record.formatVersion > LEDGER_FORMAT_VERSION) {
    throw new ClewError('CLEW_DATA_NEWER', 'The ledger was written by a newer Clew.', {
      folder,
      version: record.formatVersion,
    });
  }
  if (record.formatVersion < LEDGER_FORMAT_VERSION) {
    throw new ClewError('CLEW_DATA_OLDER', 'The ledger was written by an older Clew.', {
      folder,
      version: record.formatVersion,
    });
  }
  return record;
}

export function countersOf(record: TipRecord): LedgerCounters {
  const { rows, counters } = record;
  return {
    blocks: rows.blocks,
    transactions: rows.transactions,
    inputs: counters.inputs,
    outputs: rows.outputs,
    addresses: counters.addresses,
    unspentCount: counters.unspentCount,
    unspentSats: BigInt(counters.unspentSats),
    unknownInputs: counters.unknownInputs,
    undoInputs: rows.undoInputs,
    knownFeesSats: BigInt(counters.knownFeesSats),
  };
}

export function countersForRecord(counters: LedgerCounters): TipRecord['counters'] {
  return {
    inputs: counters.inputs,
    addresses: counters.addresses,
    unspentCount: counters.unspentCount,
    unspentSats: counters.unspentSats.toString(),
    unknownInputs: counters.unknownInputs,
    knownFeesSats: counters.knownFeesSats.toString(),
  };
}

export function baseOf(record: TipRecord | undefined): RowBase {
  if (record === undefined) return NO_BASE;
  const { blocks, transactions, inputs, outputs, scripts } = record.base;
  return {
    blocks: BigInt(blocks),
    transactions: BigInt(transactions),
    inputs: BigInt(inputs),
    outputs: BigInt(outputs),
    scripts: BigInt(scripts),
  };
}

export function baseForRecord(base: RowBase): TipRecord['base'] {
  return {
    blocks: base.blocks.toString(),
    transactions: base.transactions.toString(),
    inputs: base.inputs.toString(),
    outputs: base.outputs.toString(),
    scripts: base.scripts.toString(),
  };
}
