import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  block300025,
  jsonPrevoutBlocks,
  type PrevoutBlock,
} from '../../test/support/prevout-blocks.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { type BlockUndo, scrambled, undoRecord } from '../../test/support/undo-writer.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BlockColumns, readBlockColumns } from '../chain/block-columns.hot.ts';
import { getNetwork } from '../chain/network.ts';
import type { BlockSource, SourceBlock } from './block-source.ts';
import { openRawReader } from './raw-bytes.ts';
import { openUndoFiles, type UndoFiles, undoFileOf } from './undo-files.ts';
import { UndoColumns } from './undo-record.hot.ts';

const MAIN = getNetwork('main');
const MAGIC = 'f9beb4d9';
const base = temporaryFolder('undo-files');

/** A block file in a folder of its own, and the source of its blocks. */
function blockFile(
  t: TestContext,
  blocks: readonly PrevoutBlock[],
  stale: readonly PrevoutBlock[] = [],
  key?: Uint8Array,
): { readonly folder: string; readonly source: BlockSource } {
  const folder = mkdtempSync(join(base, 'blocks-'));
  const parts: Buffer[] = [];
  let offset = 0;
  const placed = [...blocks, ...stale].map((block): SourceBlock => {
    const frame = Buffer.alloc(8);
    frame.write(MAGIC, 'hex');
    frame.writeUInt32LE(block.bytes.length, 4);
    parts.push(frame, block.bytes);
    offset += 8 + block.bytes.length;
    const { height, hash, prevHash, timeSeconds, bits } = block;
    const lengthBytes = block.bytes.length;
    const place = { file: join(folder, 'blk00007.dat'), offsetBytes: offset - lengthBytes };
    return { height, hash, prevHash, timeSeconds, bits, lengthBytes, ...place };
  });
  const bytes = Buffer.concat(parts);
  writeFileSync(join(folder, 'blk00007.dat'), key === undefined ? bytes : scrambled(bytes, key));
  if (key !== undefined) writeFileSync(join(folder, 'xor.dat'), key);
  const reader = openRawReader();
  t.after(() => reader.close());
  const byHeight = (a: SourceBlock, b: SourceBlock): number => a.height - b.height;
  const source: BlockSource = {
    network: MAIN,
    blocks: placed.slice(0, blocks.length).sort(byHeight),
    windows: [],
    problems: [],
    staleBlocks: placed.slice(blocks.length),
    xorKey: key,
    readBlock: (place) => reader.read(place),
    otherCopies: () => [],
    factsOf: ({ hash, height }) => ({ hash, height }),
    close: () => reader.close(),
  };
  return { folder, source };
}

function open(t: TestContext, source: BlockSource): UndoFiles {
  const files = openUndoFiles(source);
  t.after(() => files.close());
  return files;
}

function columnsOf(block: PrevoutBlock): BlockColumns {
  const columns = new BlockColumns();
  readBlockColumns(block.bytes, MAIN, columns);
  return columns;
}

function sourceBlock(source: BlockSource, { hash }: PrevoutBlock): SourceBlock {
  return [...source.blocks, ...source.staleBlocks].find((block) => block.hash === hash)!;
}

function assertRead(
  files: UndoFiles,
  source: BlockSource,
  block: PrevoutBlock,
  undo = new UndoColumns(),
): void {
  assert.ok(files.read(sourceBlock(source, block), columnsOf(block), undo), `${block.height}`);
  const coins = block.transactions.flat();
  assert.equal(undo.inputCount, coins.length);
  for (const [row, coin] of coins.entries()) {
    assert.equal(BigInt(undo.valueSats[row]!), BigInt(coin.valueSats));
    assert.equal(undo.height[row], coin.height);
    const script = undo.scriptBytes.subarray(undo.scriptOffset[row], undo.scriptOffset[row + 1]);
    assert.ok(Buffer.from(coin.script).equals(script));
  }
}

function allBlocks(t: TestContext): PrevoutBlock[] | undefined {
  const blocks = jsonPrevoutBlocks(t);
  const large = block300025(t);
  return blocks === undefined || large === undefined ? undefined : [...blocks, large];
}

