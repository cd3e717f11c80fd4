import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateRawSync } from 'node:zlib';
import { sharedFile } from '../../test/support/shared-data.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import { dayNumber, dayText } from '../units/day.ts';
import { type ParsedPriceFile, type PriceFileOptions, parsePriceFile } from './price-file.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string, options: Partial<PriceFileOptions> = {}): ParsedPriceFile =>
  parsePriceFile(bytes(text), { fileName: 'p.csv', asset: 'BTC', ...options });

/** Currency, column and rates by day, as plain data. */
function plain({ series }: ParsedPriceFile) {
  return series.map(({ currency, column, rates }) => [
    currency,
    column,
    Object.fromEntries([...rates].map(([day, rate]) => [dayText(day), rate])),
  ]);
}

function refused(text: string, options: Partial<PriceFileOptions> = {}): ClewError {
  try {
    parse(text, options);
  } catch (error) {
    assert.ok(error instanceof ClewError, String(error));
    assert.equal(error.facts['file'], 'p.csv');
    return error;
  }
  return assert.fail(`was not refused: ${JSON.stringify(text)}`);
}

test('columns named by currencies, rates kept digit by digit', () => {
  assert.deepEqual(
    plain(parse('date,EUR,USD\n2021-03-04,40387.410,48365.145\n2021-03-05,,47000\n')),
    [
      ['EUR', 'EUR', { '2021-03-04': '40387.410' }],
      ['USD', 'USD', { '2021-03-04': '48365.145', '2021-03-05': '47000' }],
    ],
  );
});

test('byte order mark, semicolons, tabs, quotes, CRLF, blank lines, any order of days and columns', () => {
  const text = '\ufeff"EUR"; date ;usd\r\n"1.5";2021-01-02;2\r\n\r\n1.25;2021-01-01;"3"\r\n;;\r\n';
  const expected = [
    ['EUR', 'EUR', { '2021-01-01': '1.25', '2021-01-02': '1.5' }],
    ['USD', 'usd', { '2021-01-01': '3', '2021-01-02': '2' }],
  ];
  assert.deepEqual(plain(parse(text)), expected);
  assert.deepEqual(plain(parse(text.replaceAll(';', '\t'))), expected);
  assert.deepEqual([...parse(text).series[0]!.rates.keys()].map(dayText), [
    '2021-01-01',
    '2021-01-02',
  ]);
  const utf16 = new Uint8Array(Buffer.from('\ufeffdate,EUR\n2021-01-01,7\n', 'utf16le'));
  assert.deepEqual(plain(parsePriceFile(utf16, { fileName: 'p', asset: 'BTC' })), [
    ['EUR', 'EUR', { '2021-01-01': '7' }],
  ]);
});

test('layouts of publishers: which column is taken, and from whom the currency comes', () => {
  const cases: readonly (readonly [
    header: string,
    options: Partial<PriceFileOptions>,
    column: string,
    currency: string,
  ])[] = [
    ['Date,Open,High,Low,Close,Adj Close,Volume', { currency: 'USD' }, 'Close', 'USD'],
    [
      'Date,Open,High,Low,Close,Adj Close,Volume',
      { currency: 'USD', column: 'open' },
      'Open',
      'USD',
    ],
    ['snapped_at,price,market_cap,total_volume', { currency: 'EUR' }, 'price', 'EUR'],
    ['date,btc-eur', {}, 'btc-eur', 'EUR'],
    ['day,Price (USD),Volume (USD)', {}, 'Price (USD)', 'USD'],
    ['date,whatever', { currency: 'CHF' }, 'whatever', 'CHF'],
    ['date,price_gbp,open', { column: 'price_gbp' }, 'price_gbp', 'GBP'],
    ['Tag,EUR', { dateColumn: 'tag' }, 'EUR', 'EUR'],
    ['date,EUR,USD', { currency: 'USD' }, 'USD', 'USD'],
  ];
  for (const [header, options, column, currency] of cases) {
    const names = header.split(',');
    const row = names.map((name, i) =>
      /^(date|day|tag|snapped_at)$/i.test(name) ? '2021-01-01' : `${i + 1}`,
    );
    const parsed = parse(`${header}\n${row.join(',')}\n`, options);
    const expected = row[names.indexOf(column)]!;
    assert.deepEqual(plain(parsed), [[currency, column, { '2021-01-01': expected }]], header);
  }
});

