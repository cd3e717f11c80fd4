/**
 * How much of the truth a report found, and how much of what it says is true.
 *
 * Definitions (also in docs/methods/simulated-economy.md):
 * - a payment is found when the report lists the transaction of a `site_payment` to the vendor, or to its deposit address;
 * - a payer is found when one of its payments is;
 * - an origin is right when the service it names owns the inputs of the transaction that is said to be its payout;
 * - a request is right when, besides, that output really went to a customer and not from the service to itself;
 * - a cash-out is found when the report lists the output by which the vendor paid into a service that a tag names;
 *   those into services that nobody tagged are counted apart: found when the report lists their cluster as large and unnamed;
 * - weighted by amount: of the satoshi that FIFO leads to named services, those in outputs of the vendor's own.
 */
import type { Report } from '../../src/report/report-format.ts';
import type { Truth } from './truth.ts';

export interface Score {
  readonly found: number;
  readonly missed: number;
  readonly wrong: number;
  readonly recall: number;
  readonly precision: number;
}

export interface ReportScores {
  readonly payments: Score;
  readonly payers: Score;
  readonly origins: Score;
  readonly requests: Score;
  readonly cashOutServices: Score;
  readonly cashOutDeposits: Score;
  readonly cashOutSats: Score;
  /** The vendor's deposits at services that no tag names. */
  readonly untaggedDeposits: number;
}

function score(found: Iterable<string>, truth: Iterable<string>): Score {
  const said = new Set(found);
  const real = new Set(truth);
  let hits = 0;
  for (const item of said) if (real.has(item)) hits += 1;
  return {
    found: hits,
    missed: real.size - hits,
    wrong: said.size - hits,
    recall: real.size === 0 ? 1 : hits / real.size,
    precision: said.size === 0 ? 1 : hits / said.size,
  };
}

/** The actor that a named service really is: the owner of most of its tagged addresses. */
function actorsOfServices(report: Report, truth: Truth): Map<string, string> {
  const actors = new Map<string, string>();
  for (const service of report.attribution.services) {
    const votes = new Map<string, number>();
    for (const tag of service.tags) {
      const address = report.attribution.tags[tag]?.about;
      const owner = address === undefined ? undefined : truth.ownerOf.get(address);
      if (owner === undefined || truth.wronglyTagged.has(address!)) continue;
      votes.set(owner, (votes.get(owner) ?? 0) + 1);
    }
    const best = [...votes].sort((a, b) => b[1] - a[1])[0];
    if (best !== undefined) actors.set(service.key, best[0]);
  }
  return actors;
}

/**
 * @param vendor id of the actor that the seeds belong to
 * @param spenderOf the owner of a transaction's inputs, by the truth's owners of addresses
 */
export function scoreReport(
  report: Report,
  truth: Truth,
  vendor: string,
  spenderOf: (txid: string) => string | undefined,
): ReportScores {
  const actors = actorsOfServices(report, truth);
  const sitePayments = truth.payments.filter(
    (p) => p.to === vendor && p.purpose === 'site_payment',
  );
  const payerOf = new Map(sitePayments.map((payment) => [payment.txid, payment.from]));
  const payoutTo = new Map(truth.payments.map((p) => [`${p.txid}:${p.vout}`, p.to]));
  const listed = report.payments.map((payment) => payment.txid);

  const originsSaid: string[] = [];
  const originsTrue: string[] = [];
  const requestsTrue: string[] = [];
  for (const payment of report.payments) {
    for (const origin of payment.origins) {
      if (origin.service === undefined) continue;
      const outpoint = `${origin.txid}:${origin.vout}`;
      const spender = spenderOf(origin.txid);
      const said = `${outpoint} ${actors.get(origin.service) ?? origin.service}`;
      originsSaid.push(said);
      originsTrue.push(`${outpoint} ${spender}`);
      const to = payoutTo.get(outpoint);
      if (to !== undefined && to !== spender) requestsTrue.push(`${outpoint} ${spender}`);
    }
  }

  const taggedActors = new Set(actors.values());
  const cashOuts = truth.payments.filter(
    (p) => p.from === vendor && p.to !== vendor && SERVICE_KINDS.has(truth.kindOf.get(p.to) ?? ''),
  );
  const nameable = cashOuts.filter((payment) => taggedActors.has(payment.to));
  const outpointOf = (p: { txid: string; vout: number }): string => `${p.txid}:${p.vout}`;
  const own = new Set(cashOuts.map(outpointOf));
  let satsRight = 0;
  let satsSaid = 0;
  for (const deposit of report.cashOuts.flatMap((cashOut) => cashOut.deposits)) {
    satsSaid += deposit.byMethod.fifo;
    if (own.has(outpointOf(deposit))) satsRight += deposit.byMethod.fifo;
  }
  const satsTrue = nameable.reduce((sum, payment) => sum + payment.sats, 0);
  return {
    payments: score(listed, payerOf.keys()),
    payers: score(
      listed.map((txid) => payerOf.get(txid) ?? `nobody (${txid})`),
      payerOf.values(),
    ),
    origins: score(originsSaid, originsTrue),
    requests: score(originsSaid, requestsTrue),
    cashOutServices: score(
      report.cashOuts.map((cashOut) => actors.get(cashOut.service) ?? cashOut.service),
      nameable.map((payment) => payment.to),
    ),
    cashOutDeposits: score(
      report.cashOuts.flatMap((cashOut) => cashOut.deposits.map(outpointOf)),
      nameable.map(outpointOf),
    ),
    cashOutSats: {
      found: satsRight,
      missed: satsTrue - satsRight,
      wrong: satsSaid - satsRight,
      recall: satsTrue === 0 ? 1 : satsRight / satsTrue,
      precision: satsSaid === 0 ? 1 : satsRight / satsSaid,
    },
    untaggedDeposits: cashOuts.length - nameable.length,
  };
}

const SERVICE_KINDS = new Set(['exchange', 'instant_exchange', 'payment_processor', 'gambling']);
