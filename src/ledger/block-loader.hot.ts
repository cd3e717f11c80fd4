/**
 * Turns blocks into ledger rows, in chain order.
 *
 *   block bytes -> BlockColumns -> checks -> flow index (in place) + batch of table rows
 *
 * Prevouts are resolved against the flow index itself: txid -> transaction row -> output row. Nothing is changed
 * before the block's Merkle root and witness commitment were found right; a block that passes those and
 * still spends what is not there belongs to no valid chain, and ends the work.
 *
 * Invariant: every row pushed here can be made again from the tables (`flow-rebuild.ts`); a test compares the two.
 * Cost: two passes over the block's bytes (parsing, hashing), one random read per input.
 */
import { bytesToHex, displayToHash } from '../bytes/hex.ts';
import { BlockColumns, readBlockColumns } from '../chain/block-columns.hot.ts';
import { classifyInput, INPUT_KIND, newInputShape, PREVOUT_UNKNOWN } from '../chain/input-kind.ts';
import { classifyScript, isUnspendable, p2pkhScript } from '../chain/script.ts';
import { SCRIPT_KIND, type ScriptKind } from '../chain/script-kind.ts';
import { ClewError } from '../errors.ts';
import { SatsTotal } from '../units/amount.ts';
import { NONE } from '../units/ids.ts';
import { type BatchRows, createBatchRows } from './batch-rows.ts';
import { type LedgerCounters, publicKeyHash } from './counters.ts';
import {
  type FlowIndex,
  OVERWRITTEN,
  REVEAL,
  SPENDER_MAX,
  TX_FLAG,
  UNSPENDABLE,
  UNSPENT,
} from './flow-index.ts';
import { checkBlock, type PreparedBlock } from './prepare-block.hot.ts';
import { HISTORY_DIRECTION } from './schema.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';
import { ScriptTable } from './script-table.hot.ts';
import { TxidTable } from './txid-table.hot.ts';

export interface BlockMeta {
  readonly height: number;
  /** Block hash as people write it. */
  readonly hash: string;
  /** Where the bytes of the block are kept. */
  readonly fileId: number;
  readonly fileOffset: number;
}

/** Bytes of blocks in which one more transaction, and one more new script, is to be expected; measured on several chains. */
const BYTES_PER_TX = 400;
const BYTES_PER_SCRIPT = 220;
/** Room made beforehand, at most: 16 million rows, some 400 MB for both tables. Beyond that they grow by doubling. */
const EXPECTED_ROWS_MAX = 16 * 1024 ** 2;

