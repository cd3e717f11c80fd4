import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { Agenda } from './agenda.ts';

test('what is due comes by height, and in order of entry within one', () => {
  const random = seededRandom('agenda');
  const agenda = new Agenda();
  const entries: { height: number; number: number }[] = [];
  const ran: number[] = [];
  for (let number = 0; number < 500; number += 1) {
    const height = random.int(1, 40);
    entries.push({ height, number });
    agenda.at(height, () => void ran.push(number));
  }
  assert.equal(agenda.next(0), undefined, 'nothing is due yet');
  for (let height = 1; height <= 40; height += 1) {
    for (let run = agenda.next(height); run !== undefined; run = agenda.next(height)) run();
  }
  const expected = entries.toSorted((a, b) => a.height - b.height || a.number - b.number);
  assert.deepEqual(
    ran,
    expected.map((entry) => entry.number),
  );
  assert.equal(agenda.length, 0);
});

test('what was entered while something ran is not lost', () => {
  const agenda = new Agenda();
  const ran: string[] = [];
  agenda.at(5, () => {
    ran.push('first');
    agenda.at(5, () => void ran.push('second'));
  });
  agenda.next(5)!();
  agenda.next(5)!();
  assert.deepEqual(ran, ['first', 'second']);
});
