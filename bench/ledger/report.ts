/** The tables of the bench `ledger`, as Markdown. */
import { BITCOIN_2026, judge, type ProjectedPart } from '../projection.ts';
import type { AskedLedger } from './ask-child.ts';
import type { IndexedChain } from './index-child.ts';
import type { CpuSeconds } from './thread-watch.ts';

export interface LedgerRun {
  /** As `3 M`. */
  readonly name: string;
  readonly indexed: IndexedChain;
  readonly cpu: CpuSeconds;
  /** Seconds of all rounds, of which `indexed` is the middle one. */
  readonly rounds: readonly number[];
  readonly memoryBytes: number;
  readonly howCold: string;
  readonly cold: AskedLedger;
  readonly warm: AskedLedger;
  readonly kill: { readonly transactions: number; readonly seconds: number } | undefined;
  /** Once more, with less memory. */
  readonly tight: Pick<LedgerRun, 'indexed' | 'cpu'>;
  readonly tightBytes: number;
}

/** Parts of the disk that are shown one by one. */
const PARTS_SHOWN = 24;
/** Per page of a column: its arrays, its budget entry, whether it changed, its checksum. */
const PAGE_TABLE_BYTES = 48;
/** Per block: what the scan keeps, and the ledger's own list, twice while they grow. */
const HEADER_BYTES = 1_000;
const MEMORY_TARGET = 32e9;
/** A quarter of a machine with 32 GB, as `--memory` is by default. */
const MEMORY_SETTING = 8e9;