export class BlockLoader {
  readonly #flow: FlowIndex;
  /** Of the block at hand. */
  #columns = new BlockColumns();
  readonly #ownColumns = this.#columns;
  readonly #txTable: TxidTable;
  readonly #scriptTable: ScriptTable;
  /** P2PKH script (hex) of each bare public key seen: both count as one address. */
  readonly #bareKeys = new Set<string>();
  /** First halves of the keys of these scripts: what is not here needs no hex. */
  readonly #bareKeyHashes = new Set<number>();
  readonly #revealed: Uint8Array[] = [];
  readonly #shape = newInputShape();
  readonly rows: BatchRows = createBatchRows();
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
   * @param expectedBytes of the blocks that will come: makes the tables large enough from the start
   */
  constructor(flow: FlowIndex, counters: LedgerCounters, expectedBytes = 0) {
    this.#flow = flow;
    this.#inputs = counters.inputs;
    this.#addresses = counters.addresses;
    this.#unknownInputs = counters.unknownInputs;
    this.#unspentCount = counters.unspentCount;
    this.#unspentBase = counters.unspentSats;
    this.#feesBase = counters.knownFeesSats;
    const expected = (bytesPerRow: number): number =>
      Math.min(Math.ceil(expectedBytes / bytesPerRow), EXPECTED_ROWS_MAX);
    this.#txTable = new TxidTable(flow.txids, flow.txCount + expected(BYTES_PER_TX));
    for (let tx = 0; tx < flow.txCount; tx += 1) this.#txTable.insert(flow.txids.at(tx), 0, tx);
    const scriptCapacity = flow.scriptCount + expected(BYTES_PER_SCRIPT);
    this.#scriptTable = new ScriptTable(flow.scripts, scriptCapacity);
    for (let script = 0; script < flow.scriptCount; script += 1) {
      flow.scripts.hash(script);
      this.#scriptTable.insert(script);
      if (flow.scriptKind.at(script) !== SCRIPT_KIND.p2pk) continue;
      this.#noteBareKey(p2pkhScript(publicKeyHash(flow.scripts.read(script))));
    }
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
      knownFeesSats: this.#feesBase + this.#fees.value,
    };
  }

  #markRevealed(scriptId: number): boolean {
    const chunk = Math.floor(scriptId / 524_288);
    while (this.#revealed.length <= chunk) this.#revealed.push(new Uint8Array(65_536));
    const bits = this.#revealed[chunk]!;
    const bit = scriptId - chunk * 524_288;
    const mask = 1 << (bit & 7);
    const at = bit >>> 3;
    if ((bits[at]! & mask) !== 0) return false;
    bits[at]! |= mask;
    return true;
  }

  /**
   * Check a block and append its rows.
   *
   * @throws {ClewError} CLEW_BLOCK_DAMAGED, CLEW_BLOCK_MERKLE, CLEW_BLOCK_WITNESS: nothing was changed.
   *   CLEW_BLOCK_INVALID: the rows of this batch must be thrown away.
   */
  addBlock(block: Uint8Array, meta: BlockMeta): void {
    const columns = this.#ownColumns;
    readBlockColumns(block, this.#flow.network, columns);
    checkBlock(block, columns, meta);
    this.#append(block, columns, meta);
  }

  /**
   * Append the rows of a block that was read and checked by `prepareBlock`.
   *
   * @throws {ClewError} CLEW_BLOCK_INVALID: the rows of this batch must be thrown away.
   */
  addPrepared({ bytes, columns }: PreparedBlock, meta: BlockMeta): void {
    this.#append(bytes, columns, meta);
  }

  #append(block: Uint8Array, columns: BlockColumns, meta: BlockMeta): void {
    this.#columns = columns;
    const txBase = this.#flow.txCount;
    this.#pushBlockRow(block, meta);
    this.#flow.addBlock(meta.height, readU32(block, 68));
    for (let i = 0; i < columns.txCount; i += 1) {
      this.#addTransaction(block, i, txBase + i, meta.height);
    }
  }

  #pushBlockRow(block: Uint8Array, meta: BlockMeta): void {
    const columns = this.#columns;
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

  #addTransaction(block: Uint8Array, i: number, txIndex: number, height: number): void {
    const columns = this.#columns;
    const flow = this.#flow;
    const inputFrom = columns.txFirstInput[i]!;
    const inputEnd = columns.txFirstInput[i + 1]!;
    const outputFrom = columns.txFirstOutput[i]!;
    const outputEnd = columns.txFirstOutput[i + 1]!;
    const firstInput = flow.inputCount;
    const firstOutput = flow.outputCount;
    let flags = i === 0 ? TX_FLAG.coinbase : 0;
    if (columns.txHasWitness[i] === 1) flags |= TX_FLAG.witness;

    flow.addTx(flags, columns.txids, i * 32);
    const replaced = this.#txTable.insert(columns.txids, i * 32, txIndex);
    if (replaced !== NONE) this.#overwrite(replaced, txIndex);

    let inputSats = 0;
    let unknown = 0;
    for (let input = inputFrom; input < inputEnd; input += 1) {
      const prevout = i === 0 ? NONE : this.#resolve(block, input, txIndex, height);
      if (prevout === NONE) {
        if (i !== 0) unknown += 1;
        this.#addInput(block, input, inputFrom, txIndex, NONE, i === 0);
      } else {
        inputSats += flow.outputValue.at(prevout);
        this.#addInput(block, input, inputFrom, txIndex, prevout, false);
      }
    }
    let outputSats = 0;
    for (let output = outputFrom; output < outputEnd; output += 1) {
      if (this.#addOutput(block, output, txIndex, height === 0)) flags |= TX_FLAG.opReturn;
      outputSats += columns.outValue[output]!;
    }
    if (unknown > 0) flags |= TX_FLAG.unknownPrevout;
    flow.txFlags.set(txIndex, flags);
    flow.endTx();

    if (i !== 0) {
      this.#inputs += inputEnd - inputFrom;
      this.#unknownInputs += unknown;
      if (unknown === 0) {
        if (inputSats < outputSats) throw invalidBlock(height, 'pays out more than it takes in');
        this.#fees.add(inputSats - outputSats);
      }
    }

    const rows = this.rows.transactions;
    rows.tx_index.push(txIndex);
    rows.block_index.push(flow.blockCount - 1);
    rows.txid.push(columns.txids, i * 32);
    rows.version.push(columns.txVersion[i]!);
    rows.locktime.push(columns.txLocktime[i]!);
    rows.flags.push(flags);
    rows.first_input.push(firstInput);
    rows.first_output.push(firstOutput);
    rows.input_count.push(inputEnd - inputFrom);
    rows.output_count.push(outputEnd - outputFrom);
    rows.raw_offset.push(columns.txOffset[i]!);
    rows.size_bytes.push(columns.txLength[i]!);
    rows.stripped_bytes.push(columns.txStrippedLength[i]!);
    rows.input_sats.push(inputSats);
    rows.output_sats.push(outputSats);
    const lookup = this.rows.tx_lookup;
    lookup.txid_key.pushHalves(readU32(columns.txids, i * 32), readU32(columns.txids, i * 32 + 4));
    lookup.tx_index.push(txIndex);
  }

  /** The outputs of an older transaction with the same id can not be spent any more (BIP 30). */
  #overwrite(olderTx: number, newerTx: number): void {
    const flow = this.#flow;
    const end = flow.txFirstOutput.at(olderTx + 1);
    for (let output = flow.txFirstOutput.at(olderTx); output < end; output += 1) {
      if (flow.outputSpender.at(output) !== UNSPENT) continue;
      const valueSats = flow.outputValue.at(output);
      flow.outputSpender.set(output, OVERWRITTEN);
      this.#unspentCount -= 1;
      this.#unspent.add(-valueSats);
      this.#pushHistory(
        flow.outputScript.at(output),
        newerTx,
        output,
        HISTORY_DIRECTION.destroyed,
        valueSats,
      );
    }
    flow.txFlags.set(olderTx, flow.txFlags.at(olderTx) | TX_FLAG.overwritten);
  }

  #pushHistory(
    scriptId: number,
    txIndex: number,
    outputIndex: number,
    direction: number,
    valueSats: number,
  ): void {
    const history = this.rows.history;
    history.script_id.push(scriptId);
    history.tx_index.push(txIndex);
    history.output_index.push(outputIndex);
    history.direction.push(direction);
    history.value.push(valueSats);
  }

  /** The output row that an input spends, or NONE when its transaction is not in the ledger. */
  #resolve(block: Uint8Array, input: number, txIndex: number, height: number): number {
    const columns = this.#columns;
    const flow = this.#flow;
    const prevTx = this.#txTable.find(block, columns.inPrevTxidOffset[input]!);
    if (prevTx === NONE) return NONE;
    if (prevTx >= txIndex) throw invalidBlock(height, 'spends an output of itself');
    const prevout = flow.txFirstOutput.at(prevTx) + columns.inPrevVout[input]!;
    if (prevout >= flow.txFirstOutput.at(prevTx + 1)) {
      throw invalidBlock(height, 'spends an output that its transaction does not have');
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
    input: number,
    inputFrom: number,
    txIndex: number,
    prevout: number,
    isCoinbase: boolean,
  ): void {
    const columns = this.#columns;
    const flow = this.#flow;
    const rows = this.rows;
    const inputIndex = flow.inputCount;
    const scriptId = prevout === NONE ? NONE : flow.outputScript.at(prevout);
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
      classifyInput(block, columns, input, prevKind, shape);
    }
    flow.addInput(prevout, columns.inSequence[input]!, shape.kind, shape.sighashMask);

    rows.inputs.input_index.push(inputIndex);
    rows.inputs.tx_index.push(txIndex);
    rows.inputs.sequence.push(columns.inSequence[input]!);
    rows.inputs.kind.push(shape.kind);
    rows.inputs.key_form.push(shape.keyForm);
    rows.inputs.sighash_mask.push(shape.sighashMask);
    rows.inputs.witness_items.push(shape.witnessItems);
    if (prevout === NONE) {
      rows.inputs.prev_output.pushHalves(NONE, NONE);
      rows.inputs.prev_value.push(0);
      rows.inputs.prev_script.pushHalves(NONE, NONE);
      if (!isCoinbase) {
        rows.unknown_prevouts.input_index.push(inputIndex);
        rows.unknown_prevouts.prev_txid.push(block, columns.inPrevTxidOffset[input]!);
        rows.unknown_prevouts.prev_vout.push(columns.inPrevVout[input]!);
      }
      return;
    }
    const valueSats = flow.outputValue.at(prevout);
    this.#unspentCount -= 1;
    this.#unspent.add(-valueSats);
    rows.inputs.prev_output.push(prevout);
    rows.inputs.prev_value.push(valueSats);
    if (scriptId === NONE) rows.inputs.prev_script.pushHalves(NONE, NONE);
    else rows.inputs.prev_script.push(scriptId);
    rows.spends.output_index.push(prevout);
    rows.spends.tx_index.push(txIndex);
    rows.spends.vin.push(input - inputFrom);
    if (scriptId === NONE) return;
    this.#pushHistory(scriptId, txIndex, prevout, HISTORY_DIRECTION.sent, valueSats);
    const scriptSig = columns.inScriptOffset[input]!;
    if (shape.kind === INPUT_KIND.p2shP2wpkh) {
      this.#addReveal(block, scriptSig, scriptId, txIndex, REVEAL.p2wpkh, 20);
    } else if (shape.kind === INPUT_KIND.p2shP2wsh) {
      this.#addReveal(block, scriptSig, scriptId, txIndex, REVEAL.p2wsh, 32);
    }
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
    const payload = new Uint8Array(32);
    const start = scriptSig + 3;
    payload.set(block.subarray(start, start + programBytes));
    this.#flow.addReveal(scriptId, txIndex, kind, payload, 0);
    const rows = this.rows.reveals;
    rows.script_id.push(scriptId);
    rows.tx_index.push(txIndex);
    rows.input_index.push(this.#flow.inputCount - 1);
    rows.kind.push(kind);
    rows.payload.push(payload, 0);
  }

  /** @returns true when the output is an OP_RETURN */
  #addOutput(block: Uint8Array, output: number, txIndex: number, isGenesis: boolean): boolean {
    const columns = this.#columns;
    const flow = this.#flow;
    const rows = this.rows.outputs;
    const start = columns.outScriptOffset[output]!;
    const end = start + columns.outScriptLength[output]!;
    const valueSats = columns.outValue[output]!;
    const kind = classifyScript(block, start, end);
    const outputIndex = flow.outputCount;
    rows.output_index.push(outputIndex);
    rows.tx_index.push(txIndex);
    rows.value.push(valueSats);
    rows.kind.push(kind);
    rows.script_bytes.push(end - start);
    if (isUnspendable(block, start, end)) {
      // Data that strangers embedded: its length and kind are kept, its bytes stay in the block file.
      flow.addOutput(valueSats, NONE, UNSPENDABLE);
      rows.script_id.pushHalves(NONE, NONE);
      return kind === SCRIPT_KIND.opReturn;
    }
    let scriptId = this.#scriptTable.find(block, start, end);
    if (scriptId === NONE) scriptId = this.#addScript(block, start, end, kind);
    flow.addOutput(valueSats, scriptId, isGenesis ? UNSPENDABLE : UNSPENT);
    rows.script_id.push(scriptId);
    this.#pushHistory(scriptId, txIndex, outputIndex, HISTORY_DIRECTION.received, valueSats);
    if (isGenesis) {
      this.#pushHistory(scriptId, txIndex, outputIndex, HISTORY_DIRECTION.destroyed, valueSats);
    } else {
      this.#unspentCount += 1;
      this.#unspent.add(valueSats);
    }
    return false;
  }

  /** A script that `find` just missed: its key stands in `scriptKey`. */
  #addScript(block: Uint8Array, start: number, end: number, kind: number): number {
    const flow = this.#flow;
    const rows = this.rows;
    const scriptId = flow.addScript(kind, block, start, end);
    this.#scriptTable.insert(scriptId);
    rows.scripts.script_id.push(scriptId);
    rows.scripts.kind.push(kind);
    rows.scripts.script.push(block, start, end);
    rows.script_lookup.script_key.pushHalves(scriptKey.low, scriptKey.high);
    rows.script_lookup.script_id.push(scriptId);
    if (kind === SCRIPT_KIND.p2pk) this.#addBareKey(block.subarray(start, end), scriptId);
    else if (kind >= SCRIPT_KIND.p2pkh && kind <= SCRIPT_KIND.witnessUnknown) {
      const counted =
        kind === SCRIPT_KIND.p2pkh &&
        this.#bareKeyHashes.has(scriptKey.low) &&
        this.#bareKeys.has(bytesToHex(block.subarray(start, end)));
      if (!counted) this.#addresses += 1;
    }
    return scriptId;
  }

  /** A bare public key: it is found under its P2PKH address too, and counts with it as one. */
  #addBareKey(script: Uint8Array, scriptId: number): void {
    const twin = p2pkhScript(publicKeyHash(script));
    const twinKnown = this.#scriptTable.find(twin, 0, twin.length) !== NONE;
    this.#noteBareKey(twin);
    this.rows.script_lookup.script_key.pushHalves(scriptKey.low, scriptKey.high);
    this.rows.script_lookup.script_id.push(scriptId);
    if (!twinKnown) this.#addresses += 1;
  }

  /** Keep the P2PKH script of a bare key. Leaves its key in `scriptKey`. */
  #noteBareKey(twin: Uint8Array): void {
    this.#bareKeys.add(bytesToHex(twin));
    hashScript(twin, 0, twin.length);
    this.#bareKeyHashes.add(scriptKey.low);
  }
}

function invalidBlock(height: number, what: string): ClewError {
  return new ClewError('CLEW_BLOCK_INVALID', `A transaction in block ${height} ${what}.`, {
    height,
  });
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}
