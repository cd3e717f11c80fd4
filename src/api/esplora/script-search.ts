/**
 * The search indexes of the ledger that is served: made in the background, when they are first asked.
 *
 * A small ledger's are there before the first answer. While those of a large one are being made, what is found is answered,
 * and what is not found yet is no answer: the caller is told to come again. The work is done a few milliseconds at a time, with
 * the gate of the readers passed anew each time, so that neither questions nor new blocks wait for it.
 */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { ClewError } from '../../errors.ts';
import type { FlowIndex } from '../../ledger/flow-index.ts';
import { SearchIndex, type SearchKeys } from '../../ledger/search-index.ts';
import { findScriptByHash, SCRIPT_HASHES } from '../../ledger/search-index-hash.ts';
import { ADDRESS_PREFIXES, searchAddresses } from '../../ledger/search-index-prefix.ts';
import type { OpenNetwork } from '../../pipeline/open-network.ts';
import { NONE } from '../../units/ids.ts';
import { Refusal } from './esplora-answer.ts';

/** Others wait for one slice at most, before they are answered. */
const SLICE_MS = 6;
/** So long a question waits for the index to be made. */
const PATIENCE_MS = 1_500;
const RETRY_AFTER_SECONDS = 10;
/** So often an index that turns out to be damaged is made again. */
const DAMAGES_MAX = 3;

type UseNetwork = <T>(work: (open: OpenNetwork) => Promise<T>) => Promise<T>;

interface SearchedState {
  /** `<data>/<network>` */
  readonly folder: string;
  readonly flow: FlowIndex;
}

export class ScriptSearch {
  readonly #hashes: Searcher;
  readonly #prefixes: Searcher;

  constructor(useNetwork: UseNetwork) {
    this.#hashes = new Searcher(SCRIPT_HASHES, useNetwork);
    this.#prefixes = new Searcher(ADDRESS_PREFIXES, useNetwork);
  }

  /** Make both indexes whole now, or the one by hashes alone; nothing happens while there is no block. */
  async prepare(which: 'hashes' | 'all'): Promise<void> {
    try {
      await this.#hashes.makeWhole();
      if (which === 'all') await this.#prefixes.makeWhole();
    } catch (error) {
      if (!(error instanceof ClewError) || error.code !== 'CLEW_LEDGER_EMPTY') throw error;
    }
  }

  /** Wait for the index by hashes, for a while. @throws what making it throws */
  waitForHashes(): Promise<void> {
    return this.#hashes.wait();
  }

  waitForPrefixes(): Promise<void> {
    return this.#prefixes.wait();
  }

  /** The row of the script with a hash, NONE when the ledger has none, undefined when that is not known yet. Inside the gate. */
  scriptOf(state: SearchedState, hash: Uint8Array): number | undefined {
    return this.#hashes.find(state, (index, isWhole) => {
      const script = findScriptByHash(index, state.flow, hash);
      return script === NONE && !isWhole ? undefined : script;
    });
  }

  /** Addresses that begin so, sorted, at most so many; undefined when they are not known yet. Inside the gate. */
  addressesOf(state: SearchedState, prefix: string, limit: number): string[] | undefined {
    return this.#prefixes.find(state, (index, isWhole) =>
      isWhole ? searchAddresses(index, state.flow, prefix, limit) : undefined,
    );
  }

  /** What to tell somebody who waited in vain. */
  comeAgain(which: 'hashes' | 'prefixes', flow: FlowIndex): Refusal {
    return (which === 'hashes' ? this.#hashes : this.#prefixes).comeAgain(flow);
  }

  async close(): Promise<void> {
    await Promise.all([this.#hashes.close(), this.#prefixes.close()]);
  }
}

/** One search index, and the work on it. */
class Searcher {
  readonly #keys: SearchKeys;
  readonly #useNetwork: UseNetwork;
  #index: SearchIndex | undefined;
  #making: Promise<void> | undefined;
  #isClosed = false;
  #damages = 0;

  constructor(keys: SearchKeys, useNetwork: UseNetwork) {
    this.#keys = keys;
    this.#useNetwork = useNetwork;
  }

  /** Look something up; undefined too when what is stored turns out to be damaged: it is made again. */
  find<T>(
    { folder, flow }: SearchedState,
    look: (index: SearchIndex, isWhole: boolean) => T | undefined,
  ): T | undefined {
    const index = this.#indexIn(folder);
    try {
      return look(index, index.use(flow));
    } catch (error) {
      this.#forgetDamaged(error, index, flow);
      return undefined;
    }
  }

  #indexIn(networkFolder: string): SearchIndex {
    this.#index ??= new SearchIndex(this.#keys, networkFolder);
    return this.#index;
  }

  /** Take rows in for a moment. @returns whether every script is in */
  #advance(folder: string, flow: FlowIndex): boolean {
    const index = this.#indexIn(folder);
    try {
      return index.use(flow) || index.advance(flow, SLICE_MS);
    } catch (error) {
      this.#forgetDamaged(error, index, flow);
      return false;
    }
  }

  /** What is damaged is made again; a disk that damages it time and again is left alone. */
  #forgetDamaged(error: unknown, index: SearchIndex, flow: FlowIndex): void {
    const isDamage = error instanceof ClewError && error.code === 'CLEW_COLUMN_DAMAGED';
    if (isDamage) this.#damages += 1;
    if (!isDamage || this.#damages > DAMAGES_MAX) throw error;
    index.forget(flow);
  }

  /** Take in what is missing, in slices, until nothing is or the server ends. One at a time. */
  makeWhole(): Promise<void> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #make(): Promise<void> {
    let isWhole = false;
    while (!isWhole && !this.#isClosed) {
      isWhole = await this.#useNetwork(async (open) =>
        this.#advance(open.folder, await open.flow()),
      );
      await nextTurn();
    }
  }

  /** @throws what making it throws, when that happens while somebody waits */
  async wait(): Promise<void> {
    const making = this.makeWhole();
    // Who stops waiting does not hear of a failure: the next question begins anew and does.
    making.catch(() => undefined);
    await Promise.race([making, pause(PATIENCE_MS, undefined, { ref: false })]);
  }

  comeAgain(flow: FlowIndex): Refusal {
    const done = this.#index?.covered ?? 0;
    const words = `The index for this search is being made: ${done} of ${flow.scriptCount} scripts are in. Ask again later.`;
    return new Refusal(503, words, RETRY_AFTER_SECONDS);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#making?.catch(() => undefined);
    this.#index?.close();
    this.#index = undefined;
  }
}
