/**
 * Typed arrays that grow by doubling: results whose number is not known beforehand, without an object per row.
 *
 * Two classes instead of one generic: a method shared by arrays of two element kinds would be compiled for
 * both and lose most of its speed.
 */
const START_CAPACITY = 1024;

export class GrowingU32 {
  #rows: Uint32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = START_CAPACITY) {
    this.#rows = new Uint32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#rows.length) {
      const grown = new Uint32Array(Math.max(START_CAPACITY, this.#rows.length * 2));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows[this.length] = value;
    this.length += 1;
  }

  at(row: number): number {
    return this.#rows[row]!;
  }

  /** A copy of exactly the rows pushed. */
  finish(): Uint32Array<ArrayBuffer> {
    return this.#rows.slice(0, this.length);
  }
}

export class GrowingF64 {
  #rows: Float64Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = START_CAPACITY) {
    this.#rows = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#rows.length) {
      const grown = new Float64Array(Math.max(START_CAPACITY, this.#rows.length * 2));
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows[this.length] = value;
    this.length += 1;
  }

  at(row: number): number {
    return this.#rows[row]!;
  }

  /** A copy of exactly the rows pushed. */
  finish(): Float64Array<ArrayBuffer> {
    return this.#rows.slice(0, this.length);
  }
}
