/**
 * A second, slow way to read a chain, for tests: maps and bigints, transactions decoded by an
 * independent library, nothing shared with `src`. It checks what any node checks save signatures.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base58check, bech32, bech32m } from '@scure/base';
import { RawTx } from '@scure/btc-signer';

export interface SlowOutput {
  readonly sats: bigint;
  readonly script: Uint8Array;
}

export interface SlowInput {
  /** As people write it. */
  readonly txid: string;
  readonly vout: number;
  readonly sequence: number;
  readonly scriptSig: Uint8Array;
  readonly witness: readonly Uint8Array[];
  /** Known after `replay`; a coinbase has none. */
  prevout?: SlowOutput;
}

export interface SlowTransaction {
  readonly txid: string;
  readonly wtxid: string;
  readonly version: number;
  readonly locktime: number;
  readonly inputs: readonly SlowInput[];
  readonly outputs: readonly SlowOutput[];
  readonly weight: number;
}

export interface SlowBlock {
  readonly hash: string;
  readonly previousHash: string;
  readonly merkleRoot: string;
  readonly version: number;
  readonly timeSeconds: number;
  readonly bits: number;
  readonly transactions: readonly SlowTransaction[];
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const sha256d = (bytes: Uint8Array): Buffer => sha256(sha256(bytes));
const display = (hash: Uint8Array): string => Buffer.from(hash).reverse().toString('hex');

/** The records of all block files of a folder, in file order, without magic and length. */
export function readRecords(folder: string, magic: number): Buffer[] {
  const records: Buffer[] = [];
  for (const name of readdirSync(folder).sort()) {
    const file = readFileSync(join(folder, name));
    for (let at = 0; at < file.length; ) {
      if (file.readUInt32LE(at) !== magic) throw new Error(`no magic at ${at} of ${name}`);
      const length = file.readUInt32LE(at + 4);
      records.push(file.subarray(at + 8, at + 8 + length));
      at += 8 + length;
      if (at > file.length) throw new Error(`${name} ends within a record`);
    }
  }
  return records;
}

/** Length of the transaction at the start of the bytes. */
function transactionLength(bytes: Buffer): number {
  let at = 4;
  const varint = (): number => {
    const first = bytes[at]!;
    at += 1;
    if (first < 0xfd) return first;
    at += first === 0xfd ? 2 : 4;
    return first === 0xfd ? bytes.readUInt16LE(at - 2) : bytes.readUInt32LE(at - 4);
  };
  const skip = (): void => {
    const length = varint();
    at += length;
  };
  const hasWitness = bytes[4] === 0;
  if (hasWitness) at += 2;
  const inputs = varint();
  for (let i = 0; i < inputs; i += 1) {
    at += 36;
    skip();
    at += 4;
  }
  const outputs = varint();
  for (let i = 0; i < outputs; i += 1) {
    at += 8;
    skip();
  }
  for (let i = 0; hasWitness && i < inputs; i += 1) {
    for (let items = varint(); items > 0; items -= 1) skip();
  }
  return at + 4;
}

function decodeTransaction(bytes: Buffer): SlowTransaction {
  const raw = RawTx.decode(bytes);
  const stripped = Buffer.from(RawTx.encode({ ...raw, segwitFlag: false, witnesses: undefined }));
  return {
    txid: display(sha256d(stripped)),
    wtxid: display(sha256d(bytes)),
    version: raw.version,
    locktime: raw.lockTime,
    inputs: raw.inputs.map((input, i) => ({
      txid: Buffer.from(input.txid).toString('hex'),
      vout: input.index,
      sequence: input.sequence,
      scriptSig: input.finalScriptSig,
      witness: raw.witnesses?.[i] ?? [],
    })),
    outputs: raw.outputs.map((output) => ({ sats: output.amount, script: output.script })),
    weight: 3 * stripped.length + bytes.length,
  };
}

/** A whole block, decoded. */
export function readBlock(record: Buffer): SlowBlock {
  let at = 81;
  let count = record[80]!;
  if (count === 0xfd) {
    count = record.readUInt16LE(81);
    at = 83;
  }
  const transactions: SlowTransaction[] = [];
  for (let i = 0; i < count; i += 1) {
    const length = transactionLength(record.subarray(at));
    transactions.push(decodeTransaction(record.subarray(at, at + length)));
    at += length;
  }
  if (at !== record.length) throw new Error('bytes after the last transaction');
  return {
    hash: display(sha256d(record.subarray(0, 80))),
    previousHash: display(record.subarray(4, 36)),
    merkleRoot: display(record.subarray(36, 68)),
    version: record.readInt32LE(0),
    timeSeconds: record.readUInt32LE(68),
    bits: record.readUInt32LE(72),
    transactions,
  };
}

/** Merkle root over hashes as people write them, the textbook way. */
export function slowMerkleRoot(hashes: readonly string[]): string {
  let level: Buffer[] = hashes.map((hash) => Buffer.from(hash, 'hex').reverse());
  while (level.length > 1) {
    if (level.length % 2 === 1) level.push(level.at(-1)!);
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      sha256d(Buffer.concat([level[2 * i]!, level[2 * i + 1]!])),
    );
  }
  return display(level[0]!);
}

