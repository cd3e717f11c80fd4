/**
 * Transactions of a local ledger as the query layer tells them: columns, and from the tables what only these hold.
 *
 * Whatever the number of transactions, the tables are asked once for each kind of row (in chunks of some thousand rows).
 */
import { bytesToHex } from '../../bytes/hex.ts';
import { ClewError } from '../../errors.ts';
import type { BlockHash, ScriptHex, Txid } from '../../units/ids.ts';
import { NONE } from '../../units/ids.ts';
import { type FlowIndex, SPENDER_MAX, TX_FLAG, UNSPENDABLE } from '../flow-index.ts';
import { sqlRow } from '../row-base.ts';
import type { LedgerTables } from '../transaction-facts.ts';
import type { Breather } from './breather.ts';
import type {
  Outpoint,
  ReadInput,
  ReadOutput,
  ReadSpender,
  ReadTransaction,
} from './ledger-reader.ts';

/** Row numbers in one statement: 20 digits each stay below the engine's limit for a statement, 256 KiB. */
const ROWS_PER_STATEMENT = 8_000;

/** The state that one answer is of. */
export interface FlowState {
  readonly flow: FlowIndex;
  /** Only transactions before this row: an as-of height. */
  readonly txEnd: number;
  /** Rests now and then when there is much to do. */
  readonly breather: Breather;
}

interface TxRow {
  readonly row: string;
  readonly version: number;
  readonly locktime: number;
  readonly size_bytes: number;
  readonly stripped_bytes: number;
}
interface InputRow {
  readonly row: string;
  readonly key_form: number;
  readonly witness_items: number;
}
interface PrevoutRow {
  readonly row: string;
  readonly prev_id: Txid;
  readonly prev_vout: number;
}
interface OutputRow {
  readonly row: string;
  readonly kind: number;
  readonly script_bytes: number;
}

/** What the tables hold of some transactions, by row number as the tables have it. */
interface TableRows {
  readonly transactions: ReadonlyMap<string, TxRow>;
  readonly inputs: ReadonlyMap<string, InputRow>;
  readonly prevouts: ReadonlyMap<string, PrevoutRow>;
  readonly outputs: ReadonlyMap<string, OutputRow>;
}

/** A transaction's row, and those of older transactions with the same id. */
export interface FlowTransaction {
  readonly tx: number;
  readonly older: readonly number[];
}

/**
 * Transactions by their rows, in the order that they are given.
 *
 * @param hashOf the hash of the block with a row
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when the tables lack a row
 */
export async function readFlowTransactions(
  tables: LedgerTables,
  state: FlowState,
  txs: readonly FlowTransaction[],
  hashOf: (block: number) => BlockHash,
): Promise<ReadTransaction[]> {
  const { flow, breather } = state;
  const rows = await readTableRows(
    tables,
    flow,
    txs.map(({ tx }) => tx),
  );
  const spends = new SpendFinder(flow);
  const found: ReadTransaction[] = [];
  for (const { tx, older } of txs) {
    const own = needRow(rows.transactions, sqlRow(tables.base.transactions, tx));
    const flags = flow.txFlags.at(tx);
    found.push({
      txid: flow.txid(tx),
      place: {
        height: flow.txHeight(tx),
        blockHash: hashOf(flow.txBlock.at(tx)),
        timeSeconds: flow.txTime(tx),
        position: flow.txPosition(tx),
      },
      version: own.version,
      locktime: own.locktime,
      sizeBytes: own.size_bytes,
      weight: own.stripped_bytes * 3 + own.size_bytes,
      isCoinbase: (flags & TX_FLAG.coinbase) !== 0,
      hasWitness: (flags & TX_FLAG.witness) !== 0,
      inputs: inputsOf(tables, flow, tx, rows),
      outputs: outputsOf(tables, state, tx, rows, spends),
      sameIdAtHeights: older.map((other) => flow.txHeight(other)),
    });
    const things = flow.txFirstInput.at(tx + 1) - flow.txFirstInput.at(tx) + 1;
    if (breather.isTired(20 * things)) await breather.rest();
  }
  return found;
}

