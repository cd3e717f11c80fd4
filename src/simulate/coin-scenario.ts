/** One small chain for each coin besides Bitcoin: what its blocks have that Bitcoin's have not, under names. */
import type { Network } from '../chain/network.ts';
import { BlockFiles } from './block-files.ts';
import type { CoinChain } from './coin-chain.ts';
import { bitcoincashOrder } from './scenarios/bitcoincash-order.ts';
import { dashSpecial } from './scenarios/dash-special.ts';
import { dogecoinAuxpow } from './scenarios/dogecoin-auxpow.ts';
import { litecoinMweb } from './scenarios/litecoin-mweb.ts';
import type { Scenario, ScenarioBlock } from './scenarios/scenario-builder.ts';

const CHAINS: Readonly<Record<string, (branch: 'best' | 'stale') => CoinChain>> = {
  'litecoin-mweb': litecoinMweb,
  'dogecoin-auxpow': dogecoinAuxpow,
  'dash-special': dashSpecial,
  'bitcoincash-order': bitcoincashOrder,
};

export const COIN_SCENARIOS = Object.keys(CHAINS);

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
 * @throws {RangeError} for another name
 * @example coinScenario('litecoin-mweb').scenarios['pegOut'].txids
 */
export function coinScenario(name: string): CoinScenario {
  const make = CHAINS[name];
  if (make === undefined) throw new RangeError(`no scenario is called ${name}`);
  const { network, blocks, scenarios } = make('best');
  const hashes = new Set(blocks.map(({ hash }) => hash));
  const staleBlocks = make('stale').blocks.filter(({ hash }) => !hashes.has(hash));
  return { network, blocks, staleBlocks, scenarios };
}

/**
 * Write the chain as one block file.
 *
 * @param folder made when it does not exist; gets `blk00000.dat`
 * @param which `stale`: the branch that lost, as a node had it before the reorganisation; else both, the stale block first
 */
export function writeCoinScenario(
  folder: string,
  name: string,
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
