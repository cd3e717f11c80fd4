import { describeCommand } from '../command.ts';
import { dataOptions } from '../common-options.ts';

export const startCommand = describeCommand({
  name: 'start',
  about:
    'Everything at once, as `npm start` calls it: makes a sample economy unless blocks are given, indexes ' +
    'it, investigates its seed set and serves the report. What is there already is used again.',
  positionals: {},
  options: {
    blocks: { kind: 'path', value: 'DIR', help: 'your own block files, instead of the sample' },
    seeds: { kind: 'path', value: 'FILE', help: 'your own seed set' },
    tags: { kind: 'path', value: 'PATH', many: true, help: 'tag files to import first' },
    prices: { kind: 'path', value: 'FILE', help: 'CSV of daily prices' },
    port: {
      kind: 'count',
      value: 'PORT',
      min: 0,
      max: 65_535,
      default: 0,
      help: '0 takes a free one',
    },
    ...dataOptions,
  },
  examples: ['npm start -- --blocks ~/.bitcoin/blocks --seeds seeds.csv'],
  access: 'host',
});
