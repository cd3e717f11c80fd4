/**
 * Those who pay the vendor: some straight out of an exchange, some from a wallet that was filled by an exchange one
 * to three transactions before. Some pay once, some again, some every month. Otherwise they live like others.
 */
import type { Economy } from '../economy.ts';
import type { Town } from '../town.ts';
import { Wallet } from '../wallet.ts';
import { Person } from './person.ts';
import type { Site, Vendor } from './vendor.ts';

const MONTH_DAYS = 30;

/**
 * Payments to the vendor in an economy of that size: about one in a hundred transactions at 20,000, one in
 * four hundred at a million.
 */
export function salesWanted(transactions: number): number {
  return Math.round(0.5 * transactions ** 0.62);
}

/** What one payer does. */
interface Habit {
  readonly person: Person;
  readonly site: Site;
  readonly usd: number;
  /** Days between two payments; 0 for payments at odd times. */
  readonly everyDays: number;
  paymentsLeft: number;
  /** Pays straight out of the exchange. */
  readonly isDirect: boolean;
  /** Own transactions between the exchange and the payment, 0 to 2, else. */
  readonly hops: number;
}

export class Payers {
  readonly #town: Town;
  readonly #economy: Economy;
  readonly #vendor: Vendor;

  /** Plans the arrival of payers until the wished number of sales is spoken for. */
  constructor(town: Town, vendor: Vendor, sales: number) {
    this.#town = town;
    this.#economy = town.economy;
    this.#vendor = vendor;
    const { economy } = town;
    const first = economy.plan.blocks - Math.floor((economy.plan.blocks - 1) * 0.9);
    let planned = 0;
    while (planned < sales) {
      const payments = this.#paymentsOfOne();
      const isMonthly = payments > 3;
      // Whoever pays every month comes early enough to do so.
      const latest = isMonthly ? 0.5 : 0.95;
      const height =
        first + Math.floor((economy.plan.blocks - first) * latest * economy.random.unit());
      economy.agenda.at(height, () => this.#arrive(payments, isMonthly));
      planned += payments;
    }
  }

  #paymentsOfOne(): number {
    const { random } = this.#economy;
    const kind = random.unit();
    if (kind < 0.55) return 1;
    if (kind < 0.75) return random.int(2, 3);
    return random.int(4, 7);
  }

  #arrive(payments: number, isMonthly: boolean): void {
    const economy = this.#economy;
    const { random } = economy;
    const person = new Person(economy, this.#town.pickExchange(), { kind: 'payer' });
    // Payers take part in ordinary life like everybody else.
    this.#town.people.push(person);
    const site = random.pick(this.#vendor.sites);
    person.obligations += 1;
    this.#next({
      person,
      site,
      usd: random.pick(site.pricesUsd),
      everyDays: isMonthly ? MONTH_DAYS : 0,
      paymentsLeft: payments,
      isDirect: random.chance(0.4),
      hops: random.pick([0, 0, 0, 1, 1, 2]),
    });
  }

  /** Prepare one payment. */
  #next(habit: Habit): void {
    if (habit.isDirect) this.#payFromExchange(habit, 12);
    else this.#fill(habit, 12);
  }

  #done(habit: Habit): void {
    const economy = this.#economy;
    habit.paymentsLeft -= 1;
    if (habit.paymentsLeft === 0) {
      habit.person.obligations -= 1;
      return;
    }
    const days =
      habit.everyDays > 0
        ? habit.everyDays + economy.random.normal(0, 0.5)
        : 3 + 30 * economy.random.unit();
    economy.later(days - 0.5, () => this.#next(habit));
  }

  #giveUp(habit: Habit): void {
    habit.person.obligations -= 1;
  }

  #priceSats(habit: Habit): number {
    return this.#economy.prices.satsForUsd(habit.usd, this.#economy.timeSeconds);
  }

  #payFromExchange(habit: Habit, tries: number): void {
    const { person } = habit;
    const place = this.#vendor.salePlace(habit.site);
    if (
      this.#economy.hasRoom() &&
      person.exchange.withdraw(place, this.#priceSats(habit), 'site_payment', person.id)
    ) {
      this.#done(habit);
    } else if (tries > 0) this.#economy.later(0.2, () => this.#payFromExchange(habit, tries - 1));
    else this.#giveUp(habit);
  }

  /** Buy coins to the own wallet, then move them on as often as this one does. */
  #fill(habit: Habit, tries: number): void {
    const economy = this.#economy;
    const { person } = habit;
    const needed = Math.floor(this.#priceSats(habit) * 1.1) + 30_000;
    const isRich = person.wallet.balanceSats > needed && habit.hops === 0;
    if (isRich) {
      this.#pay(habit, person.wallet, 12);
      return;
    }
    const wallet =
      habit.hops === 0 ? person.wallet : new Wallet(economy, person.id, person.wallet.make);
    const sats = Math.floor(needed * (1.05 + 1.5 * economy.random.unit()));
    if (person.exchange.withdraw(wallet.freshPlace('receive'), sats, 'withdrawal')) {
      economy.later(0.4, () => this.#move(habit, wallet, habit.hops, 20));
    } else if (tries > 0) economy.later(0.2, () => this.#fill(habit, tries - 1));
    else this.#giveUp(habit);
  }

  #move(habit: Habit, from: Wallet, hops: number, tries: number): void {
    const economy = this.#economy;
    if (from.purse.count === 0 || !economy.hasRoom()) {
      if (tries > 0) economy.later(0.1, () => this.#move(habit, from, hops, tries - 1));
      else this.#giveUp(habit);
      return;
    }
    if (hops === 0) {
      this.#pay(habit, from, 12);
      return;
    }
    const next =
      hops === 1
        ? habit.person.wallet
        : new Wallet(economy, habit.person.id, habit.person.wallet.make);
    economy.sweep(from, next.freshPlace('receive'), 'self', 2);
    economy.later(0.2, () => this.#move(habit, next, hops - 1, 20));
  }

  #pay(habit: Habit, wallet: Wallet, tries: number): void {
    const economy = this.#economy;
    const sats = this.#priceSats(habit);
    if (
      economy.hasRoom() &&
      economy.send(wallet, this.#vendor.salePlace(habit.site), sats, 'site_payment')
    ) {
      this.#done(habit);
    } else if (tries > 0) economy.later(0.2, () => this.#pay(habit, wallet, tries - 1));
    else this.#giveUp(habit);
  }
}
