/**
 * A slow, obvious ledger over parsed blocks: Maps of strings and bigints, for checking the real one.
 * It shares no code with the loader beyond the object decoder, which is held against an outside decoder itself.
 */
import { bytesToHex } from '../../src/bytes/hex.ts';
import { scriptToAddress } from '../../src/chain/address.ts';
import type { Network } from '../../src/chain/network.ts';
import { parseBlock } from '../../src/chain/transaction.ts';

export interface NaiveOutput {
  readonly valueSats: bigint;
  readonly script: string;
  readonly address: string | undefined;
  readonly spendable: boolean;
}

export interface NaiveEntry {
  readonly txid: string;
  received: bigint;
  sent: bigint;
}

export class NaiveLedger {
  readonly #network: Network;
  readonly outputs = new Map<string, NaiveOutput>();
  readonly unspent = new Set<string>();
  readonly addresses = new Set<string>();
  readonly history = new Map<string, NaiveEntry[]>();
  blocks = 0;
  transactions = 0;
  inputs = 0;
  outputCount = 0;
  unknownInputs = 0;
  feesSats = 0n;

  constructor(network: Network) {
    this.#network = network;
  }

  addBlock(bytes: Uint8Array, height: number): void {
    this.blocks += 1;
    for (const tx of parseBlock(bytes, this.#network).transactions) {
      this.transactions += 1;
      const touched = new Map<string, NaiveEntry>();
      const touch = (address: string): NaiveEntry => {
        const entry = touched.get(address) ?? { txid: tx.txid, received: 0n, sent: 0n };
        touched.set(address, entry);
        return entry;
      };
      let feeSats = 0n;
      let unknown = 0;
      if (!tx.isCoinbase) {
        for (const input of tx.inputs) {
          this.inputs += 1;
          const outpoint = `${input.prevTxid}:${input.vout}`;
          const spent = this.outputs.get(outpoint);
          if (spent === undefined) {
            unknown += 1;
            continue;
          }
          this.unspent.delete(outpoint);
          feeSats += spent.valueSats;
          if (spent.address !== undefined) touch(spent.address).sent += spent.valueSats;
        }
      }
      for (const [vout, output] of tx.outputs.entries()) {
        this.outputCount += 1;
        const valueSats = BigInt(output.valueSats);
        feeSats -= valueSats;
        const address = scriptToAddress(output.script, this.#network);
        const spendable =
          height !== 0 && output.script[0] !== 0x6a && output.script.length <= 10_000;
        const outpoint = `${tx.txid}:${vout}`;
        this.outputs.set(outpoint, {
          valueSats,
          script: bytesToHex(output.script),
          address,
          spendable,
        });
        if (spendable) this.unspent.add(outpoint);
        if (address === undefined) continue;
        this.addresses.add(address);
        touch(address).received += valueSats;
      }
      this.unknownInputs += unknown;
      if (!tx.isCoinbase && unknown === 0) this.feesSats += feeSats;
      for (const [address, entry] of touched) {
        const list = this.history.get(address);
        if (list === undefined) this.history.set(address, [entry]);
        else list.push(entry);
      }
    }
  }

  get unspentSats(): bigint {
    let total = 0n;
    for (const outpoint of this.unspent) total += this.outputs.get(outpoint)!.valueSats;
    return total;
  }
}
