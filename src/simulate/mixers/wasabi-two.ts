/**
 * Wasabi 2 (WabiSabi): everybody brings what he likes and takes it out in standard denominations. Shape: rule
 * WW2 of the heuristics reference (at least 50 inputs, as with the first coordinator).
 */
import type { Person } from '../actors/person.ts';
import type { Economy } from '../economy.ts';
import { FORM } from '../script-form.hot.ts';
import type { Town } from '../town.ts';
import { MAKES, Wallet, type Watcher } from '../wallet.ts';
import { type MixParticipant, tellMix } from './mix-row.ts';
import { pickCoins, sumCoins } from './round-helpers.ts';

const SMALLEST_SATS = 5000;
const LARGEST_SATS = 134_375_000_000;
const INPUTS_MIN = 50;
const INPUTS_MAX = 220;
const OUTPUTS_EACH_MAX = 9;

/**
 * The standard values: powers of two and three, twice powers of three, and 1, 2, 5 times powers of
 * ten, largest first.
 *
 * @example standardDenominations().length // 78
 */
export function standardDenominations(): number[] {
  const found = new Set<number>();
  for (const [factor, base] of [
    [1, 2],
    [1, 3],
    [2, 3],
    [1, 10],
    [2, 10],
    [5, 10],
  ] as const) {
    for (let value = factor; value <= LARGEST_SATS; value *= base) {
      if (value >= SMALLEST_SATS) found.add(value);
    }
  }
  return [...found].sort((a, b) => b - a);
}

interface Part {
  readonly person: Person;
  readonly coins: readonly number[];
  readonly outputs: readonly number[];
}

export class WasabiTwo {
  readonly #town: Town;
  readonly #economy: Economy;
  readonly #wallet: Wallet;
  readonly #id: string;
  readonly #denominations = standardDenominations();
  /** Those of the round before: some come again, so that rounds are linked. */
  #before: readonly Person[] = [];
  #rounds = 0;

  constructor(town: Town, watcher?: Watcher) {
    this.#town = town;
    this.#economy = town.economy;
    const make = MAKES.serviceTaproot;
    this.#id = town.economy.newActor('mixing_service', make.name);
    this.#wallet = new Wallet(town.economy, this.#id, make, watcher);
  }

  get rounds(): number {
    return this.#rounds;
  }

  chore(): boolean {
    return false;
  }

  /** People who want to take part buy what they need, in several coins; the round is a few days later. */
  announce(): void {
    const economy = this.#economy;
    const { random } = economy;
    const wanted = random.int(20, 34);
    const people: Person[] = this.#before.filter(
      (person) => !person.wallet.isClosed && random.chance(0.4),
    );
    for (let tries = 0; tries < 40 * wanted && people.length < wanted; tries += 1) {
      const person = this.#town.pickPerson();
      const { form } = person.wallet.make;
      if ((form !== FORM.p2wpkh && form !== FORM.p2tr) || people.includes(person)) continue;
      people.push(person);
    }
    for (const person of people) {
      person.obligations += 1;
      for (let coins = random.int(2, 3); coins > 0; coins -= 1) {
        const sats = economy.amountSats(700 * person.wealth, 0.8);
        person.exchange.withdraw(person.wallet.freshPlace('receive'), sats, 'withdrawal');
      }
    }
    economy.later(1.5, () => this.#round(people, 8));
  }

  #round(people: readonly Person[], tries: number): void {
    const economy = this.#economy;
    const parts = economy.hasRoom() ? this.#gather(people) : undefined;
    if (parts === undefined && tries > 0) {
      economy.later(0.3, () => this.#round(people, tries - 1));
      return;
    }
    for (const person of people) person.obligations -= 1;
    if (parts === undefined) return;
    this.#make(parts);
    this.#before = people;
    this.#rounds += 1;
  }

  #gather(people: readonly Person[]): Part[] | undefined {
    const economy = this.#economy;
    const rate = Math.min(10, economy.feeRate());
    const parts: Part[] = [];
    let inputs = 0;
    for (const person of people) {
      const wanted = person.wallet.balanceSats * 0.9;
      const coins =
        pickCoins(economy, person.wallet, wanted, 10, true) ??
        pickCoins(economy, person.wallet, wanted / 3, 10, true);
      if (coins === undefined || inputs + coins.length > INPUTS_MAX) continue;
      const outputs = this.#decompose(sumCoins(economy, coins), coins.length, rate);
      if (outputs.length === 0) continue;
      parts.push({ person, coins, outputs });
      inputs += coins.length;
    }
    return inputs >= INPUTS_MIN ? parts : undefined;
  }

  /** Standard values that make up the amount; what is left is for the miners, or once in a while change. */
  #decompose(sats: number, inputs: number, rate: number): number[] {
    const { random } = this.#economy;
    const outputCost = Math.ceil(43 * rate);
    let left = sats - Math.ceil(68 * rate * inputs);
    const outputs: number[] = [];
    let skips = random.int(0, 2);
    for (const value of this.#denominations) {
      if (outputs.length === OUTPUTS_EACH_MAX) break;
      // Not everybody takes the largest that fits: two people with the same amount differ.
      if (left >= value + outputCost && skips > 0 && left < 8 * value) {
        skips -= 1;
        continue;
      }
      while (left >= value + outputCost && outputs.length < OUTPUTS_EACH_MAX) {
        outputs.push(value);
        left -= value + outputCost;
      }
    }
    if (left > 40_000 && outputs.length >= 6) outputs.push(left - outputCost);
    return outputs;
  }

  #make(parts: readonly Part[]): void {
    const economy = this.#economy;
    const { maker } = economy;
    maker.begin(MAKES.serviceSegwit);
    const participants: MixParticipant[] = [];
    let paid = 0;
    for (const part of parts) {
      const { wallet } = part.person;
      const inputs: number[] = [];
      const outputs: number[] = [];
      for (const coin of part.coins) {
        wallet.purse.take(coin);
        inputs.push(maker.inputCount);
        maker.addCoin(coin);
      }
      for (const sats of part.outputs) {
        outputs.push(maker.outputCount);
        maker.pay(wallet.freshPlace('mix'), sats, 'mix', part.person.id);
      }
      participants.push({ actor: part.person.id, inputs, outputs });
      paid += part.coins.length;
    }
    // The coordinator takes a little of what nobody could take out in standard values.
    const spare = maker.inputSats - maker.outputSats - maker.feeSats(1.2) - 60;
    if (spare > 12_000) {
      participants.push({ actor: this.#id, inputs: [], outputs: [maker.outputCount] });
      maker.pay(
        this.#wallet.freshPlace('fee'),
        Math.min(spare - 3000, 5001 + 97 * paid),
        'mix',
        this.#id,
      );
    }
    maker.finish({ order: 'descending' });
    tellMix(economy, 'wasabi2', participants);
  }
}
