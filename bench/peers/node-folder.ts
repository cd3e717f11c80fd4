/**
 * A folder as a Bitcoin Core node leaves it, made from block files: `blocks/blk*.dat` with the magic of the main
 * network (peers know no other, or no regtest) and `blocks/index` with the block index of the best branch.
 *
 * Index entries: Bitcoin Core's `CDiskBlockIndex` (src/chain.h), its VARINT (src/serialize.h), and
 * `node::BlockTreeDB` (src/txdb.cpp): the key is `b` and the hash of the header.
 */
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ByteWriter } from '../../src/bytes/byte-writer.ts';
import { sha256d } from '../../src/bytes/hash.ts';
import { writeLevelDb } from '../leveldb-writer.ts';
import type { ServedBlock } from './stand-in-node.ts';

const MAIN_MAGIC = 0xd9b4_bef9;
const HEADER_BYTES = 80;
/** What Core writes for the version since it counts no longer. */
const INDEX_VERSION = 259_900;
/** BLOCK_VALID_SCRIPTS, BLOCK_HAVE_DATA, BLOCK_OPT_WITNESS. */
const BLOCK_STATUS = 5 | 8 | 128;
const NO_PARENT = '00'.repeat(32);

/** Where a block lies; hashes in the order of the bytes. */
export interface StoredBlock {
  readonly hash: string;
  readonly parent: string;
  readonly header: Uint8Array;
  readonly transactions: number;
  readonly file: number;
  readonly offset: number;
  /** Of the whole record, its eight bytes of header included. */
  readonly bytes: number;
}

export interface NodeFolder {
  readonly folder: string;
  /** The block files as they were, with the magic of their own network. */
  readonly sourceBlocks: string;
  readonly blocks: number;
  readonly transactions: number;
  /** All block files together, record headers included. */
  readonly bytes: number;
  /** Transactions in the blocks up to and including each height. */
  readonly transactionsUpTo: readonly number[];
  /** Bytes of the records of those blocks. */
  readonly bytesUpTo: readonly number[];
  /** Lowest first. */
  readonly branch: readonly StoredBlock[];
}

/** Bitcoin Core's VARINT: seven bits a byte, the high ones first, each further byte worth one more. */
export function coreVarint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128) - 1) {
    bytes.unshift((rest % 128) | (bytes.length > 0 ? 0x80 : 0));
    if (rest < 128) return bytes;
  }
}

function compactSize(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  if (first < 0xfd) return first;
  return first === 0xfd ? bytes.readUInt16LE(at + 1) : bytes.readUInt32LE(at + 1);
}

/** Walks one block file, puts the magic of the main network in front of each block, and notes what is where. */
function takeBlockFile(bytes: Buffer, file: number, blocks: StoredBlock[]): void {
  const magic = bytes.readUInt32LE(0);
  for (let at = 0; at + 8 <= bytes.length; ) {
    if (bytes.readUInt32LE(at) !== magic) throw new Error(`no block at ${at} of file ${file}`);
    bytes.writeUInt32LE(MAIN_MAGIC, at);
    const offset = at + 8;
    const header = Uint8Array.from(bytes.subarray(offset, offset + HEADER_BYTES));
    blocks.push({
      hash: Buffer.from(sha256d(header)).toString('hex'),
      parent: Buffer.from(header.subarray(4, 36)).toString('hex'),
      header,
      transactions: compactSize(bytes, offset + HEADER_BYTES),
      file,
      offset,
      bytes: 8 + bytes.readUInt32LE(at + 4),
    });
    at = offset + bytes.readUInt32LE(at + 4);
  }
}

