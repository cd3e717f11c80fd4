/** The commands on prices, as they are typed; the workspace needs no ledger for them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Run, runClew } from '../../../test/support/run-clew.ts';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import type { ErrorCode } from '../../errors.ts';

const folder = temporaryFolder('prices-cli');
const clew = (...argv: string[]): Promise<Run> => runClew(folder, ...argv, '--data', 'data');

/** Imports a text under a name. */
function bring(name: string, text: string, ...options: string[]): Promise<Run> {
  writeFileSync(join(folder, `${name}.csv`), text);
  return clew('prices', 'import', `${name}.csv`, '--source', name, '--licence', 'CC0', ...options);
}

const ok = (run: Run): Run => {
  assert.equal(run.exit, 0, run.stderr);
  return run;
};

test('import, list, check and at tell one story', async () => {
  const long =
    'date,EUR,USD\n2021-03-03,39000,47000\n2021-03-04,40000.5,48000\n2021-03-06,41000,49000\n';
  ok(await bring('long', long, '--clock', 'close, 24:00 UTC'));
  const ohlc = 'Date,Open,Close\n2021-03-04,1,49000\n2021-03-05,1,48500\n2021-03-06,1,49100\n';
  const asked = await bring('short', ohlc);
  assert.equal(asked.exit, 4);
  assert.equal(asked.error?.code, 'CLEW_PRICES_COLUMNS');
  assert.match(asked.error!.message, /Columns found: Date, Open, Close\./);
  const short = ok(await bring('short', ohlc, '--currency', 'usd'));
  assert.deepEqual(short.json.series, [
    {
      currency: 'USD',
      column: 'Close',
      firstDay: '2021-03-04',
      lastDay: '2021-03-06',
      days: 3,
      status: 'imported',
    },
  ]);
  const known = ok(await bring('short', ohlc, '--currency', 'USD'));
  assert.equal(known.json.series[0].status, 'known');

  const { json: list } = ok(await clew('prices', 'list'));
  const usd = list.lists.find((one: { currency: string }) => one.currency === 'USD');
  assert.deepEqual(
    usd.sources.map((one: Record<string, unknown>) => [one['source'], one['days'], one['gaps']]),
    [
      ['long', 3, [{ firstDay: '2021-03-05', lastDay: '2021-03-05', days: 1 }]],
      ['short', 3, []],
    ],
  );
  assert.equal(usd.sources[0].files[0].clock, 'close, 24:00 UTC');

  const { json: check } = ok(await clew('prices', 'check', '--currency', 'USD', '--percent', '1'));
  assert.deepEqual(check.currencies[0].disagreements, [
    {
      day: '2021-03-04',
      differencePercent: '2.08',
      rates: [
        { source: 'long', rate: '48000' },
        { source: 'short', rate: '49000' },
      ],
    },
  ]);

  const { json: at } = ok(await clew('prices', 'at', '2021-03-05', '--amount', '0.00000123'));
  const [one] = at.currencies.filter((each: { rate: unknown }) => each.rate !== null);
  assert.deepEqual(
    [one.currency, one.rate, one.source, one.passedOver, one.value],
    // 123 satoshi at 48,500 are 5.9655 cents.
    ['USD', '48500', 'short', ['long'], '0.06'],
  );
  assert.deepEqual(one.without, [{ source: 'long', before: '2021-03-04', after: '2021-03-06' }]);
  const { json: named } = ok(
    await clew('prices', 'at', '2021-03-04', '--currency', 'USD', '--price-source', 'short'),
  );
  assert.equal(named.currencies[0].source, 'short');
  assert.deepEqual(named.currencies[0].others, [{ source: 'long', rate: '48000' }]);
});

test('what is wrong is told by its code', async () => {
  const cases: readonly (readonly [code: ErrorCode, ...argv: string[]])[] = [
    ['CLEW_PRICES_NO_RATE', 'at', '2021-03-07'],
    ['CLEW_PRICES_NO_RATE', 'at', '2021-03-05', '--currency', 'USD', '--price-source', 'long'],
    ['CLEW_PRICES_NONE', 'at', '2021-03-04', '--asset', 'LTC'],
    ['CLEW_PRICES_NONE', 'at', '2021-03-04', '--currency', 'CHF'],
    ['CLEW_PRICES_NONE', 'at', '2021-03-04', '--price-source', 'nobody'],
    ['CLEW_PRICES_NONE', 'check', '--currency', 'CHF'],
    ['CLEW_USAGE', 'at', '4.3.2021'],
    ['CLEW_USAGE', 'at', '2021-03-04', '--amount', '1,5'],
    ['CLEW_USAGE', 'at', '2021-03-04', '--amount', '0.000000001'],
    ['CLEW_USAGE', 'at', '2021-03-04', '--currency', 'euro'],
    ['CLEW_USAGE', 'check', '--percent', '2%'],
    ['CLEW_USAGE', 'import', 'long.csv', '--licence', 'CC0'],
    ['CLEW_FILE_MISSING', 'import', 'nowhere.csv', '--source', 'x', '--licence', 'CC0'],
  ];
  for (const [code, ...argv] of cases) {
    const run = await clew('prices', ...argv);
    assert.equal(run.error?.code, code, argv.join(' '));
    assert.notEqual(run.exit, 0);
  }
  const far = await bring('far', 'date,USD\n2021-03-04,1.2\n2021-03-06,1.2\n');
  assert.equal(far.error?.code, 'CLEW_PRICES_FAR');
  const future = await bring('future', 'date,USD\n2999-03-04,48000\n');
  assert.equal(future.error?.code, 'CLEW_PRICES_DAY');
});

test('findings that stop nothing are warnings', async () => {
  const fewer = await bring('short', 'date,USD\n2021-03-04,49000\n2021-03-05,\n');
  assert.equal(fewer.exit, 0);
  assert.deepEqual(
    fewer.warnings.map(({ code }) => code),
    ['CLEW_PRICES_EMPTY_DAY', 'CLEW_PRICES_FEWER_DAYS'],
  );
});
