/**
 * Proof of work: the compact target, the work it stands for, and whether a header meets it.
 *
 * Source: Bitcoin Core `src/pow.cpp`, `src/arith_uint256.cpp` (SetCompact) and `src/chain.cpp`
 * (GetBlockProof). Litecoin and Dogecoin hash the header with scrypt instead (N = 1024, r = 1, p = 1), Dash with X11.
 */
import { scryptSync } from 'node:crypto';
import { hashToDisplay } from '../bytes/hex.ts';
import { HEADER_BYTES } from './block-columns.hot.ts';
import { headerHash } from './header.ts';
import type { Network } from './network.ts';
import { x11 } from './x11.ts';

const TARGET_LIMIT = 1n << 256n;

/**
 * The number that a block hash must not exceed, from its compact form: one byte of length, three of
 * mantissa. 0 when the form says a negative number or one beyond 256 bits: nothing meets that.
 *
 * @example targetFromBits(0x1d00ffff) // 0xffffn << 208n
 */
export function targetFromBits(bits: number): bigint {
  const size = Math.floor(bits / 0x100_0000);
  const mantissa = bits % 0x80_0000;
  const isNegative = mantissa !== 0 && Math.floor(bits / 0x80_0000) % 2 === 1;
  if (isNegative) return 0n;
  const target =
    size <= 3
      ? BigInt(mantissa) >> BigInt(8 * (3 - size))
      : BigInt(mantissa) << BigInt(8 * (size - 3));
  return target < TARGET_LIMIT ? target : 0n;
}

/**
 * The compact form of a target; what does not fit its three bytes of mantissa is cut off.
 *
 * @example bitsFromTarget(0xffffn << 208n) // 0x1d00ffff
 */
export function bitsFromTarget(target: bigint): number {
  let size = Math.ceil(target.toString(2).length / 8);
  if (target === 0n) size = 0;
  let mantissa = Number(
    size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3)),
  );
  // The top bit of the mantissa is a sign, so a value that reaches it takes one byte more.
  if (mantissa >= 0x80_0000) {
    mantissa = Math.floor(mantissa / 256);
    size += 1;
  }
  return size * 0x100_0000 + mantissa;
}

/**
 * The number of hashes that finding such a block takes on average: 2^256 / (target + 1), whole.
 * The best chain is the one with the largest sum. 0 for a target that nothing meets.
 *
 * @example workFromBits(0x1d00ffff) // 4295032833n
 */
export function workFromBits(bits: number): bigint {
  const target = targetFromBits(bits);
  return target === 0n ? 0n : TARGET_LIMIT / (target + 1n);
}

/** Scrypt over the 80 header bytes as Litecoin does it: 32 bytes, internal order. */
export function scryptHash(header: Uint8Array): Uint8Array {
  const bytes = header.subarray(0, HEADER_BYTES);
  return scryptSync(bytes, bytes, 32, { N: 1024, r: 1, p: 1 });
}

/** The hash of a header that must fall below the target: 32 bytes, internal order. */
export function powHash(header: Uint8Array, network: Network): Uint8Array {
  if (network.proofOfWork === 'scrypt') return scryptHash(header);
  return network.proofOfWork === 'x11' ? x11(header.subarray(0, HEADER_BYTES)) : headerHash(header);
}

/**
 * Whether a header meets the target that it names, and that target is allowed on the network.
 *
 * Whether it names the right target is another question: `nextBits` in `difficulty.ts`.
 *
 * @param header the 80 bytes, or a block that begins with them
 * @returns `unchecked` when the network's proof of work is not implemented, and when the work was done on a block of
 *   another chain (`auxpow.ts`): that needs more than the header
 * @throws {ClewError} CLEW_BLOCK_DAMAGED when fewer than 80 bytes are there
 */
export function checkProofOfWork(
  header: Uint8Array,
  network: Network,
): 'ok' | 'failed' | 'unchecked' {
  // Sees to it that the header is there.
  headerHash(header);
  if (network.proofOfWork === 'none') return 'unchecked';
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  const isMerged = network.headerForm === 'auxpow' && (view.getUint32(0, true) & 0x100) !== 0;
  if (isMerged) return 'unchecked';
  const target = targetFromBits(view.getUint32(72, true));
  if (target === 0n || target > targetFromBits(network.powLimitBits)) return 'failed';
  return BigInt(`0x${hashToDisplay(powHash(header, network))}`) <= target ? 'ok' : 'failed';
}
