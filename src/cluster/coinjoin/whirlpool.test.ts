import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { makeShape, type ShapeText, times } from '../test-support/shape.ts';
import type { Verdict } from '../verdict.ts';
import { coinjoinParameters } from './parameters.ts';
import { whirlpool } from './whirlpool.ts';

const POOL = 5_000_000;
const MAIN = coinjoinParameters('main');

function judge(change: Partial<ShapeText> = {}): Verdict | undefined {
  const shape = makeShape({
    height: 600_000,
    inputs: [...times(3, POOL), POOL + 4_235, POOL + 100],
    outputs: times(5, POOL),
    ...change,
  });
  shape.analyse();
  return whirlpool(shape, MAIN);
}

test('three remixers and two entrants into five equal outputs are a mix', () => {
  assert.deepEqual(judge(), {
    ruleId: 'WH-1',
    ruleVersion: 1,
    result: 'yes',
    strength: 'strong',
    facts: {
      poolSats: POOL,
      inputs: 5,
      remixers: 3,
      entrants: 2,
      scriptHashOutputs: 0,
      firstMixOfPool: 'no',
    },
  });
});

test('five to ten inputs, and as many outputs', () => {
  const mix = (count: number) =>
    judge({ inputs: [POOL + 5_000, ...times(count - 1, POOL)], outputs: times(count, POOL) });
  assert.deepEqual(
    [4, 5, 8, 10, 11].map((count) => mix(count) !== undefined),
    [false, true, true, true, false],
  );
  assert.equal(judge({ outputs: times(4, POOL) }), undefined);
});

test('the gates: height, and the day on which the pool opened', () => {
  assert.equal(judge({ height: 569_999 }), undefined);
  assert.notEqual(judge({ height: 570_000 }), undefined);
  const opened = Date.UTC(2019, 3, 17) / 1000;
  assert.equal(judge({ timeSeconds: opened - 1 }), undefined);
  assert.notEqual(judge({ timeSeconds: opened }), undefined);
  // Ashigaru's pools opened in 2025.
  const late = { inputs: [2_505_000, ...times(4, 2_500_000)], outputs: times(5, 2_500_000) };
  assert.equal(judge(late), undefined);
  assert.notEqual(judge({ ...late, timeSeconds: Date.UTC(2025, 5, 1) / 1000 }), undefined);
});

test('an entrant exceeds the denomination by 100 to 110,000 satoshi', () => {
  const entrant = (excess: number) => judge({ inputs: [...times(4, POOL), POOL + excess] });
  assert.deepEqual(
    [-1, 1, 99, 100, 110_000, 110_001].map((excess) => entrant(excess) !== undefined),
    [false, false, false, true, true, false],
  );
  assert.equal(judge({ inputs: times(5, POOL) }), undefined, 'nobody enters');
  assert.equal(judge({ outputs: [...times(4, POOL), POOL - 1] }), undefined, 'not all equal');
});

test('a mix without remixers is one only when it is known to have opened its pool', () => {
  const inputs = times(5, POOL + 5_000);
  assert.equal(judge({ inputs }), undefined);
  const seed = 'a554db794560458c102bab0af99773883df13bc66ad287c29610ad9bac138926';
  assert.equal(judge({ inputs, txid: seed })?.facts['firstMixOfPool'], 'yes');
});

test('scripts: inputs P2WPKH, a minority of outputs may be P2WSH, none twice', () => {
  const to = (kinds: readonly number[]) =>
    judge({ outputs: kinds.map((kind) => ({ sats: POOL, kind })) });
  const { p2wpkh, p2wsh, p2sh } = SCRIPT_KIND;
  assert.equal(to([p2wpkh, p2wpkh, p2wpkh, p2wsh, p2wsh])?.facts['scriptHashOutputs'], 2);
  assert.equal(to([p2wpkh, p2wpkh, p2wsh, p2wsh, p2wsh]), undefined);
  assert.equal(to([p2wpkh, p2wpkh, p2wpkh, p2wpkh, p2sh]), undefined);
  const nested = { sats: POOL + 5_000, kind: p2sh };
  assert.equal(judge({ inputs: [...times(4, POOL), nested] }), undefined);
  const reused = { sats: POOL, script: 7 };
  assert.equal(judge({ inputs: [POOL + 5_000, POOL, POOL, reused, reused] }), undefined);
  assert.equal(judge({ outputs: [POOL, POOL, POOL, reused, reused] }), undefined);
});

test('test networks have no gates, Litecoin has no pools', () => {
  const shape = makeShape({
    height: 10,
    timeSeconds: 1_300_000_000,
    inputs: [POOL + 5_000, ...times(4, POOL)],
    outputs: times(5, POOL),
  });
  shape.analyse();
  assert.notEqual(whirlpool(shape, coinjoinParameters('regtest')), undefined);
  assert.equal(whirlpool(shape, MAIN), undefined);
  shape.height = 3_000_000;
  shape.timeSeconds = 1_800_000_000;
  assert.equal(whirlpool(shape, coinjoinParameters('litecoin')), undefined);
});
