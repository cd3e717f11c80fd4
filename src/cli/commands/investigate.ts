import { describeCommand } from '../command.ts';
import {
  asOfOption,
  dataOptions,
  jsonOption,
  progressOption,
  traceOptions,
} from '../common-options.ts';

export const investigateCommand = describeCommand({
  name: 'investigate',
  about:
    'The main job: from a seed set to a report. Finds which seeds belong together, who paid in, and ' +
    'where the money was cashed out, and writes report.html, report.json and CSV files.',
  positionals: {
    seeds: {
      kind: 'path',
      value: 'SEEDS.csv',
      help: 'header with address, txid or outpoint; optional source, site, seen_at, note',
    },
  },
  options: {
    out: { kind: 'path', value: 'DIR', required: true, help: 'folder for the report' },
    title: {
      kind: 'text',
      value: 'TEXT',
      help: 'title of the report',
      defaultHelp: 'the file name',
    },
    prices: {
      kind: 'path',
      value: 'FILE',
      help: 'CSV of daily prices, for amounts in fiat of the day',
    },
    tags: {
      kind: 'path',
      value: 'PATH',
      many: true,
      help: 'tag files to use for this report, beside those imported',
    },
    ...traceOptions,
    ...dataOptions,
    ...asOfOption,
    force: { kind: 'flag', help: 'write into a folder that is not empty' },
    ...jsonOption,
    ...progressOption,
  },
  examples: ['clew investigate seeds.csv --out report --prices prices.csv'],
  notes: [
    'Lines that can not be used are listed in the report with the reason. The same input gives the ' +
      'same bytes.',
  ],
  access: 'read',
});
