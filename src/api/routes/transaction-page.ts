import { amountText } from '../../chain/amount-text.ts';
import type { TransactionAnswer } from '../../pipeline/answers/transaction-answer.ts';
import { type Html, type HtmlPart, html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { addressLink, dataTable, factList, timeText, transactionLink } from '../page-parts.ts';
import { readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';

export function transactionPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf } = readPageQuery(request);
  const { txid = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.transaction(txid, asOf),
    (answer) => page(answer, asOf),
  );
}

function page(answer: TransactionAnswer, asOf: number | undefined): Omit<PageParts, 'asOf'> {
  const { network, verdicts, feeSats } = answer;
  const main = html`<h1>Transaction</h1>
${factList([
  ['Id', html`<span class="hash">${answer.txid}</span>`],
  ['Time', timeText(answer.timeSeconds)],
  ['Block', `${groupedNumber(answer.height)}, place ${answer.position}`],
  ['Block hash', html`<span class="hash">${answer.blockHash}</span>`],
  ['Fee', feeText(answer, feeSats)],
  ['Size', `${groupedNumber(answer.sizeBytes)} bytes, weight ${groupedNumber(answer.weight)}`],
  ['Version, locktime', `${answer.version}, ${answer.locktime}`],
  [
    'Same id',
    answer.sameIdAtHeights.length > 0 && `also at height ${answer.sameIdAtHeights.join(', ')}`,
  ],
])}
${verdicts.map(
  ({ rule, ruleVersion, result, strength }) =>
    html`<p class="note">Has the shape of: ${result} (${rule}, version ${ruleVersion}, ${strength}).</p>`,
)}
<h2>${countText(answer.inputs.length, 'input')}</h2>
${inputTable(answer, asOf)}
<h2>${countText(answer.outputs.length, 'output')}</h2>
${outputTable(answer, asOf)}`;
  return { title: `Transaction ${answer.txid.slice(0, 12)}`, main, searched: answer.txid };

  function feeText({ isCoinbase }: TransactionAnswer, sats: number | null): string {
    if (isCoinbase) return 'none: it makes new coins';
    return sats === null
      ? 'unknown: an input spends an output that is not indexed'
      : amountText(sats, network);
  }
}

/** An address with a link, or the kind of script that has none. */
function place(
  address: string | undefined,
  kind: string | undefined,
  asOf: number | undefined,
): HtmlPart {
  if (address !== undefined) return addressLink(address, asOf);
  return html`<span class="kind">${kind ?? 'unknown'}</span>`;
}

function inputTable(answer: TransactionAnswer, asOf: number | undefined): Html {
  return dataTable(
    'Inputs',
    [
      { title: '#', isNumber: true },
      { title: 'From' },
      { title: 'Amount', isNumber: true },
      { title: 'Output spent' },
    ],
    answer.inputs.map((input) => {
      if (input.prevTxid === undefined)
        return [input.vin, html`<span class="kind">new coins</span>`, '', ''];
      const amount =
        input.valueSats === undefined ? 'unknown' : amountText(input.valueSats, answer.network);
      return [
        input.vin,
        place(input.address, input.scriptKind, asOf),
        amount,
        html`${transactionLink(input.prevTxid, asOf)} output ${input.prevVout}`,
      ];
    }),
  );
}

function outputTable(answer: TransactionAnswer, asOf: number | undefined): Html {
  return dataTable(
    'Outputs',
    [
      { title: '#', isNumber: true },
      { title: 'To' },
      { title: 'Amount', isNumber: true },
      { title: 'Then' },
    ],
    answer.outputs.map((output) => [
      output.vout,
      place(output.address, output.scriptKind, asOf),
      amountText(output.valueSats, answer.network),
      output.spentBy === undefined
        ? output.status
        : html`spent by ${transactionLink(output.spentBy.txid, asOf)}, input ${output.spentBy.vin}`,
    ]),
  );
}
