import { amountText } from '../../chain/amount-text.ts';
import type { AddressAnswer } from '../../pipeline/answers/address-answer.ts';
import type { PricedAddress } from '../../pipeline/fiat-answers.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption, pageOptions } from '../common-options.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsSourceRows } from '../facts-source-text.ts';
import { factsText, jsonText, tableText } from '../output.ts';
import { pageOf, tagTable } from '../page-text.ts';
import { fiatAsked, fiatOptions, pricesText } from '../price-options.ts';
import { historyTable, sumFacts } from '../sums-text.ts';
import { unconfirmedOptions, unconfirmedText, withUnconfirmed } from '../unconfirmed-text.ts';
import { withFacts } from '../with-network.ts';

export const addressCommand = defineCommand({
  name: 'address',
  about:
    'Shows one address: balance, received, sent, first and last seen, tags, and its history by pages.',
  positionals: { address: { kind: 'text', value: 'ADDRESS', help: 'an address of the network' } },
  options: {
    ...dataOptions,
    ...asOfOption,
    ...pageOptions,
    ...fiatOptions,
    ...esploraOptions,
    ...unconfirmedOptions,
    ...jsonOption,
  },
  examples: ['clew address 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa --limit 10'],
  access: 'read',
  async run({ address, asOf, limit, cursor, json, ...options }, context) {
    const page = pageOf(limit, cursor);
    const ask = (open: OpenNetwork) => open.address(address, page, asOf);
    const { found, waiting } = await withUnconfirmed(
      context,
      options,
      address,
      () => withFacts(context, options, ask, [address]),
      {
        refresh: (pool) => pool.refresh(context.clock.elapsedMs(), context.signal),
        pick: async (pool, open) =>
          pool.ofScripts(await open.scriptsOf(address), await open.flowIfAny()),
      },
    );
    if (found === undefined) {
      await context.stdout.write(json ? jsonText(waiting) : unconfirmedText(waiting).trimStart());
      return;
    }
    const fiat = await fiatAsked(context, found.network, options);
    const { priceAddress } = await import('../../pipeline/fiat-answers.ts');
    const answer = fiat === undefined ? found : priceAddress(found, fiat.book, fiat.currencies);
    const told = waiting === undefined ? answer : { ...answer, unconfirmed: waiting };
    await context.stdout.write(
      json ? jsonText(told) : `${addressText(answer)}${unconfirmedText(waiting)}`,
    );
  },
});

function addressText(answer: AddressAnswer | PricedAddress): string {
  const { network, cluster, tags, nextCursor } = answer;
  let text = factsText([
    ['address', answer.address],
    ['network', `${network}, as of block ${groupedNumber(answer.asOfHeight)}`],
    ...(answer.blocksMissing === 0
      ? []
      : [
          [
            'not counted',
            `what stands in ${countText(answer.blocksMissing, 'block')} that the ledger does not hold`,
          ] as const,
        ]),
    ['script', answer.scriptKinds.join(', ')],
    ...sumFacts(answer, network),
    ...(cluster === null
      ? []
      : [
          [
            'cluster',
            `${cluster.id}, ${countText(cluster.addresses, 'address', 'addresses')}`,
          ] as const,
        ]),
    ...factsSourceRows(answer.factsSource),
  ]);
  text += tagTable(tags.map((tag) => ({ tag })));
  text += `\n${'prices' in answer ? pricedHistory(answer) : historyTable(answer.history, network)}`;
  if (nextCursor !== undefined) text += `\nMore: --cursor ${nextCursor}\n`;
  return text;
}

/** Each row with its value, the rate of its day and whose it is; below, the sums of these rows. */
function pricedHistory({ history, network, prices, pageFiat }: PricedAddress): string {
  const amount = (sats: string): string => (sats === '0' ? '' : amountText(sats, network));
  const currencies = prices?.currencies ?? [];
  const number = 'right' as const;
  let text = tableText(
    [
      { title: 'Time' },
      { title: 'Received', align: number },
      { title: 'Sent', align: number },
      ...currencies.flatMap((code) => [
        { title: `Received ${code}`, align: number },
        { title: `Sent ${code}`, align: number },
        { title: `${code} rate`, align: number },
        { title: 'By' },
      ]),
      { title: 'Transaction' },
    ],
    history.map((entry) => [
      formatTime(entry.timeSeconds),
      amount(entry.received),
      amount(entry.sent),
      ...currencies.flatMap((code) => {
        const [received, sent] = [entry.receivedFiat?.[code], entry.sentFiat?.[code]];
        const rate = received ?? sent;
        return [
          received === undefined ? '' : groupedNumber(received.value),
          sent === undefined ? '' : groupedNumber(sent.value),
          rate === undefined ? 'none' : groupedNumber(rate.rate),
          rate?.source ?? '',
        ];
      }),
      entry.txid,
    ]),
  );
  for (const code of currencies) {
    const sum = (of: PricedAddress['pageFiat']['received']): string => {
      const { value, pricedAmounts, unpricedAmounts } = of[code]!;
      if (pricedAmounts === 0 && unpricedAmounts > 0) return 'an unknown value: no rate';
      const without =
        unpricedAmounts === 0
          ? ''
          : ` (and ${countText(unpricedAmounts, 'amount')} without a rate)`;
      return `${groupedNumber(value)} ${code}${without}`;
    };
    text += `\nOf these rows: received ${sum(pageFiat.received)}, sent ${sum(pageFiat.sent)}.`;
  }
  return `${text}${pricesText(prices)}`;
}
