/**
 * A plain walk over all blocks with a map of what is unspent: gives each block's spent outputs, as a node keeps them
 * for its REST interface, and what is unspent in the end. It shares nothing with Clew's reader, so it is a second
 * opinion on the sums that the tools are checked against.
 */

import { ByteWriter } from '../../src/bytes/byte-writer.ts';
import { sha256d } from '../../src/bytes/hash.ts';

const HEADER_BYTES = 80;
const OP_RETURN = 0x6a;
/** Script lengths of the forms with an address, P2PK included: bare multisig and the like have none. */
const ADDRESS_LENGTHS = new Set([22, 23, 25, 34, 35, 67]);

export interface ChainWalk {
  /** For each block, what Bitcoin Core's `/rest/spenttxouts/` answers. */
  readonly spentOutputs: readonly Uint8Array[];
  readonly unspentSats: bigint;
  /** The part of it that lies on scripts that have no address. */
  readonly unspentWithoutAddressSats: bigint;
  /** What lies on each script, for the scripts that were seen first. */
  readonly balances: ReadonlyMap<string, bigint>;
}

class Cursor {
  readonly bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  compactSize(): number {
    const first = this.bytes[this.at++]!;
    if (first < 0xfd) return first;
    const width = first === 0xfd ? 2 : 4;
    this.at += width;
    return this.bytes.readUIntLE(this.at - width, width);
  }

  skipVarbytes(): void {
    const length = this.compactSize();
    this.at += length;
  }
}

/** One output as it is serialized: value, length of the script, script. */
type Output = Buffer;

interface WalkedTransaction {
  readonly txid: string;
  /** `txid` and index of what is spent, as one binary string. */
  readonly spends: readonly string[];
  readonly outputs: readonly Output[];
}

function readTransaction(cursor: Cursor): WalkedTransaction {
  const { bytes } = cursor;
  const start = cursor.at;
  const hasWitness = bytes[start + 4] === 0;
  cursor.at += hasWitness ? 6 : 4;
  const body = cursor.at;
  const spends: string[] = [];
  const inputs = cursor.compactSize();
  for (let input = 0; input < inputs; input++) {
    spends.push(bytes.toString('latin1', cursor.at, cursor.at + 36));
    cursor.at += 36;
    cursor.skipVarbytes();
    cursor.at += 4;
  }
  const outputs: Output[] = [];
  for (let left = cursor.compactSize(); left > 0; left--) {
    const output = cursor.at;
    cursor.at += 8;
    cursor.skipVarbytes();
    outputs.push(bytes.subarray(output, cursor.at));
  }
  const bodyEnd = cursor.at;
  if (hasWitness) {
    for (let input = 0; input < inputs; input++) {
      for (let left = cursor.compactSize(); left > 0; left--) cursor.skipVarbytes();
    }
  }
  cursor.at += 4;
  const stripped = hasWitness
    ? Buffer.concat([
        bytes.subarray(start, start + 4),
        bytes.subarray(body, bodyEnd),
        bytes.subarray(cursor.at - 4, cursor.at),
      ])
    : bytes.subarray(start, cursor.at);
  return { txid: Buffer.from(sha256d(stripped)).toString('latin1'), spends, outputs };
}

function outpoint(txid: string, index: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(index);
  return txid + bytes.toString('latin1');
}

/** The script of a serialized output: those of our chains are shorter than 253 bytes. */
function scriptOf(output: Output): Buffer {
  return output.subarray(9);
}

/** Takes one block: spends what its inputs name, adds its outputs. */
function takeBlock(block: Buffer, unspent: Map<string, Output>): Uint8Array {
  const cursor = new Cursor(block, HEADER_BYTES);
  const spent = new ByteWriter();
  const transactions = cursor.compactSize();
  spent.varint(transactions);
  for (let row = 0; row < transactions; row++) {
    const { txid, spends, outputs } = readTransaction(cursor);
    const isCoinbase = row === 0;
    spent.varint(isCoinbase ? 0 : spends.length);
    for (const key of isCoinbase ? [] : spends) {
      const output = unspent.get(key);
      if (output === undefined) throw new Error('an input spends what is not there');
      unspent.delete(key);
      spent.bytes(output);
    }
    for (const [index, output] of outputs.entries()) {
      if (scriptOf(output)[0] !== OP_RETURN) unspent.set(outpoint(txid, index), output);
    }
  }
  return spent.finish();
}

/**
 * @param blocks all blocks of the chain, lowest first
 * @param scriptsMax of how many scripts the balance is given
 */
export function walkChain(blocks: Iterable<Buffer>, scriptsMax = 200): ChainWalk {
  const unspent = new Map<string, Output>();
  const spentOutputs = Array.from(blocks, (block) => takeBlock(block, unspent));
  const balances = new Map<string, bigint>();
  let unspentSats = 0n;
  let unspentWithoutAddressSats = 0n;
  for (const output of unspent.values()) {
    const sats = output.readBigUInt64LE(0);
    const script = scriptOf(output);
    unspentSats += sats;
    if (!ADDRESS_LENGTHS.has(script.length)) unspentWithoutAddressSats += sats;
    const hex = script.toString('hex');
    if (balances.has(hex) || balances.size < scriptsMax) {
      balances.set(hex, (balances.get(hex) ?? 0n) + sats);
    }
  }
  return { spentOutputs, unspentSats, unspentWithoutAddressSats, balances };
}
