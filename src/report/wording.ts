/** Figures in English words, the same on every machine: no locale of the system has a say. */
import { SATS_PER_COIN } from '../units/amount.ts';
import { groupedNumber } from '../units/number-text.ts';

/**
 * A whole number with commas between thousands.
 *
 * @example groupDigits(1204) // '1,204'
 */
export function groupDigits(value: number | bigint | string): string {
  return groupedNumber(value);
}

/**
 * A count with its noun.
 *
 * @example plural(1, 'payment') // '1 payment'
 * @example plural(2, 'entry', 'entries') // '2 entries'
 */
export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${groupDigits(count)} ${count === 1 ? singular : many}`;
}

/**
 * A share in words that never claim more than is so: 100 % only for the whole, 0 % only for nothing.
 *
 * @example percent(999n, 1000n) // '> 99 %'
 */
export function percent(part: bigint, whole: bigint): string {
  if (whole === 0n || part === 0n) return '0\u00a0%';
  if (part === whole) return '100\u00a0%';
  if (part * 100n < whole) return '<\u00a01\u00a0%';
  if (part * 100n > whole * 99n) return '>\u00a099\u00a0%';
  return `${(part * 200n + whole) / (whole * 2n)}\u00a0%`;
}

/**
 * Coins for a sentence: about four significant digits, rounded half up. Tables give all eight decimals.
 *
 * @example briefCoins(231_234_567n) // '2.312'
 */
export function briefCoins(amountSats: bigint): string {
  const coin = BigInt(SATS_PER_COIN);
  const wholeDigits = amountSats < coin ? 0 : (amountSats / coin).toString().length;
  let decimals = Math.max(0, 4 - wholeDigits);
  if (wholeDigits === 0 && amountSats > 0n) {
    // Below one coin the first digit that counts can be far behind the point.
    decimals = Math.min(8, 8 - amountSats.toString().length + 4);
  }
  const unit = 10n ** BigInt(8 - decimals);
  const rounded = (amountSats + unit / 2n) / unit;
  const scale = 10n ** BigInt(decimals);
  const whole = groupDigits(rounded / scale);
  const rest = (rounded % scale).toString().padStart(decimals, '0').replace(/0+$/, '');
  return decimals === 0 || rest === '' ? whole : `${whole}.${rest}`;
}

/**
 * A decimal of two places for a sentence: to the whole unit from 100 on.
 *
 * @example briefFiat('88411.62') // '88,412'
 * @example briefFiat('41.5') // '41.50'
 */
export function briefFiat(value: string): string {
  const [whole = '0', decimals = '00'] = value.split('.');
  const hundredths = BigInt(whole) * 100n + BigInt(decimals.padEnd(2, '0').slice(0, 2));
  if (hundredths < 10_000n) return `${whole}.${decimals.padEnd(2, '0')}`;
  return groupDigits((hundredths + 50n) / 100n);
}

/**
 * Things in a row, as a sentence has them.
 *
 * @example listWords(['a', 'b', 'c']) // 'a, b and c'
 */
export function listWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/**
 * The first letter as a capital.
 *
 * @example capitalised('no price') // 'No price'
 */
export function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
