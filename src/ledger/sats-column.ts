/**
 * Amounts in satoshi, five bytes a row, exact up to 2^53 - 1.
 *
 * All amounts below 2^40 - 1 (10,995 BTC) stand in the row; the few above have the mark 2^40 - 1 there and
 * their value in a list. Bitcoin's largest possible amount is 2.1 * 10^15, below 2^51.
 */
import type { ColumnDamage, ColumnPlace, ColumnState } from './column-state.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';
import { RareList } from './rare-list.ts';

/** A page is 64 KiB and its high bytes: a format constant. */
const PAGE_BITS = 14;
const PAGE_ROWS = 16_384;
const PAGE_MASK = PAGE_ROWS - 1;

const HIGH_STEP = 0x1_0000_0000;
const RARE = 2 ** 40 - 1;
const SHAPES = [
  { suffix: '', rowBytes: 4, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: false },
  { suffix: '.high', rowBytes: 1, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: false },
] as const;

export class SatsColumn extends PagedColumn {
  readonly #low: (Uint32Array | undefined)[] = [];
  readonly #high: (Uint8Array | undefined)[] = [];
  readonly #rare: RareList;

  /** @param place where it is kept; undefined for memory alone */
  constructor(place: ColumnPlace | undefined, budget: PageBudget) {
    super(SHAPES, place, budget);
    this.#rare = this.closingOnError(() => new RareList(place, 'rare', 0, budget));
  }

  /** The amount in a row that exists. */
  at(row: number): number {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const low = this.#low[pageIndex] ?? this.#load(pageIndex);
    const inPage = row & PAGE_MASK;
    const stored = low[inPage]! + this.#high[pageIndex]![inPage]! * HIGH_STEP;
    return stored === RARE ? this.#rare.at(row) : stored;
  }

  /** @param sats a whole number from 0 to 2^53 - 1 */
  push(sats: number): void {
    const row = this.length;
    // Before the page is taken: the list may need its memory.
    const stored = sats < RARE ? sats : this.#keepRare(row, sats);
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const low = this.#low[pageIndex] ?? this.#load(pageIndex);
    const inPage = row & PAGE_MASK;
    low[inPage] = stored;
    this.#high[pageIndex]![inPage] = Math.floor(stored / HIGH_STEP);
    this.length = row + 1;
  }

  #keepRare(row: number, sats: number): number {
    this.#rare.push(row, sats);
    return RARE;
  }

  #load(pageIndex: number): Uint32Array {
    this.loadPage(pageIndex);
    return this.#low[pageIndex]!;
  }

  override truncate(length: number): void {
    super.truncate(length);
    this.#rare.truncateRows(length);
  }

  override flush(): void {
    super.flush();
    this.#rare.flush();
  }

  override sync(): void {
    super.sync();
    this.#rare.sync();
  }

  override close(): void {
    super.close();
    // It is absent when the column is closed because it could not be opened.
    this.#rare?.close();
  }

  override state(): ColumnState {
    return { ...super.state(), lists: [this.#rare.state()] };
  }

  override verify(onProgress?: (done: number, total: number) => void): ColumnDamage | undefined {
    return super.verify(onProgress) ?? this.#rare.verify();
  }

  protected override show(
    pageIndex: number,
    [low, high]: (Uint8Array<ArrayBuffer> | undefined)[],
  ): void {
    this.#low[pageIndex] = new Uint32Array(low!.buffer);
    this.#high[pageIndex] = high;
  }

  protected override hide(pageIndex: number): void {
    this.#low[pageIndex] = undefined;
    this.#high[pageIndex] = undefined;
  }

  protected override widen(): void {
    this.#low.push(undefined);
    this.#high.push(undefined);
  }
}
