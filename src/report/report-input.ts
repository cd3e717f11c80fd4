/** What a report is made from: plain data, no wall clock, no locale, nothing of the machine. */
import type { NetworkName } from '../chain/network.ts';
import type { Problem } from '../errors.ts';
import type { FactsSource } from '../trace/facts-source.ts';
import type { Investigation } from '../trace/investigation.ts';
import type { PriceBook } from './price-book.ts';
import type {
  DuplicateRow,
  OtherChainRow,
  RuleRow,
  SeedLineRow,
  TagPackRow,
} from './report-format.ts';

/** A seed (an address, a transaction, or one of its outputs) with what other columns say. */
export interface SeedWithColumns {
  readonly address?: string;
  readonly txid?: string;
  readonly vout?: number;
  readonly extra: Readonly<Record<string, string>>;
}

/** What reading the seed file found besides the seeds themselves. */
export interface SeedFileFindings {
  readonly name: string;
  /** Of the bytes of the file, as hex. */
  readonly sha256: string;
  readonly rejected: readonly SeedLineRow[];
  readonly otherChains: readonly OtherChainRow[];
  readonly duplicates: readonly DuplicateRow[];
  readonly warnings: readonly Problem[];
  /** The seeds with the further columns of the file. */
  readonly seeds?: readonly SeedWithColumns[];
}

/** All that is needed to derive the figures again. */
export interface Derivation {
  readonly clewVersion: string;
  readonly network: NetworkName;
  readonly tip: { readonly height: number; readonly hash: string; readonly timeSeconds?: number };
  /** Of the block that the investigation is as of, when that is not the tip. */
  readonly asOfSeconds?: number;
  /** First block of the ledger, when it does not begin with block 0. */
  readonly heightMin?: number;
  readonly runId: string;
  readonly rules: readonly RuleRow[];
  /** Parameters beyond the limits of the investigation, by name. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly tagPacks: readonly TagPackRow[];
  readonly tagsDigest?: string;
  /** Where the facts come from, when not from a ledger of one's own. */
  readonly factsSource?: FactsSource;
}

export interface ReportInput {
  readonly investigation: Investigation;
  readonly seedFile: SeedFileFindings;
  readonly derivation: Derivation;
  readonly prices?: PriceBook;
  /** Currencies to show, the first one beside all amounts; the first two of the prices unless given. */
  readonly currencies?: readonly string[];
  /** A line for the head of the page, such as a case number. */
  readonly title?: string;
}