test('what the header does not say is asked for, with the columns that there are', () => {
  const cases: readonly (readonly [
    text: string,
    options: Partial<PriceFileOptions>,
    words: RegExp,
  ])[] = [
    ['Date,Open,Close\n', {}, /taken from Close: say in which currency.*found: Date, Open, Close/],
    ['when,EUR\n', {}, /has the days.*--date-column.*found: when, EUR/],
    [
      'date,open,high\n',
      { currency: 'USD' },
      /Which column has the rates.*found: date, open, high/,
    ],
    ['date,EUR\n', { currency: 'USD' }, /No column is named by USD/],
    ['date,EUR,eur\n', {}, /Two columns are named by EUR/],
    ['date,EUR\n', { column: 'rate' }, /no column named by --column rate/],
    ['date,rate,Rate\n', { column: 'rate' }, /more than one column named by --column rate/],
    ['date,rate\n', { column: 'rate' }, /In which currency is the column rate/],
    ['date\n', {}, /Which column has the rates/],
    [`${'x,'.repeat(30)}x\n`, {}, /found: (x, ){19}x and 11 more/],
    [`date,${'y'.repeat(5_000)},z\n`, { currency: 'EUR' }, /found: date, y{40}, z\.$/],
  ];
  for (const [text, options, words] of cases) {
    const error = refused(text, options);
    assert.equal(error.code, 'CLEW_PRICES_COLUMNS', text.slice(0, 60));
    assert.match(error.message, words);
  }
});

test('bad input is refused by its own code, with the line', () => {
  const cases: readonly (readonly [text: string, code: ErrorCode, line: number | undefined])[] = [
    ['', 'CLEW_PRICES_FORMAT', 1],
    ['date,USD\n', 'CLEW_PRICES_FORMAT', undefined],
    ['date,USD\n2021-01-01,\n', 'CLEW_PRICES_FORMAT', undefined],
    ['date,USD\n2021-01-01,1,2\n', 'CLEW_PRICES_FORMAT', 2],
    ['date,USD\n2021-01-01\n', 'CLEW_PRICES_FORMAT', 2],
    [`date,USD\n2021-01-01,"1${'\n2'.repeat(200)}\n`, 'CLEW_PRICES_FORMAT', 2],
    ['PK\u0003\u0004rest', 'CLEW_PRICES_FORMAT', undefined],
    ['date,USD\n2021-02-29,1\n', 'CLEW_PRICES_DAY', 2],
    ['date,USD\n2021-01-01,1\n01/02/2021,1\n', 'CLEW_PRICES_DAY', 3],
    ['date,USD\n2021-01-01T12:00:00Z,1\n', 'CLEW_PRICES_DAY', 2],
    ['date,USD\n2021-01-01T00:00:00+01:00,1\n', 'CLEW_PRICES_DAY', 2],
    ['date,USD\n1614816001,1\n', 'CLEW_PRICES_DAY', 2],
    ['date,USD\n,1\n', 'CLEW_PRICES_DAY', 2],
    ['date,USD\n2999-01-01,1\n', 'CLEW_PRICES_DAY', 2],
    ['date,USD\n2021-01-01,1\n2021-01-01,1\n', 'CLEW_PRICES_DUPLICATE', 3],
    ['date,USD\n2021-01-01,1e5\n', 'CLEW_PRICES_RATE', 2],
    ['date,USD\n2021-01-01,-1\n', 'CLEW_PRICES_RATE', 2],
    ['date,USD\n2021-01-01,0.00\n', 'CLEW_PRICES_RATE', 2],
    ['date,USD\n2021-01-01,N/A\n', 'CLEW_PRICES_RATE', 2],
    ['date,USD\n2021-01-01,"1,000"\n', 'CLEW_PRICES_RATE', 2],
    ['date,USD\n2021-01-01,$1\n', 'CLEW_PRICES_RATE', 2],
    ['date,USD\n2021-01-01,1234567890123\n', 'CLEW_PRICES_RATE', 2],
    ['date;USD\n2021-01-01;48424,31\n', 'CLEW_PRICES_RATE', 2],
  ];
  for (const [text, code, line] of cases) {
    const error = refused(text, { lastDayMax: dayNumber('2026-11-25')! });
    assert.equal(error.code, code, JSON.stringify(text.slice(0, 60)));
    assert.equal(error.facts['line'], line, JSON.stringify(text.slice(0, 60)));
  }
  assert.throws(
    () => parsePriceFile(Uint8Array.of(0x64, 0xff, 0xfe), { fileName: 'p', asset: 'BTC' }),
    { code: 'CLEW_PRICES_FORMAT' },
  );
});

