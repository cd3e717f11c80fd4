/**
 * Numbers up to 2^53 that do not fall from row to row and mostly climb by little (where the inputs of a transaction begin,
 * where a script's bytes begin), in 2 bytes a row.
 *
 * Every 1,024th row is stored whole, in a column of *bases*, and each row as its difference from the base before it. A
 * difference of 0xffff and more is rare: it stands for a value in a list of its own, so no number is ever too far.
 */
import { ClewError } from '../errors.ts';
import type { ColumnDamage, ColumnPlace, ColumnState } from './column-state.ts';
import { F64Column } from './f64-column.ts';
import { type PageBudget, ROW_INT_MAX } from './page-budget.ts';
import { PagedColumn } from './paged-column.ts';
import { RareList } from './rare-list.ts';

/** A page is 64 KiB: a format constant. */
const PAGE_BITS = 15;
const PAGE_ROWS = 32_768;
const PAGE_MASK = PAGE_ROWS - 1;

const BASE_BITS = 10;
const BASE_ROWS = 1024;

const RARE = 0xffff;
const SHAPES = [
  { suffix: '', rowBytes: 2, pageRows: PAGE_ROWS, prefixBytes: 0, sparse: false },
] as const;

export class ClimbingColumn extends PagedColumn {
  readonly #table: (Uint16Array | undefined)[] = [];
  readonly #bases: F64Column;
  readonly #rare: RareList;

  /** @param place where it is kept; undefined for memory alone */
  constructor(place: ColumnPlace | undefined, budget: PageBudget) {
    super(SHAPES, place, budget);
    this.#rare = this.closingOnError(() => new RareList(place, 'far', 0, budget));
    this.#bases = this.closingOnError(() => new F64Column(basesPlace(place), budget));
  }

  /** The number in a row that exists. */
  at(row: number): number {
    const isSmall = row <= ROW_INT_MAX;
    const pageIndex = isSmall ? row >>> PAGE_BITS : Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    const difference = page[row & PAGE_MASK]!;
    if (difference === RARE) return this.#rare.at(row);
    return this.#bases.at(isSmall ? row >>> BASE_BITS : Math.floor(row / BASE_ROWS)) + difference;
  }

  /**
   * Append a number that is not below the one before it.
   *
   * @throws {ClewError} CLEW_LEDGER_LIMIT when it is below the base of its 1,024 rows, or no whole number up to 2^53 - 1
   */
  push(value: number): void {
    const row = this.length;
    const baseIndex = Math.floor(row / BASE_ROWS);
    if (!Number.isSafeInteger(value)) refuse(row, value);
    if (this.#bases.length <= baseIndex) this.#bases.push(value);
    const difference = value - this.#bases.at(baseIndex);
    if (difference < 0) refuse(row, value);
    if (difference >= RARE) this.#rare.push(row, value);
    // Now only: the bases and the list may have needed the memory of the page.
    const pageIndex = Math.floor(row / PAGE_ROWS);
    const page = this.#table[pageIndex] ?? this.#load(pageIndex);
    page[row & PAGE_MASK] = difference < RARE ? difference : RARE;
    this.length = row + 1;
  }

  override startAt(row: number): void {
    super.startAt(row);
    this.#bases.startAt(Math.floor(row / BASE_ROWS));
  }

  override truncate(length: number): void {
    super.truncate(length);
    this.#rare.truncateRows(length);
    this.#bases.truncate(Math.ceil(length / BASE_ROWS));
  }

  override flush(): void {
    super.flush();
    this.#rare.flush();
    this.#bases.flush();
  }

  override sync(): void {
    super.sync();
    this.#rare.sync();
    this.#bases.sync();
  }

  override close(): void {
    super.close();
    // They are absent when the column is closed because it could not be opened.
    this.#rare?.close();
    this.#bases?.close();
  }

  override state(): ColumnState {
    return { ...super.state(), lists: [this.#rare.state(), this.#bases.state()] };
  }

  override verify(onProgress?: (done: number, total: number) => void): ColumnDamage | undefined {
    return super.verify(onProgress) ?? this.#rare.verify() ?? this.#bases.verify();
  }

  #load(pageIndex: number): Uint16Array {
    this.loadPage(pageIndex);
    return this.#table[pageIndex]!;
  }

  protected override show(
    pageIndex: number,
    [page]: (Uint8Array<ArrayBuffer> | undefined)[],
  ): void {
    this.#table[pageIndex] = new Uint16Array(page!.buffer);
  }

  protected override hide(pageIndex: number): void {
    this.#table[pageIndex] = undefined;
  }

  protected override widen(): void {
    this.#table.push(undefined);
  }
}

function refuse(row: number, value: number): never {
  throw new ClewError('CLEW_LEDGER_LIMIT', 'A number does not fit a column of rising numbers.', {
    row,
    value,
  });
}

function basesPlace(place: ColumnPlace | undefined): ColumnPlace | undefined {
  if (place === undefined) return undefined;
  return { ...place, name: `${place.name}.bases`, state: place.state?.lists?.[1] };
}
