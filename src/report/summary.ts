/** The answer in one paragraph, made once: as text for report.json, with its marks for report.html. */
import { listProse, type Prose, type ProsePiece } from './prose.ts';
import type { Report } from './report-format.ts';
import { briefCoins, briefFiat, groupDigits, listWords, percent, plural } from './wording.ts';

/** The parts of a report that the answer is made of. */
export type AnswerSource = Pick<
  Report,
  | 'payments'
  | 'payers'
  | 'cashOuts'
  | 'forwardStops'
  | 'requests'
  | 'seeds'
  | 'clusters'
  | 'attribution'
  | 'derivation'
> & { readonly summary: Omit<Report['summary'], 'text'> };

/** Services named in a sentence before it says how many more there are. */
const NAMED_MAX = 3;

/**
 * How many payers there can be at most. There is no lower bound but one: a person may use a new wallet for every
 * payment (in the simulated economy, 207 groups were 92 people).
 *
 * @example payersWords(103) // 'up to 103 payers'
 */
export function payersWords(payersMax: number): string {
  return payersMax === 1 ? '1 payer' : `up to ${plural(payersMax, 'payer')}`;
}

function services(keys: readonly string[]): ProsePiece[] {
  const named = keys.slice(0, NAMED_MAX).map((service): ProsePiece => ({ service }));
  const more = keys.length - named.length;
  return listProse(more > 0 ? [...named, plural(more, 'other')] : named);
}

function paymentsSentence(source: AnswerSource): ProsePiece[] {
  const { summary, derivation } = source;
  const received = BigInt(summary.received.sats);
  const days = [summary.firstAt!.slice(0, 10), summary.lastAt!.slice(0, 10)];
  const currency = derivation.prices?.currencies[0];
  const fiat = currency === undefined ? undefined : summary.received.fiat?.[currency];
  const pieces: ProsePiece[] = [
    { figure: plural(summary.payments, 'payment') },
    ' from ',
    { figure: payersWords(summary.payersMax) },
    ' brought the seed set ',
    { figure: `${briefCoins(received)} ${derivation.coin}` },
  ];
  if (fiat !== undefined && fiat.pricedAmounts > 0) {
    pieces.push(
      ' (',
      { figure: `≈ ${briefFiat(fiat.value)} ${currency}` },
      ' on the days of payment, at rates of ',
      listWords(fiat.sources.map(({ source }) => source)),
    );
    if (fiat.unpricedAmounts > 0) {
      pieces.push(
        `, without ${plural(fiat.unpricedAmounts, 'payment')} that no price is known for`,
      );
    }
    pieces.push(')');
  }
  pieces.push(days[0] === days[1] ? `, on ${days[0]}. ` : `, between ${days[0]} and ${days[1]}. `);
  return pieces;
}

function whoIdentifies(identified: number, all: number): string {
  if (all === 1) return ' that has to identify its customers: ';
  if (identified === all) return ', all of a kind that has to identify its customers: ';
  return `, of which ${plural(identified, 'has', 'have')} to identify customers: `;
}

function originSentence(source: AnswerSource): ProsePiece[] {
  const { summary, requests, attribution, payments } = source;
  if (summary.servicesPaidFrom === 0) {
    return ['No payment could be followed back to a service that a source names. '];
  }
  let withService = 0n;
  for (const payment of payments) {
    for (const origin of payment.origins) {
      if (origin.service !== undefined) withService += BigInt(origin.sats);
    }
  }
  const identified = requests.filter(
    ({ service, withdrawals }) =>
      withdrawals.length > 0 &&
      attribution.services.find(({ key }) => key === service)!.namesCustomers === 'identified',
  );
  const pieces: ProsePiece[] = [
    { figure: plural(summary.paymentsWithService, 'payment') },
    ` (${percent(withService, BigInt(summary.received.sats))} of the money) can be followed back to `,
    { figure: plural(summary.servicesPaidFrom, 'service') },
  ];
  if (identified.length === 0) {
    pieces.push('; none of them is of a kind that has to identify its customers. ');
  } else {
    pieces.push(
      whoIdentifies(identified.length, summary.servicesPaidFrom),
      ...services(identified.map(({ service }) => service)),
      '. ',
    );
  }
  return pieces;
}

