/**
 * JoinMarket: a taker pays some makers to make an output of the same value as his own. Shape: rule JM-1 of the
 * heuristics reference, sweeps without the taker's change included.
 */
import type { Exchange } from '../actors/exchange.ts';
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import { MAKES, Wallet } from '../wallet.ts';
import { type MixParticipant, tellMix } from './mix-row.ts';
import { looksLikeSplit, pickCoins, sumCoins } from './round-helpers.ts';
import type { MixUser } from './whirlpool.ts';

const MAKERS = 14;
/** Makers leave no smaller change than this. */
const MAKER_CHANGE_SATS_MIN = 27_300;
const TAKER_CHANGE_SATS_MIN = 3000;

interface Part {
  readonly user: MixUser;
  readonly coins: readonly number[];
  /** 0 for none. */
  readonly changeSats: number;
}

export class JoinMarket {
  readonly #economy: Economy;
  readonly #exchange: Exchange;
  readonly #makers: MixUser[] = [];

  constructor(economy: Economy, exchange: Exchange) {
    this.#economy = economy;
    this.#exchange = exchange;
    for (let i = 0; i < MAKERS; i += 1) {
      const make = {
        ...MAKES.mobileSegwit,
        name: 'joinmarket',
        selection: 'fit' as const,
        reuse: 0,
      };
      const id = economy.newActor('maker', make.name);
      this.#makers.push({ id, wallet: new Wallet(economy, id, make), obligations: 0 });
    }
  }

  /** Makers without coins buy some. */
  chore(): boolean {
    const economy = this.#economy;
    for (const maker of this.#makers) {
      if (maker.obligations === 0) {
        const sats = economy.random.int(30_000_000, 150_000_000);
        if (this.#exchange.withdraw(maker.wallet.freshPlace('receive'), sats, 'withdrawal')) {
          maker.obligations = 1;
        }
      }
    }
    return false;
  }

  /** The taker mixes most of what he has. @returns false when it can not be */
  join(taker: MixUser): boolean {
    const economy = this.#economy;
    const { random } = economy;
    if (!economy.hasRoom() || taker.wallet.balanceSats < 300_000) return false;
    const others = random.int(2, 7);
    const rate = economy.feeRate();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const d = Math.floor(taker.wallet.balanceSats * (0.35 + 0.5 * random.unit()));
      const parts = this.#gather(taker, others, d, rate);
      if (parts === undefined) continue;
      this.#make(parts, d);
      return true;
    }
    return false;
  }

  #gather(taker: MixUser, others: number, d: number, rate: number): Part[] | undefined {
    const economy = this.#economy;
    const parts: Part[] = [];
    let makerFees = 0;
    for (const maker of economy.random.shuffle(this.#makers)) {
      if (parts.length === others) break;
      if (maker.id === taker.id) continue;
      const feeSats = economy.random.int(400, 6000);
      const coins = pickCoins(economy, maker.wallet, d - feeSats + MAKER_CHANGE_SATS_MIN, 3);
      if (coins === undefined) continue;
      parts.push({ user: maker, coins, changeSats: sumCoins(economy, coins) - d + feeSats });
      makerFees += feeSats;
    }
    if (parts.length < others) return undefined;
    // Some 100 vbytes for each participant's inputs and outputs, paid by the taker.
    const minerFee = Math.ceil(rate * (11 + 68 * (others * 1.5 + 3) + 31 * 2 * (others + 1)));
    const coins = pickCoins(economy, taker.wallet, d + makerFees + minerFee, 3);
    if (coins === undefined) return undefined;
    const over = sumCoins(economy, coins) - d - makerFees - minerFee;
    parts.push({ user: taker, coins, changeSats: over < TAKER_CHANGE_SATS_MIN ? 0 : over });
    return this.#isClear(parts, d) ? parts : undefined;
  }

  /** One value several times, all others once; no exact split. */
  #isClear(parts: readonly Part[], d: number): boolean {
    const changes = parts.map((part) => part.changeSats).filter((sats) => sats > 0);
    if (new Set([...changes, d]).size !== changes.length + 1) return false;
    const total = changes.reduce((sum, sats) => sum + sats, d * parts.length);
    return !looksLikeSplit(total, d, parts.length + changes.length);
  }

  #make(parts: readonly Part[], d: number): void {
    const economy = this.#economy;
    const { maker } = economy;
    maker.begin({ ...MAKES.mobileSegwit, locktime: 'antiSnipe', sequence: 0xffff_fffe });
    const participants: MixParticipant[] = [];
    for (const part of economy.random.shuffle(parts)) {
      const { wallet } = part.user;
      const inputs: number[] = [];
      const outputs: number[] = [];
      for (const coin of part.coins) {
        wallet.purse.take(coin);
        inputs.push(maker.inputCount);
        maker.addCoin(coin);
      }
      for (const sats of [d, part.changeSats]) {
        if (sats === 0) continue;
        outputs.push(maker.outputCount);
        maker.pay(wallet.freshPlace('mix', { form: FORM.p2wpkh }), sats, 'mix', part.user.id);
      }
      participants.push({ actor: part.user.id, inputs, outputs });
    }
    maker.finish({ order: 'shuffled' });
    tellMix(economy, 'joinmarket', participants);
  }
}
