/**
 * Transactions and blocks as objects, for single look-ups and for writing them.
 *
 * Loading goes through `block-columns.hot.ts`; this is the slow, plain form of the same, written apart
 * from it so that tests can hold the two against each other. Sources: Bitcoin Core
 * `src/primitives/transaction.h`, BIP 141 and 144 (witness), Litecoin Core (flag 8 and extension blocks), DIP 2 (Dash's types
 * and payloads), CHIP-2022-02 (tokens before a script).
 */
import { ByteWriter } from '../bytes/byte-writer.ts';
import { sha256d } from '../bytes/hash.ts';
import { displayToHash, hashToDisplay } from '../bytes/hex.ts';
import { ClewError } from '../errors.ts';
import type { Sats } from '../units/amount.ts';
import type { Txid } from '../units/ids.ts';
import { blockBodyOffset } from './block-columns.hot.ts';
import { tokenPrefixLength } from './cash-tokens.ts';
import { COINBASE_VOUT } from './coinbase-input.ts';
import { type Header, parseHeader } from './header.ts';
import type { Network } from './network.ts';
import { classifyScript } from './script.ts';
import type { ScriptKind } from './script-kind.ts';

const NO_TXID = '0'.repeat(64);
const FLAG_WITNESS = 1;
const FLAG_MWEB = 8;

export interface TransactionInput {
  readonly prevTxid: Txid;
  readonly vout: number;
  readonly scriptSig: Uint8Array;
  readonly sequence: number;
  /** Items of the witness, lowest first; empty when there is none. */
  readonly witness: readonly Uint8Array[];
}

export interface TransactionOutput {
  readonly valueSats: Sats;
  /** The locking script. */
  readonly script: Uint8Array;
  /** Bitcoin Cash: the bytes before the script that name the tokens of the output. */
  readonly tokenPrefix?: Uint8Array;
}

/** What a transaction is made of: enough to write it. */
export interface TransactionParts {
  readonly version: number;
  readonly locktime: number;
  readonly inputs: readonly TransactionInput[];
  readonly outputs: readonly TransactionOutput[];
  /** Litecoin: the last transaction of a block with an extension block ("HogEx"), flag 8. */
  readonly isHogEx?: boolean;
  /** Dash: of a transaction with a type, what follows the lock time. */
  readonly extraPayload?: Uint8Array;
}

/** A transaction that was read, with what follows from its bytes. */
export interface Transaction extends TransactionParts {
  readonly txid: Txid;
  /** Hash with the witness (BIP 141); the txid when there is none. */
  readonly wtxid: Txid;
  readonly outputs: readonly (TransactionOutput & { readonly kind: ScriptKind })[];
  /** Bytes as it stands in the block. */
  readonly size: number;
  /** Bytes without marker, flag and witness. */
  readonly strippedSize: number;
  /** 3 * strippedSize + size (BIP 141). */
  readonly weight: number;
  /** Weight / 4, rounded up: what fee rates are given for. */
  readonly vsize: number;
  readonly isCoinbase: boolean;
  readonly isHogEx: boolean;
}

