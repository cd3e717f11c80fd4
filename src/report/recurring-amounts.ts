/**
 * Amounts that come again, which is what a price list or a subscription looks like from outside.
 *
 * Two kinds. *Exact*: the same number of satoshi at least three times. *Fiat*: a price in money of
 * states, paid at the rate of the hour, so the satoshi differ while the value of the day stays within a
 * few percent. A narrow range is reported when it holds at least three payments and at least three times as
 * many as it would if the payments around it were spread evenly; ranges are taken greedily, fullest first.
 *
 * This is a pattern, so it is a lead: a round sum can come again by accident.
 */
import { formatHundredths } from '../units/fiat-rate.ts';
import { formatTime } from '../units/time.ts';
import { compareText } from './compare-text.ts';
import type { RecurringAmount } from './report-format.ts';

export const RECURRING = {
  paymentsMin: 3,
  rangesMax: 10,
  /** High end of a range over its low end. */
  rangeWidth: 1.04,
  /** How far the neighbourhood reaches beyond the range on either side. */
  neighbourhood: 1.2,
  /** Times as many as an even spread would put there. */
  contrastMin: 3,
} as const;

/** What is needed to know of a payment. */
export interface PaidAmount {
  readonly sats: number;
  readonly timeSeconds: number;
  readonly payer: string;
  /** Value of its day in hundredths of the currency; undefined without a price. */
  readonly hundredths: bigint | undefined;
  /** Whose rate made that value. */
  readonly rateSource?: string | undefined;
}

function span(payments: readonly PaidAmount[]) {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  const payers = new Set<string>();
  for (const payment of payments) {
    first = Math.min(first, payment.timeSeconds);
    last = Math.max(last, payment.timeSeconds);
    payers.add(payment.payer);
  }
  return {
    payments: payments.length,
    payers: payers.size,
    firstAt: formatTime(first),
    lastAt: formatTime(last),
  };
}

/** Amounts that are equal to the satoshi, most frequent first, then the larger. */
export function exactAmounts(payments: readonly PaidAmount[]): RecurringAmount[] {
  const bySats = new Map<number, PaidAmount[]>();
  for (const payment of payments) {
    const group = bySats.get(payment.sats);
    if (group === undefined) bySats.set(payment.sats, [payment]);
    else group.push(payment);
  }
  return [...bySats]
    .filter(([, group]) => group.length >= RECURRING.paymentsMin)
    .sort(([satsA, a], [satsB, b]) => b.length - a.length || satsB - satsA)
    .slice(0, RECURRING.rangesMax)
    .map(([sats, group]) => ({ kind: 'exact', sats, ...span(group) }));
}

interface Valued {
  readonly value: number;
  readonly payment: PaidAmount;
}

/** First place in the ordered values that is not below the limit. */
function lowerBound(values: readonly Valued[], limit: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]!.value < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The fullest range among what is left, as places in it; undefined when none has enough payments. */
function fullestRange(values: readonly Valued[]): readonly [from: number, to: number] | undefined {
  let best: readonly [number, number] | undefined;
  let to = 0;
  for (let from = 0; from < values.length; from += 1) {
    while (to < values.length && values[to]!.value <= values[from]!.value * RECURRING.rangeWidth)
      to += 1;
    const count = to - from;
    if (count >= RECURRING.paymentsMin && (best === undefined || count > best[1] - best[0])) {
      best = [from, to];
    }
  }
  return best;
}

/** Whether a range stands out from the amounts around it. */
function standsOut(all: readonly Valued[], low: number, count: number): boolean {
  const reach = RECURRING.neighbourhood;
  const around = lowerBound(all, low * RECURRING.rangeWidth * reach) - lowerBound(all, low / reach);
  const shareOfRange =
    Math.log(RECURRING.rangeWidth) / Math.log(RECURRING.rangeWidth * reach * reach);
  return count >= RECURRING.contrastMin * around * shareOfRange;
}

/** Values of the day that lie close together, most payments first, then the larger value. */
export function fiatAmounts(payments: readonly PaidAmount[], currency: string): RecurringAmount[] {
  const all: Valued[] = [];
  for (const payment of payments) {
    if (payment.hundredths === undefined || payment.hundredths <= 0n) continue;
    // A value in hundredths stays far below 2^53; it is compared here, never added up.
    all.push({ value: Number(payment.hundredths), payment });
  }
  all.sort((a, b) => a.value - b.value);
  let left: readonly Valued[] = all;
  const found: RecurringAmount[] = [];
  // Each turn takes at least three values away; the turns are bounded so that dense data stays quick.
  for (
    let turn = 0;
    turn < 10 * RECURRING.rangesMax && found.length < RECURRING.rangesMax;
    turn += 1
  ) {
    const range = fullestRange(left);
    if (range === undefined) break;
    const [from, to] = range;
    const inside = left.slice(from, to);
    if (standsOut(all, inside[0]!.value, inside.length)) {
      const text = (place: number): string => formatHundredths(BigInt(inside[place]!.value));
      found.push({
        kind: 'fiat',
        currency,
        low: text(0),
        middle: text((inside.length - 1) >> 1),
        high: text(inside.length - 1),
        sources: [...new Set(inside.flatMap(({ payment }) => payment.rateSource ?? []))].sort(
          compareText,
        ),
        ...span(inside.map((valued) => valued.payment)),
      });
    }
    left = [...left.slice(0, from), ...left.slice(to)];
  }
  return found.sort((a, b) => b.payments - a.payments || Number(b.middle) - Number(a.middle));
}
