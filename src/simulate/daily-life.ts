/**
 * What people do from day to day. Each activity makes at most one transaction; who has not enough buys
 * coins at an exchange first, and does it another time.
 */

import type { Merchant, PaymentProcessor } from './actors/payment-processor.ts';
import type { Person } from './actors/person.ts';
import type { Town } from './town.ts';
import type { Place } from './wallet.ts';

type Activity = (town: Town, person: Person) => boolean;

/** Pay it, or buy coins for it. */
function payOrBuy(
  town: Town,
  person: Person,
  place: () => Place,
  sats: number,
  purpose: string,
): boolean {
  const { economy } = town;
  if (person.wallet.balanceSats > sats + 3000) {
    if (economy.send(person.wallet, place(), sats, purpose)) return true;
  }
  person.buy(economy, sats);
  return false;
}

/** Some pay round amounts of coins, most the worth of round money. */
function rounded(town: Town, sats: number): number {
  if (!town.economy.random.chance(0.25)) return sats;
  const unit = sats > 10_000_000 ? 1_000_000 : sats > 1_000_000 ? 100_000 : 10_000;
  return Math.max(unit, Math.round(sats / unit) * unit);
}

const payFriend: Activity = (town, person) => {
  const other = town.pickPerson();
  if (other === person) return false;
  const sats = rounded(town, town.economy.amountSats(70 * person.wealth, 1));
  return payOrBuy(town, person, () => other.wallet.shownPlace(), sats, 'personal');
};

function priceSats(town: Town, merchant: Merchant): number {
  const { economy } = town;
  if (merchant.pricesUsd === undefined) return economy.amountSats(merchant.medianUsd, 0.7);
  return economy.prices.satsForUsd(economy.random.pick(merchant.pricesUsd), economy.timeSeconds);
}

function pickMerchant(town: Town): { processor: PaymentProcessor; merchant: Merchant } {
  const processor = town.economy.random.pick(town.processors);
  return { processor, merchant: town.economy.random.pick(processor.merchants) };
}

const shop: Activity = (town, person) => {
  const { processor, merchant } = pickMerchant(town);
  const sats = priceSats(town, merchant);
  if (!payOrBuy(town, person, () => processor.invoice(merchant), sats, 'purchase')) return false;
  processor.credit(merchant, sats);
  return true;
};

/** Straight from the exchange to a merchant: the exchange makes the transaction, the customer pays. */
const shopFromExchange: Activity = (town, person) => {
  const { processor, merchant } = pickMerchant(town);
  const sats = priceSats(town, merchant);
  const { block } = town.economy;
  const before = block.count;
  if (person.exchange.withdraw(processor.invoice(merchant), sats, 'purchase', person.id)) {
    processor.credit(merchant, sats);
  }
  return block.count > before;
};

const sell: Activity = (town, person) => {
  const { economy } = town;
  const balance = person.wallet.balanceSats;
  if (balance < 200_000) return false;
  const place = person.account();
  town.oddities.remember(place);
  if (economy.random.chance(0.4)) return economy.sweep(person.wallet, place, 'deposit', 20) > 0;
  return economy.send(
    person.wallet,
    place,
    Math.floor(balance * (0.2 + 0.6 * economy.random.unit())),
    'deposit',
  );
};

const buy: Activity = (town, person) => {
  const before = town.economy.block.count;
  person.buy(town.economy, 0);
  return town.economy.block.count > before;
};

const gamble: Activity = (town, person) => {
  const { economy } = town;
  const site = economy.random.pick(town.casinos);
  if (economy.random.chance(0.4)) {
    const sats = economy.amountSats(60, 1.2);
    return site.wallet.balanceSats > 2 * sats && site.payOut(person.wallet.shownPlace(), sats);
  }
  const sats = rounded(town, economy.amountSats(30, 0.9));
  return payOrBuy(town, person, () => person.casinoPlace(site), sats, 'gambling');
};

