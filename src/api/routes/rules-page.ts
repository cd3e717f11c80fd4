import { html } from '../../report/html.ts';
import { dataTable } from '../page-parts.ts';
import type { Answer } from '../router.ts';
import { allRuleMeanings, ruleMeaning } from '../rule-meaning.ts';
import { sitePage } from '../site.ts';

const LINKING = new Set(['MI-1', 'SK-1']);

/** What every rule looks for and what follows from it. */
export function rulesPage(): Answer {
  const rows = (isLinking: boolean) =>
    allRuleMeanings()
      .filter(([id]) => LINKING.has(id) === isLinking)
      .map(([id, meaning]) => [
        html`<span id="${id}" class="nowrap">${id}</span>`,
        html`<span>${capital(meaning.name)}</span>`,
        meaning.looksFor,
        meaning.effect,
      ]);
  const columns = [
    { title: 'Rule' },
    { title: 'What it sees' },
    { title: 'It looks for' },
    { title: 'What follows' },
  ];
  const main = html`<h1>The rules</h1>
<p class="lead">How addresses are put together, and which transactions are left out because several people may have made them. The same chain always gives the same result, and every link can be looked up.</p>
<h2>Rules that put addresses into one cluster</h2>
${dataTable('Rules that link', columns, rows(true))}
<p>Nothing else links: no guess at change, no amounts, no tags, no times. A link that is missing costs little; a wrong one would join strangers.</p>
<h2>Shapes that several people may have made together</h2>
${dataTable('Rules that recognise shapes', columns, rows(false))}
<p>Each finding is <b>strong</b> (the rule fits and nothing known looks alike) or <b>possible</b> (only the shape fits). Mixing coins is lawful; a finding says nothing about why somebody did it.</p>
<p class="soft">Exact conditions, where they come from and how often they err: <code>docs/methods/clustering.md</code> and <code>docs/methods/coinjoins.md</code>.</p>`;
  return sitePage({ title: 'The rules', main, current: '/rules' });
}

/** A rule's id that leads to what it means. */
export function ruleLink(ruleId: string, version: number) {
  const text = html`${ruleId} version ${version}`;
  return ruleMeaning(ruleId) === undefined ? text : html`<a href="/rules#${ruleId}">${text}</a>`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
