/**
 * What one process has open of a data folder, opened on first use and shared by all that it answers:
 * the workspace database, and one ledger.
 *
 * The ledger's engine allows one open ledger in a process. So the networks take turns: work on the open
 * one goes on side by side, and another network is opened when that has ended.
 */
import { getNetwork, type NetworkName } from '../chain/network.ts';
import { openStore, type Store } from '../store/open-store.ts';
import { OpenNetwork } from './open-network.ts';
import { TakingTurns } from './taking-turns.ts';

export interface DataPlaces {
  readonly storePath: string;
  /** The folder of a network, made when it is missing. */
  networkFolder(network: NetworkName): string;
}

export interface SessionOptions {
  /** Told while a ledger rebuilds its flow index, which can take minutes. */
  readonly onRebuild?: (done: number, total: number) => void;
}

export class DataSession {
  readonly #places: DataPlaces;
  readonly #networks: TakingTurns<NetworkName, OpenNetwork>;
  #store: Promise<Store> | undefined;

  constructor(places: DataPlaces, options: SessionOptions = {}) {
    this.#places = places;
    this.#networks = new TakingTurns(
      (name) => {
        const place = { networkFolder: places.networkFolder(name), store: () => this.store() };
        return OpenNetwork.open(place, getNetwork(name), options);
      },
      (network) => network.close(),
    );
  }

  /** The workspace database; stays open until the session is closed. */
  store(): Promise<Store> {
    this.#store ??= openStore(this.#places.storePath).catch((error: unknown) => {
      // A failure is not kept: the next use tries again.
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }

  /**
   * Works with a network, opening its ledger when it is not open.
   *
   * @param work must not keep the network after its promise ends
   * @throws {ClewError} what opening throws: CLEW_DATA_BUSY, CLEW_DATA_NEWER, CLEW_LEDGER_DAMAGED
   */
  useNetwork<T>(name: NetworkName, work: (network: OpenNetwork) => Promise<T>): Promise<T> {
    return this.#networks.use(name, work);
  }

  /** Closes what is open, after the work under way has ended. */
  async close(): Promise<void> {
    await this.#networks.close();
    const store = this.#store;
    this.#store = undefined;
    await (await store?.catch(() => undefined))?.close();
  }
}
