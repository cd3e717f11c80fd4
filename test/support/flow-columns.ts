/** A flow index as plain arrays, so that two can be compared column by column. */
import { bytesToHex } from '../../src/bytes/hex.ts';
import type { FlowIndex } from '../../src/ledger/flow-index.ts';
import { hashScript, scriptKey } from '../../src/ledger/script-key.hot.ts';

export function flowColumns(flow: FlowIndex): Record<string, unknown[]> {
  const columns: Record<string, unknown[]> = {};
  for (const [name, column] of Object.entries(flow.columns.byName)) {
    columns[name] = Array.from({ length: column.length }, (_, row) => {
      const value = column.at(row);
      return typeof value === 'number' ? value : bytesToHex(value);
    });
  }
  // What rows are found by: each must be found, and no other.
  columns['foundTxs'] = Array.from({ length: flow.txCount }, (_, tx) =>
    flow.findTxs(flow.txids.at(tx).slice()),
  );
  columns['foundScripts'] = Array.from({ length: flow.scriptCount }, (_, script) => {
    const bytes = flow.scripts.read(script);
    hashScript(bytes, 0, bytes.length);
    return flow.findScript(scriptKey.low, scriptKey.high, bytes, 0, bytes.length);
  });
  return columns;
}
