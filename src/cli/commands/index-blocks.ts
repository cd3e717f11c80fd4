import { getNetwork, type NetworkName } from '../../chain/network.ts';
import { ClewError } from '../../errors.ts';
import type { IndexNetworkResult, OpenedBlocks } from '../../pipeline/index-network.ts';
import { countText, groupedNumber } from '../../units/number-text.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import {
  dataOptions,
  HEIGHT_MAX,
  jsonOption,
  memoryOption,
  progressOption,
  takeOverOption,
} from '../common-options.ts';
import { chooseNetwork } from '../data-folder.ts';
import { jsonText } from '../output.ts';
import { warnSome } from '../warn-some.ts';
import { withNetwork } from '../with-network.ts';
import { statusText } from './status.ts';

export const indexCommand = defineCommand({
  name: 'index',
  about:
    'Reads the block files of a folder into the ledger, clusters the addresses and builds the flow index. ' +
    'Stopped half way, it goes on from there when it is called again.',
  positionals: {},
  options: {
    blocks: {
      kind: 'path',
      value: 'DIR',
      help: 'folder with blk*.dat files of a node, or with raw blocks (not needed with --rebuild-flow and --anew)',
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
    keepRaw: {
      kind: 'flag',
      help: 'copy the bytes of the blocks that are added, so that their files may go',
    },
    rebuildFlow: {
      kind: 'flag',
      help: 'make the flow index and the clusters anew from the ledger',
    },
    anew: {
      kind: 'flag',
      help: 'empty the ledger, whatever state it is in, and load it again from the block files that it knows and those of --blocks',
    },
    ...takeOverOption,
    ...memoryOption,
    threads: {
      kind: 'count',
      value: 'N',
      min: 0,
      max: 256,
      help: 'threads that read, hash and check blocks beside the one that fills the ledger; 0 does all in that one',
      defaultHelp: 'all cores but one',
    },
    ...jsonOption,
    ...progressOption,
  },
  examples: [
    'clew index --blocks ~/.bitcoin/blocks',
    'clew index --blocks ~/.bitcoin/blocks --memory 8GB',
    'clew index --blocks ~/.bitcoin/blocks --ledger http://127.0.0.1:8123/clew',
    'clew index --rebuild-flow',
    'clew index --anew',
  ],
  notes: [
    'Damaged or foreign records are reported with file and offset, and the rest is indexed. What was ' +
      'there before stays.',
    'Stopped while it loads anew, any `clew index --blocks DIR` goes on with what waits.',
    'rev*.dat files beside the blk*.dat files tell what is spent from before the first block; they are ' +
      'found and read by themselves where that is not known.',
  ],
  access: 'write',
  async run(options, context) {
    const { blocks, network, height, keepRaw, rebuildFlow, anew, threads, json } = options;
    if (blocks === undefined && !anew) {
      if (!rebuildFlow)
        throw new ClewError('CLEW_USAGE', '--blocks DIR is missing.', { command: 'index' });
      const { rebuildNetwork } = await import('../../pipeline/index-network.ts');
      const status = await withNetwork(context, network, rebuildNetwork);
      await context.stdout.write(json ? jsonText(status) : statusText(status));
      return;
    }
    const result = await indexFolder(context, {
      blocks,
      keepRaw,
      // All is made anew in any case.
      rebuildFlow: rebuildFlow && !anew,
      anew,
      ...(threads !== undefined && { threads }),
      ...(network !== undefined && { network }),
      ...(height !== undefined && { height }),
    });
    warnSome(result.problems, '`--json` lists all', context);
    if (json) await context.stdout.write(jsonText({ format: 'clew-index/1', ...result }));
    else await context.stdout.write(`${addedText(result, anew)}\n\n${statusText(result.status)}`);
  },
});

export interface IndexFolderOptions {
  /** May be left out with `anew`. */
  readonly blocks: string | undefined;
  readonly network?: NetworkName;
  readonly height?: number;
  readonly keepRaw?: boolean;
  readonly rebuildFlow?: boolean;
  /** Empty the ledger first, and load its blocks again. */
  readonly anew?: boolean;
  readonly threads?: number;
  /** Told the hashes of the blocks, before anything is written. */
  readonly beforeLoading?: (hashes: ReadonlySet<string>) => Promise<void>;
}

/** Indexes a folder with progress; `clew start` does the same as its first step. */
export async function indexFolder(
  context: CommandContext,
  options: IndexFolderOptions,
): Promise<IndexNetworkResult> {
  const { indexNetwork, rebuildNetwork } = await import('../../pipeline/index-network.ts');
  const { signal, session } = context;
  const source = await openSource(context, options);
  await options.beforeLoading?.(new Set(source.blocks.map(({ hash }) => hash)));
  if (options.anew) {
    const waiting = await session.takeAllOut(source.network.name, source);
    if (waiting === 0 && source.blocks.length === 0) {
      throw new ClewError('CLEW_LEDGER_EMPTY', 'The ledger has no block to load anew.', {
        network: source.network.name,
      });
    }
  }
  return session.useNetwork(
    source.network.name,
    async (open) => {
      if (options.rebuildFlow) await rebuildNetwork(open);
      const loading = context.progress('Indexing', 'tx');
      const before = open.ledger.tip?.rows.transactions ?? 0;
      return indexNetwork(open, source, {
        keepRaw: options.keepRaw ?? false,
        ...(options.threads !== undefined && { threads: options.threads }),
        signal,
        onProgress: ({ transactions, blocksDone, blocksTotal, height: at }) =>
          loading.update({
            done: transactions - before,
            share: blocksDone / blocksTotal,
            detail: `height ${groupedNumber(at)}, block ${groupedNumber(blocksDone)} of ${groupedNumber(blocksTotal)}`,
          }),
        onCluster: () => loading.end(),
      }).finally(() => loading.end());
    },
    'write',
  );
}

/** The blocks of the folder that was given; without one none, and the ledger knows its own. */
async function openSource(
  context: CommandContext,
  options: IndexFolderOptions,
): Promise<OpenedBlocks> {
  const { network, height, blocks } = options;
  if (blocks === undefined) {
    const { noBlocks } = await import('../../pipeline/index-anew.ts');
    return noBlocks(getNetwork(chooseNetwork(context.data, network)));
  }
  const { openBlocks } = await import('../../pipeline/index-network.ts');
  const { signal } = context;
  const scanning = context.progress('Reading headers', 'blocks');
  return openBlocks(blocks, {
    ...(network !== undefined && { network }),
    ...(height !== undefined && { height }),
    signal,
    onProgress: ({ blocks: done, bytesDone, bytesTotal }) =>
      scanning.update({ done, share: bytesTotal === 0 ? 1 : bytesDone / bytesTotal }),
  }).finally(() => scanning.end());
}

function addedText(result: IndexNetworkResult, isAnew: boolean): string {
  const { plan, blocksAdded, transactionsAdded, undoneAboveHeight, problems } = result;
  const added = `${countText(blocksAdded, 'block')} with ${countText(transactionsAdded, 'transaction')}`;
  const said = {
    nothing: 'Nothing new: all of these blocks are in the ledger.',
    append: isAnew ? `Loaded anew: ${added}.` : `Added ${added}.`,
    reorganise: `The chain was reorganised above height ${undoneAboveHeight ?? ''}. Added ${added}.`,
    reload: `Loaded anew, since the blocks fill a gap: ${added}.`,
    stale: 'Nothing added: these blocks lie on a branch with no more work than the ledger has.',
    unlinked: 'Nothing added: these blocks do not link to those of the ledger.',
  }[plan];
  return problems.length === 0
    ? said
    : `${said} ${countText(problems.length, 'problem')}: see above.`;
}
