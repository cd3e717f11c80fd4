import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { samplePricesCsv } from '../../test/support/sample-claims.ts';
import { emptyInput, MEDIUM, SMALL, sampleInput } from '../../test/support/sample-investigation.ts';
import { sha256Hex } from '../bytes/hash.ts';
import type { Investigation } from '../trace/investigation.ts';
import { canonicalJson } from './canonical-json.ts';
import { priceBookOfFile } from './price-book-of-file.ts';
import { REPORT_FILE_NAMES, renderReport } from './render-report.ts';
import { buildReport } from './report-data.ts';
import type { Report } from './report-format.ts';
import type { ReportInput } from './report-input.ts';

const cents = (text: string): bigint => BigInt(text.replace('.', ''));
const sum = <Item>(items: readonly Item[], of: (item: Item) => bigint): bigint =>
  items.reduce((total, item) => total + of(item), 0n);

const report = buildReport(sampleInput(MEDIUM));

test('payers, months and payments add up to what was received, in satoshi and in fiat', () => {
  const { received } = report.summary;
  const parts: readonly (readonly [name: string, sats: bigint, usd: bigint])[] = [
    [
      'payments',
      sum(report.payments, ({ amount }) => BigInt(amount.sats)),
      // A day without a rate gives no value.
      sum(report.payments, ({ amount }) => cents(amount.fiat?.['USD']?.value ?? '0')),
    ],
    [
      'payers',
      sum(report.payers, ({ total }) => BigInt(total.sats)),
      sum(report.payers, ({ total }) => cents(total.fiat!['USD']!.value)),
    ],
    [
      'time line',
      sum(report.timeline.bars, ({ total }) => BigInt(total.sats)),
      sum(report.timeline.bars, ({ total }) => cents(total.fiat!['USD']!.value)),
    ],
  ];
  for (const [name, sats, usd] of parts) {
    assert.equal(sats, BigInt(received.sats), name);
    assert.equal(usd, cents(received.fiat!['USD']!.value), name);
  }
  assert.equal(
    sum(report.payers, ({ payments }) => BigInt(payments)),
    BigInt(report.payments.length),
  );
});

test('shares of payers fall short of 100 only by rounding down', () => {
  const shares = sum(report.payers, ({ sharePercent }) => cents(sharePercent));
  assert.ok(shares <= 10_000n && shares > 10_000n - BigInt(report.payers.length));
});

test('cash-outs add up over their deposits, by both methods', () => {
  for (const { byMethod, deposits } of report.cashOuts) {
    for (const method of ['fifo', 'haircut'] as const) {
      assert.equal(
        sum(deposits, (deposit) => BigInt(deposit.byMethod[method])),
        BigInt(byMethod[method].sats),
      );
      assert.equal(
        sum(deposits, ({ amounts }) => cents(amounts[method].fiat?.['USD']?.value ?? '0.00')),
        cents(byMethod[method].fiat!['USD']!.value),
      );
    }
  }
});

test('cash-outs stand in the order of who can name a customer, then of FIFO sums', () => {
  const ranks = ['none', 'accounts', 'custodian', 'identified'];
  const services = new Map(report.attribution.services.map((row) => [row.key, row]));
  const order = report.cashOuts.map(
    ({ service, byMethod }) =>
      [ranks.indexOf(services.get(service)!.namesCustomers), Number(byMethod.fifo.sats)] as const,
  );
  const sorted = order.toSorted(([rankA, satsA], [rankB, satsB]) => rankB - rankA || satsB - satsA);
  assert.deepEqual(order, sorted);
});

test('what is paid to listed seeds is part of what is received', () => {
  const atSeeds = report.payments.filter(({ seeds }) => seeds.length > 0);
  const { receivedAtListedSeeds } = report.summary;
  assert.ok(atSeeds.length > 0 && atSeeds.length < report.payments.length);
  assert.equal(receivedAtListedSeeds.payments, atSeeds.length);
  assert.equal(
    BigInt(receivedAtListedSeeds.sats),
    sum(atSeeds, ({ amount }) => BigInt(amount.sats)),
  );
  const bySeed = sum(report.seeds, ({ payments }) => BigInt(payments));
  assert.equal(
    bySeed,
    sum(report.payments, ({ seeds }) => BigInt(seeds.length)),
  );
});