const sendHome: Activity = (town, person) => {
  const { economy } = town;
  const other = town.pickPerson();
  const sats = economy.amountSats(180, 0.5);
  if (person.wallet.balanceSats < sats + 10_000) {
    person.buy(economy, sats);
    return false;
  }
  const beneficiary = economy.random.chance(0.6) ? other.account() : other.wallet.shownPlace();
  const place = town.remittance.receivePlace(person.id);
  if (!economy.send(person.wallet, place, sats, 'remittance')) return false;
  town.remittance.order(beneficiary, sats);
  return true;
};

const give: Activity = (town, person) => {
  const charity = town.economy.random.pick(town.charities);
  town.oddities.remember(charity.place);
  const sats = rounded(town, town.economy.amountSats(15, 0.8));
  return payOrBuy(town, person, () => charity.place, sats, 'donation');
};

const orderAtMarket: Activity = (town, person) => {
  const sats = town.economy.amountSats(90, 0.7);
  if (person.wallet.balanceSats < sats + 10_000) {
    person.buy(town.economy, sats);
    return false;
  }
  const seller = town.pickPerson();
  const place = town.market.order(person.id, () => seller.wallet.shownPlace());
  return town.economy.send(person.wallet, place, sats, 'market_order');
};

const swap: Activity = (town, person) => {
  const { economy } = town;
  const sats = economy.amountSats(150, 0.8);
  if (economy.random.chance(0.5)) return town.instant.payOut(person.wallet.shownPlace(), sats);
  if (person.wallet.balanceSats < sats + 10_000) return false;
  return economy.send(person.wallet, town.instant.order(person.id), sats, 'swap');
};

/** To oneself: gather small coins, or move to a fresh address. */
const tidyUp: Activity = (town, person) => {
  const { economy } = town;
  const { wallet } = person;
  if (wallet.purse.count < 2) return false;
  return economy.sweep(wallet, wallet.freshPlace('receive'), 'self', economy.random.int(1, 12)) > 0;
};

const ACTIVITIES: readonly (readonly [Activity, number])[] = [
  [payFriend, 24],
  [shop, 22],
  [shopFromExchange, 3],
  [sell, 12],
  [buy, 8],
  [gamble, 10],
  [sendHome, 3],
  [give, 2.5],
  [orderAtMarket, 2],
  [swap, 2.5],
  [tidyUp, 4],
  [(town, person) => town.mixing.enterWhirlpool(person), 1.6],
  [(town, person) => town.mixing.takeJoinMarket(person), 0.8],
  [(town, person) => town.mixing.payByStonewall(person), 0.3],
  [(town, person) => town.mixing.payByPayJoin(person), 0.08],
  [(town) => town.oddities.notarise(), 0.7],
  [(town) => town.oddities.experiment(), 0.3],
  [(town) => town.oddities.dust(), 0.06],
];
const TOTAL_WEIGHT = ACTIVITIES.reduce((sum, [, weight]) => sum + weight, 0);

function pickActivity(unit: number): Activity {
  let left = unit * TOTAL_WEIGHT;
  for (const [activity, weight] of ACTIVITIES) {
    left -= weight;
    if (left < 0) return activity;
  }
  return payFriend;
}

/** Whoever leaves sells what is left or forgets it; someone new comes instead. */
function replace(town: Town, at: number, person: Person): void {
  const { economy } = town;
  if (economy.random.chance(0.7) && person.wallet.balanceSats > 20_000) {
    if (!economy.hasRoom()) return;
    economy.sweep(person.wallet, person.account(), 'deposit', 100);
  }
  person.wallet.close();
  town.people[at] = town.newPerson();
}

/** One person does one thing. */
export function liveOn(town: Town): void {
  const { random } = town.economy;
  const at = random.int(0, town.people.length - 1);
  const person = town.people[at]!;
  if (person.actionsLeft <= 0 && person.obligations === 0) {
    replace(town, at, person);
    return;
  }
  const activity = pickActivity(random.unit());
  if (activity(town, person)) person.actionsLeft -= 1;
}
