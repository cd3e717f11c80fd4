/**
 * Row numbers of transactions, outputs and scripts, and a few values that are no rows.
 *
 * Rows reach 2^40 - 257; the 256 values above them are *sentinels* (`NONE` = 2^40 - 1 and others). A value is
 * stored shifted by 256, sentinels first, so that both fit the low four bytes while rows are below 2^32 - 256. A page has
 * a fifth byte for each row only from the moment that a value in it needs one.
 *
 *     value              stored
 *     2^40 - 256 + s     s              (s = 0 ... 255)
 *     row r              r + 256
 */
import { ClewError } from '../errors.ts';
import type { ColumnOptions, ColumnPlace } from './column-state.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';

/** A page is 64 KiB and its high bytes: a format constant. */
const PAGE_BITS = 14;
const PAGE_ROWS = 16_384;
const PAGE_MASK = PAGE_ROWS - 1;

/** Values from here up to 2^40 - 1 are sentinels, not rows. */
export const ROW_SENTINEL_MIN = 2 ** 40 - 256;
const SHIFT = 256;
const LOW_MAX = 0xffff_ffff;
const HIGH_STEP = 0x1_0000_0000;
const STORED_MAX = 2 ** 40 - 1;

const SHAPES = [
  { suffix: '', rowBytes: 4, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: false },
  { suffix: '.high', rowBytes: 1, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: true },
] as const;

export class RowColumn extends PagedColumn {
  readonly #low: (Uint32Array | undefined)[] = [];
  readonly #high: (Uint8Array | undefined)[] = [];
  /** False until a page with high bytes was seen: then one array less is read for each row. */
  #hasHigh = false;

  /** @param place where it is kept; undefined for memory alone */
  constructor(place: ColumnPlace | undefined, budget: PageBudget, options: ColumnOptions = {}) {
    super(SHAPES, place, budget, options);
  }

  /** The row number or sentinel in a row that exists. */
  at(row: number): number {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const low = this.#low[pageIndex] ?? this.#load(pageIndex);
    const high = this.#hasHigh ? this.#high[pageIndex] : undefined;
    const inPage = row & PAGE_MASK;
    const stored = high === undefined ? low[inPage]! : low[inPage]! + high[inPage]! * HIGH_STEP;
    return stored >= SHIFT ? stored - SHIFT : stored + ROW_SENTINEL_MIN;
  }

  /** @throws {ClewError} CLEW_LEDGER_LIMIT for a number above 2^40 - 1 */
  set(row: number, value: number): void {
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const low = this.#low[pageIndex] ?? this.#load(pageIndex);
    const inPage = row & PAGE_MASK;
    const stored = value >= ROW_SENTINEL_MIN ? value - ROW_SENTINEL_MIN : value + SHIFT;
    if (stored > LOW_MAX || (this.#hasHigh && this.#high[pageIndex] !== undefined)) {
      this.#setHigh(pageIndex, inPage, value, stored);
    }
    low[inPage] = stored;
    this.dirty[pageIndex] = 1;
  }

  /** @throws {ClewError} CLEW_LEDGER_LIMIT for a number above 2^40 - 1 */
  push(value: number): void {
    const row = this.length;
    const pageIndex = row <= ROW_INT_MAX ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const low = this.#low[pageIndex] ?? this.#load(pageIndex);
    const inPage = row & PAGE_MASK;
    const stored = value >= ROW_SENTINEL_MIN ? value - ROW_SENTINEL_MIN : value + SHIFT;
    if (stored > LOW_MAX || (this.#hasHigh && this.#high[pageIndex] !== undefined)) {
      this.#setHigh(pageIndex, inPage, value, stored);
    }
    low[inPage] = stored;
    this.length = row + 1;
  }

  #setHigh(pageIndex: number, inPage: number, value: number, stored: number): void {
    if (value > STORED_MAX) {
      throw new ClewError('CLEW_LEDGER_LIMIT', 'A row number is beyond 2^40.', { row: value });
    }
    if (this.#high[pageIndex] === undefined) this.makeAbsent(pageIndex, 1);
    this.#high[pageIndex]![inPage] = Math.floor(stored / HIGH_STEP);
  }

  #load(pageIndex: number): Uint32Array {
    this.loadPage(pageIndex);
    return this.#low[pageIndex]!;
  }

  protected override show(
    pageIndex: number,
    [low, high]: (Uint8Array<ArrayBuffer> | undefined)[],
  ): void {
    this.#low[pageIndex] = new Uint32Array(low!.buffer);
    this.#high[pageIndex] = high;
    if (high !== undefined) this.#hasHigh = true;
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
