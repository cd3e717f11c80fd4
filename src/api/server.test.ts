import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ClewError } from '../errors.ts';
import { html } from '../report/html.ts';
import { errorPage, pageAnswer, type SiteParts } from './page.ts';
import { jsonAnswer, type Routes } from './router.ts';
import { type RunningServer, startServer } from './server.ts';

const SITE: SiteParts = { navigation: [['/', 'Overview']] };

const ROUTES: Routes = {
  '/': ({ wantsJson }) =>
    wantsJson
      ? jsonAnswer({ value: 2n ** 60n })
      : pageAnswer(SITE, {
          title: 'Overview <1>',
          main: html`<h1>${'<script>alert(1)</script>'}</h1>`,
          current: '/',
          searched: '"><img src=x>',
          asOf: { network: 'main', height: 0, hash: '00ff', timeSeconds: 1231006505 },
        }),
  '/tx/:txid': ({ params, query }) => jsonAnswer({ txid: params.txid, n: query.get('n') }),
  '/tx/latest': () => jsonAnswer('the fixed one'),
  '/fault': () => {
    throw new Error('secret of the inside');
  },
  '/missing': () => {
    throw new ClewError('CLEW_TX_NOT_FOUND', 'No <b>such</b> transaction.', { txid: '<i>' });
  },
  '/stream': () => ({
    type: 'text/csv; charset=utf-8',
    headers: { 'Content-Disposition': 'attachment; filename="x.csv"' },
    body: (async function* () {
      yield Buffer.from('a,');
      yield Buffer.from('b\n');
    })(),
  }),
};

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function serve(t: TestContext): Promise<RunningServer & { faults: string[] }> {
  const faults: string[] = [];
  const server = await startServer({
    port: 0,
    routes: ROUTES,
    errorPage: (error) => errorPage(SITE, error),
    onFault: (error) => faults.push(error.message),
  });
  t.after(() => server.close());
  return { ...server, faults };
}

function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

const BROWSER = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

test('only this machine under this server’s own address is answered', async (t) => {
  const { port } = await serve(t);
  const own = [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`];
  for (const host of own) assert.equal((await ask(port, '/', { Host: host })).status, 200, host);
  const others = [
    'clew.example',
    `clew.example:${port}`,
    `127.0.0.1.clew.example:${port}`,
    `127.0.0.1:${port + 1}`,
    '127.0.0.1',
    `127.0.0.2:${port}`,
    `0.0.0.0:${port}`,
    `localhost.:${port}`,
    `user@127.0.0.1:${port}`,
  ];
  for (const host of others) {
    const { status, body } = await ask(port, '/', { Host: host });
    assert.equal(status, 403, host);
    assert.equal(JSON.parse(body).code, 'CLEW_HOST_REFUSED');
  }
});

test('pages of other sites are refused, whatever they ask', async (t) => {
  const { port } = await serve(t);
  const refused: Record<string, string>[] = [
    { Origin: 'http://clew.example' },
    { Origin: 'null' },
    { Origin: `https://127.0.0.1:${port}` },
    { Origin: `http://127.0.0.1:${port}.clew.example` },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' },
  ];
  for (const headers of refused) {
    assert.equal((await ask(port, '/', headers)).status, 403, JSON.stringify(headers));
  }
  const welcome: Record<string, string>[] = [
    { Origin: `http://127.0.0.1:${port}`, 'Sec-Fetch-Site': 'same-origin' },
    { 'Sec-Fetch-Site': 'none' },
  ];
  for (const headers of welcome) {
    assert.equal((await ask(port, '/', headers)).status, 200, JSON.stringify(headers));
  }
});

test('a request without a Host header, or for a proxy, gets nothing', async (t) => {
  const { port } = await serve(t);
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      let answer = '';
      socket.on('data', (part) => {
        answer += part.toString();
      });
      socket.on('close', () => resolve(answer));
    });
  assert.match(await raw('GET / HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 403 /);
  assert.match(await raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /);
  assert.match(
    await raw('GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 403 /,
  );
  const own = `Host: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
  assert.match(await raw(`GET http://clew.example/ HTTP/1.1\r\n${own}`), /^HTTP\/1\.1 400 /);
});

test('it reads only', async (t) => {
  const { port } = await serve(t);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
    const { status, headers } = await ask(port, '/', {}, method);
    assert.equal(status, 405, method);
    assert.equal(headers.allow, 'GET, HEAD');
    assert.equal(headers['access-control-allow-origin'], undefined);
  }
  const { status, body, headers } = await ask(port, '/', {}, 'HEAD');
  assert.equal(status, 200);
  assert.equal(body, '');
  assert.ok(Number(headers['content-length']) > 0);
});

