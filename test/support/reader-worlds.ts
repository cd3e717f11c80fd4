/** Chains that the engines of the query layer are held against each other on, each with its slow ledger. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { getNetwork } from '../../src/chain/network.ts';
import type { LedgerEngine } from '../../src/ledger/engine.ts';
import type { RowBase } from '../../src/ledger/row-base.ts';
import { UndoReader } from '../../src/pipeline/undo-reader.ts';
import { writeScenarioChain } from '../../src/simulate/scenario-chain.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import { type BlockSource, openBlockSource } from '../../src/source/block-source.ts';
import { EngineFiller } from './fill-engine.ts';
import { coinsOf, SlowReader } from './slow-reader.ts';
import { onlyBlocks } from './some-blocks.ts';
import { writeUndoFiles } from './undo-of-chain.ts';

export interface ReaderWorld {
  readonly name: string;
  readonly source: BlockSource;
  readonly slow: SlowReader;
  /** Things of each kind to ask about; all when left out. */
  readonly samples?: number;
  readonly seed: string;
}

function blocksOf(source: BlockSource): { height: number; bytes: Uint8Array }[] {
  return source.blocks.map((block) => ({ height: block.height, bytes: source.readBlock(block) }));
}

/** The scenario chain, whole. */
export async function scenarioWorld(folder: string): Promise<ReaderWorld> {
  const blocks = join(folder, 'scenario');
  if (!existsSync(blocks)) writeScenarioChain(blocks);
  const source = await openBlockSource(blocks);
  const { network } = source;
  const slow = new SlowReader(network, blocksOf(source));
  return { name: 'scenario chain', source, slow, seed: 'scenario' };
}

const isInWindow = (height: number): boolean => height >= 106 && (height < 130 || height > 133);
const hasUndo = (height: number): boolean => height % 3 !== 0;

/**
 * A part of the scenario chain that begins in its middle and has a hole, with undo data of some blocks: so some of what was
 * spent from before is known, and some is not.
 */
export async function windowWorld(folder: string): Promise<ReaderWorld> {
  const blocks = join(folder, 'scenario-undo');
  if (!existsSync(blocks)) {
    const chain = writeScenarioChain(blocks);
    const without = new Set(
      chain.blocks.filter(({ height }) => !hasUndo(height)).map(({ hash }) => hash),
    );
    writeUndoFiles(blocks, getNetwork('regtest').magic, { without });
  }
  const whole = await openBlockSource(blocks);
  const source = onlyBlocks(whole, isInWindow);
  const before = coinsOf(blocksOf(onlyBlocks(whole, (height) => !isInWindow(height))));
  const slow = new SlowReader(source.network, blocksOf(source), before, hasUndo);
  return { name: 'window with a hole', source, slow, seed: 'window' };
}

/** A simulated economy, of which some is asked about. */
export async function economyWorld(folder: string, transactions: number): Promise<ReaderWorld> {
  const outDir = join(folder, `economy-${transactions}`);
  const seed = 'readers 1';
  if (!existsSync(outDir)) await simulate({ outDir, transactions, seed });
  const source = await openBlockSource(join(outDir, 'blocks'));
  const slow = new SlowReader(source.network, blocksOf(source));
  return { name: `economy of ${transactions}`, source, slow, seed, samples: 200 };
}

/** The world's tables in an engine, committed in several batches. */
export async function fillEngine(
  world: ReaderWorld,
  engine: LedgerEngine,
  base?: RowBase,
): Promise<EngineFiller> {
  const { source } = world;
  const filler = await EngineFiller.of(source.network, engine, base);
  const undo = new UndoReader(source);
  const step = Math.ceil(source.blocks.length / 4);
  for (const [i, block] of source.blocks.entries()) {
    const { height, hash } = block;
    const bytes = source.readBlock(block);
    filler.addBlock({ height, hash, bytes, undo: undo.of(block, [block], { hash }) });
    if (i % step === step - 1) await filler.commit();
  }
  if (source.blocks.length % step !== 0) await filler.commit();
  undo.close();
  return filler;
}
