/**
 * Money on a regtest node: a few keys, what they own on the node's best chain, and signed transactions that spend it at random.
 * Signed by @scure/btc-signer; blocks are what the node gave.
 */
import { p2pkh, p2wpkh, Transaction } from '@scure/btc-signer';
import { pubECDSA } from '@scure/btc-signer/utils.js';
import { bytesToHex as hexOf } from '../../src/bytes/hex.ts';
import type { SeededRandom } from '../../src/bytes/seeded-random.ts';
import { getNetwork } from '../../src/chain/network.ts';
import { parseBlock } from '../../src/chain/transaction.ts';

const REGTEST = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };
const KEYS = 12;
/** Blocks until a coinbase may be spent (btcd and Bitcoin Core). */
const MATURITY = 100;
/** Segwit is active on a regtest node of btcd after three windows of 144 blocks. */
const SEGWIT_HEIGHT = 450;
const FEE_SATS = 20_000n;

interface Key {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly legacyScript: string;
  readonly segwitScript: string;
}

interface Coin {
  readonly txid: string;
  readonly vout: number;
  readonly valueSats: bigint;
  readonly script: string;
  readonly height: number;
  readonly isCoinbase: boolean;
  /** The transaction that made it. */
  readonly raw: Uint8Array;
}

export class RegtestWallet {
  readonly #random: SeededRandom;
  readonly #keys: readonly Key[];
  readonly #byScript = new Map<string, Key>();
  /** Blocks of the best chain by height, as far as they were read. */
  #blocks: { hash: string; bytes: Uint8Array }[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#keys = Array.from({ length: KEYS }, (_, n) => {
      const secret = new Uint8Array(32).fill(n + 1);
      const publicKey = pubECDSA(secret);
      const legacyScript = hexOf(p2pkh(publicKey, REGTEST).script);
      const segwitScript = hexOf(p2wpkh(publicKey, REGTEST).script);
      return { secret, publicKey, legacyScript, segwitScript };
    });
    for (const key of this.#keys) {
      this.#byScript.set(key.legacyScript, key);
      this.#byScript.set(key.segwitScript, key);
    }
  }

  /** Where blocks should pay to. */
  get miningAddress(): string {
    return p2pkh(this.#keys[0]!.publicKey, REGTEST).address!;
  }

  /** Take over the best chain. @param blocks by height, the genesis block first */
  follow(blocks: readonly { readonly hash: string; readonly bytes: Uint8Array }[]): void {
    this.#blocks = [...blocks];
  }

  /** Signed transactions as hex that spend coins which are ripe on the chain, each coin once. */
  spend(count: number): string[] {
    const coins = this.#ripeCoins();
    const transactions: string[] = [];
    while (transactions.length < count && coins.length > 0) {
      const inputs: Coin[] = [];
      for (let n = this.#random.int(0, 2); n >= 0 && coins.length > 0; n -= 1) {
        const [coin] = coins.splice(this.#random.int(0, coins.length - 1), 1);
        inputs.push(coin!);
      }
      const hex = this.#sign(inputs);
      if (hex !== undefined) transactions.push(hex);
    }
    return transactions;
  }

  #ripeCoins(): Coin[] {
    const coins = new Map<string, Coin>();
    const network = getNetwork('regtest');
    for (const [height, { bytes }] of this.#blocks.entries()) {
      const { transactions } = parseBlock(bytes, network);
      let offset = transactions.length < 0xfd ? 81 : 83;
      for (const tx of transactions) {
        const raw = bytes.subarray(offset, offset + tx.size);
        offset += tx.size;
        for (const { prevTxid, vout } of tx.inputs) coins.delete(`${prevTxid}:${vout}`);
        for (const [vout, output] of tx.outputs.entries()) {
          const script = hexOf(output.script);
          if (!this.#byScript.has(script)) continue;
          const valueSats = BigInt(output.valueSats);
          const { txid, isCoinbase } = tx;
          coins.set(`${txid}:${vout}`, { txid, vout, valueSats, script, height, isCoinbase, raw });
        }
      }
    }
    const tip = this.#blocks.length - 1;
    const isSegwit = tip >= SEGWIT_HEIGHT;
    return [...coins.values()].filter(({ height, isCoinbase, script, valueSats }) => {
      if (isCoinbase && tip - height + 1 < MATURITY) return false;
      if (valueSats < 10n * FEE_SATS) return false;
      return isSegwit || this.#byScript.get(script)!.legacyScript === script;
    });
  }

  #sign(inputs: readonly Coin[]): string | undefined {
    const tx = new Transaction();
    let sum = 0n;
    for (const { txid, vout, valueSats, script, raw } of inputs) {
      const key = this.#byScript.get(script)!;
      sum += valueSats;
      if (script === key.segwitScript) {
        const witnessUtxo = { script: Buffer.from(script, 'hex'), amount: valueSats };
        tx.addInput({ txid, index: vout, witnessUtxo });
      } else tx.addInput({ txid, index: vout, nonWitnessUtxo: raw });
    }
    let left = sum - FEE_SATS;
    for (let n = this.#random.int(0, 3); n > 0; n -= 1) {
      const part = left / BigInt(2 + this.#random.int(0, 3));
      if (part < 2n * FEE_SATS) break;
      tx.addOutput({ script: this.#randomScript(), amount: part });
      left -= part;
    }
    tx.addOutput({ script: this.#randomScript(), amount: left });
    for (const [i, { script }] of inputs.entries()) {
      tx.signIdx(this.#byScript.get(script)!.secret, i);
    }
    tx.finalize();
    return tx.hex;
  }

  #randomScript(): Uint8Array {
    const key = this.#keys[this.#random.int(0, KEYS - 1)]!;
    const hex = this.#random.int(0, 2) === 0 ? key.segwitScript : key.legacyScript;
    return Buffer.from(hex, 'hex');
  }
}
