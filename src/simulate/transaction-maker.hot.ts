/**
 * Makes one transaction after another: collects coins and outputs, adds change, puts both in the order
 * of the wallet's make, writes the bytes into the block, and tells the truth about each output.
 *
 * The lists of the transaction at hand are columns that are used again (`#coins`, `#outs`, `#scripts`); the
 * output scripts stand one after the other in `#scripts`. Cost: four hashes a transaction, two for each
 * output that is new; no object for an input, none for an output beside its place.
 *
 * Invariants: inputs >= outputs; a coin is in no purse from the moment that it is taken as an input;
 * `vinOf` and `voutOf` are valid until the next `begin`.
 */
import { hash } from 'node:crypto';
import type { SeededRandom } from '../bytes/seeded-random.ts';
import type { AddressBook } from './address-book.ts';
import type { BlockMaker } from './block-maker.ts';
import { type CoinPool, NO_COIN } from './coin-pool.hot.ts';
import {
  hasWitness,
  INPUT_WEIGHT,
  OUTPUT_WEIGHT,
  type ScriptForge,
  SIGHASH,
} from './script-form.hot.ts';
import { sha256Short } from './short-hash.hot.ts';
import type { TruthSink } from './truth-writer.ts';
import type { Order, Place, Wallet, WalletMake } from './wallet.ts';

/** Outputs smaller than this are not made as change: they cost more than they are worth. */
export const CHANGE_SATS_MIN = 1000;
/** Weight of version, locktime, counts and the segwit marker. */
const FRAME_WEIGHT = 42;
const INPUTS_MAX = 1024;
const OUTPUTS_MAX = 1024;
/** No input is longer than this, scriptSig and witness together. */
const INPUT_BYTES_MAX = 600;

/** Why an output was made; `change` and `mix` outputs have rows of their own kind. */
export type Purpose = string;

export class TransactionMaker {
  readonly #pool: CoinPool;
  readonly #block: BlockMaker;
  readonly #forge: ScriptForge;
  readonly #truth: TruthSink;
  readonly #addresses: AddressBook;
  readonly #random: SeededRandom;
  // The transaction at hand.
  readonly #coins = new Int32Array(INPUTS_MAX);
  readonly #sequences = new Uint32Array(INPUTS_MAX);
  readonly #sighashes = new Uint8Array(INPUTS_MAX);
  readonly #vins = new Int32Array(INPUTS_MAX);
  readonly #inOrder = new Int32Array(INPUTS_MAX);
  readonly #outSats = new Float64Array(OUTPUTS_MAX);
  readonly #outStarts = new Uint32Array(OUTPUTS_MAX + 1);
  readonly #outPlaces: (Place | undefined)[] = new Array(OUTPUTS_MAX);
  readonly #outPurposes: string[] = new Array(OUTPUTS_MAX).fill('');
  readonly #outFroms: string[] = new Array(OUTPUTS_MAX).fill('');
  readonly #outVias: string[] = new Array(OUTPUTS_MAX).fill('');
  readonly #vouts = new Int32Array(OUTPUTS_MAX);
  readonly #outOrder = new Int32Array(OUTPUTS_MAX);
  #scripts = new Uint8Array(1 << 16);
  #stripped = new Uint8Array(1 << 16);
  readonly #reversed = Buffer.alloc(32);
  #make!: WalletMake;
  #weight = 0;
  inputCount = 0;
  outputCount = 0;
  inputSats = 0;
  outputSats = 0;
  /** Height of the block at hand; set by the economy. */
  height = 0;
  timeSeconds = 0;
  /** Transactions made so far, coinbases left out. */
  made = 0;
  /** Of the last transaction finished: internal order, valid until the next. */
  readonly txid = new Uint8Array(32);
  readonly #wtxid = new Uint8Array(32);
  /** The same as people write it. */
  txidHex = '';

  constructor(parts: {
    pool: CoinPool;
    block: BlockMaker;
    forge: ScriptForge;
    truth: TruthSink;
    addresses: AddressBook;
    random: SeededRandom;
  }) {
    this.#pool = parts.pool;
    this.#block = parts.block;
    this.#forge = parts.forge;
    this.#truth = parts.truth;
    this.#addresses = parts.addresses;
    this.#random = parts.random;
  }

  /** Start an empty transaction as wallets of that make write it. */
  begin(make: WalletMake): void {
    this.#make = make;
    this.#weight = FRAME_WEIGHT;
    this.inputCount = 0;
    this.outputCount = 0;
    this.inputSats = 0;
    this.outputSats = 0;
    this.#outStarts[0] = 0;
  }

