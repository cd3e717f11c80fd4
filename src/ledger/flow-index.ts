/**
 * The flow index: who paid whom, as columns for tracing, clustering and look-ups.
 *
 *     transactions --txFirstInput--> inputs --inputPrevout--> outputs --outputScript--> scripts
 *          |                           |                       ^ | |                       |  |
 *          +--txFirstOutput------------|-----------------------+ | +--outputPrevOfScript---+  |
 *          ^--outputTx, outputSpender--|-------------------------+  (older output) <-- scriptLastOutput
 *                                      +--inputPrevOfScript: (older input) <------- scriptLastInput
 *
 * Facts (`flow-columns.ts`) are read from blocks and only appended; links follow from them. Rows are found from txids
 * and scripts by key indexes. All numbers are rows in chain order, so "earlier" is "smaller".
 *
 * Special values: the input of a coinbase, and one that spends from before the ledger, has `inputPrevout` NONE (the
 * transaction's flags tell which); what undo data tells of the latter stands in `undoInputs`. Data outputs, whose bytes are
 * never stored, have `outputScript` NONE; `outputSpender` holds the spending transaction, or one of the constants below.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import { readU32 } from '../bytes/read-u32.hot.ts';
import { bareKeyTwin } from '../chain/bare-key.ts';
import type { Network } from '../chain/network.ts';
import { SCRIPT_KIND } from '../chain/script-kind.ts';
import { ClewError } from '../errors.ts';
import { type BlockHash, NONE, type Txid } from '../units/ids.ts';
import { positionOfTx, txAtPosition, txidsInBlock } from './block-positions.ts';
import type { BytesColumn } from './bytes-column.ts';
import type { ClimbingColumn } from './climbing-column.ts';
import type { CodeColumn } from './code-column.ts';
import type { DeltaColumn16 } from './delta-column-16.ts';
import type { SumColumns } from './f64-column.ts';
import {
  type FlowBegin,
  FlowColumns,
  type FlowColumnsOptions,
  type FlowCounts,
} from './flow-columns.ts';
import type { KeyIndex } from './key-index.hot.ts';
import { lowerBound } from './lower-bound.ts';
import type { OpenEnds } from './open-ends.ts';
import type { RowColumn } from './row-column.ts';
import type { SatsColumn } from './sats-column.ts';
import { ScriptBlob } from './script-blob.ts';
import { EventWalk, noteEvent } from './script-events.hot.ts';
import { hashScript, scriptKey } from './script-key.hot.ts';
import type { U8Column } from './u8-column.ts';
import type { U32Column } from './u32-column.ts';
import { UndoInputs } from './undo-inputs.ts';

/** `outputSpender`: not spent as of the tip. */
export const UNSPENT = NONE;
/** `outputSpender`: destroyed because a later coinbase had the same id (before BIP 30). */
export const OVERWRITTEN = NONE - 1;
/** `outputSpender`: can never be spent (OP_RETURN, script above 10,000 bytes, the genesis output). */
export const UNSPENDABLE = NONE - 2;
/** `outputSpender`: spent, but the transaction that spends it was not fetched; only in a `PartialFlow`. */
export const NOT_FETCHED = NONE - 3;
/** Spender values from here on are not transactions. */
export const SPENDER_MAX = NONE - 255;

/** Bits of `txFlags`. */
export const TX_FLAG = {
  coinbase: 1,
  witness: 2,
  /** At least one input of whose previous output nothing is known. */
  unknownPrevout: 4,
  /** At least one OP_RETURN output. */
  opReturn: 8,
  /** At least one input whose previous output is not in the ledger, but known from undo data. */
  undoPrevout: 16,
  /** Coins go through a ledger beside the chain (Litecoin's HogEx; no inputs on Dash): neither followed nor clustered. */
  sideLedger: 32,
} as const;

/** Kinds of `revealKind`: what a spend showed to be behind a script hash. */
export const REVEAL = { p2wpkh: 1, p2wsh: 2 } as const;

export interface FlowTip {
  readonly height: number;
  readonly hash: BlockHash;
}

