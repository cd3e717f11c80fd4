/**
 * Requests to one server over HTTP, with what the open network asks for: limits of time and size, a second try, a measured
 * pace, proxies, and a coded error for each thing that goes wrong.
 *
 * Redirects are followed within the same origin only: what is asked (addresses of a case) and who asks must not be passed on
 * to a host that nobody chose. User, password and cookies of a URL never get into a message.
 */
import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../bytes/seeded-random.ts';
import { type Clock, systemClock } from '../clock.ts';
import { ClewError } from '../errors.ts';
import { connectionAgent, trustedCertificates } from './http-agent.ts';
import { type ExchangeTrace, exchange, type HttpAnswer } from './http-exchange.ts';
import { type RemoteName, remoteError } from './remote-error.ts';
import { remoteTimeoutMs } from './remote-timeout.ts';
import { RequestPace, type Sleep } from './request-pace.ts';
import { backOffMs, retryAfterMs } from './retry-delay.ts';

export type { HttpAnswer } from './http-exchange.ts';

export interface HttpClientOptions {
  /** User and password in it go into the Authorization header and out of every message. */
  readonly base: URL;
  /** Value of the Authorization header, read anew for each request (cookie files change); goes before that of `base`. */
  readonly authorization?: () => string | undefined;
  /** `socks5://`, `socks5h://`, `http://` or `https://`; names are resolved by the proxy. */
  readonly proxy?: URL;
  /** Certificates in PEM, trusted beside the usual ones. */
  readonly caFile?: string;
  /** For one exchange as a whole; 60 s. `CLEW_REMOTE_TIMEOUT` goes before it, see `remote-timeout.ts`. */
  readonly timeoutMs?: number;
  /** Until a connection stands; 15 s, and never more than the whole. */
  readonly connectTimeoutMs?: number;
  /** From there to the first byte of the answer; as the whole. */
  readonly firstByteTimeoutMs?: number;
  /** 64 MiB, after unpacking. */
  readonly bodyBytesMax?: number;
  /** How often a request is repeated: GET, and POST that is marked idempotent; 4. */
  readonly retries?: number;
  /** A server that asks for a longer pause than this is not waited for; 60 s. */
  readonly retryAfterMsMax?: number;
  /** No request is sent beyond so many, repeated ones counted: CLEW_REMOTE_BUDGET. */
  readonly requestsMax?: number;
  /** Requests begun in a second; as many as come. */
  readonly ratePerSecond?: number;
  /** Requests under way at once, and connections; 8. */
  readonly concurrency?: number;
  readonly userAgent?: string;
  /** For tests: time, waiting and chance (a number in [0, 1)). */
  readonly clock?: Clock;
  readonly sleep?: Sleep;
  readonly chance?: () => number;
}

