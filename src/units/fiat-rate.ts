/**
 * Rates between a coin and money of states, and what an amount is worth at one. A rate is decimal text, as its
 * source wrote it, and is calculated with as a whole number with a scale: nothing goes through floating point.
 */
import { SATS_PER_COIN } from './amount.ts';

const RATE = /^(\d{1,12})(?:\.(\d{1,18}))?$/;

/**
 * Whether a text is a rate: a plain decimal above zero, at most 12 digits before the point and 18 behind.
 *
 * @example isRate('48424.31') // true
 * @example isRate('4.8e4') // false
 */
export function isRate(text: string): boolean {
  return RATE.test(text) && /[1-9]/.test(text);
}

/** The digits of a rate as a whole number, and how many of them stand behind the point. */
function scaled(rate: string): { readonly digits: bigint; readonly decimals: number } {
  const [whole, decimals = ''] = rate.split('.');
  return { digits: BigInt(`${whole}${decimals}`), decimals: decimals.length };
}

/** Two rates as whole numbers of one scale. */
function sameScale(a: string, b: string): readonly [bigint, bigint] {
  const [left, right] = [scaled(a), scaled(b)];
  const decimals = Math.max(left.decimals, right.decimals);
  return [
    left.digits * 10n ** BigInt(decimals - left.decimals),
    right.digits * 10n ** BigInt(decimals - right.decimals),
  ];
}

/**
 * Order of two rates by value.
 *
 * @returns below zero when `a` is the lower one, 0 when they are worth the same
 * @example compareRates('1.50', '1.5') // 0
 */
export function compareRates(a: string, b: string): number {
  const [left, right] = sameScale(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/**
 * How far two rates are apart: the higher less the lower, in hundredths of a percent of the lower, rounded half up.
 *
 * @example differenceInBasisPoints('100', '102.5') // 250n, that is 2.50 %
 */
export function differenceInBasisPoints(a: string, b: string): bigint {
  const [left, right] = sameScale(a, b);
  const [low, high] = left < right ? [left, right] : [right, left];
  return ((high - low) * 20_000n + low) / (2n * low);
}

/**
 * Whether two rates are further apart than a limit, by the exact figures: what rounds to the limit is not beyond it.
 *
 * @param limit in hundredths of a percent of the lower rate
 * @example differsByMoreThan('100', '102', 200n) // false
 */
export function differsByMoreThan(a: string, b: string, limit: bigint): boolean {
  const [left, right] = sameScale(a, b);
  const [low, high] = left < right ? [left, right] : [right, left];
  return (high - low) * 10_000n > limit * low;
}

/**
 * What an amount is worth at a rate, in hundredths of the currency, rounded half up.
 *
 * @param amountSats not negative
 * @example valueInHundredths(150_000_000n, '48424.31') // 7263647n, that is 72,636.47
 */
export function valueInHundredths(amountSats: bigint | number, rate: string): bigint {
  const { digits, decimals } = scaled(rate);
  const scale = 10n ** BigInt(decimals) * BigInt(SATS_PER_COIN);
  return (BigInt(amountSats) * digits * 100n * 2n + scale) / (2n * scale);
}

/**
 * Hundredths as a decimal with two places: cents, and percents that are counted in basis points.
 *
 * @example formatHundredths(7263647n) // '72636.47'
 */
export function formatHundredths(hundredths: bigint): string {
  const sign = hundredths < 0n ? '-' : '';
  const size = hundredths < 0n ? -hundredths : hundredths;
  return `${sign}${size / 100n}.${(size % 100n).toString().padStart(2, '0')}`;
}

/**
 * The other way round, for what a person types as percents.
 *
 * @returns undefined for what is no decimal of at most two places
 * @example parseHundredths('2.5') // 250n
 */
export function parseHundredths(text: string): bigint | undefined {
  const match = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(text);
  return match === null ? undefined : BigInt(`${match[1]}${(match[2] ?? '').padEnd(2, '0')}`);
}
