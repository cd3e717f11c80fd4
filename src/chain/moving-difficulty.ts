/**
 * Targets that change with every block, or by other bounds than Bitcoin's: Dogecoin, Dash, Bitcoin Cash.
 *
 * All answer undefined when a header that decides is not there. Divisions cut off towards zero, as those of C++ do. Sources:
 * Dogecoin Core `src/dogecoin.cpp` (CalculateDogecoinNextWorkRequired), Dash Core `src/pow.cpp` (DarkGravityWave),
 * Bitcoin Cash Node `src/pow.cpp` (CalculateASERT) and the specification of "aserti3-2d".
 */
import type { HeaderTimes } from './difficulty.ts';
import type { Network } from './network.ts';
import { bitsFromTarget, targetFromBits } from './proof-of-work.ts';

type HeaderAt = (height: number) => HeaderTimes | undefined;

function limited(target: bigint, network: Network): number {
  const limit = targetFromBits(network.powLimitBits);
  return target > limit ? network.powLimitBits : bitsFromTarget(target);
}

function scaled(bits: number, seconds: number, wished: number, network: Network): number {
  return limited((targetFromBits(bits) * BigInt(seconds)) / BigInt(wished), network);
}

function between(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

/** Dogecoin below 145,000: four hours, as Litecoin's rule, but easier fast than harder. */
export function earlyDogecoinBits(
  height: number,
  network: Network,
  headerAt: HeaderAt,
): number | undefined {
  const { targetTimespanSeconds: wished, targetSpacingSeconds } = network.difficulty;
  const interval = wished / targetSpacingSeconds;
  const parent = headerAt(height - 1);
  if (parent === undefined) return undefined;
  if (height % interval !== 0) return parent.bits;
  // Nothing stands before block 0, so the first interval is measured one block shorter.
  const first = headerAt(height - interval - (height === interval ? 0 : 1));
  if (first === undefined) return undefined;
  const share = height > 10_000 ? 4 : height > 5000 ? 8 : 16;
  const seconds = between(parent.time - first.time, Math.trunc(wished / share), 4 * wished);
  return scaled(parent.bits, seconds, wished, network);
}

/** Dogecoin from 145,001 on: each block moves the target by an eighth of what the last one was late. */
export function digishieldBits(
  height: number,
  network: Network,
  headerAt: HeaderAt,
): number | undefined {
  const wished = network.difficulty.targetSpacingSeconds;
  const parent = headerAt(height - 1);
  const first = headerAt(height - 2);
  if (parent === undefined || first === undefined) return undefined;
  const damped = wished + Math.trunc((parent.time - first.time - wished) / 8);
  const min = wished - Math.trunc(wished / 4);
  const seconds = between(damped, min, wished + Math.trunc(wished / 2));
  return scaled(parent.bits, seconds, wished, network);
}

const WAVE_BLOCKS = 24;

/** Dash from 34,140 on (Dark Gravity Wave 3): a weighted mean of 24 targets, scaled by the time that they took. */
export function darkGravityWave(
  height: number,
  network: Network,
  headerAt: HeaderAt,
): number | undefined {
  const wished = WAVE_BLOCKS * network.difficulty.targetSpacingSeconds;
  let mean = 0n;
  let oldest: HeaderTimes | undefined;
  for (let count = 1; count <= WAVE_BLOCKS; count += 1) {
    oldest = headerAt(height - count);
    if (oldest === undefined) return undefined;
    const target = targetFromBits(oldest.bits);
    const weight = BigInt(count);
    mean = count === 1 ? target : (mean * weight + target) / (weight + 1n);
  }
  const seconds = headerAt(height - 1)!.time - oldest!.time;
  const counted = between(seconds, Math.trunc(wished / 3), 3 * wished);
  return limited((mean * BigInt(counted)) / BigInt(wished), network);
}

/** Bitcoin Cash: the block that all later targets are worked out from (Bitcoin Cash Node, chainparams). */
const ANCHOR = { height: 661_647, bits: 0x1804dafe, parentTime: 1_605_447_844 };
/** Two days behind the schedule double the target. */
const HALF_LIFE_SECONDS = 2 * 24 * 3600;
const ASERT_SPACING_SECONDS = 600;

/**
 * The target by ASERT, in whole numbers of 16 bits behind the point.
 *
 * @param reference target of the anchor
 * @param timeDiff seconds from the anchor's parent to the last block
 * @param heightDiff blocks from the anchor to the last block
 * @example asertTarget(target, 600, 0, limit) // target: on schedule
 */
export function asertTarget(
  reference: bigint,
  timeDiff: number,
  heightDiff: number,
  limit: bigint,
): bigint {
  const late = BigInt(timeDiff) - BigInt(ASERT_SPACING_SECONDS) * BigInt(heightDiff + 1);
  const exponent = (late * 65_536n) / BigInt(HALF_LIFE_SECONDS);
  const shifts = (exponent >> 16n) - 16n;
  const fraction = BigInt.asUintN(16, exponent);
  // 2^x for x from 0 to 1, by a polynomial of degree 3.
  const curve =
    195_766_423_245_049n * fraction +
    971_821_376n * fraction ** 2n +
    5127n * fraction ** 3n +
    (1n << 47n);
  const factor = 65_536n + (curve >> 48n);
  const target = shifts <= 0n ? (reference * factor) >> -shifts : (reference * factor) << shifts;
  if (target === 0n) return 1n;
  return target > limit ? limit : target;
}

/** Bitcoin Cash from 661,648 on. */
export function asertBits(
  height: number,
  network: Network,
  headerAt: HeaderAt,
): number | undefined {
  const parent = headerAt(height - 1);
  if (parent === undefined) return undefined;
  const target = asertTarget(
    targetFromBits(ANCHOR.bits),
    parent.time - ANCHOR.parentTime,
    height - 1 - ANCHOR.height,
    targetFromBits(network.powLimitBits),
  );
  return limited(target, network);
}
