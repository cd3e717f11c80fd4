import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { WideDivision } from './wide-division.hot.ts';

const SUPPLY = 2_100_000_000_000_000;
const SAFE = Number.MAX_SAFE_INTEGER;

function check(a: number, b: number, c: number, note: string): void {
  const wide = new WideDivision();
  wide.divide(a, b, c);
  const product = BigInt(a) * BigInt(b);
  assert.equal(
    BigInt(wide.quotient),
    product / BigInt(c),
    `quotient of ${a} * ${b} / ${c} (${note})`,
  );
  assert.equal(
    BigInt(wide.remainder),
    product % BigInt(c),
    `remainder of ${a} * ${b} / ${c} (${note})`,
  );
}

test('agrees with bigint on numbers of every size, a at most c', () => {
  for (const seed of ['wide-1', 'wide-2', 'wide-3']) {
    const random = seededRandom(seed);
    // Sizes spread over the bits, not over the values, so that small numbers are met too.
    const any = (max: number): number =>
      Math.min(max, Math.floor(2 ** (random.unit() * Math.log2(max)) + random.unit() * 3));
    for (let i = 0; i < 30_000; i += 1) {
      const c = Math.max(1, any(i % 3 === 0 ? SAFE : SUPPLY));
      check(Math.min(any(SUPPLY), c), Math.min(any(c), c), c, `seed ${seed} row ${i}`);
    }
  }
});

test('agrees with bigint where rounding is most likely to go wrong', () => {
  const edges = [
    1,
    2,
    3,
    2 ** 26,
    2 ** 27 - 1,
    2 ** 27 + 1,
    2 ** 50 - 1,
    2 ** 51 - 1,
    2 ** 51,
    2 ** 52 + 1,
  ];
  const near = [SUPPLY - 1, SUPPLY, SAFE - 1, SAFE, 94_906_265, 94_906_266, 94_906_267];
  const all = [...edges, ...near];
  for (const c of all) {
    for (const a of all) {
      for (const b of all) if (Math.min(a, b) <= c && (a * b) / c < 2 ** 51) check(a, b, c, 'edge');
      if (a <= c) for (const off of [0, 1, 2]) check(a, Math.max(0, c - off), c, 'just below one');
    }
  }
});

test('the remainder decides between neighbours: multiples and one off', () => {
  const random = seededRandom('wide-multiples');
  for (let i = 0; i < 20_000; i += 1) {
    const c = random.int(2 ** 30, 2 ** 50);
    const q = random.int(1, 2 ** 20);
    const b = random.int(1, 2 ** 20) * q;
    check(c, b, c, `row ${i}`);
    check(c - 1, b, c, `row ${i}`);
  }
});