  /**
   * Spend a coin that its purse has given away already.
   *
   * @param sequence of this input; by default that of the make
   * @param sighash last byte of its signature
   */
  addCoin(coin: number, sequence = this.#make.sequence, sighash: number = SIGHASH.all): void {
    if (this.inputCount === INPUTS_MAX) throw new RangeError(`more than ${INPUTS_MAX} inputs`);
    this.#coins[this.inputCount] = coin;
    this.#sequences[this.inputCount] = sequence;
    this.#sighashes[this.inputCount] = sighash;
    this.inputCount += 1;
    this.inputSats += this.#pool.sats[coin]!;
    this.#weight += INPUT_WEIGHT[this.#pool.forms[coin]!]!;
  }

  /**
   * Pay to a place.
   *
   * @param from id of the actor that pays
   * @param via id of the service whose wallet makes the transaction, when that is another one
   */
  pay(place: Place, sats: number, purpose: Purpose, from: string, via = ''): void {
    const at = this.#outStarts[this.outputCount]!;
    this.#growScripts(at + 300);
    const end = this.#forge.writeOutputScript(place.form, place.key, this.#scripts, at);
    this.#addOutput(end, sats, place, purpose, from, via);
    this.#weight += OUTPUT_WEIGHT[place.form]!;
  }

  /** An output with a script that belongs to nobody (OP_RETURN and the like). */
  payScript(script: Uint8Array, sats: number): void {
    const at = this.#outStarts[this.outputCount]!;
    this.#growScripts(at + script.length);
    this.#scripts.set(script, at);
    this.#addOutput(at + script.length, sats, undefined, '', '', '');
    this.#weight += 4 * (9 + script.length);
  }

  #growScripts(needed: number): void {
    if (needed <= this.#scripts.length) return;
    const grown = new Uint8Array(2 * needed);
    grown.set(this.#scripts);
    this.#scripts = grown;
  }

  #addOutput(
    end: number,
    sats: number,
    place: Place | undefined,
    purpose: string,
    from: string,
    via: string,
  ): void {
    const output = this.outputCount;
    if (output === OUTPUTS_MAX) throw new RangeError(`more than ${OUTPUTS_MAX} outputs`);
    this.#outStarts[output + 1] = end;
    this.#outSats[output] = sats;
    this.#outPlaces[output] = place;
    this.#outPurposes[output] = purpose;
    this.#outFroms[output] = from;
    this.#outVias[output] = via;
    this.outputCount = output + 1;
    this.outputSats += sats;
  }

