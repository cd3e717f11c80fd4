/**
 * Transactions as the query layer tells them, from the tables alone.
 *
 * Each step asks for all things of all transactions at once, so a thousand transactions take as many round trips as one: rows of
 * inputs, outputs and blocks; then what the inputs spent and who spent the outputs; then those transactions and scripts; then the
 * blocks of the spenders.
 */

import { getNetwork } from '../../chain/network.ts';
import { isCanonicalOrder } from '../../chain/transaction-order.hot.ts';
import type { Txid } from '../../units/ids.ts';
import { TX_FLAG } from '../flow-index.ts';
import { NO_ROW_SQL } from '../schema.ts';
import { fromUndo, type SpentOutput } from './flow-transactions.ts';
import type { ReadInput, ReadOutput, ReadSpender, ReadTransaction } from './ledger-reader.ts';
import { readBlockTxids, readScripts, readTxs, type SqlTx } from './sql-lookups.ts';
import { displayHex, requireRow, type SqlState, type Wide } from './sql-state.ts';

interface InputRow {
  readonly spent: Wide;
  readonly sequence: number;
  readonly kind: number;
  readonly key_form: number;
  readonly sighash_mask: number;
  readonly witness_items: number;
}
interface OutputRow {
  readonly sats: Wide;
  readonly script: Wide;
  readonly kind: number;
  readonly script_bytes: number;
  readonly tx: Wide;
}
interface UnknownRow {
  readonly prev: Txid;
  readonly prev_vout: number;
}
interface UndoRow {
  readonly sats: Wide;
  readonly script: Wide;
  readonly origin: number;
}

/** Who spent an output: rows. */
export interface SqlSpend {
  readonly tx: number;
  readonly input: number;
}

/** Who spent outputs, by their rows. One statement (for each 8,000). */
export async function readSpends(
  state: SqlState,
  outputs: Iterable<number>,
): Promise<ReadonlyMap<number, SqlSpend>> {
  const spends = new Map<number, SqlSpend>();
  await state.inChunks([...new Set(outputs)], state.limits.rowsPerStatement, async (some) => {
    const found = await state.query<{ o: Wide; i: Wide; t: Wide }>(
      `SELECT prev_output AS o, input_index AS i, tx_index AS t FROM spends
       WHERE prev_output IN (${state.list('outputs', some)}) AND input_index < ${state.end('inputs')}`,
    );
    for (const { o, i, t } of found) {
      spends.set(state.plain('outputs', o), {
        tx: state.plain('transactions', t),
        input: state.plain('inputs', i),
      });
    }
  });
  return spends;
}

/** The same with names. Two statements more. */
export async function nameSpenders(
  state: SqlState,
  spends: ReadonlyMap<number, SqlSpend>,
  known?: ReadonlyMap<number, SqlTx>,
): Promise<ReadonlyMap<number, ReadSpender>> {
  const txs =
    known ??
    (await readTxs(
      state,
      Array.from(spends.values(), ({ tx }) => tx),
    ));
  const blocks = await state.blocksByRow(
    Array.from(spends.values(), ({ tx }) => requireRow(txs.get(tx)).block),
  );
  const named = new Map<number, ReadSpender>();
  for (const [output, spend] of spends) {
    const { txid, firstInput, block } = txs.get(spend.tx)!;
    const { height } = blocks.get(block)!.block;
    named.set(output, { txid, vin: spend.input - firstInput, height });
  }
  return named;
}

/** What the tables hold of some transactions. */
interface TxThings {
  readonly inputs: ReadonlyMap<number, InputRow>;
  readonly outputs: ReadonlyMap<number, OutputRow>;
  readonly unknown: ReadonlyMap<number, UnknownRow>;
  readonly undo: ReadonlyMap<number, UndoRow>;
  /** Of other transactions too, whose outputs were spent or who spent outputs. */
  readonly txs: ReadonlyMap<number, SqlTx>;
  readonly scripts: ReadonlyMap<number, string>;
  readonly spenders: ReadonlyMap<number, ReadSpender>;
}

/**
 * Transactions in full, by their rows.
 *
 * @param older transactions with the same id that came before
 */
export async function readSqlTransactions(
  state: SqlState,
  txs: readonly { readonly tx: SqlTx; readonly older: readonly SqlTx[] }[],
): Promise<Map<number, ReadTransaction>> {
  const [things, blocks] = await Promise.all([
    readThings(
      state,
      txs.map(({ tx }) => tx),
    ),
    state.blocksByRow(txs.flatMap(({ tx, older }) => [tx, ...older].map(({ block }) => block))),
  ]);
  const network = getNetwork(state.tip.network);
  // Where transactions stand by their ids, their rows do not tell their positions.
  const sorted = [...blocks.values()].filter(({ block }) => {
    return isCanonicalOrder(block.height, network);
  });
  const sortedIds = sorted.length === 0 ? undefined : await readBlockTxids(state, sorted);
  const found = new Map<number, ReadTransaction>();
  for (const { tx, older } of txs) {
    const { block, firstTx } = blocks.get(tx.block)!;
    const isCoinbase = (tx.flags & TX_FLAG.coinbase) !== 0;
    found.set(tx.row, {
      txid: tx.txid,
      place: {
        height: block.height,
        blockHash: block.hash,
        timeSeconds: block.timeSeconds,
        position: sortedIds?.get(tx.block)?.indexOf(tx.txid) ?? tx.row - firstTx,
      },
      version: tx.version,
      locktime: tx.locktime,
      sizeBytes: tx.sizeBytes,
      weight: tx.strippedBytes * 3 + tx.sizeBytes,
      isCoinbase,
      hasWitness: (tx.flags & TX_FLAG.witness) !== 0,
      inputs: rowsFrom(tx.firstInput, tx.inputCount).map((input) =>
        inputOf(state, things, input, isCoinbase),
      ),
      outputs: rowsFrom(tx.firstOutput, tx.outputCount).map((output) =>
        outputOf(state, things, output),
      ),
      sameIdAtHeights: older.map((other) => blocks.get(other.block)!.block.height),
    });
  }
  return found;
}

function rowsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => first + n);
}

async function readThings(state: SqlState, txs: readonly SqlTx[]): Promise<TxThings> {
  const inputRows: number[] = [];
  const beyondRows: number[] = [];
  const outputRows: number[] = [];
  for (const tx of txs) {
    for (const row of rowsFrom(tx.firstInput, tx.inputCount)) {
      inputRows.push(row);
      if ((tx.flags & (TX_FLAG.unknownPrevout | TX_FLAG.undoPrevout)) !== 0) beyondRows.push(row);
    }
    for (const row of rowsFrom(tx.firstOutput, tx.outputCount)) outputRows.push(row);
  }
  const [inputs, own, spends, unknown, undo] = await Promise.all([
    state.byRows<InputRow>(
      'inputs',
      'input_index',
      'inputs',
      'prev_output AS spent, sequence, kind, key_form, sighash_mask, witness_items',
      inputRows,
    ),
    readOutputs(state, outputRows),
    readSpends(state, outputRows),
    state.byRows<UnknownRow>(
      'unknown_prevouts',
      'input_index',
      'inputs',
      `${displayHex('prev_txid')} AS prev, prev_vout`,
      beyondRows,
    ),
    state.byRows<UndoRow>(
      'undo_inputs',
      'input_index',
      'inputs',
      'value AS sats, script_id AS script, origin',
      beyondRows,
    ),
  ]);
  const prevoutRows: number[] = [];
  for (const { spent } of inputs.values()) {
    if (spent !== NO_ROW_SQL) prevoutRows.push(state.plain('outputs', spent));
  }
  const outputs = new Map([...own, ...(await readOutputs(state, prevoutRows))]);
  const otherTxs = new Set(Array.from(spends.values(), ({ tx }) => tx));
  for (const row of prevoutRows) {
    otherTxs.add(state.plain('transactions', requireRow(outputs.get(row)).tx));
  }
  const scriptRows = new Set<number>();
  for (const { script } of [...outputs.values(), ...undo.values()]) {
    if (script !== NO_ROW_SQL) scriptRows.add(state.plain('scripts', script));
  }
  const [named, scripts] = await Promise.all([
    readTxs(state, otherTxs).then(async (found) => {
      return { found, spenders: await nameSpenders(state, spends, found) };
    }),
    readScripts(state, scriptRows),
  ]);
  return { inputs, outputs, unknown, undo, txs: named.found, scripts, spenders: named.spenders };
}

function readOutputs(state: SqlState, rows: Iterable<number>): Promise<Map<number, OutputRow>> {
  return state.byRows<OutputRow>(
    'outputs',
    'output_index',
    'outputs',
    'value AS sats, script_id AS script, kind, script_bytes, tx_index AS tx',
    rows,
  );
}

function inputOf(state: SqlState, things: TxThings, row: number, isCoinbase: boolean): ReadInput {
  const input = requireRow(things.inputs.get(row));
  return {
    ...(isCoinbase ? {} : spentBy(state, things, row, input)),
    sequence: input.sequence,
    kind: input.kind,
    keyForm: input.key_form,
    sighashMask: input.sighash_mask,
    witnessItems: input.witness_items,
  };
}

function spentBy(state: SqlState, things: TxThings, row: number, { spent }: InputRow): SpentOutput {
  if (spent === NO_ROW_SQL) {
    const { prev, prev_vout } = requireRow(things.unknown.get(row));
    const undo = things.undo.get(row);
    const prevout = { txid: prev, vout: prev_vout };
    if (undo === undefined) return { prevout };
    return {
      prevout,
      valueSats: Number(undo.sats),
      ...scriptOf(state, things, undo.script),
      ...fromUndo(undo.origin),
    };
  }
  const output = state.plain('outputs', spent);
  const { sats, script, tx } = things.outputs.get(output)!;
  const { txid, firstOutput } = things.txs.get(state.plain('transactions', tx))!;
  return {
    prevout: { txid, vout: output - firstOutput },
    valueSats: Number(sats),
    ...scriptOf(state, things, script),
  };
}

function scriptOf(
  state: SqlState,
  { scripts }: TxThings,
  script: Wide,
): Pick<ReadOutput, 'script'> {
  if (script === NO_ROW_SQL) return {};
  return {
    script: scripts.get(state.plain('scripts', script)) as NonNullable<ReadOutput['script']>,
  };
}

function outputOf(state: SqlState, things: TxThings, row: number): ReadOutput {
  const { sats, kind, script, script_bytes } = requireRow(things.outputs.get(row));
  const spentByWhom = things.spenders.get(row);
  const isUnspendable = script === NO_ROW_SQL || row < state.spendableFrom;
  return {
    valueSats: Number(sats),
    kind,
    ...scriptOf(state, things, script),
    scriptBytes: script_bytes,
    ...(spentByWhom === undefined
      ? { status: isUnspendable ? 'unspendable' : 'unspent' }
      : { status: 'spent', spentBy: spentByWhom }),
  };
}
