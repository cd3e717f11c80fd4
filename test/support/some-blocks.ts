/** Sources with some of another's blocks only, and the slow ledger of a source. */
import type { BlockSource, SourceBlock } from '../../src/source/block-source.ts';
import { NaiveLedger } from './naive-ledger.ts';

/** The same source with the blocks that are to be kept. */
export function onlyBlocks(
  source: BlockSource,
  keep: (height: number, block: SourceBlock) => boolean,
): BlockSource {
  return withBlocks(
    source,
    source.blocks.filter((block) => keep(block.height, block)),
  );
}

/** The same source with another chain: of its own blocks, stale ones too. */
export function withBlocks(source: BlockSource, blocks: readonly SourceBlock[]): BlockSource {
  return {
    network: source.network,
    blocks,
    windows: source.windows,
    problems: source.problems,
    staleBlocks: source.staleBlocks,
    xorKey: source.xorKey,
    readBlock: (place) => source.readBlock(place),
    otherCopies: (hash) => source.otherCopies(hash),
    factsOf: (block) => source.factsOf(block),
    close: () => source.close(),
  };
}

/** Up to a height. */
export function blocksTo(source: BlockSource, heightMax: number): BlockSource {
  return onlyBlocks(source, (height) => height <= heightMax);
}

export function naiveLedgerOf(source: BlockSource): NaiveLedger {
  const naive = new NaiveLedger(source.network);
  for (const block of source.blocks) naive.addBlock(source.readBlock(block), block.height);
  return naive;
}
