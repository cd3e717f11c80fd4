/**
 * Exchanges: an own deposit address for each customer, sweeps of these into a hot wallet, withdrawals one by
 * one or in batches, and a cold store that takes what the hot wallet does not need.
 */
import type { Economy } from '../economy.ts';
import { MAKES, type Place, Wallet, type WalletMake, type Watcher } from '../wallet.ts';

/** What tells one exchange from another. */
export interface ExchangeStyle {
  readonly depositMake: WalletMake;
  readonly hotMake: WalletMake;
  readonly coldMake: WalletMake;
  /** Withdrawals in one transaction; 1 pays each at once. */
  readonly batchMax: number;
  /** Deposits are spent directly for withdrawals; there is no sweep. */
  readonly isOneWallet: boolean;
  /** Coins on deposit addresses before they are swept. */
  readonly sweepMin: number;
}

/** The exchanges of the economy; the first ones are the larger. */
export const EXCHANGE_STYLES: readonly ExchangeStyle[] = [
  {
    depositMake: MAKES.serviceSegwit,
    hotMake: MAKES.serviceSegwit,
    coldMake: MAKES.multisigSegwit,
    batchMax: 40,
    isOneWallet: false,
    sweepMin: 14,
  },
  {
    depositMake: MAKES.serviceNested,
    hotMake: { ...MAKES.serviceNested, reuse: 0.97, reusesForChange: true },
    coldMake: MAKES.multisigLegacy,
    batchMax: 1,
    isOneWallet: false,
    sweepMin: 10,
  },
  {
    depositMake: MAKES.serviceLegacy,
    hotMake: { ...MAKES.serviceLegacy, reuse: 0.995, reusesForChange: true },
    coldMake: { ...MAKES.serviceLegacy, name: 'paper' },
    batchMax: 12,
    isOneWallet: true,
    sweepMin: 40,
  },
  {
    depositMake: MAKES.multisigLegacy,
    hotMake: MAKES.multisigLegacy,
    coldMake: MAKES.multisigNested,
    batchMax: 25,
    isOneWallet: false,
    sweepMin: 8,
  },
  {
    depositMake: MAKES.serviceSegwit,
    hotMake: MAKES.serviceTaproot,
    coldMake: MAKES.multisigSegwit,
    batchMax: 1,
    isOneWallet: false,
    sweepMin: 10,
  },
];

interface Withdrawal {
  readonly place: Place;
  readonly sats: number;
  readonly purpose: string;
  /** Who pays, when it is not the exchange that pays a customer. */
  readonly from: string;
  readonly height: number;
}

/** What the hot wallet keeps at least before cold coins are fetched. */
const HOT_SATS_MIN = 20 * 100_000_000;

export class Exchange {
  readonly id: string;
  readonly style: ExchangeStyle;
  readonly deposits: Wallet;
  readonly hot: Wallet;
  readonly cold: Wallet;
  readonly #economy: Economy;
  readonly #queue: Withdrawal[] = [];
  #queuedSats = 0;

  constructor(economy: Economy, style: ExchangeStyle, watcher?: Watcher) {
    this.#economy = economy;
    this.style = style;
    this.id = economy.newActor('exchange', style.hotMake.name);
    this.hot = new Wallet(economy, this.id, style.hotMake, watcher);
    this.deposits = style.isOneWallet
      ? this.hot
      : new Wallet(economy, this.id, style.depositMake, watcher);
    this.cold = new Wallet(economy, this.id, style.coldMake, watcher);
  }

  /** A deposit address for a customer; the customer keeps it and uses it again. */
  account(customer: string): Place {
    return this.deposits.freshPlace('deposit', {
      customer,
      form: this.style.depositMake.form,
    });
  }

  get #freeSats(): number {
    return this.hot.balanceSats - this.#queuedSats;
  }

  /**
   * Ask for coins to be sent out.
   *
   * @param from the customer, when the payment goes to a third party; else the exchange
   * @returns false when the hot wallet has not enough
   */
  withdraw(place: Place, sats: number, purpose: string, from = this.id): boolean {
    if (sats * 1.01 + 200_000 > this.#freeSats) return false;
    this.#queue.push({ place, sats, purpose, from, height: this.#economy.height });
    this.#queuedSats += sats;
    if (this.#queue.length >= this.style.batchMax) this.#payOut();
    return true;
  }

  /** Pay what waits, as many as one transaction takes. */
  #payOut(): boolean {
    const economy = this.#economy;
    if (!economy.hasRoom() || this.#queue.length === 0) return false;
    const { maker } = economy;
    const batch = this.#queue.slice(0, this.style.batchMax);
    maker.begin(this.hot.make);
    for (const each of batch) {
      const via = each.from === this.id ? '' : this.id;
      maker.pay(each.place, each.sats, each.purpose, each.from, via);
    }
    if (!maker.fund(this.hot, economy.feeRate(), 250)) return false;
    maker.finish();
    this.#queue.splice(0, batch.length);
    for (const each of batch) this.#queuedSats -= each.sats;
    return true;
  }

  /** Do one thing that is due, with at most one transaction. @returns false when nothing is due */
  chore(): boolean {
    const economy = this.#economy;
    const waiting = this.#queue[0];
    const isDue =
      waiting !== undefined &&
      (economy.height > waiting.height || this.#queue.length >= this.style.batchMax);
    if (isDue && this.#payOut()) return true;
    if (!this.style.isOneWallet && this.deposits.purse.count >= this.style.sweepMin) {
      return economy.sweep(this.deposits, this.hot.shownPlace('hot'), 'sweep', 60) > 0;
    }
    if (this.hot.purse.count > 400) {
      return economy.sweep(this.hot, this.hot.shownPlace('hot'), 'consolidation', 100) > 0;
    }
    return this.#balanceCold();
  }

  #balanceCold(): boolean {
    const economy = this.#economy;
    const target = Math.max(HOT_SATS_MIN, 0.1 * (this.hot.balanceSats + this.cold.balanceSats));
    if (this.hot.balanceSats > 2 * target) {
      const place = this.cold.freshPlace('cold');
      return economy.send(
        this.hot,
        place,
        Math.floor(this.hot.balanceSats - 1.2 * target),
        'to_cold',
      );
    }
    if (this.hot.balanceSats < target / 4 && this.cold.balanceSats > target / 4) {
      const sats = Math.floor(Math.min(target, 0.8 * this.cold.balanceSats));
      return economy.send(this.cold, this.hot.shownPlace('hot'), sats, 'from_cold');
    }
    return false;
  }

  /** A move inside the house that is possible whenever there is anything; keeps blocks full. */
  shuffle(): boolean {
    const sats = Math.floor(this.hot.balanceSats * 0.1);
    if (sats < 100_000) return false;
    return this.#economy.send(this.hot, this.hot.freshPlace('hot'), sats, 'internal');
  }
}
