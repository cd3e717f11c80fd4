/**
 * Rows of the ledger's tables, read a span at a time as typed arrays, with the ledger's base taken off: so that they can be held
 * against the columns.
 */
import type { LedgerEngine } from './engine.ts';
import type { RowBase } from './row-base.ts';
import { sqlRow } from './row-base.ts';
import { NO_ROW_SQL, TABLES, type TableName } from './schema.ts';

/** Stands for a number that no row and no amount can have: below the base, or beyond 2^53. */
export const NO_SUCH_NUMBER = Number.MAX_SAFE_INTEGER;

/** Columns that hold row numbers, and of what. */
const ROW_NUMBERS: Readonly<Record<string, keyof RowBase>> = {
  block_index: 'blocks',
  tx_index: 'transactions',
  first_tx: 'transactions',
  input_index: 'inputs',
  first_input: 'inputs',
  output_index: 'outputs',
  first_output: 'outputs',
  prev_output: 'outputs',
  script_id: 'scripts',
  first_script: 'scripts',
};

/** Tables whose rows are numbered. */
export type NumberedTable = Exclude<TableName, 'files'>;

/** Values of one column: numbers, or the bytes of a fixed width one after the other. */
export type SpanValues = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** Rows that follow each other. */
export interface TableSpan {
  readonly rowCount: number;
  readonly columns: Readonly<Record<string, SpanValues>>;
}

/**
 * The rows of a table whose number lies in [from, end), in their order; all of them when the table is whole.
 *
 * Row numbers come back as they are in the columns; "no such row" as Infinity, what can not be right as `NO_SUCH_NUMBER`.
 *
 * @param columns names of columns of the table, numbers or of a fixed width
 * @example await readTableSpan(engine, base, 'outputs', ['output_index', 'value'], 0, 1000)
 */
export async function readTableSpan(
  engine: LedgerEngine,
  base: RowBase,
  table: NumberedTable,
  columns: readonly string[],
  from: number,
  end: number,
): Promise<TableSpan> {
  const { idColumn } = TABLES[table];
  const idBase = base[ROW_NUMBERS[idColumn]!];
  // Other names than the columns have: the engine would take an alias for the column itself.
  const list = columns.map((column) => `${plainNumber(column, base)} AS ${column}_`).join(', ');
  const parts = await engine.readNative(
    `SELECT ${list} FROM ${table} WHERE ${idColumn} >= ${sqlRow(idBase, from)} ` +
      `AND ${idColumn} < ${sqlRow(idBase, end)} ORDER BY ${idColumn}`,
  );
  const valuesOf = (name: string): SpanValues => {
    return joined(parts.map((part) => part.columns[`${name}_`] as SpanValues));
  };
  return {
    rowCount: parts.reduce((sum, { rowCount }) => sum + rowCount, 0),
    columns: Object.fromEntries(columns.map((name) => [name, valuesOf(name)])),
  };
}

function joined(parts: readonly SpanValues[]): SpanValues {
  const [first] = parts;
  if (first === undefined) return new Uint8Array(0);
  if (parts.length === 1) return first;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const Values = first.constructor as new (length: number) => SpanValues;
  const all = new Values(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The expression for a column without the base, harmless whatever is stored. */
export function plainNumber(column: string, base: RowBase): string {
  const family = ROW_NUMBERS[column];
  if (family === undefined && column !== 'value') return column;
  const first = family === undefined ? '0' : base[family].toString();
  const row = `toUInt64(${column} - toUInt64(${first}))`;
  const isImpossible = `${column} < toUInt64(${first}) OR ${row} > ${NO_SUCH_NUMBER}`;
  return `multiIf(${column} = ${NO_ROW_SQL}, ${NO_ROW_SQL}, ${isImpossible}, ${NO_SUCH_NUMBER}, ${row})`;
}
