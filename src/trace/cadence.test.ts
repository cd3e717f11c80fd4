import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cadenceOf } from './cadence.ts';

const DAY = 86_400;
const days = (...list: number[]): number[] => list.map((day) => 1_600_000_000 + day * DAY);

test('monthly payments, a few days early or late', () => {
  assert.deepEqual(cadenceOf(days(0, 30, 61, 91, 120)), { medianDays: 30, payments: 5 });
});

test('weekly payments in any order, one of them in two parts', () => {
  assert.deepEqual(cadenceOf(days(21, 0, 14, 7, 14.2)), { medianDays: 7, payments: 4 });
});

test('one skipped month among many does not hide the rest', () => {
  assert.deepEqual(cadenceOf(days(0, 30, 60, 90, 150, 180, 210)), { medianDays: 30, payments: 7 });
});

test('three payments, or payments at any distance, have no cadence', () => {
  assert.equal(cadenceOf(days(0, 30, 60)), undefined);
  assert.equal(cadenceOf(days(0, 2, 33, 35, 90, 91)), undefined);
  assert.equal(cadenceOf([]), undefined);
});

test('many payments within hours are one occasion', () => {
  assert.equal(cadenceOf(days(0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)), undefined);
});
