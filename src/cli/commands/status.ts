import { describeCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';

export const statusCommand = describeCommand({
  name: 'status',
  about:
    'Shows what has been indexed: the tip, and counts of blocks, transactions, addresses and clusters.',
  positionals: {},
  options: { ...dataOptions, ...jsonOption },
  examples: ['clew status --json'],
  notes: [
    'Values in satoshi are strings in JSON. `fees` is null when some inputs spend outputs that lie ' +
      'outside what was indexed; `unknownInputs` counts those.',
  ],
  access: 'read',
});
