/** Questions to an Esplora server, in the place of a ledger: consent first, progress shown, and told how much it took. */
import { join } from 'node:path';
import { getNetwork } from '../chain/network.ts';
import type { SubgraphOptions } from '../pipeline/subgraph.ts';
import type { SubgraphNetwork } from '../pipeline/subgraph-network.ts';
import { countText, groupedNumber } from '../units/number-text.ts';
import type { CommandContext } from './command.ts';
import { type EsploraServer, esploraServer, requestLimits } from './esplora-options.ts';
import { requireConsent } from './remote-consent.ts';
import { type FactsAsked, USUAL_NETWORK } from './with-network.ts';

/**
 * Works with the server that was named; undefined when none was.
 *
 * @throws {ClewError} CLEW_REMOTE_CONSENT, CLEW_NETWORK_MISMATCH, CLEW_REMOTE_*, CLEW_PROXY
 */
export async function withEsplora<T>(
  context: CommandContext,
  asked: FactsAsked,
  work: (network: SubgraphNetwork) => Promise<T>,
): Promise<{ readonly value: T } | undefined> {
  const server = esploraServer(asked, process.env);
  if (server === undefined) return undefined;
  await requireConsent(context, server, asked.consent);
  const progress = context.progress(`Asking ${server.host}`, 'requests');
  try {
    const value = await context.session.useRemote(
      (store) => openAsked(context, server, asked, store, (state) => progress.update(state)),
      work,
    );
    return { value };
  } finally {
    progress.end();
  }
}

async function openAsked(
  context: CommandContext,
  server: EsploraServer,
  asked: FactsAsked,
  store: Parameters<Parameters<CommandContext['session']['useRemote']>[0]>[0],
  onState: (state: { readonly done: number; readonly detail: string }) => void,
): Promise<SubgraphNetwork> {
  const { openEsplora } = await import('../pipeline/open-esplora.ts');
  const { network = USUAL_NETWORK, maxHistory } = asked;
  const { ratePerSecond, requestsMax } = requestLimits(server, asked);
  const options: SubgraphOptions = {
    limits: { requestsMax, addressTransactionsMax: maxHistory },
    signal: context.signal,
    onProgress: ({ requests, transactions, round }) =>
      onState({
        done: requests,
        detail: `of ${groupedNumber(requestsMax)} at most, ${countText(transactions, 'transaction')}, round ${groupedNumber(round)}`,
      }),
  };
  const folder = join(context.data.path, network);
  const { url, proxy } = server;
  return openEsplora(
    { networkFolder: folder, store },
    getNetwork(network),
    {
      url,
      ...(ratePerSecond !== undefined && { ratePerSecond }),
      ...(proxy !== undefined && { proxy }),
    },
    options,
  );
}
