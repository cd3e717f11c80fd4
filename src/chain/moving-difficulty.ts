/**
 * Targets that change with every block, or by other bounds than Bitcoin's: Dogecoin and Dash.
 *
 * All answer undefined when a header that decides is not there. Divisions cut off towards zero, as those of C++ do. Sources:
 * Dogecoin Core `src/dogecoin.cpp` (CalculateDogecoinNextWorkRequired), Dash Core `src/pow.cpp` (DarkGravityWave).
 */
import type { HeaderTimes } from './difficulty.ts';
import type { Network } from './network.ts';
import { bitsFromTarget, targetFromBits } from './proof-of-work.ts';

export type HeaderAt = (height: number) => HeaderTimes | undefined;

/** A target as compact bits, not above the easiest. */
export function limited(target: bigint, network: Network): number {
  const limit = targetFromBits(network.powLimitBits);
  return target > limit ? network.powLimitBits : bitsFromTarget(target);
}

function scaled(bits: number, seconds: number, wished: number, network: Network): number {
  return limited((targetFromBits(bits) * BigInt(seconds)) / BigInt(wished), network);
}

export function between(value: number, min: number, max: number): number {
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
