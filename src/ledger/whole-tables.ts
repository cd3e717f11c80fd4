/**
 * After power was cut, the tables may lack rows that were inserted last: the engine does not wait for the disk. The commit
 * log tells every tip that there was; the newest one of which all rows are there is where the ledger goes back to.
 */
import { findBlockHash } from './block-directory.ts';
import type { LedgerEngine } from './engine.ts';
import { onlyRow } from './only-row.ts';
import { type RowBase, sqlRow } from './row-base.ts';
import { TIPS_TABLE } from './schema.ts';
import type { TableDefinition } from './table-definition.ts';
import { parseTipRecord, type RowCounts, type TipRecord } from './tip-record.ts';

/** Commits that are looked at: a batch is some seconds of work, and the disk lags half a minute. */
const TIPS_MAX = 1_000;

/**
 * The newest tip whose rows are all in the tables, and whose block is on the chain that they hold.
 *
 * @param tip the newest of the commit log
 * @param folder of the ledger, for errors
 * @returns `tip` itself when nothing is missing; undefined when no tip of the log is whole
 */
export async function newestWholeTip(
  engine: LedgerEngine,
  base: RowBase,
  tip: TipRecord,
  folder: string,
): Promise<TipRecord | undefined> {
  const counted = Object.entries(engine.tables).filter(([, { isSparse }]) => !isSparse);
  const there = new Map<string, number>();
  for (const [table, definition] of counted) {
    const rows = tip.rows[definition.countedBy];
    there.set(table, await rowsFromStart(engine, base, table, definition, rows));
  }
  const isWhole = (counts: RowCounts): boolean =>
    counted.every(([table, { countedBy }]) => counts[countedBy] <= there.get(table)!);
  if (isWhole(tip.rows)) return tip;
  const log = await engine.query<{ record: string }>(
    `SELECT record FROM ${TIPS_TABLE} ORDER BY seq DESC LIMIT ${TIPS_MAX}`,
  );
  for (const { record } of log) {
    const earlier = parseTipRecord(record, folder);
    if (!isWhole(earlier.rows)) continue;
    return (await findBlockHash(engine, earlier.height)) === earlier.hash ? earlier : undefined;
  }
  return undefined;
}

/** How many rows of a table are there from its first one on without a gap, up to the number that should be. */
async function rowsFromStart(
  engine: LedgerEngine,
  base: RowBase,
  table: string,
  { idColumn, countedBy }: TableDefinition,
  rowsMax: number,
): Promise<number> {
  const begin = countedBy in base ? base[countedBy as keyof RowBase] : 0n;
  const count = async (where: string): Promise<number> => {
    const found = onlyRow(
      await engine.query<{ rows: string }>(`SELECT count() AS rows FROM ${table} ${where}`),
    );
    return Number(found.rows);
  };
  // The engine knows the number of all rows without reading them, and what lies beyond is little.
  const beyond = await count(`WHERE ${idColumn} >= ${sqlRow(begin, rowsMax)}`);
  if ((await count('')) - beyond === rowsMax) return rowsMax;
  const isThere = async (rows: number): Promise<boolean> =>
    (await count(`WHERE ${idColumn} < ${sqlRow(begin, rows)}`)) === rows;
  let low = 0;
  let high = rowsMax;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await isThere(middle)) low = middle;
    else high = middle;
  }
  return low;
}
