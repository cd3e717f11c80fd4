/**
 * Small chains of coins besides Bitcoin, made step by step: names instead of wallets, true block encodings, all from the names.
 *
 * A name owns one key. Its coins are spent with a signature that has the form of one and signs nothing: Clew reads chains, it
 * does not check signatures. Headers, ids, proofs of work and merged-mining proofs are real, at the difficulty of
 * regression-test networks.
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { hash160, sha256d, sha256Hex } from '../bytes/hash.ts';
import { displayToHash, hashToDisplay, hexToBytes } from '../bytes/hex.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { scriptToAddress } from '../chain/address.ts';
import { blockHash } from '../chain/header.ts';
import { merkleRoot } from '../chain/merkle.ts';
import { type Network, subsidySats } from '../chain/network.ts';
import { p2pkhScript } from '../chain/script.ts';
import {
  serializeTransaction,
  type TransactionInput,
  type TransactionOutput,
  type TransactionParts,
} from '../chain/transaction.ts';
import { isCanonicalOrder } from '../chain/transaction-order.hot.ts';
import type { Sats } from '../units/amount.ts';
import type { Txid } from '../units/ids.ts';
import { type AuxpowOptions, makeAuxpow } from './auxpow-maker.ts';
import { heightPush } from './block-maker.ts';
import { coinGenesis } from './coin-genesis.ts';
import { findNonce } from './find-nonce.ts';
import type { Scenario, ScenarioBlock } from './scenarios/scenario-builder.ts';

const SPACING_SECONDS = 600;
const START_SECONDS = 1_700_000_000;
const NO_TXID = '0'.repeat(64) as Txid;
const FEE_SATS = 1000;

/** An output that somebody can spend. */
export interface Coin {
  readonly txid: Txid;
  readonly vout: number;
  readonly valueSats: number;
}

/** What an output pays: a name, or a script as it stands. */
export type Payee = string | Omit<TransactionOutput, 'valueSats'>;

export interface BlockOptions {
  /** Instead of subsidy and fees. */
  readonly reward?: number;
  readonly version?: number;
  /** Bytes after the last transaction: Litecoin's extension block. */
  readonly extension?: Uint8Array;
  /** The work is done on a block of another chain. */
  readonly auxpow?: AuxpowOptions;
  /** Dash: type and payload of the coinbase. */
  readonly coinbase?: { readonly version: number; readonly extraPayload: Uint8Array };
}

/** One chain as it grows: blocks, and who owns which coins. */
export class CoinChain {
  readonly network: Network;
  readonly blocks: ScenarioBlock[] = [];
  readonly scenarios: Record<string, Scenario> = {};
  #pending: { tx: TransactionParts; txid: Txid; bytes: Uint8Array }[] = [];
  #feesSats = 0;
  #coins = new Map<string, Coin[]>();

  constructor(network: Network) {
    this.network = network;
    const bytes = coinGenesis(network);
    this.blocks.push({ height: 0, hash: network.genesisHash, bytes });
  }

  /** The same chain up to a height, to go on in another way; what was named stays, coins are those of now. */
  fork(height: number): CoinChain {
    const fork = new CoinChain(this.network);
    fork.blocks.push(...this.blocks.slice(1, height + 1));
    return fork;
  }

  get height(): number {
    return this.blocks.length;
  }

  keyOf(name: string): Uint8Array {
    return hexToBytes(`02${sha256Hex(new TextEncoder().encode(`coin-chain/${name}`))}`);
  }

  scriptOf(payee: Payee): Omit<TransactionOutput, 'valueSats'> {
    return typeof payee === 'string' ? { script: p2pkhScript(hash160(this.keyOf(payee))) } : payee;
  }

  addressOf(name: string): string {
    return scriptToAddress(this.scriptOf(name).script, this.network)!;
  }

  /** Coins that a name can spend, oldest first. */
  coinsOf(name: string): readonly Coin[] {
    return this.#coins.get(name) ?? [];
  }

