/**
 * A whole block file as a flow index in memory, the slow and plain way: a second path beside the ledger's loader.
 * Blocks must stand in the file in order, without gaps.
 */
import { hashToDisplay } from '../../bytes/hex.ts';
import { BlockColumns, readBlockColumns } from '../../chain/block-columns.hot.ts';
import {
  classifyInput,
  INPUT_KIND,
  newInputShape,
  PREVOUT_UNKNOWN,
} from '../../chain/input-kind.ts';
import type { Network } from '../../chain/network.ts';
import { classifyScript, isUnspendable } from '../../chain/script.ts';
import { SCRIPT_KIND, type ScriptKind } from '../../chain/script-kind.ts';
import { FlowIndex, REVEAL, TX_FLAG, UNSPENDABLE, UNSPENT } from '../../ledger/flow-index.ts';
import { NONE } from '../../units/ids.ts';

const FRAME_BYTES = 8;

/** The blocks of a chain, in order from `heightFirst`. */
export function flowFromBlocks(
  blocks: readonly Uint8Array[],
  network: Network,
  heightFirst = 0,
): FlowIndex {
  const loader = new PlainLoader(network);
  blocks.forEach((block, i) => {
    loader.addBlock(block, heightFirst + i);
  });
  return loader.flow;
}

export function flowFromBlockFile(file: Uint8Array, network: Network, heightFirst = 0): FlowIndex {
  const blocks: Uint8Array[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 0; at < file.length; ) {
    if (view.getUint32(at, true) !== network.magic) throw new Error(`no block at ${at}`);
    const length = view.getUint32(at + 4, true);
    blocks.push(file.slice(at + FRAME_BYTES, at + FRAME_BYTES + length));
    at += FRAME_BYTES + length;
  }
  return flowFromBlocks(blocks, network, heightFirst);
}

class PlainLoader {
  readonly flow: FlowIndex;
  readonly #network: Network;
  readonly #columns = new BlockColumns();
  readonly #input = newInputShape();
  readonly #firstOutput = new Map<string, number>();
  readonly #scripts = new Map<string, number>();

  constructor(network: Network) {
    this.#network = network;
    this.flow = FlowIndex.inMemory(network);
  }

  addBlock(block: Uint8Array, height: number): void {
    const columns = this.#columns;
    readBlockColumns(block, this.#network, columns);
    const time = new DataView(block.buffer, block.byteOffset).getUint32(68, true);
    this.flow.addBlock(height, time);
    for (let tx = 0; tx < columns.txCount; tx += 1) this.#addTx(block, tx);
  }

  #addTx(block: Uint8Array, tx: number): void {
    const columns = this.#columns;
    const { flow } = this;
    const inputs = range(columns.txFirstInput[tx]!, columns.txFirstInput[tx + 1]!);
    const outputs = range(columns.txFirstOutput[tx]!, columns.txFirstOutput[tx + 1]!);
    const prevouts = inputs.map((input) => (tx === 0 ? NONE : this.#prevoutOf(block, input)));
    let flags = tx === 0 ? TX_FLAG.coinbase : 0;
    if (tx > 0 && prevouts.includes(NONE)) flags += TX_FLAG.unknownPrevout;
    if (outputs.some((output) => this.#kindOf(block, output) === SCRIPT_KIND.opReturn)) {
      flags += TX_FLAG.opReturn;
    }
    const txIndex = flow.addTx(flags, columns.txids, 32 * tx);
    inputs.forEach((input, vin) => {
      this.#addInput(block, input, prevouts[vin]!, txIndex);
    });
    const txid = hashToDisplay(columns.txids.subarray(32 * tx, 32 * tx + 32));
    this.#firstOutput.set(txid, flow.outputCount);
    for (const output of outputs) this.#addOutput(block, output);
    flow.endTx();
  }

  #prevoutOf(block: Uint8Array, input: number): number {
    const at = this.#columns.inPrevTxidOffset[input]!;
    const first = this.#firstOutput.get(hashToDisplay(block.subarray(at, at + 32)));
    return first === undefined ? NONE : first + this.#columns.inPrevVout[input]!;
  }

  #kindOf(block: Uint8Array, output: number): ScriptKind {
    const start = this.#columns.outScriptOffset[output]!;
    return classifyScript(block, start, start + this.#columns.outScriptLength[output]!);
  }

  #addInput(block: Uint8Array, input: number, prevout: number, txIndex: number): void {
    const { flow } = this;
    const columns = this.#columns;
    const scriptId = prevout === NONE ? NONE : flow.outputScript.at(prevout);
    const kind = scriptId === NONE ? PREVOUT_UNKNOWN : (flow.scriptKind.at(scriptId) as ScriptKind);
    classifyInput(block, columns, input, kind, this.#input);
    flow.addInput(prevout, columns.inSequence[input]!, this.#input.kind, this.#input.sighashMask);
    if (this.#input.kind !== INPUT_KIND.p2shP2wpkh || scriptId === NONE) return;
    // The scriptSig is one push of `OP_0 <hash20>`.
    const payload = new Uint8Array(32);
    const hashStart = columns.inScriptOffset[input]! + 3;
    payload.set(block.subarray(hashStart, hashStart + 20));
    flow.addReveal(scriptId, txIndex, REVEAL.p2wpkh, payload, 0);
  }

  #addOutput(block: Uint8Array, output: number): void {
    const start = this.#columns.outScriptOffset[output]!;
    const end = start + this.#columns.outScriptLength[output]!;
    const sats = this.#columns.outValue[output]!;
    if (isUnspendable(block, start, end)) {
      this.flow.addOutput(sats, NONE, UNSPENDABLE);
      return;
    }
    const key = Buffer.from(block.subarray(start, end)).toString('latin1');
    let scriptId = this.#scripts.get(key);
    if (scriptId === undefined) {
      scriptId = this.flow.addScript(this.#kindOf(block, output), block, start, end);
      this.#scripts.set(key, scriptId);
    }
    this.flow.addOutput(sats, scriptId, UNSPENT);
  }
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