function recordsOf(blocks: readonly BlockUndo[]): Buffer[] {
  return blocks.map((block) => undoRecord(MAGIC, block));
}

function codes(files: UndoFiles): (readonly [string, unknown])[] {
  return files.problems().map(({ code, facts }) => [code, facts['height']]);
}

/** Undo data of blocks that are nowhere: connected once, then left. */
function staleUndo(like: PrevoutBlock, name: string): BlockUndo {
  const prevHash = Buffer.from(seededRandom(name).bytes(32)).toString('hex');
  return { prevHash, transactions: like.transactions };
}

test('every block finds its record, in whatever order they stand, between those of stale blocks', (t) => {
  const blocks = allBlocks(t);
  if (blocks === undefined) return;
  const random = seededRandom('order');
  t.diagnostic(`seed ${random.seed}`);
  const key = random.bytes(8);
  for (const xorKey of [undefined, key]) {
    for (let round = 0; round < 3; round += 1) {
      const { folder, source } = blockFile(t, random.shuffle(blocks), [], xorKey);
      const written = [...blocks, ...blocks.map((block, i) => staleUndo(block, `stale ${i}`))];
      const bytes = Buffer.concat(recordsOf(random.shuffle(written)));
      const room = Buffer.alloc(70_000);
      const file = xorKey === undefined ? bytes : scrambled(bytes, xorKey);
      writeFileSync(join(folder, 'rev00007.dat'), Buffer.concat([file, room]));
      const files = open(t, source);
      const undo = new UndoColumns();
      for (const block of random.shuffle(blocks)) assertRead(files, source, block, undo);
      // A second time as well: after a reorganisation and back.
      for (const block of blocks) assertRead(files, source, block, undo);
      assert.deepEqual(files.problems(), []);
    }
  }
});

test('without a rev file, or with a block file of another name, there is nothing and nothing to tell', (t) => {
  const blocks = allBlocks(t);
  if (blocks === undefined) return;
  const { source } = blockFile(t, blocks);
  const files = open(t, source);
  const undo = new UndoColumns();
  for (const block of blocks) {
    // Block 2016 has a coinbase only: it spends nothing.
    const isEmpty = block.height === 2016;
    assert.equal(files.read(sourceBlock(source, block), columnsOf(block), undo), isEmpty);
  }
  assert.deepEqual(files.problems(), []);
  assert.equal(undoFileOf('/b/blk00012.dat'), '/b/rev00012.dat');
  assert.equal(undoFileOf('/b/blk123456.dat'), '/b/rev123456.dat');
  assert.equal(undoFileOf('/b/blocks.dat'), undefined);
  assert.equal(undoFileOf('/b/300025.raw'), undefined);
});

test('a record with a wrong checksum or a flipped bit is not used, and named', (t) => {
  const blocks = allBlocks(t);
  if (blocks === undefined) return;
  const random = seededRandom('flip');
  t.diagnostic(`seed ${random.seed}`);
  const spending = blocks.filter(({ transactions }) => transactions.length > 0);
  const { folder, source } = blockFile(t, blocks);
  for (let round = 0; round < 60; round += 1) {
    const records = recordsOf(spending);
    const victim = random.int(0, spending.length - 1);
    const record = records[victim]!;
    // The last rounds hit the checksum; behind magic and length everywhere else.
    const at = round < 40 ? random.int(8, record.length - 1) : record.length - 1 - (round % 32);
    record[at]! ^= 2 ** random.int(0, 7);
    writeFileSync(join(folder, 'rev00007.dat'), Buffer.concat(records));
    const files = open(t, source);
    const undo = new UndoColumns();
    for (const [i, block] of spending.entries()) {
      if (i !== victim) assertRead(files, source, block, undo);
      else assert.ok(!files.read(sourceBlock(source, block), columnsOf(block), undo), `byte ${at}`);
    }
    const [problem, ...more] = files.problems();
    assert.deepEqual(more, []);
    assert.equal(problem!.facts['hash'], spending[victim]!.hash);
    // The count of transactions is the only thing by which a record is looked for.
    const isCount = at < 8 + 3;
    // Block 170 spends one bare key, of which nothing is shown: nothing tells whose record that was.
    const isTold = spending[victim]!.height !== 170;
    if (!isCount && isTold) assert.equal(problem!.code, 'CLEW_UNDO_DAMAGED', `byte ${at}`);
    files.close();
  }
});

