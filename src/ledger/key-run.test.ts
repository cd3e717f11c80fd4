import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32 } from 'node:zlib';
import { seededRandom } from '../bytes/seeded-random.ts';
import { NONE } from '../units/ids.ts';
import {
  KEY_BLOCK_BYTES,
  KeyBlockEntries,
  keyBlockShapeFor,
  packKeyBlock,
} from './key-block.hot.ts';
import { KeyBlockCache } from './key-block-cache.ts';
import { type KeyFiles, nodeKeyFiles } from './key-files.ts';
import { KeyRun } from './key-run.hot.ts';
import { checkKeyRun } from './key-run-check.ts';
import {
  blocksStart,
  headerCrc,
  type KeyRunState,
  packRunHeader,
  RUN_HEADER_BYTES,
  runIndexStart,
  unpackRunHeader,
} from './key-run-file.ts';
import { KeyRunWriter } from './key-run-writer.hot.ts';

const folder = mkdtempSync(join(tmpdir(), 'clew-run-'));
after(() => rmSync(folder, { recursive: true }));

interface Entry {
  readonly low: number;
  readonly high: number;
  readonly row: number;
}

const inOrder = (a: Entry, b: Entry): number => a.high - b.high || a.low - b.low || a.row - b.row;

function writeRun(fileName: string, entries: readonly Entry[], entriesMax: number): KeyRunState {
  const rows = entries.map((entry) => entry.row);
  const writer = new KeyRunWriter(nodeKeyFiles, {
    folder,
    name: 'run',
    fileName,
    entriesMax,
    rowFrom: rows.reduce((a, b) => Math.min(a, b)),
    rowEnd: rows.reduce((a, b) => Math.max(a, b)) + 1,
  });
  for (const { low, high, row } of entries) writer.append(low, high, row);
  return writer.finish();
}

function openRun(state: KeyRunState, files: KeyFiles = nodeKeyFiles): KeyRun {
  return KeyRun.open(files, folder, 'run', state, new KeyBlockCache(20_000));
}

function rowsOf(run: KeyRun, low: number, high: number): number[] {
  const rows: number[] = [];
  for (let row = run.find(low, high); row !== NONE; row = run.findOlder(low, high)) rows.push(row);
  return rows;
}

// Entries, entries announced (they choose the widths), first row, range of rows, range of hashes.
for (const [count, announced, firstRow, rowRange, highRange] of [
  [1, 1, 0, 1, 2 ** 32],
  [256, 256, 7, 250, 2 ** 32],
  [257, 257, 0, 60_000, 2 ** 32],
  [3_000, 3_000, 2 ** 33, 2 ** 24, 2 ** 32],
  [3_000, 2 ** 16, 0, 2 ** 24 + 1, 2 ** 32],
  [3_000, 2 ** 16, 0, 2 ** 32, 2 ** 20],
  [3_000, 2 ** 24, 0, 2 ** 40 - 1, 2 ** 32],
  [3_000, 2 ** 24, 5, 2 ** 32 + 1, 3],
] as const) {
  const name = `${count}-${announced}-${rowRange}-${highRange}`;
  test(`a run of ${count} entries gives them back, whatever their widths (${name})`, () => {
    const random = seededRandom(name);
    const entries: Entry[] = Array.from({ length: count }, () => ({
      low: random.int(0, 0xffff) * 0x1_0000,
      high: Math.floor(random.unit() * highRange),
      row: firstRow + Math.floor(random.unit() * rowRange),
    }));
    // Twins in number, more than a block has room for, when the run is large enough.
    for (let i = 300; i < Math.min(700, count); i += 1) {
      entries[i] = { ...entries[300]!, row: firstRow + (i % rowRange) };
    }
    entries.sort(inOrder);
    const run = openRun(writeRun(`${name}.run`, entries, announced));
    run.holdFilter(run.filterBytes);
    for (const { low, high } of entries.filter((_, i) => i % 7 === 0)) {
      const expected = entries.filter((entry) => entry.low === low && entry.high === high);
      assert.ok(run.mayHold(low, high), 'no false negative');
      assert.deepEqual(
        rowsOf(run, low, high),
        expected.map((entry) => entry.row).reverse(),
        `replay with ${name}`,
      );
      const other = (low + 0x1_0000) >>> 0;
      if (entries.some((entry) => entry.low === other && entry.high === high)) continue;
      assert.equal(run.find(other, high), NONE);
    }
    const unpacked = new KeyBlockEntries();
    const reader = run.reader(unpacked, 3);
    const all: Entry[] = [];
    while (reader.nextBlock()) {
      for (let i = 0; i < unpacked.count; i += 1) {
        all.push({ low: unpacked.lows[i]!, high: unpacked.highs[i]!, row: unpacked.rows[i]! });
      }
    }
    assert.deepEqual(all, entries);
    run.close();
  });
}

