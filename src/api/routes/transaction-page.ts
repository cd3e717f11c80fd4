import { amountText, coinText } from '../../chain/amount-text.ts';
import { type VerdictRuleId, verdictGroup } from '../../cluster/verdict.ts';
import { ClewError } from '../../errors.ts';
import type { TransactionAnswer } from '../../pipeline/answers/transaction-answer.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import { type Html, type HtmlPart, html } from '../../report/html.ts';
import { formatCoins } from '../../units/amount.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import {
  addressLink,
  asOfNote,
  claim,
  dataTable,
  factList,
  timeText,
  transactionLink,
} from '../page-parts.ts';
import { keptQuery, readPageQuery } from '../page-query.ts';
import { type Party, type TransactionParties, transactionParties } from '../parties.ts';
import { type Answer, jsonAnswer, type PageRequest } from '../router.ts';
import { ruleMeaning, strengthText } from '../rule-meaning.ts';
import { answerFromNetwork, type Site, sitePage } from '../site.ts';
import { refreshUnconfirmed, unconfirmedPart } from '../unconfirmed-part.ts';
import { ruleLink } from './rules-page.ts';

/** Rows of a table that a page shows; whoever needs all takes the JSON. */
const ROWS_MAX = 500;

export async function transactionPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf } = readPageQuery(request);
  const { txid = '' } = request.params;
  try {
    return await answerFromNetwork(
      site,
      request,
      (open) => open.transaction(txid, asOf),
      async (answer, open: OpenNetwork) =>
        page(answer, await transactionParties(open, answer.txid, asOf), asOf),
    );
  } catch (error) {
    const isMissing = error instanceof ClewError && MISSING.has(error.code);
    if (!isMissing || asOf !== undefined || site.unconfirmed === undefined) throw error;
    return (await waitingPage(site, request, txid)) ?? Promise.reject(error);
  }
}

/** No such transaction, or no block at all. */
const MISSING = new Set(['CLEW_TX_NOT_FOUND', 'CLEW_LEDGER_EMPTY']);

/** A transaction that the ledger does not have, but waits in the mempool of the node that is followed. */
async function waitingPage(
  site: Site,
  request: PageRequest,
  txid: string,
): Promise<Answer | undefined> {
  await refreshUnconfirmed(site);
  const answer = await site.useNetwork(site.network!, async (open) =>
    site.unconfirmed!.ofTxid(txid, await open.flowIfAny()),
  );
  if (answer.transactions.length === 0) return undefined;
  if (request.wantsJson) return jsonAnswer(answer);
  const main = html`<h1>Transaction</h1>
<p><span class="hash">${txid}</span></p>
${unconfirmedPart(answer)}`;
  return sitePage({ title: `Transaction ${txid.slice(0, 12)}`, main, searched: txid });
}

function page(
  answer: TransactionAnswer,
  parties: TransactionParties,
  asOf: number | undefined,
): Omit<PageParts, 'asOf'> {
  const { txid, inputs, outputs } = answer;
  const main = html`<h1>Transaction</h1>
${asOfNote(`/tx/${txid}`, asOf)}
${factList([
  ['Id', html`<span class="hash">${txid}</span>`],
  [
    'Time',
    html`${timeText(answer.timeSeconds)} <span class="soft">(of its block; up to two hours off)</span>`,
  ],
  ['Block', `${groupedNumber(answer.height)}, place ${groupedNumber(answer.position)}`],
  ['Block hash', html`<span class="hash">${answer.blockHash}</span>`],
  ['Fee', feeText(answer)],
  ['Size', `${groupedNumber(answer.sizeBytes)} bytes, weight ${groupedNumber(answer.weight)}`],
  ['Version, locktime', `${answer.version}, ${answer.locktime}`],
  [
    'Same id',
    answer.sameIdAtHeights.length > 0 && `also at height ${answer.sameIdAtHeights.join(', ')}`,
  ],
])}
${shapes(answer, parties)}
<h2>${countText(inputs.length, 'input')}</h2>
${inputTable(answer, parties, asOf)}
<h2>${countText(outputs.length, 'output')}</h2>
${outputTable(answer, parties, asOf)}
<p class="soft">Which output is change and which is a payment, the chain does not say, and Clew does not guess. Names in quotation marks are what sources say.</p>`;
  return { title: `Transaction ${txid.slice(0, 12)}`, main, searched: txid };
}