/** Everything about one block that needs no other block; throws what is wrong. */
export function checkBlock(block: SlowBlock): void {
  const { transactions } = block;
  const fail = (what: string): never => {
    throw new Error(`block ${block.hash}: ${what}`);
  };
  if (slowMerkleRoot(transactions.map((tx) => tx.txid)) !== block.merkleRoot) fail('Merkle root');
  const target = BigInt(block.bits & 0x7f_ffff) << BigInt(8 * ((block.bits >>> 24) - 3));
  if (BigInt(`0x${block.hash}`) > target) fail('proof of work');
  if (transactions.reduce((sum, tx) => sum + tx.weight, 320) > 4_000_000) fail('weight');
  if (!transactions.some((tx) => tx.txid !== tx.wtxid)) return;
  const coinbase = transactions[0]!;
  const mark = '6a24aa21a9ed';
  const commitment = coinbase.outputs
    .map((o) => Buffer.from(o.script).toString('hex'))
    .findLast((s) => s.startsWith(mark));
  const reserved = coinbase.inputs[0]!.witness[0];
  if (commitment === undefined || reserved?.length !== 32) throw new Error('no commitment');
  const root = slowMerkleRoot(['00'.repeat(32), ...transactions.slice(1).map((tx) => tx.wtxid)]);
  const expected = sha256d(Buffer.concat([Buffer.from(root, 'hex').reverse(), reserved]));
  if (commitment.slice(12, 76) !== expected.toString('hex')) fail('witness commitment');
}

/** What is unspent after a chain, and all its transactions with their prevouts. */
export interface Replay {
  readonly unspent: Map<string, SlowOutput>;
  /** By txid; a txid that occurs twice stands for its last occurrence. */
  readonly transactions: Map<string, SlowTransaction>;
  readonly heights: Map<string, number>;
}

/**
 * Play a chain from genesis: every input spends an unspent output, coinbases rest 100 blocks, no value arises but
 * the subsidy (regtest: 50 coins, halved every 150 blocks). Throws what is wrong.
 */
export function replay(blocks: readonly SlowBlock[]): Replay {
  const unspent = new Map<string, SlowOutput>();
  const coinbaseHeights = new Map<string, number>();
  const transactions = new Map<string, SlowTransaction>();
  const heights = new Map<string, number>();
  for (const [height, block] of blocks.entries()) {
    if (height > 0 && block.previousHash !== blocks[height - 1]!.hash)
      throw new Error(`height ${height} does not link`);
    let fees = 0n;
    for (const [position, tx] of block.transactions.entries()) {
      const paid = tx.outputs.reduce((sum, output) => sum + output.sats, 0n);
      let spent = 0n;
      for (const input of position === 0 ? [] : tx.inputs) {
        const key = `${input.txid}:${input.vout}`;
        const prevout = unspent.get(key);
        if (prevout === undefined)
          throw new Error(`${tx.txid} spends ${key}, which is not unspent`);
        if (height - (coinbaseHeights.get(input.txid) ?? -100) < 100)
          throw new Error(`${tx.txid} spends an unripe coinbase`);
        input.prevout = prevout;
        spent += prevout.sats;
        unspent.delete(key);
      }
      if (position > 0 && spent < paid) throw new Error(`${tx.txid} pays more than it spends`);
      if (position > 0) fees += spent - paid;
      else coinbaseHeights.set(tx.txid, height);
      for (const [vout, output] of tx.outputs.entries()) unspent.set(`${tx.txid}:${vout}`, output);
      transactions.set(tx.txid, tx);
      heights.set(tx.txid, height);
    }
    const reward = block.transactions[0]!.outputs.reduce((sum, output) => sum + output.sats, 0n);
    const subsidy = height >= 150 * 64 ? 0n : 5_000_000_000n >> BigInt(Math.floor(height / 150));
    if (height > 0 && reward > subsidy + fees)
      throw new Error(`coinbase of ${height} takes too much`);
  }
  return { unspent, transactions, heights };
}

/** Kind of a script and its regtest address, written a second time and apart from `src`. */
export function describeScript(script: Uint8Array): { kind: string; address?: string } {
  const hex = Buffer.from(script).toString('hex');
  const encode58 = (version: number, hash: Uint8Array): string =>
    base58check(sha256).encode(Uint8Array.of(version, ...hash));
  const segwit = (version: number): string => {
    const codec = version === 0 ? bech32 : bech32m;
    return codec.encode('bcrt', [version, ...bech32.toWords(script.subarray(2))]);
  };
  if (/^76a914.{40}88ac$/.test(hex))
    return { kind: 'p2pkh', address: encode58(0x6f, script.subarray(3, 23)) };
  if (/^a914.{40}87$/.test(hex))
    return { kind: 'p2sh', address: encode58(0xc4, script.subarray(2, 22)) };
  if (/^0014.{40}$/.test(hex)) return { kind: 'p2wpkh', address: segwit(0) };
  if (/^0020.{64}$/.test(hex)) return { kind: 'p2wsh', address: segwit(0) };
  if (/^5120.{64}$/.test(hex)) return { kind: 'p2tr', address: segwit(1) };
  if (/^5[2-9a-f]20.{64}$|^6020.{64}$/.test(hex))
    return { kind: 'witness_unknown', address: segwit(script[0]! - 0x50) };
  if (/^21(02|03).{64}ac$|^4104.{128}ac$/.test(hex)) {
    const key = script.subarray(1, -1);
    const hash = createHash('ripemd160').update(sha256(key)).digest();
    return { kind: 'p2pk', address: encode58(0x6f, hash) };
  }
  if (/^5[1-3](21(02|03).{64})+5[1-3]ae$/.test(hex)) return { kind: 'multisig' };
  return { kind: hex.startsWith('6a') ? 'op_return' : 'nonstandard' };
}