test('a filter passes every hash that is there, and about one in two hundred that is not', () => {
  const random = seededRandom('filter-1');
  const entries = Array.from({ length: 100_000 }, (_, row) => ({
    low: random.u32(),
    high: random.u32(),
    row,
  })).sort(inOrder);
  const run = openRun(writeRun('filter.run', entries, entries.length));
  run.holdFilter(run.filterBytes);
  assert.equal(run.filterBytes, Math.ceil(1_200_000 / 256) * 32);
  for (const { low, high } of entries) if (!run.mayHold(low, high)) assert.fail('a false negative');
  let passed = 0;
  for (let i = 0; i < 100_000; i += 1) if (run.mayHold(random.u32(), random.u32())) passed += 1;
  assert.ok(passed < 800, `${passed} of 100,000 absent hashes passed`);
  // Half of it: the lower hashes are still told apart, the upper ones all pass.
  run.holdFilter(run.filterBytes / 2);
  for (const { low, high } of entries) if (!run.mayHold(low, high)) assert.fail('a false negative');
  passed = 0;
  for (let i = 0; i < 100_000; i += 1) if (run.mayHold(random.u32(), random.u32())) passed += 1;
  assert.ok(passed > 49_000 && passed < 51_500, `${passed} of 100,000 with half a filter`);
  run.close();
});

function readAll(state: KeyRunState): void {
  const run = openRun(state);
  try {
    checkKeyRun(run);
  } finally {
    run.close();
  }
}

test('a flipped bit anywhere in a run is found, and its part is named', () => {
  const random = seededRandom('flip-1');
  const entries = Array.from({ length: 1_000 }, (_, row) => ({
    low: random.u32(),
    high: random.u32(),
    row,
  })).sort(inOrder);
  const state = writeRun('flip.run', entries, entries.length);
  const path = join(folder, state.file);
  const bytes = readFileSync(path);
  const header = unpackRunHeader(bytes, path);
  const firstBlock = blocksStart(header.filterBlocks);
  const index = runIndexStart(header);
  const parts: [number, number, Record<string, unknown>][] = [
    [0, RUN_HEADER_BYTES, { part: 'header' }],
    [RUN_HEADER_BYTES, RUN_HEADER_BYTES + header.filterBlocks * 32, { part: 'filter' }],
    [index, bytes.length, { part: 'index' }],
  ];
  for (let block = 0; block < header.blocks; block += 1) {
    const start = firstBlock + block * KEY_BLOCK_BYTES;
    parts.push([start, start + KEY_BLOCK_BYTES, { block }]);
  }
  readAll(state);
  for (const [start, end, facts] of parts) {
    for (const at of [
      start,
      end - 1,
      ...Array.from({ length: 12 }, () => random.int(start, end - 1)),
    ]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << random.int(0, 7);
      writeFileSync(path, changed);
      assert.throws(() => readAll(state), {
        code: 'CLEW_COLUMN_DAMAGED',
        facts: { path, ...facts },
      });
    }
  }
  writeFileSync(path, bytes);
  readAll(state);
});

