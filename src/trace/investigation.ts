/**
 * What an investigation of a seed set finds: plain data, before anything is rendered.
 *
 * Amounts are satoshi: single payments as numbers, totals as bigints. Every list is in a stated order, so
 * the same input gives the same bytes. Nothing here is rounded, priced in fiat, or cut off: the report does that.
 */
import type { ServiceClaim } from '../attribution/match.ts';
import type { Tag } from '../attribution/tag.ts';
import type { Address, OutputIndex, ScriptId, Txid } from '../units/ids.ts';

/** Why following the money ended at a place. */
export type StopReason =
  | 'service'
  | 'coinjoin'
  | 'depth'
  | 'time'
  | 'value'
  | 'budget'
  | 'unspent'
  | 'unspendable'
  | 'fee'
  | 'mined'
  | 'unknown_prevout'
  | 'self'
  | 'edge_of_ledger';

export type TraceMethod = 'fifo' | 'haircut';

/** A seed found in the ledger. */
export interface SeedPlace {
  /** Address, txid or outpoint as it stands in the report. */
  readonly seed: string;
  readonly kind: 'address' | 'tx' | 'output';
  readonly scripts: readonly ScriptId[];
  readonly outputs: readonly OutputIndex[];
  readonly lines: readonly number[];
  readonly source?: string;
  readonly site?: string;
  readonly seenAt?: string;
  readonly note?: string;
}

/** One link that joins two seeds' scripts, for "why are these together". */
export interface SeedLink {
  readonly from: Address | string;
  readonly to: Address | string;
  readonly txid: Txid;
  readonly rule: string;
  readonly ruleVersion: number;
}

/** Seeds that stand in one cluster. Ordered by total received, largest first, then by cluster id. */
export interface SeedCluster {
  readonly clusterId: string;
  readonly seeds: readonly string[];
  /** Addresses in the whole cluster. */
  readonly addressCount: number;
  /** The addresses of the cluster beyond the seeds, when it was expanded; at most `addressLimit`. */
  readonly furtherAddresses: readonly string[];
  /** Set when the cluster belongs to a tagged service: then it is not expanded, only the seed itself counts. */
  readonly service?: ServiceClaim;
  readonly expanded: boolean;
  /** A tree of links that joins all seeds of the cluster: one shortest chain per further seed. */
  readonly why: readonly SeedLink[];
  readonly receivedSats: bigint;
  readonly tags: readonly Tag[];
}

/** Where the money of one payment came from: the nearest service upstream, or where the trail ended. */
export interface PaymentOrigin {
  readonly reason: StopReason;
  readonly service?: ServiceClaim;
  /** The transaction by which the service (or the mix, or the miner) paid out. */
  readonly txid: Txid;
  readonly vout: number;
  readonly address?: string;
  readonly heightOfTx: number;
  readonly timeSeconds: number;
  /** Transactions between that output and the payment; 0 means that the service paid directly. */
  readonly hops: number;
  readonly amountSats: number;
}

/** One transaction that paid the seed set. Ordered by height, then position. */
export interface Payment {
  readonly txid: Txid;
  readonly height: number;
  readonly timeSeconds: number;
  /** Paid to the seed set, all its outputs together. */
  readonly amountSats: number;
  readonly toAddresses: readonly string[];
  /** Seeds (as written in the report) in whose clusters the outputs lie. */
  readonly sites: readonly string[];
  /** Key of the payer that this payment is counted under. */
  readonly payer: string;
  /** Nearest first, then largest. */
  readonly origins: readonly PaymentOrigin[];
}

/**
 * Whoever paid: a private cluster, a service that paid directly (then each payment has its own customer), a
 * CoinJoin, or unknown. Ordered by sum, largest first, then by key.
 */
export interface Payer {
  readonly key: string;
  readonly kind: 'cluster' | 'service' | 'coinjoin' | 'mined' | 'unknown';
  readonly clusterId?: string;
  readonly service?: ServiceClaim;
  readonly addressCount: number;
  readonly payments: number;
  readonly totalSats: bigint;
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  /** Services that this payer's coins came from, with sums over its payments by FIFO. */
  readonly sources: readonly {
    readonly service: ServiceClaim;
    readonly totalSats: bigint;
    readonly payments: number;
  }[];
  /** Set when the payments come at a regular distance. */
  readonly cadence?: { readonly medianDays: number; readonly payments: number };
}

/** A service that the seed set's money reached, all methods side by side. */
export interface CashOut {
  readonly service: ServiceClaim;
  readonly sumByMethod: Readonly<Record<TraceMethod, bigint>>;
  readonly hopsMin: number;
  readonly firstSeconds: number;
  readonly lastSeconds: number;
  /** The outputs to name in a request, largest FIFO amount first. */
  readonly deposits: readonly {
    readonly txid: Txid;
    readonly vout: number;
    readonly address?: string;
    readonly timeSeconds: number;
    readonly valueSats: number;
    readonly amountByMethod: Readonly<Record<TraceMethod, number>>;
    readonly hops: number;
  }[];
}

/** What is left of a forward trace, by the reason why it ended. */
export interface StopSummary {
  readonly reason: StopReason;
  readonly places: number;
  readonly sumByMethod: Readonly<Record<TraceMethod, bigint>>;
}

/** A CoinJoin that the money passed into or came out of. */
export interface MixMet {
  readonly txid: Txid;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly strength: 'certain' | 'strong' | 'possible';
  readonly direction: 'in' | 'out';
  readonly height: number;
  readonly anonymitySet: number;
  readonly amountSats: bigint;
}

/** An edge of the overview chart: money between two groups. */
export interface FlowEdge {
  readonly from: string;
  readonly to: string;
  readonly totalSats: bigint;
  readonly transactions: number;
}

export interface FlowNode {
  readonly key: string;
  readonly kind:
    | 'payer_service'
    | 'payer_cluster'
    | 'seeds'
    | 'intermediate'
    | 'cashout'
    | 'coinjoin'
    | 'unspent'
    | 'other';
  readonly label: string;
}

export interface TraceLimits {
  readonly depth: number;
  readonly transactionsMax: number;
  readonly valueMinSats: number;
  readonly fromSeconds?: number;
  readonly toSeconds?: number;
}

export interface Investigation {
  readonly asOfHeight: number;
  readonly limits: { readonly backward: TraceLimits; readonly forward: TraceLimits };
  readonly seeds: readonly SeedPlace[];
  /** Valid seeds that never appear in this ledger. */
  readonly notSeen: readonly SeedPlace[];
  readonly clusters: readonly SeedCluster[];
  readonly receivedSats: bigint;
  readonly spentSats: bigint;
  readonly balanceSats: bigint;
  readonly firstSeconds?: number;
  readonly lastSeconds?: number;
  readonly payments: readonly Payment[];
  readonly payers: readonly Payer[];
  readonly cashOuts: readonly CashOut[];
  readonly forwardStops: readonly StopSummary[];
  readonly mixes: readonly MixMet[];
  readonly flow: { readonly nodes: readonly FlowNode[]; readonly edges: readonly FlowEdge[] };
  /** What could not be resolved, in plain words with counts; each names what it means for the figures. */
  readonly unresolved: readonly {
    readonly what: string;
    readonly count: number;
    readonly totalSats?: bigint;
  }[];
}
