/**
 * Keeps clustering runs on the disk, one folder each:
 *
 *   <runs folder>/<run id>/run.json      manifest, written last
 *                          <column>.col  fixed-width columns, as those of the flow index
 *
 * A run is written aside, synced, and renamed into its place, so a folder that bears a run id is whole. The
 * manifest holds row count and SHA-256 of every column: a run that was cut or altered is refused, never half read.
 *
 * This is the only file of the cluster layer that touches the disk.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { ColumnFile } from '../ledger/column-file.ts';
import type { FlowIndex } from '../ledger/flow-index.ts';
import { PAGE_ROWS } from '../ledger/page-budget.ts';
import type { Txid } from '../units/ids.ts';
import { type ClusterProfile, ClusterRun, type ClusterRunData } from './cluster-run.ts';
import { TOTALS_WIDTH } from './collect-activity.hot.ts';
import type { CoSpendCounts } from './rules/multi-input.ts';
import type { RuleVersion, RunTip } from './run-id.ts';
import { FACTS_MAX } from './verdict.ts';

/** Second version: transactions as doubles, since their rows pass 2^32, and what the busy clusters did. */
export const RUN_FORMAT = 'clew-run/2';
const MANIFEST_NAME = 'run.json';

/** Bytes in a row of each column: a stored format. */
const COLUMNS = {
  roots: 4,
  countsAsAddress: 1,
  linkTx: 8,
  linkRule: 4,
  linkScriptA: 4,
  linkScriptB: 4,
  linkInputA: 4,
  linkInputB: 4,
  verdictTx: 8,
  verdictRule: 4,
  verdictStrength: 4,
  verdictFacts: 8 * FACTS_MAX,
  busyRoot: 4,
  busyTotals: 8 * TOTALS_WIDTH,
  busyBlockBegin: 8,
  busyBlockFirst: 8,
  busyBlockOffset: 8,
  busyDeltas: 1,
} as const;
type ColumnName = keyof typeof COLUMNS;
type Rows = Uint8Array | Uint32Array | Float64Array;

/** What the folder of a run says of it. */
export interface RunManifest {
  readonly format: typeof RUN_FORMAT;
  readonly runId: string;
  readonly network: NetworkName;
  readonly profile: ClusterProfile;
  readonly tip: RunTip | null;
  readonly windows: readonly (readonly [number, number])[];
  readonly rules: readonly RuleVersion[];
  readonly parametersDigest: string;
  readonly txEnd: number;
  readonly lastTxid: Txid | null;
  readonly counts: CoSpendCounts;
  readonly columns: Readonly<
    Record<ColumnName, { readonly rows: number; readonly sha256: string }>
  >;
}

function columnsOf({ data, activity }: ClusterRun): Record<ColumnName, Rows> {
  const { links, verdicts } = data;
  return {
    roots: data.roots,
    countsAsAddress: data.countsAsAddress,
    linkTx: links.txIndex,
    linkRule: links.ruleCode,
    linkScriptA: links.scriptA,
    linkScriptB: links.scriptB,
    linkInputA: links.inputA,
    linkInputB: links.inputB,
    verdictTx: verdicts.txIndex,
    verdictRule: verdicts.ruleCode,
    verdictStrength: verdicts.strength,
    verdictFacts: verdicts.facts,
    busyRoot: activity.root,
    busyTotals: activity.totals,
    busyBlockBegin: activity.blockBegin,
    busyBlockFirst: activity.blockFirst,
    busyBlockOffset: activity.blockOffset,
    busyDeltas: activity.deltas,
  };
}

const columnNames = Object.keys(COLUMNS) as ColumnName[];

function columnSpec(folder: string, name: ColumnName, networkMagic: number) {
  return { path: join(folder, `${name}.col`), name, rowBytes: COLUMNS[name], networkMagic };
}

