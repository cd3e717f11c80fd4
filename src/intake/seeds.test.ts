import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import * as btc from '@scure/btc-signer';
import { sharedFile } from '../../test/support/shared-data.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { getNetwork } from '../chain/network.ts';
import { ClewError } from '../errors.ts';
import { parseSeeds, type SeedSet, seedProblems } from './seeds.ts';

const main = getNetwork('main');
const siteKey = new TextEncoder().encode('a key for tests, 32 bytes long..');
const digest = (link: string): string =>
  `site-${createHmac('sha256', siteKey).update(link).digest('hex').slice(0, 16)}`;

const TXID = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b';
const SEGWIT = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
const LEGACY = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';
const ETHEREUM = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

function parse(text: string): SeedSet {
  return parseSeeds(new TextEncoder().encode(text), main, { siteKey });
}

/** A fresh address, written by an independent library. */
function randomAddress(random: SeededRandom): string {
  const codec = btc.Address(btc.NETWORK);
  return random.pick([
    () => codec.encode({ type: 'pkh', hash: random.bytes(20) }),
    () => codec.encode({ type: 'sh', hash: random.bytes(20) }),
    () => codec.encode({ type: 'wpkh', hash: random.bytes(20) }),
    () => codec.encode({ type: 'wsh', hash: random.bytes(32) }),
  ])();
}

test('a list with every kind of seed, metadata and carried columns', () => {
  const text = [
    '\ufeffAddress;source;site;seen_at;note;Case',
    `${LEGACY};hotline;site 12;2024-02-01;first;A`,
    `${TXID};;;;;`,
    `${TXID}:1;police;;;"with; ""quotes""";B`,
    '',
    `${SEGWIT.toUpperCase()};;;;;`,
  ].join('\r\n');
  const set = parse(text);
  const bare = { extra: {} };
  assert.deepEqual(set.columns, ['Address', 'source', 'site', 'seen_at', 'note', 'Case']);
  assert.equal(set.sha256, createHash('sha256').update(text).digest('hex'));
  const first = {
    source: 'hotline',
    site: 'site 12',
    seenAt: '2024-02-01',
    note: 'first',
    extra: { Case: 'A' },
  };
  const third = { source: 'police', note: 'with; "quotes"', extra: { Case: 'B' } };
  assert.deepEqual(set.seeds, [
    {
      kind: 'address',
      address: LEGACY,
      lines: [2],
      sightings: [{ line: 2, ...first }],
      ...first,
    },
    { kind: 'tx', txid: TXID, lines: [3], sightings: [{ line: 3, ...bare }], ...bare },
    {
      kind: 'output',
      txid: TXID,
      vout: 1,
      lines: [4],
      sightings: [{ line: 4, ...third }],
      ...third,
    },
    { kind: 'address', address: SEGWIT, lines: [6], sightings: [{ line: 6, ...bare }], ...bare },
  ]);
  assert.deepEqual([set.rejected, set.otherChains, set.duplicates, set.warnings], [[], [], [], []]);
});

test('bad lines have their reason, other chains a list of their own', () => {
  const set = parse(
    [
      'address,note',
      LEGACY,
      `${LEGACY.slice(0, -1)}b`,
      ETHEREUM,
      SEGWIT.replace('bc1q', 'bc1Q'),
      'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx',
      ',only a note',
      'see http://example.onion/pay',
      '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ',
      '=cmd()',
      `x${'y'.repeat(500)}`,
    ].join('\n'),
  );
  assert.deepEqual(set.otherChains, [{ line: 4, text: ETHEREUM, chain: 'ETH' }]);
  assert.deepEqual(
    set.rejected.map(({ line, code, text }) => [line, code, text]),
    [
      [3, 'CLEW_ADDRESS_CHECKSUM', `${LEGACY.slice(0, -1)}b`],
      [5, 'CLEW_ADDRESS_MIXED_CASE', SEGWIT.replace('bc1q', 'bc1Q')],
      [6, 'CLEW_ADDRESS_NETWORK', 'tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx'],
      [7, 'CLEW_ADDRESS_FORMAT', 'only a note'],
      [8, 'CLEW_ADDRESS_FORMAT', `see ${digest('http://example.onion/pay')}`],
      [9, 'CLEW_ADDRESS_FORMAT', '(a private key, not shown)'],
      [10, 'CLEW_ADDRESS_FORMAT', "'=cmd()"],
      [11, 'CLEW_ADDRESS_FORMAT', `x${'y'.repeat(99)}…`],
    ],
  );
  for (const { reason } of set.rejected) assert.match(reason, /^[A-Z].*[.]$/);
});

