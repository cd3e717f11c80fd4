import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { ClewError } from '../errors.ts';
import { NONE } from '../units/ids.ts';
import { type KeyFiles, nodeKeyFiles } from './key-files.ts';
import { KeyIndex, type KeyIndexOptions, type KeyIndexState } from './key-index.hot.ts';

const folder = mkdtempSync(join(tmpdir(), 'clew-keys-'));
after(() => rmSync(folder, { recursive: true }));

/** Without waiting for the disk. */
const quickFiles: KeyFiles = { ...nodeKeyFiles, sync: () => {}, syncFolder: () => {} };

interface Entry {
  readonly low: number;
  readonly high: number;
  readonly row: number;
}

/** The candidates that `isMeant` agrees to: what the caller's comparison of the real bytes leaves. */
function rowsOf(
  index: KeyIndex,
  low: number,
  high: number,
  isMeant: (row: number) => boolean,
): number[] {
  const rows: number[] = [];
  for (let row = index.first(low, high); row !== NONE; row = index.next()) {
    if (isMeant(row)) rows.push(row);
  }
  return rows;
}

/**
 * A ledger that loads, commits, goes back, is closed and killed, with a map of arrays as the truth.
 * Its rows survive a kill, as the columns of the flow index do.
 */
class Caller {
  readonly random: SeededRandom;
  readonly #name: string;
  readonly #options: KeyIndexOptions;
  index: KeyIndex;
  entries: Entry[] = [];
  readonly #rowsByKey = new Map<string, number[]>();
  readonly #keyOfRow = new Map<number, string>();
  /** What the last commit kept. */
  #committed: KeyIndexState = { version: 1, runs: [] };
  #row: number;

  constructor(random: SeededRandom, name: string, firstRow: number, options: KeyIndexOptions) {
    this.random = random;
    this.#name = name;
    this.#options = options;
    this.#row = firstRow;
    this.index = KeyIndex.create(folder, name, options);
  }

  newKey(): { low: number; high: number } {
    const { random } = this;
    if (this.entries.length > 0 && random.chance(0.15)) return random.pick(this.entries);
    if (random.chance(0.05)) return { low: 5, high: 0xffff_fff0 + random.int(0, 15) };
    if (random.chance(0.05)) return { low: random.u32(), high: 77 };
    return { low: random.u32(), high: random.u32() };
  }

  insert(): void {
    const { low, high } = this.newKey();
    const row = this.#row + this.random.int(0, 2);
    this.index.insert(low, high, row);
    this.#row = row + 1;
    this.entries.push({ low, high, row });
    const key = `${low}/${high}`;
    this.#keyOfRow.set(row, key);
    const rows = this.#rowsByKey.get(key);
    if (rows === undefined) this.#rowsByKey.set(key, [row]);
    else rows.push(row);
  }

  truncate(rows: number): void {
    const end = this.entries.at(-Math.min(rows, this.entries.length))?.row ?? 0;
    this.index.truncate(end);
    while (this.entries.length > 0 && this.entries.at(-1)!.row >= end) {
      const { low, high, row } = this.entries.pop()!;
      this.#keyOfRow.delete(row);
      this.#rowsByKey.get(`${low}/${high}`)!.pop();
    }
    this.#row = end;
    // As the ledger does: going back is committed before anything else counts.
    this.commit();
  }

  commit(entriesMax?: number): void {
    this.index.prepareCommit(entriesMax);
    this.#committed = JSON.parse(JSON.stringify(this.index.state()));
    this.index.dropUnreferenced();
  }

