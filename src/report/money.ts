/**
 * Amounts and totals as the report writes them, in coins and in fiat of the day.
 *
 * Each amount is valued on its own day (UTC) and rounded once, half up to the hundredth; a total is the sum of the
 * rounded values. So every way of splitting the payments (by payer, by month, by service) adds up to the same figures.
 */
import { formatCoins } from '../units/amount.ts';
import { formatHundredths, valueInHundredths } from '../units/fiat-rate.ts';
import { formatDay } from '../units/time.ts';
import { compareText } from './compare-text.ts';
import type { PriceBook, Rate } from './price-book.ts';
import type { Amount, FiatAmount, FiatTotal, Total } from './report-format.ts';

interface Sum {
  hundredths: bigint;
  priced: number;
  unpriced: number;
  /** Amounts valued at the rate of each source. */
  readonly bySource: Map<string, number>;
}

/** A running total of amounts on their days. */
export class MoneyTotal {
  #sats = 0n;
  readonly #sums: Map<string, Sum>;
  readonly #money: Money;

  constructor(money: Money) {
    this.#money = money;
    this.#sums = new Map(
      money.currencies.map((code) => [
        code,
        { hundredths: 0n, priced: 0, unpriced: 0, bySource: new Map() },
      ]),
    );
  }

  add(amountSats: number | bigint, timeSeconds: number): void {
    this.#sats += BigInt(amountSats);
    for (const [code, sum] of this.#sums) {
      const rate = this.#money.rateAt(timeSeconds, code);
      if (rate === undefined) {
        sum.unpriced += 1;
      } else {
        sum.priced += 1;
        sum.hundredths += valueInHundredths(amountSats, rate.rate);
        sum.bySource.set(rate.source, (sum.bySource.get(rate.source) ?? 0) + 1);
      }
    }
  }

  get sats(): bigint {
    return this.#sats;
  }

  toTotal(): Total {
    const total = { sats: this.#sats.toString(), coins: formatCoins(this.#sats) };
    const fiat = this.fiat();
    return Object.keys(fiat).length === 0 ? total : { ...total, fiat };
  }

  /** The value by currency, with the sources of the rates. */
  fiat(): Readonly<Record<string, FiatTotal>> {
    const fiat: Record<string, FiatTotal> = {};
    for (const [code, sum] of this.#sums) {
      fiat[code] = {
        value: formatHundredths(sum.hundredths),
        pricedAmounts: sum.priced,
        unpricedAmounts: sum.unpriced,
        sources: [...sum.bySource]
          .map(([source, amounts]) => ({ source, amounts }))
          .sort((a, b) => b.amounts - a.amounts || compareText(a.source, b.source)),
      };
    }
    return fiat;
  }
}

/** Values amounts by the rates of their days, or leaves fiat out when there are no prices. */
export class Money {
  readonly currencies: readonly string[];
  readonly #prices: PriceBook | undefined;
  /** Days that were asked for, by currency: with the rate that was used, or without one. */
  readonly #asked = new Map<string, Map<string, Rate | undefined>>();

  /**
   * @param currencies which of the currencies to show, in that order
   */
  constructor(prices: PriceBook | undefined, currencies: readonly string[]) {
    this.#prices = prices;
    this.currencies = prices === undefined ? [] : currencies;
  }

  /** The rate of the UTC day that a moment lies in. */
  rateAt(timeSeconds: number, code: string): Rate | undefined {
    const day = formatDay(timeSeconds);
    let asked = this.#asked.get(code);
    if (asked === undefined) {
      asked = new Map();
      this.#asked.set(code, asked);
    }
    if (!asked.has(day)) asked.set(day, this.#prices?.rateOn(day, code));
    return asked.get(day);
  }

  /** Days that were asked for so far, in order, each with the rate that was used. */
  askedDays(code: string): readonly (readonly [day: string, rate: Rate | undefined])[] {
    return [...(this.#asked.get(code) ?? [])].sort(([a], [b]) => compareText(a, b));
  }

  hundredthsOf(amountSats: number | bigint, timeSeconds: number, code: string): bigint | undefined {
    const rate = this.rateAt(timeSeconds, code);
    return rate === undefined ? undefined : valueInHundredths(amountSats, rate.rate);
  }

  amount(sats: number, timeSeconds: number): Amount {
    const fiat = this.fiatOf(sats, timeSeconds);
    const amount = { sats, coins: formatCoins(sats) };
    return Object.keys(fiat).length === 0 ? amount : { ...amount, fiat };
  }

  /** What an amount was worth on its day, in each currency that has a rate for it. */
  fiatOf(amountSats: number | bigint, timeSeconds: number): Readonly<Record<string, FiatAmount>> {
    const fiat: Record<string, FiatAmount> = {};
    for (const code of this.currencies) {
      const rate = this.rateAt(timeSeconds, code);
      if (rate === undefined) continue;
      fiat[code] = {
        value: formatHundredths(valueInHundredths(amountSats, rate.rate)),
        rate: rate.rate,
        rateDay: rate.day,
        source: rate.source,
        isEarlierDay: false,
      };
    }
    return fiat;
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
