import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHeader, seedColumns } from './seed-columns.ts';

const key = new Uint8Array(32).fill(7);

test('the separator is the one by which the header names a seed column', () => {
  assert.equal(findHeader('address\n').separator, ',');
  assert.equal(findHeader('note,address').separator, ',');
  assert.equal(findHeader('note;"Address"; site').separator, ';');
  assert.equal(findHeader('TXID\tnote').separator, '\t');
  assert.equal(findHeader('case, or so;txid:n;note').separator, ';');
  assert.equal(findHeader('"a;b;c",outpoint').separator, ',');
});

test('blank lines and the separator that Excel announces stand before the header', () => {
  assert.deepEqual(findHeader('\r\n  \nsep=;\r\naddress;note\n'), {
    separator: ';',
    headerStart: 12,
    headerLine: 4,
  });
  assert.deepEqual(findHeader('sep=\t\naddress\tnote'), {
    separator: '\t',
    headerStart: 6,
    headerLine: 2,
  });
  assert.equal(findHeader('sep=|\naddress|note').separator, '|');
});

test('a first line that names no seed column is refused with its number', () => {
  for (const [text, line] of [
    ['', 1],
    ['\n\n', 3],
    ['wallet,note\n', 1],
    ['\n1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n', 2],
    ['sep=;\naddress,note\n', 2],
  ] as const) {
    assert.throws(() => findHeader(text), { code: 'CLEW_SEEDS_HEADER', facts: { line } }, text);
  }
});

test('columns are known by their names in any case; the others are carried', () => {
  const cells = [' ADDRESS', 'Source', 'site', 'Seen_At', 'NOTE', 'Case No', 'txid', 'vout', ''];
  assert.deepEqual(
    seedColumns(cells, key).map(({ role, name }) => [role, name]),
    [
      ['seed', 'ADDRESS'],
      ['source', 'Source'],
      ['site', 'site'],
      ['seenAt', 'Seen_At'],
      ['note', 'NOTE'],
      ['extra', 'Case No'],
      ['seed', 'txid'],
      ['vout', 'vout'],
      ['extra', 'column 9'],
    ],
  );
});

test('names are made unique and harmless', () => {
  assert.deepEqual(
    seedColumns(['address', 'note', 'note', 'x', 'x', '=1', '__proto__'], key).map((c) => [
      c.role,
      c.name,
    ]),
    [
      ['seed', 'address'],
      ['note', 'note'],
      ['extra', 'note (2)'],
      ['extra', 'x'],
      ['extra', 'x (2)'],
      ['extra', "'=1"],
      ['extra', '__proto__'],
    ],
  );
  const [link] = seedColumns(['http://example.onion'], key);
  assert.match(link!.name, /^site-[0-9a-f]{16}$/);
});

test('a header of more than 200 columns is refused', () => {
  const cells = ['address', ...new Array<string>(200).fill('x')];
  assert.throws(() => seedColumns(cells, key), {
    code: 'CLEW_SEEDS_FORMAT',
    facts: { columns: 201, columnsMax: 200 },
  });
});
