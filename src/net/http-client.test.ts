/** A client against servers that fail in every way that was thought of; each failure has its own code. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { oddServer, rawServer } from '../../test/support/odd-server.ts';
import { testCertificate } from '../../test/support/test-certificate.ts';
import { ClewError, type ErrorCode } from '../errors.ts';
import { HttpClient, type HttpClientOptions } from './http-client.ts';

/** A client whose waiting takes no time; `waits` has what it would have waited. */
function quickClient(
  t: TestContext,
  options: HttpClientOptions,
): { client: HttpClient; waits: number[] } {
  const waits: number[] = [];
  const client = new HttpClient({
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
    },
    clock: { nowSeconds: () => 1_700_000_000 as never, elapsedMs: () => waits.reduce(sum, 0) },
    chance: () => 0.5,
    ...options,
  });
  t.after(() => client.close());
  return { client, waits };
}

const sum = (a: number, b: number): number => a + b;

async function failure(work: Promise<unknown>): Promise<ClewError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ClewError, inspect(error));
    return error;
  }
  throw new Error('nothing failed');
}

async function fails(work: Promise<unknown>, code: ErrorCode): Promise<ClewError> {
  const error = await failure(work);
  assert.equal(error.code, code, inspect(error));
  return error;
}

test('asks below its base, with credentials in a header, and keeps the connection', async (t) => {
  const ports = new Set<number>();
  const server = await oddServer(t, ({ headers, socket, url }, answer) => {
    ports.add(socket.remotePort ?? 0);
    answer.end(JSON.stringify({ url, authorization: headers.authorization }));
  });
  const base = new URL(`http://Aladdin:open%20sesame@127.0.0.1:${server.port}/api/`);
  const { client } = quickClient(t, { base });
  for (const path of ['blocks/tip', '/blocks/tip']) {
    const { body } = await client.get(path);
    // The header is the example of RFC 7617.
    assert.deepEqual(JSON.parse(Buffer.from(body).toString()), {
      url: '/api/blocks/tip',
      authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    });
  }
  assert.equal(ports.size, 1);
  assert.equal(client.requests, 2);
  await client.get('x?after=%20y');
  assert.equal(server.asked.at(-1), '/api/x?after=%20y');
});

test('a name with a percent sign of its own is sent as it stands', async (t) => {
  const server = await oddServer(t, ({ headers }, answer) => answer.end(headers.authorization));
  const { client } = quickClient(t, { base: new URL(`http://a%zz:b@127.0.0.1:${server.port}/`) });
  const { body } = await client.get('');
  const [, told = ''] = Buffer.from(body).toString().split(' ');
  assert.equal(Buffer.from(told, 'base64').toString(), 'a%zz:b');
});

test('authorization is read anew for each request', async (t) => {
  const seen: (string | undefined)[] = [];
  const server = await oddServer(t, ({ headers }, answer) => {
    seen.push(headers.authorization);
    answer.end();
  });
  let n = 0;
  const { client } = quickClient(t, { base: server.url, authorization: () => `Basic ${++n}` });
  await client.get('');
  await client.post('', 'x');
  assert.deepEqual(seen, ['Basic 1', 'Basic 2']);
});

test('a server that is silent, and one that trickles', async (t) => {
  const silent = await oddServer(t, () => {});
  const one = quickClient(t, { base: silent.url, firstByteTimeoutMs: 40, retries: 1 });
  const first = await fails(one.client.get(''), 'CLEW_REMOTE_SLOW');
  assert.equal(first.facts['stage'], 'waiting');
  assert.equal(silent.asked.length, 2);

  const trickling = await oddServer(t, (_, answer) => {
    answer.writeHead(200);
    const timer = setInterval(() => answer.write('x'), 10);
    answer.on('close', () => clearInterval(timer));
  });
  const two = quickClient(t, { base: trickling.url, timeoutMs: 80, retries: 0 });
  const second = await fails(two.client.get(''), 'CLEW_REMOTE_SLOW');
  assert.equal(second.facts['stage'], 'whole');
});

test('half a body: by length, in chunks, and packed', async (t) => {
  const halves = [
    'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhalf',
  ];
  for (const half of halves) {
    const server = await rawServer(t, (socket) => socket.end(half));
    const { client } = quickClient(t, { base: server.url, retries: 1 });
    await fails(client.get(''), 'CLEW_REMOTE_CUT');
    assert.equal(client.requests, 2);
  }
  const packed = gzipSync(Buffer.alloc(1000, 'x'));
  const server = await oddServer(t, ({ url }, answer) => {
    answer.writeHead(200, { 'content-encoding': 'gzip' });
    answer.end(url === '/half' ? packed.subarray(0, packed.length - 12) : packed);
  });
  const { client } = quickClient(t, { base: server.url, retries: 0, bodyBytesMax: 5000 });
  assert.equal((await client.get('whole')).body.length, 1000);
  await fails(client.get('half'), 'CLEW_REMOTE_CUT');
});

