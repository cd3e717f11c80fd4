import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { isCluster, readLedgerServers } from './ledger-servers.ts';

const folder = temporaryFolder('shard-files');
const read = (text: string, env: Record<string, string> = {}) =>
  readLedgerServers(text, folder, env);

const SHARDS = {
  format: 'clew-shards/1',
  cluster: 'clew',
  database: 'clew_main',
  shards: [{ url: 'http://a:8123' }, { url: 'https://b:8443' }],
};

function readFile(content: unknown, env: Record<string, string> = {}) {
  writeFileSync(
    join(folder, 'shards.json'),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
  return read('shards.json', env);
}

test('a server is named by its URL, with the database as its path', () => {
  assert.deepEqual(read('http://127.0.0.1:8123/clew'), {
    name: 'http://127.0.0.1:8123/clew',
    database: 'clew',
    urls: ['http://127.0.0.1:8123'],
  });
  const servers = read('https://ana@ch.example/clew_main', { CLEW_LEDGER_PASSWORD: 'geheim' });
  assert.equal(servers.user, 'ana');
  assert.equal(servers.password, 'geheim');
  assert.equal(servers.name, 'https://ch.example/clew_main');
  assert.equal(isCluster(servers), false);
});

test('a URL that names no server and database is refused, one with a password above all', () => {
  for (const url of [
    'http://127.0.0.1:8123',
    'http://127.0.0.1:8123/',
    'http://127.0.0.1:8123/a/b',
    'http://127.0.0.1:8123/a b',
    'http://127.0.0.1:8123/a;DROP',
    'http://127.0.0.1:8123/%ff',
    'http://127.0.0.1:8123/clew?x=1',
    'tcp://127.0.0.1:9000/clew',
    'http:///clew',
  ]) {
    assert.throws(() => read(url), { code: 'CLEW_USAGE' }, url);
  }
  for (const url of [
    'http://ana:geheim@h:8123/clew',
    'http://h:8123/clew?password=geheim',
    'https://:geheim@h/clew',
  ]) {
    assert.throws(
      () => read(url),
      (error: Error & { code: string }) =>
        error.code === 'CLEW_SECRET_IN_ARGUMENT' && !JSON.stringify(error).includes('geheim'),
      url,
    );
  }
});

test('a file names shards, in their order, and where the password is', () => {
  writeFileSync(join(folder, 'password'), 'from the file\n');
  const content = { ...SHARDS, user: 'clew', passwordFile: 'password', caFile: 'ca.pem' };
  const servers = readFile(content);
  assert.deepEqual(servers, {
    name: join(folder, 'shards.json'),
    cluster: 'clew',
    database: 'clew_main',
    urls: ['http://a:8123', 'https://b:8443'],
    user: 'clew',
    password: 'from the file',
    caFile: join(folder, 'ca.pem'),
  });
  assert.equal(isCluster(servers), true);
  assert.equal(readFile(content, { CLEW_LEDGER_PASSWORD: 'other' }).password, 'other');
  const { cluster: _, ...single } = { ...SHARDS, shards: [{ url: 'http://a:8123' }] };
  assert.equal(isCluster(readFile(single)), false);
});

test('a shard file with a hole, a double or anything unknown is refused', () => {
  const { cluster: _, ...noCluster } = SHARDS;
  const { database: __, ...noDatabase } = SHARDS;
  const faults: Record<string, unknown> = {
    'no JSON': '{ "format": ',
    'a list': [SHARDS],
    nothing: null,
    'another format': { ...SHARDS, format: 'clew-shards/2' },
    'no cluster': noCluster,
    'a cluster that is no name': { ...SHARDS, cluster: "clew'; DROP" },
    'no database': noDatabase,
    'a database that is no name': { ...SHARDS, database: 'a.b' },
    'no shards': { ...SHARDS, shards: [] },
    'a hole': { ...SHARDS, shards: [SHARDS.shards[0], null] },
    'an empty place': { ...SHARDS, shards: [SHARDS.shards[0], {}] },
    'a shard twice': { ...SHARDS, shards: [{ url: 'http://a:80' }, { url: 'http://a' }] },
    'a shard with a path': { ...SHARDS, shards: [{ url: 'http://a:8123/db' }] },
    'a shard with a password': { ...SHARDS, shards: [{ url: 'http://u:p@a:8123' }] },
    'an unknown field': { ...SHARDS, shard: [] },
    'an unknown field of a shard': { ...SHARDS, shards: [{ url: 'http://a:8123', weight: 2 }] },
    'a password': { ...SHARDS, password: 'geheim' },
    'too many shards': {
      ...SHARDS,
      shards: Array.from({ length: 256 }, (_, n) => ({ url: `http://s${n}` })),
    },
  };
  for (const [what, content] of Object.entries(faults)) {
    assert.throws(
      () => readFile(content),
      (error: Error & { code: string }) =>
        error.code === 'CLEW_SHARD_MAP' && !error.message.includes('geheim'),
      what,
    );
  }
  assert.throws(() => read('missing.json'), { code: 'CLEW_FILE_MISSING' });
  assert.throws(() => readFile({ ...SHARDS, passwordFile: 'none' }), {
    code: 'CLEW_FILE_MISSING',
  });
});
