/**
 * How long a block is by its own structure, for when the length in its frame can not be trusted.
 */
import { BlockColumns, readBlockColumns } from '../chain/block-columns.hot.ts';
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';

const FLAG_MWEB = 8;

/** The value of a varint below 2^32, or -1 when it is not there. */
function countAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === undefined) return -1;
  if (first < 0xfd) return first;
  const width = first === 0xfd ? 2 : 4;
  let value = 0;
  for (let i = width; i >= 1; i -= 1) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/**
 * Bytes from the header to the end of the last transaction.
 *
 * @param bytes a block and whatever follows it in the file
 * @param columns scratch, worth handing in when many blocks are walked
 * @returns undefined when the transactions can not be walked to their end, or when a Litecoin extension block
 *   follows, whose length is not written anywhere
 * @example blockExtent(bytesFromTheHeaderOn, getNetwork('main')) // 285 for the genesis block
 */
export function blockExtent(
  bytes: Uint8Array,
  network: Network,
  columns: BlockColumns = new BlockColumns(),
): number | undefined {
  try {
    readBlockColumns(bytes, network, columns);
  } catch (error) {
    // Bytes after the last transaction are what we expect here; anything else leaves transactions over.
    if (!(error instanceof ClewError)) throw error;
  }
  const last = columns.txCount - 1;
  if (last < 0 || columns.txCount !== countAt(bytes, columns.bodyOffset)) return undefined;
  const lastStart = columns.txOffset[last]!;
  const hasExtension =
    network.mweb && bytes[lastStart + 4] === 0 && (bytes[lastStart + 5]! & FLAG_MWEB) !== 0;
  return hasExtension ? undefined : lastStart + columns.txLength[last]!;
}
