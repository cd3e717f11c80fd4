import { describeCommand } from '../command.ts';
import { dataOptions, HEIGHT_MAX, jsonOption, progressOption } from '../common-options.ts';

export const indexCommand = describeCommand({
  name: 'index',
  about:
    'Reads the block files of a folder into the ledger, clusters the addresses and builds the flow index. ' +
    'Stopped half way, it goes on from there when it is called again.',
  positionals: {},
  options: {
    blocks: {
      kind: 'path',
      value: 'DIR',
      help: 'folder with blk*.dat files of a node, or with raw blocks (not needed with --rebuild-flow)',
    },
    ...dataOptions,
    network: {
      ...dataOptions.network,
      help: 'take only blocks of this network, when a folder mixes several',
      defaultHelp: 'recognised from the files',
    },
    height: {
      kind: 'count',
      value: 'HEIGHT',
      min: 0,
      max: HEIGHT_MAX,
      help: 'height of the first block, where neither its parent nor its coinbase tells it',
    },
    keepRaw: { kind: 'flag', help: 'copy the raw transactions, so that the block files may go' },
    rebuildFlow: {
      kind: 'flag',
      help: 'make the flow index and the clusters anew from the ledger',
    },
    ...jsonOption,
    ...progressOption,
  },
  examples: ['clew index --blocks ~/.bitcoin/blocks', 'clew index --rebuild-flow'],
  notes: [
    'Damaged or foreign records are reported with file and offset, and the rest is indexed. What was ' +
      'there before stays.',
  ],
  access: 'write',
});
