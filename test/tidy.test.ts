/**
 * What a test says, nobody has to say in a review: gentle marks for the form of the code. Numbers in the
 * lists below only ever go down.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  importsOf,
  isTest,
  PROJECT,
  projectFiles,
  readProjectFile,
  withoutComments,
} from './support/source-files.ts';

/** The formatter sees to code; comments it leaves alone. */
const COMMENT_WIDTH_MAX = 130;
const FILE_LINES_MAX = 600;
/** Tests and their material are read case by case. */
const TEST_LINES_MAX = 800;
/** Some 70, with a little patience. */
const FUNCTION_LINES_MAX = 80;
const FILE_BYTES_MAX = 1_000_000;

/** Functions longer than the mark, with their lines: mostly one loop that must stay in one piece. */
const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  'src/ledger/batch-rows.ts createBatchRows': 85,
};

/** Programs: nothing imports them. */
const PROGRAMS = ['src/cli/main.ts'];

/** Files that only tests read, and why they are there all the same. */
const READ_BY_TESTS_ALONE: Readonly<Record<string, string>> = {
  'src/chain/transaction.ts': 'the object view, which the indexing path is held against',
  'src/attribution/mining-pool.ts': 'marks of pools, for naming who mined',
  'src/simulate/scenario-chain.ts': 'the chain of named scenarios for tests and documentation',
  'src/simulate/scenarios/': 'parts of the scenario chain',
};

interface BannedName {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Files that are the place for it. */
  readonly allowed?: RegExp;
}

