/**
 * Miners and pools. The first blocks are found by single miners, some of whom are paid to a bare key;
 * later most are found by pools, which share out in batches or straight from the coinbase.
 */
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import { MAKES, type Place, pickMake, Wallet, type Watcher } from '../wallet.ts';
import type { Exchange } from './exchange.ts';

/** An output of a coinbase that is to be made. */
export interface MinerShare {
  readonly place: Place;
  readonly sats: number;
}

/** What a miner writes into the coinbase, and whom the coinbase pays. */
export interface Reward {
  readonly mark: string;
  readonly shares: readonly MinerShare[];
}

/** Someone with machines: mines alone or for a pool, and sells. */
class Miner {
  readonly id: string;
  readonly wallet: Wallet;
  readonly isEarly: boolean;
  readonly account: Place;
  /** Never sells: keys lost, or patient. */
  readonly isAsleep: boolean;
  #sellsAtHeight = 0;

  constructor(economy: Economy, exchange: Exchange, isEarly: boolean, watcher?: Watcher) {
    const make = isEarly ? MAKES.legacy : pickMake(economy.random);
    this.isEarly = isEarly;
    this.id = economy.newActor('miner', make.name);
    this.wallet = new Wallet(economy, this.id, make, watcher);
    this.account = exchange.account(this.id);
    this.isAsleep = isEarly && economy.random.chance(0.15);
  }

  rewardPlace(economy: Economy): Place {
    if (!this.isEarly) return this.wallet.shownPlace('coinbase');
    const form = economy.random.pick([FORM.p2pkUncompressed, FORM.p2pk, FORM.p2pkhUncompressed]);
    return this.wallet.freshPlace('coinbase', { form });
  }

  chore(economy: Economy): boolean {
    if (this.isAsleep || economy.height < this.#sellsAtHeight) return false;
    // Nobody sells every day, and not all on the same days.
    this.#sellsAtHeight = economy.heightAfter(4 + 14 * economy.random.unit());
    if (economy.ripeSats(this.wallet, 8) < 500_000) return false;
    return economy.sweep(this.wallet, this.account, 'deposit', this.isEarly ? 2 : 12) > 0;
  }
}

class Pool {
  readonly id: string;
  readonly wallet: Wallet;
  readonly members: readonly Miner[];
  /** The coinbase pays the members itself. */
  readonly isDirect: boolean;
  readonly mark: string;
  #paysAtHeight = 0;

  constructor(economy: Economy, members: readonly Miner[], isDirect: boolean, watcher?: Watcher) {
    const make = economy.random.pick([
      MAKES.serviceSegwit,
      MAKES.serviceLegacy,
      MAKES.serviceNested,
    ]);
    this.id = economy.newActor('pool', make.name);
    this.wallet = new Wallet(economy, this.id, { ...make, reuse: 0.99 }, watcher);
    this.members = members;
    this.isDirect = isDirect;
    this.mark = `/sim-${this.id}/`;
  }

  shares(economy: Economy, sats: number): MinerShare[] {
    if (!this.isDirect || sats < 1_000_000) {
      return [{ place: this.wallet.shownPlace('coinbase'), sats }];
    }
    const shares: MinerShare[] = [];
    const each = Math.floor(sats / (1.5 * this.members.length + 1));
    let left = sats;
    for (const member of this.members) {
      const part = Math.floor(each * (0.5 + economy.random.unit()));
      shares.push({ place: member.wallet.shownPlace('payout'), sats: part });
      left -= part;
    }
    shares.push({ place: this.wallet.shownPlace('coinbase'), sats: left });
    return shares;
  }

  /** Share out what is ripe, once it is worth it. */
  chore(economy: Economy): boolean {
    if (economy.height < this.#paysAtHeight || !economy.hasRoom()) return false;
    this.#paysAtHeight = economy.heightAfter(2 + 2 * economy.random.unit());
    const ripe = economy.ripeSats(this.wallet);
    if (ripe < 2_000_000) return false;
    const { maker } = economy;
    const share = Math.floor((ripe * 0.97) / this.members.length);
    maker.begin(this.wallet.make);
    for (const member of this.members) {
      const sats = Math.floor(share * (0.6 + 0.38 * economy.random.unit()));
      maker.pay(member.wallet.shownPlace('payout'), sats, 'mining_payout', this.id);
    }
    if (!maker.fund(this.wallet, economy.feeRate(), 64)) return false;
    maker.finish();
    return true;
  }
}

/** All who find blocks. */
export class Miners {
  readonly #economy: Economy;
  readonly #early: Miner[] = [];
  readonly #pools: Pool[] = [];
  readonly #farms: Miner[] = [];
  #turn = 0;

  constructor(
    economy: Economy,
    exchanges: readonly Exchange[],
    watchPool: (id: string) => Watcher | undefined,
  ) {
    this.#economy = economy;
    for (let i = 0; i < 12; i += 1) this.#early.push(new Miner(economy, exchanges[i % 5]!, true));
    for (let p = 0; p < 4; p += 1) {
      const members: Miner[] = [];
      for (let m = 0; m < 5; m += 1)
        members.push(new Miner(economy, exchanges[(p + m) % 5]!, false));
      this.#farms.push(...members);
      this.#pools.push(new Pool(economy, members, p === 3, watchPool(`pool-${p + 1}`)));
    }
  }

  /** Who finds the block at hand, and how the reward is shared. */
  reward(sats: number): Reward {
    const economy = this.#economy;
    const isEarly = economy.random.chance(economy.height < 80 ? 0.6 : 0.02);
    if (isEarly) {
      const miner = economy.random.pick(this.#early);
      return { mark: '', shares: [{ place: miner.rewardPlace(economy), sats }] };
    }
    const pool = economy.random.pick(this.#pools);
    return { mark: pool.mark, shares: pool.shares(economy, sats) };
  }

  /** One thing that is due among miners and pools, with at most one transaction. */
  chore(): boolean {
    const all = [...this.#pools, ...this.#farms, ...this.#early];
    for (let i = 0; i < all.length; i += 1) {
      this.#turn = (this.#turn + 1) % all.length;
      if (all[this.#turn]!.chore(this.#economy)) return true;
    }
    return false;
  }
}
