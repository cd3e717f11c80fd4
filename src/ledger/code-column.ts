/**
 * Numbers below 2^32 of which a few are very common (sequence numbers of inputs), one byte a row.
 *
 * The first 250 distinct values get a code in order of first sight; rows with any other value have code 255 and their value in a
 * list. Values that are known to be common are given codes beforehand, so that a chain with many
 * odd values in its early years does not use up the codes. A code remembers the row that brought it: forgetting rows forgets it.
 */
import type { ColumnDamage, ColumnPlace, ColumnState } from './column-state.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';
import { RareList } from './rare-list.ts';

/** A page is 64 KiB: a format constant. */
const PAGE_BITS = 16;
const PAGE_ROWS = 65_536;
const PAGE_MASK = PAGE_ROWS - 1;

const CODES_MAX = 250;
/** Final; final but for the lock time; replaceable (BIP 125); a relative lock of nothing (BIP 68). */
const COMMON_SEQUENCES = [0xffff_ffff, 0xffff_fffe, 0xffff_fffd, 0];
const RARE = 255;
const SHAPES = [
  { suffix: '', rowBytes: 1, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: false },
] as const;

export class CodeColumn extends PagedColumn {
  readonly #table: (Uint8Array | undefined)[] = [];
  readonly #rare: RareList;
  /** Row of first sight and value of each code; those given beforehand have rows below 0. */
  readonly #seen: RareList;
  readonly #values = new Uint32Array(CODES_MAX);
  readonly #codes = new Map<number, number>();

  /**
   * @param place where it is kept; undefined for memory alone
   * @param common values that get the first codes of a new column, at most 250
   */
  constructor(
    place: ColumnPlace | undefined,
    budget: PageBudget,
    common: readonly number[] = COMMON_SEQUENCES,
  ) {
    super(SHAPES, place, budget);
    this.#rare = this.closingOnError(() => new RareList(place, 'rare', 0, budget));
    this.#seen = this.closingOnError(() => new RareList(place, 'codes', 1, budget));
    if (place?.state === undefined) {
      for (const [i, value] of common.entries()) this.#seen.push(i - common.length, value);
    }
    this.closingOnError(() => this.#fillCodes());
  }

  #fillCodes(): void {
    this.#codes.clear();
    for (let i = 0; i < this.#seen.length; i += 1) this.#addCode(this.#seen.valueAt(i));
  }

  #addCode(value: number): number {
    const code = this.#codes.size;
    this.#codes.set(value, code);
    this.#values[code] = value;
    return code;
  }

  /** The value in a row that exists. */
  at(row: number): number {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    const code = page[row & PAGE_MASK]!;
    return code === RARE ? this.#rare.at(row) : this.#values[code]!;
  }

  push(value: number): void {
    const row = this.length;
    // Before the page is taken: the list may need its memory.
    const code = this.#codes.get(value) ?? this.#keepNew(row, value);
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    page[row & PAGE_MASK] = code;
    this.length = row + 1;
  }

  #keepNew(row: number, value: number): number {
    if (this.#codes.size < CODES_MAX) {
      this.#seen.push(row, value);
      return this.#addCode(value);
    }
    this.#rare.push(row, value);
    return RARE;
  }

  #load(pageIndex: number): Uint8Array {
    this.loadPage(pageIndex);
    return this.#table[pageIndex]!;
  }

  override truncate(length: number): void {
    super.truncate(length);
    this.#rare.truncateRows(length);
    this.#seen.truncateRows(length);
    this.#fillCodes();
  }

  override flush(): void {
    super.flush();
    this.#rare.flush();
    this.#seen.flush();
  }

  override sync(): void {
    super.sync();
    this.#rare.sync();
    this.#seen.sync();
  }

  override close(): void {
    super.close();
    // Both are absent when the column is closed because one of them could not be opened.
    this.#rare?.close();
    this.#seen?.close();
  }

  override state(): ColumnState {
    return { ...super.state(), lists: [this.#rare.state(), this.#seen.state()] };
  }

  override verify(onProgress?: (done: number, total: number) => void): ColumnDamage | undefined {
    return super.verify(onProgress) ?? this.#rare.verify() ?? this.#seen.verify();
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
