/**
 * The HTTP server: on 127.0.0.1 alone, reading only, nothing kept by the browser.
 *
 * Every answer goes through here, so the checks and headers hold for all of them.
 */

import { hash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ClewError, ClewError as CodedError } from '../errors.ts';
import { anyError } from './any-error.ts';
import { checkCaller, ownHosts } from './caller-check.ts';
import { type Answer, createRouter, type PageAllows, type Routes } from './router.ts';

const ADDRESS = '127.0.0.1';
/** Nobody on this machine needs longer to send a request without a body. */
const REQUEST_TIMEOUT_MS = 10_000;
const CONNECTIONS_MAX = 256;

export interface ServerSettings {
  /** 0 takes a free port. */
  readonly port: number;
  readonly routes: Routes;
  /** Answers everything below a path in its own way, errors too. */
  readonly mount?: Mount;
  /** Shows an error to a person; without it, and to programs, errors are problem+json (RFC 9457). */
  readonly errorPage?: (error: ClewError) => Answer;
  /** Told of faults (CLEW_INTERNAL), which callers see only as a code. */
  readonly onFault?: (error: ClewError) => void;
}

export interface Mount {
  /** For example `/api`: the paths that begin with it and a `/`. */
  readonly prefix: string;
  answer(path: string, query: URLSearchParams, signal: AbortSignal): Promise<Answer>;
}

export interface RunningServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts listening.
 *
 * @throws {ClewError} CLEW_PORT_BUSY
 */
export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const router = createRouter(settings.routes);
  let hosts: ReadonlySet<string> = new Set();
  const server = createServer((request, response) => {
    respond(request, response, settings, hosts, router).catch((error: unknown) => {
      // The answer had begun: all that is left is to cut it off, so that nobody takes it for whole.
      settings.onFault?.(anyError(error));
      response.destroy();
    });
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, settings.port);
  hosts = ownHosts(port);
  return {
    port,
    url: `http://${ADDRESS}:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EACCES' ? 'may not be used without more rights' : 'is in use';
      reject(
        error.code === 'EADDRINUSE' || error.code === 'EACCES'
          ? new CodedError('CLEW_PORT_BUSY', `Port ${port} ${reason}.`, { port }, error)
          : error,
      );
    });
    server.listen(port, ADDRESS, () => resolve((server.address() as AddressInfo).port));
  });
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  settings: ServerSettings,
  hosts: ReadonlySet<string>,
  router: ReturnType<typeof createRouter>,
): Promise<void> {
  request.resume();
  const gone = new AbortController();
  // Aborting costs more than a short answer: only when somebody really went away.
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  const wantsJson = prefersJson(request.headers.accept);
  let answer: Answer;
  try {
    checkCaller(request.headers, hosts);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new CodedError('CLEW_METHOD_REFUSED', `${request.method} is not answered.`);
    }
    const { path, query } = splitTarget(request.url ?? '');
    const { mount } = settings;
    if (mount !== undefined && path.startsWith(`${mount.prefix}/`)) {
      answer = await mount.answer(path, query, gone.signal);
    } else {
      const found = router(path);
      if (found === undefined) {
        throw new CodedError('CLEW_PAGE_NOT_FOUND', 'There is no such page.');
      }
      answer = await found.handler({ params: found.params, query, wantsJson, signal: gone.signal });
    }
  } catch (thrown) {
    const error = anyError(thrown);
    if (error.code === 'CLEW_INTERNAL') settings.onFault?.(error);
    answer = errorAnswer(error, wantsJson, settings.errorPage);
  }
  await send(request, response, answer);
}

/** Only the plain form `/path?query`: a full URL in the request line is for proxies. */
function splitTarget(target: string): { path: string; query: URLSearchParams } {
  if (!target.startsWith('/')) {
    throw new CodedError('CLEW_USAGE', 'The request line does not begin with a path.');
  }
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, query: new URLSearchParams() };
  return { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
}

/** Browsers name text/html; programs name JSON, or nothing in particular. */
function prefersJson(accept: string | undefined): boolean {
  if (accept === undefined) return true;
  return !/\btext\/html\b/.test(accept);
}

function errorAnswer(
  error: ClewError,
  wantsJson: boolean,
  errorPage: ServerSettings['errorPage'],
): Answer {
  if (!wantsJson && errorPage !== undefined) return errorPage(error);
  // What broke inside is for the log of the server, not for the caller.
  const isFault = error.code === 'CLEW_INTERNAL';
  const body = {
    type: `urn:clew:error:${error.code}`,
    title: error.hint,
    status: error.httpStatus,
    detail: isFault ? 'A fault inside Clew.' : error.message,
    code: error.code,
    hint: error.hint,
    facts: isFault ? {} : error.facts,
  };
  return {
    status: error.httpStatus,
    type: 'application/problem+json',
    body: `${JSON.stringify(body)}\n`,
  };
}

/** `'sha256-…'` of each inline text, as a content security policy names it. */
function cspHashes(texts: readonly string[] | undefined): string {
  if (texts === undefined || texts.length === 0) return "'none'";
  return texts.map((text) => `'sha256-${hash('sha256', text, 'base64')}'`).join(' ');
}

/** Nothing from anywhere, but images of this server and the inline parts that the page declares. */
function contentSecurityPolicy(allows: PageAllows = {}): string {
  return [
    "default-src 'none'",
    `style-src ${cspHashes(allows.styles)}`,
    `script-src ${cspHashes(allows.scripts)}`,
    "img-src 'self' data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): Promise<void> {
  const { body } = answer;
  const tag = answer.headers?.['ETag'];
  const isKnown = tag !== undefined && request.headers['if-none-match'] === tag;
  const status = isKnown ? 304 : (answer.status ?? 200);
  response.writeHead(status, {
    ...answer.headers,
    ...(status === 405 && { Allow: 'GET, HEAD' }),
    'Content-Type': answer.type,
    'Content-Security-Policy': contentSecurityPolicy(answer.allows),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    Vary: 'Accept, Origin, Sec-Fetch-Site',
    ...(typeof body === 'string' && { 'Content-Length': Buffer.byteLength(body) }),
    ...(body instanceof Uint8Array && { 'Content-Length': body.length }),
  });
  if (isKnown || request.method === 'HEAD') response.end();
  else if (typeof body === 'string' || body instanceof Uint8Array) response.end(body);
  else await pipeline(Readable.from(body), response);
}
