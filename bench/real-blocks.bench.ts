/**
 * How fast real blocks of 2024 are indexed. There are four of them, so they are repeated in a loop, with a fresh in-memory flow
 * index and fresh row buffers for each batch; a thread reads and prepares them ahead, as in indexing. Once without the
 * database (parsing, hashing, checks, rows), once with every row inserted into the tables while the next batch is made. Last,
 * the four blocks once through the whole of indexing, where start and end weigh most.
 *
 * Checked: Merkle roots and witness commitments (the loader refuses others), transaction counts, in the tables too.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchRows } from '../src/ledger/batch-rows.ts';
import { BlockLoader } from '../src/ledger/block-loader.hot.ts';
import { countFlow } from '../src/ledger/counters.ts';
import { FlowIndex } from '../src/ledger/flow-index.ts';
import { Ledger } from '../src/ledger/ledger.ts';
import { indexBlocks } from '../src/pipeline/index-blocks.ts';
import { PreparePool } from '../src/pipeline/prepare-pool.ts';
import { type BlockSource, openBlockSource } from '../src/source/block-source.ts';
import { sharedFolder } from '../test/support/shared-data.ts';
import type { BenchFigure } from './figure.ts';

const BATCH_ROUNDS = 5;
const ROUNDS = 40;
const WARM_UP_ROUNDS = 10;
const TRANSACTIONS = 10_718;
const THREADS = 1;

export async function run(): Promise<BenchFigure[]> {
  const path = join(sharedFolder(), 'data/bitcoin/blocks/modern');
  if (!existsSync(path)) {
    process.stderr.write('!! SHARED DATA MISSING: bitcoin/blocks/modern, the bench did not run\n');
    return [];
  }
  const source = await openBlockSource(path);
  const note = `${ROUNDS} rounds over four blocks after ${WARM_UP_ROUNDS} to warm up, ${THREADS} thread ahead`;
  const bytes = source.blocks.reduce((sum, block) => sum + block.lengthBytes, 0);
  const megabytes = (ROUNDS * bytes) / 1e6;
  const loading = await measureRounds(source, async () => undefined);
  return [
    {
      name: 'real blocks of 2024: parse, hash, check, make rows',
      value: megabytes / loading,
      unit: 'MB/s',
      targetMin: 120,
      note,
    },
    {
      name: 'real blocks of 2024: the same and into the tables',
      value: megabytes / (await measureInserting(source)),
      unit: 'MB/s',
      targetMin: 120,
      note,
    },
    ...(await measureOnce(path)),
  ];
}

/**
 * Seconds for all counted rounds. A fresh flow index every few rounds, which is the size of a batch in indexing; within it the
 * blocks come again, and each new copy of a transaction takes the place of the one before (as before BIP 30).
 *
 * @param insert called with the rows of a batch, and awaited while the next one is made
 */
async function measureRounds(
  source: BlockSource,
  insert: (rows: BatchRows) => Promise<void>,
): Promise<number> {
  const rounds = WARM_UP_ROUNDS + ROUNDS;
  const { network, blocks } = source;
  const order = Array.from({ length: rounds }, () => blocks).flat();
  const pool = new PreparePool(order, network.name, THREADS);
  let start = 0;
  let inFlight = Promise.resolve();
  for (let round = 0; round < rounds; round += BATCH_ROUNDS) {
    if (round === WARM_UP_ROUNDS) {
      await inFlight;
      start = performance.now();
    }
    const flow = FlowIndex.inMemory(network);
    const loader = new BlockLoader(flow, countFlow(flow));
    for (let copy = 0; copy < BATCH_ROUNDS; copy += 1) {
      for (const { height, hash, offsetBytes } of blocks) {
        const next = await pool.next();
        assert.ok(next?.prepared);
        loader.addPrepared(next.prepared, { height, hash, fileId: 0, fileOffset: offsetBytes });
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.equal(flow.txCount, BATCH_ROUNDS * TRANSACTIONS);
    await inFlight;
    inFlight = insert(loader.rows);
  }
  await inFlight;
  const seconds = (performance.now() - start) / 1000;
  await pool.close();
  return seconds;
}

async function measureInserting(source: BlockSource): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-'));
  const ledger = await Ledger.open(folder, source.network);
  try {
    const seconds = await measureRounds(source, async (rows) => {
      await Promise.all(
        Object.entries(rows).map(([table, columns]) => ledger.engine.insert(table, columns)),
      );
    });
    const [count] = await ledger.engine.query<{ n: string }>(
      'SELECT count() AS n FROM transactions',
    );
    assert.equal(Number(count!.n), (WARM_UP_ROUNDS + ROUNDS) * TRANSACTIONS);
    return seconds;
  } finally {
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The four blocks through the whole of indexing, in a process that has just read them several times. */
async function measureOnce(path: string): Promise<BenchFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'clew-bench-'));
  try {
    const source = await openBlockSource(path);
    const ledger = await Ledger.open(join(folder, 'ledger'), source.network);
    const start = performance.now();
    const result = await indexBlocks(ledger, source);
    const seconds = (performance.now() - start) / 1000;
    assert.equal(result.transactionsAdded, TRANSACTIONS);
    await ledger.close();
    return [
      {
        name: 'real blocks of 2024: whole index, once',
        value: result.bytesRead / seconds / 1e6,
        unit: 'MB/s',
        note: '6.9 MB in one batch: nearly all of it is start, commit and sync',
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
