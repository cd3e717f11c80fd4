/**
 * The tables of the workspace database, as types. `migrations.ts` makes them; both change together.
 *
 * Counts and seconds fit 2^53 and are integers. An amount or an id that may not is decimal text.
 */
import type { Generated } from 'kysely';

export interface StoreSchema {
  /** One row: which version of these tables the file has. */
  clew_store: { version: number };
  tag_pack: TagPackTable;
  tag_statement: TagStatementTable;
  tag: TagTable;
  price_series: PriceSeriesTable;
  price_rate: PriceRateTable;
}

/** One imported file of tags. */
export interface TagPackTable {
  id: Generated<number>;
  /** SHA-256 of the file after unpacking, as hex. */
  sha256: string;
  /** `real` for main and litecoin, or the one test network that the file was read for. */
  scope: string;
  /** What was said beside the file about where it comes from: source and day of a bare list. */
  edition: string;
  format: 'tagpack' | 'address-list';
  title: string;
  creator: string;
  /** The last part of the path only: the rest says where somebody's files lie. */
  file_name: string;
  imported_at_seconds: number;
  /** Counts as JSON: see `TagCounts` in attribution. */
  counts: string;
}

/**
 * What a pack says, apart from whom it says it about: 50,000 tags of one exchange are one statement
 * and 50,000 short rows.
 */
export interface TagStatementTable {
  id: Generated<number>;
  pack_id: number;
  label: string;
  source: string;
  confidence: string;
  category: string;
  abuse: string | null;
  /** Concept ids as a JSON list. */
  concepts: string;
  actor: string | null;
  /** `YYYY-MM-DD` */
  lastmod_day: string | null;
  is_cluster_definer: number;
  tag_type: string | null;
  context: string | null;
  /** `pending` until a named person confirms it: claims of child exploitation. */
  status: 'active' | 'pending';
}

/** One thing that a statement was made about. */
export interface TagTable {
  network: string;
  said_about: 'address' | 'transaction';
  /** The canonical address, or the txid. */
  subject: string;
  statement_id: number;
}

/** The rates of one currency from one imported file. A source can have several: versions, and parts that go on. */
export interface PriceSeriesTable {
  id: Generated<number>;
  /** Whose rates they are, as a person named it. */
  source: string;
  /** Ticker of the coin; coins of test networks have names of their own. */
  asset: string;
  /** ISO 4217. */
  currency: string;
  licence: string;
  /** When in the day the rate was taken, in the words of a person. */
  clock: string | null;
  /** The last part of the path only. */
  file_name: string;
  /** SHA-256 of the file after unpacking, as hex. */
  sha256: string;
  layout: 'csv' | 'json';
  column_name: string;
  /** `YYYY-MM-DD` */
  first_day: string;
  /** `YYYY-MM-DD` */
  last_day: string;
  /** Days with a rate. */
  days: number;
  imported_at_seconds: number;
  /** Set when a newer version of the source took its place: it is kept, and no longer used. */
  superseded_at_seconds: number | null;
}

/** The price of one coin on a day. */
export interface PriceRateTable {
  series_id: number;
  /** Days since 1970-01-01 in UTC. */
  day: number;
  /** Decimal text, as the file has it. */
  rate: string;
}
