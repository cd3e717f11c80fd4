/** One request and its answer, within limits of time and size. */
import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ClewError } from '../errors.ts';
import { type ExchangeStage, errorOfCause, type RemoteName, remoteError } from './remote-error.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface Exchange {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly agent: Agent;
  /** Certificates to trust; undefined for the usual ones. */
  readonly ca?: readonly string[];
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  /** For all of it. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly signal: AbortSignal;
  readonly remote: RemoteName;
}

/** What the caller may want to know of a request that failed. */
export interface ExchangeTrace {
  /** The connection had been used before: the server may have closed it while it was idle. */
  reused: boolean;
}

const unzip = promisify(gunzip);

/**
 * Sends a request and reads the whole answer.
 *
 * @param trace is filled while the request goes on
 * @throws ClewError CLEW_REMOTE_UNREACHABLE, _SLOW, _CUT, _CERTIFICATE, _TOO_LARGE, _FORMAT; CLEW_PROXY; CLEW_INTERRUPTED
 */
export async function exchange(asked: Exchange, trace: ExchangeTrace): Promise<HttpAnswer> {
  const answer = await new RunningExchange(asked, trace).answer;
  const encoding = answer.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return answer;
  return { ...answer, body: await unpacked(answer.body, encoding, asked) };
}

async function unpacked(body: Uint8Array, encoding: string, asked: Exchange): Promise<Uint8Array> {
  const { remote, bodyBytesMax } = asked;
  if (body.length === 0) return body;
  if (encoding !== 'gzip') {
    throw remoteError('CLEW_REMOTE_FORMAT', `${remote.host} packs its answer unasked.`, remote);
  }
  try {
    return await unzip(body, { maxOutputLength: bodyBytesMax });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(asked);
    if (code === 'Z_BUF_ERROR') {
      throw remoteError('CLEW_REMOTE_CUT', `The answer of ${remote.host} has no end.`, remote);
    }
    throw remoteError(
      'CLEW_REMOTE_FORMAT',
      `The answer of ${remote.host} can not be unpacked.`,
      remote,
    );
  }
}

function tooLarge({ remote, bodyBytesMax }: Exchange): ClewError {
  const message = `The answer of ${remote.host} is larger than ${bodyBytesMax} bytes.`;
  return remoteError('CLEW_REMOTE_TOO_LARGE', message, remote, { bodyBytesMax });
}

/** The state of a request under way: which limit holds now, and that it ends once only. */
class RunningExchange {
  readonly answer: Promise<HttpAnswer>;
  readonly #asked: Exchange;
  readonly #trace: ExchangeTrace;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: ClewError) => void;
  readonly #onAbort: () => void;
  #stage: ExchangeStage = 'connecting';
  #request: ClientRequest | undefined;
  #stageTimer: NodeJS.Timeout | undefined;
  #wholeTimer: NodeJS.Timeout | undefined;
  #isDone = false;

  constructor(asked: Exchange, trace: ExchangeTrace) {
    this.#asked = asked;
    this.#trace = trace;
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
    this.answer = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onAbort = () => this.#fail(interrupted());
    this.#start();
  }

