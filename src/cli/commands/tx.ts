import { describeCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption } from '../common-options.ts';

export const txCommand = describeCommand({
  name: 'tx',
  about: 'Shows one transaction: its block, inputs, outputs, fee, and who spent its outputs.',
  positionals: { txid: { kind: 'text', value: 'TXID', help: 'transaction id, 64 hex digits' } },
  options: { ...dataOptions, ...asOfOption, ...jsonOption },
  examples: ['clew tx 4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'],
  access: 'read',
});
