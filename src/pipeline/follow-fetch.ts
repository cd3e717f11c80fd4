/**
 * Blocks of a node, fetched ahead in several requests at once and handed on in order.
 *
 * Memory is bounded by bytes: those that wait to be taken and those that are expected from requests under way, by what blocks had
 * lately. Small blocks come many to a request.
 */
import type { NodeHeader } from '../source/node-client.ts';

export interface FetchedBlock extends NodeHeader {
  /** As they came, unchecked. */
  readonly bytes: Uint8Array;
}

/** Where blocks come from; a node client is one. */
export interface BlocksByHash {
  fetchBlocks(hashes: readonly string[], signal?: AbortSignal): Promise<Uint8Array[]>;
}

/** Bytes that wait or are on their way. */
const BYTES_AHEAD_MAX = 64 * 1024 ** 2;
/** Of blocks in one request. */
const REQUEST_BYTES = 2 * 1024 ** 2;
const REQUEST_BLOCKS_MAX = 100;
const REQUESTS_MAX = 4;
/** Before the first block is there. */
const FIRST_GUESS_BYTES = 1024 ** 2;

interface Request {
  readonly headers: readonly NodeHeader[];
  readonly blocks: Promise<Uint8Array[]>;
}

export class FetchAhead {
  readonly #node: BlocksByHash;
  readonly #bytesMax: number;
  /** Of the last blocks, about. */
  #averageBytes = FIRST_GUESS_BYTES;

  constructor(node: BlocksByHash, bytesMax = BYTES_AHEAD_MAX) {
    this.#node = node;
    this.#bytesMax = bytesMax;
  }

  /**
   * The blocks of these headers, in their order.
   *
   * @param isEnding once true, nothing more is asked for; what is on its way comes still
   * @throws what fetching throws
   */
  async *fetch(
    headers: readonly NodeHeader[],
    signal?: AbortSignal,
    isEnding: () => boolean = () => false,
  ): AsyncGenerator<FetchedBlock, void> {
    const stop = new AbortController();
    const both = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
    const requests: Request[] = [];
    let blocksUnderWay = 0;
    let next = 0;
    const askOn = (): void => {
      while (next < headers.length && requests.length < REQUESTS_MAX) {
        const isRoom = (blocksUnderWay + 1) * this.#averageBytes <= this.#bytesMax;
        if (!isRoom && requests.length > 0) return;
        const some = headers.slice(next, next + this.#blocksInRequest());
        next += some.length;
        blocksUnderWay += some.length;
        const hashes = some.map(({ hash }) => hash);
        const blocks = this.#node.fetchBlocks(hashes, both);
        // Whoever takes it hears of its failure; one that nobody takes any more fails unheard.
        blocks.catch(() => undefined);
        requests.push({ headers: some, blocks });
      }
    };
    try {
      askOn();
      while (requests.length > 0) {
        const { headers: some, blocks } = requests[0]!;
        const bytes = await blocks;
        for (const [i, header] of some.entries()) {
          this.#learn(bytes[i]!.length);
          yield { ...header, bytes: bytes[i]! };
          blocksUnderWay -= 1;
        }
        requests.shift();
        if (!isEnding()) askOn();
      }
    } finally {
      stop.abort();
    }
  }

  #blocksInRequest(): number {
    const fitting = Math.floor(REQUEST_BYTES / this.#averageBytes);
    return Math.min(Math.max(fitting, 1), REQUEST_BLOCKS_MAX);
  }

  /** Fast upwards, so that large blocks after small ones do not come by the hundred. */
  #learn(bytes: number): void {
    const weight = bytes > this.#averageBytes ? 0.5 : 0.1;
    this.#averageBytes += weight * (bytes - this.#averageBytes);
  }
}
