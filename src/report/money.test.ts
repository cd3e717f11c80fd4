import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { Money, sharePercent } from './money.ts';
import { priceBookOfFile } from './price-book-of-file.ts';

const PRICES = priceBookOfFile(
  new TextEncoder().encode('date,USD,EUR\n2021-03-04,50000,40000\n2021-03-05,60000,\n'),
  { fileName: 'p.csv', asset: 'BTC' },
);
const at = (day: string): number => Date.parse(`${day}T23:59:59Z`) / 1000;

test('an amount carries its value, the rate, the day of the rate and whose it is', () => {
  const money = new Money(PRICES, ['USD', 'EUR']);
  assert.deepEqual(money.amount(1_000_000, at('2021-03-05')), {
    sats: 1_000_000,
    coins: '0.01000000',
    fiat: {
      USD: {
        value: '600.00',
        rate: '60000',
        rateDay: '2021-03-05',
        source: 'p.csv',
        isEarlierDay: false,
      },
    },
  });
  assert.deepEqual(money.amount(1, at('2020-01-01')), { sats: 1, coins: '0.00000001' });
});

test('a total adds up rounded amounts and counts those without a price', () => {
  const total = new Money(PRICES, ['USD']).total();
  // 0.50000 cents each: half up makes a cent of each, where the sum alone would be a cent and a half.
  for (let i = 0; i < 3; i += 1) total.add(10, at('2021-03-04'));
  total.add(5_000_000_000_000_000n, at('1999-01-01'));
  assert.deepEqual(total.toTotal(), {
    sats: '5000000000000030',
    coins: '50000000.00000030',
    fiat: {
      USD: {
        value: '0.03',
        pricedAmounts: 3,
        unpricedAmounts: 1,
        sources: [{ source: 'p.csv', amounts: 3 }],
      },
    },
  });
});

test('without a price file there is no fiat at all', () => {
  const money = new Money(undefined, ['USD']);
  assert.deepEqual(money.amount(5, 0), { sats: 5, coins: '0.00000005' });
  assert.deepEqual(money.total().toTotal(), { sats: '0', coins: '0.00000000' });
});

test('any way of splitting payments adds up to the same total', () => {
  const money = new Money(PRICES, ['USD', 'EUR']);
  for (let seed = 0; seed < 50; seed += 1) {
    const random = seededRandom(seed);
    const all = money.total();
    const parts = Array.from({ length: 7 }, () => money.total());
    for (let i = 0; i < 200; i += 1) {
      const [sats, time] = [
        random.int(0, 10_000_000),
        at(random.pick(['2021-03-04', '2021-03-05', '2021-03-09'])),
      ];
      all.add(sats, time);
      random.pick(parts).add(sats, time);
    }
    for (const code of ['USD', 'EUR']) {
      const cents = (text: string): bigint => BigInt(text.replace('.', ''));
      const sum = parts.reduce(
        (total, part) => total + cents(part.toTotal().fiat![code]!.value),
        0n,
      );
      assert.equal(sum, cents(all.toTotal().fiat![code]!.value), `seed ${seed}`);
    }
  }
});

test('a share is rounded down: 100.00 only for the whole', () => {
  assert.equal(sharePercent(2n, 3n), '66.66');
  assert.equal(sharePercent(999_999n, 1_000_000n), '99.99');
  assert.equal(sharePercent(5n, 5n), '100.00');
  assert.equal(sharePercent(0n, 0n), '0.00');
});
