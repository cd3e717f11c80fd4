import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { formatCoins, SatsTotal } from './amount.ts';

test('a total of amounts of any size is exact, far beyond 2^53 and back', () => {
  const random = seededRandom('sats-total');
  const kinds: readonly (() => number)[] = [
    () => random.int(0, 100_000),
    () => 2_100_000_000_000_000 - random.int(0, 9),
    () => Number.MAX_SAFE_INTEGER - random.int(0, 9),
    () => 2 ** 52 - random.int(0, 3) + 1,
  ];
  const total = new SatsTotal();
  let expected = 0n;
  for (let round = 0; round < 20_000; round += 1) {
    const amount = random.pick(kinds)() * (random.chance(0.3) ? -1 : 1);
    total.add(amount);
    expected += BigInt(amount);
    if (round % 97 === 0) assert.equal(total.value, expected, `round ${round}`);
  }
  assert.equal(total.value, expected);
  assert.ok(expected > 2n ** 60n);
});

test('coins are written with eight decimals, exactly', () => {
  assert.equal(formatCoins(0), '0.00000000');
  assert.equal(formatCoins(123_456_789n), '1.23456789');
  assert.equal(formatCoins(-1n), '-0.00000001');
  assert.equal(formatCoins(2n ** 70n), '11805916207174.11303424');
});
