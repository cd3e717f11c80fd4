/** What the rounds of several protocols have in common. */
import { NO_COIN } from '../coin-pool.hot.ts';
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import type { Wallet } from '../wallet.ts';

/**
 * Name ripe native segwit coins of a wallet, oldest first, as inputs until they reach a sum; nothing is
 * taken out of the purse yet.
 *
 * @returns the coins, or undefined when they are not enough or would be too many
 */
export function pickCoins(
  economy: Economy,
  wallet: Wallet,
  wantedSats: number,
  coinsMax: number,
  allowsTaproot = false,
): number[] | undefined {
  const { pool } = economy;
  const coins: number[] = [];
  let sats = 0;
  for (let coin = wallet.purse.first; coin !== NO_COIN; coin = pool.next[coin]!) {
    const form = pool.forms[coin]!;
    const isFit = form === FORM.p2wpkh || (allowsTaproot && form === FORM.p2tr);
    if (!isFit || pool.ripeHeights[coin]! > economy.height || pool.sats[coin]! < 6000) continue;
    coins.push(coin);
    sats += pool.sats[coin]!;
    if (sats >= wantedSats) return coins;
    if (coins.length === coinsMax) return undefined;
  }
  return undefined;
}

/** Sum of coins in satoshi. */
export function sumCoins(economy: Economy, coins: readonly number[]): number {
  let sats = 0;
  for (const coin of coins) sats += economy.pool.sats[coin]!;
  return sats;
}

/**
 * True when outputs of that total look like an exact split into parts of size `d` (look-alike LA-1 of the
 * heuristics reference): such a mix would be passed over, so rounds avoid it.
 */
export function looksLikeSplit(totalSats: number, d: number, outputs: number): boolean {
  const parts = Math.floor((2 * totalSats + d) / (2 * d));
  return parts <= outputs && 10_000 * Math.abs(totalSats - parts * d) <= totalSats;
}
