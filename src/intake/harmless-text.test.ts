import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  excerpt,
  looksLikeFormula,
  looksLikeLink,
  replaceLinks,
  siteDigest,
  withoutInvisible,
} from './harmless-text.ts';

const key = new TextEncoder().encode('a key for tests, 32 bytes long..');
const digest = (link: string): string =>
  `site-${createHmac('sha256', key).update(link).digest('hex').slice(0, 16)}`;

const HIDDEN = 'abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx';

test('a digest depends on the link and the key, not on case or spaces around', () => {
  assert.equal(siteDigest('example.onion', key), digest('example.onion'));
  assert.equal(siteDigest(' Example.ONION ', key), digest('example.onion'));
  assert.notEqual(siteDigest('example.onion', key.toReversed()), digest('example.onion'));
});

const LINKS = [
  'http://example.onion/',
  'https://example.org/a?b=c#d',
  'hxxp://example[.]org/x',
  'ftp://10.0.0.1/x',
  'www.example.org',
  'example.org',
  'sub.example.co.uk:8080/path',
  'example[.]org',
  'example(dot)org',
  'EXAMPLE.ONION',
  HIDDEN,
  '10.1.2.3',
  'user@example.org',
  'bücher.example',
  'magnet:?xt=urn:btih:0',
];

for (const link of LINKS) {
  test(`"${link}" is a link, alone and in a sentence`, () => {
    assert.ok(looksLikeLink(link));
    assert.equal(replaceLinks(link, key), digest(link.toLowerCase()));
    const sentence = replaceLinks(`Seen (${link}), twice.`, key);
    assert.equal(sentence, `Seen (${digest(link.toLowerCase())}), twice.`);
  });
}

test('opaque ids, dates, amounts and ordinary words are no links', () => {
  for (const text of [
    'site 12',
    'S-0042',
    'v1.2',
    '3.50 EUR',
    '12.03.2024',
    'a.b',
    'one... two',
    '',
  ]) {
    assert.ok(!looksLikeLink(text), text);
    assert.equal(replaceLinks(text, key), text);
  }
  // A slash makes a site a link; in a note it is a word like any other.
  assert.ok(looksLikeLink('board/12'));
  assert.equal(replaceLinks('and/or 12/03/2024', key), 'and/or 12/03/2024');
});

test('a bare host stays in a source, a whole link does not', () => {
  const keep = 'example.org hash list';
  assert.equal(replaceLinks(keep, key, 'explicit'), keep);
  for (const link of ['http://example.org', 'example.org/page', 'example.onion', HIDDEN]) {
    assert.equal(replaceLinks(`from ${link}`, key, 'explicit'), `from ${digest(link)}`);
  }
});

test('what spreadsheets take for formulas is known', () => {
  for (const cell of [
    '=1',
    '+1',
    '-1',
    '@x',
    '\t1',
    '\r1',
    '\n1',
    ' =1',
    '\u200b=1',
    '＝1',
    '＋1',
  ]) {
    assert.ok(looksLikeFormula(cell), JSON.stringify(cell));
  }
  for (const cell of ['1', 'a=b', "'=1", '', 'x-y']) assert.ok(!looksLikeFormula(cell), cell);
});

test('characters that can not be seen or turn the writing are taken out', () => {
  assert.equal(
    withoutInvisible('a\u0000b\u200bc\u202ed\ufeffe\u2066f\u00adg\u001b[1m'),
    'abcdefg[1m',
  );
  assert.equal(withoutInvisible('tab\tline\r\nß 漢'), 'tab\tline\r\nß 漢');
});

test('an excerpt is one short line without links, formulas and secrets', () => {
  assert.equal(excerpt('a\n b\t c', key), 'a b c');
  assert.equal(excerpt('=x', key), "'=x");
  assert.equal(
    excerpt('see http://example.org now', key),
    `see ${digest('http://example.org')} now`,
  );
  const long = excerpt('é'.repeat(5000), key);
  assert.equal(long, `${'é'.repeat(100)}…`);
  // Published test vectors: a key in wallet import format, and the words of BIP 39's first vector.
  const secrets = [
    '5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ',
    'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about',
  ];
  for (const secret of secrets) assert.equal(excerpt(secret, key), '(a private key, not shown)');
});

test('no cell, however odd, takes more than linear time', () => {
  const pieces = [
    'a',
    'a.',
    'a-',
    'a@',
    '1.',
    'ab.cd',
    '[dot]',
    'a(dot)',
    '=',
    '\u200b ',
    'a/',
    'http:/',
    '.',
  ];
  for (const piece of pieces) {
    const text = piece.repeat(50_000);
    const began = performance.now();
    replaceLinks(text, key);
    replaceLinks(text, key, 'explicit');
    looksLikeFormula(text);
    excerpt(text, key);
    assert.ok(performance.now() - began < 2000, `${piece} repeated`);
  }
});
