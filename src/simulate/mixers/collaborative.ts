/**
 * Payments that look like a mix or hide their amount: Stonewall (one owner), Stonewall x2 (two owners) and
 * PayJoin (BIP 78). Shapes: rules SW-1 and PJ-1 of the heuristics reference.
 */
import type { Person } from '../actors/person.ts';
import { NO_COIN } from '../coin-pool.hot.ts';
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import { MAKES, type Wallet } from '../wallet.ts';
import { tellMix } from './mix-row.ts';

/** The largest ripe native segwit coin among the oldest of a wallet, other than one already chosen. */
function largestCoin(economy: Economy, wallet: Wallet, except = NO_COIN): number {
  const { pool } = economy;
  let best = NO_COIN;
  let looked = 0;
  for (let coin = wallet.purse.first; coin !== NO_COIN && looked < 40; coin = pool.next[coin]!) {
    looked += 1;
    if (coin === except || pool.forms[coin] !== FORM.p2wpkh) continue;
    if (except !== NO_COIN && pool.keys[coin] === pool.keys[except]) continue;
    if (pool.ripeHeights[coin]! > economy.height) continue;
    if (best === NO_COIN || pool.sats[coin]! > pool.sats[best]!) best = coin;
  }
  return best;
}

/**
 * Pay with two sets of inputs, so that it could be a mix of two: the payment and a decoy of the same
 * value, two changes.
 *
 * @param partner who brings the second input, or the payer himself
 */
export function stonewall(
  economy: Economy,
  payer: Person,
  partner: Person,
  payee: Person,
): boolean {
  if (!economy.hasRoom()) return false;
  const { maker, pool, random } = economy;
  const isAlone = partner === payer;
  const first = largestCoin(economy, payer.wallet);
  if (first === NO_COIN) return false;
  const second = largestCoin(economy, partner.wallet, isAlone ? first : NO_COIN);
  if (second === NO_COIN) return false;
  const smaller = Math.min(pool.sats[first]!, pool.sats[second]!);
  const halfFee = Math.ceil(economy.feeRate() * 137);
  const d = Math.floor((smaller - halfFee) * (0.3 + 0.5 * random.unit()));
  const firstChange = pool.sats[first]! - d - halfFee;
  const secondChange = pool.sats[second]! - d - halfFee;
  const isClear =
    d >= 6000 && firstChange !== secondChange && firstChange !== d && secondChange !== d;
  if (!isClear || Math.min(firstChange, secondChange) < 3000) return false;
  payer.wallet.purse.take(first);
  partner.wallet.purse.take(second);
  maker.begin(MAKES.nestedMobile);
  maker.addCoin(first);
  maker.addCoin(second);
  maker.pay(payee.wallet.shownPlace(), d, 'personal', payer.id);
  maker.pay(partner.wallet.freshPlace('mix', { form: FORM.p2wpkh }), d, 'mix', partner.id);
  maker.pay(payer.wallet.freshPlace('change', { form: FORM.p2wpkh }), firstChange, 'mix', payer.id);
  maker.pay(
    partner.wallet.freshPlace('change', { form: FORM.p2wpkh }),
    secondChange,
    'mix',
    partner.id,
  );
  maker.finish();
  if (isAlone) {
    tellMix(economy, 'stonewall', [{ actor: payer.id, inputs: [0, 1], outputs: [1, 2, 3] }]);
  } else {
    tellMix(economy, 'stonewall_x2', [
      { actor: payer.id, inputs: [0], outputs: [2] },
      { actor: partner.id, inputs: [1], outputs: [1, 3] },
    ]);
  }
  return true;
}

/** Pay with an input of the payee beside the payer's: the output is larger than the payment. */
export function payJoin(economy: Economy, payer: Person, payee: Person): boolean {
  if (!economy.hasRoom() || payer === payee) return false;
  const { maker, pool } = economy;
  const own = largestCoin(economy, payer.wallet);
  const theirs = largestCoin(economy, payee.wallet);
  if (own === NO_COIN || theirs === NO_COIN) return false;
  const feeSats = Math.ceil(economy.feeRate() * 209);
  const sats = Math.floor((pool.sats[own]! - feeSats) * (0.2 + 0.5 * economy.random.unit()));
  const changeSats = pool.sats[own]! - feeSats - sats;
  if (sats < 6000 || changeSats < 3000) return false;
  payer.wallet.purse.take(own);
  payee.wallet.purse.take(theirs);
  maker.begin(MAKES.lightSegwit);
  maker.addCoin(own);
  maker.addCoin(theirs);
  maker.pay(
    payee.wallet.freshPlace('receive', { form: FORM.p2wpkh }),
    pool.sats[theirs]! + sats,
    'mix',
    payer.id,
  );
  maker.pay(payer.wallet.freshPlace('change', { form: FORM.p2wpkh }), changeSats, 'mix', payer.id);
  maker.finish({ order: 'bip69' });
  tellMix(
    economy,
    'payjoin',
    [
      { actor: payer.id, inputs: [0], outputs: [1] },
      { actor: payee.id, inputs: [1], outputs: [0] },
    ],
    { from: payer.id, to: payee.id, sats },
  );
  return true;
}