test('findings name lines, never what stands there', () => {
  const set = parse(`address,note\n${LEGACY},=1\nnonsense\n${ETHEREUM}\n${LEGACY},\n`);
  const problems = [...seedProblems(set)];
  assert.deepEqual(
    problems.map(({ code, facts }) => [code, facts['line']]),
    [
      ['CLEW_ADDRESS_FORMAT', 3],
      ['CLEW_SEED_OTHER_CHAIN', 4],
      ['CLEW_SEED_DUPLICATE', 5],
      ['CLEW_SEED_FORMULA', 2],
    ],
  );
  for (const text of ['nonsense', ETHEREUM, LEGACY]) {
    assert.ok(!JSON.stringify(problems).includes(text));
  }
});

test('a seed on several lines counts once and keeps them all', () => {
  const set = parse(
    [
      'address,txid,site,note',
      `${SEGWIT},,,`,
      `${SEGWIT.toUpperCase()},,board 1,seen`,
      `,${TXID},,`,
      `${LEGACY},${TXID.toUpperCase()},,both`,
      `bitcoin:${SEGWIT},,board 2,`,
      `${LEGACY},${LEGACY},,`,
    ].join('\n'),
  );
  assert.deepEqual(
    set.seeds.map(({ address, txid, lines }) => [address ?? txid, lines]),
    [
      [SEGWIT, [2, 3, 6]],
      [TXID, [4, 5]],
      [LEGACY, [5, 7]],
    ],
  );
  assert.deepEqual(set.duplicates, [
    { line: 3, firstLine: 2 },
    { line: 5, firstLine: 4 },
    { line: 6, firstLine: 2 },
    { line: 7, firstLine: 5 },
    { line: 7, firstLine: 5 },
  ]);
  const [segwit] = set.seeds;
  assert.deepEqual([segwit!.site, segwit!.note], ['board 1', 'seen']);
  assert.deepEqual(
    segwit!.sightings.map(({ line, site }) => [line, site]),
    [
      [2, undefined],
      [3, 'board 1'],
      [6, 'board 2'],
    ],
  );
});

test('an output may have its number in a column of its own', () => {
  const set = parse(`txid,vout\n${TXID},0\n${TXID},\n${TXID},x\n${TXID}:0,7\n`);
  assert.deepEqual(
    set.seeds.map(({ kind, vout, lines }) => [kind, vout, lines]),
    [
      ['output', 0, [2, 5]],
      ['tx', undefined, [3]],
    ],
  );
  assert.deepEqual(
    set.rejected.map(({ line, code }) => [line, code]),
    [[4, 'CLEW_TXID_FORMAT']],
  );
});

test('links become digests, and no result or warning repeats them', () => {
  const links = ['http://Example.onion/x', 'shop.example', 'board/12', 'hxxps://evil[.]example'];
  const rows = links.map((link) => `${LEGACY},"${link}","see ${link}, often",${link},from ${link}`);
  const set = parse(['address,site,note,Url,source', ...rows].join('\n'));
  for (const [i, link] of links.entries()) {
    const sighting = set.seeds[0]!.sightings[i]!;
    assert.equal(sighting.site, digest(link.toLowerCase()));
    if (link === 'board/12') continue;
    assert.equal(sighting.note, `see ${digest(link.toLowerCase())}, often`);
    assert.equal(sighting.extra['Url'], digest(link.toLowerCase()));
  }
  assert.equal(set.seeds[0]!.sightings[1]!.source, 'from shop.example');
  const text = JSON.stringify({
    ...set,
    seeds: set.seeds.map((s) => ({ ...s, source: '', sightings: [] })),
  });
  for (const link of ['xample.onion', 'evil', 'http']) assert.ok(!text.includes(link), link);
  const warnings = set.warnings.filter(({ code }) => code === 'CLEW_SEED_LINK');
  assert.deepEqual(warnings[0]?.facts, { line: 2, column: 'site' });
  assert.deepEqual(set.seeds[0]!.site, digest(links[0]!.toLowerCase()));
});

test('formulas get an apostrophe in every column that is carried', () => {
  const cells = ['=1+1', '+1', '-1', '@sum', '"\t=x"', '"\rx"'];
  const set = parse(
    ['address,source,site,seen_at,note,a,=b', `${LEGACY},${cells.join(',')}`].join('\n'),
  );
  const { source, site, seenAt, note, extra } = set.seeds[0]!;
  assert.deepEqual(
    { source, site, seenAt, note, extra },
    {
      source: "'=1+1",
      site: "'+1",
      seenAt: "'-1",
      note: "'@sum",
      extra: { a: "'=x", "'=b": "'x" },
    },
  );
  assert.equal(set.warnings.length, 6);
  assert.ok(set.warnings.every(({ code }) => code === 'CLEW_SEED_FORMULA'));
  assert.deepEqual(set.columns.at(-1), "'=b");
});

test('more cells than the header names are carried under numbers', () => {
  const set = parse(`address\n${LEGACY},x,y\n`);
  assert.deepEqual(set.seeds[0]!.extra, { 'column 2': 'x', 'column 3': 'y' });
  const odd = parse(`address,__proto__\n${LEGACY},x\n`);
  assert.deepEqual(Object.entries(odd.seeds[0]!.extra), [['__proto__', 'x']]);
});

