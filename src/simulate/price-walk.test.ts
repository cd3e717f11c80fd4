import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { PriceWalk } from './price-walk.ts';

const FROM = Date.UTC(2021, 0, 1) / 1000;
const TO = Date.UTC(2021, 8, 1, 12) / 1000;

test('there is one line for each day, both ends included', () => {
  const lines = new PriceWalk(FROM, TO, seededRandom('p')).toCsv().trimEnd().split('\n');
  assert.equal(lines.length, 1 + 244);
  assert.match(lines[1]!, /^2021-01-01,\d+\.\d\d,\d+\.\d\d$/);
  assert.match(lines.at(-1)!, /^2021-09-01,/);
});

test('an amount in dollars is that many satoshi at the price in the file', () => {
  const prices = new PriceWalk(FROM, TO, seededRandom('p'));
  const line = prices.toCsv().split('\n')[32]!;
  const [day, usd] = line.split(',') as [string, string];
  const noon = Date.parse(`${day}T12:00:00Z`) / 1000;
  const expected = Math.round((25 / Number(usd)) * 1e8);
  assert.ok(Math.abs(prices.satsForUsd(25, noon) - expected) <= 1);
  // Days outside have the price of the nearest.
  assert.equal(prices.usdCents(FROM - 86_400), prices.usdCents(FROM));
  assert.equal(prices.usdCents(TO + 864_000), prices.usdCents(TO));
});

test('prices stay within their band and never leap', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const prices = new PriceWalk(FROM, TO, seededRandom(`band-${seed}`));
    for (let day = FROM; day < TO; day += 86_400) {
      const today = prices.usdCents(day);
      assert.ok(today >= 2_600_000 && today <= 6_400_000, `seed band-${seed}`);
      assert.ok(
        Math.abs(Math.log(prices.usdCents(day + 86_400) / today)) < 0.2,
        `seed band-${seed}`,
      );
    }
  }
});