test('cut anywhere: blocks whose record is whole have it, the others are told', (t) => {
  const blocks = jsonPrevoutBlocks(t)?.filter(({ height }) => height !== 2016);
  if (blocks === undefined) return;
  const random = seededRandom('cut');
  t.diagnostic(`seed ${random.seed}`);
  const { folder, source } = blockFile(t, blocks);
  const records = recordsOf(blocks);
  const whole = Buffer.concat(records);
  for (let round = 0; round < 60; round += 1) {
    const end = random.int(0, whole.length - 1);
    writeFileSync(join(folder, 'rev00007.dat'), whole.subarray(0, end));
    const files = open(t, source);
    let recordEnd = 0;
    let missing = 0;
    for (const [i, block] of blocks.entries()) {
      recordEnd += records[i]!.length;
      if (recordEnd <= end) assertRead(files, source, block);
      else {
        missing += 1;
        assert.ok(!files.read(sourceBlock(source, block), columnsOf(block), new UndoColumns()));
      }
    }
    const told = codes(files).filter(([code]) => code === 'CLEW_UNDO_MISSING');
    assert.equal(told.length, missing);
    files.close();
  }
});

test('a block without a record is told; what can not be read at all is told once', (t) => {
  const blocks = allBlocks(t);
  if (blocks === undefined) return;
  const { folder, source } = blockFile(t, blocks);
  writeFileSync(join(folder, 'rev00007.dat'), Buffer.concat(recordsOf(blocks.slice(2))));
  const files = open(t, source);
  assert.ok(!files.read(sourceBlock(source, blocks[0]!), columnsOf(blocks[0]!), new UndoColumns()));
  for (const block of blocks.slice(2)) assertRead(files, source, block);
  assert.deepEqual(codes(files), [['CLEW_UNDO_MISSING', 170]]);

  rmSync(join(folder, 'rev00007.dat'));
  mkdirSync(join(folder, 'rev00007.dat'));
  const unreadable = open(t, source);
  for (const block of [blocks[0]!, blocks[2]!]) {
    const columns = columnsOf(block);
    assert.ok(!unreadable.read(sourceBlock(source, block), columns, new UndoColumns()));
  }
  assert.deepEqual(
    unreadable.problems().map(({ code }) => code),
    ['CLEW_FILE_UNREADABLE'],
  );
});

test('a record that contradicts its block is not used, though its checksum is right', (t) => {
  const blocks = allBlocks(t);
  if (blocks === undefined) return;
  const block = blocks.find(({ height }) => height === 150_013)!;
  const { folder, source } = blockFile(t, [block]);
  const [first, ...others] = block.transactions;
  const [coin, ...coins] = first!;
  const lies: readonly BlockUndo['transactions'][number][] = [
    [{ ...coin!, valueSats: 0 }, ...coins],
    [{ ...coin!, height: block.height + 1 }, ...coins],
    [coin!, ...coins, coin!],
  ];
  const read = (undo: BlockUndo): (readonly [string, unknown])[] => {
    writeFileSync(join(folder, 'rev00007.dat'), undoRecord(MAGIC, undo));
    const files = open(t, source);
    assert.ok(!files.read(source.blocks[0]!, columnsOf(block), new UndoColumns()));
    return codes(files);
  };
  for (const lie of lies.slice(0, 2)) {
    const found = read({ prevHash: block.prevHash, transactions: [lie, ...others] });
    assert.deepEqual(found, [['CLEW_UNDO_DAMAGED', 150_013]]);
  }
  // An input too many is another block's record.
  const other = read({ prevHash: block.prevHash, transactions: [lies[2]!, ...others] });
  assert.deepEqual(other, [['CLEW_UNDO_MISSING', 150_013]]);
  // All values lower by what the fees are: then the coinbase takes more than it may.
  const cheaper = block.transactions.map((coinsOfTx) =>
    coinsOfTx.map((each) => ({ ...each, valueSats: Number(each.valueSats) })),
  );
  const columns = columnsOf(block);
  for (const [tx, each] of cheaper.entries()) {
    let paid = 0;
    const end = columns.txFirstOutput[tx + 2]!;
    for (let row = columns.txFirstOutput[tx + 1]!; row < end; row += 1) {
      paid += columns.outValue[row]!;
    }
    const spent = each.reduce((sum, { valueSats }) => sum + valueSats, 0);
    each[0]!.valueSats -= spent - paid;
  }
  const tooCheap = read({ prevHash: block.prevHash, transactions: cheaper });
  assert.deepEqual(tooCheap, [['CLEW_UNDO_DAMAGED', 150_013]]);
});

