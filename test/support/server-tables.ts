/** All rows of a ledger's tables, whatever engine has them, in a form that can be held against another's. */
import type { Ledger } from '../../src/ledger/ledger.ts';

/** Every table's rows as texts, ordered by all their columns: row by row the same on every engine. */
export async function allRows(ledger: Ledger): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for (const [table, { columns }] of Object.entries(ledger.engine.tables)) {
    const list = Object.entries(columns).map(([name, type]) =>
      /String/.test(type) ? `hex(${name}) AS ${name}_` : `${name} AS ${name}_`,
    );
    const rows = await ledger.engine.query<object>(`SELECT ${list.join(', ')} FROM ${table}`);
    tables[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return tables;
}
