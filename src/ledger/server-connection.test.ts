/** What a database server, or something else in its place, can do to us. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import {
  type ClickhouseServers,
  hasClickhouse,
  startClickhouse,
} from '../../test/support/clickhouse-server.ts';
import { testCertificate } from '../../test/support/test-certificate.ts';
import { ClewError } from '../errors.ts';
import type { LedgerServers } from './ledger-servers.ts';
import { U64Values } from './native-block.ts';
import { nativeBody, ServerConnection } from './server-connection.ts';

const PASSWORD = 'geheim-7';
const quick = { writePatienceMs: 5_000, readPatienceMs: 100, readTimeoutMs: 300 };

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connect(url: string, others: Partial<LedgerServers> = {}): ServerConnection {
  const place = { name: 'x', database: 'clew', urls: [url], user: 'ana', password: PASSWORD };
  const connection = new ServerConnection({ ...place, ...quick, ...others }, url);
  after(() => connection.close());
  return connection;
}

/** The error of a greeting, in which no secret may be. */
async function refusal(connection: ServerConnection): Promise<ClewError> {
  const error: unknown = await connection.greet().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ClewError, String(error));
  assert.ok(!`${error.message} ${JSON.stringify(error.facts)}`.includes(PASSWORD));
  return error;
}

const page = (status: number, text: string): RequestListener => {
  return (_, response) => response.writeHead(status).end(text);
};

const ODD: readonly { what: string; code: string; answer: RequestListener }[] = [
  { what: 'a page of a proxy', code: 'CLEW_REMOTE_FORMAT', answer: page(200, '<html>hi</html>') },
  { what: 'an error page', code: 'CLEW_REMOTE_FORMAT', answer: page(500, '<h1>Sorry</h1>') },
  {
    what: 'a proxy without us',
    code: 'CLEW_REMOTE_BUSY',
    answer: page(502, '<h1>Bad Gateway</h1>'),
  },
  { what: 'too many', code: 'CLEW_REMOTE_BUSY', answer: page(429, 'slow down') },
  { what: 'nothing', code: 'CLEW_REMOTE_FORMAT', answer: page(200, '') },
  {
    what: 'a redirect',
    code: 'CLEW_REMOTE_REDIRECT',
    answer: (_, response) => response.writeHead(302, { location: 'http://elsewhere/' }).end(),
  },
  { what: 'an older version', code: 'CLEW_ENGINE_OLD', answer: page(200, '18.14.19\n') },
  { what: 'a much older version', code: 'CLEW_ENGINE_OLD', answer: page(200, '1.1.54380\n') },
  {
    what: 'half an answer',
    code: 'CLEW_REMOTE_CUT',
    answer: (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('18.');
      setTimeout(() => response.destroy(), 20);
    },
  },
  {
    what: 'no end',
    code: 'CLEW_REMOTE_TOO_LARGE',
    answer: (_, response) => {
      const piece = Buffer.alloc(2 ** 16, '1');
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', more);
      more();
    },
  },
  { what: 'silence', code: 'CLEW_REMOTE_SLOW', answer: () => undefined },
  {
    what: 'no such user',
    code: 'CLEW_ENGINE_AUTH',
    answer: page(500, 'Code: 192, e.displayText() = DB::Exception: Unknown user ana, geheim-7'),
  },
  {
    what: 'no such user, in the words of a current version',
    code: 'CLEW_ENGINE_AUTH',
    answer: page(
      403,
      'Code: 516. DB::Exception: ana: Authentication failed: geheim-7. (AUTHENTICATION_FAILED) (version 25.3.2.39)',
    ),
  },
  {
    what: 'a full disk',
    code: 'CLEW_NO_SPACE',
    answer: page(500, 'Code: 243, e.displayText() = DB::Exception: Cannot reserve 1.00 MiB'),
  },
  {
    what: 'a refusal without a name here',
    code: 'CLEW_ENGINE_REFUSED',
    answer: page(500, 'Code: 241, e.displayText() = DB::Exception: Memory limit'),
  },
];

test('what is no usable ClickHouse server is told apart, each by its code', async () => {
  for (const { what, code, answer } of ODD) {
    const error = await refusal(connect(await listen(createServer(answer))));
    assert.equal(error.code, code, what);
  }
  const nobody = createServer();
  const url = await listen(nobody);
  nobody.close();
  assert.equal((await refusal(connect(url))).code, 'CLEW_REMOTE_UNREACHABLE');
});

