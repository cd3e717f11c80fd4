/**
 * The local socket of a server: other commands ask it, since only one process may open the data folder.
 *
 * It carries one command line in and its output back, as lines of JSON over a Unix domain socket that
 * only its owner may use (mode 0600, in a folder of mode 0700):
 *
 * ```
 * -> {"format":"clew-socket/1","argv":["tx","…"],"workingFolder":"/home/ana","terminal":{…}}
 * -> {"interrupt":true}                  when the caller pressed Ctrl-C
 * <- {"stdout":"…"}  {"stderr":"…"}      as it comes, in order
 * <- {"exit":0}                          the last line
 * ```
 *
 * A caller that goes away aborts its command.
 */
import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../bytes/hash.ts';
import { ClewError } from '../errors.ts';

const FORMAT = 'clew-socket/1';
/** sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero included. */
const PATH_BYTES_MAX = 100;
/** A command line is short: more than this is no request of ours. */
const REQUEST_CHARS_MAX = 1_000_000;
const CONNECTIONS_MAX = 64;

export interface LocalRequest {
  readonly argv: readonly string[];
  readonly workingFolder: string;
  readonly terminal: {
    readonly stdoutIsTerminal: boolean;
    readonly stderrIsTerminal: boolean;
    readonly columns: number;
  };
}

/** Where output of the command goes; the promise of `write` resolves when there is room for more. */
export interface LocalOutput {
  readonly stdout: { write(text: string): Promise<void> | void };
  readonly stderr: { write(text: string): Promise<void> | void };
}

/** Runs one command line and gives its exit code. */
export type LocalHandler = (
  request: LocalRequest,
  output: LocalOutput,
  signal: AbortSignal,
) => Promise<number>;

export interface LocalSocket {
  readonly path: string;
  /** Stops listening, aborts what still runs and removes the socket. */
  close(): Promise<void>;
}

/**
 * Where the socket of a data folder lies: in the folder, or under the user's runtime folder when that
 * path is too long for a socket.
 *
 * @throws {ClewError} CLEW_FILE_UNREADABLE when the only place left belongs to somebody else
 */