export interface HttpGetOptions {
  readonly signal?: AbortSignal;
  readonly accept?: string;
  /** Statuses that are an answer; others are CLEW_REMOTE_STATUS or _BUSY. [200]. */
  readonly okStatus?: readonly number[];
  /** Instead of the client's. */
  readonly timeoutMs?: number;
  readonly bodyBytesMax?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpPostOptions extends HttpGetOptions {
  readonly contentType?: string;
  /** Asking twice does no harm, so the request may be repeated. */
  readonly isIdempotent?: boolean;
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly options: HttpGetOptions;
  readonly isRepeatable: boolean;
}

const REDIRECTS_MAX = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Too many requests, bad gateway, not available, gateway too slow. */
const BUSY = new Set([429, 502, 503, 504]);
/** Failures after which the next try may fare better. */
const PASSING = new Set(['CLEW_REMOTE_UNREACHABLE', 'CLEW_REMOTE_SLOW', 'CLEW_REMOTE_CUT']);
/** A name that does not exist will not exist in a second. */
const LASTING = new Set(['ENOTFOUND', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER']);

const sleepFor: Sleep = async (milliseconds, signal) => {
  await delay(milliseconds, undefined, signal === undefined ? {} : { signal });
};

/**
 * A client for one server. Close it: connections are kept open.
 *
 * @example
 *   const client = new HttpClient({ base: new URL('http://127.0.0.1:8332/') });
 *   const { body } = await client.get('rest/chaininfo.json');
 *   client.close();
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agent: Agent;
  readonly #ca: readonly string[] | undefined;
  readonly #pace: RequestPace;
  readonly #closing = new AbortController();
  readonly #clock: Clock;
  readonly #sleep: Sleep;
  readonly #chance: () => number;
  readonly #toldTimeoutMs: number | undefined;
  #requests = 0;

  /** @throws ClewError CLEW_USAGE, CLEW_PROXY, CLEW_FILE_MISSING for options that can not work */
  constructor(options: HttpClientOptions) {
    const { base, proxy, caFile, ratePerSecond, concurrency = 8, clock = systemClock } = options;
    this.#options = options;
    this.#toldTimeoutMs = remoteTimeoutMs(process.env);
    this.#clock = clock;
    this.#sleep = options.sleep ?? sleepFor;
    this.#chance = options.chance ?? seededRandom(`net:${process.pid}:${clock.elapsedMs()}`).unit;
    this.#ca = caFile === undefined ? undefined : trustedCertificates(caFile);
    this.#agent = connectionAgent({
      base,
      ...(proxy === undefined ? {} : { proxy }),
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
      concurrency,
      signal: this.#closing.signal,
    });
    this.#pace = new RequestPace({
      concurrency,
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      clock,
      sleep: this.#sleep,
    });
  }

  /** `host:port` of the server, as it may be shown. */
  get host(): string {
    return this.#options.base.host;
  }

  /** Requests sent so far, repeated ones and redirects among them. */
  get requests(): number {
    return this.#requests;
  }

  /**
   * Asks for a path below the base.
   *
   * @param path with or without a leading slash; may have a query, which stays out of messages
   * @throws ClewError CLEW_REMOTE_* and CLEW_PROXY as `docs/errors.md` tells, CLEW_INTERRUPTED
   */
  get(path: string, options: HttpGetOptions = {}): Promise<HttpAnswer> {
    return this.#ask({ method: 'GET', path, headers: {}, options, isRepeatable: true });
  }

  /** Sends a body to a path below the base; repeated after a failure only when it is marked idempotent. */
  post(
    path: string,
    body: Uint8Array | string,
    options: HttpPostOptions = {},
  ): Promise<HttpAnswer> {
    const { contentType = 'application/octet-stream', isIdempotent = false } = options;
    return this.#ask({
      method: 'POST',
      path,
      body: typeof body === 'string' ? Buffer.from(body) : body,
      headers: { 'content-type': contentType },
      options,
      isRepeatable: isIdempotent,
    });
  }

  /** Ends all connections; requests under way end with CLEW_INTERRUPTED. */
  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  async #ask(question: Question): Promise<HttpAnswer> {
    const { retries = 4, retryAfterMsMax = 60_000 } = this.#options;
    const signal = question.options.signal;
    const stop =
      signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
    const remote = this.#remoteName(question.path);
    for (let attempt = 0; ; attempt += 1) {
      const trace: ExchangeTrace = { reused: false };
      const mayRepeat = question.isRepeatable && attempt < retries;
      let waitMs: number;
      try {
        const answer = await this.#paced(() => this.#follow(question, remote, stop, trace), stop);
        const { okStatus = [200] } = question.options;
        if (okStatus.includes(answer.status)) return answer;
        const askedMs = this.#askedPauseMs(answer);
        const error = statusError(answer.status, remote, askedMs);
        if (!mayRepeat || !BUSY.has(answer.status) || (askedMs ?? 0) > retryAfterMsMax) throw error;
        waitMs = Math.max(askedMs ?? 0, backOffMs(attempt + 1, this.#chance()));
        // Whoever else asks this server waits too.
        if (answer.status === 429 || askedMs !== undefined) this.#pace.pause(waitMs);
      } catch (error) {
        if (!(error instanceof ClewError) || !mayRepeat || !isPassing(error)) throw error;
        // A kept connection that was closed meanwhile says nothing about the server.
        const wasIdle = trace.reused && error.code === 'CLEW_REMOTE_UNREACHABLE';
        waitMs = wasIdle && attempt === 0 ? 0 : backOffMs(attempt + 1, this.#chance());
      }
      if (waitMs > 0) await this.#wait(waitMs, stop);
    }
  }

  /** Asks, and goes where the server sends us as long as that is the same server. */
  async #follow(
    question: Question,
    remote: RemoteName,
    signal: AbortSignal,
    trace: ExchangeTrace,
  ): Promise<HttpAnswer> {
    let url = this.#urlOf(question.path);
    for (let redirects = 0; ; redirects += 1) {
      const answer = await this.#exchange(question, url, remote, signal, trace);
      if (!REDIRECTS.has(answer.status)) return answer;
      if (question.options.okStatus?.includes(answer.status)) return answer;
      const next = redirectTarget(answer, url);
      if (next === undefined || next.origin !== url.origin || question.method !== 'GET') {
        const to = next === undefined ? 'nowhere' : `${next.protocol}//${next.host}`;
        const message = `${remote.host} sends us to ${to}, where nobody told Clew to go.`;
        throw remoteError('CLEW_REMOTE_REDIRECT', message, remote, { to });
      }
      if (redirects === REDIRECTS_MAX) {
        const message = `${remote.host} sends us round and round.`;
        throw remoteError('CLEW_REMOTE_REDIRECT', message, remote, { redirects });
      }
      url = next;
    }
  }

  #exchange(
    { method, body, headers, options }: Question,
    url: URL,
    remote: RemoteName,
    signal: AbortSignal,
    trace: ExchangeTrace,
  ): Promise<HttpAnswer> {
    const timeoutMs = this.#toldTimeoutMs ?? options.timeoutMs ?? this.#options.timeoutMs ?? 60_000;
    const { connectTimeoutMs = 15_000, firstByteTimeoutMs = timeoutMs } = this.#options;
    if (this.#requests >= (this.#options.requestsMax ?? Number.POSITIVE_INFINITY)) {
      const message = `The limit of requests to ${remote.host} was reached.`;
      throw remoteError('CLEW_REMOTE_BUDGET', message, remote, { requests: this.#requests });
    }
    this.#requests += 1;
    return exchange(
      {
        url,
        method,
        headers: { ...this.#headers(options), ...headers, ...options.headers },
        ...(body === undefined ? {} : { body }),
        agent: this.#agent,
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
        connectTimeoutMs: Math.min(connectTimeoutMs, timeoutMs),
        firstByteTimeoutMs: Math.min(firstByteTimeoutMs, timeoutMs),
        timeoutMs,
        bodyBytesMax: options.bodyBytesMax ?? this.#options.bodyBytesMax ?? 64 * 1024 * 1024,
        signal,
        remote,
      },
      trace,
    );
  }

  #headers({ accept = '*/*' }: HttpGetOptions): Record<string, string> {
    const { base, authorization, userAgent = 'clew' } = this.#options;
    const own =
      base.username === '' && base.password === ''
        ? undefined
        : basicAuthorization(percentDecoded(base.username), percentDecoded(base.password));
    const value = authorization?.() ?? own;
    return {
      accept,
      'accept-encoding': 'gzip',
      'user-agent': userAgent,
      ...(value === undefined ? {} : { authorization: value }),
    };
  }

  #urlOf(path: string): URL {
    const { base } = this.#options;
    const url = new URL(base.origin);
    const [pathname = '', query] = splitQuery(path);
    const below = pathname.replace(/^\/+/, '');
    url.pathname = below === '' ? base.pathname : `${base.pathname.replace(/\/+$/, '')}/${below}`;
    url.search = query ?? '';
    return url;
  }

  #remoteName(path: string): RemoteName {
    const { base, proxy } = this.#options;
    const name = { host: base.host, path: splitQuery(path)[0] ?? '' };
    return proxy === undefined ? name : { ...name, proxy: proxy.host };
  }

  #askedPauseMs(answer: HttpAnswer): number | undefined {
    if (!BUSY.has(answer.status)) return undefined;
    return retryAfterMs(answer.headers['retry-after'], this.#clock.nowSeconds());
  }

  async #paced<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await this.#pace.run(work, signal);
    } catch (error) {
      throw signal.aborted ? interrupted() : error;
    }
  }

  async #wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#sleep(milliseconds, signal);
    } catch (error) {
      throw signal.aborted ? interrupted() : error;
    }
  }
}

