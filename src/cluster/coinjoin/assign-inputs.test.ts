import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { assignInputs } from './assign-inputs.ts';

/** The slow way: every group to every participant. */
function canAssign(groups: readonly number[], goals: readonly number[]): boolean {
  let held: number[][] = [goals.map(() => 0)];
  for (const group of groups) {
    held = held.flatMap((sums) =>
      sums.map((_, to) => sums.map((sum, i) => (i === to ? sum + group : sum))),
    );
  }
  return held.some((sums) => sums.every((sum, i) => sum >= goals[i]!));
}

test('agrees with trying everything', () => {
  const seen = { yes: 0, no: 0 };
  for (let round = 0; round < 400; round += 1) {
    const random = seededRandom(`assign ${round}`);
    const groups = Array.from({ length: random.int(1, 6) }, () => random.int(1, 20));
    const goals = Array.from({ length: random.int(1, 4) }, () => random.int(-2, 20));
    const expected = canAssign(groups, goals) ? 'yes' : 'no';
    seen[expected] += 1;
    assert.equal(assignInputs(groups, goals, 100_000), expected, `seed ${random.seed}`);
  }
  assert.ok(seen.yes > 50 && seen.no > 50, 'both answers occur');
});

test('gives up after the steps allowed, and does not hang', () => {
  // Even groups that sum up to exactly what two odd goals need: impossible, but only trying tells.
  const random = seededRandom('assign timeout');
  const groups = Array.from({ length: 30 }, () => 2 * random.int(1000, 9000));
  const sum = groups.reduce((total, sats) => total + sats, 0);
  const goals = [sum / 2 + (sum % 4 === 0 ? 1 : 0), 0];
  goals[1] = sum - goals[0]!;
  assert.equal(assignInputs(groups, goals, 100_000), 'timeout');
});

test('nothing to bring is reached already', () => {
  assert.equal(assignInputs([], [0, -5], 10), 'yes');
  assert.equal(assignInputs([], [1], 10), 'no');
});
