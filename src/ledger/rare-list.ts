/**
 * Values of the few rows of a column that do not fit it: (row, value), rows rising.
 */
import type { ColumnDamage, ColumnPlace, ColumnState } from './column-state.ts';
import { F64Column } from './f64-column.ts';
import type { PageBudget } from './page-budget.ts';

export class RareList {
  readonly #rows: F64Column;
  readonly #values: F64Column;

  /** @param place that of the column; @param index which of its lists this is */
  constructor(place: ColumnPlace | undefined, ending: string, index: number, budget: PageBudget) {
    const state = place?.state?.lists?.[index];
    this.#rows = new F64Column(placeOf(place, `${ending}-rows`, state?.lists?.[0]), budget);
    try {
      this.#values = new F64Column(placeOf(place, `${ending}-values`, state?.lists?.[1]), budget);
    } catch (cause) {
      this.#rows.close();
      throw cause;
    }
  }

  get length(): number {
    return this.#rows.length;
  }

  rowAt(position: number): number {
    return this.#rows.at(position);
  }

  valueAt(position: number): number {
    return this.#values.at(position);
  }

  /** @param row above all rows that are there; or the last one again, when its column could not take it then */
  push(row: number, value: number): void {
    if (this.length > 0 && this.#rows.at(this.length - 1) === row) {
      this.#rows.truncate(this.length - 1);
    }
    // The value first: it counts from the moment that its row is there.
    this.#values.truncate(this.length);
    this.#values.push(value);
    this.#rows.push(row);
  }

  /** The value of a row that is in the list. */
  at(row: number): number {
    return this.#values.at(this.#positionOf(row));
  }

  /** Where the first entry at or above a row stands. */
  #positionOf(row: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#rows.at(middle) < row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Forget the entries of rows from here on. */
  truncateRows(row: number): void {
    const length = this.#positionOf(row);
    this.#rows.truncate(length);
    this.#values.truncate(length);
  }

  flush(): void {
    this.#rows.flush();
    this.#values.flush();
  }

  sync(): void {
    this.#rows.sync();
    this.#values.sync();
  }

  close(): void {
    this.#rows.close();
    this.#values.close();
  }

  state(): ColumnState {
    return { rows: this.length, tailCrc: [], lists: [this.#rows.state(), this.#values.state()] };
  }

  verify(): ColumnDamage | undefined {
    return this.#rows.verify() ?? this.#values.verify();
  }
}

function placeOf(
  place: ColumnPlace | undefined,
  ending: string,
  state: ColumnState | undefined,
): ColumnPlace | undefined {
  return place === undefined ? undefined : { ...place, name: `${place.name}.${ending}`, state };
}
