/**
 * Passwords have no place on a command line: everybody on the machine can read it, shells keep it, and a server that is asked for
 * a command is sent it.
 */
import { ClewError } from '../errors.ts';

/** `scheme://user:password@`, also behind `--option=`. */
const IN_URL = /[a-z][a-z0-9+.-]*:\/\/[^/?#\s@]*:[^/?#\s]+@/i;
/** `--rpc-password`, `--proxy-password=…` and the like; files that hold one are fine. */
const IN_OPTION = /^--?(?:[a-z-]*-)?(?:password|passwd|pass|rpcpass(?:word)?|secret)(?:=|$)/i;

/**
 * That no argument holds a password. Comes before anything else is done with them.
 *
 * @throws {ClewError} CLEW_SECRET_IN_ARGUMENT, which names the place of the argument and nothing of it
 */
export function refuseSecrets(argv: readonly string[]): void {
  const at = argv.findIndex((argument) => IN_URL.test(argument) || IN_OPTION.test(argument));
  if (at === -1) return;
  throw new ClewError(
    'CLEW_SECRET_IN_ARGUMENT',
    'A password stands in the command line; nothing was done.',
    { argument: at + 1 },
  );
}