/** Reads forward through bytes and refuses to leave them. */
class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly hugeAmounts: boolean;
  at: number;

  constructor(bytes: Uint8Array, at: number, network: Network | undefined) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.hugeAmounts = network?.hugeAmounts === true;
    this.at = at;
  }

  refuse(why: string): never {
    throw new ClewError('CLEW_TX_FORMAT', `No transaction at byte ${this.at}: ${why}.`, {
      offset: this.at,
    });
  }

  /** Step over that many bytes; returns where they begin. */
  take(count: number): number {
    if (count > this.bytes.length - this.at) this.refuse('the bytes end too early');
    const start = this.at;
    this.at += count;
    return start;
  }

  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  valueSats(): Sats {
    const value = this.view.getBigUint64(this.take(8), true);
    if (value >= 2n ** 63n || (value >= 2n ** 53n && !this.hugeAmounts)) {
      this.refuse('an amount is beyond 2^53');
    }
    if (value >= 2n ** 53n) {
      throw new ClewError(
        'CLEW_LEDGER_LIMIT',
        `An output pays ${value} of the smallest unit; more than 2^53 - 1 can not be kept exactly.`,
        { offset: this.at - 8, value: String(value), valueMax: Number.MAX_SAFE_INTEGER },
      );
    }
    return Number(value) as Sats;
  }

  varint(): number {
    const first = this.u8();
    if (first < 0xfd) return first;
    const width = first === 0xfd ? 2 : first === 0xfe ? 4 : 8;
    const at = this.take(width);
    let value: number;
    if (width === 2) value = this.view.getUint16(at, true);
    else if (width === 4) value = this.view.getUint32(at, true);
    else value = Number(this.view.getBigUint64(at, true));
    const shortest = width === 2 ? 0xfd : width === 4 ? 0x1_0000 : 0x1_0000_0000;
    if (value < shortest) this.refuse('a count is not in its shortest form');
    return value;
  }

  /** How many things of at least that many bytes follow. */
  count(bytesMin: number): number {
    const count = this.varint();
    if (count * bytesMin > this.bytes.length - this.at)
      this.refuse('more are said than bytes left');
    return count;
  }

  /** A length, then that many bytes: a view. */
  varbytes(): Uint8Array {
    const length = this.varint();
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  input(): Omit<TransactionInput, 'witness'> {
    const at = this.take(32);
    return {
      prevTxid: hashToDisplay(this.bytes.subarray(at, at + 32)) as Txid,
      vout: this.u32(),
      scriptSig: this.varbytes(),
      sequence: this.u32(),
    };
  }

  output(cashTokens: boolean): TransactionOutput & { kind: ScriptKind } {
    const valueSats = this.valueSats();
    const field = this.varbytes();
    const prefix = cashTokens ? tokenPrefixLength(field, 0, field.length) : 0;
    const script = field.subarray(prefix);
    const kind = classifyScript(script, 0, script.length);
    if (prefix === 0) return { valueSats, script, kind };
    return { valueSats, script, kind, tokenPrefix: field.subarray(0, prefix) };
  }

  list<Item>(bytesMin: number, readOne: () => Item): Item[] {
    const count = this.count(bytesMin);
    const items: Item[] = [];
    for (let i = 0; i < count; i += 1) items.push(readOne());
    return items;
  }
}

/** Hashes and sizes from the bytes that the parts came from. */
function withDerived(
  parts: Omit<Transaction, 'txid' | 'wtxid' | 'weight' | 'vsize' | 'isCoinbase' | 'strippedSize'>,
  whole: Uint8Array,
): Transaction {
  const stripped = serializeTransaction(parts, { witness: false });
  const hasWitness = parts.inputs.some((input) => input.witness.length > 0);
  const txid = hashToDisplay(sha256d(stripped)) as Txid;
  const weight = 3 * stripped.length + parts.size;
  const first = parts.inputs[0];
  return {
    ...parts,
    txid,
    wtxid: hasWitness ? (hashToDisplay(sha256d(whole)) as Txid) : txid,
    strippedSize: stripped.length,
    weight,
    vsize: Math.ceil(weight / 4),
    isCoinbase:
      parts.inputs.length === 1 && first!.vout === COINBASE_VOUT && first!.prevTxid === NO_TXID,
  };
}

/**
 * The transaction that begins at `offset`. Scripts and witness items are views of the bytes given.
 *
 * @param network decides whether Litecoin's flag 8, Dash's types and Bitcoin Cash's tokens are known; Bitcoin's rules
 *   without it
 * @returns the transaction and how many bytes it takes
 * @throws {ClewError} CLEW_TX_FORMAT with the `offset`
 * @example parseTransaction(hexToBytes(hex)).tx.txid
 */
