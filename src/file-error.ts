import { ClewError } from './errors.ts';

/**
 * A failed file operation as an error of the catalogue: a full disk, or an unreadable file.
 * An error that is of the catalogue already is handed on.
 */
export function fileError(cause: unknown, path: string): ClewError {
  if (cause instanceof ClewError) return cause;
  const systemCode = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
  if (systemCode === 'ENOSPC' || systemCode === 'EDQUOT') {
    return new ClewError('CLEW_NO_SPACE', 'The disk is full.', { path }, cause);
  }
  return new ClewError(
    'CLEW_FILE_UNREADABLE',
    `The file could not be read or written (${systemCode}).`,
    { path, systemCode },
    cause,
  );
}
