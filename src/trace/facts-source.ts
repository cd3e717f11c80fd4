/** Where the facts of an answer come from, when not from a ledger of one's own; and how complete they are. */
import type { BlockHash } from '../units/ids.ts';

/** A limit that ended the fetching, or left something out. */
export type FetchLimit = 'requests' | 'transactions' | 'address_transactions';

export interface FactsSource {
  /** What the facts were asked of: `esplora`. */
  readonly kind: string;
  /** Host and port alone: a path or a user may be secret. */
  readonly server: string;
  /** The block that all facts are as of. */
  readonly asOf: {
    readonly height: number;
    readonly hash: BlockHash;
    readonly timeSeconds: number;
  };
  readonly transactions: number;
  /** Of them, those that a Merkle branch ties to the header of their block. */
  readonly provenTransactions: number;
  /** Addresses and other scripts whose whole history was fetched. */
  readonly wholeHistories: number;
  /** Nothing was left out that the answer needs. Clusters are those of what was fetched in any case. */
  readonly isWhole: boolean;
  readonly limits: {
    readonly requestsMax: number | null;
    readonly transactionsMax: number;
    readonly addressTransactionsMax: number;
  };
  readonly limitsHit: readonly FetchLimit[];
  /** Scripts whose history was not fetched whole because it is too long, by the number of their transactions. */
  readonly notExpanded: readonly { readonly name: string; readonly transactions: number }[];
}
