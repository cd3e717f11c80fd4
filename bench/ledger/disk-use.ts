/** What a ledger takes on the disk, by table and column of the engine, and by column and key index of the flow index. */
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerEngine } from '../../src/ledger/engine.ts';
import { FLOW_COLUMNS } from '../../src/ledger/flow-columns.ts';
import { folderBytes } from '../folder-bytes.ts';

export interface DiskUse {
  /** Files of the flow index: by column, `txKeys` and the like for key indexes, `other` for the manifest. */
  readonly flow: Record<string, number>;
  /** Live parts of the tables, by `table.column`; `table` alone is what columns do not account for (indexes, marks). */
  readonly tables: Record<string, number>;
  /** All files of the engine, parts that were merged and wait to be deleted included. */
  readonly engineBytes: number;
  /** Merges under way: what they have written counts in `engineBytes` only. */
  readonly mergesUnderWay: number;
  readonly parts: number;
}

export async function readDisk(engine: LedgerEngine, folder: string): Promise<DiskUse> {
  const tables: Record<string, number> = {};
  const parts = await engine.query<{ table: string; bytes: string; parts: string }>(
    `SELECT table, toString(sum(bytes_on_disk)) AS bytes, toString(count()) AS parts FROM system.parts
     WHERE active AND database = currentDatabase() GROUP BY table`,
  );
  const columns = await engine.query<{ table: string; column: string; bytes: string }>(
    `SELECT table, column, toString(sum(greatest(column_bytes_on_disk, column_data_compressed_bytes))) AS bytes
     FROM system.parts_columns
     WHERE active AND database = currentDatabase() GROUP BY table, column`,
  );
  const [merges] = await engine.query<{ merges: string }>(
    'SELECT toString(count()) AS merges FROM system.merges',
  );
  for (const { table, bytes } of parts) tables[table] = Number(bytes);
  for (const { table, column, bytes } of columns) {
    tables[`${table}.${column}`] = Number(bytes);
    tables[table]! -= Number(bytes);
  }
  return {
    flow: flowBytes(join(folder, 'flow')),
    tables,
    engineBytes: folderBytes(join(folder, 'ledger')),
    mergesUnderWay: Number(merges!.merges),
    parts: parts.reduce((sum, table) => sum + Number(table.parts), 0),
  };
}

function flowBytes(folder: string): Record<string, number> {
  const bytes: Record<string, number> = {};
  for (const file of readdirSync(folder)) {
    const stem = /^[A-Za-z]+/.exec(file)?.[0] ?? '';
    const name = stem in FLOW_COLUMNS || stem.endsWith('Keys') ? stem : 'other';
    bytes[name] = (bytes[name] ?? 0) + lstatSync(join(folder, file)).size;
  }
  return bytes;
}
