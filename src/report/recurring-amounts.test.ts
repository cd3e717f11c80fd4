import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { exactAmounts, fiatAmounts, type PaidAmount } from './recurring-amounts.ts';

const paid = (hundredths: number, i = 0, sats = 1_000 + i): PaidAmount => ({
  sats,
  timeSeconds: 1_612_310_400 + i * 86_400,
  payer: `payer-${i % 5}`,
  hundredths: BigInt(hundredths),
});

test('a price list shows through the noise of rates and of other payments', () => {
  const random = seededRandom('price list');
  const payments: PaidAmount[] = [];
  for (let i = 0; i < 40; i += 1)
    payments.push(paid(Math.round(4_100 * random.normal(1, 0.006)), i));
  for (let i = 0; i < 15; i += 1)
    payments.push(paid(Math.round(9_900 * random.normal(1, 0.006)), i));
  for (let i = 0; i < 60; i += 1)
    payments.push(paid(Math.round(500 * Math.exp(random.unit() * 4)), i));
  const found = fiatAmounts(random.shuffle(payments), 'USD');
  assert.ok(found.length >= 2 && found.length <= 4, `${found.length} ranges`);
  assert.ok(Math.abs(Number(found[0]!.middle) - 41) < 1 && found[0]!.payments >= 36);
  assert.ok(Math.abs(Number(found[1]!.middle) - 99) < 2 && found[1]!.payments >= 13);
  assert.equal(found[0]!.payers, 5);
});

test('amounts that are spread evenly are no price list', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const random = seededRandom(seed);
    const payments = Array.from({ length: 2_000 }, (_, i) =>
      paid(Math.round(500 * Math.exp(random.unit() * 4)), i),
    );
    // Ends of the spread are the only places where a neighbourhood is half empty.
    assert.ok(fiatAmounts(payments, 'USD').length <= 1, `seed ${seed}`);
  }
});

test('two payments are not enough, and amounts without a price are left out', () => {
  assert.deepEqual(fiatAmounts([paid(4_100, 0), paid(4_100, 1)], 'USD'), []);
  const { hundredths: _, ...unpriced } = paid(4_100, 2);
  assert.deepEqual(
    fiatAmounts([paid(4_100, 0), paid(4_100, 1), { ...unpriced, hundredths: undefined }], 'USD'),
    [],
  );
});

test('the same satoshi three times is an exact amount, most frequent first', () => {
  const sats = [100_000, 7, 100_000, 500_000, 100_000, 500_000, 500_000, 100_000, 7];
  const found = exactAmounts(sats.map((amount, i) => paid(1, i, amount)));
  assert.deepEqual(
    found.map((row) => [row.sats, row.payments, row.payers]),
    [
      [100_000, 4, 3],
      [500_000, 3, 3],
    ],
  );
  assert.deepEqual(
    [found[0]!.firstAt, found[0]!.lastAt],
    ['2021-02-03T00:00:00Z', '2021-02-10T00:00:00Z'],
  );
});

test('the order of the payments does not matter', () => {
  const random = seededRandom('order');
  const payments = Array.from({ length: 300 }, (_, i) =>
    paid(random.pick([2_450, 4_100, 4_110, 9_900, 777]), i, random.pick([5, 6, 7])),
  );
  const shuffled = random.shuffle(payments);
  assert.deepEqual(fiatAmounts(shuffled, 'USD'), fiatAmounts(payments, 'USD'));
  assert.deepEqual(exactAmounts(shuffled), exactAmounts(payments));
});
