import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayNumber, dayOfSeconds, dayRanges, dayText, weekday } from './day.ts';

test('days of the calendar and their numbers', () => {
  assert.equal(dayNumber('1970-01-01'), 0);
  // The day of block 0, whose time is 1231006505.
  assert.equal(dayNumber('2009-01-03'), dayOfSeconds(1231006505));
  assert.equal(dayText(14_247), '2009-01-03');
  assert.equal(dayNumber('2024-02-29'), 19_782);
  for (const text of ['2021-02-29', '2021-13-01', '2021-1-1', '20210101', '', '2021-01-01T00:00']) {
    assert.equal(dayNumber(text), undefined, text);
  }
});

test('the last second of a day belongs to it', () => {
  assert.equal(dayOfSeconds(86_399), 0);
  assert.equal(dayOfSeconds(86_400), 1);
});

test('days of the week', () => {
  assert.equal(weekday(dayNumber('2009-01-03')!), 6, 'a Saturday');
  assert.equal(weekday(dayNumber('2024-03-31')!), 0, 'a Sunday');
  assert.equal(weekday(dayNumber('1969-12-31')!), 3, 'a Wednesday');
});

test('days one after the other become ranges', () => {
  assert.deepEqual(dayRanges([1, 2, 5]), [
    { firstDay: '1970-01-02', lastDay: '1970-01-03', days: 2 },
    { firstDay: '1970-01-06', lastDay: '1970-01-06', days: 1 },
  ]);
  assert.deepEqual(dayRanges([]), []);
});
