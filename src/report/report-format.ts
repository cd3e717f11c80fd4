/**
 * The shape of `report.json`, "clew-report/1". Documented for people in `docs/operating/report.md`, for
 * programs in `docs/formats/report.schema.json`; a test holds the three together.
 *
 * Two tiers that never mix. Everything outside `attribution` is structural: it recomputes from the chain
 * by the rules that `derivation` names. Who an address is said to belong to stands in `attribution`
 * alone, and the structural part refers to it by a service's key. Additions keep the number of the
 * format; a change of meaning takes a new one.
 */
import type { FactsSource } from '../trace/facts-source.ts';
import type { StopReason, TraceMethod } from '../trace/investigation.ts';

export const REPORT_FORMAT = 'clew-report/1';

/** The value of one amount on its day. */
export interface FiatAmount {
  /** Two decimals, rounded half up. */
  readonly value: string;
  /** Price of one coin, as its source has it. */
  readonly rate: string;
  /** The UTC day of the block, which the rate is of. */
  readonly rateDay: string;
  /** Whose rate it is: one of `derivation.prices.sources`. */
  readonly source: string;
  /** Always false, since a rate of another day never stands in; reports of older versions may say true. */
  readonly isEarlierDay: false;
}

/** The value of a total: the sum of its amounts, each valued on its own day and rounded to two decimals. */
export interface FiatTotal {
  readonly value: string;
  readonly pricedAmounts: number;
  /** Amounts without a price: they are not in the value. */
  readonly unpricedAmounts: number;
  /** Whose rates the amounts were valued at, and how many by each; most first. */
  readonly sources: readonly { readonly source: string; readonly amounts: number }[];
}

/** A source of rates, in one currency. */
export interface PriceSourceRow {
  readonly name: string;
  readonly currency: string;
  /** In the words of whoever imported it. */
  readonly licence: string;
  /** When in the day the rate was taken, when somebody said so. */
  readonly clock?: string;
  /** False for a source that is only compared. */
  readonly isUsed: boolean;
  readonly firstDay: string;
  readonly lastDay: string;
  /** Days with a rate. */
  readonly days: number;
  /** Of the days of this report, those valued at its rate. */
  readonly daysUsed: number;
  readonly files: readonly {
    readonly fileName: string;
    readonly sha256: string;
    readonly column: string;
  }[];
}

/** A rate that this report values amounts at, and what the other sources say of the day. */
export interface PriceDayRow {
  readonly day: string;
  readonly currency: string;
  /** Null when no source in the order has the day: then there is no value. */
  readonly rate: string | null;
  readonly source: string | null;
  readonly others: readonly { readonly source: string; readonly rate: string }[];
  /** The highest less the lowest of all, in percent of the lowest; null when fewer than two have the day. */
  readonly differencePercent: string | null;
  /** The sources are further apart than `disagreementPercent`. */
  readonly isDisputed: boolean;
}

/** The prices that values come from. */
export interface ReportPrices {
  /** Of the first source in the order; `sources` has all. */
  readonly fileName: string;
  readonly sha256: string;
  readonly currencies: readonly string[];
  readonly firstDay: string;
  readonly lastDay: string;
  readonly asset: string;
  /** Which source's rate counts, in words. */
  readonly rule: string;
  /** How values are rounded, in words. */
  readonly rounding: string;
  /** Whether a person named the order; else those with most days come first, then by name. */
  readonly isOrderNamed: boolean;
  /** By currency, used ones first and in their order. */
  readonly sources: readonly PriceSourceRow[];
  readonly disagreementPercent: string;
  /** Every day that was asked for. */
  readonly days: readonly PriceDayRow[];
}

export interface Amount {
  readonly sats: number;
  /** Eight decimals. */
  readonly coins: string;
  /** By currency code. */
  readonly fiat?: Readonly<Record<string, FiatAmount>>;
}

export interface Total {
  /** Decimal text: totals can pass 2^53. */
  readonly sats: string;
  readonly coins: string;
  readonly fiat?: Readonly<Record<string, FiatTotal>>;
}

