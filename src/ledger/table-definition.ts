/** What a table of the ledger is: for `schema.ts` and `server-schema.ts`. */
import type { FlowCounts } from './flow-columns.ts';

export interface TableDefinition {
  readonly columns: Readonly<Record<string, string>>;
  readonly orderBy: string;
  /** Rows whose `idColumn` is not below the committed count named here are dropped on recovery. */
  readonly idColumn: string;
  readonly countedBy: keyof FlowCounts | 'files';
  /** Not one row for each number of `idColumn`: the count says where they end, not how many there are. */
  readonly isSparse?: boolean;
  readonly partitionBy?: string;
  /**
   * Which shard of a cluster has a row: that of its block, the first one, or the column whose value tells, modulo the
   * number of shards.
   */
  readonly shardBy?: 'block' | 'first' | (string & {});
}
