/**
 * A SOCKS5 proxy in this process (RFC 1928, RFC 1929), which notes what it was asked for: a name or an address.
 *
 * Names are never looked up: all of them lead to the one port given, so tests may ask for names that do not exist.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface SocksServer {
  readonly port: number;
  /** `name:example.test:80` or `address:1.2.3.4:80`, in order. */
  readonly asked: string[];
  /** What to answer with: 0 is success, 4 host unreachable. */
  reply: number;
  close(): void;
}

export interface SocksServerOptions {
  /** Where every connection leads. */
  readonly toPort: number;
  readonly user?: string;
  readonly password?: string;
}

export async function startSocksServer(options: SocksServerOptions): Promise<SocksServer> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  const proxy = { reply: 0 };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket, options, asked, proxy).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(proxy, {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}

async function serve(
  socket: Socket,
  { toPort, user, password }: SocksServerOptions,
  asked: string[],
  proxy: { reply: number },
): Promise<void> {
  const read = byteReader(socket);
  const [, methods = 0] = await read(2);
  const offered = await read(methods);
  const wants = user === undefined ? 0 : 2;
  if (!offered.includes(wants)) {
    socket.end(Buffer.from([5, 0xff]));
    return;
  }
  socket.write(Buffer.from([5, wants]));
  if (wants === 2) {
    const [, userBytes = 0] = await read(2);
    const givenUser = (await read(userBytes)).toString();
    const [passwordBytes = 0] = await read(1);
    const isRight = givenUser === user && (await read(passwordBytes)).toString() === password;
    socket.write(Buffer.from([1, isRight ? 0 : 1]));
    if (!isRight) {
      socket.end();
      return;
    }
  }
  const [, , , type] = await read(4);
  let host: string;
  if (type === 3) host = `name:${(await read((await read(1))[0] ?? 0)).toString()}`;
  else host = `address:${[...(await read(type === 1 ? 4 : 16))].join('.')}`;
  asked.push(`${host}:${(await read(2)).readUInt16BE()}`);
  socket.write(Buffer.from([5, proxy.reply, 0, 1, 0, 0, 0, 0, 0, 0]));
  if (proxy.reply !== 0) {
    socket.end();
    return;
  }
  const target = connect(toPort, '127.0.0.1');
  target.on('error', () => socket.destroy());
  target.on('close', () => socket.destroy());
  socket.on('close', () => target.destroy());
  socket.pipe(target);
  target.pipe(socket);
}

/** Reads so many bytes at a time, as they come. */
function byteReader(socket: Socket): (bytes: number) => Promise<Buffer> {
  return async (bytes) => {
    if (bytes === 0) return Buffer.alloc(0);
    for (;;) {
      const part = socket.read(bytes) as Buffer | null;
      if (part !== null) return part;
      await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
      if (socket.destroyed) throw new Error('closed');
    }
  };
}
