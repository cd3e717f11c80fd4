import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { ScriptSet } from './script-set.hot.ts';

test('a set of scripts agrees with the built-in one, round after round, few and many', () => {
  const random = seededRandom('script-set');
  const set = new ScriptSet();
  for (let round = 0; round < 400; round += 1) {
    const count = random.chance(0.5) ? random.int(1, 12) : random.int(13, 900);
    const spread = random.pick([3, 40, 5_000, 0xffff_fffd]);
    const base = random.pick([0, 0xffff_ffff - 5_001]);
    set.start(count);
    const known = new Set<number>();
    for (let n = 0; n < count; n += 1) {
      const script = Math.min(0xffff_fffd, base + random.int(0, spread));
      assert.equal(set.add(script), !known.has(script), `round ${round}, script ${script}`);
      known.add(script);
    }
    assert.equal(set.size, known.size);
  }
});
