import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsv } from '../../test/support/parse-csv.ts';
import { harmlessCell, writeCsv } from './csv.ts';

test('a file has a byte order mark, one header, and CRLF after each record', () => {
  assert.equal(
    writeCsv(
      ['a', 'b'],
      [
        [1, 'x'],
        [undefined, ''],
      ],
    ),
    '\ufeffa,b\r\n1,x\r\n,\r\n',
  );
  assert.equal(writeCsv(['a'], []), '\ufeffa\r\n');
});

test('cells come back from a reader of RFC 4180 as they were', () => {
  const cells = [
    'plain',
    'comma, "quote"',
    'two\nlines',
    'two\r\nlines',
    ' space ',
    '',
    'ünï',
    '"',
  ];
  const text = writeCsv(
    cells.map((_, i) => `c${i}`),
    [cells],
  );
  assert.deepEqual(parseCsv(text)[1], cells);
});

test('what a spreadsheet takes for a formula gets an apostrophe', () => {
  for (const text of [
    '=1+1',
    '+1',
    '-1',
    '@x',
    '=cmd|"/c calc"!A1',
    ' =1',
    '\t=1',
    '\r=1',
    '\u0000=1',
    '\u200b=1',
    '＝1',
    '\tx',
  ]) {
    assert.equal(harmlessCell(text), `'${text}`);
  }
  for (const text of ['', 'x=1', '1-2', '2021-02-03', 'bcrt1q', 'a@b', "'=1"]) {
    assert.equal(harmlessCell(text), text);
  }
});

test('a row that does not fit its header is an error', () => {
  assert.throws(() => writeCsv(['a', 'b'], [['x']]), RangeError);
});
