/** A ledger in a folder, served with the Esplora API as `clew serve` does it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { esploraApi } from '../../src/api/esplora/esplora-routes.ts';
import { startServer } from '../../src/api/server.ts';
import { siteRoutes } from '../../src/api/site-routes.ts';
import type { ClewError } from '../../src/errors.ts';
import type { LedgerOptions } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { OpenNetwork } from '../../src/pipeline/open-network.ts';
import { type BlockSource, openBlockSource } from '../../src/source/block-source.ts';
import { NaiveEsplora } from './naive-esplora.ts';

export interface ServedLedger {
  readonly open: OpenNetwork;
  readonly naive: NaiveEsplora;
  readonly port: number;
  /** `http://127.0.0.1:<port>/api` */
  readonly base: string;
  /** Faults inside that were told: there must be none. */
  readonly faults: readonly ClewError[];
  close(): Promise<void>;
}

/** @param blocks folder of blocks; @param folder where the ledger goes */
export async function serveLedger(blocks: string, folder: string): Promise<ServedLedger> {
  const source = await openBlockSource(blocks);
  try {
    return await serveSource(source, folder);
  } finally {
    source.close();
  }
}

/** The blocks of a source, or some of them; `options` say where the ledger is, if not in the folder. */
export async function serveSource(
  source: BlockSource,
  folder: string,
  options: LedgerOptions = {},
): Promise<ServedLedger> {
  const { network } = source;
  const places = {
    networkFolder: join(folder, network.name),
    store: async () => assert.fail('no workspace is needed'),
  };
  const open = await OpenNetwork.open(places, network, options);
  await open.ledger.prepareWriting();
  await indexBlocks(open.ledger, source);
  const naive = new NaiveEsplora(source);
  const faults: ClewError[] = [];
  const site = {
    network: network.name,
    reports: [],
    useNetwork: <T>(_: string, work: (of: OpenNetwork) => Promise<T>) =>
      open.ledger.gate.read(() => work(open)),
  };
  const api = esploraApi(site, (error) => faults.push(error));
  const server = await startServer({
    port: 0,
    routes: siteRoutes(site),
    mount: { prefix: '/api', answer: api.answer },
  });
  return {
    open,
    naive,
    port: server.port,
    base: `${server.url}api`,
    faults,
    async close() {
      await server.close();
      await api.close();
      await open.close();
    },
  };
}
