import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../clock.ts';
import { groupedNumber } from '../units/number-text.ts';
import { durationText, factsText, jsonText, plainText, tableText } from './output.ts';
import { progressLine, startProgress } from './progress.ts';

test('text of strangers can not steer the terminal', () => {
  assert.equal(plainText('a\u001b[31mred\u0007'), 'a\\u001b[31mred\\u0007');
  assert.equal(plainText('evil\u202egnp.exe'), 'evil\\u202egnp.exe');
  assert.equal(plainText('two\nlines\tand a tab'), 'two lines and a tab');
  assert.equal(plainText('Zürich, 東京, ₿'), 'Zürich, 東京, ₿');
});

test('JSON writes bigints as decimal strings', () => {
  const text = jsonText({ value: 2n ** 64n, count: 3, none: null });
  assert.deepEqual(JSON.parse(text), { value: '18446744073709551616', count: 3, none: null });
  assert.ok(text.endsWith('}\n'));
});

test('tables align, numbers to the right', () => {
  const columns = [{ title: 'Name' }, { title: 'Sum', align: 'right' as const }];
  assert.equal(
    tableText(columns, [
      ['ä', '5'],
      ['longer', '1 000'],
    ]),
    'Name      Sum\nä           5\nlonger  1 000\n',
  );
  assert.equal(tableText(columns, []), '');
  assert.equal(
    factsText([
      ['tip', '7'],
      ['network', 'main'],
    ]),
    'tip      7\nnetwork  main\n',
  );
});

test('numbers and durations for people', () => {
  assert.equal(groupedNumber(1234567), '1,234,567');
  assert.equal(groupedNumber(-12345678901234567890n), '-12,345,678,901,234,567,890');
  assert.equal(groupedNumber(999), '999');
  assert.equal(durationText(59.4), '59 s');
  assert.equal(durationText(60), '1 min 00 s');
  assert.equal(durationText(3725), '1 h 02 min');
});

test('the progress line has share, rate, time left and detail', () => {
  assert.equal(
    progressLine('Indexing', { done: 50_000, total: 100_000, detail: 'height 7' }, 2000, 'tx'),
    'Indexing · 50 % · 50,000 tx · 25,000 tx/s · 2 s left · height 7',
  );
  assert.equal(progressLine('Reading', { done: 3 }, 100, ''), 'Reading · 3');
});

test('progress is silent in a pipe, plain lines when forced, one line on a terminal', () => {
  let elapsed = 0;
  const clock = { ...systemClock, elapsedMs: () => elapsed };
  const run = (stderrIsTerminal: boolean, forced: boolean): string => {
    let text = '';
    const stderr = {
      write(part: string) {
        text += part;
      },
    };
    const terminal = { stdoutIsTerminal: false, stderrIsTerminal, columns: 30 };
    const progress = startProgress('Work', { stderr, terminal, clock, forced });
    for (let i = 1; i <= 100; i += 1) {
      elapsed += 100;
      progress.update({ done: i, total: 100 });
    }
    progress.end();
    return text;
  };
  assert.equal(run(false, false), '');
  assert.equal(run(false, true).split('\n').length - 1, 2);
  const terminal = run(true, false);
  assert.ok(!terminal.includes('\n'));
  assert.ok(terminal.endsWith('\r\u001b[K'));
  for (const line of terminal.split('\r\u001b[K')) assert.ok(line.length < 30, line);
});
