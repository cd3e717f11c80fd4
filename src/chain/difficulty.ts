/**
 * Which target the next block must name.
 *
 * Source: Bitcoin Core `src/pow.cpp` (GetNextWorkRequired, CalculateNextWorkRequired), BIP 94 for
 * testnet4, Litecoin Core `src/pow.cpp` for the longer interval that it measures. A ledger that begins
 * in mid-chain may lack the headers that are needed; then the answer is undefined, not a guess.
 */
import type { Network } from './network.ts';
import { bitsFromTarget, targetFromBits } from './proof-of-work.ts';

/** What the rules look at in a header. */
export interface HeaderTimes {
  /** Seconds since 1970. */
  readonly time: number;
  readonly bits: number;
}

/** Blocks from one change of target to the next. */
export function retargetInterval(network: Network): number {
  const { targetTimespanSeconds, targetSpacingSeconds } = network.difficulty;
  return targetTimespanSeconds / targetSpacingSeconds;
}

/**
 * The target for the next interval, as compact bits.
 *
 * @param bits the target to start from
 * @param elapsedSeconds between the first and the last block of the measured interval
 * @example retarget(0x1d00ffff, 1_209_600, getNetwork('main')) // 0x1d00ffff
 */
export function retarget(bits: number, elapsedSeconds: number, network: Network): number {
  const wished = network.difficulty.targetTimespanSeconds;
  const counted = Math.min(Math.max(elapsedSeconds, Math.floor(wished / 4)), 4 * wished);
  const target = (targetFromBits(bits) * BigInt(counted)) / BigInt(wished);
  const limit = targetFromBits(network.powLimitBits);
  return target > limit ? network.powLimitBits : bitsFromTarget(target);
}

/** Testnets: the target in force is that of the last block which did not use the easy one. */
function lastRealBits(
  parentHeight: number,
  network: Network,
  headerAt: (height: number) => HeaderTimes | undefined,
): number | undefined {
  const interval = retargetInterval(network);
  let height = parentHeight;
  for (;;) {
    const header = headerAt(height);
    if (header === undefined) return undefined;
    const isReal = height === 0 || height % interval === 0;
    if (isReal || header.bits !== network.powLimitBits) return header.bits;
    height -= 1;
  }
}

/** At an interval's start: measure the one before and change the target. */
function bitsAfterInterval(
  height: number,
  parent: HeaderTimes,
  network: Network,
  headerAt: (height: number) => HeaderTimes | undefined,
): number | undefined {
  const interval = retargetInterval(network);
  const { measuresFromPreviousInterval, bip94 } = network.difficulty;
  // Nothing stands before block 0, so Litecoin's first interval is measured as Bitcoin's.
  const isLonger = measuresFromPreviousInterval && height !== interval;
  const first = headerAt(height - interval - (isLonger ? 1 : 0));
  if (first === undefined) return undefined;
  return retarget(bip94 ? first.bits : parent.bits, parent.time - first.time, network);
}

/**
 * The bits that the block at `height` must name, or undefined when a header that decides it is not there.
 *
 * @param height of the new block, at least 1
 * @param time of the new block: testnets allow the easiest target after a long wait
 * @param headerAt gives the header at a height of the same branch
 * @example nextBits({ height: 2016, time, network, headerAt: (height) => headers[height] })
 */
export function nextBits(question: {
  readonly height: number;
  readonly time: number;
  readonly network: Network;
  readonly headerAt: (height: number) => HeaderTimes | undefined;
}): number | undefined {
  const { height, time, network, headerAt } = question;
  const rules = network.difficulty;
  const parent = headerAt(height - 1);
  if (parent === undefined) return undefined;
  if (height % retargetInterval(network) === 0) {
    if (rules.noRetarget) return parent.bits;
    return bitsAfterInterval(height, parent, network, headerAt);
  }
  if (!rules.minDifficultyBlocks) return parent.bits;
  const isLate = time > parent.time + 2 * rules.targetSpacingSeconds;
  return isLate ? network.powLimitBits : lastRealBits(height - 1, network, headerAt);
}
