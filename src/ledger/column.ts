/**
 * Fixed-width columns in plain files, read by pages of 65,536 rows.
 *
 * File: a 4,096-byte header (see `column-file.ts`), then the rows, little-endian, without gaps. A row is read
 * through a page table: one bounds-free array look-up when its page is in memory, one positional
 * read of the page when it is not. All columns share a budget; when it is spent, the pages that were
 * loaded first leave (written back before, if they were changed).
 *
 * The three classes repeat `at`, `set` and `push` on purpose: a method shared by arrays of several
 * element kinds would be compiled for all of them and lose most of its speed.
 */
import type { ColumnFile } from './column-file.ts';
import { PAGE_ROWS, type PageBudget, type PageOwner } from './page-budget.ts';

type Page = Uint8Array | Uint32Array | Float64Array;
interface PageConstructor<P extends Page> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer): P;
}

abstract class Column<P extends Page> implements PageOwner {
  /** Rows written or found in the file. */
  length = 0;
  protected readonly pages: (P | undefined)[] = [];
  /** 1 for a page that differs from the file; a plain array, since marking happens at every write. */
  protected readonly dirty: number[] = [];
  readonly #make: PageConstructor<P>;
  readonly #file: ColumnFile | undefined;
  readonly #budget: PageBudget;
  /** Numbers in a row: 1, or the width of a row of bytes. */
  readonly stride: number;

  protected constructor(
    make: PageConstructor<P>,
    stride: number,
    file: ColumnFile | undefined,
    budget: PageBudget,
  ) {
    this.#make = make;
    this.stride = stride;
    this.#file = file;
    this.#budget = budget;
    this.length = file?.rowCount ?? 0;
  }

  get #pageBytes(): number {
    return PAGE_ROWS * this.stride * this.#make.BYTES_PER_ELEMENT;
  }

  /** The page, read from the file when it is not in memory. */
  protected load(pageIndex: number): P {
    const held = this.pages[pageIndex];
    if (held !== undefined) return held;
    const buffer = new ArrayBuffer(this.#pageBytes);
    this.#file?.readPage(pageIndex, new Uint8Array(buffer));
    const page = new this.#make(buffer);
    while (this.pages.length <= pageIndex) {
      this.pages.push(undefined);
      this.dirty.push(0);
    }
    this.pages[pageIndex] = page;
    if (this.#file !== undefined) this.#budget.admit(this, pageIndex, this.#pageBytes);
    return page;
  }

  /** Give a page's memory back; called by the budget. */
  evict(pageIndex: number): number {
    if (this.dirty[pageIndex] === 1) this.#writePage(pageIndex);
    this.pages[pageIndex] = undefined;
    return this.#pageBytes;
  }

  #writePage(pageIndex: number): void {
    const page = this.pages[pageIndex];
    const rows = Math.min(PAGE_ROWS, this.length - pageIndex * PAGE_ROWS);
    if (page !== undefined && rows > 0) {
      const bytes = rows * this.stride * this.#make.BYTES_PER_ELEMENT;
      this.#file?.writePage(pageIndex, new Uint8Array(page.buffer, 0, bytes));
    }
    this.dirty[pageIndex] = 0;
  }

  /** Write all changed pages to the file. */
  flush(): void {
    for (let pageIndex = 0; pageIndex < this.dirty.length; pageIndex += 1) {
      if (this.dirty[pageIndex] === 1) this.#writePage(pageIndex);
    }
    this.#file?.setRowCount(this.length);
  }

  close(): void {
    this.#file?.close();
  }

  sync(): void {
    this.#file?.sync();
  }
}

/** Whole numbers below 2^32. */
export class U32Column extends Column<Uint32Array> {
  constructor(file: ColumnFile | undefined, budget: PageBudget) {
    super(Uint32Array, 1, file, budget);
  }

  /** The value in a row that exists. */
  at(row: number): number {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    return page[row - pageIndex * PAGE_ROWS]!;
  }

  set(row: number, value: number): void {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    page[row - pageIndex * PAGE_ROWS] = value;
    this.dirty[pageIndex] = 1;
  }

  push(value: number): void {
    const row = this.length;
    this.length = row + 1;
    this.set(row, value);
  }
}

/** Whole numbers below 256. */
export class U8Column extends Column<Uint8Array> {
  constructor(file: ColumnFile | undefined, budget: PageBudget) {
    super(Uint8Array, 1, file, budget);
  }

