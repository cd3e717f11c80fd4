/**
 * What a ClickHouse server refuses, and what lies between us and it, as errors of the catalogue.
 *
 * The server's own words may hold rows, and name hosts and users: they stay in the cause.
 */
import { ClewError, type ErrorCode } from '../errors.ts';
import { errorOfCause } from '../net/remote-error.ts';

/** Which server, for messages: without user and password. */
export interface ServerName {
  /** `host:port` */
  readonly host: string;
  readonly database: string;
  /** On a cluster, from 1. */
  readonly shard?: number;
}

/** Numbers of ClickHouse's `ErrorCodes.cpp`. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  81: 'CLEW_ENGINE_DATABASE',
  164: 'CLEW_ENGINE_AUTH',
  192: 'CLEW_ENGINE_AUTH',
  193: 'CLEW_ENGINE_AUTH',
  194: 'CLEW_ENGINE_AUTH',
  195: 'CLEW_ENGINE_AUTH',
  291: 'CLEW_ENGINE_AUTH',
  497: 'CLEW_ENGINE_AUTH',
  516: 'CLEW_ENGINE_AUTH',
  243: 'CLEW_NO_SPACE',
  32: 'CLEW_SHARD_DOWN',
  209: 'CLEW_SHARD_DOWN',
  210: 'CLEW_SHARD_DOWN',
  279: 'CLEW_SHARD_DOWN',
};

/** Too many queries or parts, stopped by a shutdown, and what happens to a shard behind this server. */
const PASSING_CODES = new Set(['32', '159', '202', '209', '210', '236', '242', '252', '279']);
const PASSING_REASONS =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|HPE_INVALID_EOF_STATE)$/;
const PASSING_WORDS = /socket hang up|aborted|premature close|other side closed/i;
const TIMED_OUT = /timeout error|user aborted a request|aborted due to timeout/i;

/** Whoever asks for a longer pause is not waited for. */
const PAUSE_SECONDS_MAX = 60;

/** Whether it may go better in a moment. */
export function isPassing(cause: unknown): boolean {
  if (cause instanceof ClewError) {
    const pauseSeconds = Number(cause.facts['retryAfterSeconds'] ?? 0);
    return cause.code === 'CLEW_REMOTE_BUSY' && pauseSeconds <= PAUSE_SECONDS_MAX;
  }
  const code = engineCodeOf(cause);
  if (code !== undefined) return PASSING_CODES.has(code);
  const reason = (cause as { code?: unknown }).code;
  if (typeof reason === 'string') return PASSING_REASONS.test(reason);
  return PASSING_WORDS.test(wordsOf(cause)) || TIMED_OUT.test(wordsOf(cause));
}

/** A failure as an error that says which server, and never what it said. */
export function serverError(cause: unknown, name: ServerName): ClewError {
  if (cause instanceof ClewError) return cause;
  const words = wordsOf(cause);
  const engineCode = engineCodeOf(cause);
  const whom = serverWords(name);
  if (engineCode === undefined) return connectionError(cause, words, name);
  const isFull = /No space left on device|NOT_ENOUGH_SPACE/.test(words);
  const code = isFull ? 'CLEW_NO_SPACE' : (CODES[engineCode] ?? 'CLEW_ENGINE_REFUSED');
  const said: Partial<Record<ErrorCode, string>> = {
    CLEW_ENGINE_DATABASE: `${whom} has no database ${name.database}, or not for this user.`,
    CLEW_ENGINE_AUTH: `${whom} does not let this user do that.`,
    CLEW_NO_SPACE: `${whom} has no room left on its disk.`,
    CLEW_SHARD_DOWN: `A shard that ${whom} asks can not be reached.`,
  };
  const message = said[code] ?? `${whom} refused a statement.`;
  return new ClewError(code, message, { ...name, engineCode }, cause);
}

function connectionError(cause: unknown, words: string, name: ServerName): ClewError {
  const { host, shard } = name;
  const reason = (cause as { code?: unknown }).code;
  if (TIMED_OUT.test(words)) {
    const what = `${serverWords(name)} did not answer in time.`;
    const code = shard === undefined ? 'CLEW_REMOTE_SLOW' : 'CLEW_SHARD_DOWN';
    return new ClewError(code, what, { ...name }, cause);
  }
  if (typeof reason !== 'string' && !PASSING_WORDS.test(words)) {
    const what = `${host} answers, but not as a ClickHouse server does.`;
    return new ClewError('CLEW_REMOTE_FORMAT', what, { ...name }, cause);
  }
  const isCut = PASSING_WORDS.test(words) && reason !== 'ECONNREFUSED';
  const error = errorOfCause(cause, isCut ? 'receiving' : 'connecting', { host, path: '' });
  const isDown = error.code === 'CLEW_REMOTE_UNREACHABLE' || error.code === 'CLEW_REMOTE_CUT';
  const facts = { ...name, ...(typeof reason === 'string' && { reason }) };
  if (shard === undefined || !isDown) return new ClewError(error.code, error.message, facts, cause);
  return new ClewError('CLEW_SHARD_DOWN', `${serverWords(name)} can not be reached.`, facts, cause);
}

/** How a server is spoken of. */
export function serverWords({ host, shard }: ServerName): string {
  return shard === undefined ? `The ClickHouse server ${host}` : `Shard ${shard} (${host})`;
}

/** The client's errors carry the number apart when it knows the form of the text, as that of old servers it does not. */
function engineCodeOf(cause: unknown): string | undefined {
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string' && /^\d+$/.test(code)) return code;
  return /\bCode: (\d+)[.,]/.exec(wordsOf(cause))?.[1];
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
