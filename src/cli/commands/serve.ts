import type { Site } from '../../api/site.ts';
import type { NetworkName } from '../../chain/network.ts';
import type { ClewError } from '../../errors.ts';
import { EXIT } from '../../exit-codes.ts';
import type { Following } from '../../pipeline/following.ts';
import type { Unconfirmed } from '../../pipeline/unconfirmed.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { dataOptions, jsonOption, memoryOption } from '../common-options.ts';
import { chooseNetwork, type DataFolder } from '../data-folder.ts';
import { followBeside } from '../follow-beside.ts';
import { nodeOptions, openNode } from '../node-options.ts';
import { jsonText } from '../output.ts';
import { errorText } from '../print-error.ts';

export const serveCommand = defineCommand({
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
    searchIndex: {
      kind: 'choice',
      value: 'WHICH',
      choices: ['hashes', 'all'],
      help: 'make the index for /api/scripthash (hashes) from the start, or that for /api/address-prefix too (all)',
      defaultHelp: 'when first asked; 10 bytes on the disk for each script and index',
    },
    ...nodeOptions,
    ...dataOptions,
    ...memoryOption,
    ...jsonOption,
  },
  examples: [
    'clew serve --report report --port 8400',
    'clew serve --rpc http://127.0.0.1:8332 --port 8400',
  ],
  notes: [
    'It listens on 127.0.0.1 alone. Ctrl-C ends it.',
    'With --rpc it follows a node as `clew follow` does: each block is shown once it is in. Transactions that wait in the ' +
      'mempool of the node are shown apart, and never counted.',
    'Of a large ledger the clusters are not made anew with each block: pages say as of which block they are.',
    'Below /api it answers like an Esplora server, from its own ledger: for wallets, explorers and scripts.',
  ],
  access: 'host',
  async run({ report, port, searchIndex, network, json, ...options }, context) {
    const node = await openNode(options, network);
    const onOpen = (url: string): string =>
      json ? jsonText({ format: 'clew-serve/1', url }) : `Open ${url}\n`;
    const site = {
      port,
      reports: report,
      onOpen,
      ...(searchIndex && { searchIndex: searchIndex as 'hashes' | 'all' }),
    };
    if (node === undefined) {
      await serveSite(context, { ...site, network: networkToShow(context.data, network) });
    } else {
      await followBeside(context, node, network, (followed) =>
        serveSite(context, { ...site, ...followed }),
      ).finally(() => node.close());
    }
    // Ctrl-C is how it is meant to end.
    return EXIT.ok;
  },
});

export interface ServeSiteOptions {
  readonly port: number;
  /** Folders of reports. */
  readonly reports: readonly string[];
  readonly network: NetworkName | undefined;
  /** How following the node of the network is getting on, when one is followed. */
  readonly following?: () => Following;
  /** What waits in the mempool of that node. */
  readonly unconfirmed?: Unconfirmed;
  /** Which indexes for searching to make from the start. */
  readonly searchIndex?: 'hashes' | 'all';
  /** What to print once the server answers. */
  readonly onOpen: (url: string) => string;
}

/** Serves the pages, and other commands, until Ctrl-C; `clew start` ends with the same. */
export async function serveSite(
  { session, stdout, stderr, signal, answerOthers }: CommandContext,
  options: ServeSiteOptions,
): Promise<void> {
  const { openReportFolder } = await import('../../api/report-folder.ts');
  const { ESPLORA_PREFIX, esploraApi } = await import('../../api/esplora/esplora-routes.ts');
  const { startServer } = await import('../../api/server.ts');
  const { anyError } = await import('../../api/any-error.ts');
  const { siteErrorPage } = await import('../../api/site.ts');
  const { siteRoutes } = await import('../../api/site-routes.ts');
  const onFault = (error: ClewError): void => void stderr.write(errorText(error, false));
  const site: Site = {
    network: options.network,
    reports: options.reports.map(openReportFolder),
    useNetwork: (name, work) => session.useNetwork(name, work),
    ...(options.following && { following: options.following }),
    ...(options.unconfirmed && { unconfirmed: options.unconfirmed }),
  };
  const esplora = esploraApi(site, onFault);
  const server = await startServer({
    port: options.port,
    routes: siteRoutes(site),
    mount: { prefix: ESPLORA_PREFIX, answer: esplora.answer },
    errorPage: siteErrorPage,
    onFault,
  });
  if (options.searchIndex !== undefined && options.network !== undefined) {
    // In the background; what fails then fails again, and is told, when it is asked for.
    esplora.prepareSearch(options.searchIndex).catch((error: unknown) => onFault(anyError(error)));
  }
  try {
    const stopAnswering = await answerOthers(server.url);
    try {
      await stdout.write(options.onOpen(server.url));
      await aborted(signal);
    } finally {
      await stopAnswering();
    }
  } finally {
    await server.close();
    await esplora.close();
  }
}

/** The network asked for or the only one; none when nothing is indexed, for then reports can be shown still. */
function networkToShow(data: DataFolder, asked: NetworkName | undefined): NetworkName | undefined {
  if (asked === undefined && data.networks().length === 0) return undefined;
  return chooseNetwork(data, asked);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
