/** Options that several commands share, so that one name always means the same. */
import { NETWORK_NAMES } from '../chain/network.ts';
import { LARGE_CLUSTER_SCRIPTS, type TraceLimits } from '../trace/investigation.ts';
import type { CountOption, SizeOption } from './option.ts';

/** Networks as typed. */
export const NETWORK_CHOICES = NETWORK_NAMES;

export const HEIGHT_MAX = 0xffff_fffe;

export const dataOptions = {
  data: {
    kind: 'path',
    value: 'DIR',
    help: 'data folder',
    defaultHelp: 'one per user',
  },
  network: {
    kind: 'choice',
    value: 'NAME',
    choices: NETWORK_CHOICES,
    help: `one of ${NETWORK_CHOICES.join(', ')}`,
    defaultHelp: 'the only one in the data folder, a real one before a test one',
  },
  ledger: {
    kind: 'text',
    value: 'URL|FILE',
    help: 'the ledger on a ClickHouse server (http://host:8123/database), or on the shards that a file names',
    defaultHelp: 'in the data folder, or where its ledger was before',
  },
} as const;

/** For commands that write into a ledger. */
export const takeOverOption = {
  takeOver: {
    kind: 'flag',
    help: 'write into a ledger on servers that another data folder wrote so far; nobody may write there any more',
  },
} as const;

/** For commands that read or write much of a ledger. */
export const memoryOption = {
  memory: {
    kind: 'size',
    value: 'SIZE',
    min: 64 * 2 ** 20,
    max: 2 ** 40,
    help: 'memory for pages and key tables of the ledger, such as 512MB or 8GB; database and threads come on top',
    defaultHelp: 'a quarter of the machine, from 1GB to 24GB',
  },
} as const satisfies Record<string, SizeOption>;

export const jsonOption = {
  json: { kind: 'flag', help: 'print JSON instead of text' },
} as const;

export const progressOption = {
  progress: { kind: 'flag', help: 'show progress even where stderr is no terminal' },
} as const;

export const asOfOption = {
  asOf: {
    kind: 'count',
    value: 'HEIGHT',
    min: 0,
    max: HEIGHT_MAX,
    help: 'answer as if this block were the last one',
    defaultHelp: 'the tip',
  },
} as const satisfies Record<string, CountOption>;

export const pageOptions = {
  limit: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 10_000,
    default: 50,
    help: 'rows on this page',
  },
  cursor: {
    kind: 'text',
    value: 'CURSOR',
    help: 'go on after the page that named this cursor',
    defaultHelp: 'the first page',
  },
} as const;

/** How far following goes; each limit that is hit is named in the result. */
export const limitOptions = {
  depth: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 10_000,
    default: 10,
    help: 'stop after this many transactions in a row',
  },
  minSats: {
    kind: 'count',
    value: 'SATS',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 1000,
    help: 'do not follow less than this',
  },
  from: {
    kind: 'time',
    value: 'TIME',
    dayEdge: 'start',
    help: 'stop at what happened before: a day, a time in UTC, or Unix seconds',
  },
  to: { kind: 'time', value: 'TIME', dayEdge: 'end', help: 'stop at what happened after' },
  maxTransactions: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 1_000_000_000,
    default: 200_000,
    help: 'stop after this many transactions in all',
  },
  largeCluster: {
    kind: 'count',
    value: 'N',
    min: 0,
    max: 1_000_000_000,
    default: LARGE_CLUSTER_SCRIPTS,
    help: 'stop at unnamed clusters of more scripts than this, which may be services; 0 follows through all',
  },
} as const;

/** The limits as the tracing engine takes them. */
export function traceLimits(options: {
  readonly depth: number;
  readonly minSats: number;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly maxTransactions: number;
  readonly largeCluster: number;
}): TraceLimits {
  const { depth, minSats, from, to, maxTransactions, largeCluster } = options;
  return {
    depth,
    transactionsMax: maxTransactions,
    valueMinSats: minSats,
    ...(from !== undefined && { fromSeconds: from }),
    ...(to !== undefined && { toSeconds: to }),
    ...(largeCluster > 0 && { clusterScriptsMax: largeCluster }),
  };
}
