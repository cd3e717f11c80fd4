import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BITCOIN_2026, bytesPerRowAt, judge, projectParts } from './projection.ts';

const part = (rows: number, bytes: number, name = 'txids') => ({
  name,
  kind: 'transactions' as const,
  rows,
  bytes,
});

test('a part of a fixed size per row takes that at any number of rows', () => {
  const [projected] = projectParts([[part(1e6, 32e6)], [part(1e7, 32e7)]]);
  assert.equal(projected!.bytes, 32 * 1.3e9);
});

test('bytes per row go on rising with the logarithm of the rows, and never fall', () => {
  // 4 bytes at 2^20 rows, 5 at 2^22: half a byte more with each doubling.
  const rising = [part(2 ** 20, 4 * 2 ** 20), part(2 ** 22, 5 * 2 ** 22)];
  assert.equal(bytesPerRowAt(rising, 2 ** 30), 9);
  const falling = [part(2 ** 20, 5 * 2 ** 20), part(2 ** 22, 4 * 2 ** 22)];
  assert.equal(bytesPerRowAt(falling, 2 ** 30), 4);
});

test('what has hardly any rows says nothing', () => {
  assert.equal(bytesPerRowAt([part(12, 4096)], 1e9), 0);
});

test('the heaviest stands first, and the sum is held against the target', () => {
  const parts = projectParts([[part(1e6, 1e6, 'flags'), part(1e6, 32e6)]]);
  assert.deepEqual(
    parts.map(({ name }) => name),
    ['txids', 'flags'],
  );
  const verdict = judge(parts, 300e9);
  assert.equal(verdict.bytes, 33 * BITCOIN_2026.transactions);
  assert.equal(verdict.isMet, true);
  assert.equal(judge(parts, 33 * 1.3e9 - 1).isMet, false);
});
