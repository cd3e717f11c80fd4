/**
 * How a wished number of transactions is laid out over blocks and days.
 *
 * The rule: 110 blocks with nothing but a coinbase come first (coins of a coinbase rest 100 blocks), ten
 * minutes apart from 2021-01-01. Then the economy lives 240 days, whatever its size, so that
 * monthly payments and prices by day mean something; a larger economy has more blocks and fuller ones:
 * 15 transactions a block at 20,000, some 220 at one million, some 1,100 at ten million. Where 240
 * days would put blocks closer than ten minutes, they stay at ten minutes and the span grows.
 */
import type { SeededRandom } from '../bytes/seeded-random.ts';

/** 2021-01-01T00:00:00Z: the day on which the economy begins. */
export const START_SECONDS = 1_609_459_200;
/** Blocks that hold only their coinbase, so that there are coins to spend afterwards. */
export const BOOTSTRAP_BLOCKS = 110;
/** Days that the economy lives after them. */
export const SPAN_DAYS = 240;
const DAY_SECONDS = 86_400;
const SPACING_SECONDS_MIN = 600;
/** Fewer transactions than this are all coinbases: nothing could be spent anyway. */
const TRANSACTIONS_MIN = 130;

/** What each block of the chain to make holds; index = height, genesis included. */
export interface ChainPlan {
  /** Number of blocks, genesis included; the tip has height `blocks - 1`. */
  readonly blocks: number;
  /** Transactions of each block, its coinbase included. */
  readonly transactionCounts: Uint32Array;
  /** Header time of each block in Unix seconds; not quite monotonic, as in life. Genesis keeps its own. */
  readonly timesSeconds: Uint32Array;
  /** Usual seconds between two blocks after the first ones. */
  readonly spacingSeconds: number;
  /** Usual transactions in a block after the first ones. */
  readonly transactionsPerBlock: number;
}

/** Usual transactions in a block for an economy of that size. */
function transactionsPerBlock(transactions: number): number {
  // 15 at 20,000 and 1,100 at 10,000,000; a power law between and beyond.
  const exponent = Math.log(1100 / 15) / Math.log(500);
  return Math.min(1500, Math.max(8, 15 * (transactions / 20_000) ** exponent));
}

/**
 * The layout of a chain with exactly that many transactions, coinbases and genesis included.
 *
 * @param transactions a whole number from 1
 * @example planChain(20_000, seededRandom('7')).blocks // 1437
 */
export function planChain(transactions: number, random: SeededRandom): ChainPlan {
  if (transactions < TRANSACTIONS_MIN) {
    const counts = new Uint32Array(transactions).fill(1);
    return finishPlan(counts, SPACING_SECONDS_MIN, 1, random);
  }
  const perBlock = transactionsPerBlock(transactions);
  const rest = transactions - 1 - BOOTSTRAP_BLOCKS;
  const livingBlocks = Math.max(1, Math.round(rest / perBlock));
  const counts = new Uint32Array(1 + BOOTSTRAP_BLOCKS + livingBlocks).fill(1);
  shareOut(counts, 1 + BOOTSTRAP_BLOCKS, rest, random);
  const spacing = Math.max(SPACING_SECONDS_MIN, (SPAN_DAYS * DAY_SECONDS) / livingBlocks);
  return finishPlan(counts, spacing, perBlock, random);
}

/** Spread `total` over the blocks from `first` on, unevenly, at least one in each, exactly. */
function shareOut(counts: Uint32Array, first: number, total: number, random: SeededRandom): void {
  let left = total;
  for (let height = first; height < counts.length; height += 1) {
    const blocksLeft = counts.length - height;
    const mean = left / blocksLeft;
    const wished = blocksLeft === 1 ? left : Math.round(mean * (0.5 + random.unit()));
    const count = Math.max(1, Math.min(wished, left - (blocksLeft - 1)));
    counts[height] = count;
    left -= count;
  }
}

function finishPlan(
  counts: Uint32Array,
  spacingSeconds: number,
  perBlock: number,
  random: SeededRandom,
): ChainPlan {
  const times = new Uint32Array(counts.length);
  for (let height = 1; height < counts.length; height += 1) {
    const late = Math.max(0, height - BOOTSTRAP_BLOCKS);
    const spacing = late > 0 ? spacingSeconds : SPACING_SECONDS_MIN;
    const nominal = (height - late) * SPACING_SECONDS_MIN + late * spacingSeconds;
    // One clock in 25 runs behind by more than a block: still above the median of the eleven before.
    const drift = random.chance(0.04) && height > 12 ? -1.3 : 0;
    times[height] =
      START_SECONDS + Math.round(nominal + (random.unit() * 0.8 - 0.4 + drift) * spacing);
  }
  return {
    blocks: counts.length,
    transactionCounts: counts,
    timesSeconds: times,
    spacingSeconds,
    transactionsPerBlock: perBlock,
  };
}
