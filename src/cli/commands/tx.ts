import { amountText } from '../../chain/amount-text.ts';
import type { TransactionAnswer } from '../../pipeline/answers/transaction-answer.ts';
import type { PricedTransaction } from '../../pipeline/fiat-answers.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import { ruleName } from '../../pipeline/rule-names.ts';
import { groupedNumber } from '../../units/number-text.ts';
import { formatTime } from '../../units/time.ts';
import { defineCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption } from '../common-options.ts';
import { esploraOptions } from '../esplora-options.ts';
import { factsSourceRows } from '../facts-source-text.ts';
import { factsText, jsonText, tableText } from '../output.ts';
import { fiatAsked, fiatOptions, pricesText } from '../price-options.ts';
import { unconfirmedOptions, unconfirmedText, withUnconfirmed } from '../unconfirmed-text.ts';
import { withFacts } from '../with-network.ts';

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
    ...fiatOptions,
    ...esploraOptions,
    ...unconfirmedOptions,
    ...jsonOption,
  },
  examples: ['clew tx 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'],
  notes: ['With --rpc bytes of blocks that came from a node are read from it again.'],
  access: 'read',
  async run({ txid, asOf, raw, json, ...options }, context) {
    const ask = (open: OpenNetwork) => open.transaction(txid, asOf, raw);
    const { found, waiting } = await withUnconfirmed(
      context,
      options,
      txid,
      () => withFacts(context, options, ask, [txid]),
      {
        refresh: (pool) => pool.refreshOne(txid.toLowerCase(), context.signal),
        pick: async (pool, open) => pool.ofTxid(txid.toLowerCase(), await open.flowIfAny()),
      },
    );
    if (found === undefined) {
      await context.stdout.write(json ? jsonText(waiting) : unconfirmedText(waiting).trimStart());
      return;
    }
    const fiat = await fiatAsked(context, found.network, options);
    const { priceTransaction } = await import('../../pipeline/fiat-answers.ts');
    const answer = fiat === undefined ? found : priceTransaction(found, fiat.book, fiat.currencies);
    await context.stdout.write(json ? jsonText(answer) : transactionText(answer));
  },
});

function transactionText(answer: TransactionAnswer | PricedTransaction): string {
  const { network, feeSats, inputs, outputs, verdicts } = answer;
  const amount = (sats: number | undefined): string =>
    sats === undefined ? 'unknown' : amountText(sats, network);
  const feeFiat = 'feeFiat' in answer ? Object.entries(answer.feeFiat ?? {}) : [];
  const feeValues = feeFiat.map(([code, { value }]) => `, ${groupedNumber(value)} ${code}`);
  const fee = answer.isCoinbase
    ? 'none, it makes new coins'
    : `${amount(feeSats ?? undefined)}${feeValues.join('')}`;
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
    ...factsSourceRows(answer.factsSource),
    ...(answer.strippedHex === undefined ? [] : [['bytes', answer.strippedHex] as const]),
  ]);
  const currencies = 'prices' in answer ? (answer.prices?.currencies ?? []) : [];
  const valueColumns = currencies.map((title) => ({ title, align: 'right' as const }));
  const values = (fiat: PricedTransaction['feeFiat']): string[] =>
    currencies.map((code) => groupedNumber(fiat?.[code]?.value ?? ''));
  text += `\n${tableText(
    [
      { title: 'Input' },
      { title: 'From' },
      { title: 'Amount', align: 'right' },
      ...valueColumns,
      { title: 'Output spent' },
    ],
    inputs.map((input) => [
      String(input.vin),
      input.prevTxid === undefined ? 'new coins' : (input.address ?? input.scriptKind ?? 'unknown'),
      input.prevTxid === undefined ? '' : amount(input.valueSats),
      ...values('fiat' in input ? input.fiat : undefined),
      input.prevTxid === undefined
        ? ''
        : `${input.prevTxid}:${input.prevVout}${input.isFromUndo ? ', by undo data' : ''}`,
    ]),
  )}`;
  text += `\n${tableText(
    [
      { title: 'Output' },
      { title: 'To' },
      { title: 'Amount', align: 'right' },
      ...valueColumns,
      { title: 'Then' },
    ],
    outputs.map((output) => [
      String(output.vout),
      output.address ?? output.scriptKind,
      amount(output.valueSats),
      ...values('fiat' in output ? output.fiat : undefined),
      output.spentBy === undefined
        ? output.status
        : `spent by ${output.spentBy.txid}, input ${output.spentBy.vin}`,
    ]),
  )}`;
  return 'prices' in answer ? `${text}${pricesText(answer.prices)}` : text;
}
