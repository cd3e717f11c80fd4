/**
 * Which target the next block must name.
 *
 * Source: Bitcoin Core `src/pow.cpp` (GetNextWorkRequired, CalculateNextWorkRequired), BIP 94 for
 * testnet4, Litecoin Core `src/pow.cpp` for the longer interval that it measures; `moving-difficulty.ts`
 * and `cash-difficulty.ts` for coins that change the target with every block. A ledger that begins in
 * mid-chain may lack the headers that are needed, and some rules are not modelled; then the answer is
 * undefined, not a guess.
 */
import { asertBits, dailyWorkBits, emergencyBits } from './cash-difficulty.ts';
import { darkGravityWave, digishieldBits, earlyDogecoinBits } from './moving-difficulty.ts';
import type { DifficultyLaw, Network } from './network.ts';
import { bitsFromTarget, targetFromBits } from './proof-of-work.ts';

/** What the rules look at in a header. */
export interface HeaderTimes {
  /** Seconds since 1970. */
  readonly time: number;
  readonly bits: number;
}

/** The rule that holds at a height. */
export function difficultyLaw(height: number, network: Network): DifficultyLaw {
  const { laws = [] } = network.difficulty;
  return laws.findLast(({ from }) => height >= from)?.law ?? 'interval';
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

/** The question which target a block must name. */
export interface TargetQuestion {
  /** Of the new block, at least 1. */
  readonly height: number;
  /** Of the new block: testnets allow the easiest target after a long wait. */
  readonly time: number;
  readonly network: Network;
  /** Gives the header at a height of the same branch. */
  readonly headerAt: (height: number) => HeaderTimes | undefined;
}

/**
 * The bits that the block at `height` must name, or undefined when a header that decides it is not there, or the rule that
 * holds there is not modelled.
 *
 * @example nextBits({ height: 2016, time, network, headerAt: (height) => headers[height] })
 */
export function nextBits(question: TargetQuestion): number | undefined {
  const { height, network, headerAt } = question;
  switch (difficultyLaw(height, network)) {
    case 'interval':
      return intervalBits(question);
    case 'early-dogecoin':
      return earlyDogecoinBits(height, network, headerAt);
    case 'digishield':
      return digishieldBits(height, network, headerAt);
    case 'dark-gravity-wave':
      return darkGravityWave(height, network, headerAt);
    case 'emergency':
      // The change with every interval stays.
      return height % retargetInterval(network) === 0
        ? intervalBits(question)
        : emergencyBits(height, network, headerAt);
    case 'daily-work':
      return dailyWorkBits(height, network, headerAt);
    case 'asert':
      return asertBits(height, network, headerAt);
    case 'unmodelled':
      return undefined;
  }
}

/** Bitcoin's rule: the target changes with every whole interval. */
function intervalBits({ height, time, network, headerAt }: TargetQuestion): number | undefined {
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
