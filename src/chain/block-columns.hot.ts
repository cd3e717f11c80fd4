/**
 * The indexing path: visits the bytes of one block and notes where everything is, in columns.
 *
 *   block    [header 80 (+ merged-mining proof)] [count] [transaction]... [extension block]
 *   tx row   txOffset, txLength, ...     inputs  [txFirstInput[i],  txFirstInput[i + 1])
 *                                        outputs [txFirstOutput[i], txFirstOutput[i + 1])
 *   in row   offsets of the prevout id, the scriptSig and the witness inside the block
 *   out row  value, offset of the script
 *
 * Invariants: nothing is read past the end of the block; every count is held against the bytes that
 * are left before anything is done with it; all columns are made large enough for any block of that many
 * bytes beforehand, so the loops never grow one. No object is made per input or output, and per
 * transaction only what hashing a long one needs.
 *
 * Cost on the real 2024 blocks, one core of two, Node 24: 1,070 MB/s or 1.6 million transactions/s with txids (350 MB/s
 * when each was hashed by OpenSSL alone), 365 MB/s with Merkle root and witness commitment checked too (113 MB/s before, in
 * the same run). Transaction ids are hashed four at a time while the block is read: `sha256-lanes.hot.ts`.
 *
 * The object form of the same is `transaction.ts`; tests hold the two against each other.
 */
import { type Sha256Lanes, sha256Lanes } from '../bytes/sha256-lanes.hot.ts';
import { ClewError } from '../errors.ts';
import { tokenPrefixLength } from './cash-tokens.ts';
import type { Network } from './network.ts';

export const HEADER_BYTES = 80;

/** Least bytes of a thing, for holding counts against what is left. */
const INPUT_BYTES_MIN = 41;
const OUTPUT_BYTES_MIN = 9;
const TX_BYTES_MIN = 4 + 1 + INPUT_BYTES_MIN + 1 + OUTPUT_BYTES_MIN + 4;

const FLAG_WITNESS = 1;
const FLAG_MWEB = 8;
/** Dash: version of a transaction from which on its upper half is a type, and a payload follows (DIP 2). */
const SPECIAL_VERSION_MIN = 3;
/** Block version bit that announces a merged-mining proof ("AuxPoW"). */
const VERSION_AUXPOW = 0x100;

/** Where the arrays of columns come from: fresh ones, or pieces of memory that threads share. */
export interface ColumnArrays {
  u8(length: number): Uint8Array;
  u32(length: number): Uint32Array;
  i32(length: number): Int32Array;
  f64(length: number): Float64Array;
}

const ownArrays: ColumnArrays = {
  u8: (length) => new Uint8Array(length),
  u32: (length) => new Uint32Array(length),
  i32: (length) => new Int32Array(length),
  f64: (length) => new Float64Array(length),
};

/** No block of that many bytes has more outputs. */
export function outputsMax(blockBytes: number): number {
  return Math.ceil(blockBytes / OUTPUT_BYTES_MIN);
}

/** Before there is a block; shared, since many columns may be made. */
const NO_U8 = new Uint8Array(0);
const NO_U32 = new Uint32Array(0);
const NO_I32 = new Int32Array(0);
const NO_F64 = new Float64Array(0);

/**
 * The columns of one block. Made once and filled again for each block: what is read from them is valid
 * until the next `readBlockColumns`. Arrays may be longer than their count.
 */
export class BlockColumns {
  txCount = 0;
  inputCount = 0;
  outputCount = 0;
  /** Bytes after the last transaction: the extension block of a Litecoin block, else 0. */
  extraBytes = 0;
  /** Offset of the transaction count: 80 unless the header carries a merged-mining proof. */
  bodyOffset = HEADER_BYTES;

  /** Per transaction: where it stands in the block, with marker, flag and witness. */
  txOffset: Uint32Array = NO_U32;
  txLength: Uint32Array = NO_U32;
  /** Bytes without marker, flag and witness; weight = 3 * txStrippedLength + txLength. */
  txStrippedLength: Uint32Array = NO_U32;
  txVersion: Int32Array = NO_I32;
  txLocktime: Uint32Array = NO_U32;
  txHasWitness: Uint8Array = NO_U8;
  /** 1 for Litecoin's "HogEx", through which all coins go that enter or leave the extension block. */
  txIsHogEx: Uint8Array = NO_U8;
  /** Row of the first input and output; one entry more than transactions. */
  txFirstInput: Uint32Array = NO_U32;
  txFirstOutput: Uint32Array = NO_U32;
  /** 32 bytes each, internal order. */
  txids: Uint8Array = NO_U8;

