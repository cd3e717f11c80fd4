/** Ordinary people: a wallet of some make, an account at an exchange, a limited time in the economy. */
import type { ActorKind, Economy } from '../economy.ts';
import { type Place, pickMake, Wallet, type WalletMake, type Watcher } from '../wallet.ts';
import type { Exchange } from './exchange.ts';
import type { GamblingSite } from './services.ts';

export class Person {
  readonly id: string;
  readonly wallet: Wallet;
  readonly exchange: Exchange;
  /** How much money this one moves, compared with others. */
  readonly wealth: number;
  /** Things to do before leaving the economy. */
  actionsLeft: number;
  /** Obligations (a mix in progress, a subscription) that keep this one from leaving. */
  obligations = 0;
  /** Coins that were bought and have not arrived are not bought again before this height. */
  waitsUntilHeight = 0;
  #account: Place | undefined;
  #casino: { readonly site: GamblingSite; readonly place: Place } | undefined;

  constructor(
    economy: Economy,
    exchange: Exchange,
    options: { kind?: ActorKind; make?: WalletMake; watcher?: Watcher } = {},
  ) {
    const { random } = economy;
    const make = options.make ?? pickMake(random);
    this.id = economy.newActor(options.kind ?? 'person', make.name);
    this.wallet = new Wallet(economy, this.id, make, options.watcher);
    this.exchange = exchange;
    this.wealth = Math.exp(random.normal(0, 0.7));
    this.actionsLeft = random.int(20, 90);
  }

  /** The own deposit address at the exchange: always the same. */
  account(): Place {
    this.#account ??= this.exchange.account(this.id);
    return this.#account;
  }

  /** The own deposit address at a gambling site. */
  casinoPlace(site: GamblingSite): Place {
    if (this.#casino === undefined || this.#casino.site !== site) {
      this.#casino = { site, place: site.account(this.id) };
    }
    return this.#casino.place;
  }

  /**
   * Buy coins at the exchange for what is to be paid and something more.
   *
   * @returns false when the exchange can not, or coins are under way already
   */
  buy(economy: Economy, neededSats: number, place = this.wallet.shownPlace()): boolean {
    if (this.waitsUntilHeight > economy.height) return false;
    const usual = economy.amountSats(220 * this.wealth, 0.9);
    const sats = Math.floor(Math.max(usual, neededSats * (1.3 + economy.random.unit())));
    if (!this.exchange.withdraw(place, sats, 'withdrawal')) return false;
    this.waitsUntilHeight = economy.height + 3;
    return true;
  }
}