export class FlowIndex {
  readonly network: Network;
  readonly columns: FlowColumns;
  /** The block that the index was last committed for. */
  tip: FlowTip | undefined;
  /** What a part of a chain lacks; undefined for an index that holds all. */
  readonly openEnds: OpenEnds | undefined = undefined;
  readonly #walk: EventWalk;

  /** One row per block of the ledger, by height; a window's gap is a jump in height. */
  readonly blockHeight: U32Column;
  /** The header's time in Unix seconds: not monotonic. */
  readonly blockTime: U32Column;
  readonly blockFirstTx: ClimbingColumn;

  readonly txBlock: DeltaColumn16;
  /** First input row; the row after the last transaction's holds the end. */
  readonly txFirstInput: ClimbingColumn;
  /** First output row; the row after the last transaction's holds the end. */
  readonly txFirstOutput: ClimbingColumn;
  /** Bits of TX_FLAG. */
  readonly txFlags: U8Column;
  /** 32 bytes in internal order. */
  readonly txids: BytesColumn;

  /** The output spent, or NONE. */
  readonly inputPrevout: RowColumn;
  readonly inputSequence: CodeColumn;
  /** INPUT_KIND of `chain/input-kind.ts`. */
  readonly inputKind: U8Column;
  /** Mask of signature hash types seen, see `chain/input-kind.ts`. */
  readonly inputSighash: U8Column;
  /** The input before this one that spends from the same script, or NONE. */
  readonly inputPrevOfScript: RowColumn;

  /** Satoshi. */
  readonly outputValue: SatsColumn;
  /** Script row, or NONE for data outputs. */
  readonly outputScript: RowColumn;
  readonly outputTx: DeltaColumn16;
  /** Spending transaction, or UNSPENT, OVERWRITTEN, UNSPENDABLE. */
  readonly outputSpender: RowColumn;
  /** The output before this one that pays the same script, or NONE: a list from newest to oldest. */
  readonly outputPrevOfScript: RowColumn;

  /** SCRIPT_KIND of `chain/script-kind.ts`. */
  readonly scriptKind: U8Column;
  /** The output that came next when the script was first seen: the first that pays it, unless an input was first. */
  readonly scriptFirstOutput: ClimbingColumn;
  /** The newest output that pays the script. */
  readonly scriptLastOutput: RowColumn;
  /** The newest input that spends from the script. */
  readonly scriptLastInput: RowColumn;
  /** Events since the script's last milestone, see `script-events.hot.ts`. */
  readonly scriptEvents: U8Column;
  readonly scripts: ScriptBlob;

  /** Script whose redeem script was shown by a spend (first time only). */
  readonly revealScript: RowColumn;
  readonly revealTx: ClimbingColumn;
  /** REVEAL kind. */
  readonly revealKind: U8Column;
  /** 20 or 32 bytes, padded with zeros. */
  readonly revealPayload: BytesColumn;

  /** What inputs spent from before the ledger, as far as undo data tells. */
  readonly undoInputs: UndoInputs;

  /** Outputs that a later transaction with the same id destroyed (before BIP 30), and that transaction. */
  readonly destroyedOutput: RowColumn;
  readonly destroyedTx: ClimbingColumn;

  readonly milestoneScript: RowColumn;
  readonly milestoneTx: ClimbingColumn;
  /** The script's newest output and input at the milestone. */
  readonly milestoneOutput: RowColumn;
  readonly milestoneInput: RowColumn;
  /** The script's milestone before, or NONE. */
  readonly milestonePrev: RowColumn;
  readonly milestoneOutputs: RowColumn;
  readonly milestoneInputs: RowColumn;
  readonly milestoneTransactions: RowColumn;
  readonly milestoneReceived: SumColumns;
  readonly milestoneSent: SumColumns;
  /** Of `milestoneSent`, what was received before the ledger. */
  readonly milestoneBefore: SumColumns;

  /** Transactions by the first 8 bytes of their ids. */
  readonly txKeys: KeyIndex;
  /** Scripts by `script-key.hot.ts`. */
  readonly scriptKeys: KeyIndex;
  /** Bare public keys by the key of the P2PKH script that means the same. */
  readonly bareKeys: KeyIndex;

