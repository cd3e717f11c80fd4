import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runClew } from '../../test/support/run-clew.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { refuseSecrets } from './secret-arguments.ts';

const SECRET = 'hunter2';

test('passwords in arguments are refused, wherever they stand', () => {
  const refused = [
    ['follow', '--rpc', `http://me:${SECRET}@127.0.0.1:8332`],
    ['follow', `--rpc=https://me:${SECRET}@host`],
    ['status', '--ledger', `http://me:${SECRET}@host:8123/db`],
    ['address', 'x', '--proxy', `socks5h://me:${SECRET}@127.0.0.1:9050`],
    ['address', 'x', '--proxy', `SOCKS5://:${SECRET}@127.0.0.1`],
    ['follow', '--rpc-password', SECRET],
    ['follow', `--rpc-password=${SECRET}`],
    ['follow', '--rpcpassword', SECRET],
    ['serve', '--password', SECRET],
  ];
  for (const argv of refused) {
    assert.throws(
      () => refuseSecrets(argv),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'CLEW_SECRET_IN_ARGUMENT', argv.join(' '));
        assert.ok(!JSON.stringify([error.message, error, error.stack]).includes(SECRET));
        return true;
      },
    );
  }
});

test('what holds no password passes', () => {
  const fine = [
    ['follow', '--rpc', 'http://127.0.0.1:8332', '--rpc-password-file', 'pw.txt'],
    ['follow', '--rpc', 'http://[::1]:8332/', '--rpc-user', 'me'],
    ['tx', '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0'],
    ['index', '--blocks', 'C:\\blocks@home'],
    ['tags', 'import', 'https://example.org/a:b/c@d'],
    ['investigate', 'seeds.csv', '--out', 'mail:me@host'],
  ];
  for (const argv of fine) refuseSecrets(argv);
});

test('nothing is done and nothing of it is printed', async () => {
  const folder = temporaryFolder('secret');
  const run = await runClew(
    folder,
    'follow',
    '--rpc',
    `http://me:${SECRET}@127.0.0.1:1`,
    '--data',
    'd',
  );
  assert.equal(run.error?.code, 'CLEW_SECRET_IN_ARGUMENT');
  assert.equal(run.exit, 2);
  assert.ok(!(run.stdout + run.stderr).includes(SECRET));
});