export interface ReportSummary {
  /** The answer in one paragraph. */
  readonly text: string;
  readonly payments: number;
  /** Groups that paid, as the chain tells them apart. */
  readonly payerGroups: number;
  /** The same, when each payment by a service, a cluster as large as one, or a mix is another customer's. */
  readonly payersMax: number;
  readonly received: Total;
  /** Lower bound: payments of which an output lies on a listed seed itself, not only in its cluster. */
  readonly receivedAtListedSeeds: Total & { readonly payments: number };
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  /** What left the seed set, fees included. */
  readonly spentSats: string;
  /** Received less spent. */
  readonly balanceSats: string;
  /** Transactions in which the seed set paid itself: they are no payments. */
  readonly ownTransfers: {
    /** Those that pay the set alone. */
    readonly transfers: number;
    readonly transferSats: string;
    /** Those that pay others too; what came back is change. */
    readonly withChange: number;
    readonly changeSats: string;
  } | null;
  readonly servicesPaidFrom: number;
  readonly servicesPaidTo: number;
  /** Payments whose coins came from a service, at any distance. */
  readonly paymentsWithService: number;
}

/** An output that a service sent to a customer, or to a customer's wallet, before it reached the seed set. */
export interface WithdrawalToAsk {
  readonly txid: string;
  readonly vout: number;
  readonly address?: string;
  readonly at: string;
  /** Part of it that reached the seed set, under FIFO. */
  readonly reached: Amount;
  /** Transactions from this output to the payment; 0: it is the payment, the service sent it itself. */
  readonly hopsMin: number;
  /** The payments that it led to, in chain order. */
  readonly payments: readonly string[];
  /** The service may have moved its own money by it: then the outputs that came next are to be asked for too. */
  readonly mayBeOwnMove: boolean;
  /** Those outputs, `txid:n`. */
  readonly nextOutputs: readonly string[];
}

/** An output by which money of the seed set was paid in at a service. */
export interface DepositToAsk {
  readonly txid: string;
  readonly vout: number;
  readonly address?: string;
  readonly at: string;
  readonly value: Amount;
  readonly byMethod: Readonly<Record<TraceMethod, number>>;
  /** Transactions since it left the seed set; 1: the set paid in itself, 0: the output is a seed. */
  readonly hops: number;
}

/** What to ask one service. Ordered by what it can answer for: see `docs/operating/report.md`. */
export interface ServiceRequest {
  /** `R1`, `R2`… */
  readonly id: string;
  /** Key in `attribution.services`. */
  readonly service: string;
  /** Null when there is only an account to ask for. */
  readonly firstAt: string | null;
  readonly lastAt: string | null;
  readonly withdrawals: readonly WithdrawalToAsk[];
  readonly withdrawnSats: string;
  readonly deposits: readonly DepositToAsk[];
  readonly depositedSats: string;
  /** Seeds that are said to be addresses of the service itself: whose account do they credit? */
  readonly accounts: readonly string[];
}

export interface PayerRow {
  /** `P1`, `P2`… by sum. */
  readonly id: string;
  readonly key: string;
  readonly kind: 'cluster' | 'service' | 'coinjoin' | 'mined' | 'unknown';
  readonly clusterId?: string;
  readonly service?: string;
  readonly addresses: number;
  /** The cluster is as large as those of services, so its payments may be those of many customers. */
  readonly mayBeService: boolean;
  readonly payments: number;
  readonly total: Total;
  readonly sharePercent: string;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly sources: readonly {
    readonly service: string;
    readonly sats: string;
    readonly payments: number;
  }[];
  readonly cadence?: { readonly medianDays: number; readonly payments: number };
}

export interface OriginRow {
  readonly reason: StopReason;
  readonly service?: string;
  readonly txid: string;
  readonly vout: number;
  readonly address?: string;
  readonly height: number;
  readonly at: string;
  readonly hops: number;
  readonly sats: number;
  /** The outputs from that one to the payment's, both included. */
  readonly path?: readonly string[];
  readonly mayBeOwnMove?: true;
}

export interface PaymentRow {
  readonly txid: string;
  readonly height: number;
  readonly at: string;
  readonly amount: Amount;
  readonly toAddresses: readonly string[];
  /** Ids of the clusters that it paid to, `C1`. */
  readonly clusters: readonly string[];
  /** Ids of the listed seeds that it paid itself, `S1`; empty when it paid only other addresses of their clusters. */
  readonly seeds: readonly string[];
  /** A payer's id, `P1`. */
  readonly payer: string;
  readonly origins: readonly OriginRow[];
}

export interface CashOutRow {
  readonly rank: number;
  readonly service: string;
  readonly byMethod: Readonly<Record<TraceMethod, Total>>;
  readonly hopsMin: number;
  readonly firstAt: string;
  readonly lastAt: string;
  /** From which seed clusters it came, by FIFO, largest first. */
  readonly clusters: readonly { readonly cluster: string; readonly sats: string }[];
  readonly deposits: readonly (DepositToAsk & {
    readonly amounts: Readonly<Record<TraceMethod, Amount>>;
  })[];
}

