/** The blocks of a branch, while they wait to be loaded: in memory, or in files of a folder when there are many. */
import { rmSync } from 'node:fs';
import type { Network } from '../chain/network.ts';
import type { NodeHeader } from '../source/node-client.ts';
import { type BlockPlace, openRawReader } from '../source/raw-bytes.ts';
import type { FetchedBlock } from './follow-fetch.ts';
import { RawCopy } from './raw-copy.ts';

const MEMORY_BYTES_MAX = 64 * 1024 ** 2;

interface Kept {
  readonly header: NodeHeader;
  readonly bytes: Uint8Array | undefined;
  readonly place: BlockPlace | undefined;
}

export class BranchStore {
  readonly #folder: string;
  readonly #network: Network;
  readonly #kept: Kept[] = [];
  readonly #memoryMax: number;
  #bytes = 0;
  #files: RawCopy | undefined;

  /** @param folder made when it is needed and removed with all that is in it */
  constructor(folder: string, network: Network, memoryMax = MEMORY_BYTES_MAX) {
    this.#folder = folder;
    this.#network = network;
    this.#memoryMax = memoryMax;
  }

  add({ bytes, ...header }: FetchedBlock): void {
    this.#bytes += bytes.length;
    if (this.#bytes <= this.#memoryMax) {
      this.#kept.push({ header, bytes, place: undefined });
      return;
    }
    if (this.#files === undefined) {
      // One that was left by a process that was killed.
      rmSync(this.#folder, { recursive: true, force: true });
      this.#files = new RawCopy(this.#folder, this.#network);
    }
    const place = this.#files.nextPlace(bytes.length);
    this.#files.add(bytes);
    this.#kept.push({ header, bytes: undefined, place });
  }

  /** All of them, in their order. */
  *blocks(): Generator<FetchedBlock, void> {
    const reader = openRawReader();
    try {
      for (const { header, bytes, place } of this.#kept) {
        yield { ...header, bytes: bytes ?? reader.read(place!) };
      }
    } finally {
      reader.close();
    }
  }

  close(): void {
    this.#files?.close();
    this.#kept.length = 0;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
