/**
 * Blocks before they meet the ledger: parsed, hashed, checked, their scripts classified; by one thread, and by threads ahead of
 * one that only takes them. Real blocks of 2024, again and again; where they are missing, nothing is measured.
 *
 * Checked: the lanes give OpenSSL's txids; Merkle roots and witness commitments of each block in each round; transaction counts.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { BlockColumns, readBlockColumns } from '../src/chain/block-columns.hot.ts';
import { checkMerkleRoot, checkWitnessCommitment } from '../src/chain/merkle.ts';
import { PreparedBlock, prepareBlock } from '../src/ledger/prepare-block.hot.ts';
import { PreparePool } from '../src/pipeline/prepare-pool.ts';
import { type BlockSource, openBlockSource, type SourceBlock } from '../src/source/block-source.ts';
import { sharedFolder } from '../test/support/shared-data.ts';
import type { BenchFigure } from './figure.ts';

const ROUNDS = 20;
const REPEATS = 5;
const POOL_ROUNDS = 150;
const TRANSACTIONS = 10_718;

interface RealBlock {
  readonly block: SourceBlock;
  readonly bytes: Uint8Array;
  readonly columns: BlockColumns;
}

export async function run(): Promise<BenchFigure[]> {
  const path = join(sharedFolder(), 'data/bitcoin/blocks/modern');
  if (!existsSync(path)) {
    process.stderr.write('!! SHARED DATA MISSING: bitcoin/blocks/modern, the bench did not run\n');
    return [];
  }
  const source = await openBlockSource(path);
  const blocks = source.blocks.map((block) => ({
    block,
    bytes: source.readBlock(block),
    columns: new BlockColumns(),
  }));
  const megabytes = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0) / 1e6;
  const note = `one thread, by its processor time; best of ${REPEATS} times ${ROUNDS} rounds over four blocks`;
  return [
    ...oneThread(source, blocks).map(({ name, seconds }) => ({
      name,
      value: megabytes / seconds,
      unit: 'MB/s',
      note,
    })),
    ...(await withThreads(source, megabytes)),
  ];
}

/** Seconds of processor time of one round over the blocks, for each way of going over them, taking turns. */
function oneThread(
  source: BlockSource,
  blocks: readonly RealBlock[],
): { name: string; seconds: number }[] {
  const { network } = source;
  const prepared = new PreparedBlock();
  const read = ({ bytes, columns }: RealBlock): void => readBlockColumns(bytes, network, columns);
  for (const block of blocks) {
    read(block);
    const expected = hashCallByCall(block);
    assert.deepEqual(Buffer.from(block.columns.txids.subarray(0, expected.length)), expected);
  }
  const ways: Record<string, (block: RealBlock) => void> = {
    'prepare: txids by OpenSSL, call by call (to compare)': (block) => {
      hashCallByCall(block);
    },
    'prepare: parse, txids': read,
    'prepare: parse, txids, Merkle root': (block) => {
      read(block);
      assert.equal(checkMerkleRoot(block.bytes, block.columns), 'ok');
    },
    'prepare: parse, txids, Merkle root, witness commitment': (block) => {
      read(block);
      assert.equal(checkMerkleRoot(block.bytes, block.columns), 'ok');
      assert.equal(checkWitnessCommitment(block.bytes, block.columns), 'ok');
    },
    'prepare: all of it, script kinds and keys too': ({ block, bytes }) => {
      prepareBlock(bytes, network, block, prepared);
    },
  };
  const best = Object.keys(ways).map((name) => ({ name, seconds: Number.POSITIVE_INFINITY }));
  for (let repeat = 0; repeat < REPEATS; repeat += 1) {
    for (const way of best) {
      const start = process.threadCpuUsage();
      for (let round = 0; round < ROUNDS; round += 1) blocks.forEach(ways[way.name]!);
      const { user, system } = process.threadCpuUsage(start);
      way.seconds = Math.min(way.seconds, (user + system) / 1e6 / ROUNDS);
    }
  }
  return best;
}

/** The txids of a block that was read, as they were hashed before there were lanes. */
function hashCallByCall({ bytes, columns }: RealBlock): Buffer {
  const txids = Buffer.alloc(32 * columns.txCount);
  for (let tx = 0; tx < columns.txCount; tx += 1) {
    const start = columns.txOffset[tx]!;
    const length = columns.txStrippedLength[tx]!;
    const end = start + columns.txLength[tx]!;
    let whole = bytes.subarray(start, end);
    if (columns.txHasWitness[tx] === 1) {
      const core = bytes.subarray(start + 6, start + 6 + length - 8);
      whole = Buffer.concat([bytes.subarray(start, start + 4), core, bytes.subarray(end - 4, end)]);
    }
    txids.set(hash('sha256', hash('sha256', whole, 'buffer'), 'buffer'), 32 * tx);
  }
  return txids;
}

async function withThreads(source: BlockSource, megabytes: number): Promise<BenchFigure[]> {
  const figures: BenchFigure[] = [];
  const blocks = Array.from({ length: POOL_ROUNDS }, () => source.blocks).flat();
  for (let threads = 1; threads <= availableParallelism(); threads += 1) {
    const begun = performance.now();
    const pool = new PreparePool(blocks, source.network.name, threads);
    let transactions = 0;
    let firstAt = 0;
    for (let next = await pool.next(); next !== undefined; next = await pool.next()) {
      assert.ok(next.prepared);
      if (firstAt === 0) firstAt = performance.now();
      transactions += next.prepared.columns.txCount;
    }
    const seconds = (performance.now() - firstAt) / 1000;
    await pool.close();
    assert.equal(transactions, POOL_ROUNDS * TRANSACTIONS);
    figures.push({
      name: `prepare: read from the file and all of it, by ${threads} threads`,
      value: (POOL_ROUNDS * megabytes) / seconds,
      unit: 'MB/s',
      targetMin: 120,
      note: `${POOL_ROUNDS} rounds; the first block came after ${Math.round(firstAt - begun)} ms`,
    });
  }
  return figures;
}
