import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NETWORKS } from '../chain/network.ts';
import { NETWORK_CHOICES } from './common-options.ts';
import { chooseNetwork, defaultDataFolder, openDataFolder } from './data-folder.ts';

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'clew-data-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the default folder follows each platform', () => {
  assert.equal(defaultDataFolder('linux', '/home/ana', {}), '/home/ana/.local/share/clew');
  assert.equal(defaultDataFolder('linux', '/home/ana', { XDG_DATA_HOME: '/big' }), '/big/clew');
  // The XDG specification: relative paths are invalid and ignored.
  assert.equal(
    defaultDataFolder('linux', '/home/ana', { XDG_DATA_HOME: 'big' }),
    '/home/ana/.local/share/clew',
  );
  assert.equal(
    defaultDataFolder('darwin', '/Users/ana', {}),
    '/Users/ana/Library/Application Support/Clew',
  );
});

test('a new folder is laid out, private, and opens again', (t) => {
  const path = join(scratch(t), 'deep/er');
  const data = openDataFolder(path, true);
  assert.deepEqual(readdirSync(path).sort(), ['cache', 'clew.json', 'keys']);
  assert.equal(JSON.parse(readFileSync(join(path, 'clew.json'), 'utf8')).format, 'clew-data/1');
  for (const folder of [path, data.keys, data.cache])
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  const folders = data.networkFolders('regtest');
  assert.equal(folders.ledger, join(path, 'regtest/ledger'));
  assert.deepEqual(openDataFolder(path, false).networks(), ['regtest']);
});

test('an existing empty folder keeps the mode that its owner gave it', (t) => {
  const path = scratch(t);
  mkdirSync(join(path, 'x'), { mode: 0o750 });
  writeFileSync(join(path, 'x/.DS_Store'), '');
  openDataFolder(join(path, 'x'), true);
  assert.equal(statSync(join(path, 'x')).mode & 0o777, 0o750);
});

test('what is not ours is left alone', (t) => {
  const path = scratch(t);
  writeFileSync(join(path, 'thesis.doc'), 'precious');
  assert.throws(() => openDataFolder(path, true), { code: 'CLEW_DATA_FOREIGN' });
  assert.deepEqual(readdirSync(path), ['thesis.doc']);
  assert.throws(() => openDataFolder(join(path, 'thesis.doc'), true), {
    code: 'CLEW_DATA_FOREIGN',
  });
  for (const marker of [
    '',
    '{',
    'null',
    '{"format":"other/1"}',
    '{"format":"clew-data/x"}',
    '[]',
  ]) {
    writeFileSync(join(path, 'clew.json'), marker);
    assert.throws(() => openDataFolder(path, true), { code: 'CLEW_DATA_FOREIGN' }, marker);
  }
});

test('a folder of a newer Clew is refused with both versions', (t) => {
  const path = scratch(t);
  writeFileSync(join(path, 'clew.json'), '{"format":"clew-data/2"}');
  assert.throws(() => openDataFolder(path, true), {
    code: 'CLEW_DATA_NEWER',
    facts: { path, format: 2, known: 1 },
  });
});

test('reading makes nothing', (t) => {
  const path = scratch(t);
  assert.throws(() => openDataFolder(join(path, 'none'), false), { code: 'CLEW_FOLDER_MISSING' });
  assert.throws(() => openDataFolder(path, false), { code: 'CLEW_LEDGER_EMPTY' });
  assert.deepEqual(readdirSync(path), []);
});

test('the network is the one asked for, else the only one', (t) => {
  const data = openDataFolder(scratch(t), true);
  assert.throws(() => chooseNetwork(data, undefined), { code: 'CLEW_LEDGER_EMPTY' });
  data.networkFolders('main');
  assert.equal(chooseNetwork(data, undefined), 'main');
  assert.throws(() => chooseNetwork(data, 'signet'), { code: 'CLEW_LEDGER_EMPTY' });
  data.networkFolders('signet');
  assert.equal(chooseNetwork(data, 'signet'), 'signet');
  assert.equal(chooseNetwork(data, undefined), 'main');
  data.networkFolders('litecoin');
  assert.throws(() => chooseNetwork(data, undefined), { code: 'CLEW_NETWORK_AMBIGUOUS' });
});

test('--network offers exactly the networks that Clew reads', () => {
  assert.deepEqual([...NETWORK_CHOICES], Object.keys(NETWORKS));
});
