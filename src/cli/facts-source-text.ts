/** Where the facts of an answer come from, for people: nothing when they are those of a ledger here. */
import type { FactsSource } from '../trace/facts-source.ts';
import { countText, groupedNumber } from '../units/number-text.ts';

const LIMITS: Readonly<Record<FactsSource['limitsHit'][number], string>> = {
  requests: 'the limit of requests was reached (--max-requests)',
  transactions: 'the limit of transactions was reached',
  address_transactions: 'some addresses have too many transactions (--max-history)',
};

/** Rows for the facts of an answer. */
export function factsSourceRows(
  source: FactsSource | undefined,
  hasClusters = false,
): (readonly [string, string])[] {
  if (source === undefined) return [];
  const { server, asOf, transactions, provenTransactions, isWhole, notExpanded } = source;
  const proven = provenTransactions === transactions ? 'all' : groupedNumber(provenTransactions);
  return [
    ['facts from', `${server}, which saw the questions; as of block ${groupedNumber(asOf.height)}`],
    [
      'fetched',
      `${countText(transactions, 'transaction')}, ${proven} with a proof that the block holds it`,
    ],
    ...(isWhole ? [] : [['not whole', whatIsMissing(source)] as const]),
    ...notExpanded
      .slice(0, 5)
      .map(
        ({ name, transactions: count }) =>
          ['not whole', `${name}: ${countText(count, 'transaction')}, the newest at most`] as const,
      ),
    ...(hasClusters
      ? [['clusters', 'of what was fetched: they may be larger than they look here'] as const]
      : []),
  ];
}

function whatIsMissing({ limitsHit }: FactsSource): string {
  const hit = limitsHit.map((limit) => LIMITS[limit]);
  return hit.length === 0 ? 'something was not fetched' : hit.join('; ');
}
