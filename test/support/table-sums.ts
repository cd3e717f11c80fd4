/** The rows of a ledger's tables in one number each, also of those that an earlier tip had. */
import type { Ledger } from '../../src/ledger/ledger.ts';
import { TABLES, type TableName } from '../../src/ledger/schema.ts';
import type { RowCounts } from '../../src/ledger/tip-record.ts';

/** Number of rows and sum of their hashes, for each table. */
export async function tableSums(ledger: Ledger): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const table of Object.keys(TABLES)) {
    const [row] = await ledger.engine.query<{ rows: string; sum: string }>(
      `SELECT count() AS rows, sum(sipHash64(*)) AS sum FROM ${table}`,
    );
    sums[table] = `${row!.rows} rows, ${row!.sum}`;
  }
  return sums;
}

/** Hashes of the rows of all tables, with the number of each row. */
export type RowHashes = Readonly<Record<string, readonly { id: number; hash: bigint }[]>>;

export async function rowHashes(ledger: Ledger): Promise<RowHashes> {
  const hashes: Record<string, { id: number; hash: bigint }[]> = {};
  for (const [table, { idColumn }] of Object.entries(TABLES)) {
    const rows = await ledger.engine.query<{ id: string; hash: string }>(
      `SELECT toString(${idColumn}) AS id, toString(sipHash64(*)) AS hash FROM ${table} ORDER BY ${idColumn}`,
    );
    hashes[table] = rows.map(({ id, hash }) => ({ id: Number(id), hash: BigInt(hash) }));
  }
  return hashes;
}

/** What `tableSums` gives for a ledger that ends earlier. */
export function sumsAt(hashes: RowHashes, counts: RowCounts): Record<string, string> {
  const sums: Record<string, string> = {};
  for (const [table, rows] of Object.entries(hashes)) {
    const end = counts[TABLES[table as TableName].countedBy];
    const counted = rows.filter(({ id }) => id < end);
    const sum = counted.reduce((total, { hash }) => total + hash, 0n);
    sums[table] = `${counted.length} rows, ${BigInt.asUintN(64, sum)}`;
  }
  return sums;
}