  #start(): void {
    const { url, method, headers, agent, ca, body, signal, timeoutMs, connectTimeoutMs, remote } =
      this.#asked;
    if (signal.aborted) {
      this.#fail(interrupted());
      return;
    }
    signal.addEventListener('abort', this.#onAbort, { once: true });
    this.#wholeTimer = setTimeout(() => this.#tooSlow(timeoutMs, 'whole'), timeoutMs);
    this.#limitStage(connectTimeoutMs);
    const options: RequestOptions & { ca?: string[] } = {
      method,
      agent,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
      path: `${url.pathname}${url.search}`,
      ...(ca === undefined ? {} : { ca: [...ca] }),
    };
    try {
      const request = url.protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
      this.#request = request;
      request.once('socket', (socket) => this.#onSocket(socket));
      request.once('response', (response) => this.#onResponse(response));
      request.once('proxyConnect', (answer: { statusCode?: number }) => {
        // Else the proxy's own answer would be taken for the server's.
        const status = answer.statusCode;
        if (status !== undefined && status !== 200) this.#fail(proxyRefused(remote, status));
      });
      request.on('error', (error) => this.#fail(errorOfCause(error, this.#stage, remote)));
      request.end(body);
    } catch {
      // Node refuses characters in a path or header before anything is sent.
      this.#fail(new ClewError('CLEW_USAGE', `A request to ${remote.host} is malformed.`));
    }
  }

  #onSocket(socket: Socket): void {
    this.#trace.reused = this.#request?.reusedSocket === true;
    const isSecure = this.#asked.url.protocol === 'https:';
    const event = isSecure ? 'secureConnect' : 'connect';
    const isOpen = isSecure ? this.#trace.reused : !socket.connecting;
    if (isOpen) this.#onConnected();
    else socket.once(event, () => this.#onConnected());
  }

  #onConnected(): void {
    if (this.#isDone || this.#stage !== 'connecting') return;
    this.#stage = 'waiting';
    this.#limitStage(this.#asked.firstByteTimeoutMs);
  }

  #onResponse(response: IncomingMessage): void {
    this.#stage = 'receiving';
    clearTimeout(this.#stageTimer);
    const { remote, bodyBytesMax } = this.#asked;
    if (Number(response.headers['content-length'] ?? 0) > bodyBytesMax) {
      this.#fail(tooLarge(this.#asked));
      return;
    }
    const parts: Buffer[] = [];
    let bytes = 0;
    response.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > bodyBytesMax) {
        this.#fail(tooLarge(this.#asked));
        return;
      }
      parts.push(part);
    });
    response.once('error', (error) => this.#fail(errorOfCause(error, 'receiving', remote)));
    response.once('close', () => {
      if (response.complete) {
        const { statusCode: status = 0, headers } = response;
        this.#succeed({ status, headers, body: Buffer.concat(parts) });
      } else {
        const message = `${remote.host} broke off in the middle of an answer.`;
        this.#fail(remoteError('CLEW_REMOTE_CUT', message, remote, { bytes }));
      }
    });
  }

  #limitStage(milliseconds: number): void {
    clearTimeout(this.#stageTimer);
    this.#stageTimer = setTimeout(() => this.#tooSlow(milliseconds, this.#stage), milliseconds);
  }

  #tooSlow(limitMs: number, stage: string): void {
    const { remote } = this.#asked;
    const message = `${remote.host} did not answer within ${limitMs} ms.`;
    this.#fail(remoteError('CLEW_REMOTE_SLOW', message, remote, { limitMs, stage }));
  }

  #succeed(answer: HttpAnswer): void {
    if (this.#isDone) return;
    this.#finish();
    this.#resolve(answer);
  }

  #fail(error: ClewError): void {
    if (this.#isDone) return;
    this.#finish();
    this.#request?.destroy();
    this.#reject(error);
  }

  #finish(): void {
    this.#isDone = true;
    clearTimeout(this.#stageTimer);
    clearTimeout(this.#wholeTimer);
    this.#asked.signal.removeEventListener('abort', this.#onAbort);
  }
}

function interrupted(): ClewError {
  return new ClewError('CLEW_INTERRUPTED', 'A request was stopped before its answer.');
}

function proxyRefused(remote: RemoteName, status: number): ClewError {
  const { host, proxy = '' } = remote;
  // The proxy works, but what stands behind it does not (RFC 9110 sections 15.6.3, 15.6.5).
  if (status === 502 || status === 503 || status === 504) {
    const message = `The proxy ${proxy} can not reach ${host} (HTTP ${status}).`;
    return remoteError('CLEW_REMOTE_UNREACHABLE', message, remote, { status });
  }
  const message = `The proxy ${proxy} refuses to be used for this (HTTP ${status}).`;
  return remoteError('CLEW_PROXY', message, remote, { status });
}
