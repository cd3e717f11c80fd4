/** The tables of `npm run bench -- peers`. */
import type { Measured } from './measure-process.ts';
import type { PeerWork } from './peer.ts';

export interface Run extends Measured {
  readonly transactions: number;
  readonly bytes: number;
  readonly resultBytes: number | undefined;
}

export interface Contestant {
  readonly name: string;
  readonly work: PeerWork;
  readonly runs: Run[];
  readonly note: string;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

export function number(value: number): string {
  if (Number.isNaN(value)) return '?';
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(2);
}

interface Column {
  readonly head: string;
  cell(of: Contestant, clew: Contestant): string;
}

function rate({ runs }: Contestant): number {
  return median(runs.map((run) => run.transactions / run.seconds));
}

function cpuPerMillion({ runs }: Contestant): number {
  return median(runs.map((run) => ((run.cpuSeconds ?? Number.NaN) / run.transactions) * 1e6));
}

/** What was measured: medians over the runs, and Clew beside it. */
export const FIGURES: readonly Column[] = [
  { head: 'tool', cell: ({ name }) => name },
  { head: 'tx/s', cell: (of) => number(rate(of)) },
  {
    head: 'MB/s',
    cell: ({ runs }) => number(median(runs.map((run) => run.bytes / run.seconds / 1e6))),
  },
  { head: 'Clew ÷ it', cell: (of, clew) => number(rate(clew) / rate(of)) },
  { head: 'CPU s per million tx', cell: (of) => number(cpuPerMillion(of)) },
  {
    head: 'CPU, Clew ÷ it',
    cell: (of, clew) => number(cpuPerMillion(clew) / cpuPerMillion(of)),
  },
  {
    head: 'peak memory',
    cell: ({ runs }) =>
      `${number(Math.max(...runs.map((run) => run.peakBytes ?? Number.NaN)) / 1e6)} MB`,
  },
  {
    head: 'left on disk',
    cell: ({ runs: [run] }) =>
      run!.resultBytes === undefined
        ? 'nothing'
        : `${number(run!.resultBytes / run!.transactions)} bytes/tx`,
  },
  { head: 'slowest to fastest run', cell: ({ runs }) => spread(runs) },
];

/** What each does in that time. */
export const WORK: readonly Column[] = [
  { head: 'tool', cell: ({ name }) => name },
  { head: 'values of inputs', cell: ({ work }) => work.values },
  { head: 'addresses', cell: ({ work }) => work.addresses },
  { head: 'clusters', cell: ({ work }) => work.clusters },
  { head: 'checks', cell: ({ work }) => work.checks },
  { head: 'keeps', cell: ({ work }) => work.keeps },
  { head: 'note', cell: ({ note }) => note },
];

function spread(runs: readonly Run[]): string {
  const seconds = runs.map((run) => run.seconds);
  return `${Math.max(...seconds).toFixed(2)} to ${Math.min(...seconds).toFixed(2)} s`;
}

/** Prints a Markdown table of the contestants; the first is the one that the others stand beside. */
export function printTable(columns: readonly Column[], contestants: readonly Contestant[]): void {
  const line = (cells: readonly string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
  line(columns.map(({ head }) => head));
  line(columns.map(() => '---'));
  for (const contestant of contestants) {
    line(columns.map(({ cell }) => cell(contestant, contestants[0]!)));
  }
}
