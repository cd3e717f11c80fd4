import { ClewError } from '../../errors.ts';
import { EXIT } from '../../exit-codes.ts';
import { defineCommand } from '../command.ts';
import {
  dataOptions,
  HEIGHT_MAX,
  memoryOption,
  progressOption,
  takeOverOption,
} from '../common-options.ts';
import { FollowPrinter } from '../follow-text.ts';
import { nodeOptions, openNode } from '../node-options.ts';

export const followCommand = defineCommand({
  name: 'follow',
  about:
    'Reads blocks from a Bitcoin node over its RPC server, from where the ledger ends, and keeps up with the node: through ' +
    'reorganisations, and restarts of either side.',
  positionals: {},
  options: {
    ...nodeOptions,
    ...dataOptions,
    network: { ...dataOptions.network, defaultHelp: 'that of the node' },
    from: {
      kind: 'count',
      value: 'HEIGHT',
      min: 0,
      max: HEIGHT_MAX,
      help: 'first block of a new ledger; what its blocks spend from before is unknown',
      defaultHelp: '0, or where the ledger ends',
    },
    once: { kind: 'flag', help: 'end when the ledger has all blocks of the node' },
    poll: {
      kind: 'count',
      value: 'SECONDS',
      min: 0,
      max: 3600,
      default: 1,
      help: 'seconds between two looks at a node that has nothing new; with 0 ten a second',
    },
    keepRaw: {
      kind: 'flag',
      help: 'keep the bytes of the blocks too, so that the node is not needed to read them again',
    },
    ...takeOverOption,
    ...memoryOption,
    json: { kind: 'flag', help: 'print one line of JSON for each event instead of text' },
    ...progressOption,
  },
  examples: [
    'clew follow --rpc http://127.0.0.1:8332',
    'clew follow --rpc http://127.0.0.1:8332 --from 840000 --once',
    'clew follow --rpc https://127.0.0.1:8334 --rpc-ca node.pem --rpc-user me --rpc-password-file pw',
  ],
  notes: [
    'Ctrl-C ends it. `clew serve --rpc URL` follows and shows pages in one; beside `clew follow` alone other commands ' +
      'find the data folder in use.',
    'A password is never taken from the command line: give a cookie file, a password file, or CLEW_RPC_PASSWORD.',
    'Each block is checked before it counts: its hash, work and parent, its transactions and witnesses, and every spend.',
    'Clusters are made when they are first asked for, not with each block.',
  ],
  access: 'write',
  async run(options, context) {
    const { network: asked, from, once, poll, keepRaw, json } = options;
    const node = await openNode(options, asked);
    if (node === undefined) {
      throw new ClewError('CLEW_USAGE', '--rpc URL is missing.', { command: 'follow' });
    }
    try {
      const { follow, networkOfNode } = await import('../../pipeline/follow.ts');
      const { clock, signal, session } = context;
      const patience = { clock, signal, isOnce: once, onWaiting: context.warn };
      const network = asked ?? (await networkOfNode(node, patience));
      if (network === undefined) return EXIT.ok;
      const printer = new FollowPrinter(context, network, json);
      try {
        // A server that follows a node already has its own at hand.
        if (!session.nodes.has(network)) session.nodes.set(network, node);
        await follow(session, network, node, {
          ...patience,
          ...(from !== undefined && { fromHeight: from }),
          keepRaw,
          pollMs: Math.max(100, 1000 * poll),
          isServing: false,
          onEvent: printer.onEvent,
        });
      } finally {
        printer.end();
        if (session.nodes.get(network) === node) session.nodes.delete(network);
      }
    } finally {
      node.close();
    }
    // Ctrl-C is how it is meant to end.
    return EXIT.ok;
  },
});
