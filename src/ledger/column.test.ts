import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BytesColumn, F64Column, U8Column, U32Column } from './column.ts';
import { ColumnFile } from './column-file.ts';
import { PAGE_ROWS, PageBudget } from './page-budget.ts';

const folder = mkdtempSync(join(tmpdir(), 'clew-column-'));
after(() => rmSync(folder, { recursive: true }));

const spec = (name: string, rowBytes: number) => ({
  path: join(folder, `${name}.col`),
  name,
  rowBytes,
  networkMagic: 7,
});

test('columns under a budget of two pages hold what an array holds, also after reopening', () => {
  const seed = 'column-1';
  const random = seededRandom(seed);
  const budget = new PageBudget(2 * PAGE_ROWS * 4);
  const column = new U32Column(ColumnFile.create(spec('numbers', 4)), budget);
  const expected: number[] = [];
  for (let i = 0; i < 5 * PAGE_ROWS + 17; i += 1) {
    const value = random.u32();
    column.push(value);
    expected.push(value);
  }
  for (let i = 0; i < 2_000; i += 1) {
    const row = random.int(0, expected.length - 1);
    expected[row] = random.u32();
    column.set(row, expected[row]);
    const other = random.int(0, expected.length - 1);
    assert.equal(column.at(other), expected[other], `replay with seed ${seed}`);
  }
  column.flush();
  column.close();
  const again = new U32Column(ColumnFile.open(spec('numbers', 4), false), new PageBudget(1));
  assert.equal(again.length, expected.length);
  for (let row = 0; row < expected.length; row += 1) {
    if (again.at(row) !== expected[row]) assert.fail(`row ${row}, replay with seed ${seed}`);
  }
  again.close();
});

test('amounts up to the largest safe integer come back exactly', () => {
  const column = new F64Column(undefined, new PageBudget(1));
  const amounts = [0, 1, 2_100_000_000_000_000, Number.MAX_SAFE_INTEGER];
  for (const amount of amounts) column.push(amount);
  assert.deepEqual(
    amounts.map((_, row) => column.at(row)),
    amounts,
  );
});

test('runs of bytes across page ends are read, compared and cut as one array would be', () => {
  const seed = 'column-2';
  const random = seededRandom(seed);
  const column = new BytesColumn(1, undefined, new PageBudget(1));
  const all: number[] = [];
  while (all.length < 2.5 * PAGE_ROWS) {
    const piece = random.bytes(random.int(0, 9_000));
    column.pushRange(piece, 0, piece.length);
    all.push(...piece);
  }
  for (let i = 0; i < 200; i += 1) {
    const from = random.int(0, all.length);
    const to = Math.min(all.length, from + random.int(0, 70_000));
    const expected = Uint8Array.from(all.slice(from, to));
    assert.deepEqual(column.readRange(from, to), expected, `replay with seed ${seed}`);
    assert.equal(column.equalsRange(from, expected, 0, expected.length), true);
    if (expected.length === 0) continue;
    expected[random.int(0, expected.length - 1)]! ^= 1;
    assert.equal(column.equalsRange(from, expected, 0, expected.length), false);
  }
});

test('a column file that is cut, foreign or of another network is refused by name', () => {
  const column = new U8Column(ColumnFile.create(spec('flags', 1)), new PageBudget(1));
  for (let i = 0; i < 100; i += 1) column.push(i);
  column.flush();
  column.close();
  const refused = { code: 'CLEW_FLOW_FORMAT' };
  assert.throws(() => ColumnFile.open({ ...spec('flags', 1), networkMagic: 8 }, false), refused);
  assert.throws(() => ColumnFile.open({ ...spec('flags', 1), name: 'other' }, false), refused);
  assert.throws(() => ColumnFile.open(spec('flags', 4), false), refused);
  assert.throws(() => ColumnFile.open(spec('missing', 1), false), refused);
  truncateSync(spec('flags', 1).path, 4096 + 99);
  assert.throws(() => ColumnFile.open(spec('flags', 1), false), refused);
  writeSync(openSync(spec('flags', 1).path, 'r+'), 'X', 0);
  assert.throws(() => ColumnFile.open(spec('flags', 1), false), refused);
});
