/**
 * The undo data of one block: the outputs that its transactions spent, as Bitcoin Core keeps them in its rev files.
 *
 *   block undo         [count] one for each transaction but the coinbase
 *   transaction undo   [count] one for each input
 *   spent output       VARINT(2 * height + coinbase) (VARINT(0) when height > 0) [amount] [script]
 *
 * Counts are those of the wire ("CompactSize"), VARINT is that of `chain/core-varint.hot.ts`.
 * Source: Bitcoin Core `src/undo.h` (`TxInUndoFormatter`) and `src/compressor.h`. Before Core 0.15 the second VARINT held the
 * version of the transaction, and height 0 meant "not known": only the last output of a transaction to be spent named it.
 *
 * Invariants as in `chain/block-columns.hot.ts`: nothing is read past the end, every column is made large enough for any
 * record of that many bytes beforehand, no object is made per input.
 */
import { decompressAmount } from '../chain/compressed-amount.ts';
import { packedScriptBytes, SCRIPT_FORMS, unpackScript } from '../chain/compressed-script.ts';
import { coreVarint, damagedUndo, readCoreVarint } from '../chain/core-varint.hot.ts';

/** Height and coinbase flag, amount and script take a byte each. */
const COIN_BYTES_MIN = 3;
/** A script of 67 bytes can stand as 33, no other grows so much. */
const SCRIPT_GROWTH_MAX = 67 / 33;

/** Up to here a loop copies faster than a view is made. */
const SHORT_SCRIPT_BYTES = 64;

/** What the inputs of a block spent, in the order of the block, coinbase left out. Filled again for each block. */
export class UndoColumns {
  /** Transactions of the block but the coinbase. */
  txCount = 0;
  inputCount = 0;
  /** Row of the first input of each transaction; one entry more than transactions. */
  txFirstInput = new Uint32Array(1);

  /** Per input: satoshi, exact. */
  valueSats = new Float64Array(0);
  /** Height of the block in which the output was made; 0 when the record does not say. */
  height = new Uint32Array(0);
  /** 1 when a coinbase made the output. */
  isCoinbase = new Uint8Array(0);
  /** Where the script of each input begins in `scriptBytes`; one entry more than inputs. */
  scriptOffset = new Uint32Array(1);
  scriptBytes = new Uint8Array(0);

  clear(): void {
    this.txCount = 0;
    this.inputCount = 0;
    this.txFirstInput[0] = 0;
    this.scriptOffset[0] = 0;
  }

  /** Make room for any record of that many bytes. Contents are lost. */
  reserve(recordBytes: number): void {
    const inputs = Math.ceil(recordBytes / COIN_BYTES_MIN);
    if (inputs <= this.height.length) return;
    this.txFirstInput = new Uint32Array(recordBytes + 1);
    this.valueSats = new Float64Array(inputs);
    this.height = new Uint32Array(inputs);
    this.isCoinbase = new Uint8Array(inputs);
    this.scriptOffset = new Uint32Array(inputs + 1);
    this.scriptBytes = new Uint8Array(Math.ceil(SCRIPT_GROWTH_MAX * recordBytes));
  }
}

/** Where the count that was read last ended. */
let countEnd = 0;

/** The count at `at`, or -1 when it is cut off, too large for any record or not in its shortest form. */
export function undoCountAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === undefined) return -1;
  if (first < 0xfd) {
    countEnd = at + 1;
    return first;
  }
  const width = first === 0xfd ? 2 : 4;
  if (first === 0xff || at + width >= bytes.length) return -1;
  let value = bytes[at + 1]! + bytes[at + 2]! * 0x100;
  if (width === 4) value += bytes[at + 3]! * 0x1_0000 + bytes[at + 4]! * 0x100_0000;
  if (value < (width === 2 ? 0xfd : 0x1_0000)) return -1;
  countEnd = at + 1 + width;
  return value;
}

