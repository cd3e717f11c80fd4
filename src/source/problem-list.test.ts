import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProblemList } from './problem-list.ts';

test('findings keep their order, and those of other groups are left out', () => {
  const list = new ProblemList();
  list.add('CLEW_BLOCK_CUT', 'one', { offset: 1 }, 'main');
  list.add('CLEW_BLOCK_CUT', 'two', { offset: 2 }, 'testnet3');
  list.add('CLEW_BLOCK_FILE_FORMAT', 'three', { offset: 3 });
  assert.deepEqual(list.finish('main'), [
    { code: 'CLEW_BLOCK_CUT', message: 'one', facts: { offset: 1 } },
    { code: 'CLEW_BLOCK_FILE_FORMAT', message: 'three', facts: { offset: 3 } },
  ]);
});

test('a thousand findings of a code are kept, the others counted', () => {
  const list = new ProblemList();
  for (let offset = 0; offset < 1234; offset += 1) {
    list.add('CLEW_BLOCK_STALE', 'stale', { offset }, 'main');
  }
  const problems = list.finish('main');
  assert.equal(problems.length, 1001);
  assert.deepEqual(problems.at(-1), {
    code: 'CLEW_BLOCK_STALE',
    message: 'And 234 more findings like this.',
    facts: { more: 234 },
  });
  assert.deepEqual(list.finish('signet'), []);
});