export function localSocketPath(dataFolder: string): string {
  const direct = join(dataFolder, 'socket');
  if (Buffer.byteLength(direct) <= PATH_BYTES_MAX) return direct;
  const { uid } = userInfo();
  const runtime = process.env.XDG_RUNTIME_DIR ?? tmpdir();
  const folder = join(runtime, `clew-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // In a shared temporary folder anybody could have made it first, to listen in our place.
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
    throw new ClewError(
      'CLEW_FILE_UNREADABLE',
      `${folder} is not a private folder of this user, so no socket is opened there.`,
      { path: folder },
    );
  }
  return join(folder, `${sha256Hex(dataFolder).slice(0, 24)}.socket`);
}

/**
 * Listens for commands. The caller holds the lock of the data folder, so a socket that lies there
 * already was left by a process that died.
 */
export async function listenLocally(path: string, handler: LocalHandler): Promise<LocalSocket> {
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    answer(socket, handler);
  });
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // `listen` binds at once, so the mode is right from the first moment on.
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
  chmodSync(path, 0o600);
  return {
    path,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      rmSync(path, { force: true });
    },
  };
}

/** Serves one connection: one request, then its output. */
function answer(socket: Socket, handler: LocalHandler): void {
  const abort = new AbortController();
  const send = (message: object): Promise<void> => {
    if (socket.destroyed) return Promise.resolve();
    const hasRoom = socket.write(`${JSON.stringify(message)}\n`);
    if (hasRoom) return Promise.resolve();
    return new Promise((resolve) => {
      const go = (): void => {
        socket.removeListener('drain', go);
        socket.removeListener('close', go);
        resolve();
      };
      socket.on('drain', go);
      socket.on('close', go);
    });
  };
  let started = false;
  readLines(socket, REQUEST_CHARS_MAX, (message) => {
    if (started) {
      if (message.interrupt === true) abort.abort();
      return;
    }
    started = true;
    const request = parseRequest(message);
    if (request === undefined) {
      socket.destroy();
      return;
    }
    const output: LocalOutput = {
      stdout: { write: (text) => send({ stdout: text }) },
      stderr: { write: (text) => send({ stderr: text }) },
    };
    handler(request, output, abort.signal).then(
      (exit) => void send({ exit }).then(() => socket.end()),
      // The handler prints errors itself: one that comes here is a fault, and the caller sees a cut line.
      () => socket.destroy(),
    );
  });
  // The caller keeps its side open until it has the exit code: an early end means that it went away.
  socket.on('end', () => abort.abort());
  socket.on('error', () => abort.abort());
  socket.on('close', () => abort.abort());
}

function parseRequest(message: Record<string, unknown>): LocalRequest | undefined {
  const { format, argv, workingFolder, terminal } = message;
  const isText = (value: unknown): value is string => typeof value === 'string';
  if (format !== FORMAT || !Array.isArray(argv) || !argv.every(isText)) return undefined;
  if (!isText(workingFolder) || typeof terminal !== 'object' || terminal === null) return undefined;
  const { stdoutIsTerminal, stderrIsTerminal, columns } = terminal as Record<string, unknown>;
  return {
    argv,
    workingFolder,
    terminal: {
      stdoutIsTerminal: stdoutIsTerminal === true,
      stderrIsTerminal: stderrIsTerminal === true,
      columns: typeof columns === 'number' ? columns : 80,
    },
  };
}

/** Calls back for each line that is a JSON object; ends the connection on anything else. */
function readLines(
  socket: Socket,
  lineCharsMax: number,
  onMessage: (message: Record<string, unknown>) => void,
): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    rest += chunk;
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      const line = rest.slice(from, end);
      from = end + 1;
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        socket.destroy();
        return;
      }
      if (typeof message === 'object' && message !== null) {
        onMessage(message as Record<string, unknown>);
      }
    }
    rest = rest.slice(from);
    if (rest.length > lineCharsMax) socket.destroy();
  });
}

/**
 * Has the server at the other end of the socket run a command line, and passes its output on.
 *
 * @returns the exit code; undefined when nobody listens there any more
 * @throws {ClewError} CLEW_INTERRUPTED when the server ended in the middle
 */
export function askLocally(
  path: string,
  request: LocalRequest,
  output: LocalOutput,
  signal: AbortSignal,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let connected = false;
    let exit: number | undefined;
    /** Output is passed on in order, however slow the reader is. */
    let written: Promise<void> = Promise.resolve();
    const interrupt = (): void => {
      socket.write(`${JSON.stringify({ interrupt: true })}\n`);
    };
    socket.on('connect', () => {
      connected = true;
      socket.write(`${JSON.stringify({ format: FORMAT, ...request })}\n`);
      if (signal.aborted) interrupt();
      else signal.addEventListener('abort', interrupt, { once: true });
    });
    readLines(socket, Number.POSITIVE_INFINITY, ({ stdout, stderr, exit: code }) => {
      const pass = (sink: LocalOutput['stdout'], text: string): void => {
        socket.pause();
        written = written.then(() => sink.write(text)).then(() => void socket.resume());
        written.catch((error: unknown) => {
          socket.destroy();
          reject(error);
        });
      };
      if (typeof stdout === 'string') pass(output.stdout, stdout);
      if (typeof stderr === 'string') pass(output.stderr, stderr);
      if (typeof code === 'number') {
        exit = code;
        socket.end();
      }
    });
    // A missing or refused socket is told by `close`, which always follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      signal.removeEventListener('abort', interrupt);
      if (exit !== undefined || !connected) {
        written.then(() => resolve(exit), reject);
        return;
      }
      reject(
        new ClewError('CLEW_INTERRUPTED', 'The server that was asked ended before its answer.', {
          socket: path,
        }),
      );
    });
  });
}
