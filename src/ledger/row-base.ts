/**
 * Where the row numbers of a ledger's tables begin.
 *
 * In memory and in the columns rows count from 0; in the tables each is its row plus the ledger's base, a whole
 * number up to 2^63. So several ledgers (windows of one chain, say) can share tables without clashing, and no
 * row number in a table is bound by what a double holds. A ledger's base is fixed when it is made.
 */

export interface RowBase {
  readonly blocks: bigint;
  readonly transactions: bigint;
  readonly inputs: bigint;
  readonly outputs: bigint;
  readonly scripts: bigint;
}

export const NO_BASE: RowBase = {
  blocks: 0n,
  transactions: 0n,
  inputs: 0n,
  outputs: 0n,
  scripts: 0n,
};

/** A row as the tables have it, for use in a statement. @example sqlRow(base.inputs, 7) // '7' */
export function sqlRow(base: bigint, row: number): string {
  return (base + BigInt(row)).toString();
}
