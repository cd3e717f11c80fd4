/** What an investigation could not resolve, in plain words with counts, and what it means for the figures. */
import type { CashOut, Investigation, StopReason } from './investigation.ts';
import type { PayersFound } from './payers.ts';
import { DUST_SATS_MAX, type PaymentsFound } from './payments.ts';
import type { SeedSet, SeedSetLimits } from './seed-set.ts';
import { STOP_REASONS } from './stop-reason.ts';
import type { TraceResult } from './trace-result.ts';

type Unresolved = Investigation['unresolved'][number];

/** Why the origin of a payment stayed open; the other reasons are answers. */
const OPEN_ORIGINS: Partial<Record<StopReason, string>> = {
  depth:
    'payments whose coins were followed back to the limit of steps: what lies behind was not looked at',
  time: 'payments whose coins are older than the window of time: what lies behind was not looked at',
  value: 'payments with parts below the smallest value: those parts were not followed back',
  budget:
    'payments whose way back was too wide: the budget of transactions was spent before it ended',
  unknown_prevout: 'payments whose coins come from blocks that this ledger does not hold',
  side_ledger:
    'payments whose coins came out of a ledger beside the chain (Litecoin’s MWEB, Dash’s credit pool): who put them in can not be told',
  not_fetched:
    'payments whose way back left what was fetched: the budget of requests was spent before it ended',
  large_cluster:
    'payments whose coins came out of a large cluster that no source names: it may be a service, so what lies behind was not looked at',
  coinjoin: 'payments whose coins came out of a CoinJoin: who put them in can not be told',
  self: 'payments whose coins had been the seed set’s own: money that came back, perhaps not from a payer',
};

/** Why the way forward stayed open. */
const OPEN_ENDS: Partial<Record<StopReason, string>> = {
  depth:
    'outputs that were reached at the limit of steps: where the money went from there was not looked at',
  time: 'outputs spent after the window of time: where the money went from there was not looked at',
  value: 'outputs with less than the smallest value: where that went was not looked at',
  budget: 'outputs that were waiting when the budget of transactions was spent',
  unknown_prevout:
    'outputs spent together with coins of unknown value: where they went can not be computed',
  large_cluster:
    'outputs that lie in a large cluster that no source names: it may be a service, so where the money went from there was not looked at',
  edge_of_ledger: 'outputs that may have been spent in blocks that this ledger does not hold',
  side_ledger:
    'outputs whose coins went into a ledger beside the chain (Litecoin’s MWEB): where they went from there can not be told',
  not_fetched:
    'outputs that were spent by transactions that were not fetched: the budget of requests was spent before',
};

export interface UnresolvedInput {
  readonly set: SeedSet;
  readonly seedLimits: SeedSetLimits;
  readonly found: PaymentsFound;
  readonly payers: PayersFound;
  readonly cashOuts: readonly CashOut[];
  readonly fifo: TraceResult;
}

/** @returns in a fixed order; only what occurred */
export function listUnresolved(input: UnresolvedInput): Unresolved[] {
  return [
    ...aboutSeeds(input.set, input.seedLimits),
    ...aboutPayments(input.found, input.payers),
    ...aboutMoneyOut(input.fifo, input.cashOuts),
  ].filter(({ count }) => count > 0);
}

function aboutSeeds(set: SeedSet, limits: SeedSetLimits): Unresolved[] {
  const held = set.groups.filter(({ service }) => service !== undefined);
  const large = set.groups.filter(({ service, expanded }) => service === undefined && !expanded);
  const seeds = (groups: readonly { readonly seeds: readonly string[] }[]): number =>
    groups.reduce((sum, group) => sum + group.seeds.length, 0);
  return [
    { what: 'seeds that never appear in this ledger', count: set.notSeen.length },
    {
      what: 'seeds that a service holds: only the seed itself counts, its service can say whose account it is',
      count: seeds(held),
    },
    {
      what: `seeds in a cluster of more than ${limits.clusterScriptsMax} scripts, which may be a service that nobody named: only the seeds themselves count`,
      count: seeds(large),
    },
    {
      what: 'seeds whose chain of links to the others of their cluster was not searched, because the cluster is too large',
      count: set.groups.reduce((sum, { whyOmitted }) => sum + whyOmitted, 0),
    },
    {
      what: 'transactions named whole with several outputs: all count, although only one may have been meant',
      count: set.ambiguousTransactions,
    },
    {
      what: 'outputs of transactions named whole that went back to who paid: they were left out',
      count: set.changeOfNamedTransactions,
    },
  ];
}

function aboutPayments(
  found: PaymentsFound,
  { payments, payers, cutShort }: PayersFound,
): Unresolved[] {
  const dust = found.payments.filter(({ amountSats }) => amountSats < DUST_SATS_MAX);
  const open = STOP_REASONS.flatMap((reason): Unresolved[] => {
    const what = OPEN_ORIGINS[reason];
    if (what === undefined) return [];
    const parts = payments.flatMap(({ origins }) => {
      const own = origins.filter((origin) => origin.reason === reason);
      return own.length === 0 ? [] : [own.reduce((sum, { amountSats }) => sum + amountSats, 0)];
    });
    return [{ what, count: parts.length, totalSats: addUp(parts) }];
  });
  return [
    {
      what: `payments below ${DUST_SATS_MAX} sat: strangers send such amounts to mark addresses, so they need not be payments`,
      count: dust.length,
      totalSats: addUp(dust.map(({ amountSats }) => amountSats)),
    },
    {
      what: 'transactions in which the seed set and others spent together (a mix, PayJoin or swap): what came back to the set counts as its own, a payment inside is missed',
      count: found.shared.transactions,
      totalSats: found.shared.backSats,
    },
    ...open,
    {
      what: 'payments from a service that may have moved its own money first: it made one output out of several coins, so ask for the next output too',
      count: payments.filter(({ origins }) => origins.some(({ mayBeOwnMove }) => mayBeOwnMove))
        .length,
    },
    {
      what: 'payers in a cluster as large as those of services: their payments may be those of many customers',
      count: payers.filter(({ mayBeService }) => mayBeService).length,
    },
    {
      what: 'payments that were followed back one step only, because the budget of all payments together was spent',
      count: cutShort,
    },
  ];
}

function aboutMoneyOut(fifo: TraceResult, cashOuts: readonly CashOut[]): Unresolved[] {
  const sums = new Map(fifo.stopSums().map((sum) => [sum.reason, sum]));
  const open = STOP_REASONS.flatMap((reason): Unresolved[] => {
    const what = OPEN_ENDS[reason];
    const sum = sums.get(reason);
    if (what === undefined || sum === undefined) return [];
    return [{ what: `on the way out, ${what}`, count: sum.places, totalSats: sum.totalSats }];
  });
  return [
    ...open,
    {
      what: 'services that the money reached and about which sources disagree: all claims are listed',
      count: cashOuts.filter(({ service }) => service.conflicting).length,
    },
  ];
}

function addUp(amounts: readonly number[]): bigint {
  return amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
}
