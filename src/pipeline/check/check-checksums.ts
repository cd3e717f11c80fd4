/** Every page of every column, and every run of keys, read from the disk and held against its checksums. */
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { type CheckSteps, Disagreement } from './disagreement.ts';

/** All files of the flow index; yields rows of columns and entries of keys. One step for each file. */
export function* checkChecksums(flow: FlowIndex): CheckSteps {
  let columns = 0;
  let rows = 0;
  for (const [name, column] of Object.entries(flow.columns.byName)) {
    const damage = column.verify();
    if (damage !== undefined) {
      throw new Disagreement('A page of a column does not hold what was written.', {
        column: name,
        row: damage.rowMin,
        rowMax: damage.rowMax,
        file: damage.path,
        page: damage.page,
      });
    }
    columns += 1;
    rows += column.length;
    yield column.length;
  }
  let keys = 0;
  for (const index of [flow.txKeys, flow.scriptKeys, flow.bareKeys]) {
    index.check((entries) => {
      keys += entries;
    });
    yield 0;
  }
  return { columns, rows, keys };
}

/** What `checkChecksums` yields in all. */
export function checksumRows(flow: FlowIndex): number {
  return Object.values(flow.columns.byName).reduce((sum, { length }) => sum + length, 0);
}
