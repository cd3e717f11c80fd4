import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { compareAddresses, compareCounters } from '../../test/support/compare-ledger.ts';
import { flowColumns } from '../../test/support/flow-columns.ts';
import type { NaiveLedger } from '../../test/support/naive-ledger.ts';
import { sharedPath } from '../../test/support/shared-data.ts';
import { blocksTo, naiveLedgerOf, onlyBlocks } from '../../test/support/some-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { NetworkName } from '../chain/network.ts';
import { Ledger } from '../ledger/ledger.ts';
import { readTransaction } from '../ledger/transaction-facts.ts';
import { type BlockSource, openBlockSource } from '../source/block-source.ts';
import { openRawReader } from '../source/raw-bytes.ts';
import { indexBlocks } from './index-blocks.ts';

const folder = temporaryFolder('index');
let ledgerNumber = 0;

async function withLedger(
  source: BlockSource,
  work: (ledger: Ledger, ledgerFolder: string) => Promise<void>,
): Promise<void> {
  ledgerNumber += 1;
  const ledgerFolder = join(folder, `ledger-${ledgerNumber}`);
  const ledger = await Ledger.open(ledgerFolder, source.network);
  try {
    await work(ledger, ledgerFolder);
  } finally {
    await ledger.close();
  }
}

async function sharedSource(
  t: TestContext,
  path: string,
  options: { network?: NetworkName; height?: number } = {},
): Promise<BlockSource | undefined> {
  const found = sharedPath(t, path);
  return found === undefined ? undefined : openBlockSource(found, options);
}

async function compareWithNaive(ledger: Ledger, naive: NaiveLedger): Promise<void> {
  await compareCounters(ledger, naive);
  const every = Math.ceil(naive.addresses.size / 20);
  await compareAddresses(ledger, naive, { every, pageSize: 1_000 });
}

for (const [path, what] of [
  ['bitcoin/blocks/early', 'the first 600 blocks of mainnet'],
  ['bitcoin/blocks/modern', 'four blocks of 2024, most prevouts unknown'],
  ['coinjoin/wasabi2-emulated', 'an emulated regtest chain'],
] as const) {
  test(`${what}: counters, addresses and histories equal a slow ledger's`, async (t) => {
    const source = await sharedSource(t, path);
    if (source === undefined) return;
    await withLedger(source, async (ledger) => {
      const result = await indexBlocks(ledger, source);
      assert.deepEqual(result.problems, []);
      await compareWithNaive(ledger, naiveLedgerOf(source));
    });
  });
}

test('the links made while loading equal those made from the facts', async (t) => {
  const source = await sharedSource(t, 'bitcoin/blocks/modern');
  if (source === undefined) return;
  await withLedger(source, async (ledger) => {
    await indexBlocks(ledger, source);
    const loaded = flowColumns(await ledger.openFlow());
    assert.deepEqual(flowColumns(await ledger.rebuildFlow()), loaded);
  });
});

test('whole = in pieces = undone and loaded again', async (t) => {
  const source = await sharedSource(t, 'coinjoin/wasabi2-emulated');
  if (source === undefined) return;
  const upTo = (heightMax: number): BlockSource => blocksTo(source, heightMax);
  let whole: Record<string, unknown[]> = {};
  let counters: unknown;
  await withLedger(source, async (ledger) => {
    await indexBlocks(ledger, source);
    whole = flowColumns(await ledger.openFlow());
    counters = ledger.counters;
  });
  await withLedger(source, async (ledger) => {
    for (const height of [0, 1, 207, 208, 300, 323]) await indexBlocks(ledger, upTo(height));
    assert.deepEqual(flowColumns(await ledger.openFlow()), whole);
    assert.deepEqual(ledger.counters, counters);
    await ledger.undoAbove(211);
    assert.equal(ledger.tip?.height, 211);
    const naive = naiveLedgerOf(upTo(211));
    await compareWithNaive(ledger, naive);
    await indexBlocks(ledger, source);
    assert.deepEqual(flowColumns(await ledger.openFlow()), whole);
    assert.deepEqual(ledger.counters, counters);
  });
});

test('blocks that fill a hole below the tip make the same ledger as all at once', async (t) => {
  const source = await sharedSource(t, 'coinjoin/wasabi2-emulated');
  if (source === undefined) return;
  await withLedger(source, async (ledger) => {
    await indexBlocks(
      ledger,
      onlyBlocks(source, (height) => height >= 205),
    );
    assert.ok(ledger.counters.unknownInputs > 0);
    const result = await indexBlocks(ledger, source);
    assert.equal(result.plan, 'reload');
    await compareWithNaive(ledger, naiveLedgerOf(source));
  });
});

