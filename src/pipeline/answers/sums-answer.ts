/** Sums and history as answers give them, of an address and of a whole cluster alike. */
import type { HistoryPage, ScriptsSummary, Seen } from '../../ledger/address-facts.ts';

/** Totals in satoshi are decimal strings. */
export interface SumsAnswer {
  readonly balance: string;
  readonly received: string;
  readonly sent: string;
  /** Of what was sent, what had been received before the ledger begins, as far as undo data tells. */
  readonly sentFromBefore: string;
  /** Received and never to be spent: the genesis output, or overwritten by a transaction of the same id. */
  readonly unspendable: string;
  readonly counts: {
    readonly transactions: number;
    readonly outputs: number;
    readonly spentOutputs: number;
  };
  readonly firstSeen: Seen | null;
  readonly lastSeen: Seen | null;
}

/** One transaction of a history. */
export interface HistoryRow extends Seen {
  readonly received: string;
  readonly sent: string;
}

export function sumsAnswer(summary: ScriptsSummary): SumsAnswer {
  const { receivedSats, sentSats, sentFromBeforeSats, balanceSats } = summary;
  const { transactions, outputs, spentOutputs } = summary;
  return {
    balance: balanceSats.toString(),
    received: receivedSats.toString(),
    sent: sentSats.toString(),
    sentFromBefore: sentFromBeforeSats.toString(),
    unspendable: (receivedSats + sentFromBeforeSats - sentSats - balanceSats).toString(),
    counts: { transactions, outputs, spentOutputs },
    firstSeen: summary.firstSeen ?? null,
    lastSeen: summary.lastSeen ?? null,
  };
}

export function historyRows({ entries }: HistoryPage): HistoryRow[] {
  return entries.map(({ txid, height, timeSeconds, receivedSats, sentSats }) => ({
    txid,
    height,
    timeSeconds,
    received: receivedSats.toString(),
    sent: sentSats.toString(),
  }));
}
