import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCsv } from '../../test/support/parse-csv.ts';
import { sampleClaim } from '../../test/support/sample-claims.ts';
import { emptyInput, MEDIUM, SMALL, sampleInput } from '../../test/support/sample-investigation.ts';
import { seededRandom } from '../bytes/seeded-random.ts';
import { renderCsv } from './render-csv.ts';
import { buildReport } from './report-data.ts';
import type { Report } from './report-format.ts';

type Row = Readonly<Record<string, string>>;

/** The files as rows by column name. */
function filesOf(report: Report): Map<string, Row[]> {
  return new Map(
    renderCsv(report).map(({ name, text }) => {
      const [header, ...records] = parseCsv(text);
      return [
        name,
        records.map((cells) => Object.fromEntries(header!.map((column, i) => [column, cells[i]!]))),
      ];
    }),
  );
}

const report = buildReport(sampleInput(MEDIUM));
const files = filesOf(report);
const sum = (rows: readonly Row[], column: string): bigint =>
  rows.reduce((total, row) => total + BigInt(row[column]!), 0n);

test('the files come in a stated order, each with a header even when empty', () => {
  const names = [
    'payments.csv',
    'payers.csv',
    'cash-outs.csv',
    'unspent.csv',
    'seeds.csv',
    'mixes.csv',
    'requests.csv',
  ];
  assert.deepEqual([...files.keys()], names);
  for (const { text } of renderCsv(buildReport(emptyInput())))
    assert.match(text, /^\ufeff[a-z_]+(?:,[a-z_]+)+\r\n/);
});

test('the files hold all rows, and sums of their columns are those of the report', () => {
  assert.equal(files.get('payments.csv')!.length, report.payments.length);
  assert.equal(
    sum(files.get('payments.csv')!, 'amount_sats'),
    BigInt(report.summary.received.sats),
  );
  assert.equal(sum(files.get('payers.csv')!, 'total_sats'), BigInt(report.summary.received.sats));
  const fifo = report.cashOuts.reduce(
    (total, { byMethod }) => total + BigInt(byMethod.fifo.sats),
    0n,
  );
  assert.equal(sum(files.get('cash-outs.csv')!, 'fifo_sats'), fifo);
  const ended = (method: 'fifo' | 'haircut'): bigint =>
    report.forwardStops
      .filter(({ reason }) => reason === 'unspent')
      .reduce((total, { byMethod }) => total + BigInt(byMethod[method]), 0n);
  const unspent = files.get('unspent.csv')!;
  assert.equal(unspent.length, report.unspent.length);
  assert.equal(sum(unspent, 'fifo_sats'), ended('fifo'));
  assert.equal(sum(unspent, 'haircut_sats'), ended('haircut'));
  assert.deepEqual([...new Set(unspent.map((row) => row['with_seed_set']))], ['yes', 'no']);
  assert.equal(files.get('mixes.csv')!.length, report.mixes.length);
});

test('coins are the satoshi with eight decimals, times are ISO 8601, fiat has two decimals', () => {
  for (const row of files.get('payments.csv')!) {
    assert.equal(BigInt(row['amount_coins']!.replace('.', '')), BigInt(row['amount_sats']!));
    assert.match(row['time']!, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    if (row['amount_usd'] === '') {
      assert.deepEqual([row['price_day'], row['amount_usd_rate']], ['', '']);
      continue;
    }
    assert.match(row['amount_usd']!, /^\d+\.\d{2}$/);
    assert.equal(row['price_day'], row['time']!.slice(0, 10), 'the day of the block itself');
    assert.equal(row['amount_usd_rate_source'], 'prices.csv');
    // The sample's rates have two decimals: satoshi times cents, with eight decimals to cut.
    const product = BigInt(row['amount_sats']!) * BigInt(row['amount_usd_rate']!.replace('.', ''));
    const cents = (product + 50_000_000n) / 100_000_000n;
    assert.equal(BigInt(row['amount_usd']!.replace('.', '')), cents);
  }
});

test('requests name the question, and every output once', () => {
  const rows = files.get('requests.csv')!;
  const outputs = rows
    .filter((row) => row['question'] !== 'whose_address')
    .map((row) => `${row['request']} ${row['question']} ${row['txid']}:${row['output']}`);
  assert.equal(new Set(outputs).size, outputs.length);
  assert.deepEqual([...new Set(rows.map((row) => row['question']))].sort(), [
    'who_withdrew',
    'whose_address',
    'whose_deposit',
  ]);
});

test('the seed file comes back whole: used, never seen, bad, of other chains', () => {
  const rows = files.get('seeds.csv')!;
  const count = (status: string): number => rows.filter((row) => row['status'] === status).length;
  assert.deepEqual(['used', 'not_seen', 'bad_line', 'other_chain'].map(count), [
    MEDIUM.seeds,
    1,
    report.seedFile.rejected.length,
    report.seedFile.otherChains.length,
  ]);
});

test('columns that name a claim say so', () => {
  for (const rows of files.values()) {
    for (const [column, cell] of Object.entries(rows[0]!)) {
      if (report.attribution.services.some(({ name }) => cell.includes(name)))
        assert.match(column, /claimed/);
    }
  }
});

test('formulas from tags, seeds and further columns are harmless', () => {
  const formula = '=HYPERLINK("http://x","y")';
  const input = sampleInput(SMALL);
  const service = sampleClaim(seededRandom('f'), formula, 'exchange');
  const { investigation } = input;
  const hostile = filesOf(
    buildReport({
      ...input,
      seedFile: {
        ...input.seedFile,
        rejected: [{ line: 9, text: '@x', code: 'CLEW_ADDRESS_FORMAT', reason: '+1' }],
        seeds: [{ address: investigation.seeds[0]!.seed, extra: { '=officer': '-2' } }],
      },
      investigation: {
        ...investigation,
        seeds: investigation.seeds.map((seed) => ({ ...seed, note: '\t=1', source: '＝1' })),
        cashOuts: investigation.cashOuts.map((cashOut) => ({ ...cashOut, service })),
      },
    }),
  );
  for (const [name, rows] of hostile) {
    for (const cell of rows.flatMap((row) => [...Object.keys(row), ...Object.values(row)])) {
      assert.doesNotMatch(cell, /^[\s]*[=+\-@＝]/, name);
    }
  }
  assert.ok(hostile.get('cash-outs.csv')!.some((row) => row['claimed_service'] === `'${formula}`));
  assert.ok(hostile.get('seeds.csv')!.some((row) => row['given_=officer'] === "'-2"));
});

test('without prices there are no fiat columns', () => {
  const { prices: _, ...input } = sampleInput(SMALL);
  for (const { text } of renderCsv(buildReport(input)))
    assert.doesNotMatch(text.split('\r\n')[0]!, /usd|eur/);
});