  /** Per input: offset in the block of the 32 bytes of the transaction that it spends from. */
  inPrevTxidOffset: Uint32Array = NO_U32;
  inPrevVout: Uint32Array = NO_U32;
  inSequence: Uint32Array = NO_U32;
  inScriptOffset: Uint32Array = NO_U32;
  inScriptLength: Uint32Array = NO_U32;
  /** Offset of the item count of the witness; 0 when the transaction has none. */
  inWitnessOffset: Uint32Array = NO_U32;
  /** Bytes of the witness, its item count included. */
  inWitnessLength: Uint32Array = NO_U32;

  /** Per output: satoshi, exact. */
  outValue: Float64Array = NO_F64;
  outScriptOffset: Uint32Array = NO_U32;
  outScriptLength: Uint32Array = NO_U32;

  /** Make room for any block of that many bytes. Contents are lost. */
  reserve(blockBytes: number): void {
    if (Math.ceil(blockBytes / INPUT_BYTES_MIN) <= this.inPrevVout.length) return;
    this.place(blockBytes, ownArrays);
  }

  /** As `reserve`, with arrays that are given: some 4.6 bytes for each byte of the block, of which few are touched. */
  place(blockBytes: number, arrays: ColumnArrays): void {
    const txs = Math.ceil(blockBytes / TX_BYTES_MIN);
    this.txOffset = arrays.u32(txs);
    this.txLength = arrays.u32(txs);
    this.txStrippedLength = arrays.u32(txs);
    this.txVersion = arrays.i32(txs);
    this.txLocktime = arrays.u32(txs);
    this.txHasWitness = arrays.u8(txs);
    this.txIsHogEx = arrays.u8(txs);
    this.txFirstInput = arrays.u32(txs + 1);
    this.txFirstOutput = arrays.u32(txs + 1);
    this.txids = arrays.u8(32 * txs);
    const inputs = Math.ceil(blockBytes / INPUT_BYTES_MIN);
    this.inPrevTxidOffset = arrays.u32(inputs);
    this.inPrevVout = arrays.u32(inputs);
    this.inSequence = arrays.u32(inputs);
    this.inScriptOffset = arrays.u32(inputs);
    this.inScriptLength = arrays.u32(inputs);
    this.inWitnessOffset = arrays.u32(inputs);
    this.inWitnessLength = arrays.u32(inputs);
    const outputs = outputsMax(blockBytes);
    this.outValue = arrays.f64(outputs);
    this.outScriptOffset = arrays.u32(outputs);
    this.outScriptLength = arrays.u32(outputs);
  }
}

function damaged(what: string, offset: number): ClewError {
  return new ClewError('CLEW_BLOCK_DAMAGED', `The block is damaged at byte ${offset}: ${what}.`, {
    offset,
  });
}

/** One amount is a number, exact below 2^53: 90,071,992 coins of eight decimals, which a Dogecoin output may exceed. */
function amountTooLarge(offset: number, isPossible: boolean): ClewError {
  if (!isPossible) return damaged('an amount is beyond 2^53', offset);
  return new ClewError(
    'CLEW_LEDGER_LIMIT',
    `An output of the block pays more than 2^53 - 1 of the smallest unit, which Clew can not keep exactly (byte ${offset}).`,
    { offset, valueMax: Number.MAX_SAFE_INTEGER },
  );
}

/** Where the varint that was read last ended. Module state, so that the loops return plain numbers. */
let varintEnd = 0;

/** Bitcoin's variable-length integer; only its shortest form, as in Core's ReadCompactSize. */
function readVarint(bytes: Uint8Array, at: number): number {
  const end = bytes.length;
  if (at >= end) throw damaged('it ends inside a count', at);
  const first = bytes[at]!;
  if (first < 0xfd) {
    varintEnd = at + 1;
    return first;
  }
  const width = first === 0xfd ? 2 : first === 0xfe ? 4 : 8;
  if (at + 1 + width > end) throw damaged('it ends inside a count', at);
  let value = bytes[at + 1]! + bytes[at + 2]! * 0x100;
  if (width >= 4) value += bytes[at + 3]! * 0x1_0000 + bytes[at + 4]! * 0x100_0000;
  if (width === 8) {
    for (let i = 5; i <= 8; i += 1) {
      if (bytes[at + i] !== 0) throw damaged('a count is beyond all measure', at);
    }
  }
  if (width === 8 || value < (width === 2 ? 0xfd : 0x1_0000)) {
    throw damaged('a count is not in its shortest form', at);
  }
  varintEnd = at + 1 + width;
  return value;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000
  );
}

