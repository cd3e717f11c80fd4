import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { STORE_VERSION } from './migrations.ts';
import { openStore } from './open-store.ts';
import {
  addPriceSeries,
  type NewPriceSeries,
  readPriceRates,
  readPriceSeries,
} from './price-store.ts';
import { addTagPack, readTagPacks } from './tag-store.ts';

const folder = temporaryFolder('price-store');

function series(days: number, options: Partial<NewPriceSeries> = {}): NewPriceSeries {
  return {
    source: 'a',
    asset: 'BTC',
    currency: 'EUR',
    licence: 'CC0',
    clock: null,
    file_name: 'a.csv',
    sha256: 'ab',
    layout: 'csv',
    column_name: 'EUR',
    first_day: '1970-01-01',
    last_day: '1970-01-02',
    imported_at_seconds: 5,
    rates: new Map(Array.from({ length: days }, (_, day) => [day, `${day + 1}.${'1'.repeat(18)}`])),
    ...options,
  };
}

test('rates come back digit by digit, in order, after the store was closed', async () => {
  const path = join(folder, 'one.sqlite');
  let store = await openStore(path);
  const given = series(5_000);
  await addPriceSeries(store, [given, series(2, { currency: 'USD' })], true);
  await store.close();
  store = await openStore(path);
  after(() => store.close());
  const rows = await readPriceSeries(store);
  assert.deepEqual(
    rows.map(({ currency, days }) => [currency, days]),
    [
      ['EUR', 5_000],
      ['USD', 2],
    ],
  );
  assert.deepEqual([...(await readPriceRates(store, rows[0]!.id))], [...given.rates]);
  assert.deepEqual(await readPriceSeries(store, 'LTC'), []);
});

test('only the same source, coin and currency is superseded; all of one call goes in or nothing', async () => {
  const store = await openStore(join(folder, 'two.sqlite'));
  after(() => store.close());
  const others = [{ source: 'b' }, { currency: 'USD' }, { asset: 'LTC' }];
  await addPriceSeries(store, [series(2), ...others.map((other) => series(2, other))], true);
  await addPriceSeries(store, [series(3, { imported_at_seconds: 9 })], true);
  const seen = async () =>
    (await readPriceSeries(store)).map((row) => [row.days, row.superseded_at_seconds]);
  assert.deepEqual(await seen(), [
    [2, 9],
    [2, null],
    [2, null],
    [2, null],
    [3, null],
  ]);
  const before = await seen();
  const broken = series(1, { rates: new Map([[Number.NaN, '1']]) });
  await assert.rejects(addPriceSeries(store, [series(4), broken], true));
  assert.deepEqual(await seen(), before);
});

test('a store from before there were prices is brought forward with what it holds', async () => {
  const path = join(folder, 'old.sqlite');
  let store = await openStore(path);
  await addTagPack(
    store,
    {
      sha256: 'a',
      scope: 'real',
      edition: '',
      format: 'tagpack',
      title: 'A pack',
      creator: 'A test',
      file_name: 'pack.yaml',
      imported_at_seconds: 1,
      counts: '{}',
    },
    [],
  );
  await store.close();
  // As version 1 left it: the tables of tags, and nothing of prices.
  const raw = new DatabaseSync(path);
  raw.exec('drop table price_rate; drop table price_series; update clew_store set version = 1');
  raw.close();
  store = await openStore(path);
  after(() => store.close());
  assert.equal((await readTagPacks(store))[0]?.title, 'A pack');
  await addPriceSeries(store, [series(2)], true);
  assert.equal((await readPriceSeries(store)).length, 1);
  const version = await store.db.selectFrom('clew_store').select('version').executeTakeFirst();
  assert.equal(version?.version, STORE_VERSION);
});
