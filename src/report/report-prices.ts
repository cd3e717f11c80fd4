/** What a report says of the prices that its values come from: sources, rule, and every rate that was used. */
import { formatHundredths } from '../units/fiat-rate.ts';
import { compareText } from './compare-text.ts';
import type { Money } from './money.ts';
import { DISAGREEMENT_BASIS_POINTS, PRICE_RULE, type PriceBook } from './price-book.ts';
import type { PriceDayRow, PriceSourceRow, ReportPrices } from './report-format.ts';

/** The rounding in words. */
export const ROUNDING =
  'each amount at the rate of its day, rounded half up to two decimals; a total is the sum of the rounded values';

/**
 * The prices of a report.
 *
 * @param money after all amounts of the report were valued: it knows which days were asked for
 * @returns null when the prices hold none of the currencies
 */
export function reportPrices(prices: PriceBook, money: Money): ReportPrices | null {
  const { currencies } = money;
  const used = currencies.flatMap((code) => prices.usedSources(code));
  const [first] = used;
  if (first === undefined) return null;
  const days = currencies.flatMap((code) => dayRows(prices, money, code));
  return {
    fileName: first.files[0]!.fileName,
    sha256: first.files[0]!.sha256,
    currencies,
    firstDay: used.map(({ firstDay }) => firstDay).sort(compareText)[0]!,
    lastDay: used
      .map(({ lastDay }) => lastDay)
      .sort(compareText)
      .at(-1)!,
    asset: prices.asset,
    rule: PRICE_RULE,
    rounding: ROUNDING,
    isOrderNamed: prices.named !== undefined,
    sources: currencies.flatMap((code) => sourceRows(prices, code, days)),
    disagreementPercent: formatHundredths(DISAGREEMENT_BASIS_POINTS),
    days,
  };
}

function sourceRows(
  prices: PriceBook,
  currency: string,
  days: readonly PriceDayRow[],
): PriceSourceRow[] {
  const used = prices.usedSources(currency);
  const others = prices.allSources(currency).filter((source) => !used.includes(source));
  return [...used, ...others].map((source) => {
    const { clock, licence } = source.files.at(-1)!;
    return {
      name: source.name,
      currency,
      licence,
      ...(clock === undefined ? {} : { clock }),
      isUsed: used.includes(source),
      firstDay: source.firstDay,
      lastDay: source.lastDay,
      days: source.rates.size,
      daysUsed: days.filter((row) => row.currency === currency && row.source === source.name)
        .length,
      files: source.files.map(({ fileName, sha256, column }) => ({ fileName, sha256, column })),
    };
  });
}

function dayRows(prices: PriceBook, money: Money, currency: string): PriceDayRow[] {
  return money.askedDays(currency).map(([day, rate]) => {
    const spread = prices.spreadOn(day, currency);
    return {
      day,
      currency,
      rate: rate?.rate ?? null,
      source: rate?.source ?? null,
      others: prices.ratesOn(day, currency).filter(({ source }) => source !== rate?.source),
      differencePercent: spread === undefined ? null : formatHundredths(spread.basisPoints),
      isDisputed: prices.disagreementOn(day, currency) !== undefined,
    };
  });
}
