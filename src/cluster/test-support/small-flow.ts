/**
 * Small chains for tests, written as they are spoken: outputs go to named scripts, inputs spend named outputs.
 *
 *   const chain = new SmallFlow('main', 700_000);
 *   const mined = chain.coinbase([['alice', 5_000]]);
 *   chain.tx([[mined, 0]], [['bob', 4_000]]);
 */
import { sha256 } from '../../bytes/hash.ts';
import { INPUT_KIND, SIGHASH } from '../../chain/input-kind.ts';
import { getNetwork, type NetworkName } from '../../chain/network.ts';
import { classifyScript, p2trScript, p2wpkhScript } from '../../chain/script.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { FlowIndex, REVEAL, TX_FLAG, UNSPENDABLE, UNSPENT } from '../../ledger/flow-index.ts';
import { NONE, type ScriptId } from '../../units/ids.ts';

/** A transaction's row and the number of one of its outputs. */
export type Spent = readonly [txIndex: number, vout: number];

export interface InputDetails {
  readonly sighash?: number;
  readonly sequence?: number;
}

/** A script's name (P2WPKH of a hash made from it; P2TR when it begins with `tr:`), or its bytes; `null` carries data. */
export type Payee = string | Uint8Array | null;

const encoder = new TextEncoder();

export function namedScript(name: string): Uint8Array {
  const digest = sha256(encoder.encode(name));
  return name.startsWith('tr:') ? p2trScript(digest) : p2wpkhScript(digest.subarray(0, 20));
}

export class SmallFlow {
  readonly flow: FlowIndex;
  readonly #scripts = new Map<string, number>();
  #height: number;
  #timeSeconds: number;

  /** @param heightFirst height of the first block; each transaction stands in a block of its own */
  constructor(network: NetworkName = 'main', heightFirst = 700_000, timeSeconds = 1_631_333_672) {
    this.flow = FlowIndex.inMemory(getNetwork(network));
    this.#height = heightFirst;
    this.#timeSeconds = timeSeconds;
  }

  #open(flags: number): number {
    this.flow.addBlock(this.#height, this.#timeSeconds);
    this.#height += 1;
    this.#timeSeconds += 600;
    const txid = sha256(encoder.encode(`tx ${this.flow.txCount}`));
    return this.flow.addTx(flags, txid, 0);
  }

  #pay(outputs: readonly (readonly [Payee, number])[]): void {
    for (const [payee, sats] of outputs) {
      if (payee === null) this.flow.addOutput(sats, NONE, UNSPENDABLE);
      else this.flow.addOutput(sats, this.#scriptOf(payee, true), UNSPENT);
    }
    this.flow.endTx();
  }

  #scriptOf(payee: string | Uint8Array, mayAdd: boolean): number {
    const bytes = typeof payee === 'string' ? namedScript(payee) : payee;
    const key = Buffer.from(bytes).toString('hex');
    const known = this.#scripts.get(key);
    if (known !== undefined) return known;
    if (!mayAdd) throw new Error(`never paid: ${key}`);
    const kind = classifyScript(bytes, 0, bytes.length);
    const scriptId = this.flow.addScript(kind, bytes, 0, bytes.length);
    this.#scripts.set(key, scriptId);
    return scriptId;
  }

  /** The number of a script that was paid. */
  id(payee: string | Uint8Array): ScriptId {
    return this.#scriptOf(payee, false) as ScriptId;
  }

  coinbase(outputs: readonly (readonly [Payee, number])[]): number {
    const txIndex = this.#open(TX_FLAG.coinbase);
    this.flow.addInput(NONE, 0xffff_ffff, INPUT_KIND.coinbase, 0);
    this.#pay(outputs);
    return txIndex;
  }

  /** @param inputs outputs to spend; `null` spends an unknown one */
  tx(
    inputs: readonly (readonly [txIndex: number, vout: number, details?: InputDetails] | null)[],
    outputs: readonly (readonly [Payee, number])[],
  ): number {
    const isUnknown = inputs.some((input) => input === null);
    const hasData = outputs.some(([payee]) => payee === null);
    const flags = (isUnknown ? TX_FLAG.unknownPrevout : 0) + (hasData ? TX_FLAG.opReturn : 0);
    const txIndex = this.#open(flags);
    for (const input of inputs) {
      const prevout = input === null ? NONE : this.flow.txFirstOutput.at(input[0]) + input[1];
      const details = input?.[2];
      const isTaproot =
        prevout !== NONE &&
        this.flow.scriptKind.at(this.flow.outputScript.at(prevout)) === SCRIPT_KIND.p2tr;
      const sighash = details?.sighash ?? (isTaproot ? SIGHASH.taprootDefault : SIGHASH.all);
      this.flow.addInput(prevout, details?.sequence ?? 0xffff_ffff, INPUT_KIND.p2wpkh, sighash);
    }
    this.#pay(outputs);
    return txIndex;
  }

  /** One coinbase that pays each name so much: the coins that a test begins with, as outpoints. */
  fund(coins: readonly (readonly [Payee, number])[]): Spent[] {
    const txIndex = this.coinbase(coins);
    return coins.map((_, vout) => [txIndex, vout] as const);
  }

  /** Note that a spend showed the P2WPKH behind a P2SH script. */
  reveal(scriptHash: Uint8Array, txIndex: number, hash20: Uint8Array): void {
    const payload = new Uint8Array(32);
    payload.set(hash20);
    this.flow.addReveal(this.id(scriptHash), txIndex, REVEAL.p2wpkh, payload, 0);
  }
}
