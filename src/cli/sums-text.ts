/** Sums and history as text, of an address and of a whole cluster alike. */
import { amountText } from '../chain/amount-text.ts';
import type { HistoryRow, SumsAnswer } from '../pipeline/answers/sums-answer.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import { formatTime } from '../units/time.ts';
import { tableText } from './output.ts';

/** Rows for `factsText`. */
export function sumFacts(answer: SumsAnswer, network: string): (readonly [string, string])[] {
  const { counts, firstSeen, lastSeen, unspendable } = answer;
  const amount = (sats: string): string => amountText(sats, network);
  return [
    ['balance', amount(answer.balance)],
    ['received', `${amount(answer.received)} in ${countText(counts.outputs, 'output')}`],
    ['sent', `${amount(answer.sent)} in ${countText(counts.spentOutputs, 'output')}`],
    ...(answer.sentFromBefore === '0'
      ? []
      : [
          [
            'of that',
            `${amount(answer.sentFromBefore)} received before this ledger begins`,
          ] as const,
        ]),
    ...(unspendable === '0'
      ? []
      : [
          [
            'unspendable',
            `${amount(unspendable)}: of the first block, or overwritten by a duplicate id`,
          ] as const,
        ]),
    ['transactions', groupedNumber(counts.transactions)],
    ...(firstSeen === null ? [] : [['first seen', formatTime(firstSeen.timeSeconds)] as const]),
    ...(lastSeen === null ? [] : [['last seen', formatTime(lastSeen.timeSeconds)] as const]),
  ];
}

export function historyTable(history: readonly HistoryRow[], network: string): string {
  const amount = (sats: string): string => (sats === '0' ? '' : amountText(sats, network));
  return tableText(
    [
      { title: 'Time' },
      { title: 'Received', align: 'right' },
      { title: 'Sent', align: 'right' },
      { title: 'Transaction' },
    ],
    history.map((entry) => [
      formatTime(entry.timeSeconds),
      amount(entry.received),
      amount(entry.sent),
      entry.txid,
    ]),
  );
}
