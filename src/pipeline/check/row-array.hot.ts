import { NONE } from '../../units/ids.ts';

const LOW = 0x1_0000_0000;

/** A row number for each of many things, in 5 bytes: `NONE`, which is 2^40 - 1, until another one is set. */
export class RowArray {
  readonly #low: Uint32Array;
  readonly #high: Uint8Array;

  constructor(length: number) {
    this.#low = new Uint32Array(length).fill(NONE % LOW);
    this.#high = new Uint8Array(length).fill(Math.floor(NONE / LOW));
  }

  at(index: number): number {
    return this.#low[index]! + this.#high[index]! * LOW;
  }

  set(index: number, row: number): void {
    this.#low[index] = row % LOW;
    this.#high[index] = Math.floor(row / LOW);
  }
}
