/** A block as the Esplora API gives it; see `esplora-transaction.ts`. Source: Blockstream `electrs` (`src/rest.rs`). */

export interface EsploraBlock {
  readonly id: string;
  readonly height: number;
  readonly version: number;
  readonly timestamp: number;
  readonly tx_count: number;
  readonly size: number;
  readonly weight: number;
  readonly merkle_root: string;
  /** Null for block 0. */
  readonly previousblockhash: string | null;
  /** Null when the ledger begins too late to tell. */
  readonly mediantime: number | null;
  readonly nonce: number;
  readonly bits: number;
  readonly difficulty: number;
}

/** What the ledger tells of a block. */
export interface BlockFacts {
  readonly hash: string;
  readonly height: number;
  readonly version: number;
  readonly timeSeconds: number;
  readonly transactions: number;
  readonly sizeBytes: number;
  readonly merkleRoot: string;
  readonly prevHash: string;
  readonly bits: number;
  readonly nonce: number;
}

/** Blocks whose times make the median (Bitcoin Core `CBlockIndex::nMedianTimeSpan`). */
export const MEDIAN_TIME_BLOCKS = 11;

/**
 * The middle of the times of up to 11 blocks: what later times are measured by (BIP 113).
 *
 * @param times of a block and those before it, in any order
 * @example medianTime([3, 1, 2]) // 2
 */
export function medianTime(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/**
 * How many times harder than the easiest target of Bitcoin (Bitcoin Core `GetDifficulty`).
 *
 * @example difficultyOf(0x1d00ffff) // 1
 */
export function difficultyOf(bits: number): number {
  const mantissa = bits % 0x100_0000;
  return mantissa === 0 ? 0 : (0xffff / mantissa) * 256 ** (29 - Math.floor(bits / 0x100_0000));
}

/** @param mediantime null when it is not known */
export function esploraBlock(
  block: BlockFacts,
  weight: number,
  mediantime: number | null,
): EsploraBlock {
  return {
    id: block.hash,
    height: block.height,
    version: block.version >>> 0,
    timestamp: block.timeSeconds,
    tx_count: block.transactions,
    size: block.sizeBytes,
    weight,
    merkle_root: block.merkleRoot,
    previousblockhash: /^0{64}$/.test(block.prevHash) ? null : block.prevHash,
    mediantime,
    nonce: block.nonce,
    bits: block.bits,
    difficulty: difficultyOf(block.bits),
  };
}
