/** The frame of every page: header with search, main, footer that says as of when. No JavaScript. */
import type { ClewError } from '../errors.ts';
import { type Html, html, trustedMarkup } from '../report/html.ts';
import { groupedNumber } from '../units/number-text.ts';
import { VERSION } from '../version.ts';
import { timeText } from './page-parts.ts';
import { PAGE_STYLE } from './page-style.ts';
import { type Answer, htmlAnswer } from './router.ts';

/** The state of the ledger that a page speaks of. */
export interface AsOf {
  readonly network: string;
  readonly height: number;
  readonly hash: string;
  readonly timeSeconds: number;
  /** Clusters are as of this block, where that is an earlier one. */
  readonly clustersHeight?: number;
}

export interface PageParts {
  /** Names the page in the tab and for screen readers. */
  readonly title: string;
  readonly main: Html;
  /** Path of the page in the navigation, to mark it. */
  readonly current?: string;
  /** What stands in the search box. */
  readonly searched?: string;
  readonly asOf?: AsOf;
  /** Class of `main`, for the style. */
  readonly kind?: string;
}

export interface SiteParts {
  /** Links of the header: path and text. */
  readonly navigation: readonly (readonly [string, string])[];
}

/** A whole page. */
export function pageHtml(site: SiteParts, parts: PageParts): Html {
  const { title, main, current, searched, asOf, kind } = parts;
  const links = site.navigation.map(
    ([path, text]) =>
      html`<li><a href="${path}"${path === current && trustedMarkup(' aria-current="page"')}>${text}</a></li>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Clew</title>
<style>${trustedMarkup(PAGE_STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="site">
<a class="name" href="/">Clew</a>
<nav aria-label="Pages"><ul>${links}</ul></nav>
<form role="search" action="/search" method="get">
<input type="search" name="q" value="${searched ?? ''}" aria-label="Address or transaction" placeholder="Address or transaction" autocomplete="off" spellcheck="false" autocapitalize="none">
<button>Search</button>
</form>
</header>
<main id="main"${kind !== undefined && html` class="${kind}"`}>
${main}
</main>
<footer class="site">
${asOf === undefined ? undefined : asOfLine(asOf)}
<p>Clew ${VERSION}, on this machine only. Nothing that you look up leaves it.</p>
</footer>
</body>
</html>
`;
}

function asOfLine(asOf: AsOf): Html {
  return html`<p>The ledger of ${asOf.network} ends at block ${groupedNumber(asOf.height)}, ${timeText(asOf.timeSeconds)}, <span class="hash">${asOf.hash}</span>${asOf.clustersHeight !== undefined && html`; clusters are as of block ${groupedNumber(asOf.clustersHeight)}`}</p>`;
}

/** A whole page as an answer. */
export function pageAnswer(site: SiteParts, parts: PageParts, status = 200): Answer {
  return htmlAnswer(pageHtml(site, parts), PAGE_STYLE, status);
}

/** The page of an error: what happened, what to do, and the code to look it up by. */
export function errorPage(site: SiteParts, error: ClewError): Answer {
  const isFault = error.code === 'CLEW_INTERNAL';
  const message = isFault ? 'Something broke inside Clew.' : error.message;
  const facts = isFault ? [] : Object.entries(error.facts);
  const main = html`<h1>${message}</h1>
<p>${error.hint}</p>
<dl class="facts"><dt>Code</dt><dd><code>${error.code}</code></dd>
${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${String(value)}</dd>`)}</dl>`;
  return pageAnswer(site, { title: message, main, kind: 'error' }, error.httpStatus);
}
