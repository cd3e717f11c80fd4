import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { seededRandom } from '../bytes/seeded-random.ts';
import { ReaderGate } from './reader-gate.ts';

test('no reader sees two states, and all come to their turn', async () => {
  const random = seededRandom('gate-1');
  const gate = new ReaderGate();
  let state = 0;
  let isSwitching = false;
  let readersInside = 0;
  let readersMax = 0;
  const reader = async (): Promise<void> => {
    await gate.read(async () => {
      readersInside += 1;
      readersMax = Math.max(readersMax, readersInside);
      const before = state;
      for (let i = random.int(0, 4); i > 0; i -= 1) await setImmediate();
      assert.equal(isSwitching, false, 'a switch is under way');
      assert.equal(state, before, 'the state changed');
      readersInside -= 1;
    });
  };
  const switcher = async (): Promise<void> => {
    await gate.switch(async () => {
      assert.equal(readersInside, 0);
      isSwitching = true;
      for (let i = random.int(0, 4); i > 0; i -= 1) await setImmediate();
      state += 1;
      isSwitching = false;
    });
  };
  const all: Promise<void>[] = [];
  for (let i = 0; i < 300; i += 1) {
    all.push(random.chance(0.2) ? switcher() : reader());
    if (random.chance(0.3)) await setImmediate();
  }
  await Promise.all(all);
  assert.ok(state > 20 && readersMax > 1, `replay with seed ${random.seed}`);
});

test('who is inside may come again, also while others wait', async () => {
  const gate = new ReaderGate();
  const order: string[] = [];
  const outer = gate.read(async () => {
    await setTimeout(5);
    await gate.read(async () => void order.push('read in read'));
  });
  await setImmediate();
  const waiting = gate.switch(async () => {
    order.push('switch');
    await gate.switch(async () => void order.push('switch in switch'));
    await gate.read(async () => void order.push('read in switch'));
  });
  await Promise.all([outer, waiting]);
  assert.deepEqual(order, ['read in read', 'switch', 'switch in switch', 'read in switch']);
});

test('readers that switch do not wait for each other for ever', async () => {
  const gate = new ReaderGate();
  let inside = 0;
  let switches = 0;
  const both = Array.from({ length: 3 }, () =>
    gate.read(async () => {
      await setImmediate();
      await gate.switch(async () => {
        inside += 1;
        assert.equal(inside, 1);
        await setImmediate();
        switches += 1;
        inside -= 1;
      });
      // Back inside: a switch of another waits.
      const before = switches;
      await setImmediate();
      assert.equal(switches, before);
    }),
  );
  await Promise.all(both);
  assert.equal(switches, 3);
  // What is started and not waited for is outside once its reader has ended.
  let late: Promise<void> | undefined;
  await gate.read(async () => {
    late = setTimeout(3).then(() =>
      gate.switch(async () => {
        switches += 1;
      }),
    );
  });
  await late;
  assert.equal(switches, 4);
});

test('errors of readers and switches leave the gate open', async () => {
  const gate = new ReaderGate();
  await assert.rejects(gate.read(async () => Promise.reject(new Error('read'))));
  await assert.rejects(gate.switch(async () => Promise.reject(new Error('switch'))));
  assert.equal(await gate.read(async () => 1), 1);
});
