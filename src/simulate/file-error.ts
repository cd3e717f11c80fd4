import { ClewError } from '../errors.ts';

/** A failed write as an error that says which file and what to do. */
export function fileError(cause: unknown, path: string): unknown {
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new ClewError(
      'CLEW_NO_SPACE',
      `The disk is full while writing ${path}.`,
      { path },
      cause,
    );
  }
  if (code === undefined) return cause;
  return new ClewError(
    'CLEW_FILE_UNREADABLE',
    `Can not write ${path} (${code}).`,
    { path, code },
    cause,
  );
}
