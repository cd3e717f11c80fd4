/** The top of the page: the answer, the figures behind it, how to read what follows. */
import { type Html, html } from '../html.ts';
import { answerProse, payersWords } from '../summary.ts';
import { briefCoins, briefFiat, groupDigits, percent, plural } from '../wording.ts';
import { claim, day, type Page, proseHtml } from './parts.ts';
import { ratesNote } from './prices-part.ts';
import { hasUnspentPart, UNSPENT_ANCHOR } from './unspent-part.ts';

function figure(name: string, value: Html | string, note: Html | string): Html {
  return html`<div><dt>${name}</dt><dd><span class="value">${value}</span><span class="about">${note}</span></dd></div>
`;
}

function receivedFigure(page: Page): Html {
  const { summary } = page.report;
  const fiats = (page.report.derivation.prices?.currencies ?? []).flatMap((code) => {
    const fiat = summary.received.fiat?.[code];
    return fiat === undefined ? [] : [`≈ ${briefFiat(fiat.value)} ${code}`];
  });
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
${ratesNote(page)}`;
}

const FIRST_REQUESTS_MAX = 3;

function requestItem(page: Page): Html | false {
  const { requests } = page.report;
  if (requests.length === 0) return false;
  const first = requests
    .slice(0, FIRST_REQUESTS_MAX)
    .map(
      ({ id: name, service }, place) =>
        html`${place > 0 && ', '}<a href="#${name}">${name}</a> ${claim(page.service(service))}`,
    );
  const more = requests.length - first.length;
  return html`<li><b>Ask the services</b> whose accounts were behind the outputs listed for each: ${first}${more > 0 && html`, <a href="#next">${plural(more, 'other')}</a>`}. Ask for preservation first: records are deleted.</li>
`;
}

function unspentItem(page: Page): Html | false {
  const unspent = page.report.forwardStops.filter(
    ({ reason }) => reason === 'unspent' || reason === 'self',
  );
  const sats = unspent.reduce((sum, { byMethod }) => sum + BigInt(byMethod.fifo), 0n);
  if (sats === 0n) return false;
  const outputs = plural(page.report.unspent.length, 'output');
  const where = hasUnspentPart(page) ? html`<a href="#${UNSPENT_ANCHOR}">${outputs}</a>` : outputs;
  return html`<li><b>Watch what has not moved</b>: ${briefCoins(sats)} ${page.coin} lay unspent in ${where} at block ${groupDigits(page.report.derivation.asOfHeight)}. Index newer blocks and run this again to see where it goes.</li>
`;
}

function nameItem(page: Page): Html | false {
  const { largeClusters } = page.report;
  if (largeClusters.length === 0) return false;
  const clusters = new Set(largeClusters.map(({ clusterId }) => clusterId)).size;
  const sum = (wanted: 'in' | 'out'): bigint =>
    largeClusters
      .filter(({ direction }) => direction === wanted)
      .reduce((total, { sats }) => total + BigInt(sats), 0n);
  const share = (sats: bigint): string =>
    `${briefCoins(sats)} ${page.coin} (${percent(sats, page.receivedSats)})`;
  return html`<li><b>Find out who ${clusters === 1 ? 'one large cluster is' : html`${groupDigits(clusters)} large clusters are`}</b>: <a href="#unnamed">no source names ${clusters === 1 ? 'it' : 'them'}</a>, and following stopped there. ${share(sum('in'))} went there, ${share(sum('out'))} came from there.</li>
`;
}

/** What a reader can do today, before reading on. */
function nextSteps(page: Page): Html | false {
  const items = [requestItem(page), nameItem(page), unspentItem(page)].filter(
    (item) => item !== false,
  );
  if (items.length === 0) return false;
  return html`<h3>What to do now</h3>
<ul class="steps">
${items}</ul>
`;
}

function clusterShare(page: Page): Html | string {
  const { receivedAtListedSeeds: listed, payments } = page.report.summary;
  const rest = payments - listed.payments;
  const whole = 'That these payments were made, when and how much, anyone can check in the chain.';
  if (rest === 0) return `${whole} All went to listed seeds themselves.`;
  return html`${whole} ${groupDigits(listed.payments)} of them (${percent(BigInt(listed.sats), page.receivedSats)} of the money) went to listed seeds themselves; the other ${groupDigits(rest)} count only if the <a href="#seeds">clusters</a> are right.`;
}

function methodsShare(page: Page): Html | false {
  const { cashOuts } = page.report;
  if (cashOuts.length === 0) return false;
  // What both methods bring to the same place is the part that does not hang on the choice of one.
  const both = cashOuts.reduce((sum, { byMethod }) => {
    const [fifo, haircut] = [BigInt(byMethod.fifo.sats), BigInt(byMethod.haircut.sats)];
    return sum + (fifo < haircut ? fifo : haircut);
  }, 0n);
  return html`<dt>Where it went</dt><dd>Coins in one transaction can not be told apart, so counting follows a convention: by both that are used here, ${briefCoins(both)} ${page.coin} reached the same services.</dd>
`;
}

/** How far each part of the answer can be relied on. */
function sureness(page: Page): Html | false {
  const { summary, attribution } = page.report;
  if (summary.payments === 0) return false;
  const { services } = attribution;
  const single = services.filter(({ tags }) => tags.length === 1).length;
  return html`<h3>How sure is this?</h3>
<dl class="plain sure">
<dt>Payments and sums</dt><dd>${clusterShare(page)}</dd>
<dt>How many people paid</dt><dd>Not known. The chain tells ${payersWords(summary.payersMax)} apart; one person can use many wallets, and several people one.</dd>
${methodsShare(page)}${
  services.length > 0 &&
  html`<dt>Who the services are</dt><dd>What sources say, not facts. ${single > 0 && html`${groupDigits(single)} of ${plural(services.length, 'service')} ${single === 1 ? 'rests' : 'rest'} on a single claim. `}Each claim stands with its source, date and confidence.</dd>
`
}</dl>
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
`;
}

/** Title, answer, figures and the legend. */
export function answerSection(page: Page): Html {
  const { report } = page;
  return html`<section id="answer" class="first" aria-labelledby="answer-title">
<h2 id="answer-title">The answer</h2>
<p class="answer">${proseHtml(page, answerProse(report))}</p>
<div class="note strong"><p><b>A payment is a lead, not guilt.</b> “Payer” means here: whoever could spend the coins that were paid. Who that is, and why the payment was made, the chain does not say.</p></div>
${figures(page)}${nextSteps(page)}${sureness(page)}<h3>How to read this report</h3>
${tiers(page)}</section>
`;
}

/** The head of the page. */
export function pageHead(page: Page): Html {
  const { derivation, title, seeds } = page.report;
  const at = derivation.asOfAt;
  return html`<header class="head">
<p class="kicker">Clew report</p>
<h1>${title}</h1>
<p class="under">${plural(seeds.length, 'seed')} from ${html`<bdi>${derivation.seedFile.name}</bdi>`} · ${derivation.network} · as of block ${groupDigits(derivation.asOfHeight)}${at !== undefined && ` (${day(at)})`}</p>
</header>
`;
}
