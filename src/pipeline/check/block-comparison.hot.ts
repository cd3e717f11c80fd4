import { hashToDisplay } from '../../bytes/hex.ts';
import { readU32 } from '../../bytes/read-u32.hot.ts';
import type { BlockColumns } from '../../chain/block-columns.hot.ts';
import { classifyInput, newInputShape, PREVOUT_UNKNOWN } from '../../chain/input-kind.ts';
import { SCRIPT_KIND, type ScriptKind } from '../../chain/script-kind.ts';
import { type FlowIndex, TX_FLAG } from '../../ledger/flow-index.ts';
import type { PreparedBlock } from '../../ledger/prepare-block.hot.ts';
import { NONE } from '../../units/ids.ts';
import { firstTx } from './check-range.ts';
import { Disagreement, placeOfInput, placeOfOutput, placeOfTx } from './disagreement.ts';
import type { TableCursor } from './table-cursor.ts';

/** What only the tables keep of a block. */
export interface BlockTables {
  readonly transactions: TableCursor;
  readonly inputs: TableCursor;
  readonly outputs: TableCursor;
  /** What inputs name whose prevouts are not there. */
  readonly unknown: TableCursor;
}

/** Holds what is stored of blocks, taken in rising order, against their bytes. */
export class BlockComparison {
  readonly #flow: FlowIndex;
  readonly #tables: BlockTables;
  readonly #shape = newInputShape();
  #block = 0;
  #txFrom = 0;
  #txEnd = 0;

  constructor(flow: FlowIndex, tables: BlockTables) {
    this.#flow = flow;
    this.#tables = tables;
  }

  /** Begin with a block. @returns its transactions, as stored */
  enter(block: number): number {
    this.#block = block;
    this.#txFrom = firstTx(this.#flow, block);
    this.#txEnd = firstTx(this.#flow, block + 1);
    return this.#txEnd - this.#txFrom;
  }

