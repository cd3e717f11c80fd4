/** Merchants behind a payment processor, which shows a fresh address for each invoice and pays out in batches. */
import type { Economy } from '../economy.ts';
import { MAKES, type Place, pickMake, Wallet, type Watcher } from '../wallet.ts';
import type { Exchange } from './exchange.ts';

/** What a merchant sells for, and how it is paid. */
export interface Merchant {
  readonly id: string;
  readonly medianUsd: number;
  /** Fixed prices in US dollars, as for subscriptions; else any amount. */
  readonly pricesUsd: readonly number[] | undefined;
  /** Wants coins, not money of the state. */
  readonly takesCoins: boolean;
  readonly wallet: Wallet;
  readonly account: Place;
  owedSats: number;
}

/** Prices of the shops that live on subscriptions: hosting, VPN, reading. */
const SUBSCRIPTION_PRICES: readonly (readonly number[])[] = [
  [5, 12, 60],
  [25, 60, 120],
  [10, 41],
];

export class PaymentProcessor {
  readonly id: string;
  readonly wallet: Wallet;
  readonly merchants: Merchant[] = [];
  readonly #economy: Economy;
  readonly #account: Place;
  #turn = 0;

  constructor(
    economy: Economy,
    exchange: Exchange,
    exchanges: readonly Exchange[],
    merchants: number,
    watcher?: Watcher,
  ) {
    this.#economy = economy;
    const make = MAKES.serviceSegwit;
    this.id = economy.newActor('payment_processor', make.name);
    this.wallet = new Wallet(economy, this.id, make, watcher);
    this.#account = exchange.account(this.id);
    for (let i = 0; i < merchants; i += 1) this.merchants.push(this.#newMerchant(exchanges, i));
  }

  #newMerchant(exchanges: readonly Exchange[], number: number): Merchant {
    const economy = this.#economy;
    const make = pickMake(economy.random);
    const id = economy.newActor('merchant', make.name);
    return {
      id,
      medianUsd: economy.random.pick([8, 15, 30, 45, 80, 200]),
      pricesUsd: number % 4 === 0 ? SUBSCRIPTION_PRICES[(number / 4) % 3] : undefined,
      takesCoins: economy.random.chance(0.6),
      wallet: new Wallet(economy, id, make),
      account: economy.random.pick(exchanges).account(id),
      owedSats: 0,
    };
  }

  /** The address of one invoice. The merchant is credited when it was paid: call `credit` then. */
  invoice(merchant: Merchant): Place {
    return this.wallet.freshPlace('invoice', { customer: merchant.id });
  }

  /** An invoice over that much was paid. */
  credit(merchant: Merchant, sats: number): void {
    if (merchant.takesCoins) merchant.owedSats += Math.floor(sats * 0.99);
  }

  chore(): boolean {
    if (this.wallet.purse.count < 12) return this.#sellForMerchants();
    return this.#settle() || this.#consolidate() || this.#sellForMerchants();
  }

  /** Merchants with coins of their own sell some at an exchange. */
  #sellForMerchants(): boolean {
    for (let i = 0; i < 3; i += 1) {
      this.#turn = (this.#turn + 1) % this.merchants.length;
      const merchant = this.merchants[this.#turn]!;
      if (merchant.wallet.purse.count < 5) continue;
      if (this.#economy.sweep(merchant.wallet, merchant.account, 'deposit', 30) > 0) return true;
    }
    return false;
  }

  /** Pay the merchants to whom most is owed. */
  #settle(): boolean {
    const economy = this.#economy;
    const due = this.merchants.filter((merchant) => merchant.owedSats > 1_500_000).slice(0, 20);
    const total = due.reduce((sum, merchant) => sum + merchant.owedSats, 0);
    const isWorthIt = due.length >= Math.min(4, this.merchants.length / 4);
    if (!isWorthIt || total > this.wallet.balanceSats || !economy.hasRoom()) return false;
    const { maker } = economy;
    maker.begin(this.wallet.make);
    for (const merchant of due) {
      // Some have it sent straight to their exchange.
      const place = merchant.medianUsd > 40 ? merchant.account : merchant.wallet.shownPlace();
      maker.pay(place, merchant.owedSats, 'settlement', this.id);
    }
    if (!maker.fund(this.wallet, economy.feeRate(), 120)) return false;
    maker.finish();
    for (const merchant of due) merchant.owedSats = 0;
    return true;
  }

  #consolidate(): boolean {
    const economy = this.#economy;
    if (this.wallet.purse.count < 40) return false;
    const owed = this.merchants.reduce((sum, merchant) => sum + merchant.owedSats, 0);
    // What belongs to merchants who want other money is sold.
    const isSale = this.wallet.balanceSats > 2 * owed + 20_000_000;
    const place = isSale ? this.#account : this.wallet.freshPlace('hot');
    return economy.sweep(this.wallet, place, isSale ? 'deposit' : 'consolidation', 40) > 0;
  }
}
