/**
 * Bitcoin Cash since it parted from Bitcoin: three rules, one after the other.
 *
 *   478,559  emergency adjustment: when six blocks take half a day, a quarter easier with the next block
 *   504,032  "CW-144": the work of a day, over the time that it took
 *   661,648  ASERT: how far behind or ahead of a schedule that began with one block
 *
 * All answer undefined when a header that decides is not there. Sources: Bitcoin Cash Node `src/pow.cpp`
 * (GetNextEDAWorkRequired, GetNextDAAWorkRequired, CalculateASERT), the specification of "aserti3-2d".
 */
import type { HeaderTimes } from './difficulty.ts';
import { between, type HeaderAt, limited } from './moving-difficulty.ts';
import type { Network } from './network.ts';
import { targetFromBits, workFromBits } from './proof-of-work.ts';

const MEDIAN_BLOCKS = 11;
const EMERGENCY_BLOCKS = 6;
const EMERGENCY_SECONDS = 12 * 3600;

/** The median time of a block and the ten before it, fewer near the beginning. */
function medianTime(height: number, headerAt: HeaderAt): number | undefined {
  const times: number[] = [];
  for (let at = height; at > height - MEDIAN_BLOCKS && at >= 0; at -= 1) {
    const header = headerAt(at);
    if (header === undefined) return undefined;
    times.push(header.time);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}

/** Below 504,032, but for the blocks that begin an interval. */
export function emergencyBits(
  height: number,
  network: Network,
  headerAt: HeaderAt,
): number | undefined {
  const parent = headerAt(height - 1);
  if (parent === undefined) return undefined;
  if (parent.bits === network.powLimitBits) return parent.bits;
  const last = medianTime(height - 1, headerAt);
  const first = medianTime(height - 1 - EMERGENCY_BLOCKS, headerAt);
  if (last === undefined || first === undefined) return undefined;
  if (last - first < EMERGENCY_SECONDS) return parent.bits;
  const target = targetFromBits(parent.bits);
  return limited(target + (target >> 2n), network);
}

const DAY_BLOCKS = 144;

/** Of a block and the two before it the one with the middle time, so that one wrong clock moves nothing. */
function suitableHeight(height: number, headerAt: HeaderAt): number | undefined {
  const blocks: { readonly height: number; readonly time: number }[] = [];
  for (let at = height - 2; at <= height; at += 1) {
    const header = headerAt(at);
    if (header === undefined) return undefined;
    blocks.push({ height: at, time: header.time });
  }
  const swap = (a: number, b: number): void => {
    if (blocks[a]!.time > blocks[b]!.time) [blocks[a], blocks[b]] = [blocks[b]!, blocks[a]!];
  };
  // Which of two equal times comes first is part of the rule.
  swap(0, 2);
  swap(0, 1);
  swap(1, 2);
  return blocks[1]!.height;
}

/** From 504,032 to 661,647. */
export function dailyWorkBits(
  height: number,
  network: Network,
  headerAt: HeaderAt,
): number | undefined {
  const last = suitableHeight(height - 1, headerAt);
  const first = suitableHeight(height - 1 - DAY_BLOCKS, headerAt);
  if (last === undefined || first === undefined) return undefined;
  let work = 0n;
  for (let at = first + 1; at <= last; at += 1) {
    const header: HeaderTimes | undefined = headerAt(at);
    if (header === undefined) return undefined;
    work += workFromBits(header.bits);
  }
  const spacing = network.difficulty.targetSpacingSeconds;
  const seconds = headerAt(last)!.time - headerAt(first)!.time;
  const counted = between(seconds, 72 * spacing, 288 * spacing);
  const perBlock = (work * BigInt(spacing)) / BigInt(counted);
  // The target that so much work stands for: the other way round of `workFromBits`.
  return limited(((1n << 256n) - perBlock) / perBlock, network);
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
