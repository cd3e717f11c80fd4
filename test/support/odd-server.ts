/** Servers that behave as told, for tests of whoever asks them. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export type Behaviour = (request: IncomingMessage, answer: ServerResponse) => void;

export interface OddServer {
  readonly port: number;
  readonly url: URL;
  /** Paths asked for, in order. */
  readonly asked: string[];
}

/** An HTTP server, or HTTPS with a certificate, that ends with the test. */
export async function oddServer(
  t: TestContext,
  behaviour: Behaviour,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<OddServer> {
  const asked: string[] = [];
  const listener: Behaviour = (request, answer) => {
    asked.push(request.url ?? '');
    behaviour(request, answer);
  };
  const server =
    certificate === undefined
      ? createServer(listener)
      : createSecureServer({ key: certificate.key, cert: certificate.cert }, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const scheme = certificate === undefined ? 'http' : 'https';
  return { port, url: new URL(`${scheme}://127.0.0.1:${port}/`), asked };
}

/** A server that writes bytes of its own to whoever connects: HTTP is not kept for it. */
export async function rawServer(
  t: TestContext,
  onRequest: (socket: Socket) => void,
): Promise<OddServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => onRequest(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: new URL(`http://127.0.0.1:${port}/`), asked: [] };
}
