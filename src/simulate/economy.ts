/**
 * The state that all simulated actors share: height, time, prices, fees, the coins, the block that is being
 * filled, what is to happen later; and the few moves that all of them make with money.
 *
 * Rule that keeps the number of transactions exact: whoever makes one asks `hasRoom` first.
 */
import type { SeededRandom } from '../bytes/seeded-random.ts';
import { AddressBook } from './address-book.ts';
import { Agenda } from './agenda.ts';
import { BlockMaker } from './block-maker.ts';
import type { ChainPlan } from './chain-plan.ts';
import { CoinPool, NO_COIN } from './coin-pool.hot.ts';
import type { PriceWalk } from './price-walk.ts';
import { ScriptForge } from './script-form.hot.ts';
import { CHANGE_SATS_MIN, TransactionMaker } from './transaction-maker.hot.ts';
import type { TruthSink } from './truth-writer.ts';
import type { Place, Wallet, WalletWorld } from './wallet.ts';

/** What an actor is. */
export type ActorKind =
  | 'person'
  | 'payer'
  | 'vendor'
  | 'exchange'
  | 'instant_exchange'
  | 'payment_processor'
  | 'merchant'
  | 'gambling'
  | 'charity'
  | 'remittance'
  | 'market'
  | 'pool'
  | 'miner'
  | 'mixing_service'
  | 'maker'
  | 'notary'
  | 'experimenter'
  | 'duster';

/** Kinds that pool the value of many customers. */
const SERVICES: ReadonlySet<ActorKind> = new Set([
  'exchange',
  'instant_exchange',
  'payment_processor',
  'gambling',
  'remittance',
  'market',
  'pool',
  'mixing_service',
]);

const DAY_SECONDS = 86_400;

export class Economy implements WalletWorld {
  readonly random: SeededRandom;
  readonly plan: ChainPlan;
  readonly prices: PriceWalk;
  readonly truth: TruthSink;
  readonly pool = new CoinPool();
  readonly block = new BlockMaker();
  readonly forge: ScriptForge;
  readonly addresses: AddressBook;
  readonly maker: TransactionMaker;
  readonly agenda = new Agenda();
  height = 0;
  timeSeconds = 0;
  /** Usual fee rate of the block at hand. */
  satsPerVbyte = 4;
  /** Transactions that the block at hand may have, its coinbase included. */
  quota = 1;
  /** Actors so far, by kind. */
  readonly actorCounts = new Map<ActorKind, number>();
  #keys = 0;

  constructor(options: {
    random: SeededRandom;
    plan: ChainPlan;
    prices: PriceWalk;
    truth: TruthSink;
  }) {
    this.random = options.random.fork('life');
    this.plan = options.plan;
    this.prices = options.prices;
    this.truth = options.truth;
    this.forge = new ScriptForge(options.random.fork('scripts'));
    this.addresses = new AddressBook(options.truth);
    this.maker = new TransactionMaker({
      pool: this.pool,
      block: this.block,
      forge: this.forge,
      truth: this.truth,
      addresses: this.addresses,
      random: this.random,
    });
  }

  nextKey(): number {
    this.#keys += 1;
    return this.#keys;
  }

  /** Number of keys handed out so far. */
  get keys(): number {
    return this.#keys;
  }

  /** A new actor with its row in the truth; returns its id, such as `exchange-2`. */
  newActor(kind: ActorKind, walletName: string): string {
    const number = (this.actorCounts.get(kind) ?? 0) + 1;
    this.actorCounts.set(kind, number);
    const id = `${kind.replaceAll('_', '-')}-${number}`;
    const service = SERVICES.has(kind) ? ',"service":true' : '';
    this.truth.row(
      `{"row":"actor","id":"${id}","kind":"${kind}"${service},"wallet":"${walletName}"}`,
    );
    return id;
  }

  /** Begin the block of that height: its time, its room, its fee rate. */
  beginBlock(height: number): void {
    this.height = height;
    this.timeSeconds = this.plan.timesSeconds[height]!;
    this.quota = this.plan.transactionCounts[height]!;
    this.satsPerVbyte = Math.min(
      40,
      Math.max(1.2, this.satsPerVbyte * Math.exp(this.random.normal(0, 0.12))),
    );
    this.maker.height = height;
    this.maker.timeSeconds = this.timeSeconds;
    this.block.begin();
  }

  /** True when the block at hand may take one more transaction. */
  hasRoom(): boolean {
    return this.block.count < this.quota;
  }

  /** What somebody pays per virtual byte now. */
  feeRate(): number {
    return Math.max(1.05, this.satsPerVbyte * (0.7 + 0.6 * this.random.unit()));
  }

  /** The height that many days from now; at least the next one. */
  heightAfter(days: number): number {
    return this.height + Math.max(1, Math.round((days * DAY_SECONDS) / this.plan.spacingSeconds));
  }

  /** Run the function that many days from now. */
  later(days: number, run: () => void): void {
    this.agenda.at(this.heightAfter(days), run);
  }

  /** An amount in satoshi around so many US dollars of the day, log-normally spread. */
  amountSats(medianUsd: number, spread: number): number {
    const usd = medianUsd * Math.exp(this.random.normal(0, spread));
    return Math.max(6000, this.prices.satsForUsd(Math.min(usd, 40 * medianUsd), this.timeSeconds));
  }

  /**
   * Pay one place out of a wallet.
   *
   * @returns false when the block is full or the wallet has not enough; nothing happened then
   */
  send(wallet: Wallet, place: Place, sats: number, purpose: string): boolean {
    if (!this.hasRoom() || wallet.balanceSats < sats) return false;
    this.maker.begin(wallet.make);
    this.maker.pay(place, sats, purpose, wallet.owner);
    if (!this.maker.fund(wallet, this.feeRate())) return false;
    this.maker.finish();
    return true;
  }

  /**
   * Spend up to `inputsMax` of the oldest ripe coins, whole, to one place.
   *
   * @returns the satoshi that arrived, or 0 when nothing happened
   */
  sweep(wallet: Wallet, place: Place, purpose: string, inputsMax: number, inputsMin = 1): number {
    if (!this.hasRoom()) return 0;
    const { maker, pool } = this;
    const rate = this.feeRate();
    maker.begin(wallet.make);
    for (let coin = wallet.purse.first; coin !== NO_COIN; coin = pool.next[coin]!) {
      if (pool.ripeHeights[coin]! > this.height) continue;
      if (maker.inputCount >= inputsMax) break;
      maker.addCoin(coin);
    }
    const sats = maker.inputSats - maker.feeSats(rate) - maker.outputFeeSats(place.form, rate);
    if (maker.inputCount < inputsMin || sats < CHANGE_SATS_MIN) return 0;
    maker.takeFrom(wallet);
    maker.pay(place, sats, purpose, wallet.owner);
    maker.finish();
    return sats;
  }

  /** What is ripe among the oldest coins of a wallet, looking at so many. */
  ripeSats(wallet: Wallet, coinsMax = 64): number {
    let sats = 0;
    let looked = 0;
    for (let coin = wallet.purse.first; coin !== NO_COIN && looked < coinsMax; ) {
      if (this.pool.ripeHeights[coin]! <= this.height) sats += this.pool.sats[coin]!;
      looked += 1;
      coin = this.pool.next[coin]!;
    }
    return sats;
  }
}
