import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { StageClock } from './stage-clock.ts';

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

class Outer {
  readonly inner = new Inner();
  work(): void {
    spin(20);
    this.inner.work();
    spin(20);
  }

  async waitFor(): Promise<string> {
    await wait(30);
    return 'done';
  }
}

class Inner {
  work(): void {
    spin(50);
  }
}

test('what a stage spends in another one counts for the other alone, also while it waits', async () => {
  const clock = new StageClock();
  clock.wrap(Outer.prototype, 'work', 'outer');
  clock.wrap(Outer.prototype, 'waitFor', 'waiting', true);
  clock.wrap(Inner.prototype, 'work', 'inner');
  const outer = new Outer();
  clock.start();
  const start = performance.now();
  outer.work();
  assert.equal(await outer.waitFor(), 'done');
  const seconds = clock.read();
  const all = (performance.now() - start) / 1000;
  assert.ok(seconds['outer']! >= 0.04);
  assert.ok(seconds['inner']! >= 0.05);
  assert.ok(seconds['waiting']! >= 0.029);
  const sum = Object.values(seconds).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - all) < 0.005, `${sum} of ${all}`);
});

test('a stage that throws ends too', () => {
  class Bad {
    fail(): never {
      throw new Error('bad');
    }
  }
  const clock = new StageClock();
  clock.wrap(Bad.prototype, 'fail', 'bad');
  clock.start();
  assert.throws(() => new Bad().fail(), /bad/);
  spin(10);
  assert.ok(clock.read()['the rest']! >= 0.009);
});
