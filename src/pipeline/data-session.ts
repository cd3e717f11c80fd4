/**
 * What one process has open of a data folder, opened on first use and shared by all that it answers:
 * the workspace database, and one network with its ledger.
 *
 * The ledger's engine allows one open ledger in a process. So the networks take turns: work on the open
 * one goes on side by side, and another network is opened when that has ended.
 */
import { getNetwork, type NetworkName } from '../chain/network.ts';
import type { LedgerOptions } from '../ledger/ledger.ts';
import type { BlockSource } from '../source/block-source.ts';
import type { NodeClient } from '../source/node-client.ts';
import { openStore, type Store } from '../store/open-store.ts';
import type { OpenNetwork } from './open-network.ts';
import { TakingTurns } from './taking-turns.ts';
import { WriteTurns } from './write-turns.ts';

export interface DataPlaces {
  readonly storePath: string;
  /** The folder of a network, made when it is missing. */
  networkFolder(network: NetworkName): string;
}

export class DataSession {
  readonly #places: DataPlaces;
  readonly #options: LedgerOptions;
  readonly #networks: TakingTurns<NetworkName, OpenNetwork>;
  #store: Promise<Store> | undefined;
  #lastRemote: Promise<unknown> = Promise.resolve();
  /** Taken by whoever changes a ledger, where several may want to. */
  readonly writeTurns = new WriteTurns();
  /** Nodes that can be asked for the bytes of blocks, by network; whoever puts one in takes it out and closes it. */
  readonly nodes = new Map<NetworkName, NodeClient>();

  /** @param options for the ledgers that are opened */
  constructor(places: DataPlaces, options: LedgerOptions = {}) {
    this.#places = places;
    this.#options = options;
    this.#networks = new TakingTurns(
      async (name) => {
        // Loaded late: importing tags needs no engine.
        const { OpenNetwork } = await import('./open-network.ts');
        const place = {
          networkFolder: places.networkFolder(name),
          store: () => this.store(),
          node: () => this.nodes.get(name),
        };
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
   * Works with a network, opening it when it is not open.
   *
   * What reads sees one state of the ledger from beginning to end, also while somebody else indexes: a checkpoint, an
   * undo and a reorganisation wait for readers, and readers for them.
   *
   * @param work must not keep what it is given after its promise ends, nor wait for another network
   * @param access `write` for whoever indexes: it sees what it writes, and does not wait for itself
   * @throws {ClewError} what opening throws: CLEW_DATA_BUSY, CLEW_DATA_NEWER, CLEW_LEDGER_DAMAGED; CLEW_LEDGER_TAKEN
   */
  useNetwork<T>(
    network: NetworkName,
    work: (open: OpenNetwork) => Promise<T>,
    access: 'read' | 'write' = 'read',
  ): Promise<T> {
    return this.#networks.use(network, async (open) => {
      if (access === 'write') {
        await open.ledger.prepareWriting();
        return work(open);
      }
      await open.ledger.refresh();
      return open.ledger.gate.read(() => work(open));
    });
  }

  /**
   * Takes all blocks out of a network's ledger, whatever state it is in; they wait in it for the next indexing.
   *
   * @param source where blocks can be found whose files moved
   * @returns how many blocks wait
   * @throws {ClewError} CLEW_RAW_GONE when a block can not be read any more: nothing was changed then
   */
  takeAllOut(network: NetworkName, source?: BlockSource): Promise<number> {
    return this.#networks.whileClosed(async () => {
      const { takeAllOut } = await import('./index-anew.ts');
      const folder = this.#places.networkFolder(network);
      return takeAllOut(folder, getNetwork(network), source, this.#options);
    });
  }

  /**
   * Works with a network whose facts are a server's, one after the other: they share what is kept of the server.
   *
   * @param open is given the workspace database; what it opens is closed when the work has ended
   */
  useRemote<T, Remote extends OpenNetwork>(
    open: (store: () => Promise<Store>) => Promise<Remote>,
    work: (open: Remote) => Promise<T>,
  ): Promise<T> {
    const done = this.#lastRemote.then(async () => {
      const network = await open(() => this.store());
      try {
        return await work(network);
      } finally {
        await network.close();
      }
    });
    this.#lastRemote = done.catch(() => undefined);
    return done;
  }

  /** Blocks or tags came in: what was loaded from them is loaded anew at its next use. */
  refresh(): void {
    this.#networks.current?.refresh();
  }

  /** Closes what is open, after the work under way has ended. */
  async close(): Promise<void> {
    await this.#lastRemote;
    await this.#networks.close();
    const store = this.#store;
    this.#store = undefined;
    await (await store?.catch(() => undefined))?.close();
  }
}
