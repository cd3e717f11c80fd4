/** The engine that holds a ledger: chDB in the network's folder, one ClickHouse server, or a cluster. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkName } from '../chain/network.ts';
import { fileError } from '../file-error.ts';
import { type LedgerEngine, openChdb } from './engine.ts';
import { newestTip } from './ledger-rows.ts';
import { isCluster, type LedgerServers } from './ledger-servers.ts';
import { chooseServers, rememberServers } from './ledger-setting.ts';

export interface EngineChoice {
  /** The servers that hold the tables; when left out those that the network's folder remembers, else chDB in it. */
  readonly servers?: LedgerServers;
  /** chDB with the tables of servers: for tests that hold the engines against each other. */
  readonly hasWideTables?: boolean;
  /** Write into a ledger on servers even though another data folder does: it must have been stopped. */
  readonly isTakenOver?: boolean;
}

/**
 * @param folder `<data>/<network>`
 * @throws {ClewError} CLEW_DATA_BUSY; CLEW_USAGE, CLEW_REMOTE_*, CLEW_ENGINE_*, CLEW_SHARD_*
 */
export async function openEngine(folder: string, choice: EngineChoice): Promise<LedgerEngine> {
  const ledgerFolder = join(folder, 'ledger');
  const servers = chooseServers(ledgerFolder, choice.servers);
  if (servers === undefined) return openChdb(ledgerFolder, choice.hasWideTables);
  const engine = await connect(servers);
  try {
    mkdirSync(ledgerFolder, { recursive: true, mode: 0o700 });
    rememberServers(ledgerFolder, servers);
    return engine;
  } catch (cause) {
    await engine.close();
    throw fileError(cause, ledgerFolder);
  }
}

async function connect(servers: LedgerServers): Promise<LedgerEngine> {
  if (isCluster(servers)) return (await import('./cluster-engine.ts')).openCluster(servers);
  return (await import('./server-engine.ts')).openServer(servers);
}

/**
 * The network of the ledger that servers hold; undefined when they hold none yet.
 *
 * @throws {ClewError} CLEW_REMOTE_*, CLEW_ENGINE_*, CLEW_SHARD_*, CLEW_DATA_NEWER, CLEW_DATA_OLDER
 */
export async function networkOfServers(servers: LedgerServers): Promise<NetworkName | undefined> {
  const engine = await connect(servers);
  try {
    if (!(await engine.hasTips())) return undefined;
    return (await newestTip(engine, servers.name)).tip?.network;
  } finally {
    await engine.close();
  }
}
