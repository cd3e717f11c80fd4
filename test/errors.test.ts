/** The error catalogue, its page, and the code that uses it: each is compared with the others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cell, readErrorRows } from '../scripts/surface.ts';
import { ERRORS } from '../src/errors.ts';
import { EXIT } from '../src/exit-codes.ts';
import { isTest, projectFiles, readProjectFile } from './support/source-files.ts';

/** Codes of things that are decided but come with a later part; each says with which. */
const RESERVED: Readonly<Record<string, string>> = {
  CLEW_BLOCK_NOT_FOUND: 'looking up a block by height or hash',
};

/** Not errors: environment variables, and names made up by tests. */
const OTHER_NAMES = new Set([
  'CLEW_BTCD',
  'CLEW_CLICKHOUSE',
  'CLEW_DEBUG',
  'CLEW_LEDGER_PASSWORD',
  'CLEW_REMOTE_TIMEOUT',
  'CLEW_RPC_PASSWORD',
  'CLEW_SHARED',
  'CLEW_TEST_SEED',
]);
const isBenchSetting = (name: string): boolean => name.startsWith('CLEW_BENCH_');

const CATALOGUE_FILES = new Set(['src/errors.ts', 'src/remote-errors.ts']);
const CATALOGUE = Object.entries(ERRORS);

function codesIn(paths: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const path of paths) {
    for (const [code] of readProjectFile(path).matchAll(/\bCLEW(?:_[A-Z0-9]+)+\b/g))
      found.add(code);
  }
  return found;
}

const SOURCES = projectFiles('src').filter((path) => path.endsWith('.ts'));

test('docs/errors.md lists the catalogue, row for row', () => {
  const rows = readErrorRows(readProjectFile('docs/errors.md'));
  const written = Object.fromEntries([...rows].map(([code, cells]) => [code, cells.slice(0, 3)]));
  const expected = Object.fromEntries(
    CATALOGUE.map(([code, { exit, http, hint }]) => [code, [`${exit}`, `${http}`, cell(hint)]]),
  );
  assert.deepEqual(written, expected, 'run: node_modules/.bin/node scripts/surface.ts');
  for (const [code, cells] of rows) {
    assert.ok(cells[3]!.length > 10, `${code}: docs/errors.md does not say when it happens`);
  }
});

test('every code is used by the program, or reserved with a reason', () => {
  const used = codesIn(SOURCES.filter((path) => !isTest(path) && !CATALOGUE_FILES.has(path)));
  const idle = CATALOGUE.map(([code]) => code).filter(
    (code) => !used.has(code) && !(code in RESERVED),
  );
  assert.deepEqual(idle, []);
  const nowUsed = Object.keys(RESERVED).filter((code) => used.has(code));
  assert.deepEqual(nowUsed, [], 'no longer only reserved');
});

test('every code that is spoken of exists', () => {
  const docs = projectFiles('docs').filter((path) => path.endsWith('.md'));
  const spoken = codesIn([...SOURCES, ...docs]);
  const isOther = (name: string): boolean => OTHER_NAMES.has(name) || isBenchSetting(name);
  const unknown = [...spoken].filter((code) => !(code in ERRORS) && !isOther(code));
  assert.deepEqual(unknown, []);
});

test('exit codes, statuses and hints are usable', () => {
  const exits = new Set<number>(Object.values(EXIT));
  for (const [code, { exit, http, hint }] of CATALOGUE) {
    assert.ok(exits.has(exit), `${code}: exit ${exit}`);
    assert.ok(http === 200 || (http >= 400 && http < 600), `${code}: HTTP ${http}`);
    // Something that is only worth a remark ends neither way.
    assert.equal(exit === EXIT.ok, http === 200, code);
    assert.match(hint, /^[A-Z].{15,}[.`]$|^[a-z].{15,}\.$/, `${code}: the hint is not a sentence`);
  }
});
