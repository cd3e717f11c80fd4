import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { makeShape, type ShapeText, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { coinjoinParameters } from './parameters.ts';
import { hasSubsetSum, stonewall } from './stonewall.ts';

function judge(change: Partial<ShapeText> = {}): Verdict | undefined {
  // Each half: 60,000 in, 50,000 and a change out, 250 of the fee of 500.
  const shape = makeShape({
    inputs: [40_000, 30_000, 60_000],
    outputs: [50_000, 50_000, 19_750, 9_750],
    ...change,
  });
  shape.analyse();
  return stonewall(shape, coinjoinParameters('main'));
}

test('two equal outputs, two changes, and halves that add up exactly', () => {
  assert.deepEqual([judge()?.strength, judge()?.facts['form']], ['strong', 'stonewall_exact']);
});

test('halves that do not add up, or scripts that stand on both sides, leave the shape', () => {
  assert.equal(judge({ inputs: [40_001, 30_000, 59_999] })?.facts['form'], 'stonewall_shape');
  assert.equal(
    judge({ inputs: [40_000, 30_000, 60_001] })?.facts['form'],
    'stonewall_shape',
    'odd fee',
  );
  const own = (sats: number) => ({ sats, script: 1 });
  assert.equal(
    judge({ inputs: [own(40_000), 30_000, own(60_000)] })?.facts['form'],
    'stonewall_shape',
  );
  assert.equal(
    judge({ inputs: [own(40_000), own(30_000), 60_000] })?.facts['form'],
    'stonewall_exact',
  );
  assert.equal(judge({ outputs: [50_000, 50_000, 19_750] })?.facts['form'], 'stonewall_shape');
});

test('no: one input, other output counts, two repeated values, small values, reused outputs', () => {
  assert.equal(judge({ inputs: [130_000] }), undefined);
  assert.equal(judge({ outputs: [50_000, 50_000] }), undefined);
  assert.equal(judge({ outputs: [50_000, 50_000, 1, 2, 3] }), undefined);
  assert.equal(judge({ outputs: [50_000, 50_000, 9_000, 9_000] }), undefined);
  assert.equal(judge({ outputs: [50_000, 50_000, 50_000, 9_000] }), undefined);
  assert.equal(judge({ outputs: [4_999, 4_999, 9_000, 8_000] }), undefined);
  assert.notEqual(judge({ outputs: [5_000, 5_000, 9_000, 8_000] }), undefined);
  const reused = { sats: 50_000, script: 1 };
  assert.equal(judge({ outputs: [reused, reused, 19_750, 9_750] }), undefined);
});

test('subset sums agree with trying all subsets', () => {
  for (let round = 0; round < 200; round += 1) {
    const random = seededRandom(`subset ${round}`);
    const values = Array.from({ length: random.int(1, 9) }, () => random.int(1, 40));
    const target = random.int(0, 120);
    let expected = false;
    for (let subset = 0; subset < 2 ** values.length; subset += 1) {
      const sum = values.reduce(
        (total, value, i) => total + (Math.floor(subset / 2 ** i) % 2) * value,
        0,
      );
      if (sum === target) expected = true;
    }
    assert.equal(hasSubsetSum(values, target), expected, `seed ${random.seed}`);
  }
  assert.equal(hasSubsetSum(times(20, 3), 31), false);
});
