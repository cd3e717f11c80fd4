/** A network whose facts are asked of an Esplora server. What it answered is kept in `<data>/<network>/esplora`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { openEsploraReader } from '../ledger/read/esplora-reader.ts';
import type { NetworkPlaces } from './open-network.ts';
import type { SubgraphOptions } from './subgraph.ts';
import { SubgraphNetwork } from './subgraph-network.ts';

export interface EsploraPlace {
  readonly url: URL;
  /** User and password in it never reach a message. */
  readonly proxy?: URL;
  readonly ratePerSecond?: number;
}

/**
 * Opens the network of a server. Its first and last block are asked for: get consent before.
 *
 * @throws {ClewError} CLEW_NETWORK_MISMATCH, CLEW_REMOTE_*, CLEW_PROXY
 */
export async function openEsplora(
  places: NetworkPlaces,
  network: Network,
  { url, proxy, ratePerSecond }: EsploraPlace,
  options: SubgraphOptions = {},
): Promise<SubgraphNetwork> {
  const requestsMax = options.limits?.requestsMax;
  const cacheFolder = join(places.networkFolder, 'esplora');
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 });
  const reader = await openEsploraReader({
    network,
    base: url,
    cacheFolder,
    ...(proxy !== undefined && { proxy }),
    ...(ratePerSecond !== undefined && { ratePerSecond }),
    ...(requestsMax !== undefined && { requestsMax }),
  });
  const source = {
    reader,
    server: reader.host,
    requests: () => reader.requests,
    isLimited: true,
    strippedBytes: async (txid: Parameters<typeof reader.kept>[0]) =>
      reader.kept(txid)?.strippedBytes,
    isProven: (txid: Parameters<typeof reader.kept>[0]) => reader.kept(txid)?.isProven === true,
  };
  return new SubgraphNetwork(places, source, options);
}
