/**
 * How long the answer of a server elsewhere may take, when a person wants another time than Clew's: more for a slow line such as
 * Tor, less for one who would rather be told soon.
 */
import { ClewError } from '../errors.ts';

export const TIMEOUT_VARIABLE = 'CLEW_REMOTE_TIMEOUT';
const SECONDS_MAX = 3600;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Milliseconds from `CLEW_REMOTE_TIMEOUT`, which holds seconds; undefined when it is not set.
 *
 * @throws {ClewError} CLEW_USAGE for what is no number of seconds up to an hour
 * @example remoteTimeoutMs({ CLEW_REMOTE_TIMEOUT: '2.5' }) // 2500
 */
export function remoteTimeoutMs(environment: Environment): number | undefined {
  const text = environment[TIMEOUT_VARIABLE];
  if (text === undefined || text === '') return undefined;
  const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= SECONDS_MAX) return Math.ceil(seconds * 1000);
  throw new ClewError(
    'CLEW_USAGE',
    `${TIMEOUT_VARIABLE} is a number of seconds above 0, and at most ${SECONDS_MAX}.`,
    { variable: TIMEOUT_VARIABLE },
  );
}