  /** Fee in satoshi of the transaction as it stands. */
  feeSats(satsPerVbyte: number): number {
    return Math.ceil((this.#weight / 4) * satsPerVbyte);
  }

  /** The change output's share of that fee. */
  outputFeeSats(form: number, satsPerVbyte: number): number {
    return Math.ceil((OUTPUT_WEIGHT[form]! / 4) * satsPerVbyte);
  }

  /**
   * Take coins of the wallet until outputs and fee are paid, and send what is over back to it.
   *
   * @returns false when the ripe coins are not enough, or too many would be needed; nothing is taken then
   */
  fund(wallet: Wallet, satsPerVbyte: number, inputsMax = 60): boolean {
    const firstInput = this.inputCount;
    const weightBefore = this.#weight;
    const inputSatsBefore = this.inputSats;
    if (wallet.balanceSats < this.outputSats - this.inputSats) return false;
    this.#select(wallet, satsPerVbyte, inputsMax);
    if (this.inputSats < this.outputSats + this.feeSats(satsPerVbyte)) {
      this.inputCount = firstInput;
      this.inputSats = inputSatsBefore;
      this.#weight = weightBefore;
      return false;
    }
    this.takeFrom(wallet, firstInput);
    this.addChange(wallet, satsPerVbyte);
    return true;
  }

  /** Take the coins added from number `first` on out of the wallet's purse: they will be spent. */
  takeFrom(wallet: Wallet, first = 0): void {
    for (let i = first; i < this.inputCount; i += 1) wallet.purse.take(this.#coins[i]!);
  }

  /** Give all inputs back to the wallet: the transaction will not be made. */
  cancel(wallet: Wallet): void {
    for (let i = 0; i < this.inputCount; i += 1) wallet.purse.put(this.#coins[i]!);
    this.inputCount = 0;
  }

  /** Amount of the output added as number `added`. */
  outputSatsOf(added: number): number {
    return this.#outSats[added]!;
  }

  /** Send what is left over after the fee to a change address of the wallet, unless it is too little. */
  addChange(wallet: Wallet, satsPerVbyte: number): void {
    const over = this.inputSats - this.outputSats - this.feeSats(satsPerVbyte);
    const sats = over - this.outputFeeSats(wallet.make.form, satsPerVbyte);
    if (sats < CHANGE_SATS_MIN) return;
    this.pay(wallet.changePlace(), sats, 'change', wallet.owner);
  }

  /** Name inputs without taking them out of the purse yet. */
  #select(wallet: Wallet, satsPerVbyte: number, inputsMax: number): void {
    const pool = this.#pool;
    const selection = wallet.make.selection;
    if (selection === 'fit') {
      const single = this.#findFit(wallet, satsPerVbyte);
      if (single !== NO_COIN) {
        this.addCoin(single);
        return;
      }
    }
    let extra = selection === 'many' ? 2 : 0;
    for (let coin = wallet.purse.first; coin !== NO_COIN; coin = pool.next[coin]!) {
      if (pool.ripeHeights[coin]! > this.height) continue;
      const isEnough =
        this.inputSats >= this.outputSats + this.feeSats(satsPerVbyte) + CHANGE_SATS_MIN;
      if (isEnough && extra === 0) return;
      if (isEnough) extra -= 1;
      if (this.inputCount >= inputsMax) return;
      this.addCoin(coin);
    }
  }

  /** The smallest of the oldest coins that is enough by itself, or NO_COIN. */
  #findFit(wallet: Wallet, satsPerVbyte: number): number {
    const pool = this.#pool;
    const needed = this.outputSats - this.inputSats + this.feeSats(satsPerVbyte);
    let best = NO_COIN;
    let looked = 0;
    for (let coin = wallet.purse.first; coin !== NO_COIN && looked < 24; coin = pool.next[coin]!) {
      looked += 1;
      if (pool.ripeHeights[coin]! > this.height) continue;
      const enough =
        needed + (INPUT_WEIGHT[pool.forms[coin]!]! / 4) * satsPerVbyte + CHANGE_SATS_MIN;
      const sats = pool.sats[coin]!;
      if (sats >= enough && (best === NO_COIN || sats < pool.sats[best]!)) best = coin;
    }
    return best;
  }

  /** Where the input added as number `added` stands in the finished transaction. */
  vinOf(added: number): number {
    return this.#vins[added]!;
  }

  /** Where the output added as number `added` stands in the finished transaction. */
  voutOf(added: number): number {
    return this.#vouts[added]!;
  }

  /**
   * Write the transaction into the block, give each output to its keeper, drop the spent coins.
   *
   * @param options.order instead of that of the make
   * @param options.locktime instead of that of the make
   */
  finish(options: { order?: Order; locktime?: number; version?: number } = {}): void {
    const order = options.order ?? this.#make.order;
    this.#orderInputs(order);
    this.#orderOutputs(order);
    const locktime = options.locktime ?? this.#locktime();
    this.#write(options.version ?? this.#make.version, locktime);
    this.#settle();
    for (let i = 0; i < this.inputCount; i += 1) this.#pool.drop(this.#coins[i]!);
    this.made += 1;
  }

  #locktime(): number {
    if (this.#make.locktime === 'zero') return 0;
    const back = this.#random.chance(0.1) ? this.#random.int(1, 99) : 0;
    return Math.max(0, this.height - 1 - back);
  }

  #orderInputs(order: Order): void {
    const byOrder = this.#inOrder;
    for (let i = 0; i < this.inputCount; i += 1) byOrder[i] = i;
    if (order === 'bip69') this.#sort(byOrder, this.inputCount, this.#inputBefore);
    if (order === 'descending') this.#sort(byOrder, this.inputCount, this.#inputLarger);
    for (let vin = 0; vin < this.inputCount; vin += 1) this.#vins[byOrder[vin]!] = vin;
  }

  #orderOutputs(order: Order): void {
    const byOrder = this.#outOrder;
    const count = this.outputCount;
    for (let i = 0; i < count; i += 1) byOrder[i] = i;
    if (order === 'shuffled') {
      for (let i = count - 1; i > 0; i -= 1) {
        const j = this.#random.int(0, i);
        const held = byOrder[i]!;
        byOrder[i] = byOrder[j]!;
        byOrder[j] = held;
      }
    } else if (order === 'bip69') {
      this.#sort(byOrder, count, this.#outputBefore);
    } else if (order === 'descending') {
      this.#sort(byOrder, count, this.#outputLarger);
    }
    for (let vout = 0; vout < count; vout += 1) this.#vouts[byOrder[vout]!] = vout;
  }