function feeText({ isCoinbase, feeSats, network }: TransactionAnswer): string {
  if (isCoinbase) return 'none: it makes new coins';
  return feeSats === null
    ? 'unknown: an input spends an output that is not indexed'
    : amountText(feeSats, network);
}

/** What the transaction looks like, and what that means; the mix that names the protocol comes first. */
function shapes(
  { verdicts, inputs }: TransactionAnswer,
  { payjoinPossible }: TransactionParties,
): HtmlPart {
  const strong = verdicts.find(({ rule, strength }) => strength !== 'possible' && isMix(rule));
  // Beside a strong mix, a mix's mere shape says nothing new.
  const alsoFits = verdicts.filter((verdict) => {
    return strong !== undefined && verdict !== strong && isMix(verdict.rule);
  });
  const told = verdicts.filter((verdict) => verdict !== strong && !alsoFits.includes(verdict));
  const found = [...(strong === undefined ? [] : [strong]), ...told].map((verdict) =>
    shape(verdict, factWords(verdict.facts)),
  );
  if (payjoinPossible && !verdicts.some(({ rule }) => rule === 'PJ-1')) {
    found.push(shape({ rule: 'PJ-1', ruleVersion: 1, strength: 'possible' }, ''));
  }
  if (found.length === 0) {
    return (
      inputs.length > 1 &&
      html`<p class="soft">It has the shape of no mix and of no other transaction of several people that a <a href="/rules">rule</a> knows.</p>`
    );
  }
  return html`<h2>What it looks like</h2>
${found}${alsoFits.length > 0 && html`<p class="soft">The shape of ${alsoFits.map(({ rule, ruleVersion }, i) => html`${i > 0 && ', '}${ruleLink(rule, ruleVersion)}`)} fits too.</p>`}`;
}

function isMix(rule: string): boolean {
  return verdictGroup(rule as VerdictRuleId) === 'mix';
}

function shape(
  {
    rule,
    ruleVersion,
    strength,
  }: { readonly rule: string; readonly ruleVersion: number; readonly strength: string },
  facts: string,
): Html {
  const meaning = ruleMeaning(rule);
  return html`<div class="note"><p><b>Looks like ${meaning?.name ?? rule}</b> (${strengthText(strength)}). ${meaning?.effect}</p>
<p class="sub">Rule ${ruleLink(rule, ruleVersion)}${facts !== '' && `; seen: ${facts}`}</p></div>
`;
}

const FACT_NAMES: Readonly<Record<string, string>> = {
  equalSats: 'equal amount',
  poolSats: 'amount of the pool',
  premixSats: 'amount of a coin to be mixed',
  premixOutputs: 'coins to be mixed',
  feeOutputSats: 'fee of the coordinator',
  smallestInputSats: 'smallest input',
  smallestOutputSats: 'smallest output',
  denominationOutputs: 'outputs of standard amounts',
  distinctInputScripts: 'different input addresses',
  scriptHashOutputs: 'outputs to script hashes',
};

/** The numbers that decided, in words; look-alikes only where one was seen. */
function factWords(facts: Readonly<Record<string, number | string>>): string {
  return Object.entries(facts)
    .filter(([name, value]) => !(/^x\d$/.test(name) && value === 'no'))
    .map(([name, value]) => {
      const words = FACT_NAMES[name] ?? name.replace(/([A-Z])/g, ' $1').toLowerCase();
      if (typeof value === 'string') return `${words}: ${value.replaceAll('_', ' ')}`;
      return `${words}: ${groupedNumber(value)}${name.endsWith('Sats') ? ' satoshi' : ''}`;
    })
    .join(', ');
}

