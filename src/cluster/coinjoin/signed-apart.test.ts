import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SIGHASH } from '../../chain/input-kind.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeText } from '../test-support/shape.ts';
import { crowdfund, isPledgeSignature } from './crowdfund.ts';
import { coinjoinParameters } from './parameters.ts';
import { isPayjoinPossible, payjoin } from './payjoin.ts';
import { isSwapSignature, psbtSwap, signsWholeTransaction } from './psbt-swap.ts';

const MAIN = coinjoinParameters('main');

test('PayJoin: two outputs, both at least as large as the smallest input', () => {
  const judge = (change: Partial<ShapeText> = {}) => {
    const shape = makeShape({ inputs: [50_000, 80_000], outputs: [50_000, 79_000], ...change });
    shape.analyse();
    const verdict = payjoin(shape, MAIN);
    assert.equal(
      isPayjoinPossible(shape, shape.distinctInputScripts, MAIN),
      verdict !== undefined,
      'the test without an object says the same',
    );
    return verdict;
  };
  assert.deepEqual(judge()?.facts, {
    inputs: 2,
    smallestInputSats: 50_000,
    smallestOutputSats: 50_000,
  });
  assert.equal(judge()?.strength, 'possible');
  assert.equal(judge({ outputs: [49_999, 79_000] }), undefined);
  assert.equal(judge({ outputs: [50_000, 70_000, 9] }), undefined);
  assert.equal(judge({ inputs: [130_000] }), undefined);
  const own = { sats: 60_000, script: 1 };
  assert.equal(judge({ inputs: [own, own] }), undefined);
  const nested = { sats: 80_000, kind: SCRIPT_KIND.p2sh };
  assert.equal(judge({ inputs: [50_000, nested] }), undefined);
  assert.equal(judge({ height: 629_999 }), undefined);
  assert.notEqual(judge({ height: 630_000 }), undefined);
});

test('UIH identity: both outputs reach the smallest input exactly when neither can be left out for it', () => {
  // For two outputs and at least two inputs the test of PJ-1 is "unnecessary input" (UIH2): without the
  // smallest input the rest would still pay the larger output and the fee.
  for (const [inputs, outputs] of [
    [
      [50_000, 80_000],
      [50_000, 79_000],
    ],
    [
      [50_000, 80_000],
      [40_000, 89_000],
    ],
    [
      [10_000, 20_000, 30_000],
      [10_000, 49_000],
    ],
    [
      [10_000, 20_000, 30_000],
      [9_999, 49_000],
    ],
  ] as const) {
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    const fee = sum(inputs) - sum(outputs);
    const smallest = Math.min(...inputs);
    const isUnnecessary = sum(inputs) - smallest >= Math.max(...outputs) + fee;
    const shape = makeShape({ inputs, outputs });
    shape.analyse();
    assert.equal(payjoin(shape, MAIN) !== undefined, isUnnecessary);
  }
});

test('LA-6: an input signed SINGLE|ANYONECANPAY beside others', () => {
  const judge = (...masks: number[]) => {
    const inputs = masks.map((sighash) => ({ sats: 10_000, sighash }));
    const shape = makeShape({ inputs, outputs: [9_000, 8_000] });
    shape.analyse();
    return psbtSwap(shape);
  };
  assert.deepEqual(judge(SIGHASH.singleAnyoneCanPay, SIGHASH.all, SIGHASH.taprootDefault)?.facts, {
    inputs: 3,
    singleAnyoneCanPayInputs: 1,
    permittedInputs: 2,
  });
  assert.equal(judge(SIGHASH.all, SIGHASH.all), undefined);
  assert.equal(judge(SIGHASH.singleAnyoneCanPay), undefined, 'one script');
  assert.equal(judge(SIGHASH.all, SIGHASH.single), undefined);
});

test('LA-7: two pledges', () => {
  const judge = (...masks: number[]) =>
    crowdfund(
      makeShape({ inputs: masks.map((sighash) => ({ sats: 9, sighash })), outputs: [9] }),
      MAIN,
    );
  assert.equal(judge(SIGHASH.allAnyoneCanPay, SIGHASH.all), undefined);
  assert.equal(
    judge(SIGHASH.allAnyoneCanPay, SIGHASH.allAnyoneCanPay)?.facts['allAnyoneCanPayInputs'],
    2,
  );
});

test('signature masks of several signatures', () => {
  assert.equal(signsWholeTransaction(SIGHASH.all), true);
  assert.equal(signsWholeTransaction(SIGHASH.taprootDefault), true);
  assert.equal(signsWholeTransaction(0), false, 'no signature seen');
  assert.equal(signsWholeTransaction(SIGHASH.all | SIGHASH.single), false);
  assert.equal(isSwapSignature(SIGHASH.all | SIGHASH.singleAnyoneCanPay), true);
  assert.equal(isPledgeSignature(SIGHASH.singleAnyoneCanPay), false);
});