test('a record that two blocks of one parent may have belongs to neither, unless they spend the same', (t) => {
  const blocks = allBlocks(t);
  if (blocks === undefined) return;
  const block = blocks[0]!;
  const columns = columnsOf(block);
  const rivalWith = (at: number, hash: string): PrevoutBlock => {
    const bytes = Buffer.from(block.bytes);
    bytes[at]! ^= 1;
    return { ...block, bytes, hash };
  };
  // The payment spends another output; only the coinbase's script differs; the payment has another input.
  const other = rivalWith(columns.inPrevTxidOffset[1]!, 'aa'.repeat(32));
  const twin = rivalWith(columns.inScriptOffset[0]!, 'bb'.repeat(32));
  for (const [rival, expected] of [
    [other, [['CLEW_UNDO_DAMAGED', 170]]],
    [twin, []],
    [{ ...blocks[2]!, prevHash: block.prevHash, height: 170 }, []],
  ] as const) {
    const { folder, source } = blockFile(t, [block], [rival]);
    writeFileSync(join(folder, 'rev00007.dat'), Buffer.concat(recordsOf([block])));
    const files = open(t, source);
    const isRead = files.read(source.blocks[0]!, columns, new UndoColumns());
    assert.equal(isRead, expected.length === 0);
    assert.deepEqual(codes(files), expected);
  }
});

test('ten thousand small blocks of one file, asked from the middle on', (t) => {
  const random = seededRandom('many');
  t.diagnostic(`seed ${random.seed}`);
  const folder = mkdtempSync(join(base, 'many-'));
  const coin = { script: random.bytes(25), height: 1, isCoinbase: false };
  const blocks = Array.from({ length: 10_000 }, (_, height) => ({
    height,
    hash: height.toString(16).padStart(64, '0'),
    prevHash: (height - 1 + 2 ** 40).toString(16).padStart(64, '0'),
    transactions: [[{ ...coin, valueSats: height }]],
  }));
  writeFileSync(join(folder, 'rev00000.dat'), Buffer.concat(recordsOf(blocks)));
  const file = join(folder, 'blk00000.dat');
  const source = { network: MAIN, blocks: [], staleBlocks: [] } as unknown as BlockSource;
  const shape = {
    txCount: 2,
    txFirstInput: Uint32Array.of(0, 1, 2),
    txFirstOutput: Uint32Array.of(0, 1, 2),
    outValue: Float64Array.of(0, 0),
  };
  const files = open(t, source);
  const undo = new UndoColumns();
  const start = performance.now();
  for (const block of blocks.slice(5_000)) {
    const place = { file, offsetBytes: 0, lengthBytes: 0, timeSeconds: 0, bits: 0 };
    assert.ok(files.read({ ...block, ...place }, shape, undo));
    assert.equal(undo.valueSats[0], block.height);
  }
  const milliseconds = performance.now() - start;
  assert.ok(milliseconds < 5_000, `${milliseconds} ms`);
});