/** An address with what is known of it, or the kind of script that has none. */
function place(
  address: string | undefined,
  kind: string | undefined,
  party: Party | undefined,
  asOf: number | undefined,
): HtmlPart {
  if (address === undefined) return html`<span class="kind">${kindText(kind)}</span>`;
  const service = party?.service;
  const cluster = party !== undefined && party.addresses > 1;
  return html`${addressLink(address, asOf)}${(service !== undefined || cluster) && html`<span class="sub">${service !== undefined && claim(service)}${service !== undefined && cluster && ' · '}${cluster && html`<a href="/cluster/${encodeURIComponent(address)}${keptQuery(asOf)}">cluster of ${countText(party.addresses, 'address', 'addresses')}</a>`}</span>`}`;
}

function kindText(kind: string | undefined): string {
  if (kind === undefined) return 'unknown: not in this ledger';
  return kind === 'op_return' ? 'data, not shown' : `${kind.replaceAll('_', ' ')}, has no address`;
}

function cutNote(all: number, what: string): HtmlPart {
  if (all <= ROWS_MAX) return undefined;
  return html`<p class="soft">The first ${groupedNumber(ROWS_MAX)} of ${groupedNumber(all)} ${what}; <code>clew tx TXID --json</code> gives all.</p>`;
}

function coins(sats: number): string {
  return groupedNumber(formatCoins(sats));
}

function inputTable(
  answer: TransactionAnswer,
  parties: TransactionParties,
  asOf: number | undefined,
): Html {
  return html`${dataTable(
    'Inputs',
    [
      { title: '#', isNumber: true },
      { title: 'From' },
      { title: coinText(answer.network), isNumber: true },
      { title: 'Output spent' },
    ],
    answer.inputs.slice(0, ROWS_MAX).map((input, i) => {
      if (input.prevTxid === undefined) {
        return [input.vin, html`<span class="kind">new coins</span>`, '', ''];
      }
      return [
        input.vin,
        place(input.address, input.scriptKind, parties.inputs[i], asOf),
        input.valueSats === undefined ? 'unknown' : coins(input.valueSats),
        html`${transactionLink(input.prevTxid, asOf)}<span class="sub">output ${input.prevVout}${input.isFromUndo && ' · not indexed, told by undo data'}</span>`,
      ];
    }),
  )}${cutNote(answer.inputs.length, 'inputs')}`;
}

/** The cluster of all inputs, when they have one in common. */
function commonCluster({ inputs }: TransactionAnswer): string | undefined {
  const [first] = inputs;
  if (first?.cluster === undefined) return undefined;
  return inputs.every(({ cluster }) => cluster === first.cluster) ? first.cluster : undefined;
}

function outputTable(
  answer: TransactionAnswer,
  parties: TransactionParties,
  asOf: number | undefined,
): Html {
  const payer = commonCluster(answer);
  return html`${dataTable(
    'Outputs',
    [
      { title: '#', isNumber: true },
      { title: 'To' },
      { title: coinText(answer.network), isNumber: true },
      { title: 'Then' },
    ],
    answer.outputs
      .slice(0, ROWS_MAX)
      .map((output, i) => [
        output.vout,
        html`${place(output.address, output.scriptKind, parties.outputs[i], asOf)}${payer !== undefined && output.cluster === payer && html`<span class="sub">the same cluster as the inputs</span>`}`,
        coins(output.valueSats),
        output.spentBy === undefined
          ? output.status
          : html`${transactionLink(output.spentBy.txid, asOf)}<span class="sub">spent there by input ${output.spentBy.vin}, block ${groupedNumber(output.spentBy.height)}</span>`,
      ]),
  )}${cutNote(answer.outputs.length, 'outputs')}`;
}
