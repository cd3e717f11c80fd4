import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { sql } from 'kysely';
import { ClewError, type ErrorCode } from '../errors.ts';
import { STORE_VERSION } from './migrations.ts';
import { openStore } from './open-store.ts';
import { addTagPack, findTagPack, type NewStatement, readTagPacks, readTags } from './tag-store.ts';

function folder(t: { after(fn: () => void): void }): string {
  const path = mkdtempSync(join(tmpdir(), 'clew-store-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const code = (expected: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof ClewError, String(error));
  assert.equal(error.code, expected, error.message);
  return true;
};

function pack(sha256: string) {
  return {
    sha256,
    scope: 'real',
    edition: '',
    format: 'tagpack' as const,
    title: 'A pack',
    creator: 'A test',
    file_name: 'pack.yaml',
    imported_at_seconds: 1_700_000_000,
    counts: '{}',
  };
}

function statement(subjects: readonly string[]): NewStatement {
  return {
    label: 'label',
    source: 'source',
    confidence: 'unknown',
    category: 'exchange',
    concepts: '[]',
    is_cluster_definer: 0,
    status: 'active',
    subjects: subjects.map((subject) => ({ network: 'main', said_about: 'address', subject })),
  };
}

test('a new store is private, in WAL mode with full sync, and of the current version', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const store = await openStore(path);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  await addTagPack(store, pack('a'), [statement(['x'])]);
  assert.equal(statSync(`${path}-wal`).mode & 0o777, 0o600);
  await store.close();
  await store.close();
  const raw = new DatabaseSync(path);
  assert.deepEqual({ ...raw.prepare('pragma journal_mode').get() }, { journal_mode: 'wal' });
  assert.deepEqual(
    { ...raw.prepare('select * from clew_store').get() },
    { version: STORE_VERSION },
  );
  raw.close();
});

test('what was stored is there when the store is opened again', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const subjects = Array.from({ length: 1_234 }, (_, i) => `subject-${i}`);
  let store = await openStore(path);
  await addTagPack(store, pack('a'), [statement(subjects), statement(['subject-7', 'other'])]);
  assert.equal(await addTagPack(store, pack('a'), [statement(['again'])]), undefined);
  await store.close();
  store = await openStore(path);
  t.after(() => store.close());
  const found: string[] = [];
  for await (const tag of readTags(store, 'main')) found.push(tag.subject);
  assert.deepEqual(found, [...subjects, 'subject-7', 'other'].sort());
  assert.equal((await findTagPack(store, pack('a')))?.title, 'A pack');
  assert.equal(await findTagPack(store, { ...pack('a'), scope: 'regtest' }), undefined);
});

test('a store of a newer version is refused and left as it is', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  await (await openStore(path)).close();
  const raw = new DatabaseSync(path);
  raw.exec(`update clew_store set version = ${STORE_VERSION + 1}`);
  raw.close();
  await assert.rejects(openStore(path), code('CLEW_DATA_NEWER'));
});

test('a file of another kind is refused and left as it is', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const raw = new DatabaseSync(path);
  raw.exec('create table notes (text text)');
  raw.close();
  await assert.rejects(openStore(path), code('CLEW_DATA_FOREIGN'));
  const text = join(folder(t), 'text.sqlite');
  writeFileSync(text, 'This is a text that is long enough to be taken for a database.'.repeat(20));
  await assert.rejects(openStore(text), code('CLEW_DATA_FOREIGN'));
  await assert.rejects(openStore(join(text, 'x')), code('CLEW_FILE_UNREADABLE'));
  await assert.rejects(openStore(`${path}.d/store.sqlite`), code('CLEW_FOLDER_MISSING'));
});

test("a damaged file is said to be damaged, not another program's", async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const store = await openStore(path);
  const many = Array.from({ length: 5_000 }, (_, i) => `subject-${i}`);
  await addTagPack(store, pack('a'), [statement(many)]);
  await store.close();
  const bytes = readFileSync(path);
  // The first page says what is where; all others are gone.
  writeFileSync(path, bytes.fill(0xff, 4096));
  const work = async () => {
    const damaged = await openStore(path);
    t.after(() => damaged.close());
    await readTagPacks(damaged);
  };
  await assert.rejects(work(), code('CLEW_STORE_DAMAGED'));
});

test('a store that others could read is made private', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  writeFileSync(path, '', { mode: 0o644 });
  await (await openStore(path)).close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a store that another process writes is busy, not broken', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const store = await openStore(path, { busyTimeoutMs: 20 });
  t.after(() => store.close());
  const other = new DatabaseSync(path);
  other.exec('begin immediate');
  await assert.rejects(addTagPack(store, pack('a'), [statement(['x'])]), code('CLEW_DATA_BUSY'));
  assert.deepEqual(await readTagPacks(store), []);
  other.exec('rollback');
  other.close();
  assert.equal(await addTagPack(store, pack('a'), [statement(['x'])]), 1);
});

test('a full disk loses only the pack that did not fit', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const store = await openStore(path);
  t.after(() => store.close());
  await addTagPack(store, pack('a'), [statement(['x'])]);
  await sql`pragma max_page_count = 40`.execute(store.db);
  const many = Array.from({ length: 20_000 }, (_, i) => `subject-${i}`);
  await assert.rejects(addTagPack(store, pack('b'), [statement(many)]), code('CLEW_NO_SPACE'));
  assert.deepEqual(
    (await readTagPacks(store)).map((row) => row.sha256),
    ['a'],
  );
  assert.equal(await addTagPack(store, pack('c'), [statement(['y'])]), 2);
});

test('a process killed while it writes leaves whole packs only', async (t) => {
  const path = join(folder(t), 'store.sqlite');
  const child = spawn(
    process.execPath,
    [
      '--input-type=module-typescript',
      '-e',
      `import { openStore } from '${import.meta.resolve('./open-store.ts')}';
       import { addTagPack } from '${import.meta.resolve('./tag-store.ts')}';
       const store = await openStore(${JSON.stringify(path)});
       for (let n = 0; ; n += 1) {
         const subjects = Array.from({ length: 500 }, (_, i) => (
           { network: 'main', said_about: 'address', subject: n + '-' + i }));
         await addTagPack(store, { ...${JSON.stringify(pack(''))}, sha256: String(n) },
           [{ ...${JSON.stringify({ ...statement([]), subjects: undefined })}, subjects }]);
         if (n % 5 === 0) console.log(n);
       }`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let lines = 0;
  for await (const chunk of child.stdout) {
    lines += String(chunk).split('\n').length - 1;
    if (lines >= 3) break;
  }
  child.kill('SIGKILL');
  const store = await openStore(path);
  t.after(() => store.close());
  const packs = await readTagPacks(store);
  let tags = 0;
  for await (const _ of readTags(store, 'main')) tags += 1;
  assert.ok(packs.length >= 10, `${packs.length} packs`);
  assert.equal(tags, packs.length * 500);
});

test('work in one connection waits for a transaction in it', async (t) => {
  const store = await openStore(join(folder(t), 'store.sqlite'));
  t.after(() => store.close());
  const [first, second, packs] = await Promise.all([
    addTagPack(store, pack('a'), [statement(['x'])]),
    addTagPack(store, pack('b'), [statement(['x'])]),
    readTagPacks(store),
  ]);
  assert.deepEqual([first, second], [1, 2]);
  assert.equal(packs.length, 2);
  await assert.rejects(
    store.db.transaction().execute(async (db) => {
      await db.deleteFrom('tag_pack').execute();
      throw new Error('never mind');
    }),
    /never mind/,
  );
  assert.equal((await readTagPacks(store)).length, 2);
});
