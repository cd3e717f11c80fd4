/**
 * Invented prices of one coin, one per day: a seeded walk between some 26,000 and 64,000 US dollars, with the
 * euro beside it. They are no prices of any real day.
 */
import type { SeededRandom } from '../bytes/seeded-random.ts';
import { SATS_PER_COIN } from '../units/amount.ts';
import { formatDay } from '../units/time.ts';

const DAY_SECONDS = 86_400;
const LOW_USD = 26_000;
const HIGH_USD = 64_000;

/** Daily prices over a span of days. */
export class PriceWalk {
  readonly #firstDay: number;
  readonly #usdCents: number[] = [];
  readonly #eurCents: number[] = [];

  /**
   * @param fromSeconds a moment of the first day
   * @param toSeconds a moment of the last day
   */
  constructor(fromSeconds: number, toSeconds: number, random: SeededRandom) {
    this.#firstDay = Math.floor(fromSeconds / DAY_SECONDS);
    const lastDay = Math.floor(toSeconds / DAY_SECONDS);
    let logUsd = Math.log(random.int(29_000, 34_000));
    let dollarsPerEuro = 1.2;
    for (let day = this.#firstDay; day <= lastDay; day += 1) {
      this.#usdCents.push(Math.round(Math.exp(logUsd) * 100));
      this.#eurCents.push(Math.round((Math.exp(logUsd) * 100) / dollarsPerEuro));
      const pull = (Math.log(44_000) - logUsd) * 0.01;
      logUsd += pull + random.normal(0, 0.03);
      logUsd = Math.min(Math.log(HIGH_USD), Math.max(Math.log(LOW_USD), logUsd));
      dollarsPerEuro = Math.min(1.25, Math.max(1.12, dollarsPerEuro + random.normal(0, 0.003)));
    }
  }

  #index(seconds: number): number {
    const day = Math.floor(seconds / DAY_SECONDS) - this.#firstDay;
    return Math.min(this.#usdCents.length - 1, Math.max(0, day));
  }

  /** Cents of a US dollar for one coin on the day of that moment. */
  usdCents(seconds: number): number {
    return this.#usdCents[this.#index(seconds)]!;
  }

  /**
   * What that many US dollars are worth on the day, in whole satoshi.
   *
   * @example prices.satsForUsd(25, block.time)
   */
  satsForUsd(usd: number, seconds: number): number {
    return Math.round((usd * 100 * SATS_PER_COIN) / this.usdCents(seconds));
  }

  /** The file `prices.csv`: `date,USD,EUR`, the price of one coin with two decimals. */
  toCsv(): string {
    let text = 'date,USD,EUR\n';
    for (let i = 0; i < this.#usdCents.length; i += 1) {
      const day = formatDay((this.#firstDay + i) * DAY_SECONDS);
      text += `${day},${decimal(this.#usdCents[i]!)},${decimal(this.#eurCents[i]!)}\n`;
    }
    return text;
  }
}

function decimal(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
