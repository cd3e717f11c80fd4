import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../bytes/seeded-random.ts';
import { makeShape } from '../test-support/shape.ts';

function countBy<T>(items: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

test('analyse agrees with counting by maps on random transactions', () => {
  for (let round = 0; round < 300; round += 1) {
    const random = seededRandom(`tx-shape ${round}`);
    const size = random.chance(0.1) ? 200 : 12;
    const inputs = Array.from({ length: random.int(1, size) }, () => ({
      sats: random.int(1, 20),
      script: random.int(0, 15),
    }));
    const outputs = Array.from({ length: random.int(1, size) }, () => ({
      sats: random.int(1, 12),
      script: random.int(0, 15),
    }));
    const shape = makeShape({ inputs, outputs });
    shape.analyse();

    const note = `seed ${random.seed}`;
    const values = countBy(outputs.map(({ sats }) => sats));
    const inScripts = countBy(inputs.map(({ script }) => script));
    const outScripts = countBy(outputs.map(({ script }) => script));
    const slots = countBy([...inputs, ...outputs].map(({ script }) => script));
    const top = Math.max(...values.values());
    assert.equal(shape.modeCount, top, note);
    const frequent = [...values].filter(([, count]) => count === top).map(([sats]) => sats);
    assert.equal(shape.modeSats, Math.max(...frequent), `${note}: ties go to the larger value`);
    assert.equal(shape.valuesOnce, [...values.values()].filter((n) => n === 1).length, note);
    assert.equal(shape.valuesRepeated, [...values.values()].filter((n) => n > 1).length, note);
    assert.equal(shape.distinctInputScripts, inScripts.size, note);
    assert.equal(shape.distinctOutputScripts, outScripts.size, note);
    assert.equal(shape.inputScriptTop, Math.max(...inScripts.values()), note);
    assert.equal(shape.slotScriptTop, Math.max(...slots.values()), note);
    assert.equal(
      shape.inputSats,
      inputs.reduce((sum, { sats }) => sum + sats, 0),
      note,
    );
    assert.equal(shape.inputSatsMin, Math.min(...inputs.map(({ sats }) => sats)), note);
    const [min, max] = [random.int(0, 8), random.int(0, 14)];
    assert.equal(
      shape.countOutputsBetween(min, max),
      outputs.filter(({ sats }) => sats >= min && sats <= max).length,
      note,
    );
    assert.equal(shape.countOutputsOf(5), values.get(5) ?? 0, note);
  }
});

test('a shape is filled again without traces of a larger transaction before', () => {
  const shape = makeShape({ inputs: [9, 9, 9], outputs: [9, 9, 9] });
  shape.analyse();
  shape.start(1, 1);
  shape.inputValue[0] = 5;
  shape.inputScript[0] = 1;
  shape.outputValue[0] = 4;
  shape.outputScript[0] = 2;
  shape.outputCount = 1;
  shape.analyse();
  assert.deepEqual(
    [shape.modeSats, shape.modeCount, shape.inputSats, shape.outputSats, shape.slotScriptTop],
    [4, 1, 5, 4, 1],
  );
});

test('values beyond 2^32 keep every satoshi', () => {
  const large = 2_099_999_999_999_999;
  const shape = makeShape({ inputs: [large], outputs: [large - 1, 1] });
  shape.analyse();
  assert.equal(shape.outputSats, large);
  assert.equal(shape.countOutputsOf(large - 1), 1);
});
