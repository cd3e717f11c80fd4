/**
 * The flow index: who paid whom, as fixed-width columns for tracing and clustering.
 *
 *     transactions --txFirstInput--> inputs --inputPrevout--> outputs --outputScript--> scripts
 *          |                                                   ^ | |                       |
 *          +--txFirstOutput------------------------------------+ | +--outputPrevOfScript-+ |
 *          ^--outputTx, outputSpender------------------------------+  (older output) <---+-+ scriptLastOutput
 *
 * It is a cache made from the ledger's tables and can be rebuilt from them at any time; the manifest
 * names the tip that it was made for and is written last, so an index that was cut off while being
 * written has no manifest and is not trusted. All numbers are rows in chain order, so "earlier" is "smaller".
 *
 * Special values: an input whose prevout is a coinbase or unknown has `inputPrevout` NONE (the transaction's
 * flags tell which); data outputs (OP_RETURN, scripts above 10,000 bytes) have `outputScript` NONE because their bytes are
 * never stored; `outputSpender` holds the spending transaction, or one of the constants below.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashToDisplay } from '../bytes/hex.ts';
import type { Network, NetworkName } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import type { BlockHash, Txid } from '../units/ids.ts';
import { NONE } from '../units/ids.ts';
import { BytesColumn, F64Column, U8Column, U32Column } from './column.ts';
import { ColumnFile } from './column-file.ts';
import { PageBudget } from './page-budget.ts';
import { ScriptBlob } from './script-blob.ts';

/** `outputSpender`: not spent as of the tip. */
export const UNSPENT = NONE;
/** `outputSpender`: destroyed because a later coinbase had the same id (before BIP 30). */
export const OVERWRITTEN = 0xffff_fffe;
/** `outputSpender`: can never be spent (OP_RETURN, script above 10,000 bytes, the genesis output). */
export const UNSPENDABLE = 0xffff_fffd;
/** Spender values from here on are not transactions. */
export const SPENDER_MAX = 0xffff_ff00;

/** Bits of `txFlags`. */
export const TX_FLAG = {
  coinbase: 1,
  witness: 2,
  /** At least one input whose previous output is not in the ledger. */
  unknownPrevout: 4,
  /** At least one OP_RETURN output. */
  opReturn: 8,
  /** A later transaction has the same id (BIP 30). */
  overwritten: 16,
} as const;

/** Kinds of `revealKind`: what a spend showed to be behind a script hash. */
export const REVEAL = { p2wpkh: 1, p2wsh: 2 } as const;

export const FLOW_FORMAT = 'clew-flow/1';

export interface FlowTip {
  readonly height: number;
  readonly hash: BlockHash;
}

interface FlowManifest {
  readonly format: typeof FLOW_FORMAT;
  readonly network: NetworkName;
  readonly tip: FlowTip;
  readonly counts: Readonly<Record<string, number>>;
}

/** Name and row width of each column: a stored format. */
const COLUMNS = {
  blockHeight: 4,
  blockTime: 4,
  blockFirstTx: 4,
  txBlock: 4,
  txFirstInput: 4,
  txFirstOutput: 4,
  txFlags: 1,
  txids: 32,
  inputPrevout: 4,
  inputSequence: 4,
  inputKind: 1,
  inputSighash: 1,
  outputValue: 8,
  outputScript: 4,
  outputTx: 4,
  outputSpender: 4,
  outputPrevOfScript: 4,
  scriptKind: 1,
  scriptFirstOutput: 4,
  scriptLastOutput: 4,
  scriptOffset: 8,
  scriptBytes: 1,
  revealScript: 4,
  revealTx: 4,
  revealKind: 1,
  revealPayload: 32,
} as const;
type ColumnName = keyof typeof COLUMNS;

export interface FlowIndexOptions {
  /** Bytes that loaded pages may take. */
  readonly memoryBytes?: number;
}

const DEFAULT_MEMORY_BYTES = 2 * 1024 ** 3;

export class FlowIndex {
  readonly network: Network;
  readonly #folder: string | undefined;
  readonly #all: (BytesColumn | F64Column | U8Column | U32Column)[] = [];
  #tip: FlowTip | undefined;

  /** One row per block of the ledger, by height; a window's gap is a jump in height. */
  readonly blockHeight: U32Column;
  /** The header's time in Unix seconds: not monotonic. */
  readonly blockTime: U32Column;
  readonly blockFirstTx: U32Column;

