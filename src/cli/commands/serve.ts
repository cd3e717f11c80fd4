import type { NetworkName } from '../../chain/network.ts';
import { EXIT } from '../../errors.ts';
import { defineCommand } from '../command.ts';
import { dataOptions, jsonOption } from '../common-options.ts';
import { chooseNetwork, type DataFolder } from '../data-folder.ts';
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
    ...dataOptions,
    ...jsonOption,
  },
  examples: ['clew serve --report report --port 8400'],
  notes: ['It listens on 127.0.0.1 alone. Ctrl-C ends it.'],
  access: 'host',
  async run({ report, port, network, json }, context) {
    const { openReportFolder } = await import('../../api/report-folder.ts');
    const { startServer } = await import('../../api/server.ts');
    const { siteErrorPage } = await import('../../api/site.ts');
    const { siteRoutes } = await import('../../api/site-routes.ts');
    const { data, session, stdout, stderr, signal } = context;
    const server = await startServer({
      port,
      routes: siteRoutes({
        network: networkToShow(data, network),
        reports: report.map(openReportFolder),
        useNetwork: (name, work) => session.useNetwork(name, work),
      }),
      errorPage: siteErrorPage,
      onFault: (error) => void stderr.write(errorText(error, json)),
    });
    try {
      const stopAnswering = await context.answerOthers(server.url);
      try {
        const { url } = server;
        await stdout.write(json ? jsonText({ format: 'clew-serve/1', url }) : `Open ${url}\n`);
        await aborted(signal);
      } finally {
        await stopAnswering();
      }
    } finally {
      await server.close();
    }
    // Ctrl-C is how it is meant to end.
    return EXIT.ok;
  },
});

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
