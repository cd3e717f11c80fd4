import { FLOW_COLUMNS, type RowFamily } from '../../src/ledger/flow-columns.ts';
import type { MeasuredPart, RowKind } from '../projection.ts';
import type { IndexedChain } from './index-child.ts';

const KIND_OF_FAMILY: Readonly<Record<RowFamily, RowKind | undefined>> = {
  blocks: 'blocks',
  transactions: 'transactions',
  transactionEnds: 'transactions',
  inputs: 'inputs',
  outputs: 'outputs',
  scripts: 'scripts',
  scriptEnds: 'scripts',
  scriptBytes: 'scriptBytes',
  reveals: 'reveals',
  milestones: 'milestones',
  // A ledger of the whole chain spends nothing from before it, and two transactions in all are destroyed.
  undoInputs: undefined,
  destroyed: undefined,
};

const KIND_OF_KEYS: Readonly<Record<string, RowKind>> = {
  txKeys: 'transactions',
  scriptKeys: 'scripts',
};

const KIND_OF_TABLE: Readonly<Record<string, RowKind>> = {
  blocks: 'blocks',
  transactions: 'transactions',
  inputs: 'inputs',
  outputs: 'outputs',
};

function kindOf(name: string): RowKind | undefined {
  if (name in FLOW_COLUMNS)
    return KIND_OF_FAMILY[FLOW_COLUMNS[name as keyof typeof FLOW_COLUMNS].family];
  return KIND_OF_KEYS[name];
}

/** What each column, key index and column of a table takes, with the rows it has. */
export function measuredParts({ disk, rows }: IndexedChain): MeasuredPart[] {
  const parts: MeasuredPart[] = [];
  for (const [name, bytes] of Object.entries(disk.flow)) {
    const kind = kindOf(name);
    if (kind !== undefined) parts.push({ name, kind, rows: rows[kind]!, bytes });
  }
  for (const [name, bytes] of Object.entries(disk.tables)) {
    const [table, column] = name.split('.');
    const kind = KIND_OF_TABLE[table!];
    if (kind === undefined || bytes === 0) continue;
    const shown = column === undefined ? `table ${table}: indexes` : `table ${name}`;
    parts.push({ name: shown, kind, rows: rows[kind]!, bytes });
  }
  return parts;
}
