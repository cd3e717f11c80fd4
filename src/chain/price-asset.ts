import { coinText } from './amount-text.ts';

/**
 * Under which name the prices of a network's coin are kept. Coins of test networks are worth nothing: they have a
 * name of their own, so that no price of a real coin is ever put on them.
 *
 * @example priceAsset('main') // 'BTC'
 * @example priceAsset('regtest') // 'test-BTC'
 */
export function priceAsset(networkName: string): string {
  return coinText(networkName).replace(' ', '-');
}
