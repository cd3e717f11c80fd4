/**
 * The tables say what the columns say: every row of blocks, transactions, inputs and outputs, and of the inputs whose prevouts
 * are not there. What only the tables have (versions, sizes, places) is held against the blocks by `check-blocks.ts`.
 */
import { type FlowIndex, TX_FLAG } from '../../ledger/flow-index.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import {
  NO_SUCH_NUMBER,
  type NumberedTable,
  readTableSpan,
  type TableSpan,
} from '../../ledger/table-columns.ts';
import { NONE } from '../../units/ids.ts';
import { type CheckRange, firstTx } from './check-range.ts';
import {
  type AsyncCheckSteps,
  Disagreement,
  lastStart,
  placeOfInput,
  placeOfOutput,
  placeOfTx,
} from './disagreement.ts';

/** Rows of a table at once: some 3 MB, and some 30 milliseconds of comparing. */
const SPAN_ROWS = 65_536;

/** What a table must hold in each of its rows, by column. */
interface TableCheck {
  readonly table: NumberedTable;
  readonly from: number;
  readonly end: number;
  readonly columns: Readonly<Record<string, (row: number) => number>>;
  readonly placeOf: (row: number) => Disagreement['facts'];
}

/** Rows of a range in all tables; yields them. */
export async function* checkTables(
  ledger: Ledger,
  flow: FlowIndex,
  range: CheckRange,
): AsyncCheckSteps {
  const counts: Record<string, number> = {};
  for (const check of tableChecks(flow, range)) {
    for (let from = check.from; from < check.end; from += SPAN_ROWS) {
      const end = Math.min(from + SPAN_ROWS, check.end);
      const names = Object.keys(check.columns);
      const { engine, base } = ledger;
      const rows = await readTableSpan(engine, base, check.table, names, from, end);
      compareRows(check, rows, from);
      if (rows.rowCount < end - from) throw missingRow(check, from + rows.rowCount);
      yield end - from;
    }
    counts[check.table] = check.end - check.from;
  }
  counts['unknown_prevouts'] = yield* checkUnknownPrevouts(ledger, flow, range);
  return counts;
}

/** What `checkTables` yields in all. */
export function tableRows(range: CheckRange): number {
  const { blockFrom, blockEnd, txFrom, txEnd } = range;
  const { inputFrom, inputEnd, outputFrom, outputEnd } = range;
  return blockEnd - blockFrom + txEnd - txFrom + inputEnd - inputFrom + outputEnd - outputFrom;
}

function tableChecks(flow: FlowIndex, range: CheckRange): TableCheck[] {
  return [
    {
      table: 'blocks',
      from: range.blockFrom,
      end: range.blockEnd,
      columns: {
        block_index: (block) => block,
        height: (block) => flow.blockHeight.at(block),
        time: (block) => flow.blockTime.at(block),
        first_tx: (block) => firstTx(flow, block),
        first_input: (block) => flow.txFirstInput.at(firstTx(flow, block)),
        first_output: (block) => flow.txFirstOutput.at(firstTx(flow, block)),
        tx_count: (block) => firstTx(flow, block + 1) - firstTx(flow, block),
      },
      placeOf: (block) => ({ height: flow.blockHeight.at(block) }),
    },
    {
      table: 'transactions',
      from: range.txFrom,
      end: range.txEnd,
      columns: {
        tx_index: (tx) => tx,
        block_index: (tx) => flow.txBlock.at(tx),
        flags: (tx) => flow.txFlags.at(tx),
        first_input: (tx) => flow.txFirstInput.at(tx),
        first_output: (tx) => flow.txFirstOutput.at(tx),
        input_count: (tx) => flow.txFirstInput.at(tx + 1) - flow.txFirstInput.at(tx),
        output_count: (tx) => flow.txFirstOutput.at(tx + 1) - flow.txFirstOutput.at(tx),
      },
      placeOf: (tx) => placeOfTx(flow, tx),
    },
    inputsCheck(flow, range),
    outputsCheck(flow, range),
  ];
}

function inputsCheck(flow: FlowIndex, range: CheckRange): TableCheck {
  let tx = range.txFrom;
  return {
    table: 'inputs',
    from: range.inputFrom,
    end: range.inputEnd,
    columns: {
      input_index: (input) => input,
      // Rows are asked for one after the other.
      tx_index: (input) => {
        while (flow.txFirstInput.at(tx + 1) <= input) tx += 1;
        return tx;
      },
      prev_output: (input) => orInfinity(flow.inputPrevout.at(input)),
      sequence: (input) => flow.inputSequence.at(input),
      kind: (input) => flow.inputKind.at(input),
      sighash_mask: (input) => flow.inputSighash.at(input),
    },
    placeOf: (input) => placeOfInput(flow, input),
  };
}

