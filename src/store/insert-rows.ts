/**
 * Many rows into one table, with the statement compiled once.
 *
 * Building a query for each row costs more than SQLite takes to store it; here one statement of
 * many rows is compiled by Kysely and run again and again with other values.
 */
import type { InsertObject, Kysely } from 'kysely';
import type { StoreSchema } from './store-schema.ts';

/** Values in one statement; both engines allow more than 32,000. */
const VALUES_MAX = 2_000;

/**
 * Insert rows that all have the same columns.
 *
 * @param db the store's connection, usually a transaction
 * @param table the table's name
 * @param columns names of the columns, in the order of the values
 * @param values the rows' values one after the other; its length is a multiple of the columns' count
 * @example await insertRows(db, 'tag', ['network', 'subject'], ['main', 'a', 'main', 'b'])
 */
export async function insertRows<Table extends keyof StoreSchema & string>(
  db: Kysely<StoreSchema>,
  table: Table,
  columns: readonly (keyof StoreSchema[Table] & string)[],
  values: readonly (string | number | null)[],
): Promise<void> {
  const valuesAtOnce = Math.max(1, Math.floor(VALUES_MAX / columns.length)) * columns.length;
  for (let start = 0; start < values.length; ) {
    const size = Math.min(valuesAtOnce, values.length - start);
    const compiled = compile(db, table, columns, size / columns.length);
    // Whole chunks share the statement; only the last one may be shorter.
    const wholeEnd = start + Math.floor((values.length - start) / size) * size;
    for (; start < wholeEnd; start += size) {
      await db.executeQuery({ ...compiled, parameters: values.slice(start, start + size) });
    }
  }
}

function compile<Table extends keyof StoreSchema & string>(
  db: Kysely<StoreSchema>,
  table: Table,
  columns: readonly string[],
  rowCount: number,
) {
  // Any value that is not null keeps its place in the statement; the real ones come at each run.
  const row = Object.fromEntries(columns.map((column) => [column, 0]));
  const rows = Array.from({ length: rowCount }, () => row);
  return db
    .insertInto(table)
    .values(rows as unknown as InsertObject<StoreSchema, Table>[])
    .compile();
}
