import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { NONE } from '../units/ids.ts';
import { PageBudget } from './page-budget.ts';
import { RowColumn } from './row-column.ts';
import { SatsColumn } from './sats-column.ts';
import { U32Column } from './u32-column.ts';
import { UndoInputs } from './undo-inputs.ts';

function inMemory(): UndoInputs {
  const budget = new PageBudget(1 << 24);
  return new UndoInputs(
    new RowColumn(undefined, budget),
    new SatsColumn(undefined, budget),
    new RowColumn(undefined, budget),
    new U32Column(undefined, budget),
  );
}

/** As the flow index does it: all columns together. */
function truncateTo(undo: UndoInputs, inputCount: number): void {
  const count = undo.firstFrom(inputCount);
  for (const column of [undo.input, undo.value, undo.script, undo.origin]) column.truncate(count);
}

test('an input is found among any others, asked in order or not, also beyond 2^32', (t) => {
  const random = seededRandom('undo-inputs');
  t.diagnostic(`seed ${random.seed}`);
  const undo = inMemory();
  assert.equal(undo.find(0), NONE);
  assert.equal(undo.valueOf(0), 0);
  assert.equal(undo.scriptOf(0), NONE);
  const expected = new Map<number, number>();
  let input = 2 ** 32 - 10_000;
  for (let row = 0; row < 70_000; row += 1) {
    input += random.int(1, 3);
    undo.push(input, row, row + 1, 2 * row);
    expected.set(input, row);
  }
  for (let at = 2 ** 32 - 10_010; at < input + 10; at += 1) {
    assert.equal(undo.find(at), expected.get(at) ?? NONE, `${at}`);
  }
  for (let i = 0; i < 20_000; i += 1) {
    const at = 2 ** 32 - 10_010 + random.int(0, 150_000);
    const row = undo.find(at);
    assert.equal(row, expected.get(at) ?? NONE, `${at}`);
    if (row === NONE) continue;
    assert.equal(undo.valueOf(at), row);
    assert.equal(undo.scriptOf(at), row + 1);
  }
});

test('what is cut off is gone, also for whoever found it before', () => {
  const undo = inMemory();
  for (const input of [3, 5, 6, 9]) undo.push(input, input, NONE, 0);
  assert.equal(undo.find(9), 3);
  truncateTo(undo, 6);
  assert.equal(undo.count, 2);
  assert.deepEqual(
    [3, 5, 6, 9].map((input) => undo.find(input)),
    [0, 1, NONE, NONE],
  );
  undo.push(7, 7, NONE, 0);
  assert.deepEqual(
    [6, 7, 9].map((input) => undo.find(input)),
    [NONE, 2, NONE],
  );
  truncateTo(undo, 0);
  assert.equal(undo.count, 0);
});
