import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { SIGHASH } from '../../chain/input-kind.ts';
import { SCRIPT_KIND } from '../../chain/script-kind.ts';
import { flagRule } from '../test-support/peer-rules.ts';
import { makeShape, times } from '../test-support/shape.ts';
import { namingMix } from '../verdict.ts';
import { detect } from './detect.ts';
import { coinjoinParameters } from './parameters.ts';
import type { TxShape } from './tx-shape.hot.ts';

const MAIN = coinjoinParameters('main');
const ids = (shape: TxShape): string[] =>
  detect(shape, MAIN).verdicts.map((verdict) => verdict.ruleId);

/** The four shapes by which the clustering flag of others is known to fail, and the two on which it holds. */
const SHAPES = {
  whirlpool: makeShape({
    inputs: [5_005_000, 5_004_000, ...times(3, 5_000_000)],
    outputs: times(5, 5_000_000),
  }),
  wasabi1: makeShape({
    height: 690_000,
    inputs: Array.from({ length: 80 }, (_, i) => 15_000_000 + i),
    outputs: [...times(60, 10_001_111), ...Array.from({ length: 56 }, (_, i) => 100_003 + 7 * i)],
  }),
  wasabi2: makeShape({
    inputs: Array.from({ length: 250 }, (_, i) => 90_000_000 - i),
    outputs: [
      ...times(100, 67_108_864),
      ...times(100, 10_000_000),
      ...times(60, 1_594_323),
      ...Array.from({ length: 40 }, (_, i) => 1_000_000 - 13 * i),
    ],
  }),
  joinmarket: makeShape({
    inputs: [1_100_000, 1_200_000, 1_300_000, 1_400_000],
    outputs: [...times(4, 1_000_001), 98_000, 199_000, 299_500, 399_000],
  }),
  stonewall: makeShape({
    inputs: [70_000, 60_000],
    outputs: [50_000, 50_000, 19_750, 9_750],
  }),
};

test('one set of detectors for all, where the flag rule of others sees two of five', () => {
  const ours = Object.entries(SHAPES).map(([name, shape]) => [name, ids(shape)[0]]);
  assert.deepEqual(ours, [
    ['whirlpool', 'WH-1'],
    ['wasabi1', 'WW1'],
    ['wasabi2', 'WW2'],
    ['joinmarket', 'JM-1'],
    ['stonewall', 'SW-1'],
  ]);
  const theirs = Object.entries(SHAPES).map(([name, shape]) => [name, flagRule(shape)]);
  assert.deepEqual(theirs, [
    ['whirlpool', false],
    ['wasabi1', false],
    ['wasabi2', false],
    ['joinmarket', true],
    ['stonewall', true],
  ]);
});

test('every match is kept; the first strong mix names the protocol', () => {
  const { verdicts } = detect(SHAPES.wasabi1, MAIN);
  assert.deepEqual(
    verdicts.map((verdict) => [verdict.ruleId, verdict.strength]),
    [
      ['WW1', 'strong'],
      ['EQ-1', 'possible'],
    ],
  );
  assert.equal(namingMix(verdicts)?.ruleId, 'WW1');
});

test('three answers: a coinbase is no mix, an unknown previous output leaves everything open', () => {
  const shape = makeShape({
    inputs: [5_005_000, ...times(4, 5_000_000)],
    outputs: times(5, 5_000_000),
  });
  assert.equal(detect(shape, MAIN).result, 'yes');
  shape.isIncomplete = true;
  assert.deepEqual(detect(shape, MAIN), { result: 'incomplete', verdicts: [] });
  shape.isIncomplete = false;
  shape.isCoinbase = true;
  assert.deepEqual(detect(shape, MAIN), { result: 'no', verdicts: [] });
});

test('ordinary payments match nothing', () => {
  const no = (inputs: readonly number[], outputs: readonly number[]) =>
    assert.deepEqual(ids(makeShape({ inputs, outputs })), [], `${inputs} -> ${outputs}`);
  no([100_000], [60_000, 39_000]);
  no([100_000, 50_000], [140_000, 9_000]);
  no([100_000, 50_000, 40_000], [189_000]);
  no([900_000, 50_000], [...times(9, 10_000), 700_000]);
  no(times(60, 10_000), [590_000]);
});

test('swap and crowdfund signatures are found beside the shapes', () => {
  const shape = makeShape({
    inputs: [
      { sats: 546, sighash: SIGHASH.singleAnyoneCanPay, kind: SCRIPT_KIND.p2tr },
      { sats: 90_000, sighash: SIGHASH.taprootDefault, kind: SCRIPT_KIND.p2tr },
    ],
    outputs: [546, 80_000, 9_000],
  });
  assert.deepEqual(ids(shape), ['LA-6']);
});

test('verdicts do not depend on which numbers the scripts have', () => {
  for (let round = 0; round < 300; round += 1) {
    const random = seededRandom(`relabel ${round}`);
    const inputs = Array.from({ length: random.int(2, 8) }, () => ({
      sats: random.int(1, 4) * 10_000,
      script: random.int(0, 9),
    }));
    const outputs = Array.from({ length: random.int(2, 8) }, () => ({
      sats: random.int(1, 3) * 9_000,
      script: random.int(0, 9),
    }));
    const renamed = random.shuffle(Array.from({ length: 10 }, (_, i) => i * 1000 + 5));
    const rename = <T extends { script: number }>(item: T): T => ({
      ...item,
      script: renamed[item.script]!,
    });
    const before = detect(makeShape({ inputs, outputs }), MAIN);
    const after = detect(
      makeShape({ inputs: inputs.map(rename), outputs: outputs.map(rename) }),
      MAIN,
    );
    assert.deepEqual(after, before, `seed ${random.seed}`);
  }
});
