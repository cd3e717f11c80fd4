/** All that a prepared block says, for comparing one with another. */
import { sha256Hex } from '../../src/bytes/hash.ts';
import type { PreparedBlock } from '../../src/ledger/prepare-block.hot.ts';

/** Rows of a column, by the first letters of its name. */
function rowsOf(name: string, block: PreparedBlock): number {
  const { txCount, inputCount, outputCount } = block.columns;
  if (name === 'bytes') return block.bytes.length;
  if (name === 'txids') return 32 * txCount;
  if (name.startsWith('txFirst')) return txCount + 1;
  if (name.startsWith('tx')) return txCount;
  return name.startsWith('in') ? inputCount : outputCount;
}

/** The counts, and a digest of each column as far as it counts. */
export function preparedColumns(block: PreparedBlock): Record<string, number | string> {
  const said: Record<string, number | string> = {};
  for (const [name, value] of Object.entries({ ...block.columns, ...block })) {
    if (typeof value === 'number') said[name] = value;
    if (!ArrayBuffer.isView(value)) continue;
    const column = value as Uint8Array | Uint32Array | Int32Array | Float64Array;
    const { buffer, byteOffset } = column.subarray(0, rowsOf(name, block));
    const length = rowsOf(name, block) * column.BYTES_PER_ELEMENT;
    said[name] = sha256Hex(new Uint8Array(buffer, byteOffset, length));
  }
  return said;
}
