import { describeCommand } from '../command.ts';
import { dataOptions } from '../common-options.ts';

export const serveCommand = describeCommand({
  name: 'serve',
  about:
    'Shows reports and pages for transactions, addresses and clusters in the browser of this machine. ' +
    'While it runs, other commands are answered through it.',
  positionals: {},
  options: {
    report: {
      kind: 'path',
      value: 'DIR',
      many: true,
      help: 'folder of a report made by clew investigate, to show it too',
    },
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
  examples: ['clew serve --report report --port 8400'],
  notes: ['It listens on 127.0.0.1 alone. Ctrl-C ends it.'],
  access: 'host',
});