function outputsCheck(flow: FlowIndex, range: CheckRange): TableCheck {
  return {
    table: 'outputs',
    from: range.outputFrom,
    end: range.outputEnd,
    columns: {
      output_index: (output) => output,
      tx_index: (output) => flow.outputTx.at(output),
      value: (output) => flow.outputValue.at(output),
      script_id: (output) => orInfinity(flow.outputScript.at(output)),
      // Of data outputs, whose scripts have no rows, only the table knows kind and size.
      kind: (output) => {
        const script = flow.outputScript.at(output);
        return script === NONE ? Number.NaN : flow.scriptKind.at(script);
      },
      script_bytes: (output) => {
        const script = flow.outputScript.at(output);
        return script === NONE ? Number.NaN : flow.scripts.lengthOf(script);
      },
    },
    placeOf: (output) => placeOfOutput(flow, output),
  };
}

/** As the tables say "no such row". */
function orInfinity(row: number): number {
  return row === NONE ? Number.POSITIVE_INFINITY : row;
}

function compareRows(check: TableCheck, rows: TableSpan, first: number): void {
  let faultAt = rows.rowCount;
  let fault: Disagreement | undefined;
  for (const [name, expectedAt] of Object.entries(check.columns)) {
    const found = rows.columns[name]!;
    for (let i = 0; i < faultAt && i < rows.rowCount; i += 1) {
      const expected = expectedAt(first + i);
      if (found[i] === expected || Number.isNaN(expected)) continue;
      faultAt = i;
      fault = tableFault(check, name, first + i, expected, found[i]!);
    }
  }
  if (fault !== undefined) throw fault;
}

function tableFault(
  check: TableCheck,
  name: string,
  row: number,
  expected: number,
  found: number,
): Disagreement {
  return new Disagreement(`The table ${check.table} says something else than the columns.`, {
    ...check.placeOf(row),
    column: `${check.table}.${name}`,
    row,
    expected: numberText(expected),
    found: numberText(found),
  });
}

function missingRow(check: TableCheck, row: number): Disagreement {
  return new Disagreement(`The table ${check.table} lacks a row.`, {
    ...check.placeOf(row),
    column: check.table,
    row,
    expected: row,
    found: 'none',
  });
}

function numberText(value: number): number | string {
  if (value === NO_SUCH_NUMBER) return 'a number that no row can have';
  return Number.isFinite(value) ? value : 'none';
}

/** A row for each input whose prevout is not there, coinbases left out, and no other. */
async function* checkUnknownPrevouts(
  ledger: Ledger,
  flow: FlowIndex,
  range: CheckRange,
): AsyncGenerator<number, number> {
  const table = 'unknown_prevouts';
  let count = 0;
  for (let from = range.inputFrom; from < range.inputEnd; from += SPAN_ROWS) {
    const end = Math.min(from + SPAN_ROWS, range.inputEnd);
    const expected = unknownInputs(flow, from, end);
    const { engine, base } = ledger;
    const rows = await readTableSpan(engine, base, table, ['input_index'], from, end);
    const found = rows.columns['input_index']!;
    for (let i = 0; i < Math.max(rows.rowCount, expected.length); i += 1) {
      if (found[i] !== expected[i]) throw prevoutFault(flow, expected[i], found[i]);
    }
    count += rows.rowCount;
    yield 0;
  }
  return count;
}

function unknownInputs(flow: FlowIndex, from: number, end: number): number[] {
  const unknown: number[] = [];
  let tx = lastStart(flow, 'txFirstInput', from);
  for (let input = from; input < end; input += 1) {
    if (flow.inputPrevout.at(input) !== NONE) continue;
    while (flow.txFirstInput.at(tx + 1) <= input) tx += 1;
    if ((flow.txFlags.at(tx) & TX_FLAG.coinbase) === 0) unknown.push(input);
  }
  return unknown;
}

function prevoutFault(
  flow: FlowIndex,
  expected: number | undefined,
  found: number | undefined,
): Disagreement {
  const row = Math.min(expected ?? NONE, found ?? NONE);
  return new Disagreement('The table unknown_prevouts says something else than the columns.', {
    ...placeOfInput(flow, row),
    column: 'unknown_prevouts.input_index',
    row,
    expected: expected ?? 'none',
    found: found ?? 'none',
  });
}
