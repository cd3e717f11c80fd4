import { describeCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';

export const tagsImportCommand = describeCommand({
  name: 'tags import',
  about:
    'Imports what sources say about addresses: GraphSense TagPacks (YAML, also gzipped) and OFAC lists. ' +
    'Tags that disagree are all kept and shown.',
  positionals: {
    paths: {
      kind: 'path',
      value: 'PATH',
      many: true,
      help: 'files, or folders to search for them',
    },
  },
  options: { data: dataOptions.data, ...jsonOption },
  examples: ['clew tags import tagpacks/packs ofac/'],
  access: 'write',
});
