/** Scripts in files, with pages that leave at once, cut off, pushed again and reopened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { BytesColumn } from './bytes-column.ts';
import { ClimbingColumn } from './climbing-column.ts';
import { CodeColumn } from './code-column.ts';
import type { ColumnState } from './column-state.ts';
import { PAGE_ROWS, PageBudget } from './page-budget.ts';
import { ScriptBlob } from './script-blob.ts';

const folder = temporaryFolder('script-blob');
const place = { folder, networkMagic: 7 };

test('scripts of all lengths come back, also after cuts and reopening', () => {
  const seed = 'blob-1';
  const random = seededRandom(seed);
  const open = (states?: readonly ColumnState[]) => {
    const budget = new PageBudget(700_000);
    const offsets = new ClimbingColumn({ ...place, name: 'offsets', state: states?.[0] }, budget);
    const bytes = new BytesColumn(1, { ...place, name: 'bytes', state: states?.[1] }, budget);
    return { offsets, bytes, blob: new ScriptBlob(offsets, bytes) };
  };
  let { offsets, bytes, blob } = open();
  const expected: Uint8Array[] = [];
  for (let round = 0; round < 8; round += 1) {
    for (let i = random.int(0, 3_000); i > 0; i -= 1) {
      const length = random.chance(0.01) ? random.int(0, 10_000) : random.int(0, 40);
      const source = random.bytes(length + 5);
      blob.push(source, 2, 2 + length);
      expected.push(source.slice(2, 2 + length));
    }
    if (random.chance(0.7)) {
      expected.length = random.int(Math.floor(expected.length / 2), expected.length);
      blob.truncate(expected.length);
    }
    offsets.flush();
    bytes.flush();
    const states = JSON.parse(JSON.stringify([offsets.state(), bytes.state()])) as ColumnState[];
    offsets.close();
    bytes.close();
    ({ offsets, bytes, blob } = open(states));
    assert.equal(blob.count, expected.length);
    assert.equal(blob.isWhole, true);
    assert.equal(offsets.verify() ?? bytes.verify(), undefined);
  }
  for (const [scriptId, script] of expected.entries()) {
    assert.deepEqual(blob.read(scriptId), script, `script ${scriptId}, replay with seed ${seed}`);
    assert.equal(blob.lengthOf(scriptId), script.length);
    assert.equal(blob.equals(scriptId, script, 0, script.length), true);
    if (script.length === 0) continue;
    const other = script.slice();
    other[random.int(0, other.length - 1)]! ^= 1;
    assert.equal(blob.equals(scriptId, other, 0, other.length), false);
  }
  offsets.close();
  bytes.close();
});

test('rows of 32 bytes come back from files, also after cuts and reopening', () => {
  const seed = 'blob-2';
  const random = seededRandom(seed);
  const expected: Uint8Array[] = [];
  let column = new BytesColumn(32, { ...place, name: 'txids' }, new PageBudget(1));
  for (let round = 0; round < 3; round += 1) {
    for (let i = 0; i < 0.6 * PAGE_ROWS; i += 1) {
      // Every hundredth is compared; the others only take up room.
      const id = i % 100 === 0 ? random.bytes(40) : new Uint8Array(40).fill(i % 256);
      column.push(id, 3);
      expected.push(id.subarray(3, 35));
    }
    expected.length -= 700;
    column.truncate(expected.length);
    column.flush();
    const state = column.state();
    column.close();
    column = new BytesColumn(32, { ...place, name: 'txids', state }, new PageBudget(1));
    assert.equal(column.length, expected.length);
  }
  for (let row = 0; row < expected.length; row += 100) {
    assert.deepEqual(column.at(row), expected[row], `row ${row}, replay with seed ${seed}`);
    assert.equal(column.equals(row, expected[row]!, 0), true);
  }
  column.close();
});

test('the codes of a column are those that it was made with, whatever a later version finds common', () => {
  const make = (state: ColumnState | undefined, common: number[]) =>
    new CodeColumn({ ...place, name: 'codes', state }, new PageBudget(1e7), common);
  const column = make(undefined, [0xffff_ffff, 7]);
  for (const value of [7, 1, 0xffff_ffff, 5]) column.push(value);
  column.flush();
  const state = column.state();
  column.close();
  const again = make(state, [5, 6, 7, 8, 9]);
  again.push(1);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((row) => again.at(row)),
    [7, 1, 0xffff_ffff, 5, 1],
  );
  again.truncate(1);
  again.push(99);
  assert.deepEqual([again.at(0), again.at(1)], [7, 99]);
  again.close();
});
