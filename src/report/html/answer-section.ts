/** The top of the page: the answer, the figures behind it, how to read what follows. */
import { type Html, html } from '../html.ts';
import { answerProse, payersWords } from '../summary.ts';
import { briefCoins, briefFiat, groupDigits, percent, plural } from '../wording.ts';
import { claim, day, type Page, proseHtml } from './parts.ts';

function figure(name: string, value: Html | string, note: Html | string): Html {
  return html`<div><dt>${name}</dt><dd><span class="value">${value}</span><span class="about">${note}</span></dd></div>
`;
}

function receivedFigure(page: Page): Html {
  const { summary } = page.report;
  const fiats = Object.entries(summary.received.fiat ?? {}).map(
    ([code, { value }]) => `≈ ${briefFiat(value)} ${code}`,
  );
  const listed = BigInt(summary.receivedAtListedSeeds.sats);
  const bound =
    listed === page.receivedSats
      ? 'all of it at listed seeds'
      : `${briefCoins(listed)} ${page.coin} of it at listed seeds, the rest at addresses of their clusters`;
  return figure(
    'Received by the seed set',
    html`${briefCoins(page.receivedSats)} <span class="unit">${page.coin}</span>`,
    html`${fiats.length > 0 && html`${fiats.join(', ')}; `}${bound}`,
  );
}

function figures(page: Page): Html {
  const { summary, cashOuts, requests } = page.report;
  const kinds = new Map(
    page.report.attribution.services.map((row) => [row.key, row.namesCustomers]),
  );
  const identified = requests.filter(({ service }) => kinds.get(service) === 'identified').length;
  const fifo = cashOuts.reduce((sum, { byMethod }) => sum + BigInt(byMethod.fifo.sats), 0n);
  const { firstAt, lastAt } = summary;
  return html`<dl class="figures">
${receivedFigure(page)}${figure('Payments', groupDigits(summary.payments), firstAt === null ? 'none found' : `${day(firstAt)} to ${day(lastAt)}`)}${figure(
  'Payers',
  payersWords(summary.payersMax).replace(/ payers?$/, ''),
  'as far as the chain tells them apart; fewer people, when one uses several wallets',
)}${figure('Reached a named service', percent(fifo, page.receivedSats), html`${briefCoins(fifo)} ${page.coin} first in, first out`)}${figure('Services to ask', groupDigits(requests.length), `${groupDigits(identified)} of a kind that has to identify its customers`)}
</dl>
`;
}

function tiers(page: Page): Html {
  const example = page.report.attribution.services[0];
  return html`<div class="tiers">
<div class="tier"><b>Facts of the chain</b><p>Plain text: transactions, amounts, times, and what follows from them by the rules listed at the end. Anyone can recompute them from the blocks.</p></div>
<div class="tier says"><b>What a source says</b><p>In quotation marks, slanted, with a dashed line, like ${
    example === undefined
      ? html`<span class="claim"><span class="quote">“a service”</span> <span class="kind">exchange</span></span>`
      : claim(example)
  }: who an address is said to belong to. Each comes with its source, date and confidence. It can be wrong.</p></div>
</div>
<div class="note strong"><p><b>A payment is a lead, not guilt.</b> “Payer” means here: whoever could spend the coins that were paid. Who that is, and why the payment was made, the chain does not say.</p></div>
`;
}

/** Title, answer, figures and the legend. */
export function answerSection(page: Page): Html {
  const { report } = page;
  return html`<section id="answer" class="first" aria-labelledby="answer-title">
<h2 id="answer-title">The answer</h2>
<p class="answer">${proseHtml(page, answerProse(report))}</p>
${figures(page)}<h3>How to read this report</h3>
${tiers(page)}</section>
`;
}

/** The head of the page. */
export function pageHead(page: Page): Html {
  const { derivation, title, seeds } = page.report;
  const at = derivation.tip.at;
  return html`<header class="head">
<p class="kicker">Clew report</p>
<h1>${title}</h1>
<p class="under">${plural(seeds.length, 'seed')} from ${html`<bdi>${derivation.seedFile.name}</bdi>`} · ${derivation.network} · as of block ${groupDigits(derivation.asOfHeight)}${at !== undefined && ` (${day(at)})`}</p>
</header>
`;
}