test('a damaged block is found when it is looked up, not only when all is read', () => {
  const entries = Array.from({ length: 600 }, (_, row) => ({
    low: row,
    high: row * 7_000_000,
    row,
  }));
  const state = writeRun('look-up.run', entries, entries.length);
  const path = join(folder, state.file);
  const bytes = readFileSync(path);
  const header = unpackRunHeader(bytes, path);
  bytes[blocksStart(header.filterBlocks) + KEY_BLOCK_BYTES + 900]! ^= 4;
  writeFileSync(path, bytes);
  const run = openRun(state);
  assert.equal(run.find(3, 21_000_000), 3);
  for (let i = 0; i < 2; i += 1) {
    assert.throws(() => run.find(300, 2_100_000_000), {
      code: 'CLEW_COLUMN_DAMAGED',
      facts: { path, block: 1 },
    });
  }
  assert.equal(run.find(599, 599 * 7_000_000), 599);
  run.close();
});

test('two blocks that changed places, a run cut short, of another moment, index or version are refused', () => {
  const random = seededRandom('foreign-1');
  const entries = Array.from({ length: 600 }, (_, row) => ({
    low: random.u32(),
    high: random.u32(),
    row,
  })).sort(inOrder);
  const state = writeRun('foreign.run', entries, entries.length);
  const path = join(folder, state.file);
  const bytes = readFileSync(path);
  const header = unpackRunHeader(bytes, path);
  const start = blocksStart(header.filterBlocks);
  const swapped = Buffer.from(bytes);
  bytes.copy(swapped, start, start + KEY_BLOCK_BYTES, start + 2 * KEY_BLOCK_BYTES);
  bytes.copy(swapped, start + KEY_BLOCK_BYTES, start, start + KEY_BLOCK_BYTES);
  writeFileSync(path, swapped);
  const damaged = { code: 'CLEW_COLUMN_DAMAGED' };
  assert.throws(() => readAll(state), { ...damaged, facts: { path, block: 0 } });
  writeFileSync(path, bytes);
  assert.throws(() => readAll({ ...state, crc: state.crc ^ 1 }), damaged);
  assert.throws(
    () => KeyRun.open(nodeKeyFiles, folder, 'other', state, new KeyBlockCache(0)),
    damaged,
  );
  for (const length of [0, 100, RUN_HEADER_BYTES, start + 5, bytes.length - 1]) {
    writeFileSync(path, bytes);
    truncateSync(path, length);
    assert.throws(() => readAll(state), damaged, `cut to ${length}`);
  }
  const newer = Buffer.from(bytes);
  newer.writeUInt32LE(99, 8);
  newer.writeUInt32LE(crc32(newer.subarray(0, RUN_HEADER_BYTES - 4)), RUN_HEADER_BYTES - 4);
  writeFileSync(path, newer);
  assert.throws(() => readAll({ ...state, crc: headerCrc(newer) }), { code: 'CLEW_FLOW_FORMAT' });
  rmSync(path);
  assert.throws(() => readAll(state), { code: 'CLEW_FLOW_FORMAT', facts: { path } });
});

test('entries cost eight bytes on the disk once a run is large, nine beyond 2^32 rows', () => {
  for (const [entries, rows, bytes] of [
    [2 ** 24, 2 ** 25, 8],
    [1_300_000_000, 1_300_000_000, 8],
    [2 ** 33, 2 ** 33, 9],
    [1_000_000, 1_000_000, 8],
    [20_000, 20_000, 8],
  ] as const) {
    const { capacity } = keyBlockShapeFor(entries, 0, rows);
    assert.equal(Math.round(KEY_BLOCK_BYTES / capacity), bytes);
  }
});

