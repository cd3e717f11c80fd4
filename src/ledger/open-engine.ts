/** The engine that holds a ledger: chDB in the network's folder, one ClickHouse server, or a cluster. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../file-error.ts';
import { type LedgerEngine, openChdb } from './engine.ts';
import { isCluster, type LedgerServers } from './ledger-servers.ts';

export interface EngineChoice {
  /** The servers that hold the tables; chDB in the network's folder when left out. */
  readonly servers?: LedgerServers;
  /** chDB with the tables of servers: for tests that hold the engines against each other. */
  readonly hasWideTables?: boolean;
}

/**
 * @param folder `<data>/<network>`
 * @throws {ClewError} CLEW_DATA_BUSY; CLEW_REMOTE_*, CLEW_ENGINE_*, CLEW_SHARD_*
 */
export async function openEngine(folder: string, choice: EngineChoice): Promise<LedgerEngine> {
  const ledgerFolder = join(folder, 'ledger');
  const { servers } = choice;
  if (servers === undefined) return openChdb(ledgerFolder, choice.hasWideTables);
  try {
    mkdirSync(ledgerFolder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw fileError(cause, ledgerFolder);
  }
  if (isCluster(servers)) return (await import('./cluster-engine.ts')).openCluster(servers);
  return (await import('./server-engine.ts')).openServer(servers);
}