/**
 * The Authorization header for a user and a password (RFC 7617).
 *
 * @example basicAuthorization('Aladdin', 'open sesame') // 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
 */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** As it stands when it is no percent-encoding: a name may have a `%` of its own. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function splitQuery(path: string): [string, string | undefined] {
  const at = path.indexOf('?');
  return at < 0 ? [path, undefined] : [path.slice(0, at), path.slice(at + 1)];
}

function redirectTarget(answer: HttpAnswer, from: URL): URL | undefined {
  const { location } = answer.headers;
  if (location === undefined) return undefined;
  return URL.parse(location, from.href) ?? undefined;
}

function statusError(status: number, remote: RemoteName, retryAfter?: number): ClewError {
  const facts = {
    status,
    ...(retryAfter === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfter / 1000) }),
  };
  return BUSY.has(status)
    ? remoteError('CLEW_REMOTE_BUSY', `${remote.host} is too busy (HTTP ${status}).`, remote, facts)
    : remoteError('CLEW_REMOTE_STATUS', `${remote.host} answers HTTP ${status}.`, remote, facts);
}

function isPassing(error: ClewError): boolean {
  return PASSING.has(error.code) && !LASTING.has(String(error.facts['reason']));
}

function interrupted(): ClewError {
  return new ClewError('CLEW_INTERRUPTED', 'A request was stopped before its answer.');
}
