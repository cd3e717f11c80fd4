/**
 * Whirlpool as Samourai ran it before May 2023: a first transaction (TX0) cuts coins into equal ones
 * and pays the coordinator, then mixes of five inputs and five equal outputs. Shape: rules WH-1 and TX0-1 of
 * the heuristics reference; pools and fees are the public ones.
 */
import { opReturnScript } from '../../chain/script.ts';
import type { Exchange } from '../actors/exchange.ts';
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import { type Keeper, MAKES, Wallet, type Watcher } from '../wallet.ts';
import { type MixParticipant, tellMix } from './mix-row.ts';

/** Whoever takes part in mixes: a person, the vendor, a coordinator. */
export interface MixUser {
  readonly id: string;
  readonly wallet: Wallet;
  /** Mixes in progress. */
  obligations: number;
}

/** A coin that waits for a mix. */
interface Waiting {
  readonly coin: number;
  readonly user: MixUser;
}

class Queue implements Keeper {
  readonly waiting: Waiting[] = [];
  readonly #user: MixUser;
  readonly #into: Waiting[];

  constructor(user: MixUser, into: Waiting[]) {
    this.#user = user;
    this.#into = into;
  }

  receive(coin: number): void {
    this.#user.obligations += 1;
    this.#into.push({ coin, user: this.#user });
  }
}

interface Pool {
  /** Value of each output. */
  readonly sats: number;
  /** What the coordinator takes for a TX0. */
  readonly feeSats: number;
  /** When the pool opened. */
  readonly fromSeconds: number;
  readonly entrants: Waiting[];
  readonly remixers: Waiting[];
  isPrimed: boolean;
}

function openPool(sats: number, feeSats: number, fromSeconds: number): Pool {
  return { sats, feeSats, fromSeconds, entrants: [], remixers: [], isPrimed: false };
}

const MIX_SIZE = 5;
const REMIXERS_MAX = 3000;

export class Whirlpool {
  readonly #economy: Economy;
  readonly #exchange: Exchange;
  readonly #coordinator: MixUser;
  readonly #pools: readonly Pool[];

