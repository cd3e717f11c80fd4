/**
 * The key in `xor.dat` beside the block files of Bitcoin Core 28 and newer.
 *
 * Source: Bitcoin Core `src/node/blockstorage.cpp`, `InitBlocksdirXorKey`. A key of eight zeros is what Core
 * writes when it was told not to scramble (`-blocksxor=0`).
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { XOR_KEY_BYTES } from './xor.hot.ts';

/** Name of the key file. */
export const XOR_KEY_FILE = 'xor.dat';

/**
 * The key that lies in a folder, or undefined when there is none or it changes nothing.
 *
 * @param folder where the block files lie
 * @throws {ClewError} CLEW_XOR_KEY_SIZE when it does not hold 8 bytes, CLEW_FILE_UNREADABLE
 * @example readXorKey('/data/bitcoin/blocks')
 */
export function readXorKey(folder: string): Uint8Array | undefined {
  const path = join(folder, XOR_KEY_FILE);
  let sizeBytes: number;
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    sizeBytes = found.size;
  } catch (cause) {
    throw fileError(cause, path);
  }
  if (sizeBytes !== XOR_KEY_BYTES) {
    throw new ClewError(
      'CLEW_XOR_KEY_SIZE',
      `The XOR key file holds ${sizeBytes} bytes instead of ${XOR_KEY_BYTES}.`,
      { file: path, sizeBytes, expectedBytes: XOR_KEY_BYTES },
    );
  }
  try {
    const key = new Uint8Array(readFileSync(path));
    return key.some((byte) => byte !== 0) ? key : undefined;
  } catch (cause) {
    throw fileError(cause, path);
  }
}
