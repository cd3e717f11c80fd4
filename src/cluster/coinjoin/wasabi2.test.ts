import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeInput, type ShapeText, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { coinjoinParameters } from './parameters.ts';
import { wasabi2, wasabi2Denominations } from './wasabi2.ts';

const MAIN = coinjoinParameters('main');

test('there are 78 denominations, and the smallest are as published', () => {
  const values = wasabi2Denominations();
  assert.equal(values.length, 78);
  assert.deepEqual(values.slice(0, 6), [5000, 6561, 8192, 10000, 13122, 16384]);
  assert.ok(values.every((value, i) => i === 0 || value > values[i - 1]!));
  assert.ok(values.includes(100_000_000) && values.includes(3 ** 20) && values.includes(2 ** 36));
  assert.ok(values.at(-1)! <= 134_375_000_000);
});

const inputs = (count: number, kind: number = SCRIPT_KIND.p2wpkh): ShapeInput[] =>
  Array.from({ length: count }, (_, i) => ({ sats: 50_000_000 - i * 1000, kind }));
/** Ten outputs, nine of them standard. */
const OUTPUTS = [...times(40, 33_554_432), ...times(10, 10_000_000), 9_999_999, 5000];

function judge(
  change: Partial<ShapeText> = {},
  network: 'main' | 'regtest' = 'main',
): Verdict | undefined {
  const shape = makeShape({ height: 800_000, inputs: inputs(60), outputs: OUTPUTS, ...change });
  shape.analyse();
  return wasabi2(shape, coinjoinParameters(network));
}

test('many sorted inputs and sorted standard outputs are a round', () => {
  assert.deepEqual(
    [judge()?.strength, judge()?.facts],
    ['strong', { inputs: 60, outputs: 52, denominationOutputs: 51, x1: 'no', x2: 'no', x3: 'no' }],
  );
});

test('fewest inputs: 50, from height 840,000 on 15, on test networks 10', () => {
  const outputs = [...times(14, 1_000_000), 5000];
  assert.equal(judge({ inputs: inputs(49) }), undefined);
  assert.notEqual(judge({ inputs: inputs(50) }), undefined);
  assert.equal(judge({ height: 839_999, inputs: inputs(15), outputs }), undefined);
  assert.notEqual(judge({ height: 840_000, inputs: inputs(15), outputs }), undefined);
  assert.equal(judge({ height: 840_000, inputs: inputs(14), outputs }), undefined);
  assert.notEqual(judge({ height: 200, inputs: inputs(10), outputs }, 'regtest'), undefined);
  assert.equal(judge({ height: 200, inputs: inputs(9), outputs }, 'regtest'), undefined);
  assert.equal(judge({ height: 741_212 }), undefined);
  assert.equal(MAIN.wasabi2.inputsMin, 50, 'the main network is not loosened for emulated rounds');
});

test('order, script types and more than four in five standard outputs', () => {
  assert.equal(judge({ inputs: inputs(60).reverse() }), undefined);
  assert.equal(judge({ outputs: [...OUTPUTS].reverse() }), undefined);
  assert.notEqual(judge({ inputs: inputs(60, SCRIPT_KIND.p2tr) }), undefined);
  assert.equal(judge({ inputs: inputs(60, SCRIPT_KIND.p2sh) }), undefined);
  const odd = (count: number) =>
    judge({ outputs: [...times(80, 1_000_000), ...times(count, 999_999)] });
  assert.equal(odd(20), undefined, 'four in five exactly');
  assert.notEqual(odd(19), undefined);
});

test('look-alikes x1 to x3 make it possible only', () => {
  const signals = inputs(60).map((input) => ({ ...input, sequence: 0xffff_fffd }));
  const payout = { inputs: signals, outputs: [...times(50, 33_554_432), 5000] };
  assert.deepEqual([judge(payout)?.facts['x1'], judge(payout)?.strength], ['yes', 'possible']);
  assert.equal(
    judge({ ...payout, outputs: [...times(50, 33_554_432), 6561, 5000] })?.facts['x1'],
    'no',
  );
  const taproot = signals.map((input) => ({ ...input, kind: SCRIPT_KIND.p2tr }));
  assert.equal(judge({ ...payout, inputs: taproot })?.facts['x1'], 'no');
  const final = inputs(60).map((input) => ({ ...input, sequence: 0xffff_fffe }));
  assert.equal(judge({ ...payout, inputs: final })?.facts['x1'], 'no');

  const few = inputs(60).map((input, i) => ({ ...input, script: i % 17 }));
  assert.deepEqual(
    [judge({ inputs: few })?.facts['x2'], judge({ inputs: few })?.strength],
    ['yes', 'possible'],
  );
  const enough = inputs(60).map((input, i) => ({ ...input, script: i % 18 }));
  assert.equal(judge({ inputs: enough })?.strength, 'strong');

  const lopsided = (count: number) =>
    judge({ inputs: inputs(100), outputs: times(count, 1_000_000) });
  assert.deepEqual([lopsided(30)?.facts['x3'], lopsided(30)?.strength], ['yes', 'possible']);
  assert.deepEqual([lopsided(31)?.facts['x3'], lopsided(31)?.strength], ['no', 'strong']);
});
