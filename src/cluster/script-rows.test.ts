import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClewError } from '../errors.ts';
import { checkScriptCount, SCRIPTS_MAX, withinMemory } from './script-rows.ts';

const isLimit = (error: unknown): boolean =>
  error instanceof ClewError && error.code === 'CLEW_LEDGER_LIMIT';

test('more scripts than u32 can number are refused, not cut', () => {
  checkScriptCount(1_500_000_000);
  checkScriptCount(SCRIPTS_MAX);
  assert.throws(() => checkScriptCount(2 ** 32 - 1), isLimit);
  assert.throws(() => withinMemory(2 ** 32, () => 'not reached'), isLimit);
});

test('an array that does not fit the memory is a coded error, other trouble stays what it is', () => {
  assert.equal(
    withinMemory(3, () => 7),
    7,
  );
  assert.throws(() => withinMemory(3, () => new Uint32Array(2 ** 51)), isLimit);
  assert.throws(() => withinMemory(3, () => new Uint32Array(-1)), isLimit);
  assert.throws(() => withinMemory(3, () => 'x'.repeat(-1)), RangeError);
  assert.throws(
    () =>
      withinMemory(3, () => {
        throw new ClewError('CLEW_AS_OF', 'x');
      }),
    (error) => error instanceof ClewError && error.code === 'CLEW_AS_OF',
  );
});
