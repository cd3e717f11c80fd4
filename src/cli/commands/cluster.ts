import { describeCommand } from '../command.ts';
import { asOfOption, dataOptions, jsonOption, pageOptions } from '../common-options.ts';

export const clusterCommand = describeCommand({
  name: 'cluster',
  about:
    'Shows the cluster of an address: its run, its id, its size, its tags, and its members by pages. ' +
    'A cluster is what a rule groups, not a person.',
  positionals: { address: { kind: 'text', value: 'ADDRESS', help: 'any member' } },
  options: { ...dataOptions, ...asOfOption, ...pageOptions, ...jsonOption },
  examples: ['clew cluster 12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S --json'],
  access: 'read',
});