/** What decides how a transaction is read. */
type TransactionRules = Pick<
  Network,
  'mweb' | 'specialTransactions' | 'cashTokens' | 'hugeAmounts'
>;

const PLAIN_RULES: TransactionRules = {
  mweb: false,
  specialTransactions: false,
  cashTokens: false,
  hugeAmounts: false,
};

/** Inputs from `at` on become rows of `into`; returns where they end. */
function readInputs(bytes: Uint8Array, start: number, count: number, into: BlockColumns): number {
  const { inPrevTxidOffset, inPrevVout, inSequence, inScriptOffset, inScriptLength } = into;
  const { inWitnessOffset, inWitnessLength } = into;
  const end = bytes.length;
  let at = start;
  let row = into.inputCount;
  for (let i = 0; i < count; i += 1) {
    if (at + INPUT_BYTES_MIN > end) throw damaged('it ends inside an input', at);
    inPrevTxidOffset[row] = at;
    inPrevVout[row] = readU32(bytes, at + 32);
    const scriptLength = readVarint(bytes, at + 36);
    const scriptStart = varintEnd;
    at = scriptStart + scriptLength + 4;
    if (at > end) throw damaged('an input script is longer than the block', scriptStart);
    inScriptOffset[row] = scriptStart;
    inScriptLength[row] = scriptLength;
    inSequence[row] = readU32(bytes, at - 4);
    inWitnessOffset[row] = 0;
    inWitnessLength[row] = 0;
    row += 1;
  }
  into.inputCount = row;
  return at;
}

/** Outputs from `at` on become rows of `into`; returns where they end. */
function readOutputs(
  bytes: Uint8Array,
  start: number,
  count: number,
  rules: TransactionRules,
  into: BlockColumns,
): number {
  const { outValue, outScriptOffset, outScriptLength } = into;
  const end = bytes.length;
  let at = start;
  let row = into.outputCount;
  for (let i = 0; i < count; i += 1) {
    if (at + OUTPUT_BYTES_MIN > end) throw damaged('it ends inside an output', at);
    const high = readU32(bytes, at + 4);
    if (high >= 0x20_0000) throw amountTooLarge(at, rules.hugeAmounts && high < 0x8000_0000);
    outValue[row] = high * 0x1_0000_0000 + readU32(bytes, at);
    const scriptLength = readVarint(bytes, at + 8);
    const scriptStart = varintEnd;
    at = scriptStart + scriptLength;
    if (at > end) throw damaged('an output script is longer than the block', scriptStart);
    const prefix = rules.cashTokens ? tokenPrefixLength(bytes, scriptStart, at) : 0;
    outScriptOffset[row] = scriptStart + prefix;
    outScriptLength[row] = scriptLength - prefix;
    row += 1;
  }
  into.outputCount = row;
  return at;
}

/** Witnesses of the inputs from row `firstInput` on; returns where they end. */
function readWitnesses(
  bytes: Uint8Array,
  start: number,
  firstInput: number,
  into: BlockColumns,
): number {
  const { inWitnessOffset, inWitnessLength, inputCount } = into;
  const end = bytes.length;
  let at = start;
  let allItems = 0;
  for (let row = firstInput; row < inputCount; row += 1) {
    const witnessStart = at;
    const items = readVarint(bytes, at);
    at = varintEnd;
    allItems += items;
    // Each item takes at least one byte.
    if (items > end - at)
      throw damaged('a witness has more items than bytes are left', witnessStart);
    for (let i = 0; i < items; i += 1) {
      const itemLength = readVarint(bytes, at);
      at = varintEnd + itemLength;
      if (at > end) throw damaged('a witness item is longer than the block', varintEnd);
    }
    inWitnessOffset[row] = witnessStart;
    inWitnessLength[row] = at - witnessStart;
  }
  if (allItems === 0) throw damaged('a transaction says that it has a witness but has none', start);
  return at;
}

