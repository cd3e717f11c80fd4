/**
 * report.html: one file that needs no network, no server and no script.
 *
 * Its security policy allows nothing but its own style sheet, named by digest. Links in tags and seed
 * files stay text: a click would tell a stranger who is looking.
 */
import { hash } from 'node:crypto';
import { answerSection, pageHead } from './html/answer-section.ts';
import { cashOutsSection, flowSection, mixesSection } from './html/cash-outs-section.ts';
import {
  derivationSection,
  glossarySection,
  limitsSection,
  unresolvedSection,
} from './html/method-section.ts';
import { makePage, type Page } from './html/parts.ts';
import { payersSection, paymentsSection, recurringSection } from './html/payers-section.ts';
import { requestsSection } from './html/requests-section.ts';
import { badLinesSection, seedsSection } from './html/seeds-section.ts';
import { STYLES } from './html/styles.ts';
import { type Html, html, trustedMarkup } from './html.ts';
import type { Report } from './report-format.ts';

/** The policy of the page, for a server that sends it as a header too. */
export const REPORT_CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLES, 'base64')}'; base-uri 'none'; form-action 'none'`;

interface Chapter {
  readonly anchor: string;
  readonly name: string;
  readonly body: Html | false;
}

/** Chapters that say nothing when nothing was paid. */
const NEED_PAYMENTS: readonly string[] = [
  'payers',
  'cash-outs',
  'time',
  'recurring',
  'mixes',
  'open',
];

function chapters(page: Page): Chapter[] {
  const all: Chapter[] = [
    { anchor: 'answer', name: 'The answer', body: answerSection(page) },
    { anchor: 'next', name: 'What to do next', body: requestsSection(page) },
    { anchor: 'flow', name: 'The picture', body: flowSection(page) },
    { anchor: 'payers', name: 'Payers', body: payersSection(page) },
    { anchor: 'cash-outs', name: 'Where the money went', body: cashOutsSection(page) },
    { anchor: 'time', name: 'Payments over time', body: paymentsSection(page) },
    { anchor: 'recurring', name: 'Recurring amounts', body: recurringSection(page) },
    { anchor: 'seeds', name: 'The seed set', body: seedsSection(page) },
    { anchor: 'mixes', name: 'CoinJoins met', body: mixesSection(page) },
    { anchor: 'open', name: 'What is unresolved', body: unresolvedSection(page) },
    { anchor: 'limits', name: 'What is not proven', body: limitsSection(page) },
    { anchor: 'derivation', name: 'How it was obtained', body: derivationSection(page) },
    { anchor: 'lines', name: 'Lines not used', body: badLinesSection(page) },
    { anchor: 'glossary', name: 'Words used', body: glossarySection() },
  ];
  const isEmpty = page.report.summary.payments === 0;
  return all.filter(
    ({ anchor, body }) => body !== false && !(isEmpty && NEED_PAYMENTS.includes(anchor)),
  );
}

/**
 * A report as a page.
 *
 * @example renderHtml(buildReport(input)) // '<!doctype html>…'
 */
export function renderHtml(report: Report): string {
  const page = makePage(report);
  const shown = chapters(page);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${REPORT_CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${report.title} · Clew report</title>
<style>${trustedMarkup(STYLES)}</style>
</head>
<body>
<a class="skip" href="#answer">To the answer</a>
<div class="page">
${pageHead(page)}<div class="columns">
<nav class="contents" aria-labelledby="contents-title">
<h2 id="contents-title">Contents</h2>
<ol>${shown.map(
    ({ anchor, name }) => html`<li><a href="#${anchor}">${name}</a></li>
`,
  )}</ol>
</nav>
<main>
${shown.map(({ body }) => body)}</main>
</div>
<footer><p>Made by Clew ${report.derivation.clewVersion}. Beside this page lie report.json (everything, for programs) and the lists as CSV files. Nothing in this page calls the network.</p></footer>
</div>
</body>
</html>
`.markup;
}
