/**
 * The hash functions of Bitcoin, by Node's OpenSSL.
 *
 * `crypto.hash` makes no hash object. Asked for a string of bytes it takes 260 nanoseconds for short input, asked for a buffer
 * 1,000 and more, so the string is turned into bytes here (430 in all). What comes out is a piece of a larger buffer: who
 * makes a view of its `buffer` must heed its `byteOffset`. Very many at once: `sha256-lanes.hot.ts`.
 */
import { hash } from 'node:crypto';

function digest(algorithm: string, data: Uint8Array): Uint8Array {
  return Buffer.from(hash(algorithm, data, 'binary'), 'binary');
}

/** SHA-256 (FIPS 180-4): 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return digest('sha256', data);
}

/** SHA-256 twice, as for block hashes, txids and Merkle nodes: 32 bytes in internal order. */
export function sha256d(data: Uint8Array): Uint8Array {
  return digest('sha256', digest('sha256', data));
}

/** RIPEMD-160 of SHA-256, as for public keys and redeem scripts: 20 bytes. */
export function hash160(data: Uint8Array): Uint8Array {
  return digest('ripemd160', digest('sha256', data));
}

/** SHA-256 as lower-case hex. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}