/** What had not moved when the ledger ends: with the set itself, and further on. */
function unspentSentence(source: AnswerSource): ProsePiece[] {
  const { forwardStops, derivation } = source;
  const satsOf = (wanted: 'self' | 'unspent'): bigint =>
    forwardStops
      .filter(({ reason }) => reason === wanted)
      .reduce((sum, { byMethod }) => sum + BigInt(byMethod.fifo), 0n);
  const [withSet, further] = [satsOf('self'), satsOf('unspent')];
  if (withSet + further === 0n) return [];
  const coins = (sats: bigint): ProsePiece => ({
    figure: `${briefCoins(sats)} ${derivation.coin}`,
  });
  const upTo = `not spent up to block ${groupDigits(derivation.asOfHeight)}. `;
  if (withSet === 0n) return [coins(further), ` lies at other addresses, ${upTo}`];
  if (further === 0n) return [coins(withSet), ` is still with the seed set, ${upTo}`];
  return [
    coins(further),
    ' lies at other addresses and ',
    coins(withSet),
    ` with the seed set, ${upTo}`,
  ];
}

function cashOutSentence(source: AnswerSource): ProsePiece[] {
  const { cashOuts, derivation, summary } = source;
  const { coin } = derivation;
  if (cashOuts.length === 0) {
    return ['None of the money was seen to arrive at a service that a source names. '];
  }
  const sum = (method: 'fifo' | 'haircut'): bigint =>
    cashOuts.reduce((total, { byMethod }) => total + BigInt(byMethod[method].sats), 0n);
  const [fifo, haircut] = [sum('fifo'), sum('haircut')];
  const byFifo = cashOuts.filter(({ byMethod }) => BigInt(byMethod.fifo.sats) > 0n);
  const thin = cashOuts.length - byFifo.length;
  if (byFifo.length === 0) {
    return [
      'Followed first in, first out, none of the money arrived at a service that a source names; proportional shares of it (',
      `${briefCoins(haircut)} ${coin}) did, at `,
      { figure: plural(thin, 'service') },
      '. ',
    ];
  }
  const named = services(byFifo.map(({ service }) => service));
  return [
    'From the seed set ',
    { figure: `${briefCoins(fifo)} ${coin}` },
    ` (${percent(fifo, BigInt(summary.received.sats))}) went on to `,
    { figure: plural(byFifo.length, 'service') },
    ...(byFifo.length === 1 ? [': ', ...named] : []),
    ', counted first in, first out',
    fifo === haircut
      ? ' and by proportional shares alike'
      : `; ${briefCoins(haircut)} ${coin} by proportional shares`,
    thin > 0 ? `, which lead to ${plural(thin, 'service')} more` : '',
    ...(byFifo.length === 1 ? [] : ['. The first to ask there: ', ...named]),
    '. ',
  ];
}

/** The answer; every service in it is a claim of its sources. */
export function answerProse(source: AnswerSource): Prose {
  const { summary, seeds, derivation } = source;
  const unseen = seeds.filter(({ isSeen }) => !isSeen).length;
  if (summary.payments === 0) {
    const state =
      seeds.length === 0
        ? 'The seed file holds no seed that could be used. '
        : unseen === seeds.length
          ? seeds.length === 1
            ? 'The seed does not appear in this ledger. '
            : `None of the ${groupDigits(seeds.length)} seeds appears in this ledger. `
          : '';
    return [
      { figure: 'No payment to the seed set was found' },
      ` up to block ${groupDigits(derivation.asOfHeight)}. `,
      state,
    ];
  }
  return [
    ...paymentsSentence(source),
    ...originSentence(source),
    ...cashOutSentence(source),
    ...unspentSentence(source),
  ];
}