test('a run of half a billion entries is read beyond 4 GiB of its file', () => {
  // A made-up disk: block b holds the hashes from high = 2048 b on in steps of 8; low and row follow from them.
  const blocks = 2 ** 21;
  const shape = keyBlockShapeFor(blocks * 256, 0, 2 ** 39);
  const { capacity } = shape;
  const entries = blocks * capacity;
  const rowOf = (block: number, i: number): number => block * 260_000 + i;
  const lowOf = (block: number, i: number): number => ((block + i) % 0x1_0000) * 0x1_0000;
  const firsts = Uint32Array.from({ length: blocks }, (_, block) => block * 2048);
  const list = new Uint8Array(firsts.buffer);
  const header = packRunHeader({
    name: 'run',
    shape,
    entries,
    rowEnd: 2 ** 39,
    blocks,
    filterBlocks: 2 ** 27,
    filterCrc: 0,
    indexCrc: crc32(list),
  });
  const start = blocksStart(2 ** 27);
  let positionMax = 0;
  const files: KeyFiles = {
    ...nodeKeyFiles,
    open: (path) => ({ fd: -1, path }),
    close: () => {},
    read(_file, into, position) {
      if (position === 0) into.set(header);
      else if (position === start + blocks * KEY_BLOCK_BYTES) into.set(list);
      else {
        const block = (position - start) / KEY_BLOCK_BYTES;
        assert.ok(Number.isInteger(block) && block < blocks, `a read at ${position}`);
        const content = new KeyBlockEntries();
        content.count = capacity;
        for (let i = 0; i < capacity; i += 1) {
          content.lows[i] = lowOf(block, i);
          content.highs[i] = block * 2048 + i * 8;
          content.rows[i] = rowOf(block, i);
        }
        packKeyBlock(content, shape, block, into.fill(0), 0);
        positionMax = Math.max(positionMax, position);
      }
      return into.length;
    },
  };
  const run = openRun(
    { file: 'far', entries, rowFrom: 0, rowEnd: 2 ** 39, crc: headerCrc(header) },
    files,
  );
  for (const block of [0, 1, 12_345, 2 ** 20, 2 ** 21 - 2, 2 ** 21 - 1]) {
    for (const i of [0, 1, 100, capacity - 1]) {
      const high = block * 2048 + i * 8;
      assert.equal(run.find(lowOf(block, i), high), rowOf(block, i));
      assert.equal(run.find(lowOf(block, i + 1), high), NONE);
      assert.equal(run.find(lowOf(block, i), high + 1), NONE);
    }
  }
  assert.ok(positionMax > 2 * 2 ** 32, `read at ${positionMax}`);
  run.close();
});

test('a run takes the bytes that its header says', () => {
  const entries = Array.from({ length: 1_000 }, (_, row) => ({ low: row, high: row, row }));
  const state = writeRun('size.run', entries, entries.length);
  const path = join(folder, state.file);
  const header = unpackRunHeader(readFileSync(path), path);
  assert.equal(statSync(path).size, runIndexStart(header) + 4 * header.blocks);
});

test('a run that contradicts itself is found by a check, though its checksums agree', () => {
  const good = [
    { low: 1 * 0x1_0000, high: 5, row: 10 },
    { low: 2 * 0x1_0000, high: 5, row: 11 },
    { low: 0, high: 6, row: 12 },
  ];
  readAll(writeRun('good.run', good, 3));
  const [a, b, c] = good as [Entry, Entry, Entry];
  for (const bad of [
    [b, a, c],
    [a, c, b],
  ]) {
    const state = writeRun('bad.run', bad, 3);
    assert.throws(() => readAll(state), {
      code: 'CLEW_COLUMN_DAMAGED',
      facts: { path: join(folder, 'bad.run'), block: 0 },
    });
  }
});

test('a run at the size where its widths change takes little more than eight bytes an entry', () => {
  const random = seededRandom('widths-1');
  for (const count of [2 ** 16 - 1, 2 ** 16, 2 ** 17]) {
    const entries = Array.from({ length: count }, (_, row) => ({
      low: random.u32(),
      high: random.u32(),
      row,
    })).sort(inOrder);
    const state = writeRun(`widths-${count}.run`, entries, count);
    const run = openRun(state);
    assert.ok((run.blocks * KEY_BLOCK_BYTES) / count < 8.5, `${count}: ${run.blocks} blocks`);
    run.close();
  }
});
