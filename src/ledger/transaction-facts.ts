/** Everything the ledger knows of one transaction, without reading its bytes again. */
import { displayToHash } from '../bytes/hex.ts';
import { scriptToAddress } from '../chain/address.ts';
import { inputKindName } from '../chain/input-kind.ts';
import { keyFormName, sighashNames } from '../chain/input-names.ts';
import { scriptKindName } from '../chain/script-kind.ts';
import { ClewError } from '../errors.ts';
import type { Address, OutputIndex, TxIndex, Txid } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import type { LedgerEngine } from './engine.ts';
import { type FlowIndex, SPENDER_MAX, TX_FLAG, UNSPENDABLE } from './flow-index.ts';
import { type RowBase, sqlRow } from './row-base.ts';

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

interface TxRow {
  readonly version: number;
  readonly locktime: number;
  readonly raw_offset: number;
  readonly size_bytes: number;
  readonly stripped_bytes: number;
  readonly block_hash: string;
  readonly path: string;
  readonly file_offset: string;
}

interface InputRow {
  readonly key_form: number;
  readonly witness_items: number;
  readonly prev_txid: string;
  readonly prev_vout: number;
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
  const same = getSameId(flow, txid, txEnd);
  const { engine, base } = tables;
  const tx = same.at(-1)!;
  const [row] = await engine.query<TxRow>(
    `SELECT t.version AS version, t.locktime AS locktime, t.raw_offset AS raw_offset, t.size_bytes AS size_bytes,
            t.stripped_bytes AS stripped_bytes, lower(hex(reverse(b.hash))) AS block_hash, b.file_offset AS file_offset,
            f.path AS path
     FROM (SELECT * FROM transactions WHERE tx_index = ${sqlRow(base.transactions, tx)}) AS t
     INNER JOIN (SELECT * FROM blocks WHERE block_index = ${sqlRow(base.blocks, flow.txBlock.at(tx))}) AS b ON b.block_index = t.block_index
     INNER JOIN files AS f ON f.file_id = b.file_id`,
  );
  if (row === undefined) {
    throw new ClewError('CLEW_LEDGER_DAMAGED', 'A transaction has no row in the tables.', { txid });
  }
  const flags = flow.txFlags.at(tx);
  const isCoinbase = (flags & TX_FLAG.coinbase) !== 0;
  const inputs = await readInputs(tables, flow, tx, isCoinbase);
  const outputs = await readOutputs(tables, flow, tx, txEnd);
  const unknownInputs = isCoinbase
    ? 0
    : inputs.filter((input) => input.valueSats === undefined).length;
  const feeKnown = !isCoinbase && unknownInputs === 0 && inputs.length > 0;
  const sum = (items: readonly { readonly valueSats?: number }[]): number =>
    items.reduce((total, item) => total + (item.valueSats ?? 0), 0);
  return {
    txid: flow.txid(tx),
    height: flow.txHeight(tx),
    blockHash: row.block_hash,
    timeSeconds: flow.txTime(tx),
    position: flow.txPosition(tx),
    version: row.version,
    locktime: row.locktime,
    sizeBytes: row.size_bytes,
    weight: row.stripped_bytes * 3 + row.size_bytes,
    isCoinbase,
    hasWitness: (flags & TX_FLAG.witness) !== 0,
    inputs,
    outputs,
    ...(feeKnown ? { feeSats: sum(inputs) - sum(outputs) } : {}),
    unknownInputs,
    sameIdAtHeights: same.filter((other) => other !== tx).map((other) => flow.txHeight(other)),
    raw: {
      file: row.path,
      offsetBytes: Number(row.file_offset) + row.raw_offset,
      lengthBytes: row.size_bytes,
    },
  };
}