export interface StopRow {
  readonly reason: StopReason;
  /** Outputs, or transactions for fees. */
  readonly placesByMethod: Readonly<Record<TraceMethod, number>>;
  readonly byMethod: Readonly<Record<TraceMethod, string>>;
}

/** An output where money of the seed set lay at the block that the report is as of, not at a named service. */
export interface UnspentRow {
  readonly txid: string;
  readonly vout: number;
  readonly address?: string;
  readonly height: number;
  readonly at: string;
  readonly value: Amount;
  /** Of the value, what came from the seed set. */
  readonly amounts: Readonly<Record<TraceMethod, Amount>>;
  /** Transactions between the nearest output of the seed set and this one. */
  readonly hops: number;
  /** Lies with the seed set itself. */
  readonly isOwn: boolean;
}

export interface SeedRow {
  /** `S1`, `S2`… in the order of the file. */
  readonly id: string;
  readonly seed: string;
  readonly kind: 'address' | 'tx' | 'output';
  readonly lines: readonly number[];
  readonly isSeen: boolean;
  /** Ids of the clusters that it lies in, `C1`; a transaction can lie in several. */
  readonly clusters: readonly string[];
  /** Payments with an output on the seed itself. */
  readonly payments: number;
  readonly source?: string;
  readonly site?: string;
  readonly seenAt?: string;
  readonly note?: string;
  /** Further columns of the seed file, by name. */
  readonly extra?: Readonly<Record<string, string>>;
}

export interface ClusterRow {
  /** `C1`, `C2`… by what they received. */
  readonly id: string;
  readonly clusterId: string;
  readonly seeds: readonly string[];
  readonly addresses: number;
  readonly furtherAddresses: readonly string[];
  readonly isExpanded: boolean;
  readonly service?: string;
  readonly receivedSats: string;
  readonly why: readonly LinkRow[];
  /** Seeds whose chain of links was not searched, because the cluster is too large. */
  readonly whyOmitted: number;
  /** Keys in `attribution.tags`. */
  readonly tags: readonly number[];
}

export interface LinkRow {
  readonly from: string;
  readonly to: string;
  readonly txid: string;
  readonly rule: string;
  readonly ruleVersion: number;
  /** The transaction may be a PayJoin, which makes the link weaker. */
  readonly isPayjoinPossible: boolean;
}

/** Amounts that come again: in satoshi to the last digit, or close together in fiat of the day. */
export interface RecurringAmount {
  readonly kind: 'exact' | 'fiat';
  /** For `exact`. */
  readonly sats?: number;
  /** For `fiat`: the range that holds them and its middle payment. */
  readonly currency?: string;
  readonly low?: string;
  readonly middle?: string;
  readonly high?: string;
  /** Whose rates these values are made with. */
  readonly sources?: readonly string[];
  readonly payments: number;
  readonly payers: number;
  readonly firstAt: string;
  readonly lastAt: string;
}

export interface TimelineBar {
  readonly firstDay: string;
  readonly lastDay: string;
  readonly payments: number;
  readonly total: Total;
}

export interface Timeline {
  readonly unit: 'day' | 'week' | 'month' | 'quarter' | 'year';
  readonly bars: readonly TimelineBar[];
}

export interface MixRow {
  readonly txid: string;
  readonly rule: string;
  readonly ruleVersion: number;
  readonly strength: 'certain' | 'strong' | 'possible';
  readonly direction: 'in' | 'out';
  readonly height: number;
  readonly anonymitySet: number;
  readonly sats: string;
}

/** A large cluster that no source names: it may be a service, and nothing behind it was looked at. */
export interface LargeClusterRow {
  readonly clusterId: string;
  readonly addresses: number;
  readonly direction: 'in' | 'out';
  readonly sats: string;
  readonly outputs: number;
}

export interface FlowNodeRow {
  readonly key: string;
  readonly kind: string;
  readonly label: string;
  readonly service?: string;
}

export interface FlowEdgeRow {
  readonly from: string;
  readonly to: string;
  readonly sats: string;
  readonly transactions: number;
}