export function parseTransaction(
  bytes: Uint8Array,
  offset = 0,
  network?: Network,
): { tx: Transaction; length: number } {
  const reader = new Reader(bytes, offset, network);
  if (network?.specialTransactions === true) return parseSpecial(reader);
  const cashTokens = network?.cashTokens === true;
  const readOutput = (): TransactionOutput & { kind: ScriptKind } => reader.output(cashTokens);
  const version = reader.i32();
  let bare = reader.list(41, () => reader.input());
  let flags = 0;
  let outputs: (TransactionOutput & { kind: ScriptKind })[] = [];
  // No inputs: the byte was the marker of BIP 144 and a flag follows, or it was no marker and says that
  // there are no outputs either.
  if (bare.length === 0) flags = reader.u8();
  const isExtended = bare.length === 0 && flags !== 0;
  if (isExtended) bare = reader.list(41, () => reader.input());
  if (isExtended || bare.length > 0) outputs = reader.list(9, readOutput);

  const hasWitness = flags % 2 === FLAG_WITNESS;
  const inputs = bare.map((input) => ({
    ...input,
    witness: hasWitness ? reader.list(1, () => reader.varbytes()) : [],
  }));
  if (hasWitness && inputs.every((input) => input.witness.length === 0)) {
    reader.refuse('it says that it has a witness but has none');
  }
  const isHogEx = network?.mweb === true && Math.floor(flags / FLAG_MWEB) % 2 === 1;
  if (isHogEx && reader.u8() !== 0)
    reader.refuse('an extension transaction stands outside its block');
  if (flags !== (hasWitness ? FLAG_WITNESS : 0) + (isHogEx ? FLAG_MWEB : 0)) {
    reader.refuse('it has an unknown flag');
  }
  const locktime = reader.u32();
  const size = reader.at - offset;
  const parts = { version, inputs, outputs, locktime, isHogEx, size };
  return { tx: withDerived(parts, bytes.subarray(offset, reader.at)), length: size };
}

/** As `readSpecial` in `block-columns.hot.ts`. */
function parseSpecial(reader: Reader): { tx: Transaction; length: number } {
  const start = reader.at;
  const version = reader.i32();
  const isSpecial = hasExtraPayload(version);
  const inputs = reader.list(41, () => ({ ...reader.input(), witness: [] }));
  const outputs = reader.list(9, () => reader.output(false));
  const locktime = reader.u32();
  const extra = isSpecial ? { extraPayload: reader.varbytes() } : {};
  const size = reader.at - start;
  const parts = { version, inputs, outputs, locktime, isHogEx: false, size, ...extra };
  return { tx: withDerived(parts, reader.bytes.subarray(start, reader.at)), length: size };
}

/** Dash: whether the version says that a type and a payload are there (DIP 2). */
function hasExtraPayload(version: number): boolean {
  const low = version & 0xffff;
  return version >>> 16 !== 0 && low >= 3 && low < 0x8000;
}

/**
 * The type of a Dash transaction (DIP 2); 0 for an ordinary one.
 *
 * @example specialType(0x0005_0003) // 5: a coinbase
 */
export function specialType(version: number): number {
  return hasExtraPayload(version) ? version >>> 16 : 0;
}

/** A number of bytes that the transaction does not exceed, so that its writer never has to grow. */
function sizeBound(tx: TransactionParts): number {
  const countBytes = 9;
  let bytes = 16 + 3 * countBytes + (tx.extraPayload?.length ?? 0);
  for (const input of tx.inputs) {
    bytes += 40 + 2 * countBytes + input.scriptSig.length;
    for (const item of input.witness) bytes += countBytes + item.length;
  }
  for (const output of tx.outputs) {
    bytes += 8 + countBytes + output.script.length + (output.tokenPrefix?.length ?? 0);
  }
  return bytes;
}

/**
 * The bytes of a transaction.
 *
 * @param options.witness false leaves out marker, flag and witness: what the txid is the hash of
 * @example sha256d(serializeTransaction(tx, { witness: false })) // the txid, internal order
 */