test('a certificate that nobody vouches for is refused, and trusted when it is named', async (t) => {
  const certificate = testCertificate(t, 'localhost');
  if (certificate === undefined) return;
  const { key, cert, path } = certificate;
  const answer = page(200, '18.14.1\n');
  const plain = await listen(createTlsServer({ key, cert }, answer));
  const url = plain.replace('http://127.0.0.1', 'https://localhost');
  assert.equal((await refusal(connect(url))).code, 'CLEW_REMOTE_CERTIFICATE');
  assert.equal((await refusal(connect(url, { caFile: path }))).code, 'CLEW_ENGINE_OLD');
});

/** A table with one column, as a server would keep it, that can be told to break. */
class OneTable {
  rows: number;
  inserts = 0;
  deletes = 0;
  readonly #breakAt: readonly ('before' | 'half' | 'after' | undefined)[];

  constructor(rows: number, breakAt: readonly ('before' | 'half' | 'after' | undefined)[]) {
    this.rows = rows;
    this.#breakAt = breakAt;
  }

  readonly answer: RequestListener = async (request, response) => {
    const sql = await sqlOf(request);
    if (/^INSERT/.test(sql)) {
      const fault = this.#breakAt[this.inserts];
      this.inserts += 1;
      if (fault !== 'before') this.rows += fault === 'half' ? 3 : 10;
      if (fault !== undefined) return void request.socket.destroy();
    }
    if (/^ALTER TABLE rows DELETE/.test(sql)) {
      this.deletes += 1;
      this.rows = 0;
    }
    if (/FROM rows/.test(sql)) return void response.end(`{"rows":"${this.rows}"}\n`);
    response.end(/system.mutations/.test(sql) ? '{"mutations":"0"}\n' : '{"queries":"0"}\n');
  };
}

async function sqlOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const asked = new URL(request.url!, 'http://x').searchParams.get('query');
  return (asked ?? Buffer.concat(parts).toString()).trim();
}

test('rows go in once, whatever became of the insert before', async () => {
  const id = new U64Values();
  for (let row = 0; row < 10; row += 1) id.push(row);
  const body = nativeBody({ id });
  for (const [table, inserts, deletes] of [
    [new OneTable(0, []), 1, 0],
    [new OneTable(10, []), 0, 0],
    [new OneTable(4, []), 1, 1],
    [new OneTable(0, ['before', 'before']), 3, 0],
    [new OneTable(0, ['half']), 2, 1],
    [new OneTable(0, ['after']), 1, 0],
    [new OneTable(0, ['half', 'before', 'half', 'after']), 4, 2],
  ] as const) {
    const connection = connect(await listen(createServer(table.answer)));
    await connection.insertOnce('rows', ['id'], 10, body, 'id < 10');
    assert.deepEqual([table.rows, table.inserts, table.deletes], [10, inserts, deletes]);
  }
});

let started: ClickhouseServers | undefined;
after(() => started?.close());

test('a real server: wrong database, user, password and rights', async (t) => {
  if (!hasClickhouse(t)) return;
  started = await startClickhouse({
    users: [
      { name: 'ana', password: PASSWORD },
      { name: 'reader', password: PASSWORD, readonly: 1 },
      { name: 'confined', password: PASSWORD, databases: ['other'] },
    ],
  });
  const [server] = started.servers;
  await server!.query('CREATE DATABASE clew');
  const { url } = server!;
  await connect(url).greet();
  const codeOf = async (others: Partial<LedgerServers>) => {
    return (await refusal(connect(url, others))).code;
  };
  assert.equal(await codeOf({ database: 'nowhere' }), 'CLEW_ENGINE_DATABASE');
  assert.equal(await codeOf({ user: 'nobody' }), 'CLEW_ENGINE_AUTH');
  assert.equal(await codeOf({ password: 'wrong' }), 'CLEW_ENGINE_AUTH');
  assert.match(await codeOf({ user: 'confined' }), /^CLEW_ENGINE_(AUTH|DATABASE)$/);
  const reader = connect(url, { user: 'reader' });
  await reader.greet();
  const create = 'CREATE TABLE x (id UInt64) ENGINE = MergeTree ORDER BY id';
  await assert.rejects(reader.command(create), { code: 'CLEW_ENGINE_AUTH' });
  const logged = readFileSync(`${server!.folder}/server.log`, 'utf8');
  assert.ok(!logged.includes(PASSWORD), 'no password in what the server logs');
});
