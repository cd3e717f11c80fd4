/** A flow index as plain arrays, so that two can be compared column by column. */
import { bytesToHex } from '../../src/bytes/hex.ts';
import type { FlowIndex } from '../../src/ledger/flow-index.ts';

const COLUMNS = [
  'blockHeight',
  'blockTime',
  'blockFirstTx',
  'txBlock',
  'txFirstInput',
  'txFirstOutput',
  'txFlags',
  'inputPrevout',
  'inputSequence',
  'inputKind',
  'inputSighash',
  'outputValue',
  'outputScript',
  'outputTx',
  'outputSpender',
  'outputPrevOfScript',
  'scriptKind',
  'scriptFirstOutput',
  'scriptLastOutput',
  'revealScript',
  'revealTx',
  'revealKind',
] as const;

export function flowColumns(flow: FlowIndex): Record<string, unknown[]> {
  const columns: Record<string, unknown[]> = {};
  for (const name of COLUMNS) {
    const column = flow[name];
    columns[name] = Array.from({ length: column.length }, (_, row) => column.at(row));
  }
  const rows = (length: number, read: (row: number) => Uint8Array): string[] =>
    Array.from({ length }, (_, row) => bytesToHex(read(row)));
  columns['txids'] = rows(flow.txCount, (row) => flow.txids.at(row));
  columns['scripts'] = rows(flow.scriptCount, (row) => flow.scripts.read(row));
  columns['revealPayload'] = rows(flow.revealScript.length, (row) => flow.revealPayload.at(row));
  return columns;
}
