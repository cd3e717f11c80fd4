/**
 * Dogecoin: first blocks of its own work, then blocks whose work was done on another chain, and amounts near the largest that
 * can be kept exactly.
 */
import { NETWORKS } from '../../chain/network.ts';
import type { AuxpowOptions } from '../auxpow-maker.ts';
import { CoinChain } from '../coin-chain.ts';

const COIN = 100_000_000;
/** Chain 0x62, a proof, and version 4. */
const MERGED_VERSION = 0x0062_0104;
/** The largest amount that is exact as a number, in whole coins. */
const COINS_MAX = 90_071_992;

function merged(auxpow: AuxpowOptions): { version: number; auxpow: AuxpowOptions } {
  return { version: MERGED_VERSION, auxpow };
}

/** @param branch what differs after the fork, for a reorganisation */
export function dogecoinAuxpow(branch: 'best' | 'stale' = 'best'): CoinChain {
  const chain = new CoinChain(NETWORKS['dogecoin-regtest']);
  // Half a million coins a block.
  for (let i = 0; i < 4; i += 1) chain.mine('pool', { version: 0x0062_0004 });
  const payers = ['ana', 'ben', 'cleo'];
  const shared = chain.pay(
    ['pool'],
    payers.map((payer) => [payer, 250_000 * COIN] as const),
  );
  chain.mine('pool', merged({ treeHeight: 0, parentBranch: 3 }));
  const payments = payers.map((payer) => chain.pay([payer], [['site', 1234 * COIN]]));
  chain.mine('pool', merged({ treeHeight: 3, parentBranch: 1 }));
  chain.name('payments', payments, ['site', ...payers], 'Three payers, one site.');
  const gathered = chain.pay(['site'], [['exchange', 3700 * COIN]]);
  chain.mine('pool', merged({ treeHeight: 1, parentBranch: 0, withoutMark: true }));
  chain.name('cashOut', [shared, gathered], ['exchange', 'site'], 'The site pays out at once.');
  const last = chain.pay(['exchange'], [['cold', 1000 * COIN]]);
  if (branch === 'best') chain.pay(['pool'], [['cold', 2 * COIN]]);
  chain.mine(branch === 'best' ? 'pool' : 'ana', merged({ treeHeight: 5, parentBranch: 2 }));
  if (branch === 'best') chain.mine('pool', { version: 0x0062_0004 });
  chain.name('cold', [last], ['cold'], 'To a cold wallet.');
  return chain;
}

/**
 * Blocks that a made-up bank could mine: one output as large as can be kept, and one that is larger.
 *
 * @param coins paid to one output
 */
export function dogecoinWhale(coins: number): CoinChain {
  const chain = new CoinChain(NETWORKS['dogecoin-regtest']);
  chain.mine('ana', { reward: coins * COIN });
  return chain;
}

export const DOGECOIN_COINS_MAX = COINS_MAX;