/** The spent output at `at` becomes the next row; returns where it ends. */
function readCoin(bytes: Uint8Array, at: number, into: UndoColumns): number {
  const row = into.inputCount;
  const code = readCoreVarint(bytes, at);
  if (code > 0xffff_ffff) throw damagedUndo('a height is beyond all measure', at);
  const isCoinbase = code % 2;
  const height = (code - isCoinbase) / 2;
  into.height[row] = height;
  into.isCoinbase[row] = isCoinbase;
  if (height > 0) readCoreVarint(bytes, coreVarint.end);
  const amountAt = coreVarint.end;
  readCoreVarint(bytes, amountAt);
  const valueSats = decompressAmount(coreVarint.high, coreVarint.low);
  if (valueSats < 0) throw damagedUndo('an amount is beyond 2^53', amountAt);
  into.valueSats[row] = valueSats;
  const end = readScript(bytes, coreVarint.end, row, into);
  into.inputCount = row + 1;
  return end;
}

/** The packed script at `at` becomes that of a row; returns where it ends. */
function readScript(bytes: Uint8Array, at: number, row: number, into: UndoColumns): number {
  const code = readCoreVarint(bytes, at);
  const start = coreVarint.end;
  const scriptAt = into.scriptOffset[row]!;
  const packedBytes = code < SCRIPT_FORMS ? packedScriptBytes(code) : code - SCRIPT_FORMS;
  const end = start + packedBytes;
  if (end > bytes.length) throw damagedUndo('it ends inside a script', at);
  let length = packedBytes;
  if (code < SCRIPT_FORMS) {
    length = unpackScript(code, bytes, start, into.scriptBytes, scriptAt);
    if (length < 0) throw damagedUndo('a public key is no point of the curve', at);
  } else if (length > SHORT_SCRIPT_BYTES) {
    into.scriptBytes.set(bytes.subarray(start, end), scriptAt);
  } else {
    for (let i = 0; i < length; i += 1) into.scriptBytes[scriptAt + i] = bytes[start + i]!;
  }
  into.scriptOffset[row + 1] = scriptAt + length;
  return end;
}

/**
 * Read the undo data of one block.
 *
 * @param data a record without its frame and checksum
 * @param into the columns to fill; what they held is lost
 * @param mayHaveMore other data may follow, which is passed over
 * @throws {ClewError} CLEW_UNDO_DAMAGED with the `offset` in the record
 * @example
 * const undo = new UndoColumns();
 * readUndoRecord(Uint8Array.of(1, 1, 0x03, 0x00, 0x32, 0x06), undo); // 50 coins of the coinbase of block 1, empty script
 */
export function readUndoRecord(data: Uint8Array, into: UndoColumns, mayHaveMore = false): void {
  const at = walkUndoRecord(data, into);
  if (at !== data.length && !mayHaveMore)
    throw damagedUndo('bytes follow the last transaction', at);
}

/**
 * As `readUndoRecord`, for bytes that more may follow.
 *
 * @returns where the undo data ends
 */
export function walkUndoRecord(data: Uint8Array, into: UndoColumns): number {
  // A Buffer makes slower views than a plain Uint8Array.
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  into.reserve(bytes.length);
  into.clear();
  const txCount = undoCountAt(bytes, 0);
  // A transaction has an input, and its count takes a byte.
  if (txCount < 0 || txCount * (1 + COIN_BYTES_MIN) > bytes.length) {
    throw damagedUndo('it has more transactions than bytes', 0);
  }
  let at = countEnd;
  for (let tx = 0; tx < txCount; tx += 1) {
    const inputs = undoCountAt(bytes, at);
    if (inputs < 1 || inputs * COIN_BYTES_MIN > bytes.length - at) {
      throw damagedUndo('it has more inputs than bytes', at);
    }
    at = countEnd;
    for (let i = 0; i < inputs; i += 1) at = readCoin(bytes, at, into);
    into.txCount = tx + 1;
    into.txFirstInput[tx + 1] = into.inputCount;
  }
  return at;
}
