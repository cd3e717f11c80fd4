/**
 * What to ask which service: the outputs that it paid out to a customer and that reached the seed set, the
 * outputs by which money of the seed set was paid in there, and seeds that are said to be its own addresses.
 *
 * Deposits that only proportional shares lead to are not asked for: such shares run thin over the deposits of
 * many people of whom nothing else says that they have to do with the seed set. They stay in the cash-outs.
 *
 * Services that have to identify their customers come first, then those with more money to answer for.
 * The sums only order the list; one output may lead to several payments and is asked for once.
 */
import type { Investigation, PaymentOrigin } from '../trace/investigation.ts';
import { formatTime } from '../units/time.ts';
import type { AttributionTable } from './attribution-table.ts';
import { compareText } from './compare-text.ts';
import type { Money } from './money.ts';
import type { DepositToAsk, ServiceRequest, WithdrawalToAsk } from './report-format.ts';
import { largerFirst } from './sats-order.ts';

interface Withdrawal {
  readonly origin: PaymentOrigin;
  reachedSats: number;
  hopsMin: number;
  readonly payments: string[];
  readonly nextOutputs: Set<string>;
}

interface Draft {
  readonly withdrawals: Map<string, Withdrawal>;
  readonly deposits: DepositToAsk[];
  readonly accounts: string[];
  withdrawnSats: bigint;
  depositedSats: bigint;
  firstSeconds: number;
  lastSeconds: number;
}

function emptyDraft(): Draft {
  return {
    withdrawals: new Map(),
    deposits: [],
    accounts: [],
    withdrawnSats: 0n,
    depositedSats: 0n,
    firstSeconds: Number.POSITIVE_INFINITY,
    lastSeconds: Number.NEGATIVE_INFINITY,
  };
}

function see(draft: Draft, timeSeconds: number): void {
  draft.firstSeconds = Math.min(draft.firstSeconds, timeSeconds);
  draft.lastSeconds = Math.max(draft.lastSeconds, timeSeconds);
}

function addWithdrawal(draft: Draft, origin: PaymentOrigin, paymentTxid: string): void {
  const next = origin.mayBeOwnMove === true ? origin.path?.slice(1, 2) : [];
  const outpoint = `${origin.txid}:${origin.vout}`;
  const known = draft.withdrawals.get(outpoint);
  if (known === undefined) {
    draft.withdrawals.set(outpoint, {
      origin,
      reachedSats: origin.amountSats,
      hopsMin: origin.hops,
      payments: [paymentTxid],
      nextOutputs: new Set(next),
    });
  } else {
    known.reachedSats += origin.amountSats;
    known.hopsMin = Math.min(known.hopsMin, origin.hops);
    for (const output of next ?? []) known.nextOutputs.add(output);
    if (!known.payments.includes(paymentTxid)) known.payments.push(paymentTxid);
  }
  draft.withdrawnSats += BigInt(origin.amountSats);
  see(draft, origin.timeSeconds);
}

function withdrawalRows(draft: Draft, money: Money): WithdrawalToAsk[] {
  return [...draft.withdrawals.values()]
    .sort(
      (a, b) =>
        a.hopsMin - b.hopsMin ||
        b.reachedSats - a.reachedSats ||
        compareText(a.origin.txid, b.origin.txid) ||
        a.origin.vout - b.origin.vout,
    )
    .map(({ origin, reachedSats, hopsMin, payments, nextOutputs }) => ({
      txid: origin.txid,
      vout: origin.vout,
      ...(origin.address === undefined ? {} : { address: origin.address }),
      at: formatTime(origin.timeSeconds),
      reached: money.amount(reachedSats, origin.timeSeconds),
      hopsMin,
      payments,
      mayBeOwnMove: origin.mayBeOwnMove ?? false,
      nextOutputs: [...nextOutputs],
    }));
}

/** One deposit of a cash-out, as a row. */
export function depositRow(
  deposit: Investigation['cashOuts'][number]['deposits'][number],
  money: Money,
): DepositToAsk {
  return {
    txid: deposit.txid,
    vout: deposit.vout,
    ...(deposit.address === undefined ? {} : { address: deposit.address }),
    at: formatTime(deposit.timeSeconds),
    value: money.amount(deposit.valueSats, deposit.timeSeconds),
    byMethod: { fifo: deposit.amountByMethod.fifo, haircut: deposit.amountByMethod.haircut },
    hops: deposit.hops,
  };
}

/**
 * One request per service.
 *
 * @returns ordered by what the service can answer for: whether it names customers, then the sum of FIFO
 *   amounts paid out and paid in, largest first, then its key
 */
export function buildRequests(
  investigation: Investigation,
  attribution: AttributionTable,
  money: Money,
): ServiceRequest[] {
  const drafts = new Map<string, Draft>();
  const draftOf = (key: string): Draft => {
    const known = drafts.get(key);
    if (known !== undefined) return known;
    const draft = emptyDraft();
    drafts.set(key, draft);
    return draft;
  };
  for (const payment of investigation.payments) {
    for (const origin of payment.origins) {
      if (origin.service === undefined) continue;
      addWithdrawal(draftOf(attribution.keyOf(origin.service)), origin, payment.txid);
    }
  }
  for (const cashOut of investigation.cashOuts) {
    const asked = cashOut.deposits.filter(({ amountByMethod }) => amountByMethod.fifo > 0);
    if (asked.length === 0) continue;
    const draft = draftOf(attribution.keyOf(cashOut.service));
    for (const deposit of asked) {
      draft.deposits.push(depositRow(deposit, money));
      draft.depositedSats += BigInt(deposit.amountByMethod.fifo);
      see(draft, deposit.timeSeconds);
    }
  }
  for (const cluster of investigation.clusters) {
    if (cluster.service === undefined) continue;
    draftOf(attribution.keyOf(cluster.service)).accounts.push(...cluster.seeds);
  }
  const size = (draft: Draft): bigint => draft.withdrawnSats + draft.depositedSats;
  return [...drafts]
    .sort(
      ([keyA, a], [keyB, b]) =>
        attribution.rankOf(keyB) - attribution.rankOf(keyA) ||
        largerFirst(size(a), size(b)) ||
        compareText(keyA, keyB),
    )
    .map(([key, draft], place) => ({
      id: `R${place + 1}`,
      service: key,
      firstAt: Number.isFinite(draft.firstSeconds) ? formatTime(draft.firstSeconds) : null,
      lastAt: Number.isFinite(draft.lastSeconds) ? formatTime(draft.lastSeconds) : null,
      withdrawals: withdrawalRows(draft, money),
      withdrawnSats: draft.withdrawnSats.toString(),
      deposits: draft.deposits,
      depositedSats: draft.depositedSats.toString(),
      accounts: draft.accounts,
    }));
}