async function readTableRows(
  { engine, base }: LedgerTables,
  flow: FlowIndex,
  txs: readonly number[],
): Promise<TableRows> {
  const txRows: string[] = [];
  const inputRows: string[] = [];
  const unknownRows: string[] = [];
  const dataRows: string[] = [];
  for (const tx of txs) {
    txRows.push(sqlRow(base.transactions, tx));
    const isBeyond = (flow.txFlags.at(tx) & (TX_FLAG.unknownPrevout | TX_FLAG.undoPrevout)) !== 0;
    const inputEnd = flow.txFirstInput.at(tx + 1);
    for (let input = flow.txFirstInput.at(tx); input < inputEnd; input += 1) {
      const row = sqlRow(base.inputs, input);
      inputRows.push(row);
      if (isBeyond && flow.inputPrevout.at(input) === NONE) unknownRows.push(row);
    }
    const outputEnd = flow.txFirstOutput.at(tx + 1);
    for (let output = flow.txFirstOutput.at(tx); output < outputEnd; output += 1) {
      if (flow.outputScript.at(output) === NONE) dataRows.push(sqlRow(base.outputs, output));
    }
  }
  const read = async <Row extends { readonly row: string }>(
    table: string,
    id: string,
    columns: string,
    ids: readonly string[],
  ): Promise<Map<string, Row>> => {
    const byRow = new Map<string, Row>();
    for (let from = 0; from < ids.length; from += ROWS_PER_STATEMENT) {
      const some = ids.slice(from, from + ROWS_PER_STATEMENT).join(',');
      const sql = `SELECT toString(${id}) AS row, ${columns} FROM ${table} WHERE ${id} IN (${some})`;
      for (const row of await engine.query<Row>(sql)) byRow.set(row.row, row);
    }
    return byRow;
  };
  const [transactions, inputs, prevouts, outputs] = await Promise.all([
    read<TxRow>(
      'transactions',
      'tx_index',
      'version, locktime, size_bytes, stripped_bytes',
      txRows,
    ),
    read<InputRow>('inputs', 'input_index', 'key_form, witness_items', inputRows),
    read<PrevoutRow>(
      'unknown_prevouts',
      'input_index',
      'lower(hex(reverse(prev_txid))) AS prev_id, prev_vout',
      unknownRows,
    ),
    read<OutputRow>('outputs', 'output_index', 'kind, script_bytes', dataRows),
  ]);
  return { transactions, inputs, prevouts, outputs };
}

function needRow<Row>(rows: ReadonlyMap<string, Row>, row: string): Row {
  const found = rows.get(row);
  if (found !== undefined) return found;
  throw new ClewError('CLEW_LEDGER_DAMAGED', 'A row of a transaction is not in the tables.', {});
}

function inputsOf(
  { base }: LedgerTables,
  flow: FlowIndex,
  tx: number,
  rows: TableRows,
): ReadInput[] {
  const inputs: ReadInput[] = [];
  const isCoinbase = (flow.txFlags.at(tx) & TX_FLAG.coinbase) !== 0;
  const end = flow.txFirstInput.at(tx + 1);
  for (let input = flow.txFirstInput.at(tx); input < end; input += 1) {
    const row = sqlRow(base.inputs, input);
    const { key_form, witness_items } = needRow(rows.inputs, row);
    inputs.push({
      ...(isCoinbase ? {} : spentBy(flow, input, rows.prevouts, row)),
      sequence: flow.inputSequence.at(input),
      kind: flow.inputKind.at(input),
      keyForm: key_form,
      sighashMask: flow.inputSighash.at(input),
      witnessItems: witness_items,
    });
  }
  return inputs;
}

/** What is told of the output that an input spends. */
export type SpentOutput = Pick<
  ReadInput,
  'prevout' | 'valueSats' | 'script' | 'isFromUndo' | 'madeAtHeight'
>;

/** @param origin as undo data has it: 2 * height + coinbase, 0 when that is not known */
export function fromUndo(origin: number): Pick<SpentOutput, 'isFromUndo' | 'madeAtHeight'> {
  if (origin === 0) return { isFromUndo: true };
  return { isFromUndo: true, madeAtHeight: Math.floor(origin / 2) };
}

