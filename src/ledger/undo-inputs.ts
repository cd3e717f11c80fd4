/**
 * What inputs spent whose previous outputs lie before the ledger: value, script and origin, as undo data tells them.
 *
 *     undoInput    row of the input, rising
 *     undoValue    satoshi
 *     undoScript   script row
 *     undoOrigin   2 * height + coinbase of the output spent; 0 when the undo data does not say
 *
 * One row for each such input, so a ledger from the genesis block on has none. Rows are found by halving; whoever reads
 * inputs one after the other finds the next one at once.
 */
import { NONE } from '../units/ids.ts';
import { lowerBound } from './lower-bound.ts';
import type { RowColumn } from './row-column.ts';
import type { SatsColumn } from './sats-column.ts';
import type { U32Column } from './u32-column.ts';

export class UndoInputs {
  readonly input: RowColumn;
  readonly value: SatsColumn;
  readonly script: RowColumn;
  readonly origin: U32Column;
  /** The row found last. */
  #last = 0;

  constructor(input: RowColumn, value: SatsColumn, script: RowColumn, origin: U32Column) {
    this.input = input;
    this.value = value;
    this.script = script;
    this.origin = origin;
  }

  get count(): number {
    return this.input.length;
  }

  /** @param input above all that were pushed before */
  push(input: number, valueSats: number, scriptId: number, origin: number): void {
    this.input.push(input);
    this.value.push(valueSats);
    this.script.push(scriptId);
    this.origin.push(origin);
  }

  /** The first row that belongs to an input from `input` on, or the count: how many rows the inputs before it have. */
  firstFrom(input: number): number {
    return lowerBound(this.input, 0, this.input.length, input);
  }

  /** The row of an input, or NONE. */
  find(input: number): number {
    const { length } = this.input;
    if (length === 0 || this.input.at(length - 1) < input) return NONE;
    for (let row = this.#last; row < length && row <= this.#last + 1; row += 1) {
      if (this.input.at(row) !== input) continue;
      this.#last = row;
      return row;
    }
    const row = this.firstFrom(input);
    if (row === length || this.input.at(row) !== input) return NONE;
    this.#last = row;
    return row;
  }

  /** What an input spends, in satoshi; 0 when undo data does not tell. */
  valueOf(input: number): number {
    const row = this.find(input);
    return row === NONE ? 0 : this.value.at(row);
  }

  /** The script that an input spends from; NONE when undo data does not tell. */
  scriptOf(input: number): number {
    const row = this.find(input);
    return row === NONE ? NONE : this.script.at(row);
  }
}
