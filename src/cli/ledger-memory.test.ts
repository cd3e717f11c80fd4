import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultLedgerMemory } from './ledger-memory.ts';

test('a quarter of the machine, between 1 and 24 GB', () => {
  const gb = 2 ** 30;
  assert.equal(defaultLedgerMemory(2 * gb), gb);
  assert.equal(defaultLedgerMemory(32 * gb), 8 * gb);
  assert.equal(defaultLedgerMemory(512 * gb), 24 * gb);
});