  /** Have the block's rows of the tables at hand. */
  async load(): Promise<void> {
    const { txFirstInput, txFirstOutput } = this.#flow;
    const { transactions, inputs, outputs, unknown } = this.#tables;
    await unknown.loadSome(txFirstInput.at(this.#txFrom), txFirstInput.at(this.#txEnd));
    await transactions.load(this.#txFrom, this.#txEnd);
    await inputs.load(txFirstInput.at(this.#txFrom), txFirstInput.at(this.#txEnd));
    await outputs.load(txFirstOutput.at(this.#txFrom), txFirstOutput.at(this.#txEnd));
  }

  /** @throws {Disagreement} naming the first row that is not what the block says */
  compare(prepared: PreparedBlock): void {
    const flow = this.#flow;
    const { bytes, columns } = prepared;
    const height = flow.blockHeight.at(this.#block);
    const time = readU32(bytes, 68);
    if (flow.blockTime.at(this.#block) !== time) {
      throw new Disagreement('The time of a block is not that of its header.', {
        height,
        column: 'blockTime',
        row: this.#block,
        expected: time,
        found: flow.blockTime.at(this.#block),
      });
    }
    if (columns.txCount !== this.#txEnd - this.#txFrom) {
      throw new Disagreement('A block has another number of transactions than are stored.', {
        height,
        column: 'blockFirstTx',
        row: this.#block,
        expected: columns.txCount,
        found: this.#txEnd - this.#txFrom,
      });
    }
    for (let i = 0; i < columns.txCount; i += 1) this.#compareTx(prepared, i);
  }

  #compareTx(prepared: PreparedBlock, i: number): void {
    const flow = this.#flow;
    const { columns } = prepared;
    const tx = this.#txFrom + i;
    if (!flow.txids.equals(tx, columns.txids, 32 * i)) {
      this.#txFault(
        'txids',
        tx,
        hashToDisplay(columns.txids.subarray(32 * i, 32 * i + 32)),
        flow.txid(tx),
      );
    }
    const inputFrom = columns.txFirstInput[i]!;
    const inputEnd = columns.txFirstInput[i + 1]!;
    const outputFrom = columns.txFirstOutput[i]!;
    const outputEnd = columns.txFirstOutput[i + 1]!;
    const firstInput = flow.txFirstInput.at(tx);
    const firstOutput = flow.txFirstOutput.at(tx);
    const inputs = flow.txFirstInput.at(tx + 1) - firstInput;
    const outputs = flow.txFirstOutput.at(tx + 1) - firstOutput;
    if (inputs !== inputEnd - inputFrom) {
      this.#txFault('txFirstInput', tx, inputEnd - inputFrom, inputs);
    }
    if (outputs !== outputEnd - outputFrom) {
      this.#txFault('txFirstOutput', tx, outputEnd - outputFrom, outputs);
    }
    this.#compareTable(columns, i, tx);
    for (let input = inputFrom; input < inputEnd; input += 1) {
      this.#compareInput(prepared, input, firstInput + input - inputFrom, i === 0);
    }
    let hasOpReturn = false;
    for (let output = outputFrom; output < outputEnd; output += 1) {
      this.#compareOutput(prepared, output, firstOutput + output - outputFrom);
      hasOpReturn ||= prepared.outKind[output] === SCRIPT_KIND.opReturn;
    }
    const flags = flow.txFlags.at(tx) & (TX_FLAG.witness | TX_FLAG.opReturn | TX_FLAG.sideLedger);
    const isSideLedger = columns.txIsHogEx[i] === 1 || inputEnd === inputFrom;
    const expected =
      (columns.txHasWitness[i] === 1 ? TX_FLAG.witness : 0) |
      (hasOpReturn ? TX_FLAG.opReturn : 0) |
      (isSideLedger ? TX_FLAG.sideLedger : 0);
    if (flags !== expected) this.#txFault('txFlags', tx, expected, flags);
  }

  #compareTable(columns: BlockColumns, i: number, tx: number): void {
    const { transactions } = this.#tables;
    const at = transactions.place(tx);
    const stored = transactions.columns;
    this.#tableValue('version', tx, columns.txVersion[i]!, stored['version']![at]!);
    this.#tableValue('locktime', tx, columns.txLocktime[i]!, stored['locktime']![at]!);
    this.#tableValue('raw_offset', tx, columns.txOffset[i]!, stored['raw_offset']![at]!);
    this.#tableValue('size_bytes', tx, columns.txLength[i]!, stored['size_bytes']![at]!);
    const stripped = columns.txStrippedLength[i]!;
    this.#tableValue('stripped_bytes', tx, stripped, stored['stripped_bytes']![at]!);
  }

  #tableValue(name: string, tx: number, expected: number, found: number): void {
    if (expected !== found) this.#txFault(`transactions.${name}`, tx, expected, found);
  }

  #compareInput(prepared: PreparedBlock, at: number, input: number, isCoinbase: boolean): void {
    const flow = this.#flow;
    const { bytes, columns } = prepared;
    const sequence = columns.inSequence[at]!;
    if (flow.inputSequence.at(input) !== sequence) {
      this.#inputFault('inputSequence', input, sequence, flow.inputSequence.at(input));
    }
    if (!isCoinbase) this.#comparePrevout(bytes, columns, at, input);
    const script = flow.inputScript(input);
    const prevKind = script === NONE ? PREVOUT_UNKNOWN : (flow.scriptKind.at(script) as ScriptKind);
    const shape = this.#shape;
    classifyInput(bytes, columns, at, prevKind, shape, flow.network.forkId);
    if (flow.inputKind.at(input) !== shape.kind) {
      this.#inputFault('inputKind', input, shape.kind, flow.inputKind.at(input));
    }
    const sighash = flow.inputSighash.at(input);
    if (sighash !== shape.sighashMask) {
      this.#inputFault('inputSighash', input, shape.sighashMask, sighash);
    }
    const { inputs } = this.#tables;
    const row = inputs.place(input);
    // Of a coinbase neither is kept.
    const keyForm = isCoinbase ? 0 : shape.keyForm;
    const witnessItems = isCoinbase ? 0 : shape.witnessItems;
    const storedForm = inputs.columns['key_form']![row]!;
    const storedItems = inputs.columns['witness_items']![row]!;
    if (storedForm !== keyForm) this.#inputFault('inputs.key_form', input, keyForm, storedForm);
    if (storedItems !== witnessItems) {
      this.#inputFault('inputs.witness_items', input, witnessItems, storedItems);
    }
  }

  /** The output that is stored as spent has the id and number that the input names. */
  #comparePrevout(bytes: Uint8Array, columns: BlockColumns, at: number, input: number): void {
    const flow = this.#flow;
    const start = columns.inPrevTxidOffset[at]!;
    const vout = columns.inPrevVout[at]!;
    const prevout = flow.inputPrevout.at(input);
    if (prevout === NONE) {
      this.#compareUnknown(input, bytes.subarray(start, start + 32), vout);
      if (flow.findTx(bytes, start) === NONE) return;
    } else if (prevout < flow.outputCount) {
      const tx = flow.outputTx.at(prevout);
      if (flow.txids.equals(tx, bytes, start) && prevout - flow.txFirstOutput.at(tx) === vout)
        return;
    }
    const expected = `${hashToDisplay(bytes.subarray(start, start + 32))}:${vout}`;
    const isThere = prevout < flow.outputCount;
    this.#inputFault('inputPrevout', input, expected, isThere ? flow.outpoint(prevout) : 'none');
  }

  #compareUnknown(input: number, txid: Uint8Array, vout: number): void {
    const { unknown } = this.#tables;
    const at = unknown.find(input);
    const { prev_txid: txids, prev_vout: vouts } = unknown.columns;
    const found =
      at < 0
        ? 'none'
        : `${hashToDisplay((txids as Uint8Array).subarray(32 * at, 32 * at + 32))}:${vouts![at]}`;
    const expected = `${hashToDisplay(txid)}:${vout}`;
    if (found !== expected) this.#inputFault('unknown_prevouts.prev_txid', input, expected, found);
  }

  #compareOutput(prepared: PreparedBlock, at: number, output: number): void {
    const flow = this.#flow;
    const { bytes, columns } = prepared;
    const value = columns.outValue[at]!;
    if (flow.outputValue.at(output) !== value) {
      this.#outputFault('outputValue', output, value, flow.outputValue.at(output));
    }
    const start = columns.outScriptOffset[at]!;
    const length = columns.outScriptLength[at]!;
    const script = flow.outputScript.at(output);
    const isData = prepared.outUnspendable[at] === 1;
    const isRight = isData
      ? script === NONE
      : script < flow.scriptCount && flow.scripts.equals(script, bytes, start, start + length);
    if (!isRight) {
      const found = script === NONE ? 'none' : script;
      this.#outputFault('outputScript', output, isData ? 'none' : 'the script of the block', found);
    }
    const { outputs } = this.#tables;
    const row = outputs.place(output);
    const kind = prepared.outKind[at]!;
    const storedKind = outputs.columns['kind']![row]!;
    const storedLength = outputs.columns['script_bytes']![row]!;
    if (storedKind !== kind) this.#outputFault('outputs.kind', output, kind, storedKind);
    if (storedLength !== length) {
      this.#outputFault('outputs.script_bytes', output, length, storedLength);
    }
  }

  #txFault(column: string, row: number, expected: number | string, found: number | string): never {
    const facts = { ...placeOfTx(this.#flow, row), column, row, expected, found };
    throw new Disagreement('A transaction is not stored as its block has it.', facts);
  }

  #inputFault(
    column: string,
    row: number,
    expected: number | string,
    found: number | string,
  ): never {
    const facts = { ...placeOfInput(this.#flow, row), column, row, expected, found };
    throw new Disagreement('An input is not stored as its block has it.', facts);
  }

  #outputFault(
    column: string,
    row: number,
    expected: number | string,
    found: number | string,
  ): never {
    const facts = { ...placeOfOutput(this.#flow, row), column, row, expected, found };
    throw new Disagreement('An output is not stored as its block has it.', facts);
  }
}
