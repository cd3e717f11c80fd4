/**
 * A small chain in which everything has a name: the common language of tests, documentation and demonstrations.
 *
 * About 170 regtest blocks: first those that make coins, then the scenarios one after the other. It is the
 * same to the byte every time. Each scenario names its transactions and addresses, and its note says what they are; the
 * truth rows are those of `truth.json`.
 */
import { mkdirSync } from 'node:fs';
import { BlockFiles } from './block-files.ts';
import { REGTEST } from './block-maker.ts';
import { duplicateCoinbase, reorganisation } from './scenarios/chain-events.ts';
import {
  joinMarket,
  payJoin,
  stonewalls,
  wasabiOne,
  wasabiTwo,
  whirlpool,
} from './scenarios/mixes.ts';
import {
  addressReuse,
  batchPayout,
  depositAddress,
  dust,
  equalSplit,
  manyPayersOneCollector,
  peelChain,
  sameBlockSpend,
  selfTransfer,
} from './scenarios/payments.ts';
import {
  type Scenario,
  type ScenarioBlock,
  ScenarioBuilder,
} from './scenarios/scenario-builder.ts';
import {
  crowdfund,
  futureWitness,
  opReturn,
  oversizedScript,
  sameKeys,
  scriptForms,
  sighashSwap,
} from './scenarios/scripts.ts';

/** Coinbases rest 100 blocks; a few more make enough coins for everything. */
const FIRST_BLOCKS = 104;

const SCENARIOS: readonly ((build: ScenarioBuilder) => void)[] = [
  peelChain,
  batchPayout,
  addressReuse,
  dust,
  selfTransfer,
  manyPayersOneCollector,
  depositAddress,
  equalSplit,
  sameBlockSpend,
  scriptForms,
  futureWitness,
  sameKeys,
  opReturn,
  oversizedScript,
  sighashSwap,
  crowdfund,
  whirlpool,
  wasabiOne,
  wasabiTwo,
  joinMarket,
  stonewalls,
  payJoin,
  duplicateCoinbase,
  reorganisation,
];

export type { Scenario, ScenarioBlock };

export interface ScenarioChain {
  /** The best chain, from genesis. */
  readonly blocks: readonly ScenarioBlock[];
  /** The branch that lost. */
  readonly staleBlocks: readonly ScenarioBlock[];
  readonly scenarios: Readonly<Record<string, Scenario>>;
  /** Lines as in `truth.json`. */
  readonly truthRows: readonly string[];
}

/**
 * Build the chain in memory.
 *
 * @example scenarioChain().scenarios['peelChain'].txids
 */
export function scenarioChain(): ScenarioChain {
  const build = new ScenarioBuilder();
  build.mineEmpty(FIRST_BLOCKS);
  for (const scenario of SCENARIOS) scenario(build);
  build.mineEmpty(2);
  const { blocks, staleBlocks, scenarios, truthRows } = build;
  return { blocks, staleBlocks, scenarios, truthRows };
}

/**
 * Write the chain as one block file, stale blocks where they arrived: before those that replaced them.
 *
 * @param folder made when it does not exist; gets `blk00000.dat`
 */
export function writeScenarioChain(folder: string): ScenarioChain {
  const chain = scenarioChain();
  mkdirSync(folder, { recursive: true });
  const files = new BlockFiles(folder, REGTEST.magic);
  const forkHeight = chain.staleBlocks[0]?.height ?? Number.POSITIVE_INFINITY;
  for (const block of chain.blocks) {
    if (block.height === forkHeight)
      for (const stale of chain.staleBlocks) files.append(stale.bytes);
    files.append(block.bytes);
  }
  files.close();
  return chain;
}
