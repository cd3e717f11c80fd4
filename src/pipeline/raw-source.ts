/**
 * The bytes of blocks and transactions, read again: from the block files, or from the node that they came from.
 *
 * The ledger notes a place for each block. Of one that came from a node and was not kept the place is `NODE_FILE`: its offsets
 * count from the start of the block, and its bytes are fetched by the block's hash, from whatever node is there now. A node
 * is not believed: what it sends must be the block of that hash, down to its Merkle root.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import { BlockColumns, readBlockColumns } from '../chain/block-columns.hot.ts';
import { blockHash } from '../chain/header.ts';
import { checkMerkleRoot, checkWitnessCommitment } from '../chain/merkle.ts';
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { type BlockPlace, readRawBytes } from '../source/raw-bytes.ts';

/** Stands for the file of a block that came from a node and was not kept. No path is like it: paths are absolute. */
export const NODE_FILE = 'node:';

/** True for a place whose bytes only a node has. */
export function isNodePlace({ file }: { readonly file: string }): boolean {
  return file === NODE_FILE;
}

/** What can give a block by its hash; a node client does. */
export interface BlockFetcher {
  /**
   * The whole block as the peer sent it, unchecked.
   *
   * @param hash as people write it
   */
  fetchBlock(hash: string, signal?: AbortSignal): Promise<Uint8Array>;
}

/** Reads places of the ledger, wherever they are. */
export interface RawSource {
  /**
   * The bytes at a place, as a fresh array or a view that must not be changed.
   *
   * @param place of a block, a transaction or any part of a block, as the ledger notes it
   * @param blockHash of the block that it is in, as people write it
   * @throws {ClewError} CLEW_RAW_GONE when the file is gone, or the block came from a node and none is at hand;
   *   CLEW_REMOTE_LIE when a node sends something else; CLEW_FILE_UNREADABLE, and what fetching throws
   */
  read(place: BlockPlace, blockHash: string): Promise<Uint8Array>;
  close(): void;
}

/** Bytes of blocks from a node that are kept at hand, for questions about several transactions of one block. */
const KEPT_BYTES_MAX = 32 * 1024 ** 2;

/**
 * A source of raw bytes.
 *
 * @param node asked at each read, since one may come and go; gives undefined when there is none
 * @example const raw = openRawSource(network, () => client); await raw.read(facts.raw, facts.blockHash)
 */
export function openRawSource(
  network: Network,
  node: () => BlockFetcher | undefined = () => undefined,
): RawSource {
  const blocks = new KeptBlocks(network);
  return {
    async read(place, blockHash) {
      // Opened for each read: a file that moved meanwhile is noticed.
      if (!isNodePlace(place)) return readRawBytes(place);
      const block = await blocks.get(blockHash, node());
      const { offsetBytes, lengthBytes } = place;
      if (offsetBytes + lengthBytes > block.length) {
        throw new ClewError('CLEW_RAW_GONE', 'The block of that hash has no such place.', {
          blockHash,
          offset: offsetBytes,
          lengthBytes,
        });
      }
      return block.subarray(offsetBytes, offsetBytes + lengthBytes);
    },
    close() {
      blocks.forget();
    },
  };
}

/** Whole, checked blocks by hash; those that were asked for last stay. */
class KeptBlocks {
  readonly #network: Network;
  readonly #kept = new Map<string, Promise<Uint8Array>>();
  readonly #sizes = new Map<string, number>();

  constructor(network: Network) {
    this.#network = network;
  }

  get(hash: string, node: BlockFetcher | undefined): Promise<Uint8Array> {
    const known = this.#kept.get(hash);
    if (known !== undefined) {
      this.#kept.delete(hash);
      this.#kept.set(hash, known);
      return known;
    }
    if (node === undefined) {
      throw new ClewError(
        'CLEW_RAW_GONE',
        'The block came from a node and its bytes were not kept: name a node with --rpc, or follow it with --keep-raw.',
        { blockHash: hash },
      );
    }
    const coming = node.fetchBlock(hash).then((block) => {
      requireBlock(block, hash, this.#network);
      this.#sizes.set(hash, block.length);
      this.#forgetOldest();
      return block;
    });
    this.#kept.set(hash, coming);
    // A failure is not kept.
    coming.catch(() => this.#kept.delete(hash));
    return coming;
  }

  forget(): void {
    this.#kept.clear();
    this.#sizes.clear();
  }

  #forgetOldest(): void {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    for (const hash of this.#kept.keys()) {
      if (bytes <= KEPT_BYTES_MAX) return;
      bytes -= this.#sizes.get(hash) ?? 0;
      this.#sizes.delete(hash);
      this.#kept.delete(hash);
    }
  }
}

/**
 * That bytes from elsewhere are the block of a hash, whole and unchanged.
 *
 * @throws {ClewError} CLEW_REMOTE_LIE
 */
export function requireBlock(block: Uint8Array, hash: string, network: Network): void {
  let what: string | undefined;
  try {
    if (hashToDisplay(blockHash(block, network)) !== hash) what = 'another block';
    else {
      const columns = new BlockColumns();
      readBlockColumns(block, network, columns);
      if (checkMerkleRoot(block, columns) === 'mismatch') what = 'other transactions';
      else if (checkWitnessCommitment(block, columns) === 'mismatch') what = 'other witness data';
    }
  } catch (cause) {
    if (!(cause instanceof ClewError)) throw cause;
    what = 'bytes that are no block';
  }
  if (what === undefined) return;
  throw new ClewError('CLEW_REMOTE_LIE', `The block that was asked for came with ${what}.`, {
    hash,
  });
}
