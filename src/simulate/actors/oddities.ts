/** What is rare in a chain but there: data carriers, bare multisig, odd scripts, dust. */
import { opReturnScript } from '../../chain/script.ts';
import type { Economy } from '../economy.ts';
import { FORM, type Form } from '../script-form.hot.ts';
import { MAKES, type Place, Wallet } from '../wallet.ts';
import type { Exchange } from './exchange.ts';

const ODD_FORMS: readonly Form[] = [
  FORM.bareMultisig,
  FORM.bareMultisig,
  FORM.nonstandard,
  FORM.futureWitness,
  FORM.p2pk,
  FORM.p2trScript,
];

export class Oddities {
  readonly #economy: Economy;
  readonly #notary: Wallet;
  readonly #experimenter: Wallet;
  readonly #duster: Wallet;
  readonly #exchange: Exchange;
  readonly #known: Place[] = [];
  readonly #knownMax: number;
  #seen = 0;

  constructor(economy: Economy, exchange: Exchange, knownMax: number) {
    this.#economy = economy;
    this.#exchange = exchange;
    this.#knownMax = knownMax;
    const wallet = (
      kind: 'notary' | 'experimenter' | 'duster',
      make: (typeof MAKES)[keyof typeof MAKES],
    ) => new Wallet(economy, economy.newActor(kind, make.name), make);
    this.#notary = wallet('notary', MAKES.oneAddress);
    this.#experimenter = wallet('experimenter', MAKES.legacy);
    this.#duster = wallet('duster', MAKES.mobileSegwit);
  }

  /** Remember a place that is paid again and again; it may get dust one day. */
  remember(place: Place): void {
    this.#seen += 1;
    if (this.#known.length < this.#knownMax) this.#known.push(place);
    else if (this.#economy.random.chance(this.#knownMax / this.#seen)) {
      this.#known[this.#economy.random.int(0, this.#knownMax - 1)] = place;
    }
  }

  chore(): boolean {
    for (const wallet of [this.#notary, this.#experimenter, this.#duster]) {
      if (wallet.purse.count === 0 && this.#economy.random.chance(0.2)) {
        this.#exchange.withdraw(wallet.shownPlace(), 5_000_000, 'withdrawal');
      }
    }
    return false;
  }

  /** A hash written into the chain: opaque bytes, with change beside it. */
  notarise(): boolean {
    const economy = this.#economy;
    if (!economy.hasRoom()) return false;
    economy.maker.begin(this.#notary.make);
    economy.maker.payScript(
      opReturnScript(economy.random.bytes(economy.random.pick([20, 32, 40, 80]))),
      0,
    );
    if (!economy.maker.fund(this.#notary, economy.feeRate())) return false;
    economy.maker.finish();
    return true;
  }

  /** Somebody pays himself in a rare form. */
  experiment(): boolean {
    const economy = this.#economy;
    if (!economy.hasRoom()) return false;
    const form = economy.random.pick(ODD_FORMS);
    const wallet = this.#experimenter;
    if (economy.random.chance(0.3) && wallet.purse.count > 8) {
      return economy.sweep(wallet, wallet.freshPlace('receive'), 'self', 6) > 0;
    }
    const place = wallet.freshPlace('data', { form });
    // Nobody can say what a future witness version will ask for: such a coin stays.
    const kept = form === FORM.futureWitness ? { ...place, keeper: undefined } : place;
    return economy.send(wallet, kept, economy.random.int(8_000, 40_000), 'self');
  }

  /** Tiny amounts to many strangers, in the hope that they are spent together. */
  dust(): boolean {
    const economy = this.#economy;
    if (!economy.hasRoom() || this.#known.length < 30) return false;
    const { maker } = economy;
    maker.begin(this.#duster.make);
    const start = economy.random.int(0, this.#known.length - 1);
    const count = economy.random.int(8, 24);
    for (let i = 0; i < count; i += 1) {
      const place = this.#known[(start + i) % this.#known.length]!;
      maker.pay(place, economy.random.pick([546, 600, 777, 1000]), 'dust', this.#duster.owner);
    }
    if (!maker.fund(this.#duster, economy.feeRate())) return false;
    maker.finish();
    return true;
  }
}