test('every answer carries the same strict headers', async (t) => {
  const { port } = await serve(t);
  for (const path of ['/', '/tx/1', '/nowhere', '/fault', '/stream']) {
    for (const accept of [BROWSER, {}]) {
      const { headers } = await ask(port, path, accept);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /^default-src 'none'; /);
      assert.match(policy, /script-src 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|http:|https:/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    }
  }
});

test('the page’s own style is what the policy lets through, and nothing else is inline', async (t) => {
  const { port } = await serve(t);
  const { body, headers } = await ask(port, '/', BROWSER);
  const styles = [...body.matchAll(/<style>([\s\S]*?)<\/style>/g)].map((match) => match[1]!);
  assert.equal(styles.length, 1);
  const digest = createHash('sha256').update(styles[0]!).digest('base64');
  assert.ok(String(headers['content-security-policy']).includes(`style-src 'sha256-${digest}'`));
  assert.doesNotMatch(body, /<script|\sstyle=|\son[a-z]+=/i);
});

test('what strangers wrote is text in the page, never markup', async (t) => {
  const { port } = await serve(t);
  const { body } = await ask(port, '/', BROWSER);
  assert.ok(body.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
  assert.ok(body.includes('value="&quot;&gt;&lt;img src=x&gt;"'));
  assert.ok(body.includes('<title>Overview &lt;1&gt; · Clew</title>'));
  assert.ok(
    body.includes(
      'The ledger of main ends at block 0, <time datetime="2009-01-03T18:15:05Z">2009-01-03 18:15:05 UTC</time>',
    ),
  );
  assert.ok(body.includes('<a href="/" aria-current="page">Overview</a>'));
});

test('routes: parameters are decoded, fixed segments win, the query is given', async (t) => {
  const { port } = await serve(t);
  const answer = async (path: string): Promise<unknown> => JSON.parse((await ask(port, path)).body);
  assert.deepEqual(await answer('/tx/ab%2Fc?n=3&x=1'), { txid: 'ab/c', n: '3' });
  assert.deepEqual(await answer('/tx/latest'), 'the fixed one');
  assert.deepEqual(await answer('/'), { value: '1152921504606846976' });
  assert.equal((await ask(port, '/tx/')).status, 404);
  assert.equal((await ask(port, '/tx/1/2')).status, 404);
  assert.equal((await ask(port, '/%zz')).status, 400);
  assert.equal((await ask(port, '/../etc/passwd')).status, 404);
  const stream = await ask(port, '/stream');
  assert.equal(stream.body, 'a,b\n');
  assert.equal(stream.headers['content-disposition'], 'attachment; filename="x.csv"');
});

test('errors are pages for people and problem+json for programs', async (t) => {
  const { port, faults } = await serve(t);
  const problem = await ask(port, '/missing');
  assert.equal(problem.status, 404);
  assert.equal(problem.headers['content-type'], 'application/problem+json');
  const { type, status, code, detail, hint, facts } = JSON.parse(problem.body);
  assert.equal(type, 'urn:clew:error:CLEW_TX_NOT_FOUND');
  assert.equal(status, 404);
  assert.equal(code, 'CLEW_TX_NOT_FOUND');
  assert.equal(detail, 'No <b>such</b> transaction.');
  assert.match(hint, /clew status/);
  assert.deepEqual(facts, { txid: '<i>' });

  const page = await ask(port, '/missing', BROWSER);
  assert.equal(page.status, 404);
  assert.ok(page.body.includes('<h1>No &lt;b&gt;such&lt;/b&gt; transaction.</h1>'));
  assert.ok(page.body.includes('<dt>txid</dt><dd>&lt;i&gt;</dd>'));

  for (const accept of [BROWSER, {}]) {
    const fault = await ask(port, '/fault', accept);
    assert.equal(fault.status, 500);
    assert.ok(fault.body.includes('CLEW_INTERNAL'));
    assert.ok(!fault.body.includes('secret'));
  }
  assert.deepEqual(faults, ['secret of the inside', 'secret of the inside']);
});

test('a port in use is named', async (t) => {
  const { port } = await serve(t);
  await assert.rejects(startServer({ port, routes: ROUTES }), {
    code: 'CLEW_PORT_BUSY',
    message: `Port ${port} is in use.`,
  });
});

test('it listens on 127.0.0.1 and on no other address', async (t) => {
  const { port } = await serve(t);
  await new Promise<void>((resolve, reject) => {
    // On Linux all of 127/8 leads here, so 127.0.0.2 shows whether it listens on every address.
    const socket = connect(port, '127.0.0.2');
    socket.on('connect', () => reject(new Error('answered on 127.0.0.2')));
    socket.on('error', () => resolve());
    socket.setTimeout(2000, () => {
      socket.destroy();
      resolve();
    });
  });
});
