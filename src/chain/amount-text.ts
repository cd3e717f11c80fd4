import { formatCoins } from '../units/amount.ts';
import { getNetwork } from './network.ts';

/** Networks whose coins are worth something. */
const REAL = new Set(['main', 'litecoin']);

/**
 * An amount for people: coins with eight decimals and the coin's ticker, marked on test networks.
 *
 * @example amountText('150000000', 'main') // '1.50000000 BTC'
 */
export function amountText(amountSats: number | bigint | string, networkName: string): string {
  const { coin } = getNetwork(networkName);
  return `${formatCoins(BigInt(amountSats))} ${REAL.has(networkName) ? '' : 'test '}${coin}`;
}
