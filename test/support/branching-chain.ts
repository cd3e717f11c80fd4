/**
 * A chain with two branches in one block file: a simulated economy, a longer branch with less work, and a shorter one with
 * more. The blocks of the branches spend what the economy left unspent, to old scripts and new ones.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SeededRandom } from '../../src/bytes/seeded-random.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import {
  type BlockSource,
  openBlockSource,
  type SourceBlock,
} from '../../src/source/block-source.ts';
import { frame, HARD_BITS, type MinedBlock, mineBlock, spend } from './mined-blocks.ts';
import type { NaiveLedger } from './naive-ledger.ts';
import { blocksTo, naiveLedgerOf, withBlocks } from './some-blocks.ts';

export interface BranchingChain {
  /** All blocks; its best chain is that with most work. */
  readonly source: BlockSource;
  /** The same up to the end of the branch with more blocks and less work. */
  readonly longer: BlockSource;
  /** The last height that both branches have. */
  readonly forkHeight: number;
  readonly folder: string;
}

export interface BranchingOptions {
  readonly transactions: number;
  readonly seed: string;
  /** Blocks of the economy that the better branch does without. */
  readonly depth: number;
  /** Blocks that the worse branch has above the economy. */
  readonly longerBlocks: number;
  readonly betterBlocks: number;
  readonly random: SeededRandom;
}

/** The folder gets `economy/blocks` with one block file. */
export async function makeBranchingChain(
  folder: string,
  options: BranchingOptions,
): Promise<BranchingChain> {
  const { transactions, seed, depth, longerBlocks, betterBlocks, random } = options;
  await simulate({ outDir: join(folder, 'economy'), transactions, seed });
  const blocks = join(folder, 'economy', 'blocks');
  const economy = await openBlockSource(blocks);
  const tip = economy.blocks.at(-1)!;
  const fork = economy.blocks.at(-1 - depth)!;
  const longer = branch(economy, tip, longerBlocks, undefined, random);
  const better = branch(economy, fork, betterBlocks, HARD_BITS, random);
  economy.close();
  const file = join(blocks, 'blk00000.dat');
  for (const { bytes } of [...longer, ...better]) appendFileSync(file, frame(bytes));
  const source = await openBlockSource(blocks);
  const stale = new Set(source.staleBlocks.map(({ hash }) => hash));
  const worse = [
    ...source.blocks.filter(({ height }) => height <= fork.height),
    ...source.staleBlocks,
  ];
  if (!longer.every(({ hash }) => stale.has(hash))) throw new Error('the longer branch won');
  return { source, longer: withBlocks(source, worse), forkHeight: fork.height, folder: blocks };
}

/** A branch on a block of the economy. */
function branch(
  economy: BlockSource,
  parent: SourceBlock,
  count: number,
  bits: number | undefined,
  random: SeededRandom,
): MinedBlock[] {
  const naive = naiveLedgerOf(blocksTo(economy, parent.height));
  return mineBranch(naive, parent, { count, random, ...(bits === undefined ? {} : { bits }) });
}

/**
 * Blocks on a block, each with some payments out of what is unspent there: to old scripts, new ones, bare keys.
 *
 * @param naive a slow ledger that ends with the parent
 */
export function mineBranch(
  naive: NaiveLedger,
  parent: SourceBlock,
  options: { readonly count: number; readonly bits?: number; readonly random: SeededRandom },
): MinedBlock[] {
  const { count, bits, random } = options;
  const unspent = [...naive.unspent].filter((key) => naive.outputs.get(key)!.valueSats > 10_000n);
  const scripts = [...naive.outputs.values()]
    .filter(({ spendable }) => spendable)
    .map(({ script }) => Buffer.from(script, 'hex'));
  const blocks: MinedBlock[] = [];
  let prevHash = parent.hash;
  for (let i = 0; i < count; i += 1) {
    const transactions: Uint8Array[] = [];
    for (let n = 0; n < 3 && unspent.length > 0; n += 1) {
      const [taken] = unspent.splice(random.int(0, unspent.length - 1), 1);
      const [txid, vout] = taken!.split(':');
      const sats = Number(naive.outputs.get(taken!)!.valueSats) - 1_000;
      const fresh = Buffer.concat([Buffer.from([0x00, 0x14]), random.bytes(20)]);
      const key = Buffer.concat([Buffer.from([0x21, 0x02]), random.bytes(32), Buffer.from([0xac])]);
      const third = Math.floor(sats / 3);
      transactions.push(
        spend(txid!, Number(vout), [
          { sats: third, script: random.pick(scripts) },
          { sats: third, script: random.chance(0.5) ? fresh : key },
          { sats: third, script: random.pick(scripts) },
        ]),
      );
    }
    const block = mineBlock({
      prevHash,
      height: parent.height + 1 + i,
      timeSeconds: parent.timeSeconds + 600 * (i + 1),
      ...(bits === undefined ? {} : { bits }),
      extra: random.bytes(8),
      transactions,
    });
    blocks.push(block);
    prevHash = block.hash;
  }
  return blocks;
}
