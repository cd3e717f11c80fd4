/** Builds the scenario chain step by step: wallets, payments, blocks; all from one seed. */
import { sha256d } from '../../bytes/hash.ts';
import { hashToDisplay } from '../../bytes/hex.ts';
import { type SeededRandom, seededRandom } from '../../bytes/seeded-random.ts';
import { scriptToAddress } from '../../chain/address.ts';
import { subsidySats } from '../../chain/network.ts';
import { AddressBook } from '../address-book.ts';
import { BlockMaker, genesisBlock, REGTEST } from '../block-maker.ts';
import { START_SECONDS } from '../chain-plan.ts';
import { CoinPool } from '../coin-pool.hot.ts';
import { type MixParticipant, tellMix } from '../mixers/mix-row.ts';
import { type Form, ScriptForge } from '../script-form.hot.ts';
import { TransactionMaker } from '../transaction-maker.hot.ts';
import type { TruthSink } from '../truth-writer.ts';
import {
  MAKES,
  type Order,
  type Place,
  Wallet,
  type WalletMake,
  type WalletWorld,
} from '../wallet.ts';

/** A block with its place in the chain. */
export interface ScenarioBlock {
  readonly height: number;
  /** As people write it. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** What happens under one name. */
export interface Scenario {
  /** The transactions that matter, in order. */
  readonly txids: readonly string[];
  /** The addresses that matter, as the note says. */
  readonly addresses: readonly string[];
  readonly note: string;
}

/** A transaction as it was made, to be put into another block once more. */
export interface RawTransaction {
  readonly bytes: Uint8Array;
  readonly txid: Uint8Array;
  readonly wtxid: Uint8Array;
  readonly feeSats: number;
  readonly hasWitness: boolean;
}

/** What a payment consists of. */
export interface PaymentPlan {
  readonly from: Wallet;
  readonly to: readonly (readonly [Place, number])[];
  readonly purpose?: string;
  readonly order?: Order;
}

/** Usual fee rate of the scenarios. */
const SATS_PER_VBYTE = 5;
const SPACING_SECONDS = 600;
const MATURITY_BLOCKS = 100;

export class ScenarioBuilder implements WalletWorld {
  readonly random: SeededRandom = seededRandom('scenario-chain');
  readonly pool = new CoinPool();
  readonly block = new BlockMaker();
  readonly forge: ScriptForge;
  readonly maker: TransactionMaker;
  readonly blocks: ScenarioBlock[] = [];
  readonly staleBlocks: ScenarioBlock[] = [];
  readonly scenarios: Record<string, Scenario> = {};
  /** Rows as in `truth.json`. */
  readonly truthRows: string[] = [];
  readonly truth: TruthSink = { row: (json) => void this.truthRows.push(json) };
  readonly miner: Wallet;
  #keys = 0;
  #previousHash: Uint8Array;
  #height = 1;

  constructor() {
    this.forge = new ScriptForge(this.random.fork('scripts'));
    this.maker = new TransactionMaker({
      pool: this.pool,
      block: this.block,
      forge: this.forge,
      truth: this.truth,
      addresses: new AddressBook(this.truth),
      random: this.random,
    });
    const genesis = genesisBlock();
    this.#previousHash = sha256d(genesis.subarray(0, 80));
    this.blocks.push({ height: 0, hash: REGTEST.genesisHash, bytes: genesis });
    this.miner = this.wallet('miner', MAKES.serviceSegwit);
    this.#beginBlock();
  }

  nextKey(): number {
    this.#keys += 1;
    return this.#keys;
  }

  /** Height of the block that is being filled. */
  get height(): number {
    return this.#height;
  }

  wallet(owner: string, make: WalletMake = MAKES.mobileSegwit): Wallet {
    return new Wallet(this, owner, { ...make, reuse: 0 });
  }

  #beginBlock(): void {
    this.block.begin();
    this.maker.height = this.#height;
    this.maker.timeSeconds = this.#time();
  }