  readonly txBlock: U32Column;
  /** First input row; the row after the last transaction's holds the end. */
  readonly txFirstInput: U32Column;
  /** First output row; the row after the last transaction's holds the end. */
  readonly txFirstOutput: U32Column;
  /** Bits of TX_FLAG. */
  readonly txFlags: U8Column;
  /** 32 bytes in internal order. */
  readonly txids: BytesColumn;

  /** The output spent, or NONE. */
  readonly inputPrevout: U32Column;
  readonly inputSequence: U32Column;
  /** INPUT_KIND of `chain/input-kind.ts`. */
  readonly inputKind: U8Column;
  /** Mask of signature hash types seen, see `chain/input-kind.ts`. */
  readonly inputSighash: U8Column;

  /** Satoshi. */
  readonly outputValue: F64Column;
  /** Script row, or NONE for data outputs. */
  readonly outputScript: U32Column;
  readonly outputTx: U32Column;
  /** Spending transaction, or UNSPENT, OVERWRITTEN, UNSPENDABLE. */
  readonly outputSpender: U32Column;
  /** The output before this one that pays the same script, or NONE: a list from newest to oldest. */
  readonly outputPrevOfScript: U32Column;

  /** SCRIPT_KIND of `chain/script-kind.ts`. */
  readonly scriptKind: U8Column;
  /** The output that first paid the script: its place in the chain. */
  readonly scriptFirstOutput: U32Column;
  /** The newest output that pays the script. */
  readonly scriptLastOutput: U32Column;
  readonly scripts: ScriptBlob;

  /** Script whose redeem script was shown by a spend (first time only). */
  readonly revealScript: U32Column;
  readonly revealTx: U32Column;
  /** REVEAL kind. */
  readonly revealKind: U8Column;
  /** 20 or 32 bytes, padded with zeros. */
  readonly revealPayload: BytesColumn;

  private constructor(
    network: Network,
    folder: string | undefined,
    openFile: (name: ColumnName) => ColumnFile | undefined,
    options: FlowIndexOptions,
  ) {
    this.network = network;
    this.#folder = folder;
    const budget = new PageBudget(options.memoryBytes ?? DEFAULT_MEMORY_BYTES);
    const keep = <C extends BytesColumn | F64Column | U8Column | U32Column>(column: C): C => {
      this.#all.push(column);
      return column;
    };
    const u32 = (name: ColumnName): U32Column => keep(new U32Column(openFile(name), budget));
    const u8 = (name: ColumnName): U8Column => keep(new U8Column(openFile(name), budget));
    const f64 = (name: ColumnName): F64Column => keep(new F64Column(openFile(name), budget));
    const bytes = (name: ColumnName): BytesColumn =>
      keep(new BytesColumn(COLUMNS[name], openFile(name), budget));
    this.blockHeight = u32('blockHeight');
    this.blockTime = u32('blockTime');
    this.blockFirstTx = u32('blockFirstTx');
    this.txBlock = u32('txBlock');
    this.txFirstInput = u32('txFirstInput');
    this.txFirstOutput = u32('txFirstOutput');
    this.txFlags = u8('txFlags');
    this.txids = bytes('txids');
    this.inputPrevout = u32('inputPrevout');
    this.inputSequence = u32('inputSequence');
    this.inputKind = u8('inputKind');
    this.inputSighash = u8('inputSighash');
    this.outputValue = f64('outputValue');
    this.outputScript = u32('outputScript');
    this.outputTx = u32('outputTx');
    this.outputSpender = u32('outputSpender');
    this.outputPrevOfScript = u32('outputPrevOfScript');
    this.scriptKind = u8('scriptKind');
    this.scriptFirstOutput = u32('scriptFirstOutput');
    this.scriptLastOutput = u32('scriptLastOutput');
    this.scripts = new ScriptBlob(f64('scriptOffset'), bytes('scriptBytes'));
    this.revealScript = u32('revealScript');
    this.revealTx = u32('revealTx');
    this.revealKind = u8('revealKind');
    this.revealPayload = bytes('revealPayload');
    if (this.txFirstInput.length === 0) {
      this.txFirstInput.push(0);
      this.txFirstOutput.push(0);
    }
  }

