/** One small chain for each coin besides Bitcoin: what its blocks have that Bitcoin's have not, under names. */
import { join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { BlockFiles } from './block-files.ts';
import type { CoinChain } from './coin-chain.ts';
import { bitcoincashOrder } from './scenarios/bitcoincash-order.ts';
import { dashSpecial } from './scenarios/dash-special.ts';
import { dogecoinAuxpow } from './scenarios/dogecoin-auxpow.ts';
import { litecoinMweb } from './scenarios/litecoin-mweb.ts';
import type { Scenario, ScenarioBlock } from './scenarios/scenario-builder.ts';
import { prepareFolder } from './simulate.ts';

export type CoinScenarioName =
  | 'litecoin-mweb'
  | 'dogecoin-auxpow'
  | 'dash-special'
  | 'bitcoincash-order';

const CHAINS: Readonly<Record<CoinScenarioName, (branch: 'best' | 'stale') => CoinChain>> = {
  'litecoin-mweb': litecoinMweb,
  'dogecoin-auxpow': dogecoinAuxpow,
  'dash-special': dashSpecial,
  'bitcoincash-order': bitcoincashOrder,
};

export const COIN_SCENARIOS = Object.keys(CHAINS) as readonly CoinScenarioName[];

export interface CoinScenario {
  readonly network: Network;
  /** The best chain, from genesis. */
  readonly blocks: readonly ScenarioBlock[];
  /** The end of the branch that lost: one block, on a parent of the best chain. */
  readonly staleBlocks: readonly ScenarioBlock[];
  readonly scenarios: Readonly<Record<string, Scenario>>;
}

/**
 * Build the chain of a coin in memory: the same bytes every time.
 *
 * @param name one of COIN_SCENARIOS
 * @example coinScenario('litecoin-mweb').scenarios['pegOut'].txids
 */
export function coinScenario(name: CoinScenarioName): CoinScenario {
  const make = CHAINS[name];
  const { network, blocks, scenarios } = make('best');
  const hashes = new Set(blocks.map(({ hash }) => hash));
  const staleBlocks = make('stale').blocks.filter(({ hash }) => !hashes.has(hash));
  return { network, blocks, staleBlocks, scenarios };
}

/** What writing such a chain came to. */
export interface CoinSummary {
  readonly outDir: string;
  readonly network: string;
  readonly blocks: number;
  readonly tip: { readonly height: number; readonly hash: string };
  readonly scenarios: Readonly<Record<string, Scenario>>;
}

/**
 * Write the chain of a coin for somebody to try: `blocks/blk00000.dat`.
 *
 * @param outDir made when it does not exist
 * @throws {ClewError} CLEW_OUT_NOT_EMPTY unless the folder is empty or `force` is given
 */
export function writeCoinSample(
  outDir: string,
  name: CoinScenarioName,
  force: boolean,
): CoinSummary {
  prepareFolder(outDir, force);
  const { network, blocks, scenarios } = writeCoinScenario(join(outDir, 'blocks'), name);
  const { height, hash } = blocks.at(-1)!;
  return { outDir, network: network.name, blocks: blocks.length, tip: { height, hash }, scenarios };
}

/**
 * Write the chain as one block file.
 *
 * @param folder made when it does not exist; gets `blk00000.dat`
 * @param which `stale`: the branch that lost, as a node had it before the reorganisation; else both, the stale block first
 */
export function writeCoinScenario(
  folder: string,
  name: CoinScenarioName,
  which: 'all' | 'stale' = 'all',
): CoinScenario {
  const chain = coinScenario(name);
  const files = new BlockFiles(folder, chain.network.magic);
  const forkHeight = chain.staleBlocks[0]!.height;
  for (const block of chain.blocks) {
    if (block.height === forkHeight) {
      for (const stale of chain.staleBlocks) files.append(stale.bytes);
      if (which === 'stale') break;
    }
    files.append(block.bytes);
  }
  files.close();
  return chain;
}
