/** `clew index --anew`: a ledger is emptied, and loaded again from the block files that it knows. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import type { LedgerBlock } from '../ledger/block-directory.ts';
import { letAllWait } from '../ledger/ledger-anew.ts';
import type { EngineChoice } from '../ledger/open-engine.ts';
import type { BlockSource } from '../source/block-source.ts';
import { openRawReader } from '../source/raw-bytes.ts';
import { BlockPlaces } from './block-places.ts';
import type { OpenedBlocks } from './index-network.ts';

/**
 * Take all blocks out of a network's ledger, whatever state it is in. They wait in it, and come in with the next
 * indexing, before all others.
 *
 * @param folder `<data>/<network>`; nobody may have the ledger open
 * @param source where blocks can be found too, when their files moved
 * @param choice which engine holds the tables
 * @returns how many blocks wait
 * @throws {ClewError} CLEW_RAW_GONE when a block is at neither place: nothing was changed then. CLEW_DATA_BUSY,
 *   CLEW_LEDGER_DAMAGED
 */
export async function takeAllOut(
  folder: string,
  network: Network,
  source: BlockSource = noBlocks(network),
  choice: EngineChoice = {},
): Promise<number> {
  const placesOf = (blocks: readonly LedgerBlock[]): readonly LedgerBlock[] => {
    const places = new BlockPlaces(source, blocks);
    try {
      return blocks.map((block) => {
        const { file, offsetBytes, lengthBytes } = places.requireHeader(block);
        return { ...block, file, offsetBytes, lengthBytes };
      });
    } finally {
      places.close();
    }
  };
  const count = await letAllWait(folder, placesOf, choice);
  // Clusters were made from what may have been damaged.
  rmSync(join(folder, 'runs'), { recursive: true, force: true });
  return count;
}

/** A source that offers nothing: what waits in a ledger comes in all the same. */
export function noBlocks(network: Network): OpenedBlocks {
  const reader = openRawReader();
  const source: OpenedBlocks = {
    network,
    blocks: [],
    windows: [],
    problems: [],
    staleBlocks: [],
    xorKey: undefined,
    readBlock: (place) => reader.read(place),
    otherCopies: () => [],
    factsOf: ({ hash }) => {
      throw new ClewError('CLEW_INTERNAL', 'A source without blocks was asked for one.', { hash });
    },
    following: async () => source,
    close: () => reader.close(),
  };
  return source;
}