  /** An empty index in memory only, for tests and small graphs. */
  static inMemory(network: Network): FlowIndex {
    return new FlowIndex(network, undefined, () => undefined, {});
  }

  /** A new, empty index in a folder; whatever index was there is dropped. */
  static create(folder: string, network: Network, options: FlowIndexOptions = {}): FlowIndex {
    try {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw fileError(cause, folder);
    }
    const create = (name: ColumnName): ColumnFile =>
      ColumnFile.create(columnSpec(folder, name, network));
    return new FlowIndex(network, folder, create, options);
  }

  /**
   * Open the index in a folder.
   *
   * @param writable open for appending: the manifest is taken away until the next `commit`
   * @throws {ClewError} CLEW_FLOW_STALE when there is no whole index, CLEW_FLOW_FORMAT when a file of it is damaged
   */
  static open(
    folder: string,
    network: Network,
    options: FlowIndexOptions & { readonly writable?: boolean } = {},
  ): FlowIndex {
    const manifest = readManifest(folder);
    if (manifest.network !== network.name) {
      throw new ClewError('CLEW_FLOW_FORMAT', 'The flow index is of another network.', { folder });
    }
    const writable = options.writable ?? false;
    const opened: ColumnFile[] = [];
    try {
      const openFile = (name: ColumnName): ColumnFile => {
        const file = ColumnFile.open(columnSpec(folder, name, network), writable);
        opened.push(file);
        return file;
      };
      const index = new FlowIndex(network, folder, openFile, options);
      index.#checkLengths(manifest.counts);
      index.#tip = manifest.tip;
      if (writable) rmSync(join(folder, 'flow.json'));
      return index;
    } catch (cause) {
      for (const file of opened) file.close();
      throw cause;
    }
  }

