/** Everything the ledger knows of one transaction, without reading its bytes again. */
import { displayToHash } from '../bytes/hex.ts';
import { ClewError } from '../errors.ts';
import type { Address, OutputIndex, TxIndex, Txid } from '../units/ids.ts';
import type { LedgerEngine } from './engine.ts';
import type { FlowIndex } from './flow-index.ts';
import { readTransactionPlaces } from './raw-places.ts';
import { Breather } from './read/breather.ts';
import { readFlowTransactions } from './read/flow-transactions.ts';
import { transactionWords } from './read/transaction-words.ts';
import type { RowBase } from './row-base.ts';

/** The tables of a ledger, and where their row numbers begin: a `Ledger` is one. */
export interface LedgerTables {
  readonly engine: LedgerEngine;
  readonly base: RowBase;
}

export interface InputFacts {
  readonly vin: number;
  /** Undefined for a coinbase. */
  readonly prevTxid?: Txid;
  readonly prevVout?: number;
  /** Undefined when the previous output is unknown. */
  readonly valueSats?: number;
  readonly address?: Address;
  readonly scriptKind?: string;
  readonly inputKind: string;
  readonly keyForm: string;
  readonly sighashTypes: readonly string[];
  readonly sequence: number;
  readonly witnessItems: number;
  /** The previous output lies before the ledger; value, script and address are those of undo data. */
  readonly isFromUndo?: true;
  /** With `isFromUndo`, the height of the block that made the previous output, when undo data tells. */
  readonly madeAtHeight?: number;
}

export interface OutputFacts {
  readonly vout: number;
  readonly valueSats: number;
  readonly scriptKind: string;
  readonly scriptBytes: number;
  readonly address?: Address;
  readonly status: 'unspent' | 'spent' | 'unspendable';
  readonly spentBy?: { readonly txid: Txid; readonly vin: number; readonly height: number };
}

export interface TransactionFacts {
  readonly txid: Txid;
  readonly height: number;
  readonly blockHash: string;
  readonly timeSeconds: number;
  /** Place in the block; 0 is the coinbase. */
  readonly position: number;
  readonly version: number;
  readonly locktime: number;
  readonly sizeBytes: number;
  readonly weight: number;
  readonly isCoinbase: boolean;
  readonly hasWitness: boolean;
  readonly inputs: readonly InputFacts[];
  readonly outputs: readonly OutputFacts[];
  /** Undefined for a coinbase and when a previous output is unknown. */
  readonly feeSats?: number;
  readonly unknownInputs: number;
  /** Heights of other transactions with the same id (before BIP 30). */
  readonly sameIdAtHeights: readonly number[];
  /** Where the raw bytes stand, as the block's place and the offset in it. */
  readonly raw: {
    readonly file: string;
    readonly offsetBytes: number;
    readonly lengthBytes: number;
  };
}

/** Rows of the transactions with an id as people write it, oldest first: more than one only before BIP 30. */
export function findTransactions(flow: FlowIndex, txid: string): TxIndex[] {
  return flow.findTxs(displayToHash(txid)) as TxIndex[];
}

/**
 * The row of the transaction that an id means: the newest, as of a height when `txEnd` is given.
 *
 * @param txEnd only transactions before this row
 * @throws {ClewError} CLEW_TXID_FORMAT, CLEW_TX_NOT_FOUND
 */
export function getTransactionIndex(
  flow: FlowIndex,
  txid: string,
  txEnd: number = flow.txCount,
): TxIndex {
  return getSameId(flow, txid, txEnd).at(-1)!;
}

/** All transactions with an id before a row, oldest first, at least one. */
function getSameId(flow: FlowIndex, txid: string, txEnd: number): TxIndex[] {
  if (!/^[0-9a-fA-F]{64}$/.test(txid)) {
    throw new ClewError('CLEW_TXID_FORMAT', 'This is not a transaction id.', {
      length: txid.length,
    });
  }
  const all = findTransactions(flow, txid.toLowerCase());
  const [oldest] = all;
  if (oldest === undefined) {
    throw new ClewError('CLEW_TX_NOT_FOUND', `The transaction ${txid} is not in this ledger.`, {
      txid,
    });
  }
  const found = all.filter((tx) => tx < txEnd);
  if (found.length > 0) return found;
  const what = 'The transaction is later than the height asked for.';
  throw new ClewError('CLEW_TX_NOT_FOUND', what, { txid, height: flow.txHeight(oldest) });
}

/**
 * The row of an output named by its transaction and number.
 *
 * @param txEnd only transactions before this row: an as-of height
 * @throws {ClewError} CLEW_TXID_FORMAT, CLEW_TX_NOT_FOUND, CLEW_OUTPUT_NOT_FOUND
 */
export function getOutputIndex(
  flow: FlowIndex,
  txid: string,
  vout: number,
  txEnd: number = flow.txCount,
): OutputIndex {
  const tx = getTransactionIndex(flow, txid, txEnd);
  const output = flow.txFirstOutput.at(tx) + vout;
  if (vout < 0 || output >= flow.txFirstOutput.at(tx + 1)) {
    throw new ClewError('CLEW_OUTPUT_NOT_FOUND', `The transaction has no output ${vout}.`, {
      txid,
      vout,
      outputs: flow.txFirstOutput.at(tx + 1) - flow.txFirstOutput.at(tx),
    });
  }
  return output as OutputIndex;
}

/**
 * All facts of the transaction with an id.
 *
 * @param options.txEnd as of a height: what later transactions did to it is not told
 * @throws {ClewError} CLEW_TXID_FORMAT, CLEW_TX_NOT_FOUND
 * @example await readTransaction(ledger, flow, 'f4184fc5…')
 */
export async function readTransaction(
  tables: LedgerTables,
  flow: FlowIndex,
  txid: string,
  options: { readonly txEnd?: number } = {},
): Promise<TransactionFacts> {
  const txEnd = options.txEnd ?? flow.txCount;
  const older = getSameId(flow, txid, txEnd);
  const tx = older.pop()!;
  const places = await readTransactionPlaces(tables, flow, [tx]);
  const { blockHash, ...raw } = places.get(tx)!;
  const state = { flow, txEnd, breather: new Breather(undefined) };
  const [read] = await readFlowTransactions(tables, state, [{ tx, older }], () => blockHash);
  return { ...transactionWords(read!, flow.network), raw };
}
