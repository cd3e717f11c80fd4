/**
 * Transactions as Esplora gives them, made from their bytes, which are read again, and what the ledger knows of them.
 *
 * First everything that the ledger tells is taken from one state of it; then bytes are read, from files or from a node, while
 * the ledger is free again. Bytes count only when their hash is the txid.
 */
import {
  type EsploraStatus,
  type EsploraTransaction,
  esploraTransaction,
  type Prevout,
} from '../../chain/esplora-transaction.ts';
import type { Network } from '../../chain/network.ts';
import { parseTransaction, type Transaction } from '../../chain/transaction.ts';
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import type { RawPlace } from '../../ledger/raw-places.ts';
import type { RawSource } from '../../pipeline/raw-source.ts';
import type { BlockHash, Txid } from '../../units/ids.ts';
import { NONE } from '../../units/ids.ts';
import type { EsploraState } from './esplora-site.ts';

/** What the ledger tells of a transaction, and where its bytes are. */
export interface TransactionPlan {
  readonly txid: Txid;
  readonly place: RawPlace;
  readonly status: EsploraStatus;
  /** What each input spends; undefined where that is not known, and for a coinbase. */
  readonly prevouts: readonly (Prevout | undefined)[];
}

/** Where a confirmed transaction is. */
export function statusOf(flow: FlowIndex, tx: number, blockHash: BlockHash): EsploraStatus {
  return {
    confirmed: true,
    block_height: flow.txHeight(tx),
    block_hash: blockHash,
    block_time: flow.txTime(tx),
  };
}

function prevoutsOf(flow: FlowIndex, tx: number): (Prevout | undefined)[] {
  const prevouts: (Prevout | undefined)[] = [];
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    const script = flow.isInputKnown(input) ? flow.inputScript(input) : NONE;
    prevouts.push(
      script === NONE
        ? undefined
        : { valueSats: flow.inputValue(input), script: flow.scripts.read(script) },
    );
  }
  return prevouts;
}

/** Inside the gate: plans of transactions, by their rows, in the order asked. */
export async function planTransactions(
  { places, flow }: EsploraState,
  txs: readonly number[],
): Promise<TransactionPlan[]> {
  if (txs.length === 0) return [];
  const found = await places.ofTransactions(flow, txs);
  return txs.map((tx, i) => {
    const place = found[i]!;
    return {
      txid: flow.txid(tx),
      place,
      status: statusOf(flow, tx, place.blockHash),
      prevouts: prevoutsOf(flow, tx),
    };
  });
}

/**
 * The bytes of a transaction, proven to be it.
 *
 * @throws {ClewError} CLEW_RAW_GONE, and what reading throws
 */
export async function readTransactionBytes(
  { place, txid }: Pick<TransactionPlan, 'place' | 'txid'>,
  raw: RawSource,
  network: Network,
): Promise<{ readonly tx: Transaction; readonly bytes: Uint8Array }> {
  const bytes = await raw.read(place, place.blockHash);
  const tx = parseWhole(bytes, network);
  if (tx?.txid !== txid) {
    const what = 'The block file holds something else at the place noted.';
    throw new ClewError('CLEW_RAW_GONE', what, { txid, blockHash: place.blockHash });
  }
  return { tx, bytes };
}

function parseWhole(bytes: Uint8Array, network: Network): Transaction | undefined {
  try {
    const { tx, length } = parseTransaction(bytes, 0, network);
    return length === bytes.length ? tx : undefined;
  } catch (error) {
    if (error instanceof ClewError) return undefined;
    throw error;
  }
}

/** Outside the gate: the values of plans, all or none. */
export async function transactionValues(
  plans: readonly TransactionPlan[],
  raw: RawSource,
  network: Network,
): Promise<EsploraTransaction[]> {
  const values: EsploraTransaction[] = [];
  for (const plan of plans) {
    const { tx } = await readTransactionBytes(plan, raw, network);
    values.push(esploraTransaction(tx, plan.prevouts, plan.status, network));
  }
  return values;
}
