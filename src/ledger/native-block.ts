/**
 * Rows on their way into or out of ClickHouse, in its Native format.
 *
 * A block is: number of columns, number of rows, then each column as name, type, values. Numbers are
 * little-endian and dense, so a column of numbers is a typed array written as it is; a String is a
 * variable-length integer and the bytes. Source: ClickHouse documentation, "Native" format.
 *
 * The builders grow by doubling and are cleared and filled again for each batch.
 */
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';

/** A column that is being filled. */
export interface NativeColumn {
  readonly type: string;
  readonly length: number;
  /** The values as bytes: a view, valid until the next push. */
  bytes(): Uint8Array;
  clear(): void;
}

export class U8Values implements NativeColumn {
  readonly type = 'UInt8';
  length = 0;
  #values = new Uint8Array(1024);

  #reserve(count: number): void {
    if (this.length + count <= this.#values.length) return;
    const grown = new Uint8Array((this.length + count) * 2);
    grown.set(this.#values);
    this.#values = grown;
  }

  /** The first values of an array. */
  pushAll(values: Uint8Array, count: number): void {
    this.#reserve(count);
    this.#values.set(values.subarray(0, count), this.length);
    this.length += count;
  }

  push(value: number): void {
    if (this.length === this.#values.length) this.#reserve(1);
    this.#values[this.length] = value;
    this.length += 1;
  }

  bytes(): Uint8Array {
    return this.#values.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}

/** UInt32, or Int32 when so named: the 32 bits are the same. */
export class U32Values implements NativeColumn {
  readonly type: 'UInt32' | 'Int32';
  length = 0;
  #values = new Uint32Array(1024);

  constructor(type: 'UInt32' | 'Int32' = 'UInt32') {
    this.type = type;
  }

  #reserve(count: number): void {
    if (this.length + count <= this.#values.length) return;
    const grown = new Uint32Array((this.length + count) * 2);
    grown.set(this.#values);
    this.#values = grown;
  }

  /** The first values of an array. */
  pushAll(values: Uint32Array | Int32Array, count: number): void {
    this.#reserve(count);
    this.#values.set(values.subarray(0, count), this.length);
    this.length += count;
  }

  push(value: number): void {
    if (this.length === this.#values.length) this.#reserve(1);
    this.#values[this.length] = value;
    this.length += 1;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#values.buffer, 0, this.length * 4);
  }

  clear(): void {
    this.length = 0;
  }
}

/** UInt64 from whole numbers up to 2^53 - 1, or from two halves. */
export class U64Values implements NativeColumn {
  readonly type = 'UInt64';
  length = 0;
  #halves = new Uint32Array(2048);

  push(value: number): void {
    const high = Math.floor(value / 0x1_0000_0000);
    this.pushHalves(value - high * 0x1_0000_0000, high);
  }

  pushHalves(low: number, high: number): void {
    const at = this.length * 2;
    if (at === this.#halves.length) {
      const grown = new Uint32Array(at * 2);
      grown.set(this.#halves);
      this.#halves = grown;
    }
    this.#halves[at] = low;
    this.#halves[at + 1] = high;
    this.length += 1;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.#halves.buffer, 0, this.length * 8);
  }

  clear(): void {
    this.length = 0;
  }
}

/** UInt64 row numbers: each is a number up to 2^53 - 1 on top of a base that may be larger. NONE is 2^64 - 1. */
export class RowValues implements NativeColumn {
  readonly type = 'UInt64';
  readonly #values = new U64Values();
  readonly #baseLow: number;
  readonly #baseHigh: number;

  constructor(base = 0n) {
    this.#baseLow = Number(base & 0xffff_ffffn);
    this.#baseHigh = Number(base >> 32n);
  }

  get length(): number {
    return this.#values.length;
  }

  /** Rows one after the other. */
  pushRun(first: number, count: number): void {
    for (let row = first; row < first + count; row += 1) this.push(row);
  }

  /** One row again and again. */
  pushSame(row: number, count: number): void {
    for (let n = 0; n < count; n += 1) this.push(row);
  }

  push(row: number): void {
    if (row === NONE) {
      this.#values.pushHalves(0xffff_ffff, 0xffff_ffff);
      return;
    }
    const rowHigh = Math.floor(row / 0x1_0000_0000);
    const low = row - rowHigh * 0x1_0000_0000 + this.#baseLow;
    const carry = low >= 0x1_0000_0000 ? 1 : 0;
    this.#values.pushHalves(low - carry * 0x1_0000_0000, this.#baseHigh + rowHigh + carry);
  }

  bytes(): Uint8Array {
    return this.#values.bytes();
  }

  clear(): void {
    this.#values.clear();
  }
}

/** FixedString(width). */
export class FixedValues implements NativeColumn {
  readonly type: string;
  readonly width: number;
  length = 0;
  #bytes = new Uint8Array(4096);

  constructor(width: number) {
    this.width = width;
    this.type = `FixedString(${width})`;
  }

  push(source: Uint8Array, start: number): void {
    const at = this.length * this.width;
    if (at + this.width > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    for (let i = 0; i < this.width; i += 1) this.#bytes[at + i] = source[start + i]!;
    this.length += 1;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length * this.width);
  }

  clear(): void {
    this.length = 0;
  }
}

/** String. */
export class StringValues implements NativeColumn {
  readonly type = 'String';
  length = 0;
  #bytes = new Uint8Array(4096);
  #used = 0;

  push(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    while (this.#used + size + 9 > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    let rest = size;
    while (rest >= 128) {
      this.#bytes[this.#used] = (rest % 128) + 128;
      this.#used += 1;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#used] = rest;
    this.#used += 1;
    for (let i = start; i < end; i += 1) this.#bytes[this.#used + i - start] = source[i]!;
    this.#used += size;
    this.length += 1;
  }

  pushText(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.push(bytes, 0, bytes.length);
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  clear(): void {
    this.length = 0;
    this.#used = 0;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return Buffer.concat([varint(bytes.length), bytes]);
}

/**
 * Columns of equal length as the parts of one Native block, to be written one after the other.
 * The parts are views of the columns: write them before the next push.
 */
export function encodeNativeBlock(columns: Readonly<Record<string, NativeColumn>>): Uint8Array[] {
  const entries = Object.entries(columns);
  const rowCount = entries[0]?.[1].length ?? 0;
  const parts: Uint8Array[] = [Buffer.concat([varint(entries.length), varint(rowCount)])];
  for (const [name, column] of entries) {
    if (column.length !== rowCount) {
      throw new Error(`column ${name} has ${column.length} rows, the first column ${rowCount}`);
    }
    parts.push(Buffer.concat([text(name), text(column.type)]), column.bytes());
  }
  return parts;
}

/** A decoded column: numbers as they are, 64-bit ones as doubles, bytes as offsets into one buffer. */
export type DecodedColumn =
  | Uint8Array
  | Uint32Array
  | Int32Array
  | Float64Array
  | { readonly bytes: Uint8Array; readonly ends: Float64Array };

export interface DecodedBlock {
  readonly rowCount: number;
  readonly columns: Readonly<Record<string, DecodedColumn>>;
}

/**
 * All blocks of a Native answer, in order.
 *
 * 64-bit integers above 2^53 - 1 are refused, except the all-ones value, which comes back as Infinity
 * ("no row").
 */
export function* decodeNativeBlocks(answer: Uint8Array): Generator<DecodedBlock> {
  let at = 0;
  const readVarint = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = answer[at]!;
      at += 1;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  const readText = (): string => {
    const length = readVarint();
    at += length;
    return Buffer.from(answer.buffer, answer.byteOffset + at - length, length).toString('utf8');
  };
  while (at < answer.length) {
    const columnCount = readVarint();
    const rowCount = readVarint();
    const columns: Record<string, DecodedColumn> = {};
    for (let i = 0; i < columnCount; i += 1) {
      const name = readText();
      const type = readText();
      if (rowCount === 0) continue;
      if (type === 'String') {
        const ends = new Float64Array(rowCount);
        const starts = new Float64Array(rowCount);
        const from = at;
        let total = 0;
        for (let row = 0; row < rowCount; row += 1) {
          const length = readVarint();
          starts[row] = at;
          at += length;
          total += length;
          ends[row] = total;
        }
        const bytes = new Uint8Array(total);
        for (let row = 0; row < rowCount; row += 1) {
          const begin = row === 0 ? 0 : ends[row - 1]!;
          bytes.set(answer.subarray(starts[row]!, starts[row]! + ends[row]! - begin), begin);
        }
        if (at < from) throw new Error('a string column ran backwards');
        columns[name] = { bytes, ends };
        continue;
      }
      const width = columnWidth(type);
      const end = at + width * rowCount;
      // Not `slice`: the answer may be a Buffer, whose slices share its memory.
      const copy = new Uint8Array(answer.subarray(at, end));
      at = end;
      columns[name] = decodeFixed(type, copy, rowCount);
    }
    if (rowCount > 0) yield { rowCount, columns };
  }
}

function columnWidth(type: string): number {
  const fixed = /^FixedString\((\d+)\)$/.exec(type);
  if (fixed) return Number(fixed[1]);
  const widths: Record<string, number> = { UInt8: 1, UInt32: 4, Int32: 4, UInt64: 8 };
  const width = widths[type];
  if (width === undefined) throw new Error(`the type ${type} is not read here`);
  return width;
}

function decodeFixed(type: string, bytes: Uint8Array, rowCount: number): DecodedColumn {
  if (type === 'UInt32') return new Uint32Array(bytes.buffer, 0, rowCount);
  if (type === 'Int32') return new Int32Array(bytes.buffer, 0, rowCount);
  if (type === 'UInt64') {
    const halves = new Uint32Array(bytes.buffer, 0, rowCount * 2);
    const values = new Float64Array(rowCount);
    for (let row = 0; row < rowCount; row += 1) {
      const high = halves[row * 2 + 1]!;
      if (high > 0x1f_ffff) {
        if (high !== 0xffff_ffff || halves[row * 2] !== 0xffff_ffff) {
          throw new ClewError('CLEW_LEDGER_DAMAGED', 'A stored number is larger than any can be.');
        }
        values[row] = Number.POSITIVE_INFINITY;
      } else {
        values[row] = high * 0x1_0000_0000 + halves[row * 2]!;
      }
    }
    return values;
  }
  return bytes;
}
