/**
 * The hash functions of Bitcoin, by Node's OpenSSL.
 *
 * `crypto.hash` makes no hash object and takes 1 to 2 microseconds a call for short input.
 */
import { hash } from 'node:crypto';

/** SHA-256 (FIPS 180-4): 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return hash('sha256', data, 'buffer');
}

/** SHA-256 twice, as for block hashes, txids and Merkle nodes: 32 bytes in internal order. */
export function sha256d(data: Uint8Array): Uint8Array {
  return hash('sha256', hash('sha256', data, 'buffer'), 'buffer');
}

/** RIPEMD-160 of SHA-256, as for public keys and redeem scripts: 20 bytes. */
export function hash160(data: Uint8Array): Uint8Array {
  return hash('ripemd160', hash('sha256', data, 'buffer'), 'buffer');
}

/** SHA-256 as lower-case hex. */
export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}
