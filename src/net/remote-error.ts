/**
 * What can go wrong between us and a server, as errors of the catalogue.
 *
 * Nothing that a stranger wrote and no secret gets into them: neither bodies nor the text of foreign errors (the SOCKS
 * library keeps the proxy's password in its errors), only codes, host names and the path that was asked for.
 */
import { ClewError, type ErrorCode, type ErrorFacts } from '../errors.ts';

/** Whom a request went to, for messages: without user, password, base path or query. */
export interface RemoteName {
  /** `host` or `host:port`. */
  readonly host: string;
  /** The path that the caller asked for, without its query. */
  readonly path: string;
  /** `host:port` of the proxy, if there is one. */
  readonly proxy?: string;
}

/**
 * A URL as it may be shown: user and password replaced by `***`.
 *
 * @example shownUrl(new URL('http://me:secret@node:8332/')) // http://***@node:8332/
 */
export function shownUrl(url: URL): string {
  const hasSecret = url.username !== '' || url.password !== '';
  return `${url.protocol}//${hasSecret ? '***@' : ''}${url.host}${url.pathname}`;
}

export function remoteError(
  code: ErrorCode,
  message: string,
  remote: RemoteName,
  facts: ErrorFacts = {},
): ClewError {
  const { host, path, proxy } = remote;
  return new ClewError(code, message, {
    host,
    path,
    ...(proxy === undefined ? {} : { proxy }),
    ...facts,
  });
}

/** Errors of OpenSSL and Node that say that the other side is not who it should be. */
const CERTIFICATE =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|CRL_|CA_|EE_KEY|AKID)/;

/** What the SOCKS library writes when the proxy could be used but could not reach the server. */
const SOCKS_TARGET = /HostUnreachable|ConnectionRefused|NetworkUnreachable|TTLExpired|General/;

/** How far an exchange had come when it failed. */
export type ExchangeStage = 'connecting' | 'waiting' | 'receiving';

/**
 * The coded error for whatever Node or a proxy agent threw.
 *
 * @param stage how far the exchange had come
 */
export function errorOfCause(cause: unknown, stage: ExchangeStage, remote: RemoteName): ClewError {
  if (cause instanceof ClewError) return cause;
  const reason = reasonOf(cause);
  const { host, proxy } = remote;
  if (CERTIFICATE.test(reason)) {
    return remoteError(
      'CLEW_REMOTE_CERTIFICATE',
      `The certificate that ${host} shows can not be trusted (${reason}).`,
      remote,
      { reason },
    );
  }
  if (reason === 'HPE_HEADER_OVERFLOW') {
    return remoteError('CLEW_REMOTE_TOO_LARGE', `${host} sends too many headers.`, remote);
  }
  if (reason.startsWith('HPE_')) {
    return remoteError('CLEW_REMOTE_FORMAT', `${host} does not answer in HTTP.`, remote, {
      reason,
    });
  }
  if (stage === 'receiving') {
    return remoteError('CLEW_REMOTE_CUT', `${host} broke off in the middle of an answer.`, remote, {
      reason,
    });
  }
  if (proxy !== undefined && stage === 'connecting') {
    const text = cause instanceof Error ? cause.message : '';
    const target = /rejected connection - (\w+)/.exec(text)?.[1];
    if (target !== undefined && SOCKS_TARGET.test(target)) {
      const message = `The proxy ${proxy} can not reach ${host} (${target}).`;
      return remoteError('CLEW_REMOTE_UNREACHABLE', message, remote, { reason: target });
    }
    const isRefused = /uthentication|rejected/.test(text);
    return remoteError(
      'CLEW_PROXY',
      isRefused
        ? `The proxy ${proxy} refuses to be used for this.`
        : `The proxy ${proxy} does not do its work (${reason}).`,
      remote,
      { reason: isRefused ? 'refused' : reason },
    );
  }
  return remoteError('CLEW_REMOTE_UNREACHABLE', `${host} can not be reached (${reason}).`, remote, {
    reason,
  });
}

/** The short code of a system error; never its text. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown';
  const code = (cause as NodeJS.ErrnoException).code;
  if (typeof code === 'string') return code;
  // Several addresses were tried: the first one's reason stands for all.
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause.name;
}
