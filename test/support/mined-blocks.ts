/**
 * Small regtest blocks for tests of the framing: one coinbase each, valid Merkle root and proof of work,
 * written by hand so that they share nothing with the simulator or the reader.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ByteWriter } from '../../src/bytes/byte-writer.ts';
import { sha256d } from '../../src/bytes/hash.ts';
import { displayToHash, hashToDisplay } from '../../src/bytes/hex.ts';

export const REGTEST_MAGIC = 0xdab5bffa;
/** Two hashes of work, the least that regtest allows. */
export const EASY_BITS = 0x207fffff;
/** 32 hashes of work. */
export const HARD_BITS = 0x2007ffff;

/** Regtest's block 0, from Bitcoin Core `src/kernel/chainparams.cpp`. */
export const REGTEST_GENESIS: MinedBlock = {
  height: 0,
  bits: EASY_BITS,
  hash: '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206',
  prevHash: '00'.repeat(32),
  txids: ['4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'],
  bytes: new Uint8Array(
    Buffer.from(
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e' +
        '67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f20020000000101000000010000000000000000' +
        '000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d6573' +
        '2030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e6420626169' +
        '6c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b710' +
        '5cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf1' +
        '1d5fac00000000',
      'hex',
    ),
  ),
};

export interface MinedBlock {
  readonly height: number;
  readonly bits: number;
  readonly hash: string;
  readonly prevHash: string;
  readonly bytes: Uint8Array;
  /** The coinbase first. */
  readonly txids: readonly string[];
}

export interface BlockPlan {
  readonly prevHash: string;
  readonly height: number;
  /** Below 2 the coinbase names no height. */
  readonly version?: number;
  readonly bits?: number;
  readonly timeSeconds?: number;
  /** Makes blocks of the same height and parent differ, and longer. */
  readonly extra?: Uint8Array;
  /** The height that the coinbase names, when it is to be a wrong one. */
  readonly coinbaseHeight?: number;
  /** Further transactions, without witness, as bytes. */
  readonly transactions?: readonly Uint8Array[];
}

/** A transaction with one input and no witness. */
export function spend(
  txid: string,
  vout: number,
  outputs: readonly { readonly sats: number; readonly script: Uint8Array }[],
  scriptSig = new Uint8Array(0),
): Uint8Array {
  const writer = new ByteWriter().u32(2).varint(1).bytes(displayToHash(txid)).u32(vout);
  writer.varbytes(scriptSig).u32(0xffff_ffff).varint(outputs.length);
  for (const { sats, script } of outputs) writer.u64(sats).varbytes(script);
  return writer.u32(0).finish();
}

/** The Merkle root by its definition. */
function merkleRootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0]!;
  const above: Uint8Array[] = [];
  for (let i = 0; i < hashes.length; i += 2) {
    above.push(sha256d(Buffer.concat([hashes[i]!, hashes[i + 1] ?? hashes[i]!])));
  }
  return merkleRootOf(above);
}

function heightPush(height: number): number[] {
  if (height === 0) return [0];
  if (height <= 16) return [0x50 + height];
  const bytes: number[] = [];
  for (let rest = height; rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256);
  if (bytes.at(-1)! >= 0x80) bytes.push(0);
  return [bytes.length, ...bytes];
}

function meets(hash: Uint8Array, bits: number): boolean {
  const target = BigInt(bits % 0x100_0000) << BigInt(8 * (Math.floor(bits / 0x100_0000) - 3));
  return BigInt(`0x${hashToDisplay(hash)}`) <= target;
}

/** Mine one block: a coinbase with one output that anybody may spend. */
export function mineBlock(plan: BlockPlan): MinedBlock {
  const { height, prevHash, version = 0x2000_0000, bits = EASY_BITS } = plan;
  const script = version >= 2 ? heightPush(plan.coinbaseHeight ?? height) : [];
  // At least two bytes, as consensus wants; a 0xff push that no reader takes for a height.
  script.push(0x4c, 0);
  const extra = plan.extra ?? new Uint8Array(0);
  const coinbase = new ByteWriter()
    .u32(2)
    .varint(1)
    .bytes(new Uint8Array(32))
    .u32(0xffff_ffff)
    .varbytes(Uint8Array.from(script))
    .u32(0xffff_ffff)
    .varint(2)
    .u64(50 * 100_000_000)
    .varbytes(Uint8Array.of(0x51))
    .u64(0)
    .varbytes(Uint8Array.of(0x6a, ...extra))
    .u32(0)
    .finish();
  const timeSeconds = plan.timeSeconds ?? 1_600_000_000 + 600 * height;
  const transactions = [coinbase, ...(plan.transactions ?? [])];
  const root = merkleRootOf(transactions.map((bytes) => sha256d(bytes)));
  for (let nonce = 0; ; nonce += 1) {
    const header = new ByteWriter()
      .i32(version)
      .bytes(displayToHash(prevHash))
      .bytes(root)
      .u32(timeSeconds)
      .u32(bits)
      .u32(nonce)
      .finish();
    const hash = sha256d(header);
    if (!meets(hash, bits)) continue;
    const count = new ByteWriter().varint(transactions.length).finish();
    const bytes = new Uint8Array(Buffer.concat([header, count, ...transactions]));
    return {
      height,
      bits,
      hash: hashToDisplay(hash),
      prevHash,
      bytes,
      txids: transactions.map((transaction) => hashToDisplay(sha256d(transaction))),
    };
  }
}

/** The genesis block and `count` blocks on it. */
export function mineChain(count: number, plan: Partial<BlockPlan> = {}): MinedBlock[] {
  const blocks = [REGTEST_GENESIS];
  for (let height = 1; height <= count; height += 1) {
    blocks.push(mineBlock({ ...plan, prevHash: blocks.at(-1)!.hash, height }));
  }
  return blocks;
}

/** Magic, length, block. */
export function frame(bytes: Uint8Array, magic = REGTEST_MAGIC): Uint8Array {
  return new ByteWriter().u32(magic).u32(bytes.length).bytes(bytes).finish();
}

/** A block file of these blocks. */
export function frameAll(blocks: readonly MinedBlock[]): Uint8Array {
  return Buffer.concat(blocks.map(({ bytes }) => frame(bytes)));
}

/** A fresh folder with these files, removed after the test. */
export function folderWith(t: TestContext, files: Readonly<Record<string, Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'clew-source-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
}
