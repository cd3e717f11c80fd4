import type { Ledger } from '../../ledger/ledger.ts';
import {
  type NumberedTable,
  readTableSpan,
  type SpanValues,
  type TableSpan,
} from '../../ledger/table-columns.ts';
import { Disagreement } from './disagreement.ts';

/** Rows read at once. */
const SPAN_ROWS = 100_000;

/** Rows of a table that are looked at one after the other, some at a time in memory. */
export class TableCursor {
  readonly #ledger: Ledger;
  readonly #table: NumberedTable;
  readonly #names: readonly string[];
  readonly #rowsEnd: number;
  #span: TableSpan = { rowCount: 0, columns: {} };
  #from = 0;
  #end = 0;
  /** Where `find` looks next. */
  #next = 0;

  /** @param names of columns, the row number first for `find`; @param rowsEnd nothing is read from there on */
  constructor(ledger: Ledger, table: NumberedTable, names: readonly string[], rowsEnd: number) {
    this.#ledger = ledger;
    this.#table = table;
    this.#names = names;
    this.#rowsEnd = rowsEnd;
  }

  /** Have the rows [from, end) at hand; `from` never goes back. */
  async load(from: number, end: number): Promise<void> {
    if (end <= this.#end) return;
    const { engine, base } = this.#ledger;
    this.#from = from;
    this.#end = Math.min(Math.max(end, from + SPAN_ROWS), this.#rowsEnd);
    this.#span = await readTableSpan(engine, base, this.#table, this.#names, from, this.#end);
    if (this.#span.rowCount === this.#end - from) return;
    throw new Disagreement(`The table ${this.#table} has not as many rows as the columns.`, {
      column: this.#table,
      row: from,
      expected: this.#end - from,
      found: this.#span.rowCount,
    });
  }

  /**
   * Have what there is of the rows [from, end) at hand: of a table that has not a row for each number.
   *
   * @param from never goes back
   */
  async loadSome(from: number, end: number): Promise<void> {
    if (end <= this.#end) return;
    const { engine, base } = this.#ledger;
    this.#end = Math.min(Math.max(end, from + SPAN_ROWS), this.#rowsEnd);
    this.#span = await readTableSpan(engine, base, this.#table, this.#names, from, this.#end);
    this.#next = 0;
  }

  /** The place of a row that may be missing, or -1; rows are asked for in rising order. */
  find(row: number): number {
    const numbers = this.#span.columns[this.#names[0]!]!;
    while (this.#next < this.#span.rowCount && numbers[this.#next]! < row) this.#next += 1;
    return this.#next < this.#span.rowCount && numbers[this.#next] === row ? this.#next : -1;
  }

  /** The values at hand, by column; those of a row stand at `place(row)`. */
  get columns(): Readonly<Record<string, SpanValues>> {
    return this.#span.columns;
  }

  place(row: number): number {
    return row - this.#from;
  }
}
