/** Ranges of hashes in a key index, compared with a look at all entries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { KeyIndex } from './key-index.hot.ts';

const folder = temporaryFolder('key-between');

test('entries between two hashes: of front and runs, with forgotten rows, first of many', () => {
  const random = seededRandom('between');
  for (let round = 0; round < 30; round += 1) {
    const index = KeyIndex.create(folder, `r${round}`, { memoryBytes: 2 ** 20 });
    // Few different hashes in some rounds, so that one has many rows.
    const highs = round % 3 === 0 ? 6 : 2 ** 32;
    const all: { low: number; high: number; row: number }[] = [];
    const count = random.int(1, 4000);
    for (let row = 0; row < count; row += 1) {
      // Runs keep the upper half of `low`.
      const entry = { low: random.int(0, 65_535) * 65_536, high: random.int(0, highs - 1), row };
      all.push(entry);
      index.insert(entry.low, entry.high, row);
      if (random.int(0, 700) === 0) index.flushFront();
    }
    const end = random.int(0, count);
    index.truncate(end);
    index.prepareCommit();
    const left = all
      .filter(({ row }) => row < end)
      .sort((a, b) => a.high - b.high || a.low - b.low || a.row - b.row);
    for (let question = 0; question < 30; question += 1) {
      const ends = [0, 1].map(() => {
        const some = all[random.int(0, all.length - 1)]!;
        return random.int(0, 4) === 0 ? { low: 0, high: random.int(0, highs - 1) } : some;
      });
      ends.sort((a, b) => a.high - b.high || a.low - b.low);
      const [from, to] = ends as [(typeof ends)[0], (typeof ends)[0]];
      const expected = left.filter(
        (e) =>
          (e.high > from.high || (e.high === from.high && e.low >= from.low)) &&
          (e.high < to.high || (e.high === to.high && e.low <= to.low)),
      );
      const max = random.int(0, 3) === 0 ? random.int(1, 40) : count;
      const found = index.between(from, to, max);
      assert.deepEqual(found, expected.slice(0, max), `replay with seed ${random.seed}`);
    }
    index.close();
  }
});
