import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { sha256Hex } from '../bytes/hash.ts';
import { openStore } from '../store/open-store.ts';
import { readPriceRates, readPriceSeries } from '../store/price-store.ts';
import { dayNumber } from '../units/day.ts';
import {
  type ImportPricesOptions,
  importPrices,
  loadPriceBook,
  loadPriceList,
  pricesInUse,
  withdrawPrices,
} from './price-workspace.ts';

const folder = temporaryFolder('prices');
let count = 0;

/** A store of its own, and a way to import a text into it. */
async function workspace() {
  count += 1;
  const store = await openStore(join(folder, `store-${count}.sqlite`));
  after(() => store.close());
  let clock = 1_700_000_000;
  const bring = (text: string, options: Partial<ImportPricesOptions> = {}) => {
    const path = join(folder, `file-${count}.csv`);
    writeFileSync(path, text);
    clock += 1;
    return importPrices(store, {
      path,
      source: 'a',
      licence: 'CC0',
      asset: 'BTC',
      decimalComma: false,
      goesOn: false,
      acceptFar: false,
      importedAtSeconds: clock,
      lastDayMax: dayNumber('2026-01-01')!,
      ...options,
    });
  };
  return { store, bring };
}

const OLD = 'date,EUR,USD\n2021-01-01,80,100\n2021-01-02,81.50,101\n2021-01-03,82,102\n';

test('a file goes in whole, with its source, licence, digest and time', async () => {
  const { store, bring } = await workspace();
  const result = await bring(OLD, { clock: 'close, 24:00 UTC' });
  assert.deepEqual(
    result.series.map(({ currency, status, days }) => [currency, status, days]),
    [
      ['EUR', 'imported', 3],
      ['USD', 'imported', 3],
    ],
  );
  const [eur] = await readPriceSeries(store, 'BTC');
  assert.deepEqual(
    { ...eur },
    {
      id: 1,
      source: 'a',
      asset: 'BTC',
      currency: 'EUR',
      licence: 'CC0',
      clock: 'close, 24:00 UTC',
      file_name: `file-${count}.csv`,
      sha256: sha256Hex(Buffer.from(OLD)),
      layout: 'csv',
      column_name: 'EUR',
      first_day: '2021-01-01',
      last_day: '2021-01-03',
      days: 3,
      imported_at_seconds: 1_700_000_001,
      superseded_at_seconds: null,
    },
  );
  assert.equal((await readPriceRates(store, 1)).get(dayNumber('2021-01-02')!), '81.50');
});

test('the same file again changes nothing; gzipped it is the same', async () => {
  const { store, bring } = await workspace();
  await bring(OLD);
  const before = await pricesInUse(store, 'BTC');
  const again = await bring(OLD);
  assert.deepEqual(
    again.series.map(({ status }) => status),
    ['known', 'known'],
  );
  const path = join(folder, 'old.csv.gz');
  writeFileSync(path, gzipSync(OLD));
  const packed = await bring('', { path });
  assert.deepEqual(
    packed.series.map(({ status }) => status),
    ['known', 'known'],
  );
  assert.equal((await readPriceSeries(store)).length, 2);
  assert.equal(await pricesInUse(store, 'BTC'), before);
});

test('a corrected file is a new version: the old one is kept and no longer used', async () => {
  const { store, bring } = await workspace();
  await bring(OLD);
  const corrected = await bring(OLD.replace('81.50', '81.60').replace('2021-01-03,82,102\n', ''));
  assert.deepEqual(
    corrected.series.map(({ replaces }) => replaces),
    [
      { days: 3, changedDays: 1 },
      { days: 3, changedDays: 0 },
    ],
  );
  assert.deepEqual(
    corrected.problems.map(({ code, facts }) => [code, facts['currency'], facts['days']]),
    [
      ['CLEW_PRICES_FEWER_DAYS', 'EUR', 1],
      ['CLEW_PRICES_FEWER_DAYS', 'USD', 1],
    ],
  );
  const book = await loadPriceBook(store, 'BTC');
  assert.equal(book?.rateOn('2021-01-02', 'EUR')?.rate, '81.60');
  assert.equal(book?.rateOn('2021-01-03', 'EUR'), undefined, 'not the old version');
  const rows = await readPriceSeries(store, 'BTC');
  assert.deepEqual(
    rows.map((row) => row.superseded_at_seconds),
    [1_700_000_002, 1_700_000_002, null, null],
  );
  assert.equal((await readPriceRates(store, rows[0]!.id)).get(dayNumber('2021-01-02')!), '81.50');
});