test('payers are counted as groups, and at most as payments', () => {
  const { payerGroups, payersMax } = report.summary;
  const direct = report.payers.filter(
    ({ kind, mayBeService }) => kind !== 'cluster' || mayBeService,
  );
  assert.equal(payerGroups, report.payers.length);
  assert.equal(
    payersMax - payerGroups,
    direct.reduce((more, { payments }) => more + payments - 1, 0),
  );
});

test('ids lead somewhere: payers, seeds, clusters, services, tags', () => {
  const has = (ids: readonly string[]) => (id: string) => ids.includes(id);
  const payers = has(report.payers.map(({ id }) => id));
  const seeds = has(report.seeds.map(({ id }) => id));
  const clusters = has(report.clusters.map(({ id }) => id));
  const services = has(report.attribution.services.map(({ key }) => key));
  for (const payment of report.payments) {
    assert.ok(
      payers(payment.payer) && payment.seeds.every(seeds) && payment.clusters.every(clusters),
    );
    assert.ok(payment.origins.every(({ service }) => service === undefined || services(service)));
  }
  assert.ok(report.seeds.every((seed) => seed.clusters.every(clusters)));
  assert.ok([...report.requests, ...report.cashOuts].every(({ service }) => services(service)));
  const tags = report.attribution.tags.length;
  assert.ok(
    report.attribution.services.every(
      (row) => row.tags.length > 0 && row.tags.every((place) => place < tags),
    ),
  );
});

test('names of services stand in the attribution alone, and in the words and labels made of it', () => {
  const { attribution, summary, flow, ...structural } = report;
  const text = canonicalJson(structural);
  for (const { name } of attribution.services) assert.ok(!text.includes(name), name);
  assert.ok(summary.text.includes(attribution.services[0]!.name));
  for (const { kind, label } of flow.nodes) {
    assert.equal(
      attribution.services.some(({ name }) => name === label),
      kind === 'payer_service' || kind === 'cashout',
    );
  }
});

test('seeds stand in the order of the file, those never seen among them', () => {
  const lines = report.seeds.map((seed) => Math.min(...seed.lines));
  assert.deepEqual(
    lines,
    lines.toSorted((a, b) => a - b),
  );
  assert.equal(report.seeds.filter(({ isSeen }) => !isSeen).length, 1);
  assert.equal(
    report.seedFile.lines,
    new Set([
      ...report.seeds.flatMap((seed) => seed.lines),
      ...report.seedFile.rejected.map(({ line }) => line),
      54,
      55,
    ]).size,
  );
});

test('further columns of the seed file are carried through', () => {
  const input = sampleInput(SMALL);
  const [place] = input.investigation.seeds;
  const seedFile = {
    ...input.seedFile,
    seeds: [{ address: place!.seed, extra: { officer: "'=1+1" } }],
  };
  const row = buildReport({ ...input, seedFile }).seeds.find(({ seed }) => seed === place!.seed);
  assert.deepEqual(row!.extra, { officer: "'=1+1" });
});

test('a payment to a seed that is not listed is refused', () => {
  const input = sampleInput(SMALL);
  const { investigation } = input;
  const payments = investigation.payments.map((payment) => ({
    ...payment,
    sites: ['bcrt1qforeign'],
  }));
  assert.throws(() => buildReport({ ...input, investigation: { ...investigation, payments } }), {
    code: 'CLEW_INTERNAL',
  });
});

test('the order of prices in the input decides which currency leads', () => {
  const input = sampleInput(SMALL);
  const built = buildReport({ ...input, currencies: ['EUR'] });
  assert.deepEqual(Object.keys(built.summary.received.fiat!), ['EUR']);
  assert.match(built.summary.text, / EUR on the days of payment/);
});

test('payments without a price are counted, not guessed', () => {
  const input = sampleInput(SMALL);
  const csv = samplePricesCsv().split('\n');
  // The first price is four weeks later than the first payment.
  const late = [csv[0], ...csv.slice(30)].join('\n');
  const built = buildReport({
    ...input,
    prices: priceBookOfFile(new TextEncoder().encode(late), { fileName: 'late.csv', asset: 'BTC' }),
  });
  const { pricedAmounts, unpricedAmounts } = built.summary.received.fiat!['USD']!;
  assert.ok(pricedAmounts > 0 && unpricedAmounts > 0);
  assert.equal(pricedAmounts + unpricedAmounts, built.payments.length);
  assert.match(
    built.summary.text,
    new RegExp(`without ${unpricedAmounts} payments? that no price is known for`),
  );
});

