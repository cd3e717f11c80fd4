import { formatCoins } from '../units/amount.ts';
import { groupedNumber } from '../units/number-text.ts';
import { getNetwork } from './network.ts';

/**
 * The ticker of a network's coin, marked on test networks.
 *
 * @example coinText('regtest') // 'test BTC'
 */
export function coinText(networkName: string): string {
  const { coin, isTest } = getNetwork(networkName);
  return isTest ? `test ${coin}` : coin;
}

/**
 * An amount for people: coins with eight decimals and the coin's ticker, marked on test networks.
 *
 * @example amountText('150000000000', 'main') // '1,500.00000000 BTC'
 */
export function amountText(amountSats: number | bigint | string, networkName: string): string {
  return `${groupedNumber(formatCoins(BigInt(amountSats)))} ${coinText(networkName)}`;
}
