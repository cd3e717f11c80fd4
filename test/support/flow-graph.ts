/**
 * Small flow indexes written by hand: blocks, transactions and scripts by name, for tests of tracing.
 *
 * A script is a P2WPKH of the hash of its name, so every name has an address. `null` is a data output.
 */
import { hash160, sha256d } from '../../src/bytes/hash.ts';
import { INPUT_KIND } from '../../src/chain/input-kind.ts';
import { getNetwork } from '../../src/chain/network.ts';
import { p2wpkhScript } from '../../src/chain/script.ts';
import { SCRIPT_KIND } from '../../src/chain/script-kind.ts';
import { FlowIndex, TX_FLAG, UNSPENDABLE, UNSPENT } from '../../src/ledger/flow-index.ts';
import { NONE } from '../../src/units/ids.ts';

/** An output that the ledger does not have, of which undo data tells script and value. */
export interface BeforeInput {
  readonly script: string;
  readonly sats: number;
}
/** What a transaction spends: the row of an output, or an output that the ledger does not have. */
export type GraphInput = number | 'unknown' | BeforeInput;
/** The name of a script, or null for a data output, and satoshi. */
export type GraphOutput = readonly [script: string | null, valueSats: number];

const text = (name: string): Uint8Array => new TextEncoder().encode(name);

/**
 * @example
 * const graph = new FlowGraph();
 * graph.block();
 * const paid = graph.coinbase([['miner', 50]]);
 * graph.tx([graph.out(paid, 0)], [['shop', 30], ['miner', 19]]);
 */
export class FlowGraph {
  readonly flow = FlowIndex.inMemory(getNetwork('regtest'));
  readonly #scripts = new Map<string, number>();
  #height = -1;
  #time = 1_600_000_000;

  /** Begin a block; by default the next one, ten minutes later. */
  block(place: { readonly height?: number; readonly time?: number } = {}): void {
    this.#height = place.height ?? this.#height + 1;
    this.#time = place.time ?? this.#time + 600;
    this.flow.addBlock(this.#height, this.#time);
  }

  coinbase(outputs: readonly GraphOutput[]): number {
    return this.#add(TX_FLAG.coinbase, [], outputs);
  }

  /** Add a transaction; returns its row. */
  tx(inputs: readonly GraphInput[], outputs: readonly GraphOutput[]): number {
    const isUnknown = inputs.includes('unknown');
    const isFromBefore = inputs.some((input) => typeof input === 'object');
    const flags =
      (isUnknown ? TX_FLAG.unknownPrevout : 0) + (isFromBefore ? TX_FLAG.undoPrevout : 0);
    return this.#add(flags, inputs, outputs);
  }

  /** Row of an output of a transaction. */
  out(tx: number, vout: number): number {
    return this.flow.txFirstOutput.at(tx) + vout;
  }

  /** Row of the script of a name, which some output must have paid. */
  script(name: string): number {
    const scriptId = this.#scripts.get(name);
    if (scriptId === undefined) throw new Error(`no output pays ${name}`);
    return scriptId;
  }

  #add(flags: number, inputs: readonly GraphInput[], outputs: readonly GraphOutput[]): number {
    const { flow } = this;
    if (flow.blockCount === 0) this.block();
    const tx = flow.addTx(flags, sha256d(text(`tx ${flow.txCount}`)), 0);
    if ((flags & TX_FLAG.coinbase) !== 0) flow.addInput(NONE, 0xffff_ffff, INPUT_KIND.coinbase, 0);
    for (const input of inputs) {
      if (typeof input === 'object') {
        flow.addUndoInput(input.sats, this.#scriptId(input.script), 0);
      }
      const prevout = typeof input === 'number' ? input : NONE;
      if (prevout !== NONE && flow.outputSpender.at(prevout) !== UNSPENT) {
        throw new Error(`output ${prevout} can not be spent`);
      }
      flow.addInput(prevout, 0xffff_fffd, INPUT_KIND.p2wpkh, 1);
    }
    for (const [name, valueSats] of outputs) {
      if (name === null) flow.addOutput(valueSats, NONE, UNSPENDABLE);
      else flow.addOutput(valueSats, this.#scriptId(name), UNSPENT);
    }
    flow.endTx();
    return tx;
  }

  #scriptId(name: string): number {
    const known = this.#scripts.get(name);
    if (known !== undefined) return known;
    const bytes = p2wpkhScript(hash160(text(name)));
    const scriptId = this.flow.addScript(SCRIPT_KIND.p2wpkh, bytes, 0, bytes.length);
    this.#scripts.set(name, scriptId);
    return scriptId;
  }
}