  constructor(network: Network, columns: FlowColumns) {
    this.network = network;
    this.columns = columns;
    this.#walk = new EventWalk(this);
    const { byName } = columns;
    this.blockHeight = byName.blockHeight;
    this.blockTime = byName.blockTime;
    this.blockFirstTx = byName.blockFirstTx;
    this.txBlock = byName.txBlock;
    this.txFirstInput = byName.txFirstInput;
    this.txFirstOutput = byName.txFirstOutput;
    this.txFlags = byName.txFlags;
    this.txids = byName.txids;
    this.inputPrevout = byName.inputPrevout;
    this.inputSequence = byName.inputSequence;
    this.inputKind = byName.inputKind;
    this.inputSighash = byName.inputSighash;
    this.inputPrevOfScript = byName.inputPrevOfScript;
    this.outputValue = byName.outputValue;
    this.outputScript = byName.outputScript;
    this.outputTx = byName.outputTx;
    this.outputSpender = byName.outputSpender;
    this.outputPrevOfScript = byName.outputPrevOfScript;
    this.scriptKind = byName.scriptKind;
    this.scriptFirstOutput = byName.scriptFirstOutput;
    this.scriptLastOutput = byName.scriptLastOutput;
    this.scriptLastInput = byName.scriptLastInput;
    this.scriptEvents = byName.scriptEvents;
    this.scripts = new ScriptBlob(byName.scriptOffset, byName.scriptBytes);
    this.revealScript = byName.revealScript;
    this.revealTx = byName.revealTx;
    this.revealKind = byName.revealKind;
    this.revealPayload = byName.revealPayload;
    this.undoInputs = new UndoInputs(
      byName.undoInput,
      byName.undoValue,
      byName.undoScript,
      byName.undoOrigin,
    );
    this.destroyedOutput = byName.destroyedOutput;
    this.destroyedTx = byName.destroyedTx;
    this.milestoneScript = byName.milestoneScript;
    this.milestoneTx = byName.milestoneTx;
    this.milestoneOutput = byName.milestoneOutput;
    this.milestoneInput = byName.milestoneInput;
    this.milestonePrev = byName.milestonePrev;
    this.milestoneOutputs = byName.milestoneOutputs;
    this.milestoneInputs = byName.milestoneInputs;
    this.milestoneTransactions = byName.milestoneTransactions;
    this.milestoneReceived = {
      high: byName.milestoneReceivedHigh,
      low: byName.milestoneReceivedLow,
    };
    this.milestoneSent = { high: byName.milestoneSentHigh, low: byName.milestoneSentLow };
    this.milestoneBefore = { high: byName.milestoneBeforeHigh, low: byName.milestoneBeforeLow };
    this.txKeys = columns.txKeys;
    this.scriptKeys = columns.scriptKeys;
    this.bareKeys = columns.bareKeys;
    if (this.txFirstInput.length === 0) {
      this.txFirstInput.push(0);
      this.txFirstOutput.push(0);
    }
  }

  /** An empty index in memory only, for tests and small graphs; `begin` says where its rows begin, if not at 0. */
  static inMemory(
    network: Network,
    options: FlowColumnsOptions = {},
    begin?: FlowBegin,
  ): FlowIndex {
    const columns = FlowColumns.inMemory(options);
    if (begin !== undefined) columns.beginAt(begin);
    return new FlowIndex(network, columns);
  }

  get blockCount(): number {
    return this.blockHeight.length;
  }

  get txCount(): number {
    return this.txBlock.length;
  }

  get inputCount(): number {
    return this.inputPrevout.length;
  }

  get outputCount(): number {
    return this.outputValue.length;
  }

  get scriptCount(): number {
    return this.scriptKind.length;
  }

  get milestoneCount(): number {
    return this.milestoneScript.length;
  }

  get counts(): FlowCounts {
    return {
      blocks: this.blockCount,
      transactions: this.txCount,
      inputs: this.inputCount,
      outputs: this.outputCount,
      scripts: this.scriptCount,
      scriptBytes: this.columns.byName.scriptBytes.length,
      reveals: this.revealScript.length,
      undoInputs: this.undoInputs.count,
      destroyed: this.destroyedOutput.length,
      milestones: this.milestoneCount,
    };
  }

