/**
 * Amounts and totals as the report writes them, in coins and in fiat of the day.
 *
 * Each amount is valued on its own day and rounded once; a total is the sum of the rounded values. So
 * every way of splitting the payments (by payer, by month, by service) adds up to the same figures.
 */
import { formatCoins } from '../units/amount.ts';
import { formatDay } from '../units/time.ts';
import { formatHundredths, type PriceTable, valueInHundredths } from './prices.ts';
import type { Amount, FiatAmount, FiatTotal, Total } from './report-format.ts';

interface Sum {
  hundredths: bigint;
  priced: number;
  unpriced: number;
}

/** A running total of amounts on their days. */
export class MoneyTotal {
  #sats = 0n;
  readonly #sums: Map<string, Sum>;
  readonly #money: Money;

  constructor(money: Money) {
    this.#money = money;
    this.#sums = new Map(
      money.currencies.map((code) => [code, { hundredths: 0n, priced: 0, unpriced: 0 }]),
    );
  }

  add(amountSats: number | bigint, timeSeconds: number): void {
    this.#sats += BigInt(amountSats);
    for (const [code, sum] of this.#sums) {
      const hundredths = this.#money.hundredthsOf(amountSats, timeSeconds, code);
      if (hundredths === undefined) {
        sum.unpriced += 1;
      } else {
        sum.priced += 1;
        sum.hundredths += hundredths;
      }
    }
  }

  get sats(): bigint {
    return this.#sats;
  }

  toTotal(): Total {
    const total = { sats: this.#sats.toString(), coins: formatCoins(this.#sats) };
    if (this.#sums.size === 0) return total;
    const fiat: Record<string, FiatTotal> = {};
    for (const [code, sum] of this.#sums) {
      fiat[code] = {
        value: formatHundredths(sum.hundredths),
        pricedAmounts: sum.priced,
        unpricedAmounts: sum.unpriced,
      };
    }
    return { ...total, fiat };
  }
}

/** Values amounts by one price file, or leaves fiat out when there is none. */
export class Money {
  readonly currencies: readonly string[];
  readonly #prices: PriceTable | undefined;

  /**
   * @param currencies which of the file's currencies to show, in that order
   */
  constructor(prices: PriceTable | undefined, currencies: readonly string[]) {
    this.#prices = prices;
    this.currencies = prices === undefined ? [] : currencies;
  }

  hundredthsOf(amountSats: number | bigint, timeSeconds: number, code: string): bigint | undefined {
    const rate = this.#prices?.valueOn(formatDay(timeSeconds), code);
    return rate === undefined ? undefined : valueInHundredths(amountSats, rate.rate);
  }

  amount(sats: number, timeSeconds: number): Amount {
    const day = formatDay(timeSeconds);
    const fiat: Record<string, FiatAmount> = {};
    for (const code of this.currencies) {
      const rate = this.#prices?.valueOn(day, code);
      if (rate === undefined) continue;
      fiat[code] = {
        value: formatHundredths(valueInHundredths(sats, rate.rate)),
        rate: rate.rate,
        rateDay: rate.day,
        isEarlierDay: rate.isEarlier,
      };
    }
    const amount = { sats, coins: formatCoins(sats) };
    return Object.keys(fiat).length === 0 ? amount : { ...amount, fiat };
  }

  total(): MoneyTotal {
    return new MoneyTotal(this);
  }
}

/**
 * A share in percent with two decimals, rounded down, so that it says 100.00 only for the whole.
 *
 * @example sharePercent(2n, 3n) // '66.66'
 */
export function sharePercent(part: bigint, whole: bigint): string {
  return whole === 0n ? '0.00' : formatHundredths((part * 10_000n) / whole);
}
