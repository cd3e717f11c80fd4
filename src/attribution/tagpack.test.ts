import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  madeUpAddress,
  madeUpLegacyAddress,
  madeUpTxid,
} from '../../test/support/made-up-address.ts';
import { canonicalAddress } from '../chain/address.ts';
import { getNetwork } from '../chain/network.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import type { Scope } from './subject.ts';
import { parseTagPack } from './tagpack.ts';

const A = madeUpAddress('a');
const B = madeUpAddress('b');

const HEADER = `title: Made-up pack
creator: A test
label: Example Exchange
source: https://example.org/
currency: BTC
confidence: service_data
category: exchange
`;

function parse(tags: string, header = HEADER, scope: Scope = 'real') {
  return parseTagPack(`${header}tags:\n${tags}`, 'pack.yaml', scope);
}

const code = (expected: ErrorCode, message?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ClewError, String(error));
  assert.equal(error.code, expected, error.message);
  if (message !== undefined) assert.match(error.message, message);
  return true;
};

test('tags inherit from the header and may say otherwise', () => {
  const { statements, counts, title, creator } = parse(`- address: ${A}
- address: ${B}
  label: Somebody
  category: gambling
  abuse: scam
  actor: somebody
  confidence: web_crawl
  lastmod: 2022-1-3 10:00:00
  is_cluster_definer: true
  tag_type: actor
  context: '{"a": 1}'
- tx_hash: ${madeUpTxid('t').toUpperCase()}
`);
  assert.deepEqual([title, creator], ['Made-up pack', 'A test']);
  assert.equal(counts.active, 3);
  const [first, second] = statements;
  assert.deepEqual(first!.statement, {
    label: 'Example Exchange',
    source: 'https://example.org/',
    confidence: 'service_data',
    category: 'exchange',
    concepts: ['exchange'],
    clusterDefiner: false,
    status: 'active',
  });
  assert.deepEqual(first!.subjects, [
    { network: 'main', saidAbout: 'address', text: A },
    { network: 'main', saidAbout: 'transaction', text: madeUpTxid('t') },
  ]);
  assert.deepEqual(second!.statement, {
    label: 'Somebody',
    source: 'https://example.org/',
    confidence: 'web_crawl',
    category: 'gambling',
    abuse: 'scam',
    concepts: ['gambling', 'scam'],
    actor: 'somebody',
    lastmodDay: '2022-01-03',
    clusterDefiner: true,
    tagType: 'actor',
    context: '{"a": 1}',
    status: 'active',
  });
});