function number(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toPrecision(Math.abs(value) >= 10 ? 3 : 2);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cpuTotal({ main, workers, V8, engine }: CpuSeconds): number {
  return main + workers + V8 + engine;
}

/** Rates, processor time and memory of indexing. */
export function indexTable(runs: readonly LedgerRun[]): string {
  const row = (
    name: string,
    memoryBytes: number,
    { indexed, cpu }: Pick<LedgerRun, 'indexed' | 'cpu'>,
    rounds: readonly number[],
  ): string[] => {
    const transactions = Number(indexed.counters.transactions);
    const micros = (seconds: number): string => number((seconds / transactions) * 1e6);
    const spread =
      rounds.length > 1
        ? ` (${Math.min(...rounds).toFixed(1)} to ${Math.max(...rounds).toFixed(1)})`
        : '';
    return [
      name,
      `${memoryBytes / 2 ** 20} MiB`,
      `${indexed.seconds.toFixed(1)}${spread}`,
      number(transactions / indexed.seconds),
      number(indexed.bytesRead / indexed.seconds / 1e6),
      micros(cpu.main),
      micros(cpu.workers),
      micros(cpu.V8),
      micros(cpu.engine),
      micros(cpuTotal(cpu)),
      `${number(indexed.peakBytes / 1e9)} GB`,
    ];
  };
  const head = ['transactions', '--memory', 'seconds', 'tx/s', 'MB/s'];
  head.push('CPU µs/tx: main thread', 'workers', 'V8', 'engine', 'all', 'peak memory');
  const rows = runs.flatMap((run) => [
    row(run.name, run.memoryBytes, run, run.rounds),
    row(run.name, run.tightBytes, run.tight, []),
  ]);
  return `### Indexing\n\nReading headers comes before (${runs
    .map(({ name, indexed }) => `${indexed.scanSeconds.toFixed(2)} s at ${name}`)
    .join(', ')}). Processor time includes start and the checks after.\n\n${table(head, rows)}`;
}

/** Wall time of the main thread by stage. */
export function stageTable(runs: readonly LedgerRun[]): string {
  const stages = Object.entries(runs.at(-1)!.indexed.stages)
    .sort((a, b) => b[1] - a[1])
    .map(([stage]) => stage);
  const rows = stages.map((stage) => [
    stage,
    ...runs.map(({ indexed }) => {
      const seconds = indexed.stages[stage] ?? 0;
      return `${seconds.toFixed(2)} s, ${((seconds / indexed.seconds) * 100).toFixed(1)} %`;
    }),
  ]);
  return `### Where the main thread's time goes\n\nWall time by stage, each without those inside it.\n\n${table(
    ['stage', ...runs.map(({ name }) => name)],
    rows,
  )}`;
}

const sum = (values: Iterable<number>): number =>
  [...values].reduce((all, value) => all + value, 0);

/** What a ledger takes on the disk. */
export function diskTable(runs: readonly LedgerRun[], parts: readonly ProjectedPart[]): string {
  const perUnit = runs.map(({ name, indexed }) => {
    const flow = sum(Object.values(indexed.disk.flow));
    const tables = sum(Object.values(indexed.disk.tables));
    const { transactions, inputs, outputs, scripts } = indexed.rows;
    const per = (rows: number | undefined): string => number((flow + tables) / rows!);
    return [
      name,
      number(flow / transactions!),
      number(tables / transactions!),
      per(transactions),
      per(inputs),
      per(outputs),
      per(scripts),
      `${number(indexed.disk.engineBytes / transactions!)}, ${indexed.disk.mergesUnderWay} merges under way, ${indexed.disk.parts} parts`,
    ];
  });
  const head = ['transactions', 'columns and keys, bytes/tx', 'tables, bytes/tx', 'both, bytes/tx'];
  head.push('per input', 'per output', 'per script', 'files of the tables just after, bytes/tx');
  const measured = runs.map(({ indexed }) => ({ ...indexed.disk.flow, ...tableNames(indexed) }));
  const rows = parts
    .slice(0, PARTS_SHOWN)
    .map(({ name, kind, bytesPerRow, bytes }) => [
      name,
      kind,
      ...runs.map(({ indexed }, i) => number((measured[i]![name] ?? 0) / indexed.rows[kind]!)),
      number(bytesPerRow),
      number(bytes / 1e9),
    ]);
  const partHead = ['part', 'a row is one of', ...runs.map(({ name }) => `bytes/row at ${name}`)];
  partHead.push('bytes/row, Bitcoin', 'GB, Bitcoin');
  return `### On the disk\n\nTables: live parts. Parts that were merged stay some minutes more (last column).\n\n${table(
    head,
    perUnit,
  )}\n\nThe ${PARTS_SHOWN} heaviest, of Bitcoin as projected below:\n\n${table(partHead, rows)}`;
}

function tableNames({ disk }: IndexedChain): Record<string, number> {
  return Object.fromEntries(
    Object.entries(disk.tables).map(([name, bytes]) => [
      name.includes('.') ? `table ${name}` : `table ${name}: indexes`,
      bytes,
    ]),
  );
}

/** The peak without what the setting bounds: program, threads, engine, batches, and what grows with the chain. */
function besideSetting({ peakBytes, held }: IndexedChain): number {
  return peakBytes - held.pages - held.keys;
}

/** Memory that grows with the chain whatever the setting is, by what it is made of. */
function growingMemory(columnBytes: number, keyBytes: number): { name: string; bytes: number }[] {
  const { scripts, blocks } = BITCOIN_2026;
  return [
    { name: 'which scripts were revealed, a bit each', bytes: scripts / 8 },
    {
      name: `tables of pages, ${PAGE_TABLE_BYTES} bytes per 64 KiB`,
      bytes: (columnBytes / 65_536) * PAGE_TABLE_BYTES,
    },
    { name: 'lists of key blocks, 8 bytes per 2 KiB', bytes: (keyBytes / 2048) * 8 },
    { name: `headers, ${HEADER_BYTES} bytes per block`, bytes: blocks * HEADER_BYTES },
  ];
}

/** Pages that were read from their files for each input: those that came into memory without the new ones. */
function pagesReadPerInput({ held, disk, rows }: IndexedChain): number {
  const columns = Object.entries(disk.flow).filter(([name]) => !name.endsWith('Keys'));
  const newPages = sum(columns.map(([, bytes]) => bytes)) / 65_536;
  return Math.max(0, held.pagesAdmitted - newPages) / rows['inputs']!;
}

/** Share of all columns' bytes that memory held at the end. */
function shareHeld({ held, disk }: IndexedChain): number {
  const columns = Object.entries(disk.flow).filter(([name]) => !name.endsWith('Keys'));
  return Math.min(1, held.pages / sum(columns.map(([, bytes]) => bytes)));
}

/** What holds memory. */
export function memoryTable(runs: readonly LedgerRun[]): string {
  const row = (name: string, memoryBytes: number, indexed: IndexedChain): string[] => {
    const { held, peakBytes, counters, engineBytes } = indexed;
    const bounded = held.pages + held.keys;
    return [
      name,
      `${memoryBytes / 2 ** 20} MiB`,
      `${number(peakBytes / 1e6)} MB`,
      `${number(held.pages / 1e6)} MB, ${(shareHeld(indexed) * 100).toFixed(0)} % of all`,
      `${number(held.keys / 1e6)} MB`,
      `${number(besideSetting(indexed) / 1e6)} MB`,
      `${number(engineBytes / 1e6)} MB`,
      number(pagesReadPerInput(indexed)),
      number(bounded / Number(counters.unspentCount)),
      number(bounded / Number(counters.addresses)),
    ];
  };
  const head = ['transactions', '--memory', 'peak', 'of it pages', 'of it keys'];
  head.push('beside the setting', 'of that the engine, at the end', 'pages read per input');
  head.push('pages and keys, bytes/unspent output', 'bytes/address');
  const rows = runs.flatMap((run) => [
    row(run.name, run.memoryBytes, run.indexed),
    row(run.name, run.tightBytes, run.tight.indexed),
  ]);
  const after = runs.map(({ name, indexed, warm, cold }) => [
    name,
    `${number(cold.peakBytes / 1e6)} MB`,
    ...(warm.cluster === undefined
      ? ['', '', '', '']
      : [
          `${number(warm.cluster.bytes / 1e6)} MB`,
          number(warm.cluster.bytes / indexed.rows['scripts']!),
          number(warm.cluster.bytes / indexed.rows['inputs']!),
          `${number(warm.cluster.seconds)} s`,
        ]),
  ]);
  const afterHead = ['transactions', 'peak of look-ups', 'clustering, on top', 'bytes/script'];
  afterHead.push('bytes/input', 'time');
  return `### Memory\n\n"Beside the setting" is the peak without pages and keys: it must not grow with the chain.\n\n${table(
    head,
    rows,
  )}\n\n${table(afterHead, after)}`;
}

/** Look-ups and frontiers, cold and warm. */
export function lookupTable(runs: readonly LedgerRun[]): string {
  const names = Object.keys(runs[0]!.cold.first);
  const rows = names.map((name) => [
    name,
    ...runs.flatMap(({ cold, warm }) => {
      const of = [cold.first[name]!, warm.again[name]!];
      return of.map(({ p50, p99 }) =>
        p50 === p99 ? number(p50) : `${number(p50)} / ${number(p99)}`,
      );
    }),
  ]);
  const head = ['milliseconds, p50 / p99'];
  for (const { name } of runs) head.push(`${name}, cold`, `${name}, warm`);
  return `### Look-ups\n\nCold: ${runs[0]!.howCold}; 100 to 150 questions of a kind, each asked once, the first ones load what the later ones share. Warm: asked a second and third time.\n\n${table(
    head,
    rows,
  )}`;
}

export function restartTable(runs: readonly LedgerRun[]): string {
  const ms = ({ openMs, flowMs, firstLookupMs }: AskedLedger): string =>
    `${number(openMs)} + ${number(flowMs)} + ${number(firstLookupMs)}`;
  const rows = runs.map(({ name, cold, warm, kill }) => [
    name,
    ms(cold),
    ms(warm),
    kill === undefined
      ? 'not measured'
      : `${number(kill.seconds)} s for ${number(kill.transactions)} transactions`,
  ]);
  const head = [
    'transactions',
    'cold: ledger + flow index + first look-up, ms',
    'warm',
    'opened after SIGKILL',
  ];
  return `### Opening again\n\n${table(head, rows)}`;
}

/** Runs that say something of growth: in shorter ones the program itself is still growing. */
function longRuns(runs: readonly LedgerRun[]): LedgerRun[] {
  return runs.filter(({ indexed }) => indexed.rows['transactions']! >= 1_000_000);
}

/**
 * Bytes by which what is beside the setting grew with each script, between the smallest and the largest of the runs that had
 * as much memory as the largest one's second run: undefined when there is one alone.
 */
function growthBeside(runs: readonly LedgerRun[]): number | undefined {
  const { tightBytes } = runs.at(-1)!;
  const same = longRuns(runs)
    .filter((run) => run.tightBytes === tightBytes)
    .map(({ tight }) => tight.indexed);
  const [first, last] = [same[0], same.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const scripts = last.rows['scripts']! - first.rows['scripts']!;
  return (besideSetting(last) - besideSetting(first)) / scripts;
}

/** Bytes that clustering takes more with each input: between the smallest and the largest run, or of the only one. */
function clusterBytesPerInput(runs: readonly LedgerRun[]): number {
  const long = longRuns(runs);
  const points = (long.length > 0 ? long : runs.slice(-1)).map(({ indexed, warm }) => ({
    inputs: indexed.rows['inputs']!,
    bytes: warm.cluster?.bytes ?? 0,
  }));
  const [first, last] = [points[0]!, points.at(-1)!];
  if (points.length === 1) return last.bytes / last.inputs;
  return (last.bytes - first.bytes) / (last.inputs - first.inputs);
}

/** All of Bitcoin, by what rows take. */
export function projectionTable(
  runs: readonly LedgerRun[],
  parts: readonly ProjectedPart[],
  diskTarget: number,
): string {
  const group = (filter: (part: ProjectedPart) => boolean): number =>
    sum(parts.filter(filter).map(({ bytes }) => bytes));
  const isTable = ({ name }: ProjectedPart): boolean => name.startsWith('table ');
  const isKeys = ({ name }: ProjectedPart): boolean => name.endsWith('Keys');
  const disk = judge(parts, diskTarget);
  const gb = (bytes: number): string => `${number(bytes / 1e9)} GB`;
  const rows = [
    ['disk: columns', gb(group((part) => !isTable(part) && !isKeys(part)))],
    ['disk: key indexes', gb(group(isKeys))],
    ['disk: tables', gb(group(isTable))],
    [`**disk**, target ${gb(diskTarget)}`, `**${gb(disk.bytes)}**: ${verdict(disk)}`],
  ];
  const last = runs.at(-1)!;
  const fixed = Math.max(
    ...runs.flatMap(({ indexed, tight }) => [indexed, tight.indexed].map(besideSetting)),
  );
  const growing = growingMemory(
    group((part) => !isTable(part) && !isKeys(part)),
    group(isKeys),
  );
  const memory = judge([{ bytes: MEMORY_SETTING }, { bytes: fixed }, ...growing], MEMORY_TARGET);
  rows.push(
    ['memory: --memory, the default of a machine with 32 GB', gb(MEMORY_SETTING)],
    ['memory: beside the setting, the most that was measured', gb(fixed)],
    ...growing.map(({ name, bytes }) => [`memory: ${name}`, gb(bytes)]),
    [
      `**memory while indexing**, target ${gb(MEMORY_TARGET)}`,
      `**${gb(memory.bytes)}**: ${verdict(memory)}`,
    ],
  );
  const growth = growthBeside(runs);
  if (growth !== undefined && growth > 0) {
    const worst = judge(
      [{ bytes: memory.bytes }, { bytes: growth * BITCOIN_2026.scripts }],
      MEMORY_TARGET,
    );
    rows.push([
      `the same, if ${number(growth)} bytes per script, by which the peak grew beside the setting, were to go on in step`,
      `${gb(worst.bytes)}: ${verdict(worst)}`,
    ]);
  }
  const cluster = last.warm.cluster;
  if (cluster !== undefined) {
    const perInput = clusterBytesPerInput(runs);
    const clustering = judge([{ bytes: perInput * BITCOIN_2026.inputs }], MEMORY_TARGET);
    rows.push([
      `**memory while clustering**, ${number(perInput)} bytes per input, target ${gb(MEMORY_TARGET)}`,
      `**${gb(clustering.bytes)}**: ${verdict(clustering)}`,
    ]);
  }
  const { transactions, inputs, outputs, scripts } = BITCOIN_2026;
  return `### Projected: Bitcoin of 2026\n\n${number(transactions / 1e6)} million transactions, ${number(inputs / 1e6)} million inputs, ${number(
    outputs / 1e6,
  )} million outputs, ${number(scripts / 1e6)} million scripts; bytes per row from the runs above, not measured on Bitcoin.\n\n${table(
    ['', ''],
    rows,
  )}`;
}

function verdict({ isMet, share }: { readonly isMet: boolean; readonly share: number }): string {
  const off = Math.abs(share - 1) * 100;
  return isMet ? `met, ${number(off)} % below` : `**missed**, ${number(off)} % above`;
}