test('a body that is too large: announced, in chunks, and once unpacked', async (t) => {
  const server = await oddServer(t, ({ url }, answer) => {
    if (url === '/packed') answer.setHeader('content-encoding', 'gzip');
    if (url === '/chunks') answer.write('x'.repeat(600));
    answer.end(url === '/packed' ? gzipSync(Buffer.alloc(100_000)) : 'x'.repeat(1001));
  });
  const { client } = quickClient(t, { base: server.url, bodyBytesMax: 1000 });
  for (const path of ['long', 'chunks', 'packed']) {
    await fails(client.get(path), 'CLEW_REMOTE_TOO_LARGE');
  }
  assert.equal(server.asked.length, 3);
  assert.equal((await client.get('long', { bodyBytesMax: 1001 })).body.length, 1001);
});

test('a busy server: with and without Retry-After, for a while and for ever', async (t) => {
  let busy = 2;
  let retryAfter: string | undefined;
  const server = await oddServer(t, (_, answer) => {
    if (busy-- <= 0) return void answer.end('done');
    answer.writeHead(429, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
    answer.end();
  });
  const once = quickClient(t, { base: server.url });
  assert.equal((await once.client.get('')).status, 200);
  // 250 and 500 ms, of which between a half and the whole is waited: with chance 0.5 three quarters.
  assert.deepEqual(once.waits, [188, 375]);

  busy = 1;
  retryAfter = '7';
  const seconds = quickClient(t, { base: server.url });
  await seconds.client.get('');
  assert.deepEqual(seconds.waits, [7000]);

  busy = 1;
  retryAfter = new Date((1_700_000_000 + 9) * 1000).toUTCString();
  const date = quickClient(t, { base: server.url });
  await date.client.get('');
  assert.deepEqual(date.waits, [9000]);

  busy = 1000;
  retryAfter = undefined;
  const ever = quickClient(t, { base: server.url, retries: 3 });
  const error = await fails(ever.client.get(''), 'CLEW_REMOTE_BUSY');
  assert.equal(error.facts['status'], 429);
  assert.equal(ever.client.requests, 4);

  retryAfter = '3600';
  const long = quickClient(t, { base: server.url });
  const tooLong = await fails(long.client.get(''), 'CLEW_REMOTE_BUSY');
  assert.equal(tooLong.facts['retryAfterSeconds'], 3600);
  assert.deepEqual(long.waits, []);
});

test('redirects stay with the server that was chosen', async (t) => {
  const other = await oddServer(t, (_, answer) => void answer.end('never asked'));
  const server = await oddServer(t, ({ url }, answer) => {
    const to: Record<string, string> = {
      '/near': '/here',
      '/far': `${other.url}here`,
      '/secure': `https://127.0.0.1:${server.port}/here`,
      '/round': '/round',
      '/odd': 'http://[',
    };
    const location = to[url ?? ''];
    if (location === undefined) return void answer.end('here');
    answer.writeHead(302, { location });
    answer.end();
  });
  const { client } = quickClient(t, { base: server.url });
  assert.equal(Buffer.from((await client.get('near')).body).toString(), 'here');
  const far = await fails(client.get('far'), 'CLEW_REMOTE_REDIRECT');
  assert.equal(far.facts['to'], `http://127.0.0.1:${other.port}`);
  for (const path of ['secure', 'round', 'odd']) {
    await fails(client.get(path), 'CLEW_REMOTE_REDIRECT');
  }
  await fails(client.post('near', 'x', { isIdempotent: true }), 'CLEW_REMOTE_REDIRECT');
  assert.deepEqual(other.asked, []);
});

test('certificates: unknown, made out to another name, and trusted by a file', async (t) => {
  const certificate = testCertificate(t, 'localhost');
  if (certificate === undefined) return;
  const server = await oddServer(t, (_, answer) => void answer.end('safe'), certificate);
  const byName = new URL(`https://localhost:${server.port}/`);
  const unknown = quickClient(t, { base: byName });
  const error = await fails(unknown.client.get(''), 'CLEW_REMOTE_CERTIFICATE');
  assert.equal(error.facts['reason'], 'DEPTH_ZERO_SELF_SIGNED_CERT');
  assert.equal(unknown.client.requests, 1);

  const trusting = quickClient(t, { base: byName, caFile: certificate.path });
  assert.equal((await trusting.client.get('')).status, 200);
  assert.equal((await trusting.client.get('')).status, 200);

  const byAddress = quickClient(t, { base: server.url, caFile: certificate.path });
  const misnamed = await fails(byAddress.client.get(''), 'CLEW_REMOTE_CERTIFICATE');
  assert.equal(misnamed.facts['reason'], 'ERR_TLS_CERT_ALTNAME_INVALID');

  await fails(
    Promise.resolve().then(() => new HttpClient({ base: byName, caFile: '/nowhere.pem' })),
    'CLEW_FILE_MISSING',
  );
  const plain = await oddServer(t, (_, answer) => void answer.end());
  const wrongScheme = quickClient(t, { base: new URL(`https://127.0.0.1:${plain.port}/`) });
  await fails(wrongScheme.client.get(''), 'CLEW_REMOTE_UNREACHABLE');
});

test('nobody there, no such name, a connection that breaks, and bytes that are no HTTP', async (t) => {
  const broken = await rawServer(t, (socket) => socket.resetAndDestroy());
  const reset = quickClient(t, { base: broken.url, retries: 2 });
  const error = await fails(reset.client.get('x'), 'CLEW_REMOTE_UNREACHABLE');
  assert.equal(error.facts['reason'], 'ECONNRESET');
  assert.equal(reset.client.requests, 3);

  const gone = quickClient(t, { base: new URL('http://127.0.0.1:1/'), retries: 1 });
  const refused = await fails(gone.client.get(''), 'CLEW_REMOTE_UNREACHABLE');
  assert.equal(refused.facts['reason'], 'ECONNREFUSED');

  // RFC 6761: names below .invalid never exist. Without a name server the reason is another.
  const nameless = quickClient(t, { base: new URL('http://clew.invalid/'), retries: 0 });
  await fails(nameless.client.get(''), 'CLEW_REMOTE_UNREACHABLE');

  const odd = await rawServer(t, (socket) => socket.end('220 mail ready\r\n'));
  await fails(quickClient(t, { base: odd.url }).client.get(''), 'CLEW_REMOTE_FORMAT');
  const heads = `HTTP/1.1 200 OK\r\n${'X: '.padEnd(100_000, 'x')}\r\n\r\n`;
  const headers = await rawServer(t, (socket) => socket.end(heads));
  await fails(quickClient(t, { base: headers.url }).client.get(''), 'CLEW_REMOTE_TOO_LARGE');
});

test('a post is repeated only when that does no harm', async (t) => {
  const bodies: string[] = [];
  const server = await oddServer(t, (request, answer) => {
    request.setEncoding('utf8');
    request.on('data', (part) => bodies.push(part));
    request.on('end', () => {
      answer.statusCode = bodies.length === 3 ? 200 : 503;
      answer.end();
    });
  });
  const { client } = quickClient(t, { base: server.url });
  await fails(client.post('', 'a'), 'CLEW_REMOTE_BUSY');
  assert.deepEqual(bodies, ['a']);
  await client.post('', 'b', { isIdempotent: true });
  assert.deepEqual(bodies, ['a', 'b', 'b']);
});

test('other statuses are errors unless they are expected', async (t) => {
  const server = await oddServer(t, (_, answer) => {
    answer.statusCode = 404;
    answer.end('<b>text of a stranger</b>');
  });
  const { client } = quickClient(t, { base: server.url });
  const error = await fails(client.get('tx/0?key=secret'), 'CLEW_REMOTE_STATUS');
  assert.equal(error.facts['status'], 404);
  assert.equal(error.facts['path'], 'tx/0');
  assert.doesNotMatch(inspect(error), /stranger|secret/);
  assert.equal((await client.get('', { okStatus: [200, 404] })).status, 404);
});

test('a request can be stopped, and closing the client stops all', async (t) => {
  const server = await oddServer(t, () => {});
  const { client } = quickClient(t, { base: server.url, concurrency: 1 });
  const stop = new AbortController();
  const running = fails(client.get('', { signal: stop.signal }), 'CLEW_INTERRUPTED');
  const waiting = fails(client.get(''), 'CLEW_INTERRUPTED');
  setTimeout(() => stop.abort(), 20);
  await running;
  client.close();
  await waiting;
  assert.equal(server.asked.length <= 2, true);
});

test('no more than so many at once, no more than so many a second', async (t) => {
  let running = 0;
  let most = 0;
  const server = await oddServer(t, (_, answer) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running -= 1;
      answer.end();
    }, 5);
  });
  const { client } = quickClient(t, { base: server.url, concurrency: 3 });
  await Promise.all(Array.from({ length: 12 }, () => client.get('')));
  assert.equal(most, 3);

  const waits: number[] = [];
  const paced = new HttpClient({
    base: server.url,
    ratePerSecond: 10,
    clock: { nowSeconds: () => 0 as never, elapsedMs: () => 5000 },
    sleep: async (milliseconds) => void waits.push(milliseconds),
  });
  t.after(() => paced.close());
  await Promise.all(Array.from({ length: 5 }, () => paced.get('')));
  assert.deepEqual(waits, [100, 200, 300, 400]);
});

test('a kept connection that the server closed meanwhile is no failure', async (t) => {
  const server = await rawServer(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    socket.once('data', () => socket.resetAndDestroy());
  });
  const { client, waits } = quickClient(t, { base: server.url });
  await client.get('');
  await client.get('');
  assert.deepEqual(waits, []);
  assert.equal(client.requests, 3);
});

test('secrets stay out of errors', async (t) => {
  const base = new URL('http://user:s3cret@127.0.0.1:1/k3y-in-path/');
  const { client } = quickClient(t, { base, retries: 0 });
  const error = await fails(client.get('x?token=t0ken'), 'CLEW_REMOTE_UNREACHABLE');
  assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /s3cret|t0ken|k3y/);
  assert.throws(
    () => new HttpClient({ base: new URL('ftp://user:s3cret@x/') }),
    (thrown) => thrown instanceof ClewError && !/s3cret/.test(inspect(thrown)),
  );
});
