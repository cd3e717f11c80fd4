import { describeCommand } from '../command.ts';
import { jsonOption, progressOption } from '../common-options.ts';

export const simulateCommand = describeCommand({
  name: 'simulate',
  about:
    'Makes an economy of which everything is known: block files, who owns which address and why each ' +
    'payment was made, an incomplete TagPack, prices, and a sample seed set.',
  positionals: {},
  options: {
    out: { kind: 'path', value: 'DIR', required: true, help: 'folder to write into' },
    transactions: {
      kind: 'count',
      value: 'N',
      min: 1,
      max: 10_000_000,
      default: 20_000,
      help: 'how many transactions, about',
    },
    seed: { kind: 'text', value: 'TEXT', default: '1', help: 'same seed, same bytes' },
    force: { kind: 'flag', help: 'write into a folder that is not empty' },
    ...jsonOption,
    ...progressOption,
  },
  examples: ['clew simulate --out sample --transactions 20000 --seed 7'],
  access: 'none',
});
