import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { KeyFront } from './key-front.hot.ts';

/** All rows that a front gives for a hash, in its order. */
function rowsOf(front: KeyFront, low: number, high: number): number[] {
  const rows: number[] = [];
  for (let at = front.find(low, high); at >= 0; at = front.findOlder(at))
    rows.push(front.rowAt(at));
  return rows;
}

/** Hashes that crowd both ends of the table, so that clusters run over its end. */
function crowdedHigh(random: ReturnType<typeof seededRandom>): number {
  if (random.chance(0.3)) return 0xffff_ffff - random.int(0, 9);
  if (random.chance(0.3)) return random.int(0, 9);
  return random.u32();
}

for (const seed of ['front-1', 'front-2', 'front-3', 'front-4']) {
  test(`a front answers as a map does, through growing and truncating (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const front = new KeyFront();
    let entries: { low: number; high: number; row: number }[] = [];
    let row = random.pick([0, 2 ** 32 - 500, 2 ** 39]);
    for (let step = 0; step < 4_000; step += 1) {
      if (random.chance(0.9)) {
        const twin = random.chance(0.2) && entries.length > 0 ? random.pick(entries) : undefined;
        const low = twin?.low ?? random.int(0, 3);
        const high = twin?.high ?? crowdedHigh(random);
        row += random.int(1, 3);
        if (front.isFull) front.grow();
        front.insert(low, high, row);
        entries.push({ low, high, row });
      } else if (random.chance(0.02)) {
        const end = row - random.int(0, entries.length);
        front.truncate(end);
        entries = entries.filter((entry) => entry.row < end);
        row = Math.max(end, entries.at(-1)?.row ?? 0);
      }
      const { low, high } =
        entries.length > 0 && random.chance(0.7)
          ? random.pick(entries)
          : { low: 4, high: crowdedHigh(random) };
      const expected = entries.filter((entry) => entry.low === low && entry.high === high);
      assert.deepEqual(rowsOf(front, low, high), expected.map((entry) => entry.row).reverse());
      assert.equal(front.count, entries.length);
    }
    const sorted: { low: number; high: number; row: number }[] = [];
    front.writeSorted({ append: (low, high, row) => sorted.push({ low, high, row }) });
    entries.sort((a, b) => a.high - b.high || a.low - b.low || a.row - b.row);
    assert.deepEqual(sorted, entries);
  });
}

test('a cluster of a thousand rows with one hash comes out in the order of rows', () => {
  const front = new KeyFront();
  for (let row = 0; row < 1_000; row += 1) {
    if (front.isFull) front.grow();
    front.insert(7, 0xffff_ffff, row);
  }
  const rows: number[] = [];
  front.writeSorted({ append: (_low, _high, row) => rows.push(row) });
  assert.deepEqual(
    rows,
    Array.from({ length: 1_000 }, (_, i) => i),
  );
});
