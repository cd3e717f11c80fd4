import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeText, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { equalOutput } from './equal-output.ts';
import { isBatchPayout, isExactSplit, isSweep } from './look-alikes.ts';
import { coinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

const MAIN = coinjoinParameters('main');

function shapeOf(change: Partial<ShapeText> = {}): TxShape {
  const shape = makeShape({
    inputs: [70_000, 80_000, 90_000, 95_000],
    outputs: [...times(3, 50_000), 11_111, 22_222, 33_333, 44_444],
    ...change,
  });
  shape.analyse();
  return shape;
}

const judge = (change: Partial<ShapeText> = {}): Verdict | undefined =>
  equalOutput(shapeOf(change), MAIN);

test('three equal outputs, as many input scripts, and no look-alike: possible', () => {
  assert.equal(judge()?.strength, 'possible');
  assert.equal(judge({ inputs: [70_000, 190_000] }), undefined, 'two inputs');
  assert.equal(judge({ outputs: [50_000, 50_000, 11_111, 22_222] }), undefined, 'twice only');
  const own = { sats: 90_000, script: 1 };
  assert.equal(judge({ inputs: [own, own, own, 95_000] }), undefined, 'two input scripts');
  const reused = { sats: 50_000, script: 1 };
  assert.equal(judge({ outputs: [reused, reused, 50_000, 50_000, 11_111] }), undefined);
});

test('of two values that qualify the more frequent one decides, of equally frequent ones the larger', () => {
  const outputs = [...times(3, 50_000), ...times(3, 60_000), 11_111];
  assert.equal(judge({ outputs })?.facts['equalSats'], 60_000);
  // Seven times is more than there are input scripts, so it does not qualify.
  assert.equal(
    judge({ outputs: [...times(7, 9_999), ...times(3, 50_000), 11_111] })?.facts['equalSats'],
    50_000,
  );
});

test('LA-1: everything in equal parts, up to one in ten thousand', () => {
  assert.equal(isExactSplit(shapeOf({ outputs: times(4, 50_000) }), MAIN), true);
  assert.equal(isExactSplit(shapeOf({ outputs: [...times(4, 50_000), 20] }), MAIN), true);
  assert.equal(isExactSplit(shapeOf({ outputs: [...times(4, 50_000), 21] }), MAIN), false);
  // The part that differs is itself a multiple: still an exact split.
  assert.equal(isExactSplit(shapeOf({ outputs: [...times(3, 50_000), 50_000] }), MAIN), true);
  assert.equal(isExactSplit(shapeOf({ outputs: [...times(3, 50_000), 100_000] }), MAIN), false);
  assert.equal(
    isExactSplit(shapeOf({ inputs: times(20, 20_000), outputs: times(4, 50_000) }), MAIN),
    false,
    'speaks of fewer than twenty inputs',
  );
  assert.equal(judge({ outputs: times(4, 50_000) }), undefined);
});

test('LA-1 stays exact for amounts near the supply', () => {
  const d = 420_000_000_000_000;
  const parts = (rest: number) => isExactSplit(shapeOf({ outputs: [...times(5, d), rest] }), MAIN);
  assert.equal(parts(209_999_999_999), true);
  assert.equal(parts(210_030_000_000), false);
});

test('LA-2 and LA-3: five times more outputs, or inputs', () => {
  const payout = { inputs: times(3, 900_000), outputs: [...times(3, 50_000), ...range(12)] };
  assert.equal(isBatchPayout(shapeOf(payout), MAIN), true);
  assert.equal(
    isBatchPayout(shapeOf({ ...payout, outputs: payout.outputs.slice(1) }), MAIN),
    false,
  );
  assert.equal(judge(payout), undefined);
  const sweep = { inputs: times(20, 50_000), outputs: [...times(3, 50_000), 11_111] };
  assert.equal(isSweep(shapeOf(sweep), MAIN), true);
  assert.equal(judge(sweep), undefined);
  assert.notEqual(judge({ ...sweep, inputs: times(19, 50_000) }), undefined);
});

test('LA-4: a script with three of ten inputs', () => {
  const own = { sats: 40_000, script: 1 };
  const of = (count: number) =>
    judge({ inputs: [...times(10 - count, 40_000), ...Array(count).fill(own)] });
  assert.notEqual(of(2), undefined);
  assert.equal(of(3), undefined);
});

test('LA-5: data outputs and values that carry tokens', () => {
  const data = { sats: 0, kind: SCRIPT_KIND.opReturn };
  assert.equal(judge({ outputs: [...times(3, 50_000), 11_111, data] }), undefined);
  for (const sats of [294, 330, 546, 600, 2730]) {
    assert.equal(judge({ outputs: [...times(3, sats), 11_111, 22_222] }), undefined, `${sats}`);
  }
  assert.notEqual(judge({ outputs: [...times(3, 2731), 11_111, 22_222] }), undefined);
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 100_001 + i * 17);
}
