/**
 * Block files with damage by chance, read and indexed: nothing crashes, only what was hit is lost, every loss is named with
 * its place, and the ledger of what is left is right.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '../../src/bytes/seeded-random.ts';
import { getNetwork } from '../../src/chain/network.ts';
import type { Problem } from '../../src/errors.ts';
import { listBlocks } from '../../src/ledger/block-directory.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { indexBlocks } from '../../src/pipeline/index-blocks.ts';
import { openBlockSource } from '../../src/source/block-source.ts';
import { compareCounters } from '../support/compare-ledger.ts';
import {
  frame,
  type MinedBlock,
  mineBlock,
  REGTEST_GENESIS,
  spend,
} from '../support/mined-blocks.ts';
import { NaiveLedger } from '../support/naive-ledger.ts';

/** A piece of a block file: a record, whole or hit, or bytes that belong to none. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly block?: MinedBlock;
  readonly isHit: boolean;
}

interface PlacedPiece extends Piece {
  readonly file: string;
  readonly offset: number;
}

/** 4,096 hashes of work: a header that was changed has it by chance once in so many times. */
const BITS = 0x1f0fffff;

/** A chain with some payments. */
function mineWithPayments(random: SeededRandom, count: number): MinedBlock[] {
  const blocks = [REGTEST_GENESIS];
  const spent = new Set<string>();
  for (let height = 1; height < count; height += 1) {
    const transactions = [];
    for (let n = height > 20 ? random.int(0, 3) : 0; n > 0; n -= 1) {
      const coinbase = blocks[height - 20 + n]!.txids[0]!;
      const scripts = [random.bytes(random.int(1, 60)), random.bytes(random.int(1, 60))];
      if (!spent.has(coinbase)) {
        transactions.push(
          spend(
            coinbase,
            0,
            scripts.map((script) => ({ sats: 24e8, script })),
          ),
        );
      }
      spent.add(coinbase);
    }
    blocks.push(mineBlock({ prevHash: blocks.at(-1)!.hash, height, bits: BITS, transactions }));
  }
  return blocks;
}

type Damage = (record: Uint8Array, random: SeededRandom) => Uint8Array;

/** What can happen to a record. */
const DAMAGES: Readonly<Record<string, Damage>> = {
  'bytes changed': (record, random) => {
    const bytes = record.slice();
    for (let n = random.int(1, 8); n > 0; n -= 1)
      bytes[random.int(0, bytes.length - 1)]! ^= random.int(1, 255);
    return bytes;
  },
  'a bit flipped in the frame or the header': (record, random) => {
    const bytes = record.slice();
    bytes[random.int(0, 87)]! ^= 2 ** random.int(0, 7);
    return bytes;
  },
  'a stretch of zeros': (record, random) => {
    const from = random.int(0, record.length - 1);
    return record.slice().fill(0, from, from + random.int(1, 200));
  },
  'a stretch of noise': (record, random) => {
    const bytes = record.slice();
    const from = random.int(0, record.length - 1);
    const to = Math.min(bytes.length, from + random.int(1, 500));
    bytes.set(random.bytes(to - from), from);
    return bytes;
  },
  'cut off': (record, random) => record.slice(0, random.int(0, record.length - 1)),
  'bytes taken out': (record, random) => {
    const from = random.int(0, record.length - 1);
    return Buffer.concat([record.subarray(0, from), record.subarray(from + random.int(1, 100))]);
  },
  'bytes put in': (record, random) => {
    const at = random.int(1, record.length - 1);
    return Buffer.concat([
      record.subarray(0, at),
      random.bytes(random.int(1, 100)),
      record.subarray(at),
    ]);
  },
  'a length that lies': (record, random) => {
    const bytes = Buffer.from(record);
    bytes.writeUInt32LE(
      random.pick([
        0,
        80,
        0xffff_ffff,
        7_000_000,
        random.u32(),
        record.length - 8 + random.int(1, 200),
      ]),
      4,
    );
    return bytes;
  },
};

/** Damage some records, put some noise, foreign records and second copies between, and shuffle a few. */
function damagedPieces(
  blocks: readonly MinedBlock[],
  random: SeededRandom,
  counts: Record<string, number>,
): Piece[] {
  const pieces: Piece[] = blocks.map((block) => ({
    bytes: frame(block.bytes),
    block,
    isHit: false,
  }));
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  for (let n = random.int(1, 4); n > 0; n -= 1) {
    const at = random.int(0, pieces.length - 1);
    const piece = pieces[at]!;
    if (piece.block === undefined || piece.isHit) continue;
    const [what, damage] = random.pick(Object.entries(DAMAGES));
    const bytes = damage(piece.bytes, random);
    if (Buffer.compare(bytes, piece.bytes) === 0) continue;
    pieces[at] = { ...piece, bytes, isHit: true };
    count(what);
  }
  const put = (what: string, bytes: Uint8Array): void => {
    pieces.splice(random.int(0, pieces.length), 0, { bytes, isHit: true });
    count(what);
  };
  if (random.chance(0.3)) put('noise between records', random.bytes(random.int(1, 3_000)));
  if (random.chance(0.2)) put('zeros between records', new Uint8Array(random.int(1, 5_000)));
  if (random.chance(0.2))
    put('a record of another network', frame(random.pick(blocks).bytes, 0xd9b4bef9));
  if (random.chance(0.3)) put('a second copy of a block', frame(random.pick(blocks).bytes));
  if (random.chance(0.3)) {
    const [moved] = pieces.splice(random.int(0, pieces.length - 1), 1);
    pieces.splice(random.int(0, pieces.length), 0, moved!);
    count('a record out of order');
  }
  return pieces;
}