test('a file of one currency leaves the other currencies of its source alone', async () => {
  const { store, bring } = await workspace();
  await bring(OLD);
  await bring('date,USD\n2021-01-01,100.5\n2021-01-02,101\n2021-01-03,102\n');
  const book = await loadPriceBook(store, 'BTC');
  assert.equal(book?.rateOn('2021-01-01', 'USD')?.rate, '100.5');
  assert.equal(book?.rateOn('2021-01-01', 'EUR')?.rate, '80');
});

test('a file that goes on adds its days, may repeat days, and may not contradict', async () => {
  const { store, bring } = await workspace();
  await bring(OLD);
  await bring('date,EUR\n2021-01-03,82.0\n2021-01-04,83\n', { goesOn: true });
  const book = await loadPriceBook(store, 'BTC');
  const [source] = book!.allSources('EUR');
  assert.deepEqual(
    [source!.files.length, source!.rates.size, source!.lastDay],
    [2, 4, '2021-01-04'],
  );
  await assert.rejects(bring('date,EUR\n2021-01-04,83.01\n2021-01-05,84\n', { goesOn: true }), {
    code: 'CLEW_PRICES_DUPLICATE',
  });
  assert.equal((await readPriceSeries(store)).length, 3, 'refused whole');
  // A new version takes the place of all parts.
  await bring('date,EUR\n2021-01-04,83.01\n');
  const rates = (await loadPriceBook(store, 'BTC'))!.allSources('EUR')[0]!.rates;
  assert.deepEqual([...rates.values()], ['83.01']);
});

test('rates of another size than those of another source are refused, unless a person insists', async () => {
  const { store, bring } = await workspace();
  await bring(OLD);
  const other = OLD.replaceAll(/,(8\d(?:\.5)?)/g, ',2$1');
  await assert.rejects(bring(other, { source: 'b' }), { code: 'CLEW_PRICES_FAR' });
  assert.equal((await readPriceSeries(store)).length, 2);
  await bring(other, { source: 'b', acceptFar: true });
  await bring(other, { source: 'b', asset: 'TRX' });
  assert.equal((await loadPriceBook(store, 'BTC'))!.allSources('EUR').length, 2);
});

test('a source that is withdrawn is kept and no longer used, and comes back by importing it', async () => {
  const { store, bring } = await workspace();
  await bring(OLD);
  await bring(OLD, { source: 'b' });
  assert.deepEqual(await withdrawPrices(store, 'b', { currency: 'USD' }, 1_800_000_000), [
    { asset: 'BTC', currency: 'USD', days: 3 },
  ]);
  const names = async (currency: string) =>
    (await loadPriceBook(store, 'BTC'))!.allSources(currency).map(({ name }) => name);
  assert.deepEqual([await names('EUR'), await names('USD')], [['a', 'b'], ['a']]);
  await assert.rejects(withdrawPrices(store, 'b', { currency: 'USD' }, 1_800_000_000), {
    code: 'CLEW_PRICES_NONE',
  });
  await assert.rejects(withdrawPrices(store, 'b', { asset: 'LTC' }, 1_800_000_000), {
    code: 'CLEW_PRICES_NONE',
  });
  const again = await bring(OLD, { source: 'b' });
  assert.deepEqual(
    again.series.map(({ status }) => status),
    ['known', 'imported'],
  );
  assert.deepEqual(await names('USD'), ['a', 'b']);
});

test('names that can not stand in a report are refused', async () => {
  const { bring } = await workspace();
  const wrong: readonly Partial<ImportPricesOptions>[] = [
    { source: '' },
    { source: ' a' },
    { source: 'a\nb' },
    { source: '<b>' },
    { source: '=1+1' },
    { source: 'x'.repeat(61) },
    { source: '\u202eabc' },
    { licence: '' },
    { licence: 'x'.repeat(201) },
    { clock: '\u0007' },
    { asset: 'btc' },
    { asset: 'B' },
  ];
  for (const options of wrong) {
    await assert.rejects(bring(OLD, options), { code: 'CLEW_USAGE' }, JSON.stringify(options));
  }
});

test('what is not there is told: no prices of the coin, no source of that name', async () => {
  const { store, bring } = await workspace();
  assert.equal(await loadPriceBook(store, 'BTC'), undefined);
  await assert.rejects(loadPriceBook(store, 'BTC', ['a']), { code: 'CLEW_PRICES_NONE' });
  await bring(OLD);
  await assert.rejects(loadPriceBook(store, 'BTC', ['a', 'b']), { code: 'CLEW_PRICES_NONE' });
  await assert.rejects(bring(OLD, { path: join(folder, 'nowhere.csv') }), {
    code: 'CLEW_FILE_MISSING',
  });
  const list = await loadPriceList(store);
  assert.deepEqual(
    list.lists.map(({ asset, currency, sources }) => [asset, currency, sources.length]),
    [
      ['BTC', 'EUR', 1],
      ['BTC', 'USD', 1],
    ],
  );
});