  /** Open again at the last commit, and hand the rows over that it does not cover. */
  reopen(): void {
    this.index.close();
    this.index = KeyIndex.open(folder, this.#name, this.#committed, this.#options);
    const covered = this.index.coveredRows;
    for (const { low, high, row } of this.entries) {
      if (row >= covered) this.index.insert(low, high, row);
    }
  }

  check(low: number, high: number, index = this.index): void {
    const key = `${low}/${high}`;
    const expected = [...(this.#rowsByKey.get(key) ?? [])].reverse();
    const found = rowsOf(index, low, high, (row) => {
      const known = this.#keyOfRow.get(row);
      assert.ok(known !== undefined, `row ${row} is none, replay with ${this.random.seed}`);
      return known === key;
    });
    assert.deepEqual(found, expected, `replay with ${this.random.seed}`);
  }

  checkSome(count: number): void {
    const { random } = this;
    for (let i = 0; i < count; i += 1) {
      const known = this.entries.length > 0 && random.chance(0.6);
      const { low, high } = known ? random.pick(this.entries) : this.newKey();
      this.check(low, high);
      this.check((low ^ 1) >>> 0, high);
    }
  }

  checkAll(): void {
    for (const { low, high } of this.entries) this.check(low, high);
  }

  get files(): string[] {
    return readdirSync(folder).filter((file) => file.startsWith(`${this.#name}-`));
  }
}

function randomLife(caller: Caller, steps: number, memoryBytes: number): void {
  const { random } = caller;
  for (let step = 0; step < steps; step += 1) {
    const action = random.unit();
    if (action < 0.5) for (let i = random.int(1, 400); i > 0; i -= 1) caller.insert();
    else if (action < 0.6) caller.commit(random.pick([1, 50, 1_000, undefined]));
    else if (action < 0.65) caller.index.flushFront();
    else if (action < 0.7)
      caller.truncate(random.chance(0.2) ? random.int(1, 5_000) : random.int(1, 50));
    else if (action < 0.75) caller.reopen();
    else if (action < 0.77) caller.index.setMemory(memoryBytes * random.pick([0.5, 1, 3]));
    else caller.checkSome(20);
  }
  caller.checkAll();
}

for (const [seed, memoryBytes, firstRow] of [
  ['index-1', 20_000, 0],
  ['index-2', 60_000, 2 ** 32 - 2_000],
  ['index-3', 60_000, 2 ** 39],
  ['index-4', 150_000, 0],
  ['index-5', 1, 1_000],
] as const) {
  test(`an index of ${memoryBytes} bytes answers as a map does, through its whole life (${seed})`, () => {
    const caller = new Caller(seededRandom(seed), seed, firstRow, {
      memoryBytes,
      files: quickFiles,
    });
    randomLife(caller, 250, memoryBytes);
    assert.ok(caller.index.runCount < 45);
    caller.commit();
    assert.ok(caller.index.runCount < 12);
    const written = Number(/\d{6}/.exec(caller.files.at(-1) ?? '')?.[0]);
    assert.ok(written > 5, 'there were flushes and merges');
    let checked = 0;
    caller.index.check((entries) => {
      checked += entries;
    });
    assert.equal(checked + caller.index.frontCount, caller.index.entryCount);
    assert.equal(caller.files.length, caller.index.runCount, 'no file is left over');
    caller.index.close();
  });
}

test('an index in memory answers as a map does and never writes', () => {
  const index = KeyIndex.inMemory();
  const random = seededRandom('memory-1');
  const rows = new Map<number, number>();
  for (let row = 0; row < 50_000; row += 1) {
    const high = random.u32();
    index.insert(row, high, row);
    rows.set(row, high);
  }
  for (const [row, high] of rows) {
    assert.equal(index.first(row, high), row);
    assert.equal(index.next(), NONE);
    assert.equal(index.first(row, high ^ 1), NONE);
  }
  index.flushFront();
  assert.equal(index.runCount, 0);
  assert.equal(index.entryCount, 50_000);
});

/**
 * File operations of which the n-th that changes something fails: once, as on a full disk, or it and all after it,
 * as nothing happens any more after a kill.
 */
function failingFiles(): {
  files: KeyFiles;
  failAt(n: number, forGood: boolean): void;
  revive(): void;
  count(): number;
} {
  let done = 0;
  let failAt = Number.POSITIVE_INFINITY;
  let forGood = false;
  const guard = <T>(path: string, work: () => T): T => {
    done += 1;
    if (done === failAt || (forGood && done > failAt)) {
      throw new ClewError('CLEW_NO_SPACE', 'The disk is full.', { path });
    }
    return work();
  };
  const files: KeyFiles = {
    ...nodeKeyFiles,
    create: (path) => guard(path, () => nodeKeyFiles.create(path)),
    write(file, bytes, position) {
      // Half of it gets there.
      const half = bytes.subarray(0, Math.floor(bytes.length / 2));
      if (done + 1 === failAt) nodeKeyFiles.write(file, half, position);
      guard(file.path, () => nodeKeyFiles.write(file, bytes, position));
    },
    sync: (file) => guard(file.path, () => {}),
    rename: (from, to) => guard(to, () => nodeKeyFiles.rename(from, to)),
    syncFolder: (path) => guard(path, () => {}),
    remove: (path) => guard(path, () => nodeKeyFiles.remove(path)),
  };
  return {
    files,
    failAt: (n, stays) => {
      failAt = done + n;
      forGood = stays;
    },
    revive: () => {
      forGood = false;
    },
    count: () => done,
  };
}

/** Inserts, flushes, merges and commits; the number of file operations is the same every time. */
function shortLife(caller: Caller): void {
  for (let i = 0; i < 1_500; i += 1) caller.insert();
  caller.commit();
  for (let i = 0; i < 300; i += 1) caller.insert();
  caller.index.flushFront();
  caller.commit();
}

test('whatever file operation fails, what was committed is there again, and the failed step can be repeated', () => {
  const counting = failingFiles();
  const memoryBytes = 20_000;
  const first = new Caller(seededRandom('fail'), 'fail', 0, { memoryBytes, files: counting.files });
  shortLife(first);
  const operations = counting.count();
  first.index.close();
  assert.ok(operations >= 60, `there are ${operations} file operations to fail`);
  for (let n = 1; n <= operations; n += 1) {
    for (const goesOn of [true, false]) {
      const failing = failingFiles();
      const options = { memoryBytes, files: failing.files };
      const caller = new Caller(seededRandom('fail'), `fail${n}`, 0, options);
      failing.failAt(n, !goesOn);
      assert.throws(() => shortLife(caller), { code: 'CLEW_NO_SPACE' }, `operation ${n}`);
      if (goesOn) {
        caller.checkSome(50);
        shortLife(caller);
      } else {
        failing.revive();
        caller.reopen();
        if (caller.files.length !== caller.index.runCount)
          assert.fail(`leftovers of operation ${n}`);
      }
      caller.checkSome(100);
      caller.commit();
      assert.equal(caller.files.length, caller.index.runCount, `operation ${n}`);
      caller.index.close();
      for (const file of caller.files) rmSync(join(folder, file));
    }
  }
});

test('memory stays below the limit', () => {
  const memoryBytes = 3 * 1024 ** 2;
  const caller = new Caller(seededRandom('limit'), 'limit', 0, { memoryBytes });
  for (let i = 0; i < 100_000; i += 1) {
    caller.insert();
    if (i % 1_000 === 0) {
      caller.checkSome(3);
      assert.ok(caller.index.memoryBytes <= memoryBytes, `${caller.index.memoryBytes} at ${i}`);
    }
    if (i % 20_000 === 0) caller.commit();
  }
  caller.index.setMemory(memoryBytes / 4);
  caller.checkSome(1_000);
  assert.ok(caller.index.memoryBytes <= memoryBytes / 4);
  caller.index.close();
});

test('rows out of order are refused: they would be lost at a restart', () => {
  const index = KeyIndex.inMemory();
  index.insert(1, 2, 10);
  assert.throws(() => index.insert(1, 3, 10), { code: 'CLEW_INTERNAL' });
  assert.throws(() => index.insert(1, 3, 9), { code: 'CLEW_INTERNAL' });
  assert.throws(() => index.insert(1, 3, 2 ** 40 - 1), { code: 'CLEW_INTERNAL' });
  index.insert(1, 3, 2 ** 40 - 2);
  assert.equal(index.first(1, 3), 2 ** 40 - 2);
});

test('a read-only index deletes and writes nothing, and takes rows into memory', () => {
  const caller = new Caller(seededRandom('reader'), 'reader', 0, { memoryBytes: 20_000 });
  for (let i = 0; i < 2_000; i += 1) caller.insert();
  caller.commit();
  const state = caller.index.state();
  for (let i = 0; i < 2_000; i += 1) caller.insert();
  const files = caller.files;
  const reader = KeyIndex.open(folder, 'reader', state, { memoryBytes: 1, readOnly: true });
  for (const { low, high, row } of caller.entries) {
    if (row >= reader.coveredRows) reader.insert(low, high, row);
  }
  reader.flushFront();
  reader.prepareCommit();
  reader.dropUnreferenced();
  for (const { low, high } of caller.entries) {
    caller.check(low, high, reader);
  }
  assert.deepEqual(caller.files, files);
  reader.close();
  caller.index.close();
});
