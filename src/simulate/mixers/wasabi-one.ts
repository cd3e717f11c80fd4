/**
 * Wasabi 1: a coordinator gathers people for a round with equal outputs of about 0.1 coins, change for each, and
 * a fee for itself. Shape: rule WW1-B of the heuristics reference.
 */
import type { Person } from '../actors/person.ts';
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import type { Town } from '../town.ts';
import { MAKES, Wallet, type Watcher } from '../wallet.ts';
import { type MixParticipant, tellMix } from './mix-row.ts';
import { looksLikeSplit, pickCoins, sumCoins } from './round-helpers.ts';

const DENOMINATION_SATS = 10_000_000;
const PARTICIPANTS_MIN = 11;
const CHANGE_SATS_MIN = 3000;
/** The coordinator's share of each equal output, for a group of ordinary size. */
const COORDINATOR_SHARE = 0.002;

interface Part {
  readonly person: Person;
  readonly coins: readonly number[];
  readonly changeSats: number;
}

export class WasabiOne {
  readonly #town: Town;
  readonly #economy: Economy;
  readonly #wallet: Wallet;
  readonly #id: string;
  #rounds = 0;

  constructor(town: Town, watcher?: Watcher) {
    this.#town = town;
    this.#economy = town.economy;
    const make = MAKES.serviceSegwit;
    this.#id = town.economy.newActor('mixing_service', make.name);
    this.#wallet = new Wallet(town.economy, this.#id, make, watcher);
  }

  /** Rounds made so far. */
  get rounds(): number {
    return this.#rounds;
  }

  /** People who want to take part buy what they need; the round is a few days later. */
  announce(): void {
    const economy = this.#economy;
    const wanted = economy.random.int(14, 26);
    const people: Person[] = [];
    for (let tries = 0; tries < 40 * wanted && people.length < wanted; tries += 1) {
      const person = this.#town.pickPerson();
      if (person.wallet.make.form !== FORM.p2wpkh || people.includes(person)) continue;
      people.push(person);
      person.obligations += 1;
      if (person.wallet.balanceSats > 1.05 * DENOMINATION_SATS) continue;
      const sats = Math.floor(DENOMINATION_SATS * (1.02 + economy.random.unit()));
      person.exchange.withdraw(person.wallet.freshPlace('receive'), sats, 'withdrawal');
    }
    economy.later(1.5, () => this.#round(people, 8));
  }

  /** Nothing is due between rounds: the coordinator keeps its fees. */
  chore(): boolean {
    return false;
  }

  #round(people: readonly Person[], tries: number): void {
    const economy = this.#economy;
    const parts = economy.hasRoom() ? this.#gather(people) : undefined;
    if (parts === undefined && tries > 0) {
      economy.later(0.3, () => this.#round(people, tries - 1));
      return;
    }
    for (const person of people) person.obligations -= 1;
    if (parts !== undefined) this.#make(parts.parts, parts.d, parts.coordinatorSats);
  }

  #gather(
    people: readonly Person[],
  ): { parts: Part[]; d: number; coordinatorSats: number } | undefined {
    const economy = this.#economy;
    const { random } = economy;
    const d = DENOMINATION_SATS + random.int(-150_000, 350_000);
    const minerSats = Math.ceil(economy.feeRate() * (2 * 68 + 2 * 31 + 5));
    const feeSats = Math.floor(d * COORDINATOR_SHARE) + random.int(0, 300);
    const parts: Part[] = [];
    const used = new Set([d]);
    let total = 0;
    for (const person of people) {
      const coins = pickCoins(economy, person.wallet, d + feeSats + minerSats, 4);
      if (coins === undefined) continue;
      const over = sumCoins(economy, coins) - d - feeSats - minerSats;
      const changeSats = over < CHANGE_SATS_MIN ? 0 : over;
      if (used.has(changeSats)) continue;
      if (changeSats > 0) used.add(changeSats);
      parts.push({ person, coins, changeSats });
      total += d + changeSats;
    }
    const coordinatorSats = feeSats * parts.length;
    total += coordinatorSats;
    const isClear =
      !used.has(coordinatorSats) &&
      used.size >= 3 &&
      !looksLikeSplit(total, d, 2 * parts.length + 1);
    return parts.length >= PARTICIPANTS_MIN && isClear ? { parts, d, coordinatorSats } : undefined;
  }

  #make(parts: readonly Part[], d: number, coordinatorSats: number): void {
    const economy = this.#economy;
    const { maker } = economy;
    maker.begin({ ...MAKES.serviceSegwit, version: 1 });
    const participants: MixParticipant[] = [];
    for (const part of parts) {
      const { wallet } = part.person;
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
        maker.pay(wallet.freshPlace('mix', { form: FORM.p2wpkh }), sats, 'mix', part.person.id);
      }
      participants.push({ actor: part.person.id, inputs, outputs });
    }
    participants.push({ actor: this.#id, inputs: [], outputs: [maker.outputCount] });
    maker.pay(this.#wallet.shownPlace('fee'), coordinatorSats, 'mix', this.#id);
    // Late rounds list everything in ascending order.
    maker.finish({ order: 'bip69' });
    tellMix(economy, 'wasabi1', participants);
    this.#rounds += 1;
  }
}
