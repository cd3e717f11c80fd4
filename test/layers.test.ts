/**
 * The layers of the code, checked against the imports and against the table in ARCHITECTURE.md.
 *
 * Folders are layers; one imports only from those in its row. The base is importable by all.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  importsOf,
  isTest,
  PROJECT,
  projectFiles,
  readProjectFile,
} from './support/source-files.ts';

/** Folder or base: what it may import. ARCHITECTURE.md prints the same rows. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  base: ['base'],
  chain: ['base'],
  net: ['base'],
  source: ['base', 'chain', 'net'],
  ledger: ['base', 'chain', 'net'],
  store: ['base'],
  intake: ['base', 'chain', 'store'],
  simulate: ['base', 'chain'],
  cluster: ['base', 'chain', 'ledger'],
  attribution: ['base', 'chain', 'ledger', 'store', 'cluster'],
  trace: ['base', 'ledger', 'cluster', 'attribution'],
  report: ['base', 'chain', 'ledger', 'cluster', 'attribution', 'trace', 'intake'],
  pipeline: [
    'base',
    'chain',
    'net',
    'source',
    'ledger',
    'store',
    'intake',
    'cluster',
    'attribution',
    'trace',
    'report',
  ],
  api: [
    'base',
    'chain',
    'net',
    'source',
    'ledger',
    'store',
    'intake',
    'cluster',
    'attribution',
    'trace',
    'report',
    'pipeline',
  ],
  cli: [
    'base',
    'chain',
    'net',
    'source',
    'ledger',
    'store',
    'intake',
    'simulate',
    'cluster',
    'attribution',
    'trace',
    'report',
    'pipeline',
    'api',
  ],
};

/** The base: two folders, and the files that lie directly in `src`. */
const BASE_FOLDERS = new Set(['bytes', 'units']);
/** These only compute; what they need is given to them. */
const PURE = new Set(['base', 'chain', 'cluster', 'attribution', 'trace', 'report', 'intake']);
/** Says of itself that it is the one file of its layer that keeps something on the disk. */
const IO_FILES = new Set(['src/cluster/run-store.ts']);
const IO_MODULES =
  /^node:(fs|net|http|https|http2|dgram|dns|tls|child_process|cluster|worker_threads|sqlite|readline)(\/|$)/;
const IO_PACKAGES = new Set(['chdb', '@clickhouse/client', 'kysely']);

const SOURCES = projectFiles('src').filter((path) => path.endsWith('.ts'));

function layerOf(path: string): string {
  const parts = path.split('/');
  if (parts.length === 2 || BASE_FOLDERS.has(parts[1]!)) return 'base';
  return parts[1]!;
}

test('every folder is a layer', () => {
  const found = new Set(SOURCES.map(layerOf));
  for (const layer of found) assert.ok(layer in LAYERS, `src/${layer} is not in the table`);
});