  /** The value in a row that exists. */
  at(row: number): number {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    return page[row - pageIndex * PAGE_ROWS]!;
  }

  set(row: number, value: number): void {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    page[row - pageIndex * PAGE_ROWS] = value;
    this.dirty[pageIndex] = 1;
  }

  push(value: number): void {
    const row = this.length;
    this.length = row + 1;
    this.set(row, value);
  }
}

/** Whole numbers up to 2^53 - 1 (amounts, byte offsets), stored as doubles, which hold them exactly. */
export class F64Column extends Column<Float64Array> {
  constructor(file: ColumnFile | undefined, budget: PageBudget) {
    super(Float64Array, 1, file, budget);
  }

  /** The value in a row that exists. */
  at(row: number): number {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    return page[row - pageIndex * PAGE_ROWS]!;
  }

  set(row: number, value: number): void {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    page[row - pageIndex * PAGE_ROWS] = value;
    this.dirty[pageIndex] = 1;
  }

  push(value: number): void {
    const row = this.length;
    this.length = row + 1;
    this.set(row, value);
  }
}

/** Rows of a fixed number of bytes (txids: 32). */
export class BytesColumn extends Column<Uint8Array> {
  constructor(rowBytes: number, file: ColumnFile | undefined, budget: PageBudget) {
    super(Uint8Array, rowBytes, file, budget);
  }

  /** A view of a row: valid until the page leaves memory, so copy what must last. */
  at(row: number): Uint8Array {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    const start = (row - pageIndex * PAGE_ROWS) * this.stride;
    return page.subarray(start, start + this.stride);
  }

  /** The page with a row in it; valid until it leaves memory. Row n of it stands at `n % PAGE_ROWS` times the width. */
  pageOf(row: number): Uint8Array {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    return this.pages[pageIndex] ?? this.load(pageIndex);
  }

  /** True when the row equals the bytes at `start`. */
  equals(row: number, bytes: Uint8Array, start: number): boolean {
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    const rowStart = (row - pageIndex * PAGE_ROWS) * this.stride;
    for (let i = 0; i < this.stride; i += 1) {
      if (page[rowStart + i] !== bytes[start + i]) return false;
    }
    return true;
  }

  /** Append the bytes that begin at `start`. */
  push(bytes: Uint8Array, start: number): void {
    const row = this.length;
    this.length = row + 1;
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.pages[pageIndex] ?? this.load(pageIndex);
    const rowStart = (row - pageIndex * PAGE_ROWS) * this.stride;
    for (let i = 0; i < this.stride; i += 1) page[rowStart + i] = bytes[start + i]!;
    this.dirty[pageIndex] = 1;
  }

  /** Append the bytes of [start, end) as rows, page by page. */
  pushRange(bytes: Uint8Array, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const row = this.length;
      const pageIndex = Math.floor(row / PAGE_ROWS);
      const page = this.pages[pageIndex] ?? this.load(pageIndex);
      const rowStart = (row - pageIndex * PAGE_ROWS) * this.stride;
      const count = Math.min(end - from, page.length - rowStart);
      for (let i = 0; i < count; i += 1) page[rowStart + i] = bytes[from + i]!;
      this.dirty[pageIndex] = 1;
      this.length = row + count / this.stride;
      from += count;
    }
  }

  /** A copy of rows [from, to) as bytes. */
  readRange(from: number, to: number): Uint8Array {
    const copy = new Uint8Array((to - from) * this.stride);
    let row = from;
    while (row < to) {
      const pageIndex = Math.floor(row / PAGE_ROWS);
      const page = this.pages[pageIndex] ?? this.load(pageIndex);
      const rowInPage = row - pageIndex * PAGE_ROWS;
      const count = Math.min(to - row, PAGE_ROWS - rowInPage);
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
    const firstPage = Math.floor(from / PAGE_ROWS);
    const page = this.pages[firstPage] ?? this.load(firstPage);
    const at = (from - firstPage * PAGE_ROWS) * this.stride;
    if (at + (end - start) > page.length) {
      const stored = this.readRange(from, from + (end - start) / this.stride);
      for (let i = start; i < end; i += 1) if (stored[i - start] !== bytes[i]) return false;
      return true;
    }
    for (let i = start; i < end; i += 1) if (page[at + i - start] !== bytes[i]) return false;
    return true;
  }
}
