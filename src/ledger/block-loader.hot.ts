/**
 * Turns prepared blocks into ledger rows, in chain order.
 *
 *   block bytes -> PreparedBlock (parsed, hashed, checked: any thread) -> flow index (in place) + batch of table rows
 *
 * Prevouts are resolved against the flow index itself: txid -> transaction row -> output row. A block that is
 * whole and still spends what is not there belongs to no valid chain, and ends the work.
 *
 * What a block spends from before the ledger may be known from undo data (`spent-before.hot.ts`), which is asked for only then.
 *
 * Invariant: everything that changes in place here follows from the appended facts (`flow-replay.ts`); a test compares
 * the two. Cost: one or two random reads per input and output.
 */

import { displayToHash } from '../bytes/hex.ts';
import { readU32 } from '../bytes/read-u32.hot.ts';
import { bareKeyTwin } from '../chain/bare-key.ts';
import type { BlockColumns } from '../chain/block-columns.hot.ts';
import { classifyInput, INPUT_KIND, newInputShape, PREVOUT_UNKNOWN } from '../chain/input-kind.ts';
import { classifyScript } from '../chain/script.ts';
import { SCRIPT_KIND, type ScriptKind } from '../chain/script-kind.ts';
import { isCanonicalOrder } from '../chain/transaction-order.hot.ts';
import { ClewError } from '../errors.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import { type BatchRows, createBatchRows } from './batch-rows.ts';
import { BlockLookups, NO_SUCH_OUTPUT } from './block-lookups.hot.ts';
import type { LedgerCounters } from './counters.ts';
import {
  type FlowIndex,
  REVEAL,
  SPENDER_MAX,
  TX_FLAG,
  UNSPENDABLE,
  UNSPENT,
} from './flow-index.ts';
import { PreparedBlock, prepareBlock } from './prepare-block.hot.ts';
import type { RowBase } from './row-base.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';
import { type BlockUndo, SpentBeforeReader } from './spent-before.hot.ts';

export interface BlockMeta {
  readonly height: number;
  /** Block hash as people write it. */
  readonly hash: string;
  /** Where the bytes of the block are kept. */
  readonly fileId: number;
  readonly fileOffset: number;
}

const NEW_KEYS_MASK = 0xffff;

/** Bytes of blocks in which one more transaction, and one more new script, is to be expected; measured on several chains. */
const BYTES_PER_TX = 400;
const BYTES_PER_SCRIPT = 220;

export class BlockLoader {
  readonly #flow: FlowIndex;
  readonly #prepared = new PreparedBlock();
  readonly #revealed: (Uint8Array | undefined)[] = [];
  readonly #shape = newInputShape();
  readonly #lookups = new BlockLookups();
  /** 1 for the last bits of the keys of all scripts that came with the block at hand. */
  readonly #newKeys = new Uint8Array(NEW_KEYS_MASK + 1);
  readonly #payload = new Uint8Array(32);
  readonly #spentBefore: SpentBeforeReader;
  readonly rows: BatchRows;
  #inputs: number;
  #addresses: number;
  #unknownInputs: number;
  #unspentCount: number;
  readonly #unspent = new SatsTotal();
  #unspentBase: bigint;
  readonly #fees = new SatsTotal();
  #feesBase: bigint;

  /**
   * @param counters as of the flow index's last row
   * @param base of the ledger's row numbers
   * @param expectedBytes of the blocks that will come: makes the key indexes large enough from the start
   */
  constructor(flow: FlowIndex, counters: LedgerCounters, base?: RowBase, expectedBytes = 0) {
    this.#flow = flow;
    flow.txKeys.reserve(expectedBytes / BYTES_PER_TX);
    flow.scriptKeys.reserve(expectedBytes / BYTES_PER_SCRIPT);
    this.#spentBefore = new SpentBeforeReader(flow);
    this.rows = createBatchRows(base);
    this.#inputs = counters.inputs;
    this.#addresses = counters.addresses;
    this.#unknownInputs = counters.unknownInputs;
    this.#unspentCount = counters.unspentCount;
    this.#unspentBase = counters.unspentSats;
    this.#feesBase = counters.knownFeesSats;
    for (let reveal = 0; reveal < flow.revealScript.length; reveal += 1) {
      this.#markRevealed(flow.revealScript.at(reveal));
    }
  }