async function readInputs(
  { engine, base }: LedgerTables,
  flow: FlowIndex,
  tx: number,
  isCoinbase: boolean,
): Promise<InputFacts[]> {
  const first = flow.txFirstInput.at(tx);
  const end = flow.txFirstInput.at(tx + 1);
  const range = `input_index >= ${sqlRow(base.inputs, first)} AND input_index < ${sqlRow(base.inputs, end)}`;
  const rows = await engine.query<InputRow>(
    `SELECT i.key_form AS key_form, i.witness_items AS witness_items,
            lower(hex(reverse(u.prev_txid))) AS prev_txid, u.prev_vout AS prev_vout
     FROM (SELECT * FROM inputs WHERE ${range}) AS i
     LEFT JOIN (SELECT * FROM unknown_prevouts WHERE ${range}) AS u
       ON u.input_index = i.input_index
     ORDER BY i.input_index`,
  );
  return rows.map((row, vin) => {
    const input = first + vin;
    const shape = {
      vin,
      inputKind: inputKindName(flow.inputKind.at(input)),
      keyForm: keyFormName(row.key_form),
      sighashTypes: sighashNames(flow.inputSighash.at(input)),
      sequence: flow.inputSequence.at(input),
      witnessItems: row.witness_items,
    };
    if (isCoinbase) return shape;
    const prevout = flow.inputPrevout.at(input);
    if (prevout === NONE) {
      const named = { ...shape, prevTxid: row.prev_txid as Txid, prevVout: row.prev_vout };
      return { ...named, ...undoFacts(flow, input) };
    }
    const prevTx = flow.outputTx.at(prevout);
    return {
      ...shape,
      prevTxid: flow.txid(prevTx),
      prevVout: prevout - flow.txFirstOutput.at(prevTx),
      valueSats: flow.outputValue.at(prevout),
      ...scriptFacts(flow, flow.outputScript.at(prevout)),
    };
  });
}

/** What undo data tells of an input that spends from before the ledger. */
function undoFacts(
  flow: FlowIndex,
  input: number,
): Pick<InputFacts, 'valueSats' | 'scriptKind' | 'address' | 'isFromUndo' | 'madeAtHeight'> {
  const { undoInputs } = flow;
  const row = undoInputs.find(input);
  if (row === NONE) return {};
  const origin = undoInputs.origin.at(row);
  return {
    valueSats: undoInputs.value.at(row),
    ...scriptFacts(flow, undoInputs.script.at(row)),
    isFromUndo: true,
    ...(origin === 0 ? {} : { madeAtHeight: Math.floor(origin / 2) }),
  };
}

function scriptFacts(
  flow: FlowIndex,
  scriptId: number,
): { scriptKind?: string; address?: Address } {
  if (scriptId === NONE) return {};
  const address = scriptToAddress(flow.scripts.read(scriptId), flow.network);
  return {
    scriptKind: scriptKindName(flow.scriptKind.at(scriptId)),
    ...(address === undefined ? {} : { address }),
  };
}

async function readOutputs(
  { engine, base }: LedgerTables,
  flow: FlowIndex,
  tx: number,
  txEnd: number,
): Promise<OutputFacts[]> {
  const first = flow.txFirstOutput.at(tx);
  const end = flow.txFirstOutput.at(tx + 1);
  const rows = await engine.query<{ kind: number; script_bytes: number }>(
    `SELECT kind, script_bytes FROM outputs WHERE output_index >= ${sqlRow(base.outputs, first)} AND output_index < ${sqlRow(base.outputs, end)} ORDER BY output_index`,
  );
  return rows.map((row, vout) => {
    const output = first + vout;
    const scriptId = flow.outputScript.at(output);
    return {
      vout,
      valueSats: flow.outputValue.at(output),
      scriptBytes: row.script_bytes,
      scriptKind: scriptKindName(row.kind),
      ...(scriptId === NONE ? {} : scriptFacts(flow, scriptId)),
      ...spendFacts(flow, output, txEnd),
    };
  });
}

function spendFacts(
  flow: FlowIndex,
  output: number,
  txEnd: number,
): Pick<OutputFacts, 'status' | 'spentBy'> {
  const spender = flow.outputSpender.at(output);
  if (spender === UNSPENDABLE) return { status: 'unspendable' };
  // Also an overwritten output: its transaction is the newest with its id, so the one that overwrote it came later.
  if (spender >= SPENDER_MAX || spender >= txEnd) return { status: 'unspent' };
  const first = flow.txFirstInput.at(spender);
  let vin = 0;
  while (flow.inputPrevout.at(first + vin) !== output) vin += 1;
  return {
    status: 'spent',
    spentBy: { txid: flow.txid(spender), vin, height: flow.txHeight(spender) },
  };
}
