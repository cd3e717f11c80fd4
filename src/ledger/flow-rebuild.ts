/**
 * Makes the flow index anew from the ledger's tables, by SQL alone: no block file is read.
 *
 * It is also the slow second way of computing what `block-loader.hot.ts` builds while loading; a test
 * holds the two against each other column by column.
 */
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { BlockHash } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import type { LedgerEngine } from './engine.ts';
import { FlowIndex, OVERWRITTEN, TX_FLAG, UNSPENDABLE, UNSPENT } from './flow-index.ts';
import type { DecodedColumn } from './native-block.ts';
import { NO_ROW_SQL } from './schema.ts';
import type { TipRecord } from './tip-record.ts';
import { TxidTable } from './txid-table.hot.ts';

/** Transactions read at a time. */
const CHUNK_TRANSACTIONS = 100_000;

type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array;
interface Strings {
  readonly bytes: Uint8Array;
  readonly ends: Float64Array;
}

/** All blocks of a Native answer joined: columns of numbers, fixed strings as plain bytes. */
async function readColumns(
  engine: LedgerEngine,
  sql: string,
): Promise<{ rowCount: number; numbers(name: string): Numbers; strings(name: string): Strings }> {
  const blocks = await engine.readNative(sql);
  const rowCount = blocks.reduce((sum, block) => sum + block.rowCount, 0);
  const collect = (name: string): DecodedColumn[] => blocks.map((block) => block.columns[name]!);
  return {
    rowCount,
    numbers(name) {
      const parts = collect(name) as Numbers[];
      if (parts.length === 1) return parts[0]!;
      if (parts.every((part) => part instanceof Uint8Array)) {
        return Buffer.concat(parts as Uint8Array[]);
      }
      const joined = new Float64Array(rowCount);
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      return joined;
    },
    strings(name) {
      const parts = collect(name) as Strings[];
      const ends = new Float64Array(rowCount);
      let at = 0;
      let base = 0;
      for (const part of parts) {
        for (const end of part.ends) {
          ends[at] = base + end;
          at += 1;
        }
        base += part.bytes.length;
      }
      return { bytes: Buffer.concat(parts.map((part) => part.bytes)), ends };
    },
  };
}

/**
 * Rebuild the flow index up to the committed tip.
 *
 * @returns the new index, committed and open for appending (its manifest is there until `open` with `writable`)
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when the tables do not hold what the tip says
 */
export async function rebuildFlow(
  engine: LedgerEngine,
  folder: string,
  network: Network,
  tip: TipRecord,
  options: {
    readonly memoryBytes?: number;
    readonly onProgress?: (transactions: number) => void;
  } = {},
): Promise<FlowIndex> {
  const flow = FlowIndex.create(folder, network, options);
  const txids = new TxidTable(flow.txids, tip.rows.transactions);
  const blocks = await readColumns(
    engine,
    'SELECT block_index, height, time, tx_count FROM blocks ORDER BY block_index',
  );
  requireCount('blocks', blocks.rowCount, tip.rows.blocks);
  const heights = blocks.numbers('height');
  const times = blocks.numbers('time');
  const txCounts = blocks.numbers('tx_count');
  const reveals = await readReveals(engine);
  let nextReveal = 0;
  let block = 0;
  let blockTxEnd = 0;
  for (let from = 0; from < tip.rows.transactions; from += CHUNK_TRANSACTIONS) {
    const to = Math.min(from + CHUNK_TRANSACTIONS, tip.rows.transactions);
    const chunk = await readChunk(engine, from, to);
    let inputRow = 0;
    let outputRow = 0;
    for (let tx = from; tx < to; tx += 1) {
      while (tx === blockTxEnd) {
        flow.addBlock(heights[block]!, times[block]!);
        blockTxEnd += txCounts[block]!;
        block += 1;
      }
      const row = tx - from;
      flow.addTx(chunk.flags[row]!, chunk.txids, row * 32);
      const replaced = txids.insert(chunk.txids, row * 32, tx);
      if (replaced !== NONE) overwrite(flow, replaced);
      for (let n = chunk.inputCounts[row]!; n > 0; n -= 1) {
        const prevout = chunk.prevouts[inputRow]!;
        flow.addInput(
          prevout === Number.POSITIVE_INFINITY ? NONE : prevout,
          chunk.sequences[inputRow]!,
          chunk.inputKinds[inputRow]!,
          chunk.sighashMasks[inputRow]!,
        );
        inputRow += 1;
      }
      for (let n = chunk.outputCounts[row]!; n > 0; n -= 1) {
        addOutput(flow, chunk, outputRow, heights[block - 1] === 0);
        outputRow += 1;
      }
      flow.endTx();
      for (; nextReveal < reveals.count && reveals.txs[nextReveal] === tx; nextReveal += 1) {
        flow.addReveal(
          reveals.scripts[nextReveal]!,
          tx,
          reveals.kinds[nextReveal]!,
          reveals.payloads,
          nextReveal * 32,
        );
      }
    }
    options.onProgress?.(to);
  }
  requireCount('transactions', flow.txCount, tip.rows.transactions);
  requireCount('inputs', flow.inputCount, tip.rows.inputs);
  requireCount('outputs', flow.outputCount, tip.rows.outputs);
  requireCount('scripts', flow.scriptCount, tip.rows.scripts);
  flow.commit({ height: tip.height, hash: tip.hash as BlockHash });
  return flow;
}

interface Chunk {
  readonly flags: Numbers;
  readonly txids: Uint8Array;
  readonly inputCounts: Numbers;
  readonly outputCounts: Numbers;
  readonly prevouts: Numbers;
  readonly sequences: Numbers;
  readonly inputKinds: Numbers;
  readonly sighashMasks: Numbers;
  readonly values: Numbers;
  readonly outputScripts: Numbers;
  readonly scriptBase: number;
  readonly scriptKinds: Numbers;
  readonly scripts: Strings;
}