export function serializeTransaction(
  tx: TransactionParts,
  options: { readonly witness: boolean },
): Uint8Array {
  const hasWitness = options.witness && tx.inputs.some((input) => input.witness.length > 0);
  const isHogEx = options.witness && tx.isHogEx === true;
  const writer = new ByteWriter(sizeBound(tx));
  writer.i32(tx.version);
  if (hasWitness || isHogEx) {
    writer.u8(0).u8((hasWitness ? FLAG_WITNESS : 0) + (isHogEx ? FLAG_MWEB : 0));
  }
  writer.varint(tx.inputs.length);
  for (const input of tx.inputs) {
    writer.bytes(displayToHash(input.prevTxid)).u32(input.vout);
    writer.varbytes(input.scriptSig).u32(input.sequence);
  }
  writer.varint(tx.outputs.length);
  for (const { valueSats, script, tokenPrefix } of tx.outputs) {
    writer.u64(valueSats);
    if (tokenPrefix === undefined) writer.varbytes(script);
    else
      writer
        .varint(tokenPrefix.length + script.length)
        .bytes(tokenPrefix)
        .bytes(script);
  }
  if (hasWitness) {
    for (const input of tx.inputs) {
      writer.varint(input.witness.length);
      for (const item of input.witness) writer.varbytes(item);
    }
  }
  if (isHogEx) writer.u8(0);
  writer.u32(tx.locktime);
  if (tx.extraPayload !== undefined) writer.varbytes(tx.extraPayload);
  return writer.finish();
}

/** A block as objects. */
export interface Block {
  readonly header: Header;
  readonly transactions: readonly Transaction[];
  /** Bytes in all. */
  readonly size: number;
  /** 4 * what is not witness + witness (BIP 141). */
  readonly weight: number;
  /** Bytes after the last transaction: Litecoin's extension block. */
  readonly extraBytes: number;
}

/** One transaction of a block, which must have inputs and outputs. */
function parseBlockTransaction(
  bytes: Uint8Array,
  at: number,
  network: Network,
): { tx: Transaction; length: number } {
  const found = parseTransaction(bytes, at, network);
  const mayBeEmpty = found.tx.extraPayload !== undefined;
  if (!mayBeEmpty && (found.tx.inputs.length === 0 || found.tx.outputs.length === 0)) {
    throw new ClewError('CLEW_TX_FORMAT', 'A transaction has no input or no output.', {
      offset: at,
    });
  }
  return found;
}

/**
 * The whole block as objects, for single look-ups.
 *
 * @throws {ClewError} CLEW_BLOCK_DAMAGED with the `offset`
 * @example parseBlock(bytes, getNetwork('main')).transactions[0].isCoinbase // true
 */
export function parseBlock(bytes: Uint8Array, network: Network): Block {
  const header = parseHeader(bytes, 0, network);
  const reader = new Reader(bytes, blockBodyOffset(bytes, network), network);
  const transactions: Transaction[] = [];
  let weight = 0;
  try {
    const count = reader.count(60);
    if (count === 0) reader.refuse('the block has none');
    weight = 4 * reader.at;
    for (let i = 0; i < count; i += 1) {
      const { tx, length } = parseBlockTransaction(bytes, reader.at, network);
      transactions.push(tx);
      weight += tx.weight;
      reader.at += length;
    }
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    throw new ClewError(
      'CLEW_BLOCK_DAMAGED',
      `The block is damaged: ${error.message}`,
      error.facts,
      error,
    );
  }
  const extraBytes = bytes.length - reader.at;
  if (extraBytes !== 0 && !network.mweb) {
    throw new ClewError('CLEW_BLOCK_DAMAGED', 'Bytes follow the last transaction.', {
      offset: reader.at,
    });
  }
  return { header, transactions, size: bytes.length, weight, extraBytes };
}
