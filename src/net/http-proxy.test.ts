/** Proxies: they are asked for names, never for addresses, and their failures are told from the server's. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { startHttpProxy } from '../../test/support/http-proxy-server.ts';
import { oddServer, rawServer } from '../../test/support/odd-server.ts';
import { startSocksServer } from '../../test/support/socks-server.ts';
import { testCertificate } from '../../test/support/test-certificate.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import { HttpClient } from './http-client.ts';

function clientThrough(t: TestContext, base: string, proxy: string, caFile?: string): HttpClient {
  const client = new HttpClient({
    base: new URL(base),
    proxy: new URL(proxy),
    retries: 0,
    timeoutMs: 2000,
    ...(caFile === undefined ? {} : { caFile }),
  });
  t.after(() => client.close());
  return client;
}

async function fails(work: () => Promise<unknown>, code: ErrorCode): Promise<ClewError> {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof ClewError, inspect(error));
    assert.equal(error.code, code, inspect(error));
    return error;
  }
  throw new Error('nothing failed');
}

test('SOCKS: the proxy is given the name, for socks5:// too', async (t) => {
  const server = await oddServer(t, ({ headers }, answer) => void answer.end(headers.host));
  const socks = await startSocksServer({ toPort: server.port });
  t.after(() => socks.close());
  for (const scheme of ['socks5', 'socks5h', 'socks']) {
    const proxy = `${scheme}://127.0.0.1:${socks.port}`;
    const client = clientThrough(t, 'http://esplora.invalid:3000/', proxy);
    const { body } = await client.get('');
    assert.equal(Buffer.from(body).toString(), 'esplora.invalid:3000');
    await client.get('again');
    // One connection for both.
    assert.deepEqual(socks.asked.splice(0), ['name:esplora.invalid:3000']);
  }
  const onion = clientThrough(t, 'http://abc.onion/', `socks5://127.0.0.1:${socks.port}`);
  await onion.get('');
  assert.deepEqual(socks.asked, ['name:abc.onion:80']);
  assert.throws(() => new HttpClient({ base: new URL('http://abc.onion/') }), {
    code: 'CLEW_PROXY',
  });
});

test('SOCKS with TLS: the certificate is held against the name', async (t) => {
  const certificate = testCertificate(t, 'esplora.invalid');
  if (certificate === undefined) return;
  const server = await oddServer(t, (_, answer) => void answer.end('safe'), certificate);
  const socks = await startSocksServer({ toPort: server.port });
  t.after(() => socks.close());
  const proxy = `socks5://127.0.0.1:${socks.port}`;
  const right = clientThrough(t, 'https://esplora.invalid/', proxy, certificate.path);
  assert.equal((await right.get('')).status, 200);
  assert.equal((await right.get('')).status, 200);
  assert.deepEqual(socks.asked, ['name:esplora.invalid:443']);
  const wrong = clientThrough(t, 'https://other.invalid/', proxy, certificate.path);
  await fails(() => wrong.get(''), 'CLEW_REMOTE_CERTIFICATE');
  const unknown = clientThrough(t, 'https://esplora.invalid/', proxy);
  await fails(() => unknown.get(''), 'CLEW_REMOTE_CERTIFICATE');
});

test('SOCKS: passwords, an unreachable server, and a proxy that is none', async (t) => {
  const server = await oddServer(t, (_, answer) => void answer.end('in'));
  const socks = await startSocksServer({ toPort: server.port, user: 'u', password: 's3cret' });
  t.after(() => socks.close());
  const at = `127.0.0.1:${socks.port}`;
  const base = 'http://esplora.invalid/';
  assert.equal((await clientThrough(t, base, `socks5://u:s3cret@${at}`).get('')).status, 200);
  for (const user of ['u:wr0ng@', '']) {
    const client = clientThrough(t, base, `socks5://${user}${at}`);
    const error = await fails(() => client.get(''), 'CLEW_PROXY');
    assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /wr0ng/);
  }
  socks.reply = 4;
  const client = clientThrough(t, base, `socks5://u:s3cret@${at}`);
  await fails(() => client.get(''), 'CLEW_REMOTE_UNREACHABLE');

  const none = await rawServer(t, (socket) => socket.end('HTTP/1.1 400 Bad\r\n\r\n'));
  await fails(
    () => clientThrough(t, base, `socks5://127.0.0.1:${none.port}`).get(''),
    'CLEW_PROXY',
  );
  await fails(() => clientThrough(t, base, 'socks5://127.0.0.1:1').get(''), 'CLEW_PROXY');
  assert.throws(
    () => clientThrough(t, base, 'ftp://u:s3cret@x/'),
    (error) => {
      assert.ok(error instanceof ClewError && error.code === 'CLEW_PROXY');
      assert.doesNotMatch(inspect(error), /s3cret/);
      return true;
    },
  );
});

test('HTTP proxy: whole URLs for http, tunnels for https, names in both', async (t) => {
  const plain = await oddServer(t, (_, answer) => void answer.end('plain'));
  const first = await startHttpProxy({ toPort: plain.port });
  t.after(() => first.close());
  const open = clientThrough(t, 'http://esplora.invalid/api', `http://127.0.0.1:${first.port}`);
  assert.equal((await open.get('tip')).status, 200);
  assert.deepEqual(first.asked, ['GET http://esplora.invalid/api/tip']);

  const certificate = testCertificate(t, 'esplora.invalid');
  if (certificate === undefined) return;
  const secure = await oddServer(t, (_, answer) => void answer.end('safe'), certificate);
  const authorization = `Basic ${Buffer.from('u:s3cret').toString('base64')}`;
  const second = await startHttpProxy({ toPort: secure.port, authorization });
  t.after(() => second.close());
  const at = `127.0.0.1:${second.port}`;
  const base = 'https://esplora.invalid/api';
  const tunnel = clientThrough(t, base, `http://u:s3cret@${at}`, certificate.path);
  assert.equal((await tunnel.get('tip')).status, 200);
  assert.deepEqual(second.asked, ['CONNECT esplora.invalid:443']);
  const refused = clientThrough(t, base, `http://u:wr0ng@${at}`, certificate.path);
  const error = await fails(() => refused.get(''), 'CLEW_PROXY');
  assert.equal(error.facts['status'], 407);
  assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /wr0ng/);
  const unsafe = clientThrough(t, base, `http://u:s3cret@${at}`);
  await fails(() => unsafe.get(''), 'CLEW_REMOTE_CERTIFICATE');
});

test('HTTP proxy: the server behind it unreachable, the proxy gone or silent', async (t) => {
  const proxy = await startHttpProxy({ toPort: 1, refuseWith: 502 });
  t.after(() => proxy.close());
  const base = 'https://esplora.invalid/';
  const away = clientThrough(t, base, `http://127.0.0.1:${proxy.port}`);
  await fails(() => away.get(''), 'CLEW_REMOTE_UNREACHABLE');
  await fails(() => clientThrough(t, base, 'http://127.0.0.1:1').get(''), 'CLEW_PROXY');

  const silent = await rawServer(t, () => {});
  const client = new HttpClient({
    base: new URL(base),
    proxy: new URL(`http://127.0.0.1:${silent.port}`),
    connectTimeoutMs: 50,
    retries: 0,
  });
  const error = await fails(() => client.get(''), 'CLEW_REMOTE_SLOW');
  assert.equal(error.facts['stage'], 'connecting');
  // Ends the connection to the proxy too: else the test would not end.
  client.close();
});

test('HTTP proxy over TLS: its certificate is held against its name', async (t) => {
  const certificate = testCertificate(t, 'localhost');
  if (certificate === undefined) return;
  const server = await oddServer(t, (_, answer) => void answer.end('far'));
  const proxy = await startHttpProxy({ toPort: server.port, certificate });
  t.after(() => proxy.close());
  const base = 'http://esplora.invalid/';
  const byName = `https://localhost:${proxy.port}`;
  assert.equal((await clientThrough(t, base, byName, certificate.path).get('')).status, 200);
  assert.deepEqual(proxy.asked, ['GET http://esplora.invalid/']);
  await fails(() => clientThrough(t, base, byName).get(''), 'CLEW_REMOTE_CERTIFICATE');
});
