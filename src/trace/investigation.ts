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
  | 'edge_of_ledger'
  | 'large_cluster'
  | 'not_fetched'
  /** Through a ledger beside the chain, which shows nobody's coins: Litecoin's MWEB, Dash's credit pool. */
  | 'side_ledger';

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
  /** The transaction may be a PayJoin, which makes this link weaker than others of its rule. */
  readonly payjoinPossible?: boolean;
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
  /** Links that join all seeds of the cluster: one shortest chain per further seed, each link once. */
  readonly why: readonly SeedLink[];
  /** Seeds whose chain was not searched because the cluster is too large for so many; none when left out. */
  readonly whyOmitted?: number;
  /** Paid in by others, to all scripts of the cluster that count. */
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
  /** Transactions between that output and the payment; 0 means that it is the payment itself. */
  readonly hops: number;
  /** Part of the payment that came from there, under FIFO. */
  readonly amountSats: number;
  /**
   * The outputs from that one to the payment's, both included. Where a service says that the first was its own
   * change, the next one is what its customer got.
   */
  readonly path?: readonly string[];
  /** The service gathered several coins into one output, which is how it moves its own money: ask for the next one too. */
  readonly mayBeOwnMove?: true;
}

/** One transaction that paid the seed set. Ordered by height, then position. */
export interface Payment {
  readonly txid: Txid;
  readonly height: number;
  readonly timeSeconds: number;
  /** Paid to the seed set, all its outputs together. */
  readonly amountSats: number;
  readonly toAddresses: readonly string[];
  /** The listed seeds (as written in the report) that were paid themselves; none when only a further address was. */
  readonly sites: readonly string[];
  /** Ids of the seeds' clusters that were paid. */
  readonly clusterIds?: readonly string[];
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
  /** Addresses in the cluster; 0 for all other kinds. */
  readonly addressCount: number;
  /** The cluster is as large as those of services: its payments may be those of many customers. */
  readonly mayBeService?: true;
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
  /** From which seed clusters the money came under FIFO, largest first; several in one place may be one operator. */
  readonly clusters?: readonly { readonly clusterId: string; readonly totalSats: bigint }[];
  /**
   * The outputs to name in a request, largest FIFO amount first. `hops`: transactions since the money left the seed
   * set, 1 when the set itself paid the service, 0 when the output is a seed that the service holds.
   */
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
  /** Outputs, or transactions for fees; the methods reach different ones. */
  readonly placesByMethod: Readonly<Record<TraceMethod, number>>;
  readonly sumByMethod: Readonly<Record<TraceMethod, bigint>>;
}

/**
 * An output where money of the seed set lies: not spent as of the height of the investigation, and not at a
 * named service. Its holder is the one to ask, or to have ordered, not to move it.
 */
export interface UnspentOutput {
  readonly txid: Txid;
  readonly vout: number;
  readonly address?: string;
  readonly heightOfTx: number;
  readonly timeSeconds: number;
  readonly valueSats: number;
  /** Of the value, what came from the seed set. */
  readonly amountByMethod: Readonly<Record<TraceMethod, number>>;
  /** Transactions between the nearest output of the set and this one; 0 when it is an output of the set itself. */
  readonly hops: number;
  /** Lies with the seed set: on an address of it, or a seed names the output. */
  readonly isOwn: boolean;
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

/**
 * A large cluster that no source names, and that the money went into or came out of: it may be a service, and
 * nothing behind it was looked at. Finding out who it is is the next step.
 */
export interface LargeCluster {
  readonly clusterId: string;
  readonly addressCount: number;
  readonly direction: 'in' | 'out';
  /** Under FIFO. */
  readonly totalSats: bigint;
  readonly outputs: number;
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

/** How far a trace looks; whatever a limit cuts off becomes a leaf that says so. */
/**
 * Private wallets with more scripts than this in one cluster are rare; services have tens of thousands. Measured on simulated
 * economies: below it nothing more is gained, see `docs/methods/payers-and-cash-outs.md`.
 */
export const LARGE_CLUSTER_SCRIPTS = 300;

export interface TraceLimits {
  /** Transactions in a row that are followed from a source. */
  readonly depth: number;
  /** Transactions that are looked at in one trace. */
  readonly transactionsMax: number;
  /** Traced amounts below it are not followed. */
  readonly valueMinSats: number;
  /** An unnamed cluster of more scripts is not looked into: it may be a service that nobody tagged. No limit when left out. */
  readonly clusterScriptsMax?: number;
  /** Backward: outputs made before this time are not looked behind. */
  readonly fromSeconds?: number;
  /** Forward: spends after this time are not followed. */
  readonly toSeconds?: number;
}

/** Outputs of the seed set that are no payments, because the set itself spent in the same transaction. */
export interface OwnTransfers {
  /** Transactions that pay the set alone. */
  readonly transfers: number;
  readonly transferSats: bigint;
  /** Transactions that pay others too; what came back is change. */
  readonly withChange: number;
  readonly changeSats: bigint;
}

export interface Investigation {
  readonly asOfHeight: number;
  readonly limits: { readonly backward: TraceLimits; readonly forward: TraceLimits };
  readonly seeds: readonly SeedPlace[];
  /** Valid seeds that never appear in this ledger. */
  readonly notSeen: readonly SeedPlace[];
  readonly clusters: readonly SeedCluster[];
  /** All payments together. */
  readonly receivedSats: bigint;
  /** What left the set: its spent outputs less what came back in the same transactions, fees included. */
  readonly spentSats: bigint;
  /** Outputs of the set that this ledger does not spend: received less spent. */
  readonly balanceSats: bigint;
  /** Of the payments. */
  readonly firstSeconds?: number;
  readonly lastSeconds?: number;
  readonly ownTransfers?: OwnTransfers;
  readonly payments: readonly Payment[];
  readonly payers: readonly Payer[];
  readonly cashOuts: readonly CashOut[];
  readonly forwardStops: readonly StopSummary[];
  /**
   * By FIFO amount, largest first, then by haircut amount, then in chain order. By either method the amounts
   * add up to what `forwardStops` says of `unspent` and `self`.
   */
  readonly unspent: readonly UnspentOutput[];
  readonly mixes: readonly MixMet[];
  /** By sum, largest first, then by id; into before out of. */
  readonly largeClusters?: readonly LargeCluster[];
  readonly flow: { readonly nodes: readonly FlowNode[]; readonly edges: readonly FlowEdge[] };
  /** What could not be resolved, in plain words with counts; each names what it means for the figures. */
  readonly unresolved: readonly {
    readonly what: string;
    readonly count: number;
    readonly totalSats?: bigint;
  }[];
}