/**
 * A transaction of Dash: never a witness, but from version 3 on a type in the upper half of the version and a payload after
 * the lock time, which belongs to what the id is made of. Those of some types have neither inputs nor outputs.
 */
function readSpecial(
  bytes: Uint8Array,
  start: number,
  tx: number,
  into: BlockColumns,
  lanes: Sha256Lanes | undefined,
): number {
  const end = bytes.length;
  if (start + TX_BYTES_MIN > end) throw damaged('it ends inside a transaction', start);
  const type = bytes[start + 2]! + 0x100 * bytes[start + 3]!;
  const version = bytes[start]! + 0x100 * bytes[start + 1]!;
  const isSpecial = type !== 0 && version >= SPECIAL_VERSION_MIN && version < 0x8000;
  const inputs = readVarint(bytes, start + 4);
  let at = varintEnd;
  if (inputs === 0 && !isSpecial) throw damaged('a transaction has no input', start + 4);
  if (inputs * INPUT_BYTES_MIN > end - at) throw damaged('more inputs than bytes left', at);
  at = readInputs(bytes, at, inputs, into);
  const outputsAt = at;
  const outputs = readVarint(bytes, at);
  at = varintEnd;
  if (outputs === 0 && !isSpecial) throw damaged('a transaction has no output', outputsAt);
  if (outputs * OUTPUT_BYTES_MIN > end - at) throw damaged('more outputs than bytes left', at);
  at = readOutputs(bytes, at, outputs, PLAIN_RULES, into);
  if (at + 4 > end) throw damaged('it ends inside a transaction', at);
  const locktime = readU32(bytes, at);
  at += 4;
  if (isSpecial) {
    const payload = readVarint(bytes, at);
    at = varintEnd + payload;
    if (at > end) throw damaged('the payload of a transaction is longer than the block', varintEnd);
  }
  // The columns have room for as many transactions as the shortest ones that a block can hold.
  if (at - start < TX_BYTES_MIN) throw damaged('a transaction is shorter than any', start);
  into.txOffset[tx] = start;
  into.txLength[tx] = at - start;
  into.txStrippedLength[tx] = at - start;
  into.txVersion[tx] = readU32(bytes, start);
  into.txLocktime[tx] = locktime;
  into.txHasWitness[tx] = 0;
  into.txIsHogEx[tx] = 0;
  into.txFirstInput[tx + 1] = into.inputCount;
  into.txFirstOutput[tx + 1] = into.outputCount;
  // All in one piece: from the version on, to the last four bytes.
  lanes?.add(tx, start, start + 4, at - 4, at - 4);
  return at;
}

/** One transaction from `start` on becomes row `tx`; returns where it ends. */
function readTransaction(
  bytes: Uint8Array,
  start: number,
  tx: number,
  rules: TransactionRules,
  into: BlockColumns,
  lanes: Sha256Lanes | undefined,
): number {
  if (rules.specialTransactions) return readSpecial(bytes, start, tx, into, lanes);
  const { mweb } = rules;
  const end = bytes.length;
  if (start + TX_BYTES_MIN > end) throw damaged('it ends inside a transaction', start);
  let coreStart = start + 4;
  let flags = 0;
  if (bytes[coreStart] === 0) {
    flags = bytes[start + 5]!;
    const known = mweb ? FLAG_WITNESS | FLAG_MWEB : FLAG_WITNESS;
    if (flags === 0) throw damaged('a transaction has no input', start);
    if ((flags & ~known) !== 0) throw damaged('a transaction has an unknown flag', start + 5);
    coreStart = start + 6;
  }
  const inputs = readVarint(bytes, coreStart);
  let at = varintEnd;
  if (inputs === 0) throw damaged('a transaction has no input', coreStart);
  if (inputs * INPUT_BYTES_MIN > end - at) throw damaged('more inputs than bytes left', coreStart);
  const firstInput = into.inputCount;
  at = readInputs(bytes, at, inputs, into);

  const outputsAt = at;
  const outputs = readVarint(bytes, at);
  at = varintEnd;
  if (outputs === 0) throw damaged('a transaction has no output', outputsAt);
  if (outputs * OUTPUT_BYTES_MIN > end - at)
    throw damaged('more outputs than bytes left', outputsAt);
  at = readOutputs(bytes, at, outputs, rules, into);
  const coreEnd = at;

  if ((flags & FLAG_WITNESS) !== 0) at = readWitnesses(bytes, at, firstInput, into);
  if ((flags & FLAG_MWEB) !== 0) {
    // In a block only the "HogEx" has this flag, and an absent MWEB transaction: one zero byte.
    if (bytes[at] !== 0) throw damaged('an extension transaction stands outside its block', at);
    at += 1;
  }
  if (at + 4 > end) throw damaged('it ends inside a transaction', at);
  at += 4;

  into.txOffset[tx] = start;
  into.txLength[tx] = at - start;
  into.txStrippedLength[tx] = coreEnd - coreStart + 8;
  into.txVersion[tx] = readU32(bytes, start);
  into.txLocktime[tx] = readU32(bytes, at - 4);
  into.txHasWitness[tx] = flags & FLAG_WITNESS;
  into.txIsHogEx[tx] = (flags & FLAG_MWEB) === 0 ? 0 : 1;
  into.txFirstInput[tx + 1] = into.inputCount;
  into.txFirstOutput[tx + 1] = into.outputCount;
  lanes?.add(tx, start, coreStart, coreEnd, at - 4);
  return at;
}