test('a layer imports only what its row allows', () => {
  const wrong: string[] = [];
  for (const path of SOURCES) {
    const layer = layerOf(path);
    for (const { target } of importsOf(path)) {
      if (target === undefined) continue;
      if (!target.startsWith('src/')) {
        // Tests may use the helpers in test/ and version.ts reads nothing; the program uses src alone.
        if (!isTest(path)) wrong.push(`${path} imports ${target}, outside src`);
        continue;
      }
      const other = layerOf(target);
      // The simulated economy and the scenario chain are everybody's test material.
      if (isTest(path) && other === 'simulate') continue;
      if (other !== layer && !LAYERS[layer]!.includes(other))
        wrong.push(`${path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('imports name files that exist', () => {
  const wrong: string[] = [];
  for (const path of SOURCES) {
    for (const { target } of importsOf(path)) {
      if (target !== undefined && !existsSync(join(PROJECT, target)))
        wrong.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('layers that only compute touch neither files nor the network', () => {
  const wrong: string[] = [];
  for (const path of SOURCES) {
    if (isTest(path) || IO_FILES.has(path) || !PURE.has(layerOf(path))) continue;
    for (const { specifier, typeOnly } of importsOf(path)) {
      if (typeOnly) continue;
      if (IO_MODULES.test(specifier) || IO_PACKAGES.has(specifier)) {
        wrong.push(`${path} imports ${specifier}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('the clock is read by the outer layers alone', () => {
  const inner = new Set(['chain', 'cluster', 'trace', 'report', 'simulate']);
  const wrong = SOURCES.filter(
    (path) =>
      !isTest(path) &&
      inner.has(layerOf(path)) &&
      importsOf(path).some(({ target, typeOnly }) => target === 'src/clock.ts' && !typeOnly),
  );
  assert.deepEqual(wrong, []);
});

test('packages are imported under the names in package.json, test packages only by tests', () => {
  const manifest = JSON.parse(readProjectFile('package.json'));
  const runtime = Object.keys(manifest.dependencies);
  const forTests = [...runtime, ...Object.keys(manifest.devDependencies)];
  const wrong: string[] = [];
  for (const path of SOURCES) {
    for (const { specifier, target, typeOnly } of importsOf(path)) {
      if (target !== undefined || specifier.startsWith('node:')) continue;
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      const allowed = isTest(path) || typeOnly ? forTests : runtime;
      if (!allowed.includes(name)) wrong.push(`${path} imports ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('no file needs itself: no circles of imports at run time', () => {
  const graph = new Map<string, string[]>();
  for (const path of SOURCES) {
    const targets = importsOf(path)
      .filter(({ target, typeOnly, isDynamic }) => target !== undefined && !typeOnly && !isDynamic)
      .map(({ target }) => target!);
    graph.set(path, targets);
  }
  const done = new Set<string>();
  const open: string[] = [];
  const circles: string[] = [];
  const visit = (path: string): void => {
    if (done.has(path)) return;
    const at = open.indexOf(path);
    if (at >= 0) {
      circles.push([...open.slice(at), path].join(' -> '));
      return;
    }
    open.push(path);
    for (const target of graph.get(path) ?? []) visit(target);
    open.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  assert.deepEqual(circles, []);
});

/** Rows of the table whose header begins `| folder | may import |`, as sets of names. */
function printedTable(page: string): Map<string, Set<string>> {
  const rows = new Map<string, Set<string>>();
  let inTable = false;
  for (const line of page.split('\n')) {
    if (/^\|\s*folder\s*\|\s*may import\s*\|/i.test(line)) inTable = true;
    else if (!line.startsWith('|')) inTable = false;
    else if (inTable && !/^\|[\s:|-]+$/.test(line)) {
      const [folder, allowed] = line.split('|').slice(1, 3);
      const names = allowed!.match(/[a-z]+/g) ?? [];
      rows.set(folder!.match(/[a-z]+/)![0], new Set(names.filter((name) => name !== 'nothing')));
    }
  }
  return rows;
}

test('ARCHITECTURE.md prints this table', (t) => {
  if (!existsSync(join(PROJECT, 'ARCHITECTURE.md')))
    return t.skip('ARCHITECTURE.md is not written yet');
  const printed = printedTable(readProjectFile('ARCHITECTURE.md'));
  const rows = Object.entries(LAYERS).map(
    ([folder, allowed]) => [folder, new Set(allowed)] as const,
  );
  assert.deepEqual(printed, new Map(rows));
});

test('the reader of the printed table sees rows as they are written', () => {
  const page =
    '# A\n\n| folder | may import | why |\n| --- | :-: | --- |\n| `chain` | base | x |\n| base | nothing | |\n\ntext';
  assert.deepEqual(
    printedTable(page),
    new Map([
      ['chain', new Set(['base'])],
      ['base', new Set()],
    ]),
  );
});

test('docs/dependencies.md says of every package why it is there', () => {
  const manifest = JSON.parse(readProjectFile('package.json'));
  const wanted = [
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.optionalDependencies),
    ...Object.keys(manifest.devDependencies),
  ];
  const rows = readProjectFile('docs/dependencies.md').matchAll(/^\| (`[^|]+) \|/gm);
  const listed = [...rows].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  assert.deepEqual(listed.sort(), wanted.sort());
});