function bytesOf(rows: Rows): Uint8Array {
  return new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Write a run into its folder below `runsFolder`; an earlier copy of the same run is replaced.
 *
 * @returns the folder
 * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE; what was there before stays whole
 * @example writeRun(run, flow, join(dataFolder, 'main', 'runs'))
 */
export function writeRun(run: ClusterRun, flow: FlowIndex, runsFolder: string): string {
  const target = join(runsFolder, run.runId);
  const aside = `${target}.new`;
  try {
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { recursive: true, mode: 0o700 });
    const columns = columnsOf(run);
    const written = columnNames.map((name) => {
      const bytes = bytesOf(columns[name]);
      writeColumn(columnSpec(aside, name, flow.network.magic), bytes);
      return [name, { rows: bytes.length / COLUMNS[name], sha256: sha256(bytes) }] as const;
    });
    const manifest = describe(run.data, flow, Object.fromEntries(written));
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    writeFileSync(join(aside, MANIFEST_NAME), text, { mode: 0o600, flush: true });
    syncFolder(aside);
    rmSync(target, { recursive: true, force: true });
    renameSync(aside, target);
    syncFolder(runsFolder);
  } catch (cause) {
    throw fileError(cause, aside);
  }
  return target;
}

function describe(data: ClusterRunData, flow: FlowIndex, columns: object): RunManifest {
  return {
    format: RUN_FORMAT,
    runId: data.runId,
    network: flow.network.name,
    profile: data.profile,
    tip: data.tip ?? null,
    windows: data.windows,
    rules: data.rules,
    parametersDigest: data.parametersDigest,
    txEnd: data.txEnd,
    lastTxid: data.lastTxid ?? null,
    counts: data.counts,
    columns: columns as RunManifest['columns'],
  };
}

