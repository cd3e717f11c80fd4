import { amountText } from '../../chain/amount-text.ts';
import type { TransactionAnswer } from '../../pipeline/answers/transaction-answer.ts';
import { ruleName } from '../../pipeline/rule-names.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption } from '../common-options.ts';
import { factsText, jsonText, tableText } from '../output.ts';
import { withNetwork } from '../with-network.ts';

export const txCommand = defineCommand({
  name: 'tx',
  about: 'Shows one transaction: its block, inputs, outputs, fee, and who spent its outputs.',
  positionals: { txid: { kind: 'text', value: 'TXID', help: 'transaction id, 64 hex digits' } },
  options: {
    ...dataOptions,
    ...asOfOption,
    raw: {
      kind: 'flag',
      help: 'also its bytes without witness as hex, from the block file: hashed twice they give the id',
    },
    ...jsonOption,
  },
  examples: ['clew tx 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'],
  access: 'read',
  async run({ txid, network, asOf, raw, json }, context) {
    const answer = await withNetwork(context, network, (open) => open.transaction(txid, asOf, raw));
    await context.stdout.write(json ? jsonText(answer) : transactionText(answer));
  },
});

function transactionText(answer: TransactionAnswer): string {
  const { network, feeSats, inputs, outputs, verdicts } = answer;
  const amount = (sats: number | undefined): string =>
    sats === undefined ? 'unknown' : amountText(sats, network);
  const fee = answer.isCoinbase ? 'none, it makes new coins' : amount(feeSats ?? undefined);
  let text = factsText([
    ['transaction', answer.txid],
    ['network', network],
    ['block', `${groupedNumber(answer.height)}, place ${answer.position}, ${answer.blockHash}`],
    ['time', formatTime(answer.timeSeconds)],
    ['size', `${groupedNumber(answer.sizeBytes)} bytes, weight ${groupedNumber(answer.weight)}`],
    ['fee', fee],
    ...verdicts.map(
      ({ rule, ruleVersion, strength }) =>
        ['shape', `${ruleName(rule)} (${rule} version ${ruleVersion}, ${strength})`] as const,
    ),
    ...(answer.sameIdAtHeights.length === 0
      ? []
      : [['same id', `also at height ${answer.sameIdAtHeights.join(', ')}`] as const]),
    ...(answer.strippedHex === undefined ? [] : [['bytes', answer.strippedHex] as const]),
  ]);
  text += `\n${tableText(
    [
      { title: 'Input' },
      { title: 'From' },
      { title: 'Amount', align: 'right' },
      { title: 'Output spent' },
    ],
    inputs.map((input) => [
      String(input.vin),
      input.prevTxid === undefined ? 'new coins' : (input.address ?? input.scriptKind ?? 'unknown'),
      input.prevTxid === undefined ? '' : amount(input.valueSats),
      input.prevTxid === undefined ? '' : `${input.prevTxid}:${input.prevVout}`,
    ]),
  )}`;
  text += `\n${tableText(
    [{ title: 'Output' }, { title: 'To' }, { title: 'Amount', align: 'right' }, { title: 'Then' }],
    outputs.map((output) => [
      String(output.vout),
      output.address ?? output.scriptKind,
      amount(output.valueSats),
      output.spentBy === undefined
        ? output.status
        : `spent by ${output.spentBy.txid}, input ${output.spentBy.vin}`,
    ]),
  )}`;
  return text;
}