  /** Every column against the row count that its family has in the manifest. */
  #checkLengths(counts: Readonly<Record<string, number>>): void {
    const { blocks, transactions, inputs, outputs, scripts, reveals } = counts;
    const expected: readonly (readonly [number | undefined, readonly { length: number }[]])[] = [
      [blocks, [this.blockHeight, this.blockTime, this.blockFirstTx]],
      [transactions, [this.txBlock, this.txFlags, this.txids]],
      [transactions! + 1, [this.txFirstInput, this.txFirstOutput]],
      [inputs, [this.inputPrevout, this.inputSequence, this.inputKind, this.inputSighash]],
      [outputs, [this.outputValue, this.outputScript, this.outputTx]],
      [outputs, [this.outputSpender, this.outputPrevOfScript]],
      [scripts, [this.scriptKind, this.scriptFirstOutput, this.scriptLastOutput]],
      [reveals, [this.revealScript, this.revealTx, this.revealKind, this.revealPayload]],
    ];
    const agrees =
      expected.every(([count, columns]) => columns.every((column) => column.length === count)) &&
      this.scripts.isWhole &&
      this.scripts.count === scripts;
    if (agrees) return;
    throw new ClewError('CLEW_FLOW_FORMAT', 'A column of the flow index lacks rows.', {
      folder: this.#folder ?? null,
    });
  }

  #lengths(): Record<string, number> {
    return {
      blocks: this.blockHeight.length,
      transactions: this.txBlock.length,
      inputs: this.inputPrevout.length,
      outputs: this.outputValue.length,
      scripts: this.scriptKind.length,
      reveals: this.revealScript.length,
    };
  }

  /** The block that the index was last committed for. */
  get tip(): FlowTip | undefined {
    return this.#tip;
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
    return txIndex - this.blockFirstTx.at(this.txBlock.at(txIndex));
  }

  txid(txIndex: number): Txid {
    return hashToDisplay(this.txids.at(txIndex)) as Txid;
  }

  /** `txid:n` of an output. */
  outpoint(outputIndex: number): string {
    const txIndex = this.outputTx.at(outputIndex);
    return `${this.txid(txIndex)}:${outputIndex - this.txFirstOutput.at(txIndex)}`;
  }

  /** First transaction above a height: the end of an as-of range. The number of transactions when all are at or below it. */
  txEndAtHeight(height: number): number {
    let low = 0;
    let high = this.blockCount;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.blockHeight.at(middle) <= height) low = middle + 1;
      else high = middle;
    }
    return low === this.blockCount ? this.txCount : this.blockFirstTx.at(low);
  }

  /** Row of the block at a height, or undefined when the ledger has none. */
  findBlock(height: number): number | undefined {
    let low = 0;
    let high = this.blockCount;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.blockHeight.at(middle) < height) low = middle + 1;
      else high = middle;
    }
    return low < this.blockCount && this.blockHeight.at(low) === height ? low : undefined;
  }

  // --- appending, in chain order: block, then each transaction with its inputs and outputs ---

  addBlock(height: number, timeSeconds: number): void {
    this.blockHeight.push(height);
    this.blockTime.push(timeSeconds);
    this.blockFirstTx.push(this.txCount);
  }

  /** Begin a transaction; its inputs and outputs follow, then `endTx`. Returns its row. */
  addTx(flags: number, txids: Uint8Array, txidStart: number): number {
    const txIndex = this.txBlock.length;
    this.txBlock.push(this.blockHeight.length - 1);
    this.txFlags.push(flags);
    this.txids.push(txids, txidStart);
    return txIndex;
  }

  endTx(): void {
    this.txFirstInput.push(this.inputPrevout.length);
    this.txFirstOutput.push(this.outputValue.length);
  }

  /** An input of the transaction begun last; marks the output that it spends. */
  addInput(prevout: number, sequence: number, kind: number, sighash: number): void {
    this.inputPrevout.push(prevout);
    this.inputSequence.push(sequence);
    this.inputKind.push(kind);
    this.inputSighash.push(sighash);
    if (prevout !== NONE) this.outputSpender.set(prevout, this.txBlock.length - 1);
  }

  /** An output of the transaction begun last. `spender` is UNSPENT or UNSPENDABLE. */
  addOutput(valueSats: number, scriptId: number, spender: number): void {
    const outputIndex = this.outputValue.length;
    this.outputValue.push(valueSats);
    this.outputScript.push(scriptId);
    this.outputTx.push(this.txBlock.length - 1);
    this.outputSpender.push(spender);
    if (scriptId === NONE) {
      this.outputPrevOfScript.push(NONE);
      return;
    }
    const previous = this.scriptLastOutput.at(scriptId);
    this.outputPrevOfScript.push(previous);
    this.scriptLastOutput.set(scriptId, outputIndex);
    if (previous === NONE) this.scriptFirstOutput.set(scriptId, outputIndex);
  }

  /** A script seen for the first time; the output that pays it follows. Returns its row. */
  addScript(kind: number, bytes: Uint8Array, start: number, end: number): number {
    const scriptId = this.scriptKind.length;
    this.scriptKind.push(kind);
    this.scriptFirstOutput.push(NONE);
    this.scriptLastOutput.push(NONE);
    this.scripts.push(bytes, start, end);
    return scriptId;
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

  /** Write everything to the disk, then the manifest that makes it count. */
  commit(tip: FlowTip): void {
    this.#tip = tip;
    if (this.#folder === undefined) return;
    for (const column of this.#all) column.flush();
    for (const column of this.#all) column.sync();
    const manifest: FlowManifest = {
      format: FLOW_FORMAT,
      network: this.network.name,
      tip,
      counts: this.#lengths(),
    };
    const path = join(this.#folder, 'flow.json');
    try {
      writeFileSync(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
      renameSync(`${path}.new`, path);
    } catch (cause) {
      throw fileError(cause, path);
    }
  }

  close(): void {
    for (const column of this.#all) column.close();
  }
}

function columnSpec(folder: string, name: ColumnName, network: Network) {
  return {
    path: join(folder, `${name}.col`),
    name,
    rowBytes: COLUMNS[name],
    networkMagic: network.magic,
  };
}

function readManifest(folder: string): FlowManifest {
  let text: string;
  try {
    text = readFileSync(join(folder, 'flow.json'), 'utf8');
  } catch (cause) {
    throw new ClewError('CLEW_FLOW_STALE', 'There is no whole flow index.', { folder }, cause);
  }
  try {
    const manifest = JSON.parse(text) as FlowManifest;
    if (manifest.format === FLOW_FORMAT && typeof manifest.counts === 'object') return manifest;
  } catch {
    // Falls through to the one error for a manifest that can not be used.
  }
  throw new ClewError('CLEW_FLOW_FORMAT', 'The manifest of the flow index can not be read.', {
    folder,
  });
}
