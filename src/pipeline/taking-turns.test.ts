import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { TakingTurns } from './taking-turns.ts';

const tick = (turns = 1): Promise<void> =>
  turns <= 0
    ? Promise.resolve()
    : new Promise((resolve) => setImmediate(() => resolve(tick(turns - 1))));

test('never two open at once, everyone gets the right one, users of one share it', async (t) => {
  const random = seededRandom(process.env['CLEW_TEST_SEED'] ?? 'turns');
  t.diagnostic(`seed ${random.seed}`);
  const open = new Set<string>();
  let openings = 0;
  let sharedMost = 0;
  const users = new Map<string, number>();
  const turns = new TakingTurns<string, { key: string }>(
    async (key) => {
      await tick(random.int(0, 2));
      openings += 1;
      open.add(key);
      assert.equal(open.size, 1);
      return { key };
    },
    async ({ key }) => {
      assert.equal(users.get(key) ?? 0, 0, 'closed while in use');
      await tick(random.int(0, 2));
      open.delete(key);
    },
  );
  const work: Promise<void>[] = [];
  for (let i = 0; i < 300; i += 1) {
    const key = random.chance(0.8) ? 'main' : random.pick(['signet', 'regtest']);
    const length = random.int(0, 5);
    const fails = random.chance(0.1);
    const one = turns.use(key, async (thing) => {
      assert.equal(thing.key, key);
      const now = (users.get(key) ?? 0) + 1;
      users.set(key, now);
      sharedMost = Math.max(sharedMost, now);
      await tick(length);
      users.set(key, users.get(key)! - 1);
      if (fails) throw new Error('of the work');
    });
    work.push(fails ? assert.rejects(one, /of the work/) : one);
    if (random.chance(0.2)) await tick(random.int(1, 4));
  }
  await Promise.all(work);
  await turns.close();
  assert.equal(open.size, 0);
  assert.ok(sharedMost > 1, 'users of the same thing run side by side');
  assert.ok(openings > 2 && openings < 300);
});

test('a thing that could not be opened is tried again by the next', async () => {
  let tries = 0;
  const turns = new TakingTurns<string, string>(
    async (key) => {
      tries += 1;
      if (tries === 1) throw new Error('not now');
      return key;
    },
    async () => {},
  );
  await assert.rejects(
    turns.use('a', async () => 1),
    /not now/,
  );
  assert.equal(await turns.use('a', async (thing) => thing), 'a');
});

test('closing waits for the work under way', async () => {
  const events: string[] = [];
  const turns = new TakingTurns<string, string>(
    async (key) => key,
    async () => void events.push('closed'),
  );
  const work = turns.use('a', async () => {
    await tick(3);
    events.push('worked');
  });
  await turns.close();
  await work;
  assert.deepEqual(events, ['worked', 'closed']);
});