  /** Insertion sort: stable, and the lists are short. */
  #sort(rows: Int32Array, count: number, isBefore: (a: number, b: number) => boolean): void {
    for (let i = 1; i < count; i += 1) {
      const row = rows[i]!;
      let j = i - 1;
      while (j >= 0 && isBefore(row, rows[j]!)) {
        rows[j + 1] = rows[j]!;
        j -= 1;
      }
      rows[j + 1] = row;
    }
  }

  /** BIP 69: by txid as people write it, then by output number. */
  readonly #inputBefore = (a: number, b: number): boolean => {
    const coinA = this.#coins[a]!;
    const coinB = this.#coins[b]!;
    const txids = this.#pool.txids;
    for (let i = 31; i >= 0; i -= 1) {
      const difference = txids[32 * coinA + i]! - txids[32 * coinB + i]!;
      if (difference !== 0) return difference < 0;
    }
    return this.#pool.vouts[coinA]! < this.#pool.vouts[coinB]!;
  };

  readonly #inputLarger = (a: number, b: number): boolean =>
    this.#pool.sats[this.#coins[a]!]! > this.#pool.sats[this.#coins[b]!]!;

  /** BIP 69: by amount, then by script. */
  readonly #outputBefore = (a: number, b: number): boolean => {
    const difference = this.#outSats[a]! - this.#outSats[b]!;
    if (difference !== 0) return difference < 0;
    const scripts = this.#scripts;
    const endA = this.#outStarts[a + 1]!;
    const endB = this.#outStarts[b + 1]!;
    let pA = this.#outStarts[a]!;
    let pB = this.#outStarts[b]!;
    for (; pA < endA && pB < endB; pA += 1, pB += 1) {
      if (scripts[pA] !== scripts[pB]) return scripts[pA]! < scripts[pB]!;
    }
    return pA === endA && pB < endB;
  };

  readonly #outputLarger = (a: number, b: number): boolean => this.#outSats[a]! > this.#outSats[b]!;

  /** Writes the bytes into the block's body and hashes them. */
  #write(version: number, locktime: number): void {
    const feeSats = this.inputSats - this.outputSats;
    if (feeSats < 0) throw new RangeError(`a transaction would create ${-feeSats} satoshi`);
    const scriptBytes = this.#outStarts[this.outputCount]!;
    const bytesMax = 64 + INPUT_BYTES_MAX * this.inputCount + scriptBytes + 12 * this.outputCount;
    this.#block.reserve(bytesMax);
    const body = this.#block.body;
    const start = this.#block.bodyLength;
    let isSegwit = false;
    for (let i = 0; i < this.inputCount && !isSegwit; i += 1) {
      isSegwit = hasWitness(this.#pool.forms[this.#coins[i]!]!);
    }
    let at = writeU32(body, start, version);
    if (isSegwit) {
      body[at] = 0;
      body[at + 1] = 1;
      at += 2;
    }
    const middleStart = at;
    at = this.#writeInputs(body, at);
    at = this.#writeOutputs(body, at);
    const middleEnd = at;
    if (isSegwit) at = this.#writeWitnesses(body, at);
    at = writeU32(body, at, locktime);
    const whole = body.subarray(start, at);
    const { txid } = this;
    const wtxid = isSegwit ? this.#wtxid : txid;
    sha256Short(hash('sha256', whole, 'buffer'), 0, 32, wtxid, 0);
    if (isSegwit) this.#hashStripped(version, body.subarray(middleStart, middleEnd), locktime);
    this.#block.accept(at - start, txid, wtxid, isSegwit, feeSats);
    const reversed = this.#reversed;
    for (let i = 0; i < 32; i += 1) reversed[i] = txid[31 - i]!;
    this.txidHex = reversed.toString('hex');
  }

  /** The txid of a transaction with witnesses: the hash of its bytes without them. */
  #hashStripped(version: number, middle: Uint8Array, locktime: number): void {
    if (middle.length + 8 > this.#stripped.length) {
      this.#stripped = new Uint8Array(2 * (middle.length + 8));
    }
    const stripped = this.#stripped;
    writeU32(stripped, 0, version);
    stripped.set(middle, 4);
    const end = writeU32(stripped, 4 + middle.length, locktime);
    sha256Short(hash('sha256', stripped.subarray(0, end), 'buffer'), 0, 32, this.txid, 0);
  }

  #writeInputs(body: Uint8Array, start: number): number {
    const pool = this.#pool;
    const lowR = this.#make.lowR;
    let at = writeVarint(body, start, this.inputCount);
    for (let vin = 0; vin < this.inputCount; vin += 1) {
      const input = this.#inOrder[vin]!;
      const coin = this.#coins[input]!;
      const txids = pool.txids;
      for (let i = 0, from = 32 * coin; i < 32; i += 1) body[at + i] = txids[from + i]!;
      at = writeU32(body, at + 32, pool.vouts[coin]!);
      // Only a P2SH multisig is longer than one byte of length can say; write there first, then see.
      const end = this.#forge.writeScriptSig(
        pool.forms[coin]!,
        pool.keys[coin]!,
        this.#sighashes[input]!,
        lowR,
        body,
        at + 1,
      );
      const length = end - at - 1;
      if (length < 0xfd) {
        body[at] = length;
        at = end;
      } else {
        body.copyWithin(at + 3, at + 1, end);
        at = writeVarint(body, at, length) + length;
      }
      at = writeU32(body, at, this.#sequences[input]!);
    }
    return at;
  }

  #writeOutputs(body: Uint8Array, start: number): number {
    const scripts = this.#scripts;
    let at = writeVarint(body, start, this.outputCount);
    for (let vout = 0; vout < this.outputCount; vout += 1) {
      const output = this.#outOrder[vout]!;
      const sats = this.#outSats[output]!;
      at = writeU32(body, at, sats % 0x1_0000_0000);
      at = writeU32(body, at, Math.floor(sats / 0x1_0000_0000));
      const from = this.#outStarts[output]!;
      const to = this.#outStarts[output + 1]!;
      at = writeVarint(body, at, to - from);
      for (let p = from; p < to; p += 1, at += 1) body[at] = scripts[p]!;
    }
    return at;
  }

  #writeWitnesses(body: Uint8Array, start: number): number {
    const pool = this.#pool;
    const lowR = this.#make.lowR;
    let at = start;
    for (let vin = 0; vin < this.inputCount; vin += 1) {
      const input = this.#inOrder[vin]!;
      const coin = this.#coins[input]!;
      at = this.#forge.writeWitness(
        pool.forms[coin]!,
        pool.keys[coin]!,
        this.#sighashes[input]!,
        lowR,
        body,
        at,
      );
    }
    return at;
  }

  /** Tell the truth about each output, in order, and hand it to its keeper. */
  #settle(): void {
    for (let vout = 0; vout < this.outputCount; vout += 1) {
      const output = this.#outOrder[vout]!;
      const place = this.#outPlaces[output];
      if (place === undefined) continue;
      if (!place.isKnown)
        this.#introduce(place, this.#outStarts[output]!, this.#outStarts[output + 1]!);
      this.#tell(output, vout, place);
      if (place.keeper === undefined) continue;
      const coin = this.#pool.add(
        this.txid,
        vout,
        this.#outSats[output]!,
        place.form,
        place.key,
        0,
      );
      place.keeper.receive(coin);
    }
  }

  #introduce(place: Place, from: number, to: number): void {
    const address = this.#addresses.introduce(place, this.#scripts.subarray(from, to));
    place.watcher?.placeSeen(place, address, this.timeSeconds);
  }

  #tell(output: number, vout: number, place: Place): void {
    const purpose = this.#outPurposes[output]!;
    if (purpose === 'mix') return;
    const head = `","txid":"${this.txidHex}","vout":${vout},`;
    if (purpose === 'change') {
      this.#truth.row(`{"row":"change${head}"owner":"${place.owner}"}`);
      return;
    }
    let row = `{"row":"payment${head}"from":"${this.#outFroms[output]}","to":"${place.owner}"`;
    if (place.customer !== undefined) row += `,"for":"${place.customer}"`;
    row += `,"sats":${this.#outSats[output]},"purpose":"${purpose}"`;
    if (this.#outVias[output] !== '') row += `,"via":"${this.#outVias[output]}"`;
    this.#truth.row(`${row}}`);
  }
}

function writeU32(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
  return at + 4;
}

function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0xfd) {
    bytes[at] = value;
    return at + 1;
  }
  bytes[at] = 0xfd;
  bytes[at + 1] = value;
  bytes[at + 2] = value >>> 8;
  return at + 3;
}