const BANNED: readonly BannedName[] = [
  { pattern: /\bMath\.random\b/, instead: 'seededRandom, or node:crypto for secrets' },
  {
    pattern: /\bDate\.now\b|\bnew Date\(\)/,
    instead: 'src/clock.ts',
    allowed: /^src\/clock\.ts$/,
  },
  {
    pattern: /\bperformance\.now\b/,
    instead: 'a clock that is given',
    allowed: /^src\/(clock\.ts|pipeline\/|api\/|cli\/)/,
  },
  {
    pattern: /\bconsole\.(log|error|warn|info|debug)\b/,
    instead: 'the sinks of the command context',
    allowed: /^src\/(cli|api)\//,
  },
  {
    pattern: /\bprocess\.exit\(/,
    instead: 'an error that main turns into the exit code',
    allowed: /^src\/cli\/main\.ts$/,
  },
  { pattern: /\bas any\b|:\s*any\b|@ts-ignore|@ts-nocheck|@ts-expect-error/, instead: 'a type' },
  { pattern: /\bdebugger\b/, instead: 'nothing' },
  { pattern: /\beval\(|\bnew Function\(/, instead: 'plain code' },
  {
    pattern: /\.toLocale\w+\(|\bIntl\./,
    instead: 'a form that is the same on every machine',
  },
];

const SOURCES = projectFiles('src').filter((path) => path.endsWith('.ts'));
const CODE = [
  ...SOURCES,
  ...['test', 'bench', 'scripts'].flatMap((folder) => projectFiles(folder)),
].filter((path) => /\.(ts|mjs)$/.test(path));
const TEXTS = projectFiles().filter(
  (path) =>
    /\.(ts|mjs|md|json|ya?ml|sh|txt)$|^bin\/|^\.ci\//.test(path) && path !== 'package-lock.json',
);

/** Complaints of one file, for the file given or for a text in its place. */
function complaints(path: string, text: string): string[] {
  const found: string[] = [];
  const lines = text.split('\n');
  for (const [i, line] of lines.entries()) {
    const isComment = /^\s*(?:\*|\/\/|\/\*)/.test(line);
    const canBreak = /\S\s+\S{1,80}$/.test(line.replace(/^[\s*/]+/, '').trimEnd());
    if (isComment && canBreak && line.length > COMMENT_WIDTH_MAX) {
      found.push(`${path}:${i + 1} is ${line.length} wide`);
    }
  }
  const linesMax = isTest(path) ? TEST_LINES_MAX : FILE_LINES_MAX;
  if (lines.length > linesMax) found.push(`${path} has ${lines.length} lines: split it`);
  if (isTest(path) || !path.startsWith('src/')) return found;
  for (const [i, line] of withoutComments(text).split('\n').entries()) {
    for (const { pattern, instead, allowed } of BANNED) {
      if (pattern.test(line) && !allowed?.test(path)) {
        found.push(`${path}:~${i + 1} ${pattern.exec(line)![0]}: use ${instead}`);
      }
    }
  }
  return found;
}

test('lines, files and names', () => {
  assert.deepEqual(
    CODE.flatMap((path) => complaints(path, readProjectFile(path))),
    [],
  );
});

test('the marks notice a bad file', () => {
  const bad = [
    `// ${'a word '.repeat(20)}`,
    'const b = Math.random();',
    'const c = Date.now(); // fine in a comment: Math.random',
    'console.log(b as any);',
    ...Array.from({ length: 600 }, () => ''),
  ].join('\n');
  const found = complaints('src/chain/bad.ts', bad);
  assert.equal(found.length, 6);
  assert.match(found[0]!, /bad\.ts:1 is \d+ wide/);
  assert.match(found[1]!, /has 604 lines: split it/);
  assert.match(found[2]!, /Math\.random: use seededRandom/);
  assert.match(found[3]!, /Date\.now: use src\/clock\.ts/);
});

/** Functions and methods as the formatter lays them out: from their head to a brace at the same depth. */
function longFunctions(path: string): [string, number][] {
  const found: [string, number][] = [];
  const lines = readProjectFile(path).split('\n');
  const head =
    /^(\s*)(?:export )?(?:async )?(?:function\*? (\w+)|(?:static |async |get |set |\*)*(#?\w+)\(.*\{$)/;
  for (const [i, line] of lines.entries()) {
    const match = head.exec(line);
    if (
      match === null ||
      line.endsWith('}') ||
      /^\s*(if|for|while|switch|catch|return|else)\b/.test(line)
    )
      continue;
    const end = lines.findIndex((other, j) => j > i && other.startsWith(`${match[1]}}`));
    // A call with an object ends in `})`, a function in its brace alone.
    if (!/^\s*\},?$/.test(lines[end] ?? '')) continue;
    const length = end - i + 1;
    if (end > i && length > FUNCTION_LINES_MAX)
      found.push([`${path} ${match[2] ?? match[3]}`, length]);
  }
  return found;
}

test('functions fit on a page; longer ones are known and do not grow', () => {
  const grown = SOURCES.filter((path) => !isTest(path))
    .flatMap(longFunctions)
    .filter(([name, length]) => length > (LONG_FUNCTIONS[name] ?? FUNCTION_LINES_MAX));
  assert.deepEqual(grown, []);
});

test('no test is left out by an only, a skip without a reason, or a note to self', () => {
  const wrong: string[] = [];
  for (const path of CODE) {
    if (path === 'test/tidy.test.ts') continue;
    const code = withoutComments(readProjectFile(path));
    if (/\b(?:test|it|describe)\.only\(|\bonly: true/.test(code)) wrong.push(`${path}: only`);
    if (/\.skip\(\)|\bskip: true/.test(code)) wrong.push(`${path}: skip without a reason`);
    if (/\b(?:TODO|FIXME|XXX)\b/.test(readProjectFile(path))) wrong.push(`${path}: a note to self`);
  }
  assert.deepEqual(wrong, []);
});

test('nothing names a machine of ours, or carries a secret', () => {
  // Written in pieces, so that this file does not find itself.
  const patterns = [
    new RegExp(`(?<![\\w.])/${'work'}/`),
    new RegExp(`/${'root'}/`),
    new RegExp(`\\b${'farm'}-${'bench'}\\b`, 'i'),
    new RegExp(`\\.${'library'}/`),
    new RegExp(`BEGIN [A-Z ]*${'PRIVATE'} KEY`),
  ];
  const wrong: string[] = [];
  for (const path of TEXTS) {
    for (const [i, line] of readProjectFile(path).split('\n').entries()) {
      for (const pattern of patterns)
        if (pattern.test(line)) wrong.push(`${path}:${i + 1} ${pattern}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no large or binary file slips in', () => {
  const wrong: string[] = [];
  for (const path of projectFiles()) {
    const { size } = statSync(join(PROJECT, path));
    if (size > FILE_BYTES_MAX) wrong.push(`${path}: ${size} bytes`);
    if (/\.(dat|sqlite|zip|tar|tgz|exe|node|so|dylib|pdf|png|jpe?g|webp)$/.test(path)) {
      if (!path.startsWith('docs/')) wrong.push(`${path}: a binary file outside docs`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('files bear plain names', () => {
  const plain =
    /^src\/(?:[a-z0-9-]+\/)*[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:hot|oracle|fuzz|bench|contract|test))*\.ts$/;
  const wrong = SOURCES.filter((path) => !plain.test(path));
  assert.deepEqual(wrong, []);
  const catchAll = SOURCES.filter((path) =>
    /\/(?:utils?|helpers?|common|misc|index)\.ts$/.test(path),
  );
  assert.deepEqual(catchAll, []);
});

test('every file of the program is used by it', () => {
  const reached = new Set<string>();
  const open = [...PROGRAMS, ...projectFiles('bench'), ...projectFiles('scripts')].filter((path) =>
    path.endsWith('.ts'),
  );
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { target } of importsOf(path)) if (target !== undefined) open.push(target);
  }
  const unused = SOURCES.filter(
    (path) =>
      !isTest(path) &&
      !reached.has(path) &&
      !Object.keys(READ_BY_TESTS_ALONE).some((known) => path.startsWith(known)),
  );
  assert.deepEqual(unused, []);
});