test('days as stamps of midnight in UTC', () => {
  const stamps = [
    '2021-03-04',
    '2021-03-04T00:00:00Z',
    '2021-03-04 00:00:00 UTC',
    '2021-03-04 00:00:00',
    '2021-03-04T00:00:00.000+00:00',
    '1614816000',
    '1614816000000',
  ];
  for (const stamp of stamps) {
    assert.deepEqual(
      plain(parse(`date,EUR\n${stamp},1\n`)),
      [['EUR', 'EUR', { '2021-03-04': '1' }]],
      stamp,
    );
  }
});

test('a comma before decimals is taken when a person says so, and never guessed', () => {
  const options = { decimalComma: true };
  assert.deepEqual(plain(parse('date;EUR\n2021-01-01;48424,31\n2021-01-02;7\n', options)), [
    ['EUR', 'EUR', { '2021-01-01': '48424.31', '2021-01-02': '7' }],
  ]);
  assert.equal(refused('date;EUR\n2021-01-01;48.424,31\n', options).code, 'CLEW_PRICES_RATE');
  assert.equal(refused('date;EUR\n2021-01-01;48424.31\n', options).code, 'CLEW_PRICES_RATE');
  assert.match(refused('date;EUR\n2021-01-01;48424,31\n').message, /--decimal-comma/);
});

test('days without a rate, and days that stand out, are told beside the result', () => {
  const parsed = parse(
    'date,USD\n2021-01-01,100\n2021-01-02,null\n2021-01-03,101\n2021-01-04,1010\n2021-01-05,102\n2021-01-06,51\n2021-01-07,103\n',
  );
  assert.deepEqual(
    parsed.problems.map(({ code, facts }) => [code, facts['day'] ?? facts['firstDay']]),
    [
      ['CLEW_PRICES_EMPTY_DAY', '2021-01-02'],
      ['CLEW_PRICES_STANDS_OUT', '2021-01-04'],
    ],
    '51 is exactly half of 102: not beyond the mark',
  );
});

test('rates that jump and do not come back are noticed: another coin begins there', () => {
  const { problems } = parse(
    'date,EUR\n2022-07-06,19415.553\n2022-07-10,0.065\n2022-07-11,0.066\n',
  );
  assert.deepEqual(
    problems.map(({ code, facts }) => [code, facts['day']]),
    [['CLEW_PRICES_STANDS_OUT', '2022-07-10']],
  );
});

