import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { VerdictFilter } from './verdict-filter.hot.ts';

test('the filter knows every transaction with a verdict, and is wrong about few others, at any row', () => {
  for (const base of [0, 2 ** 33 + 7]) {
    const random = seededRandom(`verdict-filter-${base}`);
    const known = Float64Array.from({ length: 5_000 }, () => base + random.int(0, 10_000_000));
    const filter = new VerdictFilter(known);
    for (const tx of known) assert.ok(filter.has(tx));
    let maybe = 0;
    for (let n = 0; n < 20_000; n += 1)
      if (filter.has(base + random.int(0, 10_000_000))) maybe += 1;
    assert.ok(maybe < 20_000 / 5, `${maybe} of 20000`);
  }
  assert.equal(new VerdictFilter(new Float64Array(0)).has(2 ** 39), false);
});
