import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeText, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { joinmarket } from './joinmarket.ts';
import { coinjoinParameters } from './parameters.ts';

const D = 6_731_604;
/** Six participants; each brings d and a change of its own. */
const CHANGES = [100_000, 250_001, 777_777, 1_000_003, 5_000_011, 9_000_001];

function judge(change: Partial<ShapeText> = {}): Verdict | undefined {
  const shape = makeShape({
    height: 600_000,
    inputs: CHANGES.map((sats) => D + sats + 500),
    outputs: [...times(6, D), ...CHANGES],
    ...change,
  });
  shape.analyse();
  return joinmarket(shape, coinjoinParameters('main'));
}

test('n equal outputs, n changes, and inputs that can be dealt out', () => {
  assert.equal(judge()?.strength, 'strong');
  assert.deepEqual(judge()?.facts, {
    equalSats: D,
    equalOutputs: 6,
    inputs: 6,
    outputs: 12,
    assignable: 'yes',
    usualSize: 'yes',
  });
});

test('a taker that sweeps has no change', () => {
  const verdict = judge({
    inputs: [...CHANGES.slice(1).map((sats) => D + sats + 500), D + 900],
    outputs: [...times(6, D), ...CHANGES.slice(1)],
  });
  assert.equal(verdict?.strength, 'strong');
  assert.equal(judge({ outputs: [...times(6, D), ...CHANGES.slice(2)] }), undefined);
});

test('three or four equal outputs are possible only', () => {
  const of = (n: number) =>
    judge({
      inputs: CHANGES.slice(0, n).map((sats) => D + sats + 500),
      outputs: [...times(n, D), ...CHANGES.slice(0, n)],
    });
  assert.deepEqual(
    [2, 3, 4, 5].map((n) => of(n)?.strength),
    [undefined, 'possible', 'possible', 'strong'],
  );
});

test('inputs that can not be dealt out make it possible only', () => {
  const whole = CHANGES.reduce((sum, sats) => sum + sats + D, 0);
  const verdict = judge({ inputs: [whole, ...times(5, 20_000)] });
  assert.deepEqual([verdict?.facts['assignable'], verdict?.strength], ['no', 'possible']);
});

test('another repeated value, reused outputs, a data output, dust: no', () => {
  assert.equal(judge({ outputs: [...times(6, D), ...CHANGES.slice(0, 4), 5, 5] }), undefined);
  const reused = { sats: 100_000, script: 3 };
  assert.equal(
    judge({ outputs: [...times(6, D), ...CHANGES.slice(1, 5), reused, { sats: 9, script: 3 }] }),
    undefined,
  );
  const data = { sats: 0, kind: SCRIPT_KIND.opReturn };
  assert.equal(judge({ outputs: [...times(6, D), ...CHANGES, data] }), undefined);
  assert.equal(judge({ outputs: [...times(6, 2_730), ...CHANGES] }), undefined);
  assert.notEqual(judge({ outputs: [...times(6, 2_731), ...CHANGES] }), undefined);
  assert.equal(judge({ height: 336_860 }), undefined);
});

test('a script with more than a third of all slots: no', () => {
  const own = CHANGES.map((sats) => ({ sats: D + sats + 500, script: 1 }));
  const many = [...own, ...CHANGES.map((sats) => D + sats), ...times(1, D)];
  // 6 of 13 + 12 slots are a quarter, 12 of 31 are more than a third.
  assert.notEqual(judge({ inputs: many }), undefined);
  assert.equal(judge({ inputs: [...own, ...own, ...many.slice(6)] }), undefined);
});

test('beyond the usual sizes it is possible at best, and only when the inputs fit', () => {
  const inputs = [...CHANGES.map((sats) => D + sats + 500), ...times(95, 30_000)];
  const verdict = judge({ inputs });
  assert.deepEqual(
    [verdict?.strength, verdict?.facts['usualSize'], verdict?.facts['assignable']],
    ['possible', 'no', 'yes'],
  );
  const whole = CHANGES.reduce((sum, sats) => sum + sats + D, 0);
  assert.equal(judge({ inputs: [whole, ...times(100, 1_000)] }), undefined);
});

test('an exact split of one amount is none', () => {
  const outputs = [...times(5, D), ...[1, 2, 3, 4]];
  assert.equal(judge({ outputs, inputs: times(6, D) }), undefined);
});
