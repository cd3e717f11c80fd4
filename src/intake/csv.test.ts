import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { type CsvRow, csvRows } from './csv.ts';

/** The slow way: one character at a time, as a state machine. */
function slowRows(text: string, separator: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let state: 'start' | 'plain' | 'quoted' | 'quote in quoted' | 'after' = 'start';
  let cells: string[] = [];
  let blanks = '';
  let cell = '';
  let after = '';
  let line = 1;
  let rowLine = 1;
  const endCell = (): void => {
    cells.push(state === 'start' ? blanks : cell + after.trimEnd());
    blanks = '';
    cell = '';
    after = '';
    state = 'start';
  };
  const endRow = (): void => {
    endCell();
    rows.push({ line: rowLine, cells });
    cells = [];
    line += 1;
    rowLine = line;
  };
  const characters = text.replace(/\r\n/g, '\n');
  // Line ends inside quotes keep their form, so the two texts are walked side by side.
  let at = 0;
  for (let i = 0; i < characters.length; i += 1) {
    let character = characters[i]!;
    const isPair = text.startsWith('\r\n', at);
    at += isPair ? 2 : 1;
    if (state === 'quoted') {
      if (character === '"') {
        state = 'quote in quoted';
        continue;
      }
      if (isPair) character = '\r\n';
      if (character === '\n' || character === '\r' || isPair) line += 1;
      cell += character;
      continue;
    }
    if (state === 'quote in quoted') {
      if (character === '"') {
        cell += '"';
        state = 'quoted';
        continue;
      }
      state = 'after';
    }
    if (character === separator) endCell();
    else if (character === '\n' || character === '\r') endRow();
    else if (state === 'start' && character === '"') state = 'quoted';
    else if (state === 'start' && character === ' ') blanks += ' ';
    else if (state === 'after') after += character;
    else {
      cell += blanks + character;
      blanks = '';
      state = 'plain';
    }
  }
  if (state === 'quoted') throw new Error('unclosed');
  const endsWithRow = characters === '' || /[\r\n]$/.test(text);
  if (!endsWithRow || state === 'quote in quoted' || cells.length > 0 || state !== 'start')
    endRow();
  return rows;
}

function randomCsv(random: SeededRandom, separator: string): string {
  const alphabet = [
    'a',
    'b',
    ' ',
    '"',
    '""',
    separator,
    '\n',
    '\r\n',
    '\r',
    ',',
    ';',
    '\t',
    'ü',
    '',
  ];
  let text = '';
  const length = random.int(0, 40);
  for (let i = 0; i < length; i += 1) {
    text += random.chance(0.2) ? `"${random.pick(alphabet)}"` : random.pick(alphabet);
  }
  return text;
}

test('any text is read as the slow state machine reads it', () => {
  let unclosed = 0;
  for (let seed = 0; seed < 20_000; seed += 1) {
    const random = seededRandom(`csv ${seed}`);
    const separator = random.pick([',', ';', '\t']);
    const text = randomCsv(random, separator);
    const context = `seed csv ${seed}: ${JSON.stringify(text)} by ${JSON.stringify(separator)}`;
    let expected: CsvRow[] | undefined;
    try {
      expected = slowRows(text, separator);
    } catch {
      unclosed += 1;
    }
    if (expected === undefined) {
      assert.throws(() => [...csvRows(text, separator)], { code: 'CLEW_SEEDS_FORMAT' }, context);
    } else {
      assert.deepEqual([...csvRows(text, separator)], expected, context);
    }
  }
  assert.ok(unclosed > 1000 && unclosed < 19_000, `${unclosed} texts with an open quote`);
});

test('what is written by the rules of RFC 4180 comes back', () => {
  for (let seed = 0; seed < 500; seed += 1) {
    const random = seededRandom(`rfc ${seed}`);
    const separator = random.pick([',', ';', '\t']);
    const pieces = ['x', '"', separator, '\n', '\r\n', "'", '=', 'ß', ' '];
    const rows = Array.from({ length: random.int(1, 6) }, () =>
      Array.from({ length: random.int(1, 5) }, () =>
        Array.from({ length: random.int(0, 6) }, () => random.pick(pieces)).join(''),
      ),
    );
    const text = rows
      .map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator))
      .join('\r\n');
    assert.deepEqual(
      [...csvRows(text, separator)].map(({ cells }) => cells),
      rows,
      `seed rfc ${seed}`,
    );
  }
});

test('a row knows the line on which it begins', () => {
  const text = 'a,b\r\n"one\ntwo\r\nthree",4\n\nlast';
  assert.deepEqual(
    [...csvRows(text, ',')],
    [
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['one\ntwo\r\nthree', '4'] },
      { line: 5, cells: [''] },
      { line: 6, cells: ['last'] },
    ],
  );
});

test('a forgotten quote is named with its line instead of swallowing the list', () => {
  assert.throws(() => [...csvRows('a\nb,"c\nd\n', ',')], {
    code: 'CLEW_SEEDS_FORMAT',
    facts: { line: 2 },
  });
  const long = `a\n"b\n${'c\n'.repeat(200)}"d"\n`;
  assert.throws(() => [...csvRows(long, ',')], { code: 'CLEW_SEEDS_FORMAT', facts: { line: 2 } });
  assert.equal([...csvRows(`"b\n${'c\n'.repeat(90)}"`, ',')].length, 1);
});
