/** Columns whose rows, values and file positions lie beyond 2^32, and values up to 2^53. */
import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BytesColumn } from './bytes-column.ts';
import { ClimbingColumn } from './climbing-column.ts';
import { CodeColumn } from './code-column.ts';
import { COLUMN_HEADER_BYTES } from './column-file.ts';
import { DeltaColumn16 } from './delta-column-16.ts';
import { F64Column } from './f64-column.ts';
import { PageBudget } from './page-budget.ts';
import { ROW_SENTINEL_MIN, RowColumn } from './row-column.ts';
import { SatsColumn } from './sats-column.ts';
import { U8Column } from './u8-column.ts';
import { U32Column } from './u32-column.ts';

const folder = temporaryFolder('far-rows');
const budget = (): PageBudget => new PageBudget(1);
const SEED = 'far-1';
/** Rows in a page of a RowColumn; other kinds have at most four times as many. */
const PAGE_ROWS = 16_384;

test('columns that begin near and beyond 2^31, 2^32 and 2^33 hold what an array holds', () => {
  const kinds = {
    rows: [() => new RowColumn(undefined, budget()), (row: number) => row],
    u8: [() => new U8Column(undefined, budget()), (row: number) => row % 256],
    u32: [() => new U32Column(undefined, budget()), (row: number) => row % 2 ** 32],
    f64: [() => new F64Column(undefined, budget()), (row: number) => row * 1000],
    delta16: [() => new DeltaColumn16(undefined, budget()), (row: number) => row],
    climbing: [() => new ClimbingColumn(undefined, budget()), (row: number) => 2 ** 52 + row * 70],
    sats: [
      () => new SatsColumn(undefined, budget()),
      (row: number) => (row % 100 === 0 ? 2 ** 53 - 1 - row : row),
    ],
    codes: [() => new CodeColumn(undefined, budget()), (row: number) => row % 400],
  } as const;
  for (const [name, [make, value]] of Object.entries(kinds)) {
    for (const begin of [2 ** 31 - 9, 2 ** 32 - 3, 2 ** 32 + 65_000, 2 ** 33 + 17]) {
      const column = make();
      column.startAt(begin);
      const end = begin + 70_000;
      for (let row = begin; row < end; row += 1) column.push(value(row));
      column.truncate(end - 1_000);
      for (let row = end - 1_000; row < end; row += 1) column.push(value(row));
      assert.equal(column.length, end);
      for (let row = begin; row < end; row += 1) {
        if (column.at(row) !== value(row)) assert.fail(`${name}: row ${row}`);
      }
      // Rows before the beginning and far beyond the end do not exist.
      assert.throws(() => column.at(end + 8 * PAGE_ROWS), { code: 'CLEW_INTERNAL' });
    }
  }
});

test('bytes of rows beyond 2^32 come back, also across pages', () => {
  const random = seededRandom(SEED);
  const column = new BytesColumn(1, undefined, budget());
  const begin = 2 ** 34 - 40_000;
  column.startAt(begin);
  const bytes = random.bytes(80_000);
  column.pushRange(bytes, 0, bytes.length);
  assert.deepEqual(column.readRange(begin + 11, begin + 70_000), bytes.subarray(11, 70_000));
  assert.equal(column.equalsRange(begin + 39_000, bytes, 39_000, 41_000), true);
  assert.deepEqual(column.at(begin + 50_000), bytes.subarray(50_000, 50_001));
});

test('row numbers, sentinels and their limits, set and pushed, before and after a page has high bytes', () => {
  const values = [
    0,
    1,
    2 ** 32 - 257,
    2 ** 32 - 256,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 255,
    2 ** 39,
    ROW_SENTINEL_MIN - 1,
    ROW_SENTINEL_MIN,
    ROW_SENTINEL_MIN + 1,
    2 ** 40 - 2,
    2 ** 40 - 1,
  ];
  const column = new RowColumn(undefined, budget());
  const orders = [values, values.toReversed(), [2 ** 40 - 1, 0, 2 ** 33, 0, 2 ** 40 - 1, 7]];
  for (const order of orders) for (const value of order) column.push(value);
  assert.deepEqual(
    orders.flat().map((_, row) => column.at(row)),
    orders.flat(),
  );
  for (const value of values) {
    column.set(3, value);
    assert.equal(column.at(3), value);
  }
  assert.equal(column.at(2), 2 ** 32 - 257);
  assert.throws(() => column.push(2 ** 40), { code: 'CLEW_LEDGER_LIMIT' });
  assert.throws(() => column.set(0, 2 ** 53), { code: 'CLEW_LEDGER_LIMIT' });
  assert.equal(column.length, orders.flat().length);
});

test('differences that do not fit, and numbers that fall below their page, are refused', () => {
  const refused = { code: 'CLEW_LEDGER_LIMIT' };
  const narrow = new DeltaColumn16(undefined, budget());
  narrow.push(2 ** 53 - 70_000);
  narrow.push(2 ** 53 - 70_000 + 0xffff);
  assert.throws(() => narrow.push(2 ** 53 - 70_000 + 0x1_0000), refused);
  assert.throws(() => narrow.push(2 ** 53 - 70_001), refused);
  assert.throws(() => narrow.push(Number.NaN), refused);
  assert.deepEqual([narrow.at(0), narrow.at(1)], [2 ** 53 - 70_000, 2 ** 53 - 70_000 + 0xffff]);
  const wide = new ClimbingColumn(undefined, budget());
  wide.push(5);
  wide.push(5 + 0xfffe);
  wide.push(5 + 0xffff);
  wide.push(2 ** 53 - 1);
  assert.throws(() => wide.push(4), refused);
  assert.deepEqual(
    [0, 1, 2, 3].map((row) => wide.at(row)),
    [5, 0x1_0003, 0x1_0004, 2 ** 53 - 1],
  );
  assert.throws(() => new ClimbingColumn(undefined, budget()).push(2 ** 53), refused);
  assert.throws(() => new ClimbingColumn(undefined, budget()).push(0.5), refused);
});

test('the file of a column is written and read beyond 2^32 rows', () => {
  // Two holes of 17 GB, as if four billion rows had been written before.
  const begin = 2 ** 32 - PAGE_ROWS;
  const place = { folder, name: 'far', networkMagic: 7 };
  new RowColumn(place, budget()).close();
  truncateSync(join(folder, 'far.col'), COLUMN_HEADER_BYTES + begin * 4);
  truncateSync(join(folder, 'far.crc'), COLUMN_HEADER_BYTES + (begin / PAGE_ROWS) * 4);
  const state = { rows: begin, tailCrc: [0, 0] };
  const column = new RowColumn({ ...place, state }, budget());
  const end = 2 ** 32 + 1.5 * PAGE_ROWS;
  for (let row = begin; row < end; row += 1) column.push(row);
  column.flush();
  const later = column.state();
  column.close();
  const again = new RowColumn({ ...place, state: later, writable: false }, budget());
  for (let row = begin; row < end; row += 1) {
    if (again.at(row) !== row) assert.fail(`row ${row}`);
  }
  again.close();
});
