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

export interface NaiveTransaction {
  readonly txid: string;
  readonly height: number;
  readonly position: number;
  /** Outpoints spent; none for a coinbase. */
  readonly spends: readonly string[];
  readonly outputs: readonly NaiveOutput[];
  readonly unknownInputs: number;
  /** Undefined for a coinbase and with unknown inputs. */
  readonly feeSats: bigint | undefined;
}

export class NaiveLedger {
  readonly #network: Network;
  readonly outputs = new Map<string, NaiveOutput>();
  readonly unspent = new Set<string>();
  /** By outpoint: the transaction and input that spent it. */
  readonly spenders = new Map<string, { txid: string; vin: number; height: number }>();
  readonly addresses = new Set<string>();
  readonly history = new Map<string, NaiveEntry[]>();
  /** By id, oldest first: more than one only before BIP 30. */
  readonly byTxid = new Map<string, NaiveTransaction[]>();
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
    for (const [position, tx] of parseBlock(bytes, this.#network).transactions.entries()) {
      this.transactions += 1;
      const touched = new Map<string, NaiveEntry>();
      const touch = (address: string): NaiveEntry => {
        const entry = touched.get(address) ?? { txid: tx.txid, received: 0n, sent: 0n };
        touched.set(address, entry);
        return entry;
      };
      let feeSats = 0n;
      let unknown = 0;
      const spends: string[] = [];
      for (const [vin, input] of tx.isCoinbase ? [] : tx.inputs.entries()) {
        this.inputs += 1;
        const outpoint = `${input.prevTxid}:${input.vout}`;
        spends.push(outpoint);
        this.spenders.set(outpoint, { txid: tx.txid, vin, height });
        const spent = this.outputs.get(outpoint);
        if (spent === undefined) {
          unknown += 1;
          continue;
        }
        this.unspent.delete(outpoint);
        feeSats += spent.valueSats;
        if (spent.address !== undefined) touch(spent.address).sent += spent.valueSats;
      }
      const outputs: NaiveOutput[] = [];
      for (const [vout, output] of tx.outputs.entries()) {
        this.outputCount += 1;
        const valueSats = BigInt(output.valueSats);
        feeSats -= valueSats;
        const address = scriptToAddress(output.script, this.#network);
        const spendable =
          height !== 0 && output.script[0] !== 0x6a && output.script.length <= 10_000;
        const outpoint = `${tx.txid}:${vout}`;
        const made = { valueSats, script: bytesToHex(output.script), address, spendable };
        outputs.push(made);
        this.outputs.set(outpoint, made);
        if (spendable) this.unspent.add(outpoint);
        if (address === undefined) continue;
        this.addresses.add(address);
        touch(address).received += valueSats;
      }
      this.unknownInputs += unknown;
      const isFeeKnown = !tx.isCoinbase && unknown === 0;
      if (isFeeKnown) this.feesSats += feeSats;
      const known = this.byTxid.get(tx.txid) ?? [];
      this.byTxid.set(tx.txid, [
        ...known,
        {
          txid: tx.txid,
          height,
          position,
          spends,
          outputs,
          unknownInputs: unknown,
          feeSats: isFeeKnown ? feeSats : undefined,
        },
      ]);
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

  /** By address: the sum of its unspent outputs. Nothing for an address without any. */
  balances(): Map<string, bigint> {
    const balances = new Map<string, bigint>();
    for (const outpoint of this.unspent) {
      const { address, valueSats } = this.outputs.get(outpoint)!;
      if (address !== undefined) balances.set(address, (balances.get(address) ?? 0n) + valueSats);
    }
    return balances;
  }

  /** As `LedgerCounters`. */
  counters() {
    return {
      blocks: this.blocks,
      transactions: this.transactions,
      inputs: this.inputs,
      outputs: this.outputCount,
      addresses: this.addresses.size,
      unspentCount: this.unspent.size,
      unspentSats: this.unspentSats,
      unknownInputs: this.unknownInputs,
      undoInputs: 0,
      knownFeesSats: this.feesSats,
    };
  }
}
