import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../bytes/seeded-random.ts';
import { CoinPool, NO_COIN, Purse } from './coin-pool.hot.ts';

function coinsOf(purse: Purse): number[] {
  const coins: number[] = [];
  for (let coin = purse.first; coin !== NO_COIN; coin = purse.after(coin)) coins.push(coin);
  return coins;
}

test('purses hold their coins in order of arrival, as plain lists do', () => {
  const random = seededRandom('coins');
  const pool = new CoinPool(4);
  const purses = [new Purse(pool), new Purse(pool), new Purse(pool)];
  const lists: { coin: number; sats: number }[][] = [[], [], []];
  for (let step = 0; step < 4000; step += 1) {
    const which = random.int(0, 2);
    const purse = purses[which]!;
    const list = lists[which]!;
    if (list.length > 0 && random.chance(0.45)) {
      const [gone] = list.splice(random.int(0, list.length - 1), 1);
      purse.take(gone!.coin);
      pool.drop(gone!.coin);
    } else {
      const sats = random.int(1, 2_000_000_000);
      const coin = pool.add(random.bytes(32), step, sats, 5, step, 0);
      purse.put(coin);
      list.push({ coin, sats });
    }
    assert.equal(purse.count, list.length, `seed coins, step ${step}`);
  }
  for (const [i, purse] of purses.entries()) {
    const list = lists[i]!;
    assert.deepEqual(
      coinsOf(purse),
      list.map(({ coin }) => coin),
    );
    assert.equal(
      purse.balanceSats,
      list.reduce((sum, { sats }) => sum + sats, 0),
    );
  }
  assert.equal(
    pool.live,
    lists.reduce((sum, list) => sum + list.length, 0),
  );
});

test('rows of dropped coins are used again, and their columns are fresh', () => {
  const pool = new CoinPool(2);
  const txid = new Uint8Array(32).fill(7);
  const first = pool.add(txid, 1, 100, 5, 9, 0);
  pool.drop(first);
  const second = pool.add(new Uint8Array(32).fill(8), 3, 250, 6, 10, 111);
  assert.equal(second, first);
  assert.deepEqual(
    [pool.vouts[second], pool.sats[second], pool.forms[second], pool.keys[second]],
    [3, 250, 6, 10],
  );
  assert.equal(pool.ripeHeights[second], 111);
  assert.equal(pool.txids[32 * second], 8);
});
