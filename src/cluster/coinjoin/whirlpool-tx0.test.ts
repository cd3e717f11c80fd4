import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeOutput, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { detect } from './detect.ts';
import { coinjoinParameters } from './parameters.ts';
import { whirlpoolTx0 } from './whirlpool-tx0.ts';

const DATA: ShapeOutput = { sats: 0, kind: SCRIPT_KIND.opReturn };
const MAIN = coinjoinParameters('main');

function judge(
  outputs: readonly (number | ShapeOutput)[],
  timeSeconds?: number,
): Verdict | undefined {
  const shape = makeShape({
    height: 800_000,
    inputs: [99_000_000],
    outputs,
    ...(timeSeconds === undefined ? {} : { timeSeconds }),
  });
  shape.analyse();
  return whirlpoolTx0(shape, MAIN);
}

test('premix outputs, the fee, one change and one data output are a TX0', () => {
  assert.deepEqual(judge([DATA, 50_000, 2_000_000, ...times(4, 1_004_840)])?.facts, {
    poolSats: 1_000_000,
    premixSats: 1_004_840,
    premixOutputs: 4,
    feeOutputSats: 50_000,
  });
  assert.equal(judge([DATA, 50_000, ...times(4, 1_004_840)])?.strength, 'possible');
});

test('no data output, two of them, two changes, or no fee: no', () => {
  assert.equal(judge([50_000, 2_000_000, ...times(4, 1_004_840)]), undefined);
  assert.equal(judge([DATA, DATA, 50_000, ...times(4, 1_004_840)]), undefined);
  assert.equal(judge([DATA, 50_000, 2_000_000, 3_000_000, ...times(4, 1_004_840)]), undefined);
  assert.equal(judge([DATA, 2_000_000, ...times(4, 1_004_840)]), undefined);
});

test('the fee lies between half and three times the usual; where the change does too, it is the usual fee exactly', () => {
  const fee = (sats: number) => judge([DATA, sats, ...times(2, 1_004_840)])?.facts['feeOutputSats'];
  assert.deepEqual([24_999, 25_000, 150_000, 150_001].map(fee), [
    undefined,
    25_000,
    150_000,
    undefined,
  ]);
  assert.equal(judge([DATA, 43_325, 50_000, 1_003_932])?.facts['feeOutputSats'], 50_000);
  assert.equal(judge([DATA, 43_325, 50_001, 1_003_932]), undefined);
});

test('of several pools that fit, the one with most premix outputs', () => {
  // Change that happens to look like one entrant of the smallest pool.
  const verdict = judge([DATA, 175_000, 150_000, ...times(5, 5_004_235)]);
  assert.equal(verdict?.facts['poolSats'], 5_000_000);
});

test('at most 70 premix outputs, and not before the pool existed', () => {
  assert.notEqual(judge([DATA, 50_000, ...times(70, 1_004_840)]), undefined);
  assert.equal(judge([DATA, 50_000, ...times(71, 1_004_840)]), undefined);
  const longBefore = Date.UTC(2019, 3, 20) / 1000;
  assert.equal(judge([DATA, 50_000, ...times(4, 1_004_840)], longBefore), undefined);
});

test('a TX0 of two premix outputs is no Stonewall', () => {
  const shape = makeShape({
    inputs: [1_500_000, 1_600_000],
    outputs: [DATA, 50_000, 900_000, ...times(2, 1_004_840)],
  });
  const found = detect(shape, MAIN).verdicts.map((verdict) => verdict.ruleId);
  assert.deepEqual(found, ['TX0-1']);
});
