/**
 * Answers with values in money of states beside their amounts: each amount at the rate of the UTC day of its own
 * block, with the rate and its source. What has no rate has no value.
 */
import { Money } from '../report/money.ts';
import type { PriceBook } from '../report/price-book.ts';
import type { FiatAmount, FiatTotal, ReportPrices } from '../report/report-format.ts';
import { reportPrices } from '../report/report-prices.ts';
import type { TraceLeafView, TraceView } from '../trace/trace-view.ts';
import type { AddressAnswer } from './answers/address-answer.ts';
import type { TransactionAnswer } from './answers/transaction-answer.ts';

/** The value of an amount: by currency code; a currency without a rate that day is left out. */
export type FiatValues = Readonly<Record<string, Omit<FiatAmount, 'isEarlierDay'>>>;
type FiatTotals = Readonly<Record<string, FiatTotal>>;

interface WithFiat {
  readonly fiat?: FiatValues;
}

/** Whose rates were used, as in a report. */
interface WithPrices {
  readonly prices: ReportPrices | null;
}

type Input = TransactionAnswer['inputs'][number];
type Output = TransactionAnswer['outputs'][number];
type Entry = AddressAnswer['history'][number];

export interface PricedTransaction
  extends Omit<TransactionAnswer, 'inputs' | 'outputs'>,
    WithPrices {
  /** Valued on the day of this transaction, not on that of the output spent. */
  readonly inputs: readonly (Input & WithFiat)[];
  readonly outputs: readonly (Output & WithFiat)[];
  readonly feeFiat?: FiatValues;
}

export interface PricedAddress extends Omit<AddressAnswer, 'history'>, WithPrices {
  readonly history: readonly (Entry & {
    readonly receivedFiat?: FiatValues;
    readonly sentFiat?: FiatValues;
  })[];
  /** Over the rows of this page, not over the whole history: each row valued on its day, then added up. */
  readonly pageFiat: { readonly received: FiatTotals; readonly sent: FiatTotals };
}

export interface PricedTrace extends Omit<TraceView, 'leaves' | 'services'>, WithPrices {
  readonly leaves: readonly (TraceLeafView & WithFiat)[];
  /** With the value of its ends, each on its own day; left out when not all ends are listed. */
  readonly services: readonly (TraceView['services'][number] & { readonly fiat?: FiatTotals })[];
}

function values(
  money: Money,
  amountSats: number | string | bigint | null | undefined,
  timeSeconds: number,
): FiatValues | undefined {
  if (amountSats === null || amountSats === undefined) return undefined;
  const fiat = money.fiatOf(BigInt(amountSats), timeSeconds);
  const entries = Object.entries(fiat).map(([code, { value, rate, rateDay, source }]) => {
    return [code, { value, rate, rateDay, source }] as const;
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function withFiat<T extends object>(of: T, fiat: FiatValues | undefined): T & WithFiat {
  return fiat === undefined ? of : { ...of, fiat };
}

/** A transaction with the values of its inputs, outputs and fee on its own day. */
export function priceTransaction(
  answer: TransactionAnswer,
  book: PriceBook,
  currencies: readonly string[],
): PricedTransaction {
  const money = new Money(book, currencies);
  const { timeSeconds } = answer;
  const feeFiat = values(money, answer.feeSats, timeSeconds);
  return {
    ...answer,
    inputs: answer.inputs.map((input) =>
      withFiat(input, values(money, input.valueSats, timeSeconds)),
    ),
    outputs: answer.outputs.map((output) =>
      withFiat(output, values(money, output.valueSats, timeSeconds)),
    ),
    ...(feeFiat !== undefined && { feeFiat }),
    prices: reportPrices(book, money),
  };
}

/** An address with the values of each row of its history on the row's day. */
export function priceAddress(
  answer: AddressAnswer,
  book: PriceBook,
  currencies: readonly string[],
): PricedAddress {
  const money = new Money(book, currencies);
  const [received, sent] = [money.total(), money.total()];
  const history = answer.history.map((entry) => {
    const { timeSeconds } = entry;
    const at = (sats: string): FiatValues | undefined =>
      sats === '0' ? undefined : values(money, sats, timeSeconds);
    if (entry.received !== '0') received.add(BigInt(entry.received), timeSeconds);
    if (entry.sent !== '0') sent.add(BigInt(entry.sent), timeSeconds);
    const [receivedFiat, sentFiat] = [at(entry.received), at(entry.sent)];
    return {
      ...entry,
      ...(receivedFiat !== undefined && { receivedFiat }),
      ...(sentFiat !== undefined && { sentFiat }),
    };
  });
  return {
    ...answer,
    history,
    pageFiat: { received: received.fiat(), sent: sent.fiat() },
    prices: reportPrices(book, money),
  };
}

/** A trace with the value of each listed end on the day of its output, and the sums of these by service. */
export function priceTrace(
  view: TraceView,
  book: PriceBook,
  currencies: readonly string[],
): PricedTrace {
  const money = new Money(book, currencies);
  const leaves = view.leaves.map((leaf) =>
    withFiat(leaf, values(money, leaf.amountSats, leaf.timeSeconds)),
  );
  const totals = new Map(view.services.map(({ service }) => [service.key, money.total()]));
  for (const { service, amountSats, timeSeconds } of view.leaves) {
    if (service !== undefined) totals.get(service)?.add(amountSats, timeSeconds);
  }
  const isWhole = view.leavesOmitted === 0;
  const services = view.services.map((row) =>
    isWhole ? { ...row, fiat: totals.get(row.service.key)!.fiat() } : row,
  );
  return { ...view, leaves, services, prices: reportPrices(book, money) };
}
