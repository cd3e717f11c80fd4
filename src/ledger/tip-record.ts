import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { LEDGER_FORMAT_VERSION } from './schema.ts';

/** Rows that count in each numbered family of tables; what lies beyond was never committed. */
export interface RowCounts {
  readonly files: number;
  readonly blocks: number;
  readonly transactions: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly scripts: number;
}

/** One row of the commit log: the state of the ledger after a batch. Amounts are decimal strings. */
export interface TipRecord {
  readonly formatVersion: typeof LEDGER_FORMAT_VERSION;
  readonly network: NetworkName;
  readonly height: number;
  readonly hash: string;
  readonly rows: RowCounts;
  readonly counters: {
    readonly inputs: number;
    readonly addresses: number;
    readonly unspentCount: number;
    readonly unspentSats: string;
    readonly unknownInputs: number;
    readonly knownFeesSats: string;
  };
}

/**
 * A row of the commit log as it was read.
 *
 * @param folder of the ledger, for the error
 * @throws {ClewError} CLEW_DATA_NEWER, CLEW_LEDGER_DAMAGED
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
  return record;
}
