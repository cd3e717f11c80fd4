import { amountText } from '../../chain/amount-text.ts';
import type { AddressAnswer } from '../../pipeline/answers/address-answer.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption, pageOptions } from '../common-options.ts';
import { factsText, jsonText, tableText } from '../output.ts';
import { pageOf, tagTable } from '../page-text.ts';
import { withNetwork } from '../with-network.ts';

export const addressCommand = defineCommand({
  name: 'address',
  about:
    'Shows one address: balance, received, sent, first and last seen, tags, and its history by pages.',
  positionals: { address: { kind: 'text', value: 'ADDRESS', help: 'an address of the network' } },
  options: { ...dataOptions, ...asOfOption, ...pageOptions, ...jsonOption },
  examples: ['clew address 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa --limit 10'],
  access: 'read',
  async run({ address, network, asOf, limit, cursor, json }, context) {
    const page = pageOf(limit, cursor);
    const answer = await withNetwork(context, network, (open) => open.address(address, page, asOf));
    await context.stdout.write(json ? jsonText(answer) : addressText(answer));
  },
});

function addressText(answer: AddressAnswer): string {
  const { network, counts, firstSeen, lastSeen, cluster, tags, history, nextCursor } = answer;
  const amount = (sats: string): string => amountText(sats, network);
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
    ['balance', amount(answer.balance)],
    ['received', `${amount(answer.received)} in ${countText(counts.outputs, 'output')}`],
    ['sent', `${amount(answer.sent)} in ${countText(counts.spentOutputs, 'output')}`],
    ...(answer.unspendable === '0'
      ? []
      : [
          [
            'unspendable',
            `${amount(answer.unspendable)}: of the first block, or overwritten by a duplicate id`,
          ] as const,
        ]),
    ['transactions', groupedNumber(counts.transactions)],
    ...(firstSeen === null ? [] : [['first seen', formatTime(firstSeen.timeSeconds)] as const]),
    ...(lastSeen === null ? [] : [['last seen', formatTime(lastSeen.timeSeconds)] as const]),
    ...(cluster === null
      ? []
      : [
          [
            'cluster',
            `${cluster.id}, ${countText(cluster.addresses, 'address', 'addresses')}`,
          ] as const,
        ]),
  ]);
  text += tagTable(tags.map((tag) => ({ tag })));
  text += `\n${tableText(
    [
      { title: 'Time' },
      { title: 'Received', align: 'right' },
      { title: 'Sent', align: 'right' },
      { title: 'Transaction' },
    ],
    history.map((entry) => [
      formatTime(entry.timeSeconds),
      entry.received === '0' ? '' : amount(entry.received),
      entry.sent === '0' ? '' : amount(entry.sent),
      entry.txid,
    ]),
  )}`;
  if (nextCursor !== undefined) text += `\nMore: --cursor ${nextCursor}\n`;
  return text;
}
