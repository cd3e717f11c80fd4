import type { ColumnPlace } from './column-state.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';

/** Bytes of a page at most: a format constant. */
const PAGE_BYTES_MAX = 65_536;
/** Copying fewer bytes than this one by one costs less than a call. */
const COPY_MIN = 256;

/** Rows of a fixed number of bytes (txids: 32). */
export class BytesColumn extends PagedColumn {
  readonly #table: (Uint8Array | undefined)[] = [];
  /** Bytes in a row. */
  readonly stride: number;
  /** Rows in a page. */
  readonly pageRows: number;
  readonly #pageBits: number;
  readonly #pageMask: number;

  /** @param place where it is kept; undefined for memory alone */
  constructor(rowBytes: number, place: ColumnPlace | undefined, budget: PageBudget) {
    const pageBits = Math.floor(Math.log2(PAGE_BYTES_MAX / rowBytes));
    const pageRows = 2 ** pageBits;
    super([{ suffix: '', rowBytes, pageRows, prefixBytes: 0, sparse: false }], place, budget);
    this.stride = rowBytes;
    this.#pageBits = pageBits;
    this.pageRows = pageRows;
    this.#pageMask = pageRows - 1;
  }

  /** A view of a row: valid until the page leaves memory, so copy what must last. */
  at(row: number): Uint8Array {
    const pageIndex = row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    const start = (row & this.#pageMask) * this.stride;
    return page.subarray(start, start + this.stride);
  }

  /** The page with a row in it; valid until it leaves memory. Row n of it stands at `n % pageRows` times the width. */
  pageOf(row: number): Uint8Array {
    const pageIndex = row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
    return this.#table[pageIndex] ?? this.#load(pageIndex);
  }

  /** Read the row's first byte, only to have the row near. */
  touch(row: number): number {
    const pageIndex = row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    return page[(row & this.#pageMask) * this.stride]!;
  }

  /** True when the row equals the bytes at `start`. */
  equals(row: number, bytes: Uint8Array, start: number): boolean {
    const pageIndex = row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    const rowStart = (row & this.#pageMask) * this.stride;
    for (let i = 0; i < this.stride; i += 1) {
      if (page[rowStart + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  /** Append the bytes that begin at `start`. */
  push(bytes: Uint8Array, start: number): void {
    const row = this.length;
    const pageIndex = row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    const rowStart = (row & this.#pageMask) * this.stride;
    for (let i = 0; i < this.stride; i += 1) page[rowStart + i] = bytes[start + i]!;
    this.length = row + 1;
  }

  /** Append the bytes of [start, end) as rows, page by page. */
  pushRange(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const row = this.length;
      const pageIndex =
        row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
      const page = this.#table[pageIndex] ?? this.#load(pageIndex);
      const rowStart = (row & this.#pageMask) * this.stride;
      const count = Math.min(end - from, page.length - rowStart);
      if (count > COPY_MIN) page.set(bytes.subarray(from, from + count), rowStart);
      else for (let i = 0; i < count; i += 1) page[rowStart + i] = bytes[from + i]!;
      this.length = row + count / this.stride;
      from += count;
    }
  }

  /** A copy of rows [from, to) as bytes. */
  readRange(from: number, to: number): Uint8Array {
    const copy = new Uint8Array((to - from) * this.stride);
    let row = from;
    while (row < to) {
      const pageIndex =
        row <= ROW_INT_MAX ? row >>> this.#pageBits : Math.floor(row / this.pageRows);
      const page = this.#table[pageIndex] ?? this.#load(pageIndex);
      const rowInPage = row & this.#pageMask;
      const count = Math.min(to - row, this.pageRows - rowInPage);
      copy.set(
        page.subarray(rowInPage * this.stride, (rowInPage + count) * this.stride),
        (row - from) * this.stride,
      );
      row += count;
    }
    return copy;
  }

  /** True when the rows from `from` on hold the bytes of [start, end). */
  equalsRange(from: number, bytes: Uint8Array, start: number, end: number): boolean {
    const firstPage =
      from <= ROW_INT_MAX ? from >>> this.#pageBits : Math.floor(from / this.pageRows);
    const page = this.#table[firstPage] ?? this.#load(firstPage);
    const at = (from & this.#pageMask) * this.stride;
    if (at + (end - start) > page.length) {
      const stored = this.readRange(from, from + (end - start) / this.stride);
      for (let i = start; i < end; i += 1) if (stored[i - start] !== bytes[i]) return false;
      return true;
    }
    for (let i = start; i < end; i += 1) if (page[at + i - start] !== bytes[i]) return false;
    return true;
  }

  #load(pageIndex: number): Uint8Array {
    this.loadPage(pageIndex);
    return this.#table[pageIndex]!;
  }

  protected override show(
    pageIndex: number,
    [page]: (Uint8Array<ArrayBuffer> | undefined)[],
  ): void {
    this.#table[pageIndex] = page;
  }

  protected override hide(pageIndex: number): void {
    this.#table[pageIndex] = undefined;
  }

  protected override widen(): void {
    this.#table.push(undefined);
  }
}
