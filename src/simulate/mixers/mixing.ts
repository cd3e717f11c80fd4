/** All protocols together: who mixes, and when rounds take place. */
import type { Person } from '../actors/person.ts';
import { FORM } from '../script-form.hot.ts';
import type { TagCollector } from '../tag-pack.ts';
import type { Town } from '../town.ts';
import { payJoin, stonewall } from './collaborative.ts';
import { JoinMarket } from './join-market.ts';
import { WasabiOne } from './wasabi-one.ts';
import { WasabiTwo } from './wasabi-two.ts';
import { Whirlpool } from './whirlpool.ts';

/** Smaller economies have too few people for a round. */
const ROUNDS_FROM_TRANSACTIONS = 4000;
const ROUNDS_MAX = 400;

export class Mixing {
  readonly whirlpool: Whirlpool;
  readonly joinMarket: JoinMarket;
  readonly wasabiOne: WasabiOne;
  readonly wasabiTwo: WasabiTwo;
  readonly #town: Town;

  /** @param transactions size of the economy; decides how many rounds are held */
  constructor(town: Town, transactions: number, tags: TagCollector) {
    this.#town = town;
    const [first, , , , fifth] = town.exchanges;
    this.whirlpool = new Whirlpool(town.economy, first!, tags.watch('mixing-service-1'));
    this.wasabiOne = new WasabiOne(town, tags.watch('mixing-service-2'));
    this.wasabiTwo = new WasabiTwo(town, tags.watch('mixing-service-3'));
    this.joinMarket = new JoinMarket(town.economy, fifth!);
    town.workers.push(this.whirlpool, this.joinMarket);
    this.#planRounds(transactions);
  }

  #planRounds(transactions: number): void {
    if (transactions < ROUNDS_FROM_TRANSACTIONS) return;
    const { agenda, plan } = this.#town.economy;
    const rounds = Math.min(ROUNDS_MAX, Math.max(2, Math.round(transactions / 7000)));
    for (let i = 0; i < rounds; i += 1) {
      const at = (share: number): number =>
        Math.floor(plan.blocks * (0.3 + (0.62 * (i + share)) / rounds));
      agenda.at(at(0.2), () => this.wasabiOne.announce());
      agenda.at(at(0.7), () => this.wasabiTwo.announce());
    }
  }

  /** Cut coins for Whirlpool, or buy some to do so later. */
  enterWhirlpool(person: Person): boolean {
    const { form } = person.wallet.make;
    if (form !== FORM.p2wpkh && form !== FORM.p2shP2wpkh) return false;
    if (this.whirlpool.tx0(person)) return true;
    if (person.wallet.balanceSats < 1_500_000) person.buy(this.#town.economy, 1_500_000);
    return false;
  }

  /** Take part in a JoinMarket mix as the one who asks for it. */
  takeJoinMarket(person: Person): boolean {
    return person.wallet.make.form === FORM.p2wpkh && this.joinMarket.join(person);
  }

  /** A payment in the shape of a Stonewall; one in five is by two people. */
  payByStonewall(person: Person): boolean {
    const town = this.#town;
    const partner = town.economy.random.chance(0.2) ? town.pickPerson() : person;
    const payee = town.pickPerson();
    if (payee === person || payee === partner) return false;
    return stonewall(town.economy, person, partner, payee);
  }

  payByPayJoin(person: Person): boolean {
    return payJoin(this.#town.economy, person, this.#town.pickPerson());
  }
}
