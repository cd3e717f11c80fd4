/**
 * Amounts are whole satoshi.
 *
 * One amount fits a double exactly (21 million coins are 2.1e15, below 2^53 = 9.0e15); sums of many do
 * not, because coins move again and again. So one amount is a `Sats` number and a total is a bigint.
 */

declare const satsBrand: unique symbol;
/** One amount in satoshi: a whole number, exact up to 2^53 - 1. */
export type Sats = number & { readonly [satsBrand]: true };
/** A total of amounts in satoshi. */
export type SatsSum = bigint;

/** Satoshi in one coin. */
export const SATS_PER_COIN = 100_000_000;

/**
 * An exact running total that makes no bigint per addition: two limbs below 2^53 each.
 *
 * @example const total = new SatsTotal(); total.add(5); total.value // 5n
 */
export class SatsTotal {
  #high = 0;
  #low = 0;
  #far = 0n;

  /** Add one amount (any whole number up to 2^53 - 1), or take one away by giving it negative. */
  add(amountSats: number): void {
    if (amountSats >= 0x10_0000_0000_0000 || amountSats <= -0x10_0000_0000_0000) {
      // Beyond all the coins there are, and the sum below would not be exact: the upper part goes first.
      const part = Math.trunc(amountSats / 0x8_0000_0000_0000);
      this.#high += part;
      this.add(amountSats - part * 0x8_0000_0000_0000);
      return;
    }
    this.#low += amountSats;
    if (this.#low >= 0x10_0000_0000_0000 || this.#low <= -0x10_0000_0000_0000) {
      const carry = Math.trunc(this.#low / 0x8_0000_0000_0000);
      this.#high += carry;
      this.#low -= carry * 0x8_0000_0000_0000;
    }
  }

  /** Add `times * scale`: two whole numbers whose product may be beyond 2^53. */
  addScaled(times: number, scale: number): void {
    if (times !== 0) this.#far += BigInt(times) * BigInt(scale);
  }

  get value(): SatsSum {
    return this.#far + BigInt(this.#high) * 0x8_0000_0000_0000n + BigInt(this.#low);
  }
}

/**
 * Satoshi as coins with eight decimals, exactly.
 *
 * @example formatCoins(123456789n) // '1.23456789'
 */
export function formatCoins(amountSats: bigint | number): string {
  const sats = BigInt(amountSats);
  const sign = sats < 0n ? '-' : '';
  const size = sats < 0n ? -sats : sats;
  const whole = size / 100_000_000n;
  const rest = (size % 100_000_000n).toString().padStart(8, '0');
  return `${sign}${whole}.${rest}`;
}
