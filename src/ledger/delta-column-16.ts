/**
 * Numbers up to 2^53 that do not fall from row to row (offsets, the transaction of each output), in 2 bytes a row.
 *
 * Each page stores its first number whole and, for each row, the difference from it: a page of 32,768 rows may
 * advance by 0xffff at most.
 */
import { ClewError } from '../errors.ts';
import type { ColumnPlace } from './column-state.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';

/** A page is 64 KiB: a format constant. */
const PAGE_BITS = 15;
const PAGE_ROWS = 32_768;
const PAGE_MASK = PAGE_ROWS - 1;

const BASE_BYTES = 8;
const DIFFERENCE_MAX = 0xffff;
const SHAPES = [
  { suffix: '', rowBytes: 2, pageRows: PAGE_ROWS, prefixBytes: BASE_BYTES, sparse: false },
] as const;

export class DeltaColumn16 extends PagedColumn {
  readonly #table: (Uint16Array | undefined)[] = [];
  /** The first number of each page, as far as the page was seen. */
  #bases = new Float64Array(64);

  /** @param place where it is kept; undefined for memory alone */
  constructor(place: ColumnPlace | undefined, budget: PageBudget) {
    super(SHAPES, place, budget);
  }

  /** The number in a row that exists. */
  at(row: number): number {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    return this.#bases[pageIndex]! + page[row & PAGE_MASK]!;
  }

  /**
   * Append a number that is not below the one before it.
   *
   * @throws {ClewError} CLEW_LEDGER_LIMIT when it is below the first of its page or too far above
   */
  push(value: number): void {
    const row = this.length;
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    const inPage = row & PAGE_MASK;
    if (inPage === 0) this.#begin(pageIndex, page, value);
    const difference = value - this.#bases[pageIndex]!;
    if (difference >= 0 && difference <= DIFFERENCE_MAX) page[inPage] = difference;
    else if (Number.isNaN(this.#bases[pageIndex])) this.#begin(pageIndex, page, value);
    else refuse(row, value);
    this.length = row + 1;
  }

  #begin(pageIndex: number, page: Uint16Array, value: number): void {
    if (!Number.isSafeInteger(value)) refuse(pageIndex * PAGE_ROWS, value);
    new Float64Array(page.buffer, 0, 1)[0] = value;
    this.#bases[pageIndex] = value;
  }

  override startAt(row: number): void {
    super.startAt(row);
    const pageIndex = Math.floor(row / PAGE_ROWS);
    this.#load(pageIndex);
    // The first number that is pushed is the page's first, though not in its first row.
    this.#bases[pageIndex] = Number.NaN;
  }

  #load(pageIndex: number): Uint16Array {
    this.loadPage(pageIndex);
    return this.#table[pageIndex]!;
  }

  protected override show(
    pageIndex: number,
    [page]: (Uint8Array<ArrayBuffer> | undefined)[],
  ): void {
    this.#table[pageIndex] = new Uint16Array(page!.buffer, BASE_BYTES);
    if (pageIndex >= this.#bases.length) {
      const wider = new Float64Array(2 ** Math.ceil(Math.log2(pageIndex + 1)));
      wider.set(this.#bases);
      this.#bases = wider;
    }
    this.#bases[pageIndex] = new Float64Array(page!.buffer, 0, 1)[0]!;
  }

  protected override hide(pageIndex: number): void {
    this.#table[pageIndex] = undefined;
  }

  protected override widen(): void {
    this.#table.push(undefined);
  }
}

function refuse(row: number, value: number): never {
  throw new ClewError('CLEW_LEDGER_LIMIT', 'A number does not fit a column of differences.', {
    row,
    value,
  });
}
