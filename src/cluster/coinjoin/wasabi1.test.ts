import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeText, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { coinjoinParameters } from './parameters.ts';
import { wasabi1 } from './wasabi1.ts';

const MAIN = coinjoinParameters('main');
const COORDINATOR = 42;

function judge(change: Partial<ShapeText> = {}): Verdict | undefined {
  const shape = makeShape({
    height: 690_000,
    inputs: Array.from({ length: 25 }, (_, i) => 11_000_000 + i),
    outputs: [...times(12, 10_000_123), 55_001, 300_007, 411_113],
    ...change,
  });
  shape.coordinatorScripts = [COORDINATOR];
  shape.analyse();
  return wasabi1(shape, MAIN);
}

test('form B: ten equal outputs around 0.1 coin and two that are alone', () => {
  const verdict = judge();
  assert.equal(verdict?.strength, 'strong');
  assert.deepEqual(verdict?.facts, {
    form: 'B',
    equalSats: 10_000_123,
    equalOutputs: 12,
    inputs: 25,
    outputs: 15,
    levels: 1,
  });
  assert.notEqual(judge({ outputs: [...times(10, 10_000_123), 1, 2] }), undefined);
  assert.equal(judge({ outputs: [...times(9, 10_000_123), 1, 2] }), undefined);
  assert.equal(judge({ outputs: [...times(10, 10_000_123), 1] }), undefined);
});

test('form B: the window of the equal value', () => {
  const of = (sats: number) => judge({ outputs: [...times(12, sats), 55_001, 300_007] });
  assert.deepEqual(
    [7_999_999, 8_000_000, 12_000_000, 12_000_001].map((sats) => of(sats) !== undefined),
    [false, true, true, false],
  );
});

test('form B: inputs not fewer than equal outputs, all P2WPKH, output scripts distinct', () => {
  const inputs = times(11, 20_000_000);
  assert.equal(judge({ inputs }), undefined);
  assert.equal(
    judge({ inputs: [...times(24, 11_000_000), { sats: 11_000_000, kind: SCRIPT_KIND.p2sh }] }),
    undefined,
  );
  const taproot = { sats: 300_007, kind: SCRIPT_KIND.p2tr };
  assert.equal(judge({ outputs: [...times(12, 10_000_123), 55_001, taproot] }), undefined);
  const reused = { sats: 10_000_123, script: 5 };
  const outputs = [...times(10, 10_000_123), reused, reused, 55_001, 300_007];
  assert.equal(judge({ outputs }), undefined);
});

test('form B: a script with three of 25 inputs is concentrated, one with two of 19 is not', () => {
  const round = (count: number, own: number) =>
    judge({
      inputs: [
        ...Array.from({ length: own }, () => ({ sats: 11_000_000, script: 1 })),
        ...times(count - own, 11_000_000),
      ],
    });
  assert.equal(round(25, 3), undefined);
  assert.notEqual(round(25, 2), undefined);
  assert.notEqual(round(19, 2), undefined);
});

test('levels count as an annotation', () => {
  const outputs = [
    ...times(12, 10_000_123),
    ...times(2, 20_100_000),
    ...times(3, 41_000_000),
    1,
    2,
  ];
  assert.equal(judge({ outputs })?.facts['levels'], 3);
});

test('form A: before height 610,000 an output to a coordinator and a value three times', () => {
  const fee = { sats: 70_000, script: COORDINATOR };
  const early = { height: 540_000, inputs: times(4, 60_000_000) };
  const verdict = judge({ ...early, outputs: [...times(3, 50_000_000), fee, 1_234] });
  assert.deepEqual([verdict?.facts['form'], verdict?.strength], ['A', 'strong']);
  assert.equal(judge({ ...early, outputs: [...times(2, 50_000_000), fee] }), undefined);
  assert.equal(judge({ ...early, outputs: [...times(3, 50_000_000), 70_000] }), undefined);
  assert.equal(
    judge({ ...early, height: 530_499, outputs: [...times(3, 50_000_000), fee] }),
    undefined,
  );
  assert.equal(
    judge({ ...early, height: 610_000, outputs: [...times(3, 50_000_000), fee] }),
    undefined,
  );
});

test('where no coordinator is known any more it is only possible', () => {
  assert.equal(judge({ height: 849_999 })?.strength, 'strong');
  assert.equal(judge({ height: 850_000 })?.strength, 'possible');
});
