/**
 * What inputs of a block spent from before the ledger, judged before it is taken over.
 *
 * Undo data is what a node wrote down, not part of the chain. What it says of an input is taken only when it contradicts
 * neither the input (the key or script that it shows), nor the ledger (outputs that both know have the same value; what was
 * made in a block that the ledger has would be there), and when its transaction then pays out no more than it takes in.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import { REVEALED, revealedScript } from '../chain/revealed-script.hot.ts';
import { isUnspendable } from '../chain/script.ts';
import { NONE } from '../units/ids.ts';
import type { FlowIndex } from './flow-index.ts';
import type { PreparedBlock } from './prepare-block.hot.ts';

/** What all inputs of a block spent, in the order of the block, coinbase left out. */
export interface SpentBefore {
  readonly valueSats: Float64Array;
  /** Height of the block that made the output; 0 when that is not known. */
  readonly height: Uint32Array;
  /** 1 for an output of a coinbase. */
  readonly isCoinbase: Uint8Array;
  /** One entry more than inputs. */
  readonly scriptOffset: Uint32Array;
  readonly scriptBytes: Uint8Array;
}

/** Undo data of one block, for whoever needs it. */
export interface BlockUndo {
  /** Called once at most, when the block spends something that is not in the ledger. */
  read(): SpentBefore | undefined;
  /** Told what undo data says of a transaction and can not be true; it is not used for that transaction. */
  refuse(txid: string, what: string): void;
}

export class SpentBeforeReader {
  readonly #flow: FlowIndex;
  #prepared: PreparedBlock | undefined;
  #undo: BlockUndo | undefined;
  #isRead = false;
  /** Undo data of the block at hand. */
  spent: SpentBefore | undefined;
  /** The transaction judged last: its inputs in the block, and whether undo data is used for it. */
  #inputFrom = 0;
  #inputEnd = 0;
  #isUsed = false;
  /** Inputs of that transaction which undo data tells, and what they spent together. */
  inputCount = 0;
  spentSats = 0;

  constructor(flow: FlowIndex) {
    this.#flow = flow;
  }

  begin(prepared: PreparedBlock, undo: BlockUndo | undefined): void {
    this.#prepared = prepared;
    this.#undo = undo;
    this.#isRead = false;
    this.#isUsed = false;
    this.spent = undefined;
  }

  /**
   * Decide about a transaction with inputs that are not in the ledger.
   *
   * @param tx its place in the block
   * @param prevouts output rows of its inputs, NONE for those that are not there
   * @returns whether undo data tells what they spent: `inputCount`, `spentSats`, and `rowOf` for each
   */
  judge(tx: number, prevouts: Float64Array): boolean {
    this.#isUsed = false;
    if (!this.#isRead) {
      this.#isRead = true;
      this.spent = this.#undo?.read();
    }
    if (this.spent === undefined) return false;
    const { columns } = this.#prepared!;
    this.#inputFrom = columns.txFirstInput[tx]!;
    this.#inputEnd = columns.txFirstInput[tx + 1]!;
    const fault = this.#faultOf(tx, prevouts);
    if (fault !== undefined) {
      const txid = hashToDisplay(columns.txids.subarray(32 * tx, 32 * tx + 32));
      this.#undo!.refuse(txid, fault);
      return false;
    }
    this.#isUsed = true;
    return true;
  }

  #faultOf(tx: number, prevouts: Float64Array): string | undefined {
    const flow = this.#flow;
    const { columns } = this.#prepared!;
    const { valueSats } = this.spent!;
    this.inputCount = 0;
    this.spentSats = 0;
    let paidSats = 0;
    for (let input = this.#inputFrom; input < this.#inputEnd; input += 1) {
      const prevout = prevouts[input - this.#inputFrom]!;
      const row = this.#row(input);
      paidSats -= valueSats[row]!;
      if (prevout !== NONE) {
        if (flow.outputValue.at(prevout) === valueSats[row]!) continue;
        return 'it names another value for an output that is in the ledger';
      }
      const fault = this.#faultOfInput(input, row);
      if (fault !== undefined) return fault;
      this.inputCount += 1;
      this.spentSats += valueSats[row]!;
    }
    const end = columns.txFirstOutput[tx + 1]!;
    for (let output = columns.txFirstOutput[tx]!; output < end; output += 1) {
      paidSats += columns.outValue[output]!;
    }
    return paidSats > 0 ? 'the transaction would pay out more than it takes in' : undefined;
  }

  #faultOfInput(input: number, row: number): string | undefined {
    const { bytes, columns } = this.#prepared!;
    const { scriptBytes, scriptOffset, height } = this.spent!;
    const start = scriptOffset[row]!;
    const end = scriptOffset[row + 1]!;
    if (isUnspendable(scriptBytes, start, end)) return 'it names a script that nobody can spend';
    if (revealedScript(bytes, columns, input, scriptBytes, start, end) === REVEALED.other) {
      return 'an input shows another key or script than it names';
    }
    const isHere = height[row]! > 0 && this.#flow.findBlock(height[row]!) !== undefined;
    return isHere ? 'it names a block that is in the ledger without the output spent' : undefined;
  }

  /** The row of an input of the block; the coinbase has one input and no row. */
  #row(input: number): number {
    return input - 1;
  }

  /** The row of an input of the transaction judged last, or -1 when undo data does not tell. */
  rowOf(input: number): number {
    const isJudged = this.#isUsed && input >= this.#inputFrom && input < this.#inputEnd;
    return isJudged ? this.#row(input) : -1;
  }

  /** 2 * height + coinbase of the output that a row spent; 0 when that is not known. */
  originOf(row: number): number {
    return 2 * this.spent!.height[row]! + this.spent!.isCoinbase[row]!;
  }
}
