import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { sharedFile, sharedPath } from '../../test/support/shared-data.ts';
import { type SeededRandom, seededRandom } from '../bytes/seeded-random.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import { readFlatYaml } from './flat-yaml.hot.ts';
import { readGeneralYaml } from './general-yaml.ts';
import { NESTED } from './raw-pack.ts';
import { readRawPack } from './read-raw-pack.ts';

const code = (expected: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof ClewError, String(error));
  assert.equal(error.code, expected, error.message);
  return true;
};

const PACKS = 'attribution/tagpacks/packs';

/** All of a small pack; of a large one the header and three stretches, since `yaml` is slow. */
function sample(text: string): string {
  if (text.length < 150_000) return text;
  const tagsAt = text.indexOf('\ntags:\n') + '\ntags:\n'.length;
  const stretch = (share: number): string => {
    const from = text.indexOf('\n- ', tagsAt + Math.floor(share * (text.length - tagsAt))) + 1;
    const to = text.indexOf('\n- ', Math.min(from + 15_000, text.length - 500));
    return text.slice(from, to + 1);
  };
  return text.slice(0, tagsAt) + stretch(0) + stretch(0.5) + stretch(0.9);
}

test('both readers agree on every real pack, and the fast one reads nearly all', (t) => {
  const folder = sharedPath(t, PACKS);
  if (folder === undefined) return;
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.yaml(\.gz)?$/.test(name))
    .sort();
  assert.equal(names.length, 84);
  const slow: string[] = [];
  for (const name of names) {
    const text = sample(sharedFile(t, `${PACKS}/${name}`)!.toString('utf8'));
    const flat = readFlatYaml(text);
    const general = readGeneralYaml(text, name);
    if (flat === undefined) slow.push(name);
    else assert.deepEqual(flat, general, name);
  }
  assert.deepEqual(slow, [
    'defi-protocols-csh.yaml',
    'etherscan-wordcloud-exchange.yaml',
    'usdt_blacklist.yaml',
  ]);
});

/** Texts that are easily read in two ways. */
const SCALARS = [
  '1BoatSLRHtKNngkdXEeobR76b53LETtpyT',
  '0x5acc84a3e955Bdd76467d3348077d003f00fFB97',
  'two words',
  'https://example.org/a#b?c=d:e',
  "'quoted: it''s'",
  "''",
  '"double # not a comment"',
  '""',
  'true',
  'null',
  '~',
  '1e5',
  '007',
  '2022-11-16',
  '-5',
  '- 5',
  ':x',
  '?x',
  'a:b',
  'a: b',
  'a:',
  'a #comment',
  'a#b',
  '#comment',
  '[a, b]',
  '{a: b}',
  'a, b]',
  '*alias',
  '&anchor x',
  '!!int 5',
  '|',
  '>-',
  '@at',
  '%percent',
  '`tick',
  "'open",
  '"esc\\"aped"',
  "'a' b",
  'ends with space  ',
  'nbsp\u00a0',
  'Ünïcödé 日本',
  '---',
  '...',
  '<<',
];

function randomPack(random: SeededRandom): string {
  const names = ['title', 'label', 'source', 'currency', 'actor', 'lastmod', 'category'];
  const lines: string[] = random.chance(0.1) ? ['---'] : [];
  const scalar = () =>
    random.chance(0.7) ? random.pick(SCALARS.slice(0, 16)) : random.pick(SCALARS);
  const field = (name: string) => `${name}:${' '.repeat(random.int(1, 2))}${scalar()}`;
  const someNames = () => random.shuffle(names).slice(0, random.int(0, 3));
  const noise = () => {
    if (random.chance(0.05))
      lines.push(random.pick(['', '# comment', '   ', '  # deep', '---', '...']));
  };
  for (const name of someNames()) {
    lines.push(field(name));
    noise();
  }
  lines.push(
    random.chance(0.95) ? 'tags:' : random.pick(['tags: ', 'tags: []', 'tag:', 'tags: x']),
  );
  const indent = ' '.repeat(random.pick([0, 0, 2, 4]));
  for (let tag = random.int(0, 4); tag > 0; tag -= 1) {
    lines.push(`${indent}- ${field('address')}`);
    noise();
    for (const name of someNames()) {
      const extra = random.chance(0.03) ? ' ' : '';
      lines.push(`${indent}  ${extra}${field(name)}`);
      noise();
    }
  }
  let text = `${lines.join('\n')}${random.pick(['\n', '', '\n\n'])}`;
  for (let edits = random.int(0, 2); edits > 0; edits -= 1) {
    const at = random.int(0, text.length);
    const inserted = random.pick([...' :#\'"-[]{}\n\\&*!|>%@,?~\t\ra']);
    text = text.slice(0, at) + inserted + text.slice(at + random.int(0, 1));
  }
  return text;
}