function writeColumn(spec: ReturnType<typeof columnSpec>, bytes: Uint8Array): void {
  const file = ColumnFile.create(spec);
  try {
    const pageBytes = PAGE_ROWS * spec.rowBytes;
    for (let page = 0; page * pageBytes < bytes.length; page += 1) {
      file.writePage(page, bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
    }
    file.setRowCount(bytes.length / spec.rowBytes);
    file.sync();
  } finally {
    file.close();
  }
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function damaged(message: string, path: string, cause?: unknown): ClewError {
  return new ClewError('CLEW_LEDGER_DAMAGED', message, { path }, cause);
}

function isOtherVersion(format: unknown): boolean {
  return typeof format === 'string' && /^clew-run\/\d+$/.test(format) && format !== RUN_FORMAT;
}

/**
 * The manifest of a run, or undefined when the folder holds none of that id, or one of another version of the format,
 * which is made anew.
 *
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when it can not be read
 */
export function findRunManifest(runsFolder: string, runId: string): RunManifest | undefined {
  const path = join(runsFolder, runId, MANIFEST_NAME);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(cause, path);
  }
  try {
    const manifest = JSON.parse(text) as RunManifest;
    if (isOtherVersion(manifest.format)) return undefined;
    const isWhole =
      manifest.format === RUN_FORMAT &&
      manifest.runId === runId &&
      columnNames.every((name) => typeof manifest.columns[name].rows === 'number');
    if (isWhole) return manifest;
  } catch {
    // Falls through to the one error for a manifest that can not be used.
  }
  throw damaged('The manifest of a clustering run can not be read.', path);
}

/**
 * The runs kept in a folder, those with the highest tip first. What is being written, or was left behind
 * half written, does not count.
 *
 * @throws {ClewError} CLEW_LEDGER_DAMAGED when a manifest can not be read
 */
export function listRuns(runsFolder: string): RunManifest[] {
  let names: string[];
  try {
    names = readdirSync(runsFolder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError(cause, runsFolder);
  }
  const height = (manifest: RunManifest): number => manifest.tip?.height ?? -1;
  return names
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .flatMap((name) => findRunManifest(runsFolder, name) ?? [])
    .sort((a, b) => height(b) - height(a) || (a.runId < b.runId ? -1 : 1));
}

/**
 * Read a run back: it answers everything as it did when it was made.
 *
 * @param flow the flow index that the run was made from; it may have grown since
 * @throws {ClewError} CLEW_NOT_CLUSTERED when there is no such run, or it was made from another index;
 *   CLEW_LEDGER_DAMAGED when a file of it is missing, cut or altered
 */
export function readRun(flow: FlowIndex, runsFolder: string, runId: string): ClusterRun {
  const manifest = findRunManifest(runsFolder, runId);
  if (manifest === undefined || !isOf(manifest, flow)) {
    throw new ClewError('CLEW_NOT_CLUSTERED', 'There is no such cluster run of this ledger.', {
      runId,
    });
  }
  const folder = join(runsFolder, runId);
  const read = (name: ColumnName): ArrayBuffer => readColumn(folder, name, manifest, flow);
  const u32 = (name: ColumnName): Uint32Array => new Uint32Array(read(name));
  const f64 = (name: ColumnName): Float64Array => new Float64Array(read(name));
  const data: ClusterRunData = {
    runId,
    profile: manifest.profile,
    tip: readTip(manifest),
    windows: manifest.windows,
    rules: manifest.rules,
    parametersDigest: manifest.parametersDigest,
    txEnd: manifest.txEnd,
    lastTxid: manifest.lastTxid ?? undefined,
    counts: manifest.counts,
    roots: u32('roots'),
    countsAsAddress: new Uint8Array(read('countsAsAddress')),
    links: {
      txIndex: f64('linkTx'),
      ruleCode: u32('linkRule'),
      scriptA: u32('linkScriptA'),
      scriptB: u32('linkScriptB'),
      inputA: u32('linkInputA'),
      inputB: u32('linkInputB'),
    },
    verdicts: {
      txIndex: f64('verdictTx'),
      ruleCode: u32('verdictRule'),
      strength: u32('verdictStrength'),
      facts: f64('verdictFacts'),
    },
  };
  return new ClusterRun(flow, data, {
    root: u32('busyRoot'),
    totals: f64('busyTotals'),
    blockBegin: f64('busyBlockBegin'),
    blockFirst: f64('busyBlockFirst'),
    blockOffset: f64('busyBlockOffset'),
    deltas: new Uint8Array(read('busyDeltas')),
  });
}

/** JSON leaves out a hash that is not known; a run says that it is undefined. */
function readTip(manifest: RunManifest): RunTip | undefined {
  const { tip } = manifest;
  return tip === null ? undefined : { height: tip.height, hash: tip.hash };
}

/** The index has the transactions and scripts that the run speaks of. */
function isOf(manifest: RunManifest, flow: FlowIndex): boolean {
  return (
    manifest.network === flow.network.name &&
    manifest.txEnd <= flow.txCount &&
    manifest.columns.roots.rows <= flow.scriptCount &&
    (manifest.lastTxid === null || flow.txid(manifest.txEnd - 1) === manifest.lastTxid)
  );
}

function readColumn(
  folder: string,
  name: ColumnName,
  manifest: RunManifest,
  flow: FlowIndex,
): ArrayBuffer {
  const spec = columnSpec(folder, name, flow.network.magic);
  const expected = manifest.columns[name];
  let file: ColumnFile;
  try {
    file = ColumnFile.open(spec, false);
  } catch (cause) {
    throw damaged('A column of a clustering run is missing or damaged.', spec.path, cause);
  }
  try {
    if (file.rowCount !== expected.rows) {
      throw damaged('A column of a clustering run does not have its row count.', spec.path);
    }
    const bytes = new Uint8Array(expected.rows * spec.rowBytes);
    const pageBytes = PAGE_ROWS * spec.rowBytes;
    for (let page = 0; page * pageBytes < bytes.length; page += 1) {
      file.readPage(page, bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
    }
    if (sha256(bytes) !== expected.sha256) {
      throw damaged('A column of a clustering run was altered.', spec.path);
    }
    return bytes.buffer;
  } finally {
    file.close();
  }
}