/**
 * Read one block into columns: structure, amounts, places and txids. Neither Merkle root, proof of work
 * nor scripts are checked here (`merkle.ts`, `proof-of-work.ts`).
 *
 * @param block the whole block, beginning with its 80-byte header
 * @param network whose block it is
 * @param into the columns to fill; what they held is lost
 * @throws {ClewError} CLEW_BLOCK_DAMAGED with the `offset` in the block
 * @example
 * const columns = new BlockColumns();
 * readBlockColumns(block, getNetwork('main'), columns);
 * columns.outValue[columns.txFirstOutput[0]!]; // the first output of the coinbase
 */
export function readBlockColumns(block: Uint8Array, network: Network, into: BlockColumns): void {
  // A Buffer makes slower views than a plain Uint8Array.
  const bytes = new Uint8Array(block.buffer, block.byteOffset, block.length);
  into.txCount = 0;
  into.inputCount = 0;
  into.outputCount = 0;
  into.extraBytes = 0;
  const bodyOffset = blockBodyOffset(bytes, network);
  into.bodyOffset = bodyOffset;
  const count = readVarint(bytes, bodyOffset);
  let at = varintEnd;
  if (count === 0) throw damaged('it has no transaction', bodyOffset);
  if (count * TX_BYTES_MIN > bytes.length - at) {
    throw damaged('more transactions than bytes left', bodyOffset);
  }
  into.reserve(bytes.length);
  into.txFirstInput[0] = 0;
  into.txFirstOutput[0] = 0;
  const lanes = sha256Lanes();
  lanes.load(bytes, count);
  for (let tx = 0; tx < count; tx += 1) {
    at = readTransaction(bytes, at, tx, network, into, lanes);
    into.txCount = tx + 1;
  }
  into.txids.set(lanes.finish(count));
  into.extraBytes = bytes.length - at;
  if (into.extraBytes !== 0 && !network.mweb)
    throw damaged('bytes follow the last transaction', at);
}

/**
 * Where the transaction count stands: after the 80 bytes of the header, or after the merged-mining
 * proof that follows them when the network has the form for it and the version announces one. The proof
 * is the coinbase of the parent block, its hash, two Merkle branches and the parent's header.
 *
 * @throws {ClewError} CLEW_BLOCK_DAMAGED with the `offset`
 */
export function blockBodyOffset(bytes: Uint8Array, network: Network): number {
  if (bytes.length <= HEADER_BYTES) throw damaged('it ends inside the header', bytes.length);
  if (network.headerForm !== 'auxpow' || (readU32(bytes, 0) & VERSION_AUXPOW) === 0) {
    return HEADER_BYTES;
  }
  const coinbase = new BlockColumns();
  coinbase.reserve(bytes.length);
  let at = readTransaction(bytes, HEADER_BYTES, 0, PLAIN_RULES, coinbase, undefined) + 32;
  for (let branch = 0; branch < 2; branch += 1) {
    const hashes = readVarint(bytes, at);
    at = varintEnd + 32 * hashes + 4;
    if (at > bytes.length) throw damaged('it ends inside the merged-mining proof', varintEnd);
  }
  at += HEADER_BYTES;
  if (at > bytes.length) throw damaged('it ends inside the merged-mining proof', at);
  return at;
}