test('a report without prices has no fiat anywhere', () => {
  const { prices: _, ...input } = sampleInput(SMALL);
  const text = canonicalJson(buildReport(input));
  assert.doesNotMatch(text, /"fiat":|USD/);
});

test('an investigation that contradicts itself is refused', () => {
  const input = sampleInput(SMALL);
  const broken = (change: Partial<Investigation>): ReportInput => ({
    ...input,
    investigation: { ...input.investigation, ...change },
  });
  const { payments, payers, cashOuts } = input.investigation;
  const cases: readonly Partial<Investigation>[] = [
    { payments: payments.slice(1) },
    { payers: payers.slice(1) },
    { payers: [...payers, payers[0]!] },
    { receivedSats: 1n },
    {
      payers: payers.map((payer, i) =>
        i === 0
          ? { ...payer, totalSats: payer.totalSats + 1n }
          : i === 1
            ? { ...payer, totalSats: payer.totalSats - 1n }
            : payer,
      ),
    },
    {
      cashOuts: cashOuts.map((cashOut) => ({
        ...cashOut,
        sumByMethod: { ...cashOut.sumByMethod, haircut: 0n },
      })),
    },
    { unspent: input.investigation.unspent.slice(1) },
  ];
  for (const change of cases)
    assert.throws(() => buildReport(broken(change)), { code: 'CLEW_INTERNAL' });
});

test('the answer is one paragraph that holds the figures', () => {
  assert.match(
    report.summary.text,
    /^126 payments from up to \d+ payers brought the seed set 0\.\d+ test BTC \(≈ [\d,]+ USD/,
  );
  assert.doesNotMatch(report.summary.text, /\n| {2}|undefined|NaN|\(\)/);
});

test('one payment, one payer, one service: the words are singular', () => {
  const input = sampleInput({
    seed: 'one',
    seeds: 1,
    clusters: 1,
    payments: 1,
    payers: 1,
    services: 1,
    days: 1,
    mixes: 0,
    badLines: 0,
  });
  const { text } = buildReport(input).summary;
  assert.match(text, /^1 payment from 1 payer brought/);
  assert.match(
    text,
    /1 payment \(100\u00a0% of the money\) can be followed back to 1 service that has to identify its customers: “/,
  );
  assert.match(text, /went on to 1 service: /);
});

test('no payment: the answer says so, and that the seeds were never seen', () => {
  const { summary, timeline } = buildReport(emptyInput());
  assert.equal(
    summary.text,
    'No payment to the seed set was found up to block 840,000. None of the 3 seeds appears in this ledger.',
  );
  assert.deepEqual(
    [summary.payments, summary.firstAt, summary.payersMax, timeline.bars.length],
    [0, null, 0, 0],
  );
});

const digestOf = (built: Report): string =>
  sha256Hex(
    renderReport(built)
      .map(({ name, bytes }) => `${name} ${sha256Hex(bytes)}`)
      .join('\n'),
  );

test('the files have the names that a folder is checked for before the work begins', () => {
  const files = renderReport(buildReport(sampleInput(SMALL)));
  assert.deepEqual(
    files.map(({ name }) => name),
    REPORT_FILE_NAMES,
  );
});

test('the same input gives the same bytes', () => {
  assert.equal(
    digestOf(buildReport(sampleInput(SMALL))),
    digestOf(buildReport(sampleInput(SMALL))),
  );
  assert.notEqual(
    digestOf(buildReport(sampleInput(SMALL))),
    digestOf(buildReport(sampleInput({ ...SMALL, seed: 'other' }))),
  );
});

test('neither time zone nor locale of the machine shows', () => {
  const script = `
    const { buildReport } = await import(${JSON.stringify(new URL('report-data.ts', import.meta.url).href)});
    const { renderReport } = await import(${JSON.stringify(new URL('render-report.ts', import.meta.url).href)});
    const { sampleInput, SMALL } = await import(${JSON.stringify(new URL('../../test/support/sample-investigation.ts', import.meta.url).href)});
    const { sha256Hex } = await import(${JSON.stringify(new URL('../bytes/hash.ts', import.meta.url).href)});
    const files = renderReport(buildReport(sampleInput(SMALL)));
    process.stdout.write(sha256Hex(files.map(({ name, bytes }) => name + ' ' + sha256Hex(bytes)).join('\\n')));
  `;
  const elsewhere = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, TZ: 'Asia/Kolkata', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' },
    encoding: 'utf8',
  });
  assert.equal(elsewhere, digestOf(buildReport(sampleInput(SMALL))));
});
