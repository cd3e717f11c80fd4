/** Services beside exchanges: gambling, charity, remittance, instant exchange, market, payment processor. */
import type { ActorKind, Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import {
  type Keeper,
  MAKES,
  type Place,
  Wallet,
  type WalletMake,
  type Watcher,
} from '../wallet.ts';
import type { Exchange } from './exchange.ts';

/** Balance in satoshi above which a service sells what it does not need. */
const SURPLUS_SATS = 300_000_000;

/** A service with one wallet and an account at an exchange for what it earns. */
class SimpleService {
  readonly id: string;
  readonly wallet: Wallet;
  readonly economy: Economy;
  readonly #exchange: Exchange;
  readonly #account: Place;

  constructor(
    economy: Economy,
    kind: ActorKind,
    make: WalletMake,
    exchange: Exchange,
    watcher?: Watcher,
  ) {
    this.economy = economy;
    this.id = economy.newActor(kind, make.name);
    this.wallet = new Wallet(economy, this.id, make, watcher);
    this.#exchange = exchange;
    this.#account = exchange.account(this.id);
  }

  /** Sell what is over; gather small coins. */
  sellSurplus(aboveSats = SURPLUS_SATS): boolean {
    if (this.wallet.balanceSats > aboveSats) {
      const sats = Math.floor(this.wallet.balanceSats - aboveSats * 0.4);
      return this.economy.send(this.wallet, this.#account, sats, 'deposit');
    }
    if (this.wallet.purse.count > 60) {
      return (
        this.economy.sweep(this.wallet, this.wallet.freshPlace('hot'), 'consolidation', 50) > 0
      );
    }
    return false;
  }

  /** Buy coins for what the service pays out. */
  buy(sats: number): boolean {
    return this.#exchange.withdraw(this.wallet.freshPlace('hot'), sats, 'withdrawal');
  }
}

/** A gambling site: an address for each player, payouts from the common wallet. */
export class GamblingSite extends SimpleService {
  constructor(economy: Economy, exchange: Exchange, make: WalletMake, watcher?: Watcher) {
    super(economy, 'gambling', make, exchange, watcher);
  }

  /** The address to which a player pays in, again and again. */
  account(player: string): Place {
    return this.wallet.freshPlace('deposit', { customer: player });
  }

  payOut(place: Place, sats: number): boolean {
    return this.economy.send(this.wallet, place, sats, 'gambling_payout');
  }

  chore(): boolean {
    return this.sellSurplus(200_000_000);
  }
}

/** A charity with one address on its page. */
export class Charity extends SimpleService {
  readonly place: Place;

  constructor(economy: Economy, exchange: Exchange, make: WalletMake, watcher?: Watcher) {
    super(economy, 'charity', make, exchange, watcher);
    this.place = this.wallet.freshPlace('donation');
  }

  chore(): boolean {
    return this.sellSurplus(20_000_000);
  }
}

/** Takes coins here, pays others out there, in batches. */
export class Remittance extends SimpleService {
  readonly #orders: { readonly place: Place; readonly sats: number }[] = [];
  #ordersSats = 0;

  constructor(economy: Economy, exchange: Exchange, watcher?: Watcher) {
    super(economy, 'remittance', MAKES.serviceNested, exchange, watcher);
  }

  /** Where a sender pays. */
  receivePlace(sender: string): Place {
    return this.wallet.freshPlace('receive', { customer: sender });
  }

  /** A sender has paid: the beneficiary gets it, less 3 %, with one of the next batches. */
  order(beneficiary: Place, sats: number): void {
    const payout = Math.floor(sats * 0.97);
    this.#orders.push({ place: beneficiary, sats: payout });
    this.#ordersSats += payout;
  }

  chore(): boolean {
    const { economy, wallet } = this;
    if (
      this.#orders.length >= 6 &&
      economy.hasRoom() &&
      wallet.balanceSats > this.#ordersSats / 2
    ) {
      const { maker } = economy;
      const batch = this.#orders.slice(0, 20);
      maker.begin(wallet.make);
      for (const order of batch) maker.pay(order.place, order.sats, 'remittance', this.id);
      if (maker.fund(wallet, economy.feeRate(), 100)) {
        maker.finish();
        this.#orders.splice(0, batch.length);
        for (const order of batch) this.#ordersSats -= order.sats;
        return true;
      }
    }
    return this.sellSurplus(Math.max(100_000_000, 3 * this.#ordersSats));
  }
}

/** Swaps coins without an account; every order has an address of its own. */
export class InstantExchange extends SimpleService {
  constructor(economy: Economy, exchange: Exchange, watcher?: Watcher) {
    super(economy, 'instant_exchange', MAKES.serviceSegwit, exchange, watcher);
  }

  /** Where somebody pays to get another coin. */
  order(customer: string): Place {
    return this.wallet.freshPlace('deposit', { customer });
  }

  /** Somebody paid with another coin and gets these. */
  payOut(place: Place, sats: number): boolean {
    return this.economy.send(this.wallet, place, sats, 'swap_payout');
  }

  chore(): boolean {
    if (this.wallet.balanceSats < 20_000_000) return this.buy(100_000_000) && false;
    return this.sellSurplus(500_000_000);
  }
}

/** Holds one coin in escrow until the goods have come. */
class Escrow implements Keeper {
  coin = -1;
  receive(coin: number): void {
    this.coin = coin;
  }
}

/** A market where the buyer's money waits on a 2-of-3 address. */
export class Market extends SimpleService {
  constructor(economy: Economy, exchange: Exchange, watcher?: Watcher) {
    super(economy, 'market', { ...MAKES.multisigLegacy, name: 'market' }, exchange, watcher);
  }

  /** Where the buyer pays; a few days later the seller is paid out of it. */
  order(buyer: string, seller: () => Place): Place {
    const escrow = new Escrow();
    const place = this.wallet.freshPlace('escrow', {
      form: FORM.p2shMultisig,
      customer: buyer,
      keeper: escrow,
    });
    this.economy.later(1 + 4 * this.economy.random.unit(), () => this.#release(escrow, seller, 20));
    return place;
  }

  #release(escrow: Escrow, seller: () => Place, tries: number): void {
    if (escrow.coin === -1) return;
    const { economy, wallet } = this;
    if (!economy.hasRoom()) {
      if (tries > 0) economy.later(0, () => this.#release(escrow, seller, tries - 1));
      return;
    }
    const { maker } = economy;
    const rate = economy.feeRate();
    const place = seller();
    maker.begin(wallet.make);
    maker.addCoin(escrow.coin);
    const commission = Math.floor(maker.inputSats * 0.05);
    maker.pay(wallet.freshPlace('fee'), Math.max(1200, commission), 'market_fee', this.id);
    const sats =
      maker.inputSats -
      maker.outputSats -
      maker.feeSats(rate) -
      maker.outputFeeSats(place.form, rate);
    if (sats < 1000) return;
    maker.pay(place, sats, 'market_sale', this.id);
    maker.finish();
  }

  chore(): boolean {
    return this.sellSurplus(20_000_000);
  }
}
