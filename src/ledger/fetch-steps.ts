/**
 * The tips at which fetching columns from servers makes a checkpoint: so that a fetch of hours that is stopped goes on where it
 * was, and rows that are not what the writer wrote are found before all has been fetched.
 *
 * Every commit left its tip in the log, with checksums of the columns as they were then.
 */
import type { LedgerEngine } from './engine.ts';
import type { FlowCounts } from './flow-columns.ts';
import { type RowBase, sqlRow } from './row-base.ts';
import { TIPS_TABLE } from './schema.ts';
import { parseTipRecord, type TipRecord } from './tip-record.ts';

/** Inputs and outputs between two of them: some minutes. */
const STEP_ROWS = 50_000_000;

/**
 * Tips of the log that lie on the way, and the last one.
 *
 * @param from what is there already
 * @param tip where it ends
 * @param stepRows inputs and outputs between two steps
 */
export async function stepsTo(
  engine: LedgerEngine,
  base: RowBase,
  from: FlowCounts,
  tip: TipRecord,
  stepRows: number = STEP_ROWS,
): Promise<TipRecord[]> {
  const end = tip.rows.inputs + tip.rows.outputs;
  const begin = from.inputs + from.outputs;
  if (end - begin <= stepRows) return [tip];
  const seqs = await seqsNear(engine, base, from, tip, stepRows);
  if (seqs.length === 0) return [tip];
  const rows = await engine.query<{ record: string }>(
    `SELECT record FROM ${TIPS_TABLE} WHERE seq IN (${seqs.join()})`,
  );
  const steps: TipRecord[] = [];
  const records = rows.map(({ record }) => parseTipRecord(record, ''));
  records.sort((a, b) => a.rows.transactions - b.rows.transactions);
  for (const record of await onChain(engine, base, records)) {
    const before = steps.at(-1)?.rows ?? from;
    const isOnTheWay =
      record.rows.transactions > before.transactions &&
      record.rows.transactions < tip.rows.transactions;
    if (isOnTheWay) steps.push(record);
  }
  return [...steps, tip];
}

/** Numbers of the newest commits at or below the heights where steps should be. */
async function seqsNear(
  engine: LedgerEngine,
  base: RowBase,
  from: FlowCounts,
  tip: TipRecord,
  stepRows: number,
): Promise<number[]> {
  const first = (base.inputs + base.outputs).toString();
  const marks = await engine.query<{ height: number }>(
    `SELECT max(height) AS height, intDiv(first_input + first_output - toUInt64(${first}), ${stepRows}) AS step
     FROM blocks WHERE block_index >= ${sqlRow(base.blocks, from.blocks)}
       AND block_index < ${sqlRow(base.blocks, tip.rows.blocks)}
     GROUP BY step ORDER BY height`,
  );
  const log = await engine.query<{ seq: string; height: string }>(
    `SELECT seq, visitParamExtractUInt(record, 'height') AS height FROM ${TIPS_TABLE}`,
  );
  const commits = log.map(({ seq, height }) => ({ seq: Number(seq), height: Number(height) }));
  commits.sort((a, b) => a.height - b.height || a.seq - b.seq);
  const seqs = new Set<number>();
  let at = -1;
  for (const mark of marks) {
    while (at + 1 < commits.length && commits[at + 1]!.height <= mark.height) at += 1;
    if (at >= 0) seqs.add(commits[at]!.seq);
  }
  return [...seqs];
}

/** Those whose block is on the chain that the tables hold now, where it was then. */
async function onChain(
  engine: LedgerEngine,
  base: RowBase,
  records: readonly TipRecord[],
): Promise<TipRecord[]> {
  const rowOf = ({ rows }: TipRecord): string => sqlRow(base.blocks, rows.blocks - 1);
  if (records.length === 0) return [];
  const rows = await engine.query<{ row: string; hash: string }>(
    `SELECT toString(block_index) AS row, lower(hex(reverse(hash))) AS hash FROM blocks
     WHERE block_index IN (${records.map(rowOf).join()})`,
  );
  const hashes = new Map(rows.map(({ row, hash }) => [row, hash]));
  return records.filter((record) => hashes.get(rowOf(record)) === record.hash);
}