test('one wrong tag is left out with its code and place, the others stay', () => {
  const wrong: [code: ErrorCode, tag: string, reason: RegExp][] = [
    ['CLEW_TAG_CATEGORY', `address: ${A}, category: tumbler`, /category names "tumbler"/],
    ['CLEW_TAG_CATEGORY', `address: ${A}, abuse: "a b"`, /abuse names a text of 3 characters/],
    ['CLEW_TAG_CATEGORY', `address: ${A}, concepts: [exchange, nope]`, /"nope"/],
    ['CLEW_TAG_CONFIDENCE', `address: ${A}, confidence: certain`, /"certain"/],
    ['CLEW_TAG_CONFIDENCE', `address: ${A}, confidence: 100`, /"100"/],
    ['CLEW_TAG_FIELD', `address: ${A}, colour: red`, /"colour" is no field/],
    ['CLEW_TAG_FIELD', `address: ${A}, __proto__: red`, /"__proto__" is no field/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: ""`, /label is empty/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: null`, /label is empty/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: [a]`, /label is not a text/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: {a: b}`, /label is neither/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: "a\\e[2Jb"`, /label has control/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: "a\\u202eb"`, /label has control/],
    ['CLEW_TAG_FIELD', `address: ${A}, label: ${'x'.repeat(501)}`, /more than 500/],
    ['CLEW_TAG_FIELD', `address: ${A}, tag_type: guess`, /tag_type is "guess"/],
    ['CLEW_TAG_FIELD', `address: ${A}, concepts: exchange`, /concepts is not a list/],
    ['CLEW_TAG_FIELD', `address: ${A}, lastmod: 2022-02-30`, /lastmod is no date/],
    ['CLEW_TAG_FIELD', `address: ${A}, is_cluster_definer: maybe`, /neither true nor false/],
    ['CLEW_TAG_FIELD', `address: ${A}, currency: "B\\nTC"`, /no name of a chain/],
    ['CLEW_TAG_FIELD', `address: ${A}, tx_hash: ${madeUpTxid('t')}`, /one of address and/],
    ['CLEW_TAG_FIELD', 'label: x', /one of address and/],
    ['CLEW_TXID_FORMAT', `tx_hash: ${madeUpTxid('t').slice(1)}`, /64 hex digits/],
    [
      'CLEW_ADDRESS_CHECKSUM',
      `address: ${A.slice(0, -1)}${A.endsWith('q') ? 'p' : 'q'}`,
      /checksum/,
    ],
    ['CLEW_ADDRESS_FORMAT', 'address: nobody', /form/],
    ['CLEW_ADDRESS_NETWORK', `address: ${madeUpAddress('a', 'testnet3')}`, /another chain/],
    ['CLEW_ADDRESS_NETWORK', `address: ${A}, currency: LTC`, /another chain/],
  ];
  const tags = wrong.map(([, tag]) => `- {${tag}}\n`).join('');
  const { counts, problems, rejects } = parse(`${tags}- {address: ${B}}\n`);
  assert.equal(counts.read, wrong.length + 1);
  assert.equal(counts.active, 1);
  assert.equal(counts.rejected, wrong.length);
  assert.equal(problems.length, wrong.length);
  wrong.forEach(([expected, tag, reason], at) => {
    const problem = problems[at]!;
    assert.equal(problem.code, expected, tag);
    assert.match(problem.message, reason);
    // The header has seven lines, then comes `tags:`.
    assert.deepEqual(problem.facts, { file: 'pack.yaml', tag: at + 1, line: at + 9 });
  });
  assert.equal(
    rejects.reduce((sum, reject) => sum + reject.count, 0),
    wrong.length,
  );
});

test('a missing label, source or currency leaves out the tag', () => {
  for (const field of ['label', 'source', 'currency']) {
    const header = HEADER.replace(new RegExp(`^${field}: .*\n`, 'm'), '');
    const { counts, problems } = parse(`- address: ${A}\n`, header);
    assert.equal(counts.rejected, 1);
    assert.equal(problems[0]!.code, 'CLEW_TAG_FIELD');
    assert.match(problems[0]!.message, new RegExp(`the ${field} is missing`));
  }
});

test('a missing confidence is the lowest one, and said so', () => {
  const { statements, problems, counts } = parse(
    `- address: ${A}\n- address: ${B}\n`,
    HEADER.replace(/^confidence: .*\n/m, ''),
  );
  assert.equal(counts.active, 2);
  assert.equal(statements[0]!.statement.confidence, 'unknown');
  assert.deepEqual(
    problems.map((problem) => problem.code),
    ['CLEW_TAG_CONFIDENCE'],
  );
});

test('a wrong header leaves out the file', () => {
  const tags = `tags:\n- address: ${A}\n`;
  for (const [text, message] of [
    [`creator: x\n${tags}`, /has no title/],
    [`title: x\n${tags}`, /has no creator/],
    [`title: x\ncreator: y\ncolour: red\n${tags}`, /"colour"/],
    [`title: x\ncreator: y\naddress: ${A}\n${tags}`, /"address"/],
    [`title: {a: b}\ncreator: y\n${tags}`, /under title/],
    [`title: "a\\u0007"\ncreator: y\n${tags}`, /control characters/],
  ] as const) {
    assert.throws(
      () => parseTagPack(text, 'x.yaml', 'real'),
      code('CLEW_TAG_FIELD', message),
      text,
    );
  }
});

