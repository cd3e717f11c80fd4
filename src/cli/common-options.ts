/** Options that several commands share, so that one name always means the same. */
import type { CountOption } from './option.ts';

/** Networks as typed; held to the table in `src/chain/network.ts` by a test. */
export const NETWORK_CHOICES = [
  'main',
  'testnet3',
  'testnet4',
  'signet',
  'regtest',
  'litecoin',
] as const;

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
    defaultHelp: 'the only one in the data folder',
  },
} as const;

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

/** How far following goes, for `trace` and `investigate`; each limit that is hit is named in the result. */
export const traceOptions = {
  method: {
    kind: 'choice',
    value: 'METHOD',
    choices: ['fifo', 'haircut'],
    default: 'fifo',
    help: 'fifo: first in, first out; haircut: each output takes its share of every input',
  },
  depth: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 10_000,
    default: 25,
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
    help: 'leave out what happened before: a day, a time in UTC, or Unix seconds',
  },
  to: { kind: 'time', value: 'TIME', dayEdge: 'end', help: 'leave out what happened after' },
  maxTransactions: {
    kind: 'count',
    value: 'N',
    min: 1,
    max: 1_000_000_000,
    default: 1_000_000,
    help: 'stop after this many transactions in all',
  },
  stopAtServices: {
    kind: 'flag',
    on: true,
    help: 'follow through tagged services too (what comes out is other customers\u2019 money)',
  },
  stopAtCoinjoins: { kind: 'flag', on: true, help: 'follow through CoinJoins too' },
} as const;
