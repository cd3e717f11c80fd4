/**
 * What look-ups are asked and what they must answer, taken from the tables by SQL: a second way, which shares neither links
 * nor key indexes with what is timed.
 */
import { seededRandom } from '../../src/bytes/seeded-random.ts';
import { scriptToAddress } from '../../src/chain/address.ts';
import type { LedgerEngine } from '../../src/ledger/engine.ts';
import type { FlowIndex } from '../../src/ledger/flow-index.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';

const TRANSACTIONS = 10_000;
const CHECKED_TRANSACTIONS = 300;
const ADDRESSES = 300;
/** Busier ones are left to the bench `busy`, which knows what they did. */
const ADDRESS_OUTPUTS_MAX = 1_000;
/** Numbers in one statement: the engine takes 256 KiB. */
const LIST_MAX = 15_000;

export interface SampleTransaction {
  readonly txid: string;
  readonly row: number;
}

export interface CheckedTransaction extends SampleTransaction {
  readonly height: number;
  readonly outputs: number;
  readonly outSats: string;
  readonly inputs: number;
}

export interface SampleAddress {
  readonly address: string;
  readonly outputs: number;
  readonly receivedSats: string;
  readonly spentOutputs: number;
}

export interface SampleOutput {
  readonly row: number;
  /** The transaction that spends it, or -1. */
  readonly spender: number;
}

export interface LedgerSample {
  readonly transactions: readonly SampleTransaction[];
  readonly checked: readonly CheckedTransaction[];
  readonly addresses: readonly SampleAddress[];
  readonly outputs: readonly SampleOutput[];
}

export async function makeSample(ledger: Ledger, flow: FlowIndex): Promise<LedgerSample> {
  const random = seededRandom('bench-ledger');
  const { engine } = ledger;
  const rows = Array.from({ length: TRANSACTIONS }, () => random.int(0, flow.txCount - 1));
  const transactions = rows.map((row) => ({ row, txid: flow.txid(row) }));
  const outputRows = Array.from({ length: TRANSACTIONS }, () =>
    random.int(0, flow.outputCount - 1),
  );
  return {
    transactions,
    checked: await checkTransactions(engine, transactions.slice(0, CHECKED_TRANSACTIONS)),
    addresses: await addressesOf(engine, flow, outputRows),
    outputs: await spendersOf(engine, outputRows),
  };
}

async function checkTransactions(
  engine: LedgerEngine,
  transactions: readonly SampleTransaction[],
): Promise<CheckedTransaction[]> {
  const list = transactions.map(({ row }) => row).join(',');
  const sums = await engine.query<{ tx: string; outputs: string; sats: string }>(
    `SELECT toString(tx_index) AS tx, toString(count()) AS outputs, toString(sum(value)) AS sats FROM outputs
     WHERE tx_index IN (${list}) GROUP BY tx_index`,
  );
  const facts = await engine.query<{ tx: string; height: number; inputs: number }>(
    `SELECT toString(t.tx_index) AS tx, b.height AS height, t.input_count AS inputs
     FROM (SELECT tx_index, block_index, input_count FROM transactions WHERE tx_index IN (${list})) AS t
     JOIN blocks AS b ON b.block_index = t.block_index`,
  );
  const sumOf = new Map(sums.map((row) => [Number(row.tx), row]));
  const factsOf = new Map(facts.map((row) => [Number(row.tx), row]));
  return transactions.map(({ txid, row }) => ({
    txid,
    row,
    height: factsOf.get(row)!.height,
    inputs: factsOf.get(row)!.inputs,
    outputs: Number(sumOf.get(row)!.outputs),
    outSats: sumOf.get(row)!.sats,
  }));
}

async function addressesOf(
  engine: LedgerEngine,
  flow: FlowIndex,
  outputRows: readonly number[],
): Promise<SampleAddress[]> {
  const scripts = new Map<number, string>();
  for (const output of outputRows) {
    const script = flow.outputScript.at(output);
    if (script >= flow.scriptCount || scripts.size === ADDRESSES) continue;
    const address = scriptToAddress(flow.scripts.read(script), flow.network);
    if (address !== undefined) scripts.set(script, address);
  }
  const received = await engine.query<{ script: string; sats: string; outputs: string[] }>(
    `SELECT toString(script_id) AS script, toString(sum(value)) AS sats,
            groupArray(toString(output_index)) AS outputs
     FROM outputs WHERE script_id IN (${[...scripts.keys()].join(',')}) GROUP BY script_id
     HAVING count() <= ${ADDRESS_OUTPUTS_MAX}`,
  );
  const spent = await spentAmong(
    engine,
    received.flatMap(({ outputs }) => outputs),
  );
  return received.map(({ script, sats, outputs }) => ({
    address: scripts.get(Number(script))!,
    outputs: outputs.length,
    receivedSats: sats,
    spentOutputs: outputs.filter((output) => spent.has(output)).length,
  }));
}

async function spendersOf(
  engine: LedgerEngine,
  outputRows: readonly number[],
): Promise<SampleOutput[]> {
  const spent = await spentAmong(engine, outputRows.map(String));
  return outputRows.map((row) => ({ row, spender: Number(spent.get(String(row)) ?? -1) }));
}

/** The transactions that spend some outputs. */
async function spentAmong(
  engine: LedgerEngine,
  outputs: readonly string[],
): Promise<Map<string, string>> {
  const spenders = new Map<string, string>();
  for (let from = 0; from < outputs.length; from += LIST_MAX) {
    const list = outputs.slice(from, from + LIST_MAX).join(',');
    const rows = await engine.query<{ output: string; tx: string }>(
      `SELECT toString(prev_output) AS output, toString(tx_index) AS tx FROM inputs
       WHERE prev_output IN (${list})`,
    );
    for (const { output, tx } of rows) spenders.set(output, tx);
  }
  return spenders;
}
