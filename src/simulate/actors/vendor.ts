/**
 * The exploitation vendor of the simulated economy, seen only as payments: sites with prices, an address for each
 * sale, receipts gathered now and then, and ways of turning them into money.
 */
import type { Economy } from '../economy.ts';
import type { Whirlpool } from '../mixers/whirlpool.ts';
import type { SeedList } from '../seed-list.ts';
import type { Town } from '../town.ts';
import { MAKES, type Place, Wallet, type WalletMake } from '../wallet.ts';

/** A page that takes payments. Its id says nothing. */
export interface Site {
  readonly id: string;
  readonly pricesUsd: readonly number[];
  readonly wallet: Wallet;
}

const SITE_MAKES: readonly WalletMake[] = [
  { ...MAKES.lightSegwit, reuse: 0.04 },
  { ...MAKES.nestedMobile, reuse: 0 },
  { ...MAKES.legacy, reuse: 0.08 },
];
const PRICES_USD: readonly (readonly number[])[] = [[25, 60], [25, 120], [60]];

/** Share of sales that are paid straight to the vendor's account at an exchange. */
const HOSTED_SHARE = 0.03;

export class Vendor {
  readonly id: string;
  readonly sites: readonly Site[];
  readonly #town: Town;
  readonly #economy: Economy;
  readonly #whirlpool: Whirlpool;
  /** Gathered receipts on their way out. */
  readonly #treasury: Wallet;
  readonly #mixUser: { readonly id: string; readonly wallet: Wallet; obligations: number };
  readonly #accounts: readonly Place[];
  readonly #hosted: Place;

  constructor(town: Town, whirlpool: Whirlpool, seeds: SeedList) {
    this.#town = town;
    this.#economy = town.economy;
    this.#whirlpool = whirlpool;
    const { economy } = town;
    this.id = economy.newActor('vendor', 'several');
    this.sites = SITE_MAKES.map((make, i) => {
      const id = `site-${economy.random.int(0x1000, 0xffff).toString(16)}`;
      return {
        id,
        pricesUsd: PRICES_USD[i]!,
        wallet: new Wallet(economy, this.id, make, seeds, id),
      };
    });
    this.#treasury = new Wallet(economy, this.id, MAKES.lightSegwit);
    const mixed = new Wallet(economy, this.id, MAKES.mobileSegwit);
    this.#mixUser = { id: this.id, wallet: mixed, obligations: 0 };
    const [first, second, , fourth, fifth] = town.exchanges;
    this.#accounts = [first!.account(this.id), second!.account(this.id), fifth!.account(this.id)];
    this.#hosted = { ...fourth!.account(this.id), site: this.sites[0]!.id, watcher: seeds };
    for (const site of this.sites) this.#gatherLater(site);
    this.#cashOutLater();
  }

  /** Where the next sale of a site is paid. */
  salePlace(site: Site): Place {
    const { random } = this.#economy;
    if (site === this.sites[0] && random.chance(3 * HOSTED_SHARE)) return this.#hosted;
    return site.wallet.shownPlace();
  }

