/** The rows of a batch put apart for the shards of a cluster: by block, or by the value of a column. */
import type { Columns } from './engine.ts';
import type { NativeColumn } from './native-block.ts';

/** More shards than this are refused when the file that names them is read. */
export const SHARDS_MAX = 255;

const TWO_32 = 0x1_0000_0000;

/**
 * The shard of each row by the block that it belongs to: block modulo shards.
 *
 * @param first number of the first block
 * @param ends after how many rows each block ends
 */
export function shardsByBlock(first: bigint, ends: Float64Array, shards: number): Uint8Array {
  const rows = ends.length === 0 ? 0 : ends[ends.length - 1]!;
  const shardOf = new Uint8Array(rows);
  let shard = Number(first % BigInt(shards));
  let from = 0;
  for (let block = 0; block < ends.length; block += 1) {
    const end = ends[block]!;
    shardOf.fill(shard, from, end);
    from = end;
    shard = shard + 1 === shards ? 0 : shard + 1;
  }
  return shardOf;
}

/** The shard of each row by a column of UInt64: value modulo shards, as `Distributed` would place it. */
export function shardsByKey(column: NativeColumn, shards: number): Uint8Array {
  const bytes = column.bytes();
  const halves = new Uint32Array(bytes.buffer, bytes.byteOffset, column.length * 2);
  const shardOf = new Uint8Array(column.length);
  const scale = TWO_32 % shards;
  for (let row = 0; row < shardOf.length; row += 1) {
    const high = halves[row * 2 + 1]! % shards;
    shardOf[row] = (high * scale + (halves[row * 2]! % shards)) % shards;
  }
  return shardOf;
}

/** Columns of equal length, put apart row by row. The parts are copies. */
export function splitColumns(columns: Columns, shardOf: Uint8Array, shards: number): Columns[] {
  const counts = new Uint32Array(shards);
  for (let row = 0; row < shardOf.length; row += 1) counts[shardOf[row]!]! += 1;
  const parts: Record<string, NativeColumn>[] = Array.from(counts, () => ({}));
  for (const [name, column] of Object.entries(columns)) {
    const split =
      column.type === 'String'
        ? splitTexts(column, shardOf, shards)
        : splitFixed(column, shardOf, counts);
    for (let shard = 0; shard < shards; shard += 1) {
      parts[shard]![name] = new SplitColumn(column.type, counts[shard]!, split[shard]!);
    }
  }
  return parts;
}

class SplitColumn implements NativeColumn {
  readonly type: string;
  readonly length: number;
  readonly #bytes: Uint8Array;

  constructor(type: string, length: number, bytes: Uint8Array) {
    this.type = type;
    this.length = length;
    this.#bytes = bytes;
  }

  bytes(): Uint8Array {
    return this.#bytes;
  }

  clear(): void {
    throw new Error('a part of a batch is not filled again');
  }
}

function splitFixed(column: NativeColumn, shardOf: Uint8Array, counts: Uint32Array): Uint8Array[] {
  const bytes = column.bytes();
  const width = column.length === 0 ? 1 : bytes.length / column.length;
  const parts = Array.from(counts, (count) => new Uint8Array(count * width));
  if (width % 4 === 0) {
    const words = width / 4;
    const from = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const to = parts.map((part) => new Uint32Array(part.buffer));
    copyRows(from, to, shardOf, words);
  } else copyRows(bytes, parts, shardOf, width);
  return parts;
}

function copyRows<Values extends Uint8Array | Uint32Array>(
  from: Values,
  to: readonly Values[],
  shardOf: Uint8Array,
  width: number,
): void {
  const ends = new Float64Array(to.length);
  let read = 0;
  for (let row = 0; row < shardOf.length; row += 1) {
    const shard = shardOf[row]!;
    const part = to[shard]!;
    let write = ends[shard]!;
    for (let i = 0; i < width; i += 1) {
      part[write] = from[read]!;
      write += 1;
      read += 1;
    }
    ends[shard] = write;
  }
}

/** Each text is its length, 7 bits a byte, and its bytes. */
function splitTexts(column: NativeColumn, shardOf: Uint8Array, shards: number): Uint8Array[] {
  const bytes = column.bytes();
  const sizes = new Float64Array(shards);
  const ends = new Float64Array(shardOf.length);
  let at = 0;
  for (let row = 0; row < shardOf.length; row += 1) {
    const start = at;
    let length = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at]!;
      at += 1;
      length += (byte % 128) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    at += length;
    ends[row] = at;
    sizes[shardOf[row]!]! += at - start;
  }
  const parts = Array.from(sizes, (size) => new Uint8Array(size));
  const written = new Float64Array(shards);
  let start = 0;
  for (let row = 0; row < shardOf.length; row += 1) {
    const shard = shardOf[row]!;
    const part = parts[shard]!;
    const end = ends[row]!;
    let write = written[shard]!;
    for (let i = start; i < end; i += 1) {
      part[write] = bytes[i]!;
      write += 1;
    }
    written[shard] = write;
    start = end;
  }
  return parts;
}