  get counters(): LedgerCounters {
    return {
      blocks: this.#flow.blockCount,
      transactions: this.#flow.txCount,
      inputs: this.#inputs,
      outputs: this.#flow.outputCount,
      addresses: this.#addresses,
      unspentCount: this.#unspentCount,
      unspentSats: this.#unspentBase + this.#unspent.value,
      unknownInputs: this.#unknownInputs,
      undoInputs: this.#flow.undoInputs.count,
      knownFeesSats: this.#feesBase + this.#fees.value,
    };
  }

  #markRevealed(scriptId: number): boolean {
    const chunk = Math.floor(scriptId / 524_288);
    let bits = this.#revealed[chunk];
    if (bits === undefined) {
      bits = new Uint8Array(65_536);
      this.#revealed[chunk] = bits;
    }
    const bit = scriptId - chunk * 524_288;
    const mask = 1 << (bit & 7);
    const at = bit >>> 3;
    if ((bits[at]! & mask) !== 0) return false;
    bits[at]! |= mask;
    return true;
  }

  /**
   * Check a block and append its rows: for single blocks, and tests.
   *
   * @throws {ClewError} CLEW_BLOCK_DAMAGED, CLEW_BLOCK_MERKLE, CLEW_BLOCK_WITNESS: nothing was changed.
   *   CLEW_BLOCK_INVALID: the rows of this batch must be thrown away.
   */
  addBlock(block: Uint8Array, meta: BlockMeta, undo?: BlockUndo): void {
    prepareBlock(block, this.#flow.network, meta, this.#prepared);
    this.addPrepared(this.#prepared, meta, undo);
  }

  /**
   * Append the rows of a block that was checked.
   *
   * @param undo asked when the block spends from before the ledger
   * @throws {ClewError} CLEW_BLOCK_INVALID: the rows of this batch must be thrown away
   */
  addPrepared(prepared: PreparedBlock, meta: BlockMeta, undo?: BlockUndo): void {
    const { bytes: block, columns } = prepared;
    const flow = this.#flow;
    const txBase = flow.txCount;
    // Undo data tell of a block's transactions by their positions.
    const hasPositions = !isCanonicalOrder(meta.height, flow.network);
    this.#spentBefore.begin(prepared, hasPositions ? undo : undefined);
    this.#pushBlockRow(block, columns, meta);
    flow.addBlock(meta.height, readU32(block, 68));
    this.#addTxids(columns);
    this.#pushKnownRows(prepared, txBase);
    this.#newKeys.fill(0);
    this.#lookups.findPrevouts(flow, prepared);
    this.#lookups.findScripts(flow, prepared);
    for (let i = 0; i < columns.txCount; i += 1) {
      this.#addTransaction(prepared, i, txBase + i, meta.height);
    }
  }

  /** What a block's rows hold that needs nothing but the block. */
  #pushKnownRows({ columns, outKind }: PreparedBlock, txBase: number): void {
    const { txCount, inputCount, outputCount } = columns;
    const { transactions, inputs, outputs } = this.rows;
    transactions.tx_index.pushRun(txBase, txCount);
    transactions.block_index.pushSame(this.#flow.blockCount - 1, txCount);
    transactions.version.pushAll(columns.txVersion, txCount);
    transactions.locktime.pushAll(columns.txLocktime, txCount);
    transactions.raw_offset.pushAll(columns.txOffset, txCount);
    transactions.size_bytes.pushAll(columns.txLength, txCount);
    transactions.stripped_bytes.pushAll(columns.txStrippedLength, txCount);
    inputs.input_index.pushRun(this.#flow.inputCount, inputCount);
    inputs.sequence.pushAll(columns.inSequence, inputCount);
    outputs.output_index.pushRun(this.#flow.outputCount, outputCount);
    outputs.kind.pushAll(outKind, outputCount);
    outputs.script_bytes.pushAll(columns.outScriptLength, outputCount);
  }

  /** All transactions of a block, so that their outputs are found by those that spend them in the same block. */
  #addTxids(columns: BlockColumns): void {
    const flow = this.#flow;
    const { txids, txCount, txFirstInput, txFirstOutput } = columns;
    const inputBase = flow.inputCount;
    const outputBase = flow.outputCount;
    let near = 0;
    for (let i = 0; i < txCount; i += 1) near += flow.txKeys.touch(readU32(txids, 32 * i + 4));
    this.#lookups.near = near;
    const destroyedBefore = flow.destroyedOutput.length;
    flow.addTxids(txids, txCount);
    for (let i = 0; i < txCount; i += 1) {
      flow.txFirstInput.push(inputBase + txFirstInput[i + 1]!);
      flow.txFirstOutput.push(outputBase + txFirstOutput[i + 1]!);
    }
    if (flow.destroyedOutput.length > destroyedBefore) this.#countDestroyed(destroyedBefore);
  }

  #pushBlockRow(block: Uint8Array, columns: BlockColumns, meta: BlockMeta): void {
    const flow = this.#flow;
    const rows = this.rows.blocks;
    rows.block_index.push(flow.blockCount);
    rows.height.push(meta.height);
    rows.hash.push(displayToHash(meta.hash), 0);
    rows.prev_hash.push(block, 4);
    rows.merkle_root.push(block, 36);
    rows.version.push(readU32(block, 0));
    rows.time.push(readU32(block, 68));
    rows.bits.push(readU32(block, 72));
    rows.nonce.push(readU32(block, 76));
    rows.first_tx.push(flow.txCount);
    rows.first_input.push(flow.inputCount);
    rows.first_output.push(flow.outputCount);
    rows.first_script.push(flow.scriptCount);
    rows.tx_count.push(columns.txCount);
    rows.size_bytes.push(block.length);
    rows.file_id.push(meta.fileId);
    rows.file_offset.push(meta.fileOffset);
    const coinbaseStart = columns.inScriptOffset[0]!;
    rows.coinbase_script.push(block, coinbaseStart, coinbaseStart + columns.inScriptLength[0]!);
  }

  #addTransaction(prepared: PreparedBlock, i: number, txIndex: number, height: number): void {
    const flow = this.#flow;
    const { bytes: block, columns } = prepared;
    const inputFrom = columns.txFirstInput[i]!;
    const inputEnd = columns.txFirstInput[i + 1]!;
    const outputFrom = columns.txFirstOutput[i]!;
    const outputEnd = columns.txFirstOutput[i + 1]!;
    const firstInput = flow.inputCount;
    const firstOutput = flow.outputCount;
    const isCoinbase = i === 0;

    const { prevouts, spentScripts } = this.#lookups;
    let inputSats = 0;
    let unknown = 0;
    let flags = isCoinbase ? TX_FLAG.coinbase : 0;
    if (!isCoinbase) {
      for (let input = inputFrom; input < inputEnd; input += 1) {
        const prevout = this.#prevoutOf(input, txIndex, height);
        if (prevout === NONE) {
          unknown += 1;
          continue;
        }
        inputSats += flow.outputValue.at(prevout);
        spentScripts[input] = flow.outputScript.at(prevout);
      }
      this.#unspentCount -= inputEnd - inputFrom - unknown;
      this.#unspent.add(-inputSats);
      const before = this.#spentBefore;
      if (unknown > 0 && before.judge(i, prevouts.subarray(inputFrom, inputEnd))) {
        flags |= TX_FLAG.undoPrevout;
        inputSats += before.spentSats;
        unknown -= before.inputCount;
      }
    }
    if (columns.txHasWitness[i] === 1) flags |= TX_FLAG.witness;
    const hasInputs = inputEnd > inputFrom;
    if (columns.txIsHogEx[i] === 1 || !hasInputs) flags |= TX_FLAG.sideLedger;
    if (unknown > 0) flags |= TX_FLAG.unknownPrevout;
    for (let output = outputFrom; output < outputEnd; output += 1) {
      if (prepared.outKind[output] === SCRIPT_KIND.opReturn) flags |= TX_FLAG.opReturn;
    }

    flow.txFlags.push(flags);
    for (let input = inputFrom; input < inputEnd; input += 1) {
      const prevout = isCoinbase ? NONE : prevouts[input]!;
      this.#addInput(block, columns, input, txIndex, prevout, isCoinbase, height);
    }
    let outputSats = 0;
    for (let output = outputFrom; output < outputEnd; output += 1) {
      this.#addOutput(prepared, output, txIndex, height === 0);
      outputSats += columns.outValue[output]!;
    }

    if (!isCoinbase) {
      this.#inputs += inputEnd - inputFrom;
      this.#unknownInputs += unknown;
      // Sums are numbers: Dogecoin's may leave what is exact.
      if (inputSats > Number.MAX_SAFE_INTEGER || outputSats > Number.MAX_SAFE_INTEGER) {
        throw amountLimit(height);
      }
      if (unknown === 0 && hasInputs) {
        if (inputSats < outputSats) throw invalidBlock(height, 'pays out more than it takes in');
        this.#fees.add(inputSats - outputSats);
      }
    }

    const rows = this.rows.transactions;
    rows.flags.push(flags);
    rows.first_input.push(firstInput);
    rows.first_output.push(firstOutput);
    rows.input_count.push(inputEnd - inputFrom);
    rows.output_count.push(outputEnd - outputFrom);
  }

  /** Outputs that an older transaction with the same id had left can not be spent any more (BIP 30). */
  #countDestroyed(from: number): void {
    const flow = this.#flow;
    for (let row = from; row < flow.destroyedOutput.length; row += 1) {
      this.#unspentCount -= 1;
      this.#unspent.add(-flow.outputValue.at(flow.destroyedOutput.at(row)));
    }
  }

  /** The output row that an input spends, or NONE when its transaction is not in the ledger; checked. */
  #prevoutOf(input: number, txIndex: number, height: number): number {
    const flow = this.#flow;
    const prevout = this.#lookups.prevouts[input]!;
    if (prevout === NONE) return NONE;
    if (prevout === NO_SUCH_OUTPUT) {
      throw invalidBlock(height, 'spends an output that its transaction does not have');
    }
    if (prevout >= flow.txFirstOutput.at(txIndex)) {
      throw invalidBlock(height, 'spends an output that is not there yet');
    }
    const spender = flow.outputSpender.at(prevout);
    if (spender !== UNSPENT) {
      const what = spender < SPENDER_MAX ? 'was spent before' : 'can not be spent';
      throw invalidBlock(height, `spends an output that ${what}`);
    }
    return prevout;
  }

  #addInput(
    block: Uint8Array,
    columns: BlockColumns,
    input: number,
    txIndex: number,
    prevout: number,
    isCoinbase: boolean,
    height: number,
  ): void {
    const flow = this.#flow;
    const rows = this.rows;
    const inputIndex = flow.inputCount;
    let scriptId = prevout === NONE ? NONE : this.#lookups.spentScripts[input]!;
    if (prevout === NONE && !isCoinbase) scriptId = this.#addSpentBefore(input);
    const shape = this.#shape;
    if (isCoinbase) {
      shape.kind = INPUT_KIND.coinbase;
      shape.keyForm = 0;
      shape.sighashMask = 0;
      shape.witnessItems = 0;
      shape.redeemLength = 0;
    } else {
      const prevKind =
        scriptId === NONE ? PREVOUT_UNKNOWN : (flow.scriptKind.at(scriptId) as ScriptKind);
      classifyInput(block, columns, input, prevKind, shape, flow.network.forkId);
    }
    // Two inputs of one transaction that spend the same output: the first has marked it by now.
    if (prevout !== NONE && flow.outputSpender.at(prevout) !== UNSPENT) {
      throw invalidBlock(height, 'spends an output that was spent before');
    }
    const sequence = columns.inSequence[input]!;
    flow.addSpend(txIndex, prevout, scriptId, sequence, shape.kind, shape.sighashMask);

    rows.inputs.tx_index.push(txIndex);
    rows.inputs.prev_output.push(prevout);
    rows.inputs.kind.push(shape.kind);
    rows.inputs.key_form.push(shape.keyForm);
    rows.inputs.sighash_mask.push(shape.sighashMask);
    rows.inputs.witness_items.push(shape.witnessItems);
    if (prevout === NONE && !isCoinbase) {
      rows.unknown_prevouts.input_index.push(inputIndex);
      rows.unknown_prevouts.prev_txid.push(block, columns.inPrevTxidOffset[input]!);
      rows.unknown_prevouts.prev_vout.push(columns.inPrevVout[input]!);
    }
    if (scriptId === NONE) return;
    const scriptSig = columns.inScriptOffset[input]!;
    if (shape.kind === INPUT_KIND.p2shP2wpkh) {
      this.#addReveal(block, scriptSig, scriptId, txIndex, REVEAL.p2wpkh, 20);
    } else if (shape.kind === INPUT_KIND.p2shP2wsh) {
      this.#addReveal(block, scriptSig, scriptId, txIndex, REVEAL.p2wsh, 32);
    }
  }

  /** What the input that comes next spends from before the ledger, when that is known; returns the script or NONE. */
  #addSpentBefore(input: number): number {
    const before = this.#spentBefore;
    const row = before.rowOf(input);
    if (row < 0) return NONE;
    const { scriptBytes, scriptOffset, valueSats } = before.spent!;
    const start = scriptOffset[row]!;
    const end = scriptOffset[row + 1]!;
    const kind = classifyScript(scriptBytes, start, end);
    hashScript(scriptBytes, start, end);
    const { low, high } = scriptKey;
    const scriptId = this.#scriptRow(scriptBytes, start, end, kind, low, high);
    this.#flow.addUndoInput(valueSats[row]!, scriptId, before.originOf(row));
    return scriptId;
  }

  /** The row of a script, which is added when it was not seen before. */
  #scriptRow(
    bytes: Uint8Array,
    start: number,
    end: number,
    kind: number,
    keyLow: number,
    keyHigh: number,
  ): number {
    const flow = this.#flow;
    const known = flow.findScript(keyLow, keyHigh, bytes, start, end);
    return known === NONE ? this.#addScript(bytes, start, end, kind, keyLow, keyHigh) : known;
  }

  #addScript(
    bytes: Uint8Array,
    start: number,
    end: number,
    kind: number,
    keyLow: number,
    keyHigh: number,
  ): number {
    this.#newKeys[keyLow & NEW_KEYS_MASK] = 1;
    if (this.#isNewAddress(bytes, start, end, kind, keyLow, keyHigh)) this.#addresses += 1;
    return this.#flow.addScriptByKey(kind, keyLow, keyHigh, bytes, start, end);
  }

  /** The scriptSig is one push of the redeem script, which is version, length, witness program (BIP 141). */
  #addReveal(
    block: Uint8Array,
    scriptSig: number,
    scriptId: number,
    txIndex: number,
    kind: number,
    programBytes: number,
  ): void {
    if (!this.#markRevealed(scriptId)) return;
    const payload = this.#payload;
    payload.fill(0, programBytes);
    const start = scriptSig + 3;
    for (let n = 0; n < programBytes; n += 1) payload[n] = block[start + n]!;
    this.#flow.addReveal(scriptId, txIndex, kind, payload, 0);
  }

  #addOutput(prepared: PreparedBlock, output: number, txIndex: number, isGenesis: boolean): void {
    const flow = this.#flow;
    const { bytes: block, columns } = prepared;
    const rows = this.rows.outputs;
    const start = columns.outScriptOffset[output]!;
    const end = start + columns.outScriptLength[output]!;
    const valueSats = columns.outValue[output]!;
    const kind = prepared.outKind[output]!;
    rows.tx_index.push(txIndex);
    rows.value.push(valueSats);
    if (prepared.outUnspendable[output] === 1) {
      // Data that strangers embedded: its length and kind are kept, its bytes stay in the block file.
      flow.addOutputOf(txIndex, valueSats, NONE, UNSPENDABLE);
      rows.script_id.push(NONE);
      return;
    }
    const keyLow = prepared.outKeyLow[output]!;
    const keyHigh = prepared.outKeyHigh[output]!;
    let scriptId = this.#lookups.scripts[output]!;
    if (scriptId === NONE) {
      // The block's look-ups do not know what came with the block itself.
      scriptId =
        this.#newKeys[keyLow & NEW_KEYS_MASK] === 0
          ? this.#addScript(block, start, end, kind, keyLow, keyHigh)
          : this.#scriptRow(block, start, end, kind, keyLow, keyHigh);
    }
    flow.addOutputOf(txIndex, valueSats, scriptId, isGenesis ? UNSPENDABLE : UNSPENT);
    rows.script_id.push(scriptId);
    if (isGenesis) return;
    this.#unspentCount += 1;
    this.#unspent.add(valueSats);
  }

  /** Whether a script that is seen for the first time is one more address: a bare key and its hash are one. */
  #isNewAddress(
    block: Uint8Array,
    start: number,
    end: number,
    kind: number,
    keyLow: number,
    keyHigh: number,
  ): boolean {
    const flow = this.#flow;
    if (kind === SCRIPT_KIND.p2pk) {
      const twin = bareKeyTwin(block.subarray(start, end));
      hashScript(twin, 0, twin.length);
      return flow.findScript(scriptKey.low, scriptKey.high, twin, 0, twin.length) === NONE;
    }
    if (kind === SCRIPT_KIND.p2pkh && flow.bareKeys.first(keyLow, keyHigh) !== NONE) {
      return flow.findBareKeys(block.subarray(start, end)).length === 0;
    }
    return kind >= SCRIPT_KIND.p2pkh && kind <= SCRIPT_KIND.witnessUnknown;
  }
}

function amountLimit(height: number): ClewError {
  return new ClewError(
    'CLEW_LEDGER_LIMIT',
    `A transaction in block ${height} moves more than 2^53 - 1 of the smallest unit, which Clew can not add up exactly.`,
    { height, valueMax: Number.MAX_SAFE_INTEGER },
  );
}

function invalidBlock(height: number, what: string): ClewError {
  return new ClewError('CLEW_BLOCK_INVALID', `A transaction in block ${height} ${what}.`, {
    height,
  });
}
