import type { WhyAnswer } from '../../pipeline/answers/cluster-answer.ts';
import { html } from '../../report/html.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import type { PageParts } from '../page.ts';
import { addressLink, dataTable, factList, timeText, transactionLink } from '../page-parts.ts';
import { readPageQuery } from '../page-query.ts';
import type { Answer, PageRequest } from '../router.ts';
import { answerFromNetwork, type Site } from '../site.ts';

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
  const main = html`<h1>Why two addresses are in one cluster</h1>
<p class="lead">The shortest chain of links between them. Each link is one transaction and one rule.</p>
${factList([
  ['From', addressLink(from, asOf)],
  ['To', addressLink(to, asOf)],
  ['Cluster', html`<span class="hash">${cluster}</span>`],
  ['As of block', groupedNumber(answer.asOfHeight)],
])}
${links.length === 0 && html`<p class="note">Both are the same address.</p>`}
${
  links.length > 0 &&
  dataTable(
    countText(links.length, 'link'),
    [
      { title: '#', isNumber: true },
      { title: 'From' },
      { title: 'To' },
      { title: 'Rule' },
      { title: 'Time' },
      { title: 'Transaction' },
    ],
    links.map((link, i) => [
      i + 1,
      html`<span class="hash">${link.from}</span>`,
      html`<span class="hash">${link.to}</span>`,
      html`${link.rule} version ${link.ruleVersion}${link.payjoinPossible && '; may be a PayJoin, so weaker'}`,
      timeText(link.timeSeconds),
      transactionLink(link.txid, asOf),
    ]),
  )
}`;
  return { title: 'Why in one cluster', main };
}