test('without a seed the reasons are counted', () => {
  const text = `address\n${ETHEREUM}\nx\ny\n${LEGACY.slice(0, -1)}b\n`;
  assert.throws(
    () => parse(text),
    (error) => {
      assert.ok(error instanceof ClewError);
      assert.equal(error.code, 'CLEW_SEEDS_EMPTY');
      assert.deepEqual(error.facts, {
        rejected: 3,
        otherChains: 1,
        CLEW_ADDRESS_FORMAT: 2,
        CLEW_ADDRESS_CHECKSUM: 1,
      });
      assert.equal((error.cause as SeedSet).rejected.length, 3);
      return true;
    },
  );
  assert.throws(() => parse('address\n'), { code: 'CLEW_SEEDS_EMPTY' });
  assert.throws(() => parse(''), { code: 'CLEW_SEEDS_HEADER' });
  assert.throws(() => parse(`${LEGACY}\n`), { code: 'CLEW_SEEDS_HEADER', facts: { line: 1 } });
  assert.throws(() => parse(`address\n"${LEGACY}\n`), { code: 'CLEW_SEEDS_FORMAT' });
  assert.throws(
    () => parseSeeds(new Uint8Array(0), main, { siteKey: new Uint8Array(8) }),
    RangeError,
  );
});

test('a million lines are the limit', () => {
  const blank = '\n'.repeat(999_998);
  assert.equal(parse(`address\n${blank}${LEGACY}`).seeds[0]!.lines[0], 1_000_000);
  assert.throws(() => parse(`address\n${blank}\n${LEGACY}`), {
    code: 'CLEW_SEEDS_TOO_LARGE',
    facts: { linesMax: 1_000_000 },
  });
});

test('warnings beyond a thousand are counted', () => {
  const lines = Array.from({ length: 1500 }, (_, i) => `${LEGACY},=${i}`);
  const set = parse(['address,note', ...lines].join('\n'));
  assert.equal(set.warnings.length, 1001);
  assert.deepEqual(set.warnings.at(-1)!.facts, { more: 500 });
  assert.equal(set.seeds[0]!.lines.length, 1500);
});

test('however a list is written, the same seeds come out', () => {
  for (let seed = 0; seed < 300; seed += 1) {
    const random = seededRandom(`seeds ${seed}`);
    const separator = random.pick([',', ';', '\t']);
    const lineEnd = random.pick(['\n', '\r\n', '\r']);
    const quote = (cell: string): string =>
      random.chance(0.5) || /["\r\n;,\t]/.test(cell) || /^ *"/.test(cell)
        ? `"${cell.replaceAll('"', '""')}"`
        : cell;
    const names = random.shuffle(['Address', 'note', 'site', 'Case']);
    const lines = [names.map(quote).join(separator)];
    const expected = new Map<string, number[]>();
    const known: string[] = [];
    let line = 2;
    for (let row = random.int(1, 30); row > 0; row -= 1) {
      if (random.chance(0.1)) {
        lines.push('');
        line += 1;
      }
      const address =
        known.length > 0 && random.chance(0.3) ? random.pick(known) : randomAddress(random);
      known.push(address);
      const isBech32 = address.startsWith('bc1');
      const written = isBech32 && random.chance(0.3) ? address.toUpperCase() : address;
      const note = random.pick([
        '',
        'plain',
        'a "b" c',
        'x,y;z',
        'tab\there',
        `two${lineEnd}lines`,
      ]);
      const cells: Record<string, string> = {
        Address: random.chance(0.2) ? ` ${written} ` : written,
        note,
        site: random.pick(['', 'S1', 'S2']),
        Case: random.pick(['', '7']),
      };
      lines.push(names.map((name) => quote(cells[name]!)).join(separator));
      expected.set(address, [...(expected.get(address) ?? []), line]);
      line += note.includes('two') ? 2 : 1;
    }
    const mark = random.chance(0.3) ? '\ufeff' : '';
    const set = parse(mark + lines.join(lineEnd) + random.pick(['', lineEnd]));
    const context = `seed seeds ${seed}`;
    assert.deepEqual(
      set.seeds.map(({ address, lines: at }) => [address, at]),
      [...expected],
      context,
    );
    assert.deepEqual(set.rejected, [], context);
  }
});

test('ten thousand lines take less than a second', (t) => {
  const bytes = sharedFile(t, 'labels/btc-addresses.txt');
  if (bytes === undefined) return;
  const addresses = bytes.toString().trim().split('\n');
  const rows = [...addresses, ...addresses].map((address, i) => `${address},case ${i},S-${i % 50}`);
  const text = ['address,note,site', ...rows].join('\n');
  const began = performance.now();
  const set = parse(text);
  const seconds = (performance.now() - began) / 1000;
  assert.equal(set.seeds.length, 5000);
  assert.equal(set.duplicates.length, 5000);
  assert.ok(seconds < 1, `${seconds} s`);
});