/** @returns the longest branch from block 0, lowest first: simulated blocks all carry the same work */
function longestBranch(blocks: readonly StoredBlock[]): StoredBlock[] {
  const children = new Map<string, StoredBlock[]>();
  for (const block of blocks) {
    const siblings = children.get(block.parent);
    if (siblings === undefined) children.set(block.parent, [block]);
    else siblings.push(block);
  }
  const byHash = new Map(blocks.map((block) => [block.hash, block]));
  let level = children.get(NO_PARENT) ?? [];
  let tip: StoredBlock | undefined;
  while (level.length > 0) {
    tip = level[0];
    level = level.flatMap((block) => children.get(block.hash) ?? []);
  }
  const branch: StoredBlock[] = [];
  for (let block = tip; block !== undefined; block = byHash.get(block.parent)) branch.push(block);
  return branch.reverse();
}

function* indexEntries(
  branch: readonly StoredBlock[],
): Generator<readonly [Uint8Array, Uint8Array]> {
  for (const [height, block] of branch.entries()) {
    const key = new ByteWriter(33).u8('b'.charCodeAt(0)).bytes(Buffer.from(block.hash, 'hex'));
    const value = new ByteWriter(128);
    for (const field of [
      INDEX_VERSION,
      height,
      BLOCK_STATUS,
      block.transactions,
      block.file,
      block.offset,
    ]) {
      value.bytes(Uint8Array.from(coreVarint(field)));
    }
    yield [key.finish(), value.bytes(block.header).finish()];
  }
}

function runningTotal(values: readonly number[]): number[] {
  let total = 0;
  return values.map((value) => {
    total += value;
    return total;
  });
}

/** Makes a node's folder of the block files in `blocksFolder`, which holds whole files of one network. */
export function makeNodeFolder(blocksFolder: string, folder: string): NodeFolder {
  mkdirSync(join(folder, 'blocks'), { recursive: true });
  const blocks: StoredBlock[] = [];
  const names = readdirSync(blocksFolder)
    .filter((name) => /^blk\d+\.dat$/.test(name))
    .sort();
  let total = 0;
  for (const [file, name] of names.entries()) {
    const bytes = readFileSync(join(blocksFolder, name));
    takeBlockFile(bytes, file, blocks);
    writeFileSync(join(folder, 'blocks', name), bytes);
    total += bytes.length;
  }
  const branch = longestBranch(blocks);
  if (branch.length !== blocks.length) throw new Error('the simulated chain has branches');
  writeLevelDb(join(folder, 'blocks', 'index'), indexEntries(branch));
  const transactionsUpTo = runningTotal(branch.map((block) => block.transactions));
  return {
    folder,
    sourceBlocks: blocksFolder,
    blocks: branch.length,
    transactions: transactionsUpTo.at(-1) ?? 0,
    bytes: total,
    transactionsUpTo,
    bytesUpTo: runningTotal(branch.map((block) => block.bytes)),
    branch,
  };
}

/** All blocks in memory, lowest first, without the headers of their records. */
export function readBlocks(node: NodeFolder): ServedBlock[] {
  const files = readdirSync(join(node.folder, 'blocks'))
    .filter((name) => name.endsWith('.dat'))
    .sort()
    .map((name) => readFileSync(join(node.folder, 'blocks', name)));
  return node.branch.map(({ hash, file, offset, bytes }) => ({
    hash: Buffer.from(hash, 'hex').reverse().toString('hex'),
    bytes: files[file]!.subarray(offset, offset + bytes - 8),
  }));
}

/** The same folder for one peer: the block files are shared, the index is its own, since opening it changes it. */
export function shareNodeFolder(node: NodeFolder, folder: string): void {
  mkdirSync(join(folder, 'blocks', 'index'), { recursive: true });
  for (const entry of readdirSync(join(node.folder, 'blocks'), { withFileTypes: true })) {
    if (!entry.isFile()) continue;
    linkSync(join(node.folder, 'blocks', entry.name), join(folder, 'blocks', entry.name));
  }
  for (const name of readdirSync(join(node.folder, 'blocks', 'index'))) {
    copyFileSync(join(node.folder, 'blocks', 'index', name), join(folder, 'blocks', 'index', name));
  }
}
