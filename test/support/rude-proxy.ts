/**
 * A real service seen through somebody who misbehaves: everything is passed on as it is, until told otherwise.
 *
 * So the same list of bad manners is tried on a node, a database and an Esplora server.
 */
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type Manners =
  /** As the service answers. */
  | 'pass'
  /** Takes the request and says nothing. */
  | 'slow'
  /** Announces the whole body, sends half of it and hangs up. */
  | 'cut'
  /** Too many requests, come again in an hour. */
  | 'busy'
  /** Sends whoever asks to another host. */
  | 'redirect'
  /** A page for people instead of an answer. */
  | 'page'
  /** Its own error page with status 500. */
  | 'broken'
  /** A body that does not end. */
  | 'endless'
  /** The body as `lie` changes it. */
  | 'lie';

export interface RudeProxy {
  readonly url: string;
  readonly port: number;
  manners: Manners;
  /** Only these requests are treated so; all unless told. */
  only: (path: string, body: string) => boolean;
  lie: (answer: Buffer, path: string, asked: string) => Buffer;
  /** How many requests came. */
  asked: number;
  /** How many came for the host that 'redirect' sends to: nobody should follow. */
  followed: number;
  close(): Promise<void>;
}

/** @param target where the service is: `http://127.0.0.1:port` */
export async function rudeProxy(
  target: string,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<RudeProxy> {
  const elsewhere = createServer((_, answer) => {
    proxy.followed += 1;
    answer.end('{}');
  });
  const elsewherePort = await listen(elsewhere);
  const listener = (request: IncomingMessage, answer: ServerResponse): void => {
    answer.on('error', () => undefined);
    request.on('error', () => undefined);
    handle(request, answer).catch(() => answer.destroy());
  };
  const server =
    certificate === undefined
      ? createServer(listener)
      : createSecureServer({ key: certificate.key, cert: certificate.cert }, listener);
  const port = await listen(server);
  const proxy: RudeProxy = {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    manners: 'pass',
    only: () => true,
    lie: (answer) => answer,
    asked: 0,
    followed: 0,
    close: async () => {
      for (const each of [server, elsewhere]) {
        each.close();
        each.closeAllConnections();
        await once(each, 'close');
      }
    },
  };

  async function handle(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    proxy.asked += 1;
    const asked = await buffer(request);
    const path = request.url ?? '/';
    const manners = proxy.only(path, asked.toString('latin1')) ? proxy.manners : 'pass';
    switch (manners) {
      case 'slow':
        return;
      case 'busy':
        answer.writeHead(429, { 'Retry-After': '3600' }).end('too many requests');
        return;
      case 'redirect':
        answer.writeHead(302, { Location: `http://127.0.0.1:${elsewherePort}${path}` }).end();
        return;
      case 'page':
        answer.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>Welcome!</html>');
        return;
      case 'broken':
        answer.writeHead(500, { 'Content-Type': 'text/html' }).end('<html>Sorry</html>');
        return;
      case 'endless': {
        answer.writeHead(200, { 'Content-Type': 'application/octet-stream' });
        const piece = Buffer.alloc(1 << 20, '1');
        const more = (): void => {
          while (!answer.destroyed && answer.write(piece));
        };
        answer.on('drain', more);
        more();
        return;
      }
      default:
    }
    const { status, headers, body } = await forward(target, request, asked);
    const told = manners === 'lie' ? proxy.lie(body, path, asked.toString('latin1')) : body;
    const sent = { ...headers, 'content-length': String(told.length) };
    if (manners === 'cut') {
      answer.writeHead(status, sent);
      answer.write(told.subarray(0, told.length >> 1), () => answer.destroy());
      return;
    }
    answer.writeHead(status, sent).end(told);
  }
  return proxy;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function forward(
  target: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  const { hostname, port } = new URL(target);
  const request = httpRequest({
    hostname,
    port,
    method,
    path: url,
    // Unpacked, so that it can be changed.
    headers: { ...headers, host: `${hostname}:${port}`, 'accept-encoding': 'identity' },
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await buffer(response);
  const kept = Object.entries(response.headers).filter(
    ([name]) => !['transfer-encoding', 'content-length', 'connection'].includes(name),
  );
  return {
    status: response.statusCode ?? 502,
    headers: Object.fromEntries(kept) as Record<string, string>,
    body: answer,
  };
}
