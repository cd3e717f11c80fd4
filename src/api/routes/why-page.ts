import { canonicalAddress } from '../../chain/address.ts';
import { getNetwork } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { WhyAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { type Html, html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import {
  addressLink,
  asOfNote,
  dataTable,
  factList,
  timeText,
  transactionLink,
} from '../page-parts.ts';
import { readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { ruleMeaning } from '../rule-meaning.ts';
import { answerFromNetwork, type Site, sitePage } from '../site.ts';
import { ruleLink } from './rules-page.ts';

/** Asks for two addresses. */
export function whyForm(from: string, to: string): Html {
  return html`<form class="ask" action="/why" method="get">
<label>One address <input class="hash" name="from" value="${from}" required autocomplete="off" spellcheck="false" autocapitalize="none"></label>
<label>Another address <input class="hash" name="to" value="${to}" required autocomplete="off" spellcheck="false" autocapitalize="none"></label>
<button>Why together?</button>
</form>`;
}

/**
 * The form; with two addresses it leads to their page.
 *
 * @throws {ClewError} CLEW_LEDGER_EMPTY, CLEW_ADDRESS_*
 */
export function whyFormPage(site: Site, { query }: PageRequest): Answer {
  const [from, to] = [(query.get('from') ?? '').trim(), (query.get('to') ?? '').trim()];
  if (from !== '' && to !== '') {
    if (site.network === undefined) {
      throw new ClewError('CLEW_LEDGER_EMPTY', 'Nothing has been indexed yet.');
    }
    const network = getNetwork(site.network);
    const [one, other] = [from, to].map((text) =>
      encodeURIComponent(canonicalAddress(text, network)),
    );
    return {
      status: 303,
      type: 'text/plain; charset=utf-8',
      headers: { Location: `/why/${one}/${other}` },
      body: '',
    };
  }
  const main = html`<h1>Why are two addresses together?</h1>
<p class="lead">When two addresses are in one cluster, there is a chain of transactions that says why. When they are not, no rule joins them; they can still be one person’s.</p>
${whyForm(from, to)}
<p class="soft">What the rules do: <a href="/rules">the rules</a>.</p>`;
  return sitePage({ title: 'Why together?', main, current: '/why' });
}

export function whyPage(site: Site, request: PageRequest): Promise<Answer> {
  const { asOf } = readPageQuery(request);
  const { from = '', to = '' } = request.params;
  return answerFromNetwork(
    site,
    request,
    (open) => open.why(from, to, asOf),
    (answer) => page(answer, asOf),
  );
}

function page(answer: WhyAnswer, asOf: number | undefined): Omit<PageParts, 'asOf'> {
  const { from, to, cluster, links } = answer;
  const weaker = links.filter((link) => link.payjoinPossible).length;
  const main = html`<h1>Why two addresses are in one cluster</h1>
<p class="lead">${
    links.length === 0
      ? 'Both are the same address.'
      : `The shortest chain of links between them has ${countText(links.length, 'link')}. Each is one transaction and one rule: check it in any block explorer. If one is wrong, this chain breaks; there may be others.`
  }</p>
${asOfNote(`/why/${encodeURIComponent(from)}/${encodeURIComponent(to)}`, asOf)}
${weaker > 0 && html`<p class="note">${countText(weaker, 'link')} of this chain ${weaker === 1 ? 'is' : 'are'} weaker: the transaction may be a PayJoin, in which two people pay together.</p>`}
${factList([
  ['From', addressLink(from, asOf)],
  ['To', addressLink(to, asOf)],
  ['Name of the cluster', html`<span class="hash">${cluster}</span>`],
  ['As of block', groupedNumber(answer.asOfHeight)],
])}
${
  links.length > 0 &&
  dataTable(
    countText(links.length, 'link'),
    [
      { title: '#', isNumber: true },
      { title: 'These two' },
      { title: 'Joined by transaction' },
      { title: 'By rule' },
    ],
    links.map((link, i) => [
      i + 1,
      html`<span class="hash">${link.from}</span><br><span class="hash">${link.to}</span>`,
      html`${transactionLink(link.txid, asOf)}<span class="sub">${timeText(link.timeSeconds)}, block ${groupedNumber(link.height)}${link.inputFrom !== null && link.inputTo !== null && `, inputs ${link.inputFrom} and ${link.inputTo}`}</span>`,
      html`<span class="nowrap">${ruleLink(link.rule, link.ruleVersion)}</span><span class="sub">${ruleMeaning(link.rule)?.name}${link.payjoinPossible && '; weaker: may be a PayJoin'}</span>`,
    ]),
  )
}`;
  return { title: 'Why in one cluster', main, current: '/why' };
}