test('a damaged block is named, left out, and the rest indexed as two windows', async (t) => {
  const early = sharedPath(t, 'bitcoin/blocks/early');
  const damaged = sharedPath(t, 'bitcoin/framing/damaged-record.dat');
  if (early === undefined || damaged === undefined) return;
  const blocks = join(folder, 'damaged');
  mkdirSync(blocks);
  copyFileSync(join(early, 'blk00000.dat'), join(blocks, 'blk00000.dat'));
  copyFileSync(damaged, join(blocks, 'blk00001.dat'));
  const source = await openBlockSource(blocks);
  await withLedger(source, async (ledger) => {
    const result = await indexBlocks(ledger, source);
    assert.equal(result.problems.length, 1);
    assert.equal(result.problems[0]?.code, 'CLEW_BLOCK_MERKLE');
    assert.equal(result.problems[0]?.facts['height'], 450);
    assert.equal(result.problems[0]?.facts['file'], join(blocks, 'blk00001.dat'));
    assert.equal(ledger.counters.blocks, 599);
    const flow = await ledger.openFlow();
    assert.equal(flow.findBlock(450), undefined);
    assert.notEqual(flow.findBlock(451), undefined);
  });
});

test('a ledger left while writing drops what was not committed', async (t) => {
  const source = await sharedSource(t, 'bitcoin/blocks/early');
  if (source === undefined) return;
  const firstHalf = onlyBlocks(source, (height) => height < 300);
  const naive = naiveLedgerOf(firstHalf);
  await withLedger(source, async (ledger, ledgerFolder) => {
    await indexBlocks(ledger, firstHalf);
    const committed = ledger.tip!;
    await indexBlocks(ledger, source);
    // As if killed between the rows of the second batch and its tip: take the newest tips away, leave the mark.
    await ledger.engine.command(
      `ALTER TABLE tips DELETE WHERE position(record, '${committed.hash}') = 0 SETTINGS mutations_sync = 2`,
    );
    ledger.beginWriting();
    await ledger.close();
    const again = await Ledger.open(ledgerFolder, source.network);
    assert.equal(again.tip?.hash, committed.hash);
    await compareWithNaive(again, naive);
    await indexBlocks(again, source);
    await compareWithNaive(again, naiveLedgerOf(source));
    await again.close();
  });
});

test('with raw bytes kept, a transaction is read from the copy', async (t) => {
  const source = await sharedSource(t, 'bitcoin/framing/xor');
  if (source === undefined) return;
  await withLedger(source, async (ledger, ledgerFolder) => {
    await indexBlocks(ledger, source, { keepRawIn: join(ledgerFolder, 'ledger/raw') });
    const flow = await ledger.openFlow();
    const facts = await readTransaction(ledger, flow, flow.txid(170));
    assert.ok(facts.raw.file.startsWith(ledgerFolder));
    const reader = openRawReader();
    const bytes = reader.read(facts.raw);
    reader.close();
    const original = source.blocks.find((block) => block.height === facts.height)!;
    const block = Buffer.from(source.readBlock(original));
    assert.ok(block.includes(Buffer.from(bytes)));
    assert.equal(bytes.length, facts.sizeBytes);
  });
});

test('a stop in the middle leaves a whole ledger, and the next run goes on', async (t) => {
  const source = await sharedSource(t, 'bitcoin/blocks/early');
  if (source === undefined) return;
  await withLedger(source, async (ledger) => {
    const stop = new AbortController();
    await assert.rejects(
      indexBlocks(ledger, source, {
        signal: stop.signal,
        onProgress: ({ height }) => {
          if (height === 123) stop.abort();
        },
      }),
      { code: 'CLEW_INTERRUPTED' },
    );
    assert.equal(ledger.tip?.height, 123);
    await compareWithNaive(ledger, naiveLedgerOf(onlyBlocks(source, (height) => height <= 123)));
    const result = await indexBlocks(ledger, source);
    assert.equal(result.blocksAdded, 476);
  });
});

test('links that are damaged are made anew from the facts; facts that are damaged are named', async (t) => {
  const source = await sharedSource(t, 'bitcoin/blocks/early');
  if (source === undefined) return;
  await withLedger(source, async (ledger, ledgerFolder) => {
    await indexBlocks(ledger, source);
    const cut = (name: string): void => {
      const column = join(ledgerFolder, `flow/${name}.col`);
      writeFileSync(column, readFileSync(column).subarray(0, 5_000));
    };
    cut('outputSpender');
    await compareWithNaive(ledger, naiveLedgerOf(source));
    cut('outputValue');
    await indexBlocks(ledger, source);
    await assert.rejects(ledger.rebuildFlow(), { code: 'CLEW_FLOW_FORMAT' });
  });
});