  /**
   * Spend all coins of some names and give what is left after the fee to `change`, or the first of them.
   *
   * @param special Dash: version with a type, and the payload that goes with it
   */
  pay(
    from: readonly string[],
    to: readonly (readonly [Payee, number])[],
    change: string = from[0]!,
    special: Pick<TransactionParts, 'extraPayload'> & { readonly version?: number } = {},
  ): Txid {
    const inputs: TransactionInput[] = [];
    let left = -FEE_SATS;
    for (const name of from) {
      for (const coin of this.coinsOf(name)) {
        inputs.push(this.#spend(name, coin));
        left += coin.valueSats;
      }
      this.#coins.set(name, []);
    }
    for (const [, sats] of to) left -= sats;
    if (left < 0) throw new RangeError(`${from.join(' and ')} can not pay that`);
    const outputs = [...to, ...(left > 0 ? [[change, left] as const] : [])];
    const tx = { version: 2, locktime: 0, inputs, outputs: this.outputs(outputs), ...special };
    return this.add(tx, outputs);
  }

  outputs(to: readonly (readonly [Payee, number])[]): TransactionOutput[] {
    return to.map(([payee, sats]) => ({ valueSats: sats as Sats, ...this.scriptOf(payee) }));
  }

  /** Put a transaction into the block at hand. @param owners names that own its outputs, by position */
  add(
    tx: TransactionParts,
    owners: readonly (readonly [Payee, number])[] = [],
    feeSats = FEE_SATS,
  ): Txid {
    const bytes = serializeTransaction(tx, { witness: true });
    const txid = idOf(tx);
    this.#pending.push({ tx, txid, bytes });
    this.#feesSats += feeSats;
    this.#own(txid, owners);
    return txid;
  }

  #own(txid: Txid, owners: readonly (readonly [Payee, number])[]): void {
    for (const [vout, [payee, valueSats]] of owners.entries()) {
      if (typeof payee !== 'string') continue;
      this.#coins.set(payee, [...this.coinsOf(payee), { txid, vout, valueSats }]);
    }
  }

  #spend(name: string, { txid, vout }: Coin): TransactionInput {
    const random = seededRandom(`${name} ${txid}:${vout}`);
    const signature = new ByteWriter(80);
    signature.bytes(hexToBytes('30440220')).u8(random.int(1, 0x7f)).bytes(random.bytes(31));
    signature.bytes(hexToBytes('0220')).u8(random.int(1, 0x7f)).bytes(random.bytes(31));
    signature.u8(this.network.forkId ? 0x41 : 0x01);
    const scriptSig = new ByteWriter(128);
    scriptSig.varbytes(signature.finish()).varbytes(this.keyOf(name));
    return {
      prevTxid: txid,
      vout,
      scriptSig: scriptSig.finish(),
      sequence: 0xffff_ffff,
      witness: [],
    };
  }

  /** Finish the block at hand; its reward goes to a name. */
  mine(miner: string, options: BlockOptions = {}): ScenarioBlock {
    const height = this.blocks.length;
    const subsidy = subsidySats(height, this.network) ?? 50 * 100_000_000;
    const reward = options.reward ?? subsidy + this.#feesSats;
    const coinbase: TransactionParts = {
      version: 1,
      locktime: 0,
      inputs: [
        {
          prevTxid: NO_TXID,
          vout: 0xffff_ffff,
          scriptSig: new ByteWriter(16)
            .bytes(heightPush(height))
            .varbytes(new TextEncoder().encode(miner.slice(0, 20)))
            .finish(),
          sequence: 0xffff_ffff,
          witness: [],
        },
      ],
      outputs: this.outputs([[miner, reward]]),
      ...options.coinbase,
    };
    const bytes = serializeTransaction(coinbase, { witness: true });
    const txid = idOf(coinbase);
    this.#own(txid, [[miner, reward]]);
    const others = this.#pending.map(({ txid: id, bytes: raw }) => ({ txid: id, bytes: raw }));
    if (isCanonicalOrder(height, this.network)) {
      others.sort((a, b) => (a.txid < b.txid ? -1 : 1));
    }
    const block = this.#seal([{ txid, bytes }, ...others], options);
    this.#pending = [];
    this.#feesSats = 0;
    this.blocks.push(block);
    return block;
  }

  #seal(
    transactions: readonly { readonly txid: Txid; readonly bytes: Uint8Array }[],
    options: BlockOptions,
  ): ScenarioBlock {
    const height = this.blocks.length;
    const ids = new Uint8Array(32 * transactions.length);
    for (const [i, { txid }] of transactions.entries()) ids.set(displayToHash(txid), 32 * i);
    const header = new ByteWriter(80)
      .i32(options.version ?? 4)
      .bytes(displayToHash(this.blocks.at(-1)!.hash))
      .bytes(merkleRoot(ids, transactions.length))
      .u32(START_SECONDS + height * SPACING_SECONDS)
      .u32(this.network.powLimitBits)
      .u32(0)
      .finish();
    const proof = options.auxpow && makeAuxpow(header, this.network, options.auxpow);
    if (proof === undefined) findNonce(header, this.network);
    const block = new ByteWriter(1024).bytes(header);
    if (proof !== undefined) block.bytes(proof);
    block.varint(transactions.length);
    for (const { bytes } of transactions) block.bytes(bytes);
    if (options.extension !== undefined) block.bytes(options.extension);
    return { height, hash: hashToDisplay(blockHash(header, this.network)), bytes: block.finish() };
  }

  /** Note what matters under one name. */
  name(name: string, txids: readonly string[], people: readonly string[], note: string): void {
    const addresses = people.map((person) => this.addressOf(person));
    this.scenarios[name] = { txids, addresses, note };
  }
}

/** The id of a transaction: the hash of its bytes without witness. */
function idOf(tx: TransactionParts): Txid {
  return hashToDisplay(sha256d(serializeTransaction(tx, { witness: false }))) as Txid;
}