/** What an input spends, which is no coinbase. */
function spentBy(
  flow: FlowIndex,
  input: number,
  prevouts: ReadonlyMap<string, PrevoutRow>,
  row: string,
): SpentOutput {
  const output = flow.inputPrevout.at(input);
  if (output !== NONE) {
    return {
      prevout: outpointOf(flow, output),
      valueSats: flow.outputValue.at(output),
      ...scriptOf(flow, flow.outputScript.at(output)),
    };
  }
  const { prev_id, prev_vout } = needRow(prevouts, row);
  const prevout = { txid: prev_id, vout: prev_vout };
  const undo = flow.undoInputs.find(input);
  if (undo === NONE) return { prevout };
  return {
    prevout,
    valueSats: flow.undoInputs.value.at(undo),
    ...scriptOf(flow, flow.undoInputs.script.at(undo)),
    ...fromUndo(flow.undoInputs.origin.at(undo)),
  };
}

function scriptOf(flow: FlowIndex, script: number): { script?: ScriptHex } {
  if (script === NONE) return {};
  return { script: bytesToHex(flow.scripts.read(script)) as ScriptHex };
}

export function outpointOf(flow: FlowIndex, output: number): Outpoint {
  const tx = flow.outputTx.at(output);
  return { txid: flow.txid(tx), vout: output - flow.txFirstOutput.at(tx) };
}

function outputsOf(
  { base }: LedgerTables,
  { flow, txEnd }: FlowState,
  tx: number,
  rows: TableRows,
  spends: SpendFinder,
): ReadOutput[] {
  const outputs: ReadOutput[] = [];
  const end = flow.txFirstOutput.at(tx + 1);
  for (let output = flow.txFirstOutput.at(tx); output < end; output += 1) {
    const valueSats = flow.outputValue.at(output);
    const script = flow.outputScript.at(output);
    if (script === NONE) {
      const { kind, script_bytes } = needRow(rows.outputs, sqlRow(base.outputs, output));
      outputs.push({ valueSats, kind, scriptBytes: script_bytes, status: 'unspendable' });
      continue;
    }
    const spent = spends.spenderOf(output, txEnd);
    outputs.push({
      valueSats,
      kind: flow.scriptKind.at(script),
      ...scriptOf(flow, script),
      scriptBytes: flow.scripts.lengthOf(script),
      ...(spent === undefined
        ? { status: flow.outputSpender.at(output) === UNSPENDABLE ? 'unspendable' : 'unspent' }
        : { status: 'spent', spentBy: spent }),
    });
  }
  return outputs;
}

/** With more inputs than this a transaction's inputs are noted, not searched for every output that it spends. */
const FEW_INPUTS = 16;

/** Finds which input spent an output. */
export class SpendFinder {
  readonly #flow: FlowIndex;
  /** The transaction with many inputs that was asked for last, and which of them spends what. */
  #tx = NONE;
  #vins = new Map<number, number>();

  constructor(flow: FlowIndex) {
    this.#flow = flow;
  }

  /** The input of a transaction before `txEnd` that spent an output, or undefined. */
  spenderOf(output: number, txEnd: number): ReadSpender | undefined {
    const flow = this.#flow;
    const tx = flow.outputSpender.at(output);
    if (tx >= SPENDER_MAX || tx >= txEnd) return undefined;
    return { txid: flow.txid(tx), vin: this.#vinOf(tx, output), height: flow.txHeight(tx) };
  }

  #vinOf(tx: number, output: number): number {
    const { txFirstInput, inputPrevout } = this.#flow;
    const first = txFirstInput.at(tx);
    const count = txFirstInput.at(tx + 1) - first;
    if (count <= FEW_INPUTS) {
      let vin = 0;
      while (inputPrevout.at(first + vin) !== output) vin += 1;
      return vin;
    }
    if (this.#tx !== tx) {
      this.#vins.clear();
      for (let vin = 0; vin < count; vin += 1) this.#vins.set(inputPrevout.at(first + vin), vin);
      this.#tx = tx;
    }
    return this.#vins.get(output)!;
  }
}
