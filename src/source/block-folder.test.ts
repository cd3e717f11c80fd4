import assert from 'node:assert/strict';
import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { folderWith } from '../../test/support/mined-blocks.ts';
import { findBlockFiles } from './block-folder.ts';

const NOTHING = new Uint8Array(0);

function files(...names: string[]): Record<string, Uint8Array> {
  return Object.fromEntries(names.map((name) => [name, NOTHING]));
}

test('block files come in the order of their numbers; undo data, keys and other files are passed over', (t) => {
  const names = ['blk100000.dat', 'blk00002.dat', 'blk99999.dat', 'rev00002.dat', 'xor.dat'];
  const folder = folderWith(t, files(...names, 'readme.txt', 'peers.dat', 'blk00003.dat.gz'));
  const found = findBlockFiles(folder);
  assert.equal(found.folder, folder);
  assert.deepEqual(
    found.files.map((file) => basename(file)),
    ['blk00002.dat', 'blk00003.dat.gz', 'blk99999.dat', 'blk100000.dat'],
  );
});

test('in the data folder of a node the blocks lie in `blocks`', (t) => {
  const outer = folderWith(t, files('peers.dat', 'other.dat'));
  const inner = folderWith(t, files('blk00000.dat'));
  renameSync(inner, join(outer, 'blocks'));
  mkdirSync(join(outer, 'chainstate'));
  assert.deepEqual(findBlockFiles(outer), {
    folder: join(outer, 'blocks'),
    files: [join(outer, 'blocks', 'blk00000.dat')],
  });
});

test('a single file is taken whatever its name', (t) => {
  const folder = folderWith(t, files('some block'));
  const file = join(folder, 'some block');
  assert.deepEqual(findBlockFiles(file), { folder, files: [file] });
});

test('a path that is not there and a folder without blocks are refused', (t) => {
  const folder = folderWith(t, files('notes.txt', 'xor.dat'));
  assert.throws(() => findBlockFiles(join(folder, 'no')), { code: 'CLEW_FOLDER_MISSING' });
  assert.throws(() => findBlockFiles(folder), {
    code: 'CLEW_BLOCKS_NONE',
    facts: { path: folder },
  });
});