/** One claim, as its source made it. */
export interface TagRow {
  readonly label: string;
  readonly actor?: string;
  /** Id of the category in Clew's table, and its name for people. */
  readonly category: string;
  readonly categoryName: string;
  readonly abuse?: string;
  /** Where the source says that it knows it from. */
  readonly source: string;
  /** Day on which the source last changed it. */
  readonly sourceDate?: string;
  readonly confidence: string;
  /** 0 to 100: ranks sources, no probability. */
  readonly confidenceLevel: number;
  readonly confidenceMeaning: string;
  /** The pack or list that it came with; `derivation.tagPacks` has its digest. */
  readonly pack: string;
  readonly packCreator: string;
  /** The address or transaction that it was said about. */
  readonly about: string;
  /** Waits for a named person to confirm it; never used as a label. */
  readonly isPending: boolean;
}

/**
 * Whether a kind of service can say who its customer is: it has to identify them; it keeps their money
 * and often identifies them; it has accounts or logs without that duty; it has no customers to name.
 */
export type NamesCustomers = 'identified' | 'custodian' | 'accounts' | 'none';

export interface ServiceRow {
  readonly key: string;
  readonly name: string;
  readonly category: string;
  readonly categoryName: string;
  readonly namesCustomers: NamesCustomers;
  /** Level of the best source, 0 to 100. */
  readonly confidenceLevel: number;
  /** Sources disagree on who or what it is: all their claims are listed. */
  readonly isDisputed: boolean;
  /** Other services that sources name for the same place. */
  readonly others: readonly { readonly name: string; readonly categoryName: string }[];
  /** Indexes into `attribution.tags`. */
  readonly tags: readonly number[];
}

export interface TagPackRow {
  readonly name: string;
  readonly creator?: string;
  readonly fileName?: string;
  readonly sha256: string;
  /** Day that the pack itself gives, if it does. */
  readonly date?: string;
  readonly tags?: number;
}

export interface SeedLineRow {
  readonly line: number;
  readonly text: string;
  readonly code: string;
  readonly reason: string;
}

export interface OtherChainRow {
  readonly line: number;
  readonly text: string;
  readonly chain: string;
}

export interface DuplicateRow {
  readonly line: number;
  readonly firstLine: number;
}

export interface ProblemRow {
  readonly code: string;
  readonly message: string;
  readonly line?: number;
}

export interface RuleRow {
  readonly id: string;
  readonly version: number;
  readonly what: string;
}

export interface ReportDerivation {
  readonly clewVersion: string;
  readonly network: string;
  readonly coin: string;
  readonly tip: { readonly height: number; readonly hash: string; readonly at?: string };
  readonly asOfHeight: number;
  /** Time of that block. */
  readonly asOfAt?: string;
  /** First block of the ledger, when it does not begin with block 0. */
  readonly heightMin?: number;
  /** The cluster run that names clusters. */
  readonly runId: string;
  readonly rules: readonly RuleRow[];
  /** Every parameter that had a say, by name. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly seedFile: { readonly name: string; readonly sha256: string };
  readonly tagPacks: readonly TagPackRow[];
  /** Digest over all tags, where the attribution layer gives one. */
  readonly tagsDigest?: string;
  /** Where the facts come from, when not from a ledger of one's own. */
  readonly factsSource?: FactsSource;
  readonly prices: ReportPrices | null;
}

export interface Report {
  readonly format: typeof REPORT_FORMAT;
  readonly title: string;
  readonly summary: ReportSummary;
  readonly requests: readonly ServiceRequest[];
  readonly payers: readonly PayerRow[];
  readonly payments: readonly PaymentRow[];
  readonly cashOuts: readonly CashOutRow[];
  readonly forwardStops: readonly StopRow[];
  readonly unspent: readonly UnspentRow[];
  readonly recurringAmounts: readonly RecurringAmount[];
  readonly timeline: Timeline;
  readonly seeds: readonly SeedRow[];
  readonly clusters: readonly ClusterRow[];
  readonly mixes: readonly MixRow[];
  readonly largeClusters: readonly LargeClusterRow[];
  readonly flow: { readonly nodes: readonly FlowNodeRow[]; readonly edges: readonly FlowEdgeRow[] };
  readonly unresolved: readonly {
    readonly what: string;
    readonly count: number;
    readonly sats?: string;
  }[];
  readonly seedFile: {
    readonly lines: number;
    readonly rejected: readonly SeedLineRow[];
    readonly otherChains: readonly OtherChainRow[];
    readonly duplicates: readonly DuplicateRow[];
    readonly warnings: readonly ProblemRow[];
  };
  readonly attribution: {
    readonly services: readonly ServiceRow[];
    readonly tags: readonly TagRow[];
  };
  readonly derivation: ReportDerivation;
}