  /** Height of the block that holds a transaction. */
  txHeight(txIndex: number): number {
    return this.blockHeight.at(this.txBlock.at(txIndex));
  }

  /** Time of the block that holds a transaction, Unix seconds. */
  txTime(txIndex: number): number {
    return this.blockTime.at(this.txBlock.at(txIndex));
  }

  /** Position of a transaction in its block; 0 is the coinbase. */
  txPosition(txIndex: number): number {
    return positionOfTx(this, txIndex);
  }

  /** The transaction at a position of a block row, or NONE. */
  txAt(block: number, position: number): number {
    return txAtPosition(this, block, position);
  }

  /** The ids of a block row as they stand in the block: 32 bytes each, internal order. */
  blockTxids(block: number): Uint8Array {
    return txidsInBlock(this, block);
  }

  txid(txIndex: number): Txid {
    return hashToDisplay(this.txids.at(txIndex)) as Txid;
  }

  /** `txid:n` of an output. */
  outpoint(outputIndex: number): string {
    const txIndex = this.outputTx.at(outputIndex);
    return `${this.txid(txIndex)}:${outputIndex - this.txFirstOutput.at(txIndex)}`;
  }

  /** The transaction that an input belongs to. */
  inputTx(inputIndex: number): number {
    const prevout = this.inputPrevout.at(inputIndex);
    if (prevout !== NONE) return this.outputSpender.at(prevout);
    return lowerBound(this.txFirstInput, this.blockFirstTx.at(0), this.txCount, inputIndex + 1) - 1;
  }

  /** Whether value and script of what an input spends are known: from the ledger or from undo data. */
  isInputKnown(inputIndex: number): boolean {
    return this.inputPrevout.at(inputIndex) !== NONE || this.undoInputs.find(inputIndex) !== NONE;
  }

  /** What an input spends, in satoshi; 0 when that is not known, which `isInputKnown` tells. */
  inputValue(inputIndex: number): number {
    const prevout = this.inputPrevout.at(inputIndex);
    return prevout === NONE ? this.undoInputs.valueOf(inputIndex) : this.outputValue.at(prevout);
  }

  /** The script that an input spends from, or NONE. */
  inputScript(inputIndex: number): number {
    const prevout = this.inputPrevout.at(inputIndex);
    return prevout === NONE ? this.undoInputs.scriptOf(inputIndex) : this.outputScript.at(prevout);
  }

  /** First transaction above a height: the end of an as-of range. The number of transactions when all are at or below it. */
  txEndAtHeight(height: number): number {
    const block = lowerBound(this.blockHeight, 0, this.blockCount, height + 1);
    return block === this.blockCount ? this.txCount : this.blockFirstTx.at(block);
  }

  /** Row of the block at a height, or undefined when the ledger has none. */
  findBlock(height: number): number | undefined {
    const block = lowerBound(this.blockHeight, 0, this.blockCount, height);
    return block < this.blockCount && this.blockHeight.at(block) === height ? block : undefined;
  }

  // --- finding rows ---

  /** The newest transaction with the id that stands at `start` (internal order), or NONE. */
  findTx(bytes: Uint8Array, start: number): number {
    let tx = this.txKeys.first(readU32(bytes, start), readU32(bytes, start + 4));
    while (tx !== NONE && !this.txids.equals(tx, bytes, start)) tx = this.txKeys.next();
    return tx;
  }

  /** All transactions with an id (internal order), oldest first: more than one only before BIP 30. */
  findTxs(hash: Uint8Array): number[] {
    const found: number[] = [];
    let tx = this.txKeys.first(readU32(hash, 0), readU32(hash, 4));
    for (; tx !== NONE; tx = this.txKeys.next()) if (this.txids.equals(tx, hash, 0)) found.push(tx);
    return found.reverse();
  }

  /** The script in [start, end), or NONE, by its key (`hashScript`). */
  findScript(
    keyLow: number,
    keyHigh: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    let script = this.scriptKeys.first(keyLow, keyHigh);
    while (script !== NONE && !this.scripts.equals(script, bytes, start, end)) {
      script = this.scriptKeys.next();
    }
    return script;
  }