  #time(): number {
    return START_SECONDS + this.#height * SPACING_SECONDS;
  }

  /**
   * Finish the block at hand and begin the next.
   *
   * @param options.version 1 names no height in the coinbase
   * @param options.mark bytes of the coinbase script
   * @param options.place instead of a fresh one of the miner
   */
  mine(options: { version?: number; mark?: Uint8Array; place?: Place } = {}): ScenarioBlock {
    const place = options.place ?? this.miner.freshPlace('coinbase');
    const sats = subsidySats(this.#height, REGTEST)! + this.block.feesSats;
    const sealed = this.block.seal({
      height: this.#height,
      timeSeconds: this.#time(),
      previousHash: this.#previousHash,
      outputs: [{ script: this.scriptOf(place), sats }],
      mark: options.mark ?? this.random.bytes(8),
      ...(options.version === undefined ? {} : { version: options.version }),
    });
    if (place.keeper !== undefined) {
      const ripe = this.#height + MATURITY_BLOCKS;
      place.keeper.receive(
        this.pool.add(sealed.coinbaseTxid, 0, sats, place.form, place.key, ripe),
      );
    }
    const made: ScenarioBlock = {
      height: this.#height,
      hash: hashToDisplay(sealed.hash),
      bytes: new Uint8Array(Buffer.concat([sealed.front, sealed.body])),
    };
    this.blocks.push(made);
    this.#previousHash = sealed.hash;
    this.#height += 1;
    this.#beginBlock();
    return made;
  }

  /** Blocks with nothing but a coinbase. */
  mineEmpty(count: number): void {
    for (let i = 0; i < count; i += 1) this.mine();
  }

  /** Take the last blocks off the best chain: they are a stale branch from now on. */
  abandon(count: number): void {
    const gone = this.blocks.splice(this.blocks.length - count, count);
    this.staleBlocks.push(...gone);
    this.#height -= count;
    this.#previousHash = sha256d(this.blocks.at(-1)!.bytes.subarray(0, 80));
    this.#beginBlock();
  }

  scriptOf(place: Place): Uint8Array {
    const script = new Uint8Array(256);
    return script.slice(0, this.forge.writeOutputScript(place.form, place.key, script, 0));
  }

  /** The address of a place. @throws {RangeError} when its script has none */
  addressOf(place: Place): string {
    const address = scriptToAddress(this.scriptOf(place), REGTEST);
    if (address === undefined) throw new RangeError('the script has no address');
    return address;
  }

  /** A place with a key that another place has in another form. */
  sameKey(wallet: Wallet, key: number, form: Form): Place {
    return { ...wallet.freshPlace('receive', { form }), key };
  }

  /** Give a wallet coins of these amounts, each on an address of its own; returns the places. */
  fund(wallet: Wallet, amountsSats: readonly number[], form: Form = wallet.make.form): Place[] {
    const places = amountsSats.map(() => wallet.freshPlace('receive', { form }));
    this.pay({
      from: this.miner,
      to: places.map((place, i) => [place, amountsSats[i]!]),
      purpose: 'funding',
    });
    return places;
  }

  /** Make a payment with change; returns its txid. */
  pay(plan: PaymentPlan): string {
    const { maker } = this;
    maker.begin(plan.from.make);
    for (const [place, sats] of plan.to)
      maker.pay(place, sats, plan.purpose ?? 'payment', plan.from.owner);
    if (!maker.fund(plan.from, SATS_PER_VBYTE, 200))
      throw new RangeError(`${plan.from.owner} has not enough`);
    maker.finish(plan.order === undefined ? {} : { order: plan.order });
    return maker.txidHex;
  }

  /** Spend all coins of a wallet to one place; returns the txid. */
  sweep(from: Wallet, place: Place, purpose = 'self'): string {
    const { maker } = this;
    maker.begin(from.make);
    this.addAll(from);
    const fee = maker.feeSats(SATS_PER_VBYTE) + maker.outputFeeSats(place.form, SATS_PER_VBYTE);
    maker.pay(place, maker.inputSats - fee, purpose, from.owner);
    maker.finish();
    return maker.txidHex;
  }

  /** Add all coins of a wallet to the transaction at hand; returns the numbers of these inputs. */
  addAll(wallet: Wallet, sighash?: number): number[] {
    const added: number[] = [];
    for (let coin = wallet.purse.first; coin !== -1; coin = wallet.purse.first) {
      wallet.purse.take(coin);
      added.push(this.maker.inputCount);
      this.maker.addCoin(coin, undefined, sighash);
    }
    return added;
  }

  /** Run steps that add one transaction to the block, and return its bytes. */
  capture(make: () => void): RawTransaction {
    const start = this.block.bodyLength;
    const feesBefore = this.block.feesSats;
    make();
    const bytes = this.block.body.slice(start, this.block.bodyLength);
    return {
      bytes,
      txid: this.maker.txid.slice(),
      wtxid: sha256d(bytes),
      feeSats: this.block.feesSats - feesBefore,
      hasWitness: bytes[4] === 0,
    };
  }

  /** Put a captured transaction into the block at hand, byte for byte. */
  repeat(raw: RawTransaction): void {
    this.block.reserve(raw.bytes.length);
    this.block.body.set(raw.bytes, this.block.bodyLength);
    this.block.accept(raw.bytes.length, raw.txid, raw.wtxid, raw.hasWitness, raw.feeSats);
  }

  /** Tell whose inputs and outputs the last transaction has, by the numbers under which they were added. */
  tellMix(protocol: string, participants: readonly MixParticipant[]): void {
    tellMix(this, protocol, participants);
  }

  /** Write down what a name stands for. */
  name(
    name: string,
    txids: readonly string[],
    addresses: readonly (Place | string)[],
    note: string,
  ): void {
    if (Object.hasOwn(this.scenarios, name))
      throw new RangeError(`scenario ${name} is there twice`);
    this.scenarios[name] = {
      txids,
      addresses: addresses.map((each) => (typeof each === 'string' ? each : this.addressOf(each))),
      note,
    };
  }
}