async function readChunk(engine: LedgerEngine, from: number, to: number): Promise<Chunk> {
  const range = `tx_index >= ${from} AND tx_index < ${to}`;
  const txs = await readColumns(
    engine,
    `SELECT txid, flags, input_count, output_count, first_input, first_output FROM transactions WHERE ${range} ORDER BY tx_index`,
  );
  requireCount('transactions', txs.rowCount, to - from);
  const inputCounts = txs.numbers('input_count');
  const outputCounts = txs.numbers('output_count');
  const last = txs.rowCount - 1;
  const firstInput = txs.numbers('first_input')[0]!;
  const endInput = txs.numbers('first_input')[last]! + inputCounts[last]!;
  const firstOutput = txs.numbers('first_output')[0]!;
  const endOutput = txs.numbers('first_output')[last]! + outputCounts[last]!;
  const inputs = await readColumns(
    engine,
    `SELECT prev_output, sequence, kind, sighash_mask FROM inputs WHERE input_index >= ${firstInput} AND input_index < ${endInput} ORDER BY input_index`,
  );
  requireCount('inputs', inputs.rowCount, endInput - firstInput);
  const outputs = await readColumns(
    engine,
    `SELECT value, script_id FROM outputs WHERE output_index >= ${firstOutput} AND output_index < ${endOutput} ORDER BY output_index`,
  );
  requireCount('outputs', outputs.rowCount, endOutput - firstOutput);
  const outputScripts = outputs.numbers('script_id');
  let scriptMin = Number.POSITIVE_INFINITY;
  let scriptMax = -1;
  for (const script of outputScripts) {
    if (script === Number.POSITIVE_INFINITY) continue;
    if (script < scriptMin) scriptMin = script;
    if (script > scriptMax) scriptMax = script;
  }
  // New scripts of the chunk are the newest rows; older ones in between are read again, which is harmless.
  const known = await engine.query<{ first: string | null }>(
    `SELECT min(first_script) AS first FROM blocks WHERE first_tx <= ${from} AND first_tx + tx_count > ${from}`,
  );
  const scriptBase = Number(known[0]?.first ?? 0);
  const scripts = await readColumns(
    engine,
    `SELECT kind, script FROM scripts WHERE script_id >= ${scriptBase} AND script_id <= ${scriptMax} AND script_id != ${NO_ROW_SQL} ORDER BY script_id`,
  );
  return {
    flags: txs.numbers('flags'),
    txids: txs.numbers('txid') as Uint8Array,
    inputCounts,
    outputCounts,
    prevouts: inputs.numbers('prev_output'),
    sequences: inputs.numbers('sequence'),
    inputKinds: inputs.numbers('kind'),
    sighashMasks: inputs.numbers('sighash_mask'),
    values: outputs.numbers('value'),
    outputScripts,
    scriptBase,
    scriptKinds: scripts.rowCount > 0 ? scripts.numbers('kind') : new Uint8Array(0),
    scripts:
      scripts.rowCount > 0
        ? scripts.strings('script')
        : { bytes: new Uint8Array(0), ends: new Float64Array(0) },
  };
}

function addOutput(flow: FlowIndex, chunk: Chunk, row: number, isGenesis: boolean): void {
  const stored = chunk.outputScripts[row]!;
  const valueSats = chunk.values[row]!;
  if (stored === Number.POSITIVE_INFINITY) {
    flow.addOutput(valueSats, NONE, UNSPENDABLE);
    return;
  }
  if (stored === flow.scriptCount) {
    const at = stored - chunk.scriptBase;
    const start = at === 0 ? 0 : chunk.scripts.ends[at - 1]!;
    flow.addScript(chunk.scriptKinds[at]!, chunk.scripts.bytes, start, chunk.scripts.ends[at]!);
  } else if (stored > flow.scriptCount) {
    throw new ClewError('CLEW_LEDGER_DAMAGED', 'An output refers to a script that is not stored.', {
      output: flow.outputCount,
    });
  }
  flow.addOutput(valueSats, stored, isGenesis ? UNSPENDABLE : UNSPENT);
}

async function readReveals(engine: LedgerEngine) {
  const rows = await readColumns(
    engine,
    'SELECT script_id, tx_index, kind, payload FROM reveals ORDER BY input_index',
  );
  if (rows.rowCount === 0) {
    const none = new Uint8Array(0);
    return { count: 0, scripts: none, txs: none, kinds: none, payloads: none };
  }
  return {
    count: rows.rowCount,
    scripts: rows.numbers('script_id'),
    txs: rows.numbers('tx_index'),
    kinds: rows.numbers('kind'),
    payloads: rows.numbers('payload') as Uint8Array,
  };
}

function overwrite(flow: FlowIndex, txIndex: number): void {
  const end = flow.txFirstOutput.at(txIndex + 1);
  for (let output = flow.txFirstOutput.at(txIndex); output < end; output += 1) {
    if (flow.outputSpender.at(output) === UNSPENT) flow.outputSpender.set(output, OVERWRITTEN);
  }
  // The tables keep a transaction as it was when it came; that a later one has its id is found again here.
  flow.txFlags.set(txIndex, flow.txFlags.at(txIndex) | TX_FLAG.overwritten);
}

function requireCount(what: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new ClewError(
    'CLEW_LEDGER_DAMAGED',
    `The table ${what} holds ${found} rows where the tip says ${expected}.`,
    { table: what, found, expected },
  );
}