  /** The bare public keys that a P2PKH script stands for too, newest first: none or one but for hash collisions. */
  findBareKeys(p2pkh: Uint8Array): number[] {
    hashScript(p2pkh, 0, p2pkh.length);
    const found: number[] = [];
    let script = this.bareKeys.first(scriptKey.low, scriptKey.high);
    for (; script !== NONE; script = this.bareKeys.next()) {
      const twin = bareKeyTwin(this.scripts.read(script));
      if (Buffer.compare(twin, p2pkh) === 0) found.push(script);
    }
    return found;
  }

  // --- appending, in chain order: block, then each transaction with its inputs and outputs ---

  addBlock(height: number, timeSeconds: number): void {
    this.blockHeight.push(height);
    this.blockTime.push(timeSeconds);
    this.blockFirstTx.push(this.txCount);
  }

  /**
   * Begin a transaction; its inputs and outputs follow, then `endTx`. Returns its row. What an older one with the same id
   * left unspent is destroyed (BIP 30).
   */
  addTx(flags: number, txids: Uint8Array, txidStart: number): number {
    this.txFlags.push(flags);
    const txIndex = this.txBlock.length;
    this.txBlock.push(this.blockHeight.length - 1);
    this.txids.push(txids, txidStart);
    this.linkTx(txIndex, txids, txidStart);
    return txIndex;
  }

  /** All ids of a block's transactions, which begin at the first of `txids`; their flags come later. */
  addTxids(txids: Uint8Array, count: number): void {
    const first = this.txBlock.length;
    const block = this.blockHeight.length - 1;
    this.txids.pushRange(txids, 0, 32 * count);
    for (let i = 0; i < count; i += 1) this.txBlock.push(block);
    for (let i = 0; i < count; i += 1) this.linkTx(first + i, txids, 32 * i);
  }

  /** What follows from a transaction's id. */
  linkTx(txIndex: number, txids: Uint8Array, txidStart: number): void {
    const older = this.findTx(txids, txidStart);
    if (older !== NONE) this.#destroyOutputs(older, txIndex);
    this.txKeys.insert(readU32(txids, txidStart), readU32(txids, txidStart + 4), txIndex);
  }

