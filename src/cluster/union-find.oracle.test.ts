import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { findRoot, flattenSets, makeSets, unionSets } from './union-find.hot.ts';

/** The slow way: every row carries a label, and joining two rows relabels all of one set. */
function relabel(count: number, pairs: readonly (readonly [number, number])[]): number[] {
  const label = Array.from({ length: count }, (_, row) => row);
  for (const [a, b] of pairs) {
    const low = Math.min(label[a]!, label[b]!);
    const high = Math.max(label[a]!, label[b]!);
    for (let row = 0; row < count; row += 1) if (label[row] === high) label[row] = low;
  }
  return label;
}

test('sets are those that relabelling gives, named by their smallest row, in any order of pairs', () => {
  for (let round = 0; round < 60; round += 1) {
    const random = seededRandom(`union-find ${round}`);
    const count = random.int(1, 120);
    const pairs = Array.from(
      { length: random.int(0, 150) },
      () => [random.int(0, count - 1), random.int(0, count - 1)] as const,
    );
    const expected = relabel(count, pairs);
    for (const order of [pairs, random.shuffle(pairs), [...pairs].reverse()]) {
      const parent = makeSets(count);
      for (const [a, b] of order) unionSets(parent, a, b);
      for (let row = 0; row < count; row += 1) {
        assert.equal(findRoot(parent, row), expected[row], `seed ${random.seed}, row ${row}`);
      }
      flattenSets(parent);
      assert.deepEqual([...parent], expected, `seed ${random.seed}`);
    }
  }
});

test('joining says whether the two were apart', () => {
  const parent = makeSets(4);
  assert.equal(unionSets(parent, 3, 1), true);
  assert.equal(unionSets(parent, 1, 3), false);
  assert.equal(unionSets(parent, 2, 2), false);
  assert.deepEqual([...parent], [0, 1, 2, 1]);
});

test('a long chain is flat after one pass', () => {
  const count = 10_000;
  const parent = makeSets(count);
  for (let row = count - 1; row > 0; row -= 1) unionSets(parent, row - 1, row);
  flattenSets(parent);
  assert.ok(parent.every((root) => root === 0));
});
