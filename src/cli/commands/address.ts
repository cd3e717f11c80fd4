import { describeCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption, pageOptions } from '../common-options.ts';

export const addressCommand = describeCommand({
  name: 'address',
  about:
    'Shows one address: balance, received, sent, first and last seen, tags, and its history by pages.',
  positionals: { address: { kind: 'text', value: 'ADDRESS', help: 'an address of the network' } },
  options: { ...dataOptions, ...asOfOption, ...pageOptions, ...jsonOption },
  examples: ['clew address 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa --limit 10'],
  access: 'read',
});
