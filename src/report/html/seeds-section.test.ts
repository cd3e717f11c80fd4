import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinLinks } from './seeds-section.ts';

const link = (from: string, to: string, txid: string, isPayjoinPossible = false) => ({
  from,
  to,
  txid,
  rule: 'MI-1',
  ruleVersion: 1,
  isPayjoinPossible,
});

const rowsOf = (links: readonly ReturnType<typeof link>[]): string[] =>
  joinLinks(links).map((row) => `${row.link.txid}: ${[...row.addresses].sort().join(' ')}`);

test('links of one transaction become one row, those of another stay apart', () => {
  assert.deepEqual(rowsOf([link('a', 'b', 't1'), link('a', 'c', 't1'), link('c', 'd', 't2')]), [
    't1: a b c',
    't2: c d',
  ]);
});

test('a link can close the gap between two groups of one transaction', () => {
  assert.deepEqual(rowsOf([link('a', 'b', 't1'), link('c', 'd', 't1'), link('b', 'c', 't1')]), [
    't1: a b c d',
  ]);
});

test('what does not touch is not said to belong together, nor is a weaker link mixed with a strong one', () => {
  assert.deepEqual(rowsOf([link('a', 'b', 't1'), link('c', 'd', 't1')]), ['t1: a b', 't1: c d']);
  assert.equal(joinLinks([link('a', 'b', 't1'), link('b', 'c', 't1', true)]).length, 2);
});
