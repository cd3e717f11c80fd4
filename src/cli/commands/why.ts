import { describeCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption } from '../common-options.ts';

export const whyCommand = describeCommand({
  name: 'why',
  about:
    'Shows why two addresses are in one cluster: the shortest chain of links, each with its transaction, ' +
    'rule and version.',
  positionals: {
    from: { kind: 'text', value: 'ADDRESS', help: 'one address' },
    to: { kind: 'text', value: 'ADDRESS', help: 'another address' },
  },
  options: { ...dataOptions, ...asOfOption, ...jsonOption },
  examples: ['clew why 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa 12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX'],
  access: 'read',
});
