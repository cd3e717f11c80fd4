/** Damages what a ledger has stored, by hand, and puts it back. */
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { FlowIndex } from '../../src/ledger/flow-index.ts';
import { checkpointFlow } from '../../src/ledger/flow-store.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';

/** Bytes before the rows of a column's file. */
const HEADER_BYTES = 4096;

/** The flow index of a network's folder with its files changed; afterwards they are as they were. */
export async function withChangedFiles(
  networkFolder: string,
  change: (flowFolder: string) => void | Promise<void>,
  work: () => Promise<void>,
): Promise<void> {
  const flowFolder = join(networkFolder, 'flow');
  const kept = join(networkFolder, 'flow-kept');
  cpSync(flowFolder, kept, { recursive: true });
  try {
    await change(flowFolder);
    await work();
  } finally {
    rmSync(flowFolder, { recursive: true });
    renameSync(kept, flowFolder);
  }
}

/**
 * Other bytes in a column's only page, with a checksum that is right: only what is stored elsewhere can tell. Afterwards the
 * column is as it was.
 *
 * @param change is given the bytes of all rows in the first plane, and how many of them count
 */
export async function withChangedColumn(
  networkFolder: string,
  name: string,
  change: (rows: Buffer, usedBytes: number) => void,
  work: () => Promise<void>,
): Promise<void> {
  const path = join(networkFolder, 'flow', `${name}.col`);
  const manifestPath = join(networkFolder, 'flow', 'flow.json');
  const [file, manifestText] = [readFileSync(path), readFileSync(manifestPath, 'utf8')];
  const changed = Buffer.from(file);
  const rows = changed.subarray(HEADER_BYTES);
  const manifest = JSON.parse(manifestText);
  const state = manifest.columns[name];
  const used = endOf(rows, state.tailCrc[0]);
  change(rows, used);
  state.tailCrc[0] = crc32(rows.subarray(0, used));
  writeFileSync(path, changed);
  writeFileSync(manifestPath, JSON.stringify(manifest));
  try {
    await work();
  } finally {
    writeFileSync(path, file);
    writeFileSync(manifestPath, manifestText);
  }
}

/** How many bytes of a single page the checksum covers. */
function endOf(rows: Buffer, crc: number): number {
  for (let end = rows.length; end > 0; end -= 1)
    if (crc32(rows.subarray(0, end)) === crc) return end;
  throw new Error('the column has more than one page');
}

/** The flow index opened for writing, changed, and checkpointed at the same tip. */
export async function rewriteFlow(
  ledger: Ledger,
  change: (flow: FlowIndex) => void,
): Promise<void> {
  const flow = await ledger.openFlowForWriting();
  try {
    change(flow);
    checkpointFlow(flow, ledger.requireTip(), false);
  } finally {
    ledger.abandonWriting();
  }
}

/** The same flow index, but for one value of one column. */
export function flowWith(
  flow: FlowIndex,
  name: keyof FlowIndex & string,
  row: number,
  value: number,
): FlowIndex {
  const column = flow[name] as unknown as { at(row: number): number };
  const changed = new Proxy(column, {
    get(target, key) {
      if (key === 'at') return (at: number) => (at === row ? value : target.at(at));
      const part = Reflect.get(target, key, target);
      return typeof part === 'function' ? part.bind(target) : part;
    },
  });
  return Object.create(flow, { [name]: { value: changed } }) as FlowIndex;
}
