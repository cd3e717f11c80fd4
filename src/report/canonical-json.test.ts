import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { canonicalJson } from './canonical-json.ts';

test('members are in the order of their names, whatever the order they were made in', () => {
  const one = canonicalJson({ b: 1, a: { d: [], c: 'x' }, Z: null });
  const other = canonicalJson({ Z: null, a: { c: 'x', d: [] }, b: 1 });
  assert.equal(one, other);
  assert.equal(one, '{\n  "Z": null,\n  "a": {\n    "c": "x",\n    "d": []\n  },\n  "b": 1\n}\n');
});

test('short flat lists stand on one line, long ones on many', () => {
  assert.equal(canonicalJson([1, 2]), '[ 1, 2 ]\n');
  assert.equal(canonicalJson(['x'.repeat(70), 'y'.repeat(70)]).split('\n').length, 5);
});

test('members without a value are left out', () => {
  assert.equal(canonicalJson({ a: undefined, b: false }), '{ "b": false }\n');
});

test('what JSON can not carry exactly is refused', () => {
  for (const value of [
    1n,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    () => 1,
    [undefined],
    Symbol('x'),
  ]) {
    assert.throws(() => canonicalJson({ value }), TypeError, String(value));
  }
});

function anyValue(random: SeededRandom, depth: number): unknown {
  const kind = random.int(0, depth > 4 ? 4 : 6);
  if (kind === 0) return null;
  if (kind === 1) return random.chance(0.5);
  if (kind === 2) return random.int(-1_000_000, 1_000_000);
  if (kind === 3) return random.unit();
  if (kind === 4) return random.pick(['', 'plain', '"quoted"\\', 'ünï\u2028\u0007', '<&>']);
  if (kind === 5)
    return Array.from({ length: random.int(0, 4) }, () => anyValue(random, depth + 1));
  const entries = Array.from({ length: random.int(0, 4) }, (_, i) => [
    `k${i}"`,
    anyValue(random, depth + 1),
  ]);
  return Object.fromEntries(random.shuffle(entries));
}

test('JSON.parse gives back what was written', () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const value = anyValue(seededRandom(seed), 0);
    assert.deepEqual(JSON.parse(canonicalJson(value)), value, `seed ${seed}`);
  }
});
