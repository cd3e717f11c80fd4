import type { ColumnOptions, ColumnPlace } from './column-state.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';

/** A page is 64 KiB: a format constant. */
const PAGE_BITS = 13;
const PAGE_ROWS = 8192;
const PAGE_MASK = PAGE_ROWS - 1;

/** Whole numbers up to 2^53 - 1, stored as doubles, which hold them exactly. */
export class F64Column extends PagedColumn {
  readonly #table: (Float64Array | undefined)[] = [];

  /** @param place where it is kept; undefined for memory alone */
  constructor(place: ColumnPlace | undefined, budget: PageBudget, options: ColumnOptions = {}) {
    const rowBytes = Float64Array.BYTES_PER_ELEMENT;
    super(
      [{ suffix: '', rowBytes, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: false }],
      place,
      budget,
      options,
    );
  }

  /** The value in a row that exists. */
  at(row: number): number {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    return page[row & PAGE_MASK]!;
  }

  set(row: number, value: number): void {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    page[row & PAGE_MASK] = value;
    this.dirty[pageIndex] = 1;
  }

  push(value: number): void {
    const row = this.length;
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    page[row & PAGE_MASK] = value;
    this.length = row + 1;
  }

  #load(pageIndex: number): Float64Array {
    this.loadPage(pageIndex);
    return this.#table[pageIndex]!;
  }

  protected override show(
    pageIndex: number,
    [page]: (Uint8Array<ArrayBuffer> | undefined)[],
  ): void {
    this.#table[pageIndex] = new Float64Array(page!.buffer);
  }

  protected override hide(pageIndex: number): void {
    this.#table[pageIndex] = undefined;
  }

  protected override widen(): void {
    this.#table.push(undefined);
  }
}

/** Exact sums beyond 2^53, as two numbers: see `script-events.hot.ts`. */
export interface SumColumns {
  readonly high: F64Column;
  readonly low: F64Column;
}