test('what the fast reader accepts, the yaml package reads the same', () => {
  let accepted = 0;
  for (let round = 0; round < 40_000; round += 1) {
    const random = seededRandom(`flat-yaml/${round}`);
    const text = randomPack(random);
    const flat = readFlatYaml(text);
    if (flat === undefined) continue;
    accepted += 1;
    const replay = `seed ${random.seed}: ${JSON.stringify(text)}`;
    let general: unknown;
    try {
      general = readGeneralYaml(text, 'random');
    } catch (error) {
      assert.fail(`${replay}\n${error}`);
    }
    assert.deepEqual(flat, general, replay);
  }
  assert.ok(accepted > 2_000, `only ${accepted} accepted`);
});

test('scalars stay as they are written, lines are counted from 1', () => {
  const pack = readRawPack(
    '\ufefftitle: A\ntags:\n- address: 0x1F\n  label: null\n\n- {address: 1e5, concepts: [a, "b"]}\n',
    'x.yaml',
  );
  assert.deepEqual([...pack.header], [['title', 'A']]);
  assert.deepEqual(
    pack.tags.map(({ line, fields }) => [line, ...fields]),
    [
      [3, ['address', '0x1F'], ['label', 'null']],
      [6, ['address', '1e5'], ['concepts', ['a', 'b']]],
    ],
  );
});

test('a scalar may be used again by an alias, a nested value is marked', () => {
  const pack = readRawPack(
    '%YAML 1.1\n---\ntitle: &t yes\ncreator: *t\ntags:\n- address: x\n  label: {a: b}\n',
    'x.yaml',
  );
  assert.deepEqual(
    [...pack.header],
    [
      ['title', 'yes'],
      ['creator', 'yes'],
    ],
  );
  assert.equal(pack.tags[0]!.fields.get('label'), NESTED);
});

test('broken YAML names line and column', () => {
  const broken = 'title: x\ntags:\n- address: "open\n';
  assert.throws(
    () => readRawPack(broken, 'x.yaml'),
    (error: unknown) => {
      assert.ok(error instanceof ClewError);
      assert.equal(error.code, 'CLEW_TAGS_YAML');
      assert.equal(error.facts['file'], 'x.yaml');
      assert.equal(typeof error.facts['line'], 'number');
      return true;
    },
  );
  for (const text of [
    'title: x\ntitle: y\ntags: []\n',
    'title: x\ntags:\n- address: a\n  address: b\n',
    'title: x\n---\ntags: []\n',
    'title: !!binary x\ntags: []\n',
    'title: *none\ntags: []\n',
  ]) {
    assert.throws(() => readRawPack(text, 'x.yaml'), code('CLEW_TAGS_YAML'), text);
  }
});

test('YAML that is no TagPack is refused as such', () => {
  for (const text of ['', 'just text', '- a\n- b\n', 'title: x\n', 'tags: x\n', 'tags:\n- x\n']) {
    assert.throws(() => readRawPack(text, 'x.yaml'), code('CLEW_TAGS_FORMAT'), text);
  }
});

test('bombs are refused before they go off', () => {
  const laughs = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let i = 1; i < 10; i += 1) {
    laughs.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]`);
  }
  const bombs = {
    laughs: `${laughs.join('\n')}\ntags: *a9\n`,
    flow: `title: ${'['.repeat(100_000)}`,
    flowMaps: `title: ${'{a: '.repeat(100_000)}`,
    dashes: `title:\n${'- '.repeat(100_000)}x`,
    questions: `${'? '.repeat(100_000)}x`,
    indents: Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    aliases: `title: &a x\ntags: [${'*a, '.repeat(5_000)}]`,
    size: `title: "\\x41"\ntags:\n${'- {address: x}\n'.repeat(300_000)}`,
  };
  for (const [name, text] of Object.entries(bombs)) {
    const before = process.memoryUsage().heapUsed;
    const startedAt = performance.now();
    assert.throws(() => readRawPack(text, name), code('CLEW_TAGS_BOMB'), name);
    assert.ok(performance.now() - startedAt < 2_000, `${name} took long`);
    assert.ok(process.memoryUsage().heapUsed - before < 200e6, `${name} took much memory`);
  }
});

test('what only looks like a bomb is read', () => {
  const brackets = `title: x\ntags:\n${'- address: \'a [ b\'\n  label: "\\x5b [["\n'.repeat(50)}`;
  assert.equal(readRawPack(brackets, 'x').tags.length, 50);
  const folded = `title: x\ncreator: >\n${' '.repeat(40)}deep\n\ntags:\n- address: a\n`;
  assert.equal(readRawPack(folded, 'x').tags.length, 1);
});
