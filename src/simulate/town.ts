/** Who lives in the simulated economy, and how many of each for its size. */
import { EXCHANGE_STYLES, Exchange } from './actors/exchange.ts';
import { Miners } from './actors/miners.ts';
import { Oddities } from './actors/oddities.ts';
import { PaymentProcessor } from './actors/payment-processor.ts';
import { Person } from './actors/person.ts';
import { Charity, GamblingSite, InstantExchange, Market, Remittance } from './actors/services.ts';
import type { Economy } from './economy.ts';
import { Mixing } from './mixers/mixing.ts';
import type { TagCollector } from './tag-pack.ts';
import { MAKES } from './wallet.ts';

/** At most so many people live at the same time, whatever the size: this bounds the memory. */
const PEOPLE_MAX = 30_000;
/** So many of the places that are paid again and again are remembered, for whoever sends dust. */
const KNOWN_PLACES = 256;

/** Anybody who does things by himself. */
interface Worker {
  /** Do one thing that is due, with at most one transaction; false when nothing is due. */
  chore(): boolean;
}

export class Town {
  readonly economy: Economy;
  readonly exchanges: readonly Exchange[];
  readonly miners: Miners;
  readonly processors: readonly PaymentProcessor[];
  readonly casinos: readonly GamblingSite[];
  readonly charities: readonly Charity[];
  readonly remittance: Remittance;
  readonly instant: InstantExchange;
  readonly market: Market;
  readonly oddities: Oddities;
  readonly mixing: Mixing;
  readonly people: Person[] = [];
  /** Further workers, such as mixers and the vendor. */
  readonly workers: Worker[] = [];
  readonly #tags: TagCollector;
  #turn = 0;

  /**
   * @param transactions size of the economy
   * @param tags collects addresses of the services that someone tags
   */
  constructor(economy: Economy, transactions: number, tags: TagCollector) {
    this.economy = economy;
    this.#tags = tags;
    this.exchanges = EXCHANGE_STYLES.map(
      (style, i) => new Exchange(economy, style, tags.watch(`exchange-${i + 1}`)),
    );
    const [first, second, third] = this.exchanges as [Exchange, Exchange, Exchange];
    this.miners = new Miners(economy, this.exchanges, (id) => tags.watch(id));
    const merchants = Math.min(150, Math.max(6, Math.round(transactions / 800)));
    this.processors = [first, third].map(
      (exchange, i) =>
        new PaymentProcessor(
          economy,
          exchange,
          this.exchanges,
          merchants,
          tags.watch(`payment-processor-${i + 1}`),
        ),
    );
    this.casinos = [
      new GamblingSite(economy, second, MAKES.serviceLegacy, tags.watch('gambling-1')),
      new GamblingSite(economy, third, MAKES.serviceSegwit, tags.strangers()),
    ];
    this.charities = [
      new Charity(economy, first, MAKES.oneAddress, tags.watch('charity-1')),
      new Charity(economy, second, MAKES.serviceSegwit, tags.watch('charity-2')),
    ];
    this.remittance = new Remittance(economy, second, tags.watch('remittance-1'));
    this.instant = new InstantExchange(economy, first, tags.watch('instant-exchange-1'));
    this.market = new Market(economy, third, tags.watch('market-1'));
    this.oddities = new Oddities(economy, first, KNOWN_PLACES);
    const people = Math.min(PEOPLE_MAX, Math.max(40, Math.round(transactions / 25)));
    for (let i = 0; i < people; i += 1) this.people.push(this.newPerson());
    this.workers.push(
      ...this.exchanges,
      this.miners,
      ...this.processors,
      ...this.casinos,
      ...this.charities,
      this.remittance,
      this.instant,
      this.market,
      this.oddities,
    );
    this.mixing = new Mixing(this, transactions, tags);
  }

  /** An exchange as customers choose it: the first ones more often. */
  pickExchange(): Exchange {
    const { random } = this.economy;
    const at = Math.min(random.int(0, 6), random.int(0, this.exchanges.length - 1));
    return this.exchanges[at]!;
  }

  newPerson(): Person {
    const isMistaken = this.economy.random.chance(0.05);
    const watcher = isMistaken ? this.#tags.strangers() : undefined;
    return new Person(this.economy, this.pickExchange(), watcher === undefined ? {} : { watcher });
  }

  /** Anybody of those who live now. */
  pickPerson(): Person {
    return this.people[this.economy.random.int(0, this.people.length - 1)]!;
  }

  /**
   * Let services do what is due, in turn, for at most so many transactions.
   *
   * @returns whether any was made
   */
  doChores(transactionsMax: number): boolean {
    const { block } = this.economy;
    const before = block.count;
    const end = before + transactionsMax;
    let idle = 0;
    while (idle < this.workers.length && block.count < end && this.economy.hasRoom()) {
      this.#turn = (this.#turn + 1) % this.workers.length;
      idle = this.workers[this.#turn]!.chore() ? 0 : idle + 1;
    }
    return block.count > before;
  }

  /** A transaction that is possible whenever any service has coins; false when none has. */
  fill(): boolean {
    return this.exchanges.some((exchange) => exchange.shuffle());
  }
}
