import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlyRow } from './only-row.ts';

test('one row is given, anything else is no answer', () => {
  assert.deepEqual(onlyRow([{ rows: '3' }]), { rows: '3' });
  for (const rows of [[], [{}, {}], [null], [7]]) {
    assert.throws(() => onlyRow(rows), { code: 'CLEW_REMOTE_FORMAT' });
  }
});