  #gatherLater(site: Site): void {
    // A busy site is gathered more often.
    const days = site.wallet.purse.count > 50 ? 2 : 6 + 9 * this.#economy.random.unit();
    this.#economy.later(days, () => this.#gather(site, 30));
  }

  /** Spend receipts of a site together; once in a while those of another site with them. */
  #gather(site: Site, tries: number): void {
    const economy = this.#economy;
    if (!economy.hasRoom() && tries > 0) {
      economy.later(0, () => this.#gather(site, tries - 1));
      return;
    }
    if (site.wallet.purse.count >= 3) {
      const place = this.#treasury.freshPlace('receive');
      const other = economy.random.pick(this.sites);
      if (other !== site && other.wallet.purse.count > 0 && economy.random.chance(0.25)) {
        this.#gatherBoth(site, other, place);
      } else {
        const most = Math.min(120, Math.max(24, Math.floor(site.wallet.purse.count * 0.8)));
        economy.sweep(site.wallet, place, 'gathering', economy.random.int(4, most));
      }
    }
    this.#gatherLater(site);
  }

  #gatherBoth(site: Site, other: Site, place: Place): void {
    const economy = this.#economy;
    const { maker } = economy;
    const rate = economy.feeRate();
    maker.begin(site.wallet.make);
    for (const [wallet, count] of [
      [site.wallet, economy.random.int(3, 12)],
      [other.wallet, economy.random.int(1, 3)],
    ] as const) {
      for (let i = 0; i < count && wallet.purse.count > 0; i += 1) {
        const coin = wallet.purse.first;
        wallet.purse.take(coin);
        maker.addCoin(coin);
      }
    }
    const sats = maker.inputSats - maker.feeSats(rate) - maker.outputFeeSats(place.form, rate);
    maker.pay(place, sats, 'gathering', this.id);
    maker.finish();
  }

  #cashOutLater(): void {
    // What has piled up goes out sooner.
    const days = this.#treasury.purse.count > 6 ? 0.5 : 3 + 5 * this.#economy.random.unit();
    this.#economy.later(days, () => this.#cashOut());
  }

  /** Send gathered coins out on one of the ways. */
  #cashOut(): void {
    const economy = this.#economy;
    this.#cashOutLater();
    if (this.#treasury.purse.count === 0 && this.#mixUser.wallet.purse.count === 0) return;
    const way = economy.random.unit();
    if (this.#mixUser.wallet.purse.count > 0 && economy.random.chance(0.6)) {
      this.#attempt(() => economy.sweep(this.#mixUser.wallet, this.#account(), 'cash_out', 3) > 0);
    } else if (way < 0.3) {
      this.#attempt(() => economy.sweep(this.#treasury, this.#account(), 'cash_out', 2) > 0);
    } else if (way < 0.55) {
      this.#hop(this.#treasury, economy.random.int(1, 3), () => this.#account());
    } else if (way < 0.7) {
      this.#hop(this.#treasury, economy.random.int(0, 2), () => this.#town.instant.order(this.id));
    } else if (way < 0.88) {
      this.#peel(this.#treasury, economy.random.int(3, 7));
    } else {
      this.#mix();
    }
  }

  #account(): Place {
    return this.#economy.random.pick(this.#accounts);
  }

  /** Do it now, or a little later when the block is full. */
  #attempt(action: () => boolean, tries = 20): void {
    if (this.#economy.hasRoom() || tries === 0) action();
    else this.#economy.later(0, () => this.#attempt(action, tries - 1));
  }

  /** Move the coins over some addresses of the own before they go out. */
  #hop(from: Wallet, hops: number, out: () => Place): void {
    const economy = this.#economy;
    if (hops === 0) {
      this.#attempt(() => economy.sweep(from, out(), 'cash_out', 3) > 0);
      return;
    }
    const next = new Wallet(
      economy,
      this.id,
      economy.random.pick([MAKES.lightSegwit, MAKES.legacy, MAKES.taproot]),
    );
    this.#attempt(() => {
      if (economy.sweep(from, next.freshPlace('receive'), 'self', 3) === 0) return false;
      economy.later(0.2 + economy.random.unit(), () => this.#hop(next, hops - 1, out));
      return true;
    });
  }

  /** A peel chain: one input, a small part goes out, the rest goes on. */
  #peel(from: Wallet, peels: number): void {
    const economy = this.#economy;
    const chain = new Wallet(economy, this.id, {
      ...MAKES.mobileSegwit,
      selection: 'oldest',
      reuse: 0,
    });
    this.#attempt(() => {
      if (economy.sweep(from, chain.freshPlace('receive'), 'self', 4) === 0) return false;
      economy.later(0.1, () => this.#peelOnce(chain, peels));
      return true;
    });
  }

  #peelOnce(chain: Wallet, peels: number): void {
    const economy = this.#economy;
    const sats = Math.floor(chain.balanceSats * (0.1 + 0.2 * economy.random.unit()));
    if (peels === 0 || sats < 40_000) {
      this.#attempt(() => economy.sweep(chain, this.#account(), 'cash_out', 2) > 0);
      return;
    }
    const place = economy.random.chance(0.7) ? this.#account() : this.#town.instant.order(this.id);
    this.#attempt(() => {
      economy.send(chain, place, sats, 'cash_out');
      economy.later(0.1 + 0.3 * economy.random.unit(), () => this.#peelOnce(chain, peels - 1));
      return true;
    });
  }

  /** Through Whirlpool; what comes out goes to the exchange another day. */
  #mix(): void {
    const economy = this.#economy;
    this.#attempt(() => {
      if (
        economy.sweep(this.#treasury, this.#mixUser.wallet.freshPlace('receive'), 'self', 4) === 0
      )
        return false;
      economy.later(0.3, () => this.#attempt(() => this.#whirlpool.tx0(this.#mixUser)));
      return true;
    });
  }
}