  #destroyOutputs(olderTx: number, newerTx: number): void {
    const end = this.txFirstOutput.at(olderTx + 1);
    for (let output = this.txFirstOutput.at(olderTx); output < end; output += 1) {
      if (this.outputSpender.at(output) !== UNSPENT) continue;
      this.outputSpender.set(output, OVERWRITTEN);
      this.destroyedOutput.push(output);
      this.destroyedTx.push(newerTx);
    }
  }

  endTx(): void {
    this.txFirstInput.push(this.inputPrevout.length);
    this.txFirstOutput.push(this.outputValue.length);
  }

  /**
   * What the input that comes next spends from before the ledger, as undo data tells.
   *
   * @param origin 2 * height + coinbase; 0 when that is not known
   */
  addUndoInput(valueSats: number, scriptId: number, origin: number): void {
    this.undoInputs.push(this.inputPrevout.length, valueSats, scriptId, origin);
  }

  /** An input of the transaction begun last; marks the output that it spends. */
  addInput(prevout: number, sequence: number, kind: number, sighash: number): void {
    const script = this.#scriptSpent(this.inputPrevout.length, prevout);
    this.addSpend(this.txBlock.length - 1, prevout, script, sequence, kind, sighash);
  }

  #scriptSpent(inputIndex: number, prevout: number): number {
    return prevout === NONE ? this.undoInputs.scriptOf(inputIndex) : this.outputScript.at(prevout);
  }

  /** The same, of a transaction that need not be the last, when the script that is spent from is known. */
  addSpend(
    txIndex: number,
    prevout: number,
    scriptId: number,
    sequence: number,
    kind: number,
    sighash: number,
  ): void {
    const inputIndex = this.inputPrevout.length;
    this.inputPrevout.push(prevout);
    this.inputSequence.push(sequence);
    this.inputKind.push(kind);
    this.inputSighash.push(sighash);
    this.#linkSpend(inputIndex, prevout, scriptId, txIndex);
  }

  /** What follows from an input of a transaction. */
  linkInput(inputIndex: number, prevout: number, txIndex: number): void {
    this.#linkSpend(inputIndex, prevout, this.#scriptSpent(inputIndex, prevout), txIndex);
  }

  #linkSpend(inputIndex: number, prevout: number, scriptId: number, txIndex: number): void {
    if (prevout !== NONE) this.outputSpender.set(prevout, txIndex);
    if (scriptId === NONE) {
      this.inputPrevOfScript.push(NONE);
      return;
    }
    this.inputPrevOfScript.push(this.scriptLastInput.at(scriptId));
    this.scriptLastInput.set(scriptId, inputIndex);
    noteEvent(this, scriptId, this.#walk);
  }

  /** An output of the transaction begun last. `spender` is UNSPENT or UNSPENDABLE. */
  addOutput(valueSats: number, scriptId: number, spender: number): void {
    this.addOutputOf(this.txBlock.length - 1, valueSats, scriptId, spender);
  }

  /** The same, of any transaction. */
  addOutputOf(txIndex: number, valueSats: number, scriptId: number, spender: number): void {
    const outputIndex = this.outputValue.length;
    this.outputValue.push(valueSats);
    this.outputScript.push(scriptId);
    this.outputTx.push(txIndex);
    this.linkOutput(outputIndex, scriptId, spender);
  }

  /** What follows from an output. */
  linkOutput(outputIndex: number, scriptId: number, spender: number): void {
    this.outputSpender.push(spender);
    if (scriptId === NONE) {
      this.outputPrevOfScript.push(NONE);
      return;
    }
    this.outputPrevOfScript.push(this.scriptLastOutput.at(scriptId));
    this.scriptLastOutput.set(scriptId, outputIndex);
    noteEvent(this, scriptId, this.#walk);
  }

  /** A script seen for the first time; the output that pays it, or the input that spends from it, follows. Returns its row. */
  addScript(kind: number, bytes: Uint8Array, start: number, end: number): number {
    hashScript(bytes, start, end);
    return this.addScriptByKey(kind, scriptKey.low, scriptKey.high, bytes, start, end);
  }

  /** The same, for a script whose key is known. */
  addScriptByKey(
    kind: number,
    keyLow: number,
    keyHigh: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const scriptId = this.scriptKind.length;
    this.scriptKind.push(kind);
    this.scriptFirstOutput.push(this.outputValue.length);
    this.scripts.push(bytes, start, end);
    this.linkScript(scriptId, kind, keyLow, keyHigh);
    return scriptId;
  }

  /** What follows from a new script. */
  linkScript(scriptId: number, kind: number, keyLow: number, keyHigh: number): void {
    this.scriptLastOutput.push(NONE);
    this.scriptLastInput.push(NONE);
    this.scriptEvents.push(0);
    this.scriptKeys.insert(keyLow, keyHigh, scriptId);
    if (kind === SCRIPT_KIND.p2pk) this.insertBareKey(scriptId);
  }

  /** Make a bare public key findable by the P2PKH script that means the same. */
  insertBareKey(scriptId: number): void {
    const twin = bareKeyTwin(this.scripts.read(scriptId));
    hashScript(twin, 0, twin.length);
    this.bareKeys.insert(scriptKey.low, scriptKey.high, scriptId);
  }

  /** @param payload a buffer of which 32 bytes from `start` on are kept */
  addReveal(
    scriptId: number,
    txIndex: number,
    kind: number,
    payload: Uint8Array,
    start: number,
  ): void {
    this.revealScript.push(scriptId);
    this.revealTx.push(txIndex);
    this.revealKind.push(kind);
    this.revealPayload.push(payload, start);
  }

  /** @throws {ClewError} CLEW_FLOW_FORMAT when columns that belong together have not the same number of rows */
  requireWhole(): void {
    const { counts } = this;
    if (this.scripts.isWhole && this.columns.agreesWith(counts)) return;
    throw new ClewError('CLEW_FLOW_FORMAT', 'A column of the flow index lacks rows.', {
      folder: this.columns.folder ?? null,
    });
  }

  close(): void {
    this.columns.close();
  }
}
