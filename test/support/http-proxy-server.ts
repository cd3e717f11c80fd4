/** An HTTP proxy in this process: CONNECT and whole URLs; all names lead to one port. Notes what it was asked for. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface HttpProxyServer {
  readonly port: number;
  /** `CONNECT name:443` or `GET http://name/path`, in order. */
  readonly asked: string[];
  close(): void;
}

export interface HttpProxyOptions {
  readonly toPort: number;
  /** The value wanted of the Proxy-Authorization header. */
  readonly authorization?: string;
  /** Answers every CONNECT with this. */
  readonly refuseWith?: number;
  /** The way to the proxy is TLS too. */
  readonly certificate?: { readonly key: string; readonly cert: string };
}

export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxyServer> {
  const { toPort, authorization, refuseWith, certificate } = options;
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server = certificate ? createSecureServer({ ...certificate }) : createServer();
  server.on('request', (incoming, answer) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    const { pathname, search } = new URL(incoming.url ?? '');
    const headers = { ...incoming.headers };
    const onward = request({ port: toPort, path: pathname + search, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 0, response.headers);
      response.pipe(answer);
    });
    incoming.pipe(onward);
  });
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (incoming, socket: Socket) => {
    asked.push(`CONNECT ${incoming.url}`);
    const isRefused =
      authorization !== undefined && incoming.headers['proxy-authorization'] !== authorization;
    const status = isRefused ? 407 : (refuseWith ?? 200);
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 5\r\n\r\nproxy`);
      return;
    }
    socket.write('HTTP/1.1 200 Connected\r\n\r\n');
    const target = connect(toPort, '127.0.0.1');
    target.on('error', () => socket.destroy());
    target.on('close', () => socket.destroy());
    socket.on('error', () => target.destroy());
    socket.on('close', () => target.destroy());
    socket.pipe(target);
    target.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
