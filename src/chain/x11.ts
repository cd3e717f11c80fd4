/**
 * X11: eleven hash functions one after the other, the hash that names and proves Dash's blocks.
 *
 * The functions come from `@dashevo/x11-hash-js`: 0.8 ms a header on one core of two, so that 2.3 million headers take half an
 * hour. What is asked twice in a row (the name and the work of one header are the same hash) is worked out once.
 */
import { createRequire } from 'node:module';
import { bytesEqual } from '../bytes/hex.ts';

interface X11Library {
  /** @param format 1: arrays of bytes in and out */
  digest(input: readonly number[], inputFormat: 1, outputFormat: 1): number[];
}

/** Loaded when the first header is hashed: only Dash needs it. */
let library: X11Library | undefined;
let lastHeader: Uint8Array = new Uint8Array(0);
let lastHash: Uint8Array = new Uint8Array(0);

/**
 * The X11 hash of a header: 32 bytes, internal order.
 *
 * @param header the 80 bytes
 * @example hashToDisplay(x11(dashGenesisHeader)) // '00000ffd590b1485…'
 */
export function x11(header: Uint8Array): Uint8Array {
  if (bytesEqual(header, lastHeader)) return lastHash.slice();
  library ??= createRequire(import.meta.url)('@dashevo/x11-hash-js') as X11Library;
  lastHash = Uint8Array.from(library.digest([...header], 1, 1));
  lastHeader = header.slice();
  return lastHash.slice();
}
