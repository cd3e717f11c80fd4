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
    help: `network: ${NETWORK_CHOICES.join(', ')}`,
    defaultHelp: 'the only one in the data folder',
  },
} as const;

export const jsonOption = {
  json: { kind: 'flag', help: 'print JSON (docs/formats/cli-json.md) instead of text' },
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
    help: 'go on where the page before ended (it names its cursor)',
    defaultHelp: 'the first page',
  },
} as const;
