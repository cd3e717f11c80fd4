import assert from 'node:assert/strict';
import { test } from 'node:test';
import { madeUpAddress } from '../../test/support/made-up-address.ts';
import { ClewError } from '../errors.ts';
import { OFAC_ORIGIN, parseOfacList, tickerOfList } from './ofac-list.ts';

test('the coin is in the name of the file', () => {
  assert.equal(tickerOfList('XBT.txt'), 'XBT');
  assert.equal(tickerOfList('sanctioned_addresses_LTC.txt'), 'LTC');
  for (const name of ['README.txt', 'xbt.txt', 'XBT.csv', 'txt', 'notes.txt']) {
    assert.equal(tickerOfList(name), undefined, name);
  }
});

test('a list says what an authority said, of which day, and no more', () => {
  const text = `# comment\r\n${madeUpAddress('a')}\r\n\r\n${madeUpAddress('b')}\nnobody\n${madeUpAddress('a')}`;
  const origin = { source: 'OFAC SDN list', day: '2024-09-27' };
  const list = parseOfacList(text, 'lists/XBT.txt', 'real', origin);
  assert.deepEqual(list.counts, {
    read: 4,
    active: 2,
    pending: 0,
    duplicate: 1,
    otherChain: 0,
    rejected: 1,
  });
  assert.deepEqual(list.problems[0]!.facts, { file: 'lists/XBT.txt', tag: 3, line: 5 });
  const { statement } = list.statements[0]!;
  assert.equal(statement.category, 'sanction');
  assert.equal(statement.confidence, 'authority_data');
  assert.equal(statement.lastmodDay, '2024-09-27');
  assert.equal(statement.clusterDefiner, false);
  assert.equal(parseOfacList(text, 'ETH.txt', 'real', origin).counts.otherChain, 4);
});

test('a list without a coin or with a day that is none is refused', () => {
  for (const [file, day] of [
    ['list.txt', undefined],
    ['XBT.txt', '27.9.2024'],
    ['XBT.txt', '2024-9-27'],
  ] as const) {
    assert.throws(
      () => parseOfacList('', file, 'real', day === undefined ? OFAC_ORIGIN : { source: 'x', day }),
      (error: unknown) => error instanceof ClewError && error.code === 'CLEW_TAGS_FORMAT',
    );
  }
});