test('a tag stays on its network', () => {
  const old = madeUpLegacyAddress('a');
  const litecoin = madeUpAddress('a', 'litecoin');
  const { statements, counts, otherChains } = parse(`- {address: ${A.toUpperCase()}}
- {address: ${litecoin}, currency: LTC}
- {address: ${old}, currency: XBT}
- {address: ${old}, currency: BCH}
- {address: ${old}, currency: BSV}
- {address: anything, currency: L-BTC}
- {address: ${old}, currency: USDT, network: BTC}
- {address: "0x0", currency: BTC, network: ETH}
`);
  assert.equal(counts.active, 5 - 1);
  assert.equal(counts.duplicate, 1);
  assert.deepEqual(
    statements.flatMap(({ subjects }) => subjects.map(({ network, text }) => [network, text])),
    [
      ['main', A],
      ['litecoin', litecoin],
      ['main', old],
      // The same string, and another network: written as that network writes it.
      ['bitcoincash', canonicalAddress(old, getNetwork('bitcoincash'))],
    ],
  );
  assert.deepEqual(Object.fromEntries(otherChains), { BSV: 1, 'L-BTC': 1, ETH: 1 });
});

test('for a test network, validity decides where a BTC address belongs', () => {
  const tags = `- {address: ${A}}
- {address: ${madeUpAddress('a', 'regtest')}}
- {address: ${madeUpLegacyAddress('a', 'regtest')}}
- {address: ${madeUpAddress('a', 'testnet3')}}
- {address: ${madeUpAddress('a', 'litecoin')}, currency: LTC}
- {tx_hash: ${madeUpTxid('t')}}
`;
  const regtest = parse(tags, HEADER, 'regtest');
  assert.deepEqual(
    regtest.statements.flatMap(({ subjects }) => subjects),
    [
      { network: 'regtest', saidAbout: 'address', text: madeUpAddress('a', 'regtest') },
      { network: 'regtest', saidAbout: 'address', text: madeUpLegacyAddress('a', 'regtest') },
      { network: 'regtest', saidAbout: 'transaction', text: madeUpTxid('t') },
    ],
  );
  assert.deepEqual(Object.fromEntries(regtest.otherChains), { main: 1, litecoin: 1 });
  assert.deepEqual(
    regtest.problems.map(({ code, facts }) => [code, facts['tag']]),
    [['CLEW_ADDRESS_NETWORK', 4]],
  );
  const real = parse(tags);
  assert.deepEqual(
    real.problems.map(({ facts }) => facts['tag']),
    [2, 3, 4],
  );
});

test('the category comes from the concepts when the older fields are missing', () => {
  const header = HEADER.replace(/^category: .*\n/m, '');
  const kinds = (tag: string) => {
    const { category, abuse, concepts } = parse(`- {address: ${A}${tag}}\n`, header).statements[0]!
      .statement;
    return [category, abuse, concepts];
  };
  assert.deepEqual(kinds(''), ['unknown', undefined, []]);
  assert.deepEqual(kinds(', concepts: [deposit_wallet, exchange]'), [
    'exchange',
    undefined,
    ['deposit_wallet', 'exchange'],
  ]);
  assert.deepEqual(kinds(', abuse: ransomware'), ['ransomware', 'ransomware', ['ransomware']]);
  assert.deepEqual(kinds(', concepts: [scam, hot_wallet]'), [
    'hot_wallet',
    'scam',
    ['scam', 'hot_wallet'],
  ]);
});

test('an imported claim of child exploitation stays pending, wherever it stands', () => {
  for (const claim of [
    'category: child_sexual_abuse',
    'abuse: child_sexual_abuse',
    'concepts: [shop, child_sexual_exploitation]',
  ]) {
    const { counts, statements } = parse(`- {address: ${A}, ${claim}}\n- {address: ${B}}\n`);
    assert.deepEqual([counts.pending, counts.active], [1, 1], claim);
    assert.equal(statements[0]!.statement.status, 'pending');
  }
});

test('a pack that would fill the disk is refused', () => {
  const context = 'x'.repeat(9_900);
  const tags = Array.from({ length: 15_000 }, (_, n) => `- address: ${A}\n  label: n${n}\n`);
  assert.throws(
    () => parse(tags.join(''), `${HEADER}context: ${context}\n`),
    code('CLEW_TAGS_BOMB'),
  );
});