  constructor(economy: Economy, exchange: Exchange, watcher?: Watcher) {
    this.#economy = economy;
    this.#exchange = exchange;
    const make = MAKES.lightSegwit;
    const id = economy.newActor('mixing_service', make.name);
    this.#coordinator = { id, wallet: new Wallet(economy, id, make, watcher), obligations: 0 };
    this.#pools = [
      // The smallest pool opened on 2021-03-05; a day later is after that by every clock.
      openPool(100_000, 5_000, Date.UTC(2021, 2, 6) / 1000),
      openPool(1_000_000, 50_000, 0),
      openPool(5_000_000, 175_000, 0),
    ];
  }

  get coordinator(): MixUser {
    return this.#coordinator;
  }

  /** Cut coins of the user into coins for the largest pool that they are enough for. */
  tx0(user: MixUser): boolean {
    const economy = this.#economy;
    const pool = this.#pools.findLast((each) => {
      const isOpen = economy.timeSeconds >= each.fromSeconds;
      return isOpen && user.wallet.balanceSats > each.sats * 1.2 + each.feeSats + 60_000;
    });
    if (pool === undefined || !economy.hasRoom()) return false;
    const { maker, random } = economy;
    const rate = economy.feeRate();
    const premix = pool.sats + Math.min(100_000, Math.max(500, Math.round(300 * rate)));
    const affordable = Math.floor((user.wallet.balanceSats - pool.feeSats - 60_000) / premix);
    const count = Math.min(affordable, random.int(1, 7));
    maker.begin(user.wallet.make);
    maker.payScript(opReturnScript(random.bytes(64)), 0);
    maker.pay(
      this.#coordinator.wallet.freshPlace('fee', { form: FORM.p2wpkh }),
      pool.feeSats,
      'mix_fee',
      user.id,
    );
    const keeper = new Queue(user, pool.entrants);
    for (let i = 0; i < count; i += 1) {
      const place = user.wallet.freshPlace('premix', { form: FORM.p2wpkh, keeper });
      maker.pay(place, premix, 'premix', user.id);
    }
    const outputs = maker.outputCount;
    if (!maker.fund(user.wallet, rate, 12)) return false;
    // Change that could be taken for the fee or for a premix coin would make the shape ambiguous.
    const changeSats = maker.outputCount > outputs ? maker.outputSatsOf(outputs) : 0;
    const isLikeFee = changeSats >= pool.feeSats / 2 && changeSats <= 3 * pool.feeSats;
    if (
      isLikeFee ||
      this.#pools.some((each) => changeSats >= each.sats && changeSats <= each.sats + 110_000)
    ) {
      maker.cancel(user.wallet);
      return false;
    }
    maker.finish({ order: 'bip69' });
    return true;
  }

  /** A coin of exactly the pool's value from the operator, so that the first mix has a remixer. */
  #prime(pool: Pool): boolean {
    const economy = this.#economy;
    const { wallet } = this.#coordinator;
    if (pool.entrants.length < 4) return false;
    if (wallet.balanceSats < 2 * pool.sats) {
      if (this.#coordinator.obligations === 0) {
        const isBought = this.#exchange.withdraw(
          wallet.freshPlace('receive'),
          30_000_000,
          'withdrawal',
        );
        this.#coordinator.obligations = isBought ? 1 : 0;
      }
      return false;
    }
    const place = wallet.freshPlace('premix', {
      keeper: new Queue(this.#coordinator, pool.remixers),
    });
    pool.isPrimed = economy.send(wallet, place, pool.sats, 'self');
    return pool.isPrimed;
  }

  /** Coins of different owners: up to `count` from the queue, oldest first; they stay in it. */
  #choose(queue: readonly Waiting[], count: number, taken: Set<string>): Waiting[] {
    const chosen: Waiting[] = [];
    for (const each of queue.slice(0, 400)) {
      if (chosen.length === count) break;
      if (taken.has(each.user.id)) continue;
      taken.add(each.user.id);
      chosen.push(each);
    }
    return chosen;
  }

  /** One mix, or the coin that makes the first one possible; false when too few wait. */
  chore(): boolean {
    return this.#pools.some((pool) => (pool.isPrimed ? this.#mix(pool) : this.#prime(pool)));
  }

  #mix(pool: Pool): boolean {
    const economy = this.#economy;
    if (!economy.hasRoom() || pool.entrants.length < 2) return false;
    const taken = new Set<string>();
    const wanted = economy.random.chance(0.8) ? 3 : economy.random.int(1, 3);
    const remixers = this.#choose(pool.remixers, wanted, taken);
    const entrants = this.#choose(pool.entrants, MIX_SIZE - remixers.length, taken);
    if (remixers.length < 1 || remixers.length + entrants.length < MIX_SIZE) return false;
    const gone = new Set([...remixers, ...entrants]);
    remove(pool.remixers, gone);
    remove(pool.entrants, gone);
    this.#makeMix(pool, economy.random.shuffle([...gone]));
    return true;
  }

  #makeMix(pool: Pool, users: readonly Waiting[]): void {
    const economy = this.#economy;
    const { maker, random } = economy;
    maker.begin(MAKES.serviceSegwit);
    for (const each of users) {
      maker.addCoin(each.coin);
      each.user.obligations -= 1;
    }
    const participants: MixParticipant[] = users.map((each, i) => {
      const { wallet } = each.user;
      const again = pool.remixers.length < REMIXERS_MAX && random.chance(0.6);
      const keeper = again ? new Queue(each.user, pool.remixers) : wallet;
      maker.pay(
        wallet.freshPlace('mix', { form: FORM.p2wpkh, keeper }),
        pool.sats,
        'mix',
        each.user.id,
      );
      return { actor: each.user.id, inputs: [i], outputs: [i] };
    });
    maker.finish({ order: 'shuffled', version: 1, locktime: 0 });
    tellMix(economy, 'whirlpool', participants);
  }
}

function remove(queue: Waiting[], gone: ReadonlySet<Waiting>): void {
  let kept = 0;
  for (const each of queue) if (!gone.has(each)) queue[kept++] = each;
  queue.length = kept;
}
