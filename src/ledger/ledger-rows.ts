/**
 * The rows of a ledger in the tables of its engine: the commit log, the batches, and what is dropped again.
 */
import { ClewError } from '../errors.ts';
import type { BatchRows } from './batch-rows.ts';
import type { Columns, InsertOnce, LedgerEngine, Patience } from './engine.ts';
import type { FlowIndex } from './flow-index.ts';
import { StringValues, U64Values } from './native-block.ts';
import { onlyRow } from './only-row.ts';
import { type RowBase, sqlRow } from './row-base.ts';
import { TIPS_TABLE } from './schema.ts';
import { ServerRows } from './server-rows.hot.ts';
import type { TableDefinition } from './table-definition.ts';
import { parseTipRecord, type RowCounts, type TipRecord } from './tip-record.ts';

export interface NewestTip {
  readonly tip: TipRecord | undefined;
  readonly sequence: number;
}

export class LedgerRows {
  readonly #engine: LedgerEngine;
  readonly #base: RowBase;
  readonly #serverRows: ServerRows | undefined;

  /** @param base where the row numbers of the tables begin */
  constructor(engine: LedgerEngine, base: RowBase) {
    this.#engine = engine;
    this.#base = base;
    this.#serverRows = engine.hasIdentifiers ? new ServerRows(base) : undefined;
  }

  /** Where the numbers of what a table is counted by begin. */
  #baseOf(countedBy: TableDefinition['countedBy']): bigint {
    return (this.#base as unknown as Record<string, bigint>)[countedBy] ?? 0n;
  }

  /**
   * The tables hold as many rows as the tip says: cheap, since the engine knows without reading them.
   *
   * @param isWrittenElsewhere somebody else may be writing: more rows are no fault
   * @throws {ClewError} CLEW_LEDGER_DAMAGED
   */
  async requireRows(rows: RowCounts, folder: string, isWrittenElsewhere = false): Promise<void> {
    await this.#eachTable(async (table, { countedBy, isSparse }) => {
      if (isSparse) return;
      const found = onlyRow(
        await this.#engine.query<{ rows: string }>(`SELECT count() AS rows FROM ${table}`),
      );
      const [count, expected] = [Number(found.rows), rows[countedBy]];
      if (count === expected || (isWrittenElsewhere && count > expected)) return;
      throw new ClewError(
        'CLEW_LEDGER_DAMAGED',
        `The table ${table} holds ${count} rows where the tip says ${expected}.`,
        { folder, table, found: `${count}`, expected },
      );
    });
  }

  /** Servers are asked about all tables side by side; chDB has this process's threads alone. */
  async #eachTable(
    work: (table: string, definition: TableDefinition) => Promise<void>,
  ): Promise<void> {
    const tables = Object.entries(this.#engine.tables);
    if (this.#engine.kind === 'chdb') {
      for (const [table, definition] of tables) await work(table, definition);
    } else {
      const done = await Promise.allSettled(tables.map((each) => work(...each)));
      for (const result of done) if (result.status === 'rejected') throw result.reason;
    }
  }

  /** Drop all rows that the counts leave out. */
  async dropAbove(rows: RowCounts): Promise<void> {
    await this.#eachTable(async (table, { countedBy, idColumn }) => {
      if (rows[countedBy] === 0) return this.#engine.truncate(table);
      const end = sqlRow(this.#baseOf(countedBy), rows[countedBy]);
      return this.#engine.deleteRows(table, `${idColumn} >= ${end}`);
    });
  }

  /**
   * Hand the rows of a batch to the engine; its columns may be filled again once this returns.
   *
   * @param from counts at the commit before
   * @param to counts at this one
   * @returns when all are in
   */
  insertBatch(batch: BatchRows, flow: FlowIndex, from: RowCounts, to: RowCounts): Promise<void> {
    const tables: Record<string, Columns> = { ...batch };
    const onceOf = this.#serverRows === undefined ? undefined : this.#onceOf(flow, from, to);
    if (this.#serverRows !== undefined) {
      const { txids, tables: others } = this.#serverRows.fill(flow, from, to);
      Object.assign(tables, others, { transactions: { ...batch.transactions, txid: txids } });
    }
    const inserts: Promise<void>[] = [];
    for (const [table, columns] of Object.entries(tables)) {
      inserts.push(this.#engine.insert(table, columns, onceOf?.(table)));
      for (const column of Object.values(columns)) column.clear();
    }
    return Promise.all(inserts).then(() => undefined);
  }

  /** What the rows of a batch are, for each table. */
  #onceOf(flow: FlowIndex, from: RowCounts, to: RowCounts): (table: string) => InsertOnce {
    const ends = blockEnds(flow, from, to);
    const first = this.#base.blocks + BigInt(from.blocks);
    return (table) => {
      const { idColumn, countedBy } = this.#engine.tables[table]!;
      const base = this.#baseOf(countedBy);
      const range = [sqlRow(base, from[countedBy]), sqlRow(base, to[countedBy])];
      const where = `${idColumn} >= ${range[0]} AND ${idColumn} < ${range[1]}`;
      const byBlock = ends[countedBy as keyof typeof ends];
      return byBlock === undefined ? { where } : { where, byBlock: { first, ends: byBlock } };
    };
  }

  async insertTip(sequence: number, record: TipRecord): Promise<void> {
    const seq = new U64Values();
    const text = new StringValues();
    seq.push(sequence);
    text.pushText(JSON.stringify(record));
    await this.#engine.insert(TIPS_TABLE, { seq, record: text }, { where: `seq = ${sequence}` });
  }
}

/** The last row of the commit log, and its number. */
export async function newestTip(
  engine: LedgerEngine,
  folder: string,
  patience: Patience = 'read',
): Promise<NewestTip> {
  const [newest] = await engine.query<{ seq: string; record: string }>(
    `SELECT seq, record FROM ${TIPS_TABLE} ORDER BY seq DESC LIMIT 1`,
    patience,
  );
  if (newest === undefined) return { tip: undefined, sequence: 0 };
  return { tip: parseTipRecord(newest.record, folder), sequence: Number(newest.seq) };
}

/** After how many rows of a batch each of its blocks ends, in what is kept by block. */
function blockEnds(flow: FlowIndex, from: RowCounts, to: RowCounts) {
  const count = to.blocks - from.blocks;
  const ends = {
    blocks: new Float64Array(count),
    transactions: new Float64Array(count),
    inputs: new Float64Array(count),
    outputs: new Float64Array(count),
  };
  for (let n = 0; n < count; n += 1) {
    const block = from.blocks + n + 1;
    const tx = block < to.blocks ? flow.blockFirstTx.at(block) : to.transactions;
    ends.blocks[n] = n + 1;
    ends.transactions[n] = tx - from.transactions;
    ends.inputs[n] = flow.txFirstInput.at(tx) - from.inputs;
    ends.outputs[n] = flow.txFirstOutput.at(tx) - from.outputs;
  }
  return ends;
}
