import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { planMerge } from './key-merge-plan.ts';

test('four runs of a size become one, larger ones before them stay', () => {
  assert.equal(planMerge([]), undefined);
  assert.equal(planMerge([5_000, 5_000, 5_000]), undefined);
  assert.deepEqual(planMerge([5_000, 5_000, 5_000, 5_000]), { from: 0, end: 4 });
  assert.deepEqual(planMerge([90_000, 5_000, 5_000, 5_000, 5_000]), { from: 1, end: 5 });
  assert.equal(planMerge([90_000, 90_000, 90_000, 20_000, 20_000, 5_000]), undefined);
  // Small runs of clean closes do not keep large ones apart.
  const mixed = [900_000, 10, 900_000, 10, 10, 900_000, 900_000, 7];
  assert.deepEqual(planMerge(mixed), { from: 0, end: 7 });
});

test('runs stay few and entries are written few times, however large the flushed pieces are', () => {
  const seed = 'plan-1';
  const random = seededRandom(seed);
  const runs: number[] = [];
  let inserted = 0;
  let written = 0;
  let runsMax = 0;
  for (let flush = 0; flush < 5_000; flush += 1) {
    const entries = random.chance(0.1) ? random.int(1, 1_000_000) : 1_000_000;
    runs.push(entries);
    inserted += entries;
    written += entries;
    for (let plan = planMerge(runs); plan !== undefined; plan = planMerge(runs)) {
      const merged = runs.slice(plan.from, plan.end).reduce((a, b) => a + b);
      runs.splice(plan.from, plan.end - plan.from, merged);
      written += merged;
    }
    runsMax = Math.max(runsMax, runs.length);
  }
  assert.ok(runsMax <= 24, `${runsMax} runs, replay with ${seed}`);
  assert.ok(written / inserted < 8, `written ${written / inserted} times, replay with ${seed}`);
});