/** Write the pieces as one to three files. */
function writePieces(
  folder: string,
  pieces: readonly Piece[],
  random: SeededRandom,
): PlacedPiece[] {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = random.int(1, 3);
  const placed: PlacedPiece[] = [];
  for (let n = 0; n < files; n += 1) {
    const file = join(folder, `blk0000${n}.dat`);
    const from = Math.floor((pieces.length * n) / files);
    const own = pieces.slice(from, Math.floor((pieces.length * (n + 1)) / files));
    let offset = 0;
    for (const piece of own) {
      placed.push({ ...piece, file, offset });
      offset += piece.bytes.length;
    }
    writeFileSync(file, Buffer.concat(own.map(({ bytes }) => bytes)));
  }
  return placed;
}

/**
 * True when a record that was hit says that it ends where another begins, behind this one: that can not be seen without
 * reading bodies (docs/reliability.md, not promised).
 */
function isHidden(piece: PlacedPiece, placed: readonly PlacedPiece[]): boolean {
  return placed.some(({ isHit, file, offset, bytes }) => {
    if (!isHit || file !== piece.file || bytes.length < 8) return false;
    const end = offset + 8 + Buffer.from(bytes).readUInt32LE(4);
    const isBehind = piece.offset >= offset + bytes.length;
    return (
      isBehind &&
      piece.offset + piece.bytes.length <= end &&
      placed.some((other) => other.file === file && other.offset === end)
    );
  });
}

/** True when a finding speaks of the block, or of the place where its record stood. */
function isTold(piece: PlacedPiece, problems: readonly Problem[]): boolean {
  const { block, file, offset, bytes } = piece;
  return problems.some(({ facts }) => {
    if (facts['hash'] === block!.hash) return true;
    const at = facts['offset'];
    if (facts['file'] !== file || typeof at !== 'number') return false;
    const end = at + (typeof facts['bytes'] === 'number' ? facts['bytes'] : 1);
    return end > offset && at < offset + Math.max(1, bytes.length);
  });
}

export interface FileFuzzResult {
  readonly rounds: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly blocksOffered: number;
  readonly blocksLost: number;
  readonly problems: number;
}

/**
 * @param isTimeUp asked before each round
 * @param blockCount of the chain whose files are damaged
 */
export async function fuzzFiles(
  folder: string,
  seed: string,
  isTimeUp: () => boolean,
  blockCount = 150,
): Promise<FileFuzzResult> {
  const blocks = mineWithPayments(seededRandom(seed), blockCount);
  const network = getNetwork('regtest');
  const ledger = await Ledger.open(join(folder, 'ledger'), network);
  const counts: Record<string, number> = {};
  let rounds = 0;
  let lostInAll = 0;
  let problemsInAll = 0;
  try {
    for (; !isTimeUp(); rounds += 1) {
      const random = seededRandom(rounds === 0 ? seed : `${seed} ${rounds}`);
      try {
        const pieces = damagedPieces(blocks, random, counts);
        const placed = writePieces(join(folder, 'blocks'), pieces, random);
        await ledger.clear();
        const source = await openBlockSource(join(folder, 'blocks'), { network: 'regtest' });
        const result = await indexBlocks(ledger, source);
        source.close();
        const problems = [...source.problems, ...result.problems];
        const found = await listBlocks(ledger.engine);
        const isIn = new Set(found.map(({ hash }) => hash));
        const lost = placed.filter(({ block }) => block !== undefined && !isIn.has(block.hash));
        for (const piece of lost) {
          const { height } = piece.block!;
          if (isHidden(piece, placed)) continue;
          assert.ok(piece.isHit, `block ${height} was lost though nothing hit it`);
          assert.ok(isTold(piece, problems), `the loss of block ${height} was not told`);
        }
        const naive = new NaiveLedger(network);
        for (const { height, hash } of found) {
          assert.equal(hash, blocks[height]?.hash, 'a block of the chain at its height');
          naive.addBlock(blocks[height]!.bytes, height);
        }
        await compareCounters(ledger, naive);
        lostInAll += lost.length;
        problemsInAll += problems.length;
      } catch (error) {
        throw new Error(`damaged files, replay with seed "${random.seed}"`, { cause: error });
      }
    }
  } finally {
    await ledger.close();
  }
  return {
    rounds,
    counts,
    blocksOffered: rounds * blocks.length,
    blocksLost: lostInAll,
    problems: problemsInAll,
  };
}
