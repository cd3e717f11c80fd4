/** Sums and history as parts of a page, of an address and of a whole cluster alike. */
import { amountText, coinText } from '../chain/amount-text.ts';
import type { HistoryRow, SumsAnswer } from '../pipeline/answers/sums-answer.ts';
import { type Html, type HtmlPart, html } from '../report/html.ts';
import { formatCoins } from '../units/amount.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import { dataTable, timeText, transactionLink } from './page-parts.ts';

/** Rows for `factList`. */
export function sumFacts(answer: SumsAnswer, network: string): (readonly [string, HtmlPart])[] {
  const { counts, firstSeen, lastSeen } = answer;
  const amount = (sats: string): string => amountText(sats, network);
  return [
    ['Balance', amount(answer.balance)],
    ['Received', `${amount(answer.received)} in ${countText(counts.outputs, 'output')}`],
    ['Sent', `${amount(answer.sent)} in ${countText(counts.spentOutputs, 'output')}`],
    [
      'Of that',
      answer.sentFromBefore !== '0' &&
        `${amount(answer.sentFromBefore)} received before this ledger begins`,
    ],
    [
      'Unspendable',
      answer.unspendable !== '0' &&
        `${amount(answer.unspendable)}: of the first block, or overwritten by a transaction of the same id`,
    ],
    ['Transactions', groupedNumber(counts.transactions)],
    ['First seen', firstSeen !== null && timeText(firstSeen.timeSeconds)],
    ['Last seen', lastSeen !== null && timeText(lastSeen.timeSeconds)],
  ];
}

/** @param caption of whose transactions */
export function historyTable(
  caption: string,
  history: readonly HistoryRow[],
  network: string,
  asOf: number | undefined,
): Html {
  const coins = (sats: string): string =>
    sats === '0' ? '' : groupedNumber(formatCoins(BigInt(sats)));
  return dataTable(
    caption,
    [
      { title: 'Time' },
      { title: `Received in ${coinText(network)}`, isNumber: true },
      { title: `Sent in ${coinText(network)}`, isNumber: true },
      { title: 'Transaction' },
    ],
    history.map((entry) => [
      html`<span class="nowrap">${timeText(entry.timeSeconds)}</span>`,
      coins(entry.received),
      coins(entry.sent),
      transactionLink(entry.txid, asOf),
    ]),
  );
}