test('JSON from days to rates: numbers stay the text that they are', () => {
  const text = '{"2021-01-02": 1775.95153560000000001, "2021-01-01": "1809.3", "2021-01-03": null}';
  assert.deepEqual(plain(parse(text, { currency: 'EUR' })), [
    ['EUR', 'value', { '2021-01-01': '1809.3', '2021-01-02': '1775.95153560000000001' }],
  ]);
  assert.equal(refused(text).code, 'CLEW_PRICES_COLUMNS');
  const cases: readonly (readonly [string, ErrorCode])[] = [
    ['{"2021-01-01": 1', 'CLEW_PRICES_FORMAT'],
    ['[1, 2]', 'CLEW_PRICES_FORMAT'],
    ['{"2021-01-01": {"usd": 1}}', 'CLEW_PRICES_FORMAT'],
    ['{"2021-01-01": true}', 'CLEW_PRICES_FORMAT'],
    ['{}', 'CLEW_PRICES_FORMAT'],
    ['{"2021-01-01": 1, "2021-01-01": 2}', 'CLEW_PRICES_DUPLICATE'],
    ['{"2021-01-01": 1, "2021-01-01T00:00Z": 2}', 'CLEW_PRICES_DUPLICATE'],
    ['{"2021-01-01": -1}', 'CLEW_PRICES_RATE'],
    ['{"2021-01-01": 1e3}', 'CLEW_PRICES_RATE'],
    ['{"yesterday": 1}', 'CLEW_PRICES_DAY'],
  ];
  for (const [json, code] of cases)
    assert.equal(refused(json, { currency: 'EUR' }).code, code, json);
});

test('real files of four publishers are read whole', (t) => {
  const cases: readonly (readonly [
    file: string,
    options: Partial<PriceFileOptions>,
    days: number,
    first: string,
    last: string,
  ])[] = [
    ['btc-eur-usd-daily-graphsense.csv', {}, 4_255, '2010-10-17', '2022-07-06'],
    [
      'btc-usd-daily-2012-2024-ransomwhere.csv',
      { currency: 'USD' },
      4_630,
      '2012-02-24',
      '2024-10-27',
    ],
    [
      'btc-usd-daily-2024-2025-cryptocompare.csv',
      { currency: 'USD' },
      368,
      '2024-03-05',
      '2025-03-07',
    ],
    // 2,626 rows, of which four say null.
    ['btc-usd-daily-garve.csv', { currency: 'USD' }, 2_622, '2014-09-17', '2021-11-24'],
    [
      'btc-eur-daily-bitfinex-electrum.json',
      { currency: 'EUR' },
      3_000,
      '2017-05-19',
      '2025-08-14',
    ],
    [
      'eth-usd-daily-2015-2021.csv',
      { currency: 'USD', asset: 'ETH' },
      2_298,
      '2015-08-07',
      '2021-11-24',
    ],
    ['trx-eur-usd-daily-graphsense.csv', { asset: 'TRX' }, 2_281, '2017-09-13', '2023-12-11'],
  ];
  for (const [file, options, days, first, last] of cases) {
    const content = sharedFile(t, `prices/${file}`);
    if (content === undefined) return;
    const { series } = parsePriceFile(content, { fileName: file, asset: 'BTC', ...options });
    for (const { rates } of series) {
      const all = [...rates.keys()];
      assert.deepEqual(
        [all.length, dayText(all[0]!), dayText(all.at(-1)!)],
        [days, first, last],
        file,
      );
    }
  }
});

test('the archive of the European Central Bank is no price of a coin', (t) => {
  const zip = sharedFile(t, 'prices/ecb-eurofxref-hist.zip');
  if (zip === undefined) return;
  assert.throws(() => parsePriceFile(zip, { fileName: 'ecb.zip', asset: 'BTC' }), {
    code: 'CLEW_PRICES_FORMAT',
  });
  // Unpacked, it has rates between money of states, which are none of a coin; its cells N/A keep it out.
  const [nameBytes, extraBytes] = [zip.readUInt16LE(26), zip.readUInt16LE(28)];
  const csv = inflateRawSync(zip.subarray(30 + nameBytes + extraBytes));
  assert.equal(csv.subarray(0, 9).toString(), 'Date,USD,');
  assert.equal(refused(csv.toString()).code, 'CLEW_PRICES_RATE');
});
