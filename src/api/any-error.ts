import { ClewError, type ErrorFacts } from '../errors.ts';

/**
 * Whatever was thrown, as an error of the catalogue, for the command line and the server alike.
 *
 * A full disk, a missing or a forbidden file is recognised wherever it was met; what nobody foresaw
 * is CLEW_INTERNAL with the original as its cause.
 */
export function anyError(thrown: unknown): ClewError {
  if (thrown instanceof ClewError) return thrown;
  if (!(thrown instanceof Error)) {
    return new ClewError(
      'CLEW_INTERNAL',
      `Something other than an error was thrown: ${typeof thrown}.`,
    );
  }
  if (thrown.name === 'AbortError') {
    return new ClewError('CLEW_INTERRUPTED', 'Stopped before the end.', {}, thrown);
  }
  const { code, path } = thrown as NodeJS.ErrnoException;
  const facts: ErrorFacts = path === undefined ? {} : { path };
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new ClewError('CLEW_NO_SPACE', 'The disk is full.', facts, thrown);
    case 'ENOENT':
      return new ClewError(
        'CLEW_FILE_MISSING',
        `There is no ${path ?? 'such file'}.`,
        facts,
        thrown,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EISDIR':
    case 'ENOTDIR':
    case 'EROFS':
    case 'EIO':
    case 'EMFILE':
      return new ClewError(
        'CLEW_FILE_UNREADABLE',
        `${path ?? 'A file'} could not be read or written (${code}).`,
        { ...facts, systemCode: code },
        thrown,
      );
    default:
      return new ClewError('CLEW_INTERNAL', thrown.message, {}, thrown);
  }
}
