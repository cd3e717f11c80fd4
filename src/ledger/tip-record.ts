import type { NetworkName } from '../chain/network.ts';
import type { LEDGER_FORMAT_VERSION } from './schema.ts';

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
