/**
 * The rates that values are made with: several sources side by side, and one stated rule which of them counts.
 *
 * The rule: of the sources in order, the first that has a rate for the day itself. The order is what a person named,
 * and nothing but what was named; else all sources, those with most days first, then by name. A day that no source in
 * the order has gets no value: nothing is interpolated, and no other day stands in. The sources that are not used are
 * still compared.
 */
import { dayNumber, dayText } from '../units/day.ts';
import { compareRates, differenceInBasisPoints, differsByMoreThan } from '../units/fiat-rate.ts';

/** The rule in words, for whoever reads a figure. */
export const PRICE_RULE =
  'the first source in the order that has a rate for the day itself (UTC); no rate of that day, no value';

/** From how many hundredths of a percent on two sources are said to disagree, unless a person says otherwise. */
export const DISAGREEMENT_BASIS_POINTS = 200n;

/** One file of rates in one currency. */
export interface PriceSeries {
  readonly source: string;
  readonly currency: string;
  readonly licence: string;
  /** When in the day the rate was taken, as far as somebody said. */
  readonly clock?: string;
  readonly fileName: string;
  /** Of the file, as hex. */
  readonly sha256: string;
  readonly column: string;
  /** By day (see `units/day.ts`), ascending. */
  readonly rates: ReadonlyMap<number, string>;
}

/** A source's price of one coin on a day. */
export interface SourceRate {
  readonly source: string;
  /** As its file has it, for example `48424.31`. */
  readonly rate: string;
}

/** The rate that counts for a day. */
export interface Rate extends SourceRate {
  /** The day itself, `YYYY-MM-DD`. */
  readonly day: string;
}

/** What one source has in one currency: the files in use, as one list. */
export interface PriceSource {
  readonly name: string;
  readonly currency: string;
  readonly files: readonly PriceSeries[];
  readonly rates: ReadonlyMap<number, string>;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** How far the sources of a day are apart. */
export interface Disagreement {
  readonly day: string;
  readonly currency: string;
  /** All that have a rate for the day, lowest first. */
  readonly rates: readonly SourceRate[];
  /** The highest less the lowest, in hundredths of a percent of the lowest. */
  readonly basisPoints: bigint;
}

export class PriceBook {
  /** Ticker of the coin. */
  readonly asset: string;
  /** Those that a source in use has; with most days first, unless somebody said otherwise. */
  readonly currencies: readonly string[];
  /** What a person named; undefined for the rule's own order. */
  readonly named: readonly string[] | undefined;
  readonly #sources: ReadonlyMap<string, readonly PriceSource[]>;

  /**
   * @param series in use, each day of a source and currency in one of them only
   * @param order `sources`: those to use, in order, where the rest is compared and not used; `currencies`: which
   *   comes first
   */
  constructor(
    asset: string,
    series: readonly PriceSeries[],
    order: {
      readonly sources?: readonly string[] | undefined;
      readonly currencies?: readonly string[];
    } = {},
  ) {
    this.asset = asset;
    this.named = order.sources;
    const byCurrency = Map.groupBy(series, ({ currency }) => currency);
    this.#sources = new Map(
      [...byCurrency].map(([currency, of]) => [currency, sourcesIn(currency, of)]),
    );
    const daysOf = (currency: string): number =>
      new Set(this.#sources.get(currency)!.flatMap(({ rates }) => [...rates.keys()])).size;
    const days = new Map([...byCurrency.keys()].map((code) => [code, daysOf(code)]));
    const currencies =
      order.currencies ??
      [...byCurrency.keys()].sort((a, b) => days.get(b)! - days.get(a)! || (a < b ? -1 : 1));
    this.currencies = currencies.filter((code) => this.usedSources(code).length > 0);
  }

  /** All sources of a currency in the rule's own order. */
  allSources(currency: string): readonly PriceSource[] {
    return this.#sources.get(currency) ?? [];
  }

  /** The sources that values are made with, in order. */
  usedSources(currency: string): readonly PriceSource[] {
    const all = this.allSources(currency);
    if (this.named === undefined) return all;
    return this.named.flatMap((name) => all.filter((source) => source.name === name));
  }

  /**
   * The rate that counts.
   *
   * @param day `YYYY-MM-DD`
   * @returns undefined when no source in the order has that day
   */
  rateOn(day: string, currency: string): Rate | undefined {
    const number = dayNumber(day);
    if (number === undefined) return undefined;
    for (const { name, rates } of this.usedSources(currency)) {
      const rate = rates.get(number);
      if (rate !== undefined) return { source: name, rate, day };
    }
    return undefined;
  }

  /** What every source says of a day, used or not, in the rule's own order. */
  ratesOn(day: string, currency: string): SourceRate[] {
    const number = dayNumber(day);
    return this.allSources(currency).flatMap(({ name, rates }) => {
      const rate = number === undefined ? undefined : rates.get(number);
      return rate === undefined ? [] : [{ source: name, rate }];
    });
  }

  /** How far the sources of a day are apart; undefined when fewer than two have it. */
  spreadOn(day: string, currency: string): Disagreement | undefined {
    const rates = this.ratesOn(day, currency).sort((a, b) => compareRates(a.rate, b.rate));
    const [low, high] = [rates[0], rates.at(-1)];
    if (low === undefined || rates.length < 2) return undefined;
    return { day, currency, rates, basisPoints: differenceInBasisPoints(low.rate, high!.rate) };
  }

  /**
   * The same when the sources are further apart than a limit.
   *
   * @param limit in hundredths of a percent
   */
  disagreementOn(
    day: string,
    currency: string,
    limit = DISAGREEMENT_BASIS_POINTS,
  ): Disagreement | undefined {
    const spread = this.spreadOn(day, currency);
    if (spread === undefined) return undefined;
    const [low, high] = [spread.rates[0]!, spread.rates.at(-1)!];
    return differsByMoreThan(low.rate, high.rate, limit) ? spread : undefined;
  }
}

function sourcesIn(currency: string, series: readonly PriceSeries[]): PriceSource[] {
  return [...Map.groupBy(series, ({ source }) => source)]
    .map(([name, files]): PriceSource => {
      const days = files.flatMap(({ rates }) => [...rates]).sort(([a], [b]) => a - b);
      return {
        name,
        currency,
        files,
        rates: new Map(days),
        firstDay: dayText(days[0]![0]),
        lastDay: dayText(days.at(-1)![0]),
      };
    })
    .sort((a, b) => b.rates.size - a.rates.size || (a.name < b.name ? -1 : 1));
}
