import { ClewError } from '../errors.ts';

/**
 * A failed read as an error of the catalogue, naming the file and what the system said.
 *
 * @example catch (cause) { throw fileTrouble(cause, file) }
 */
export function fileTrouble(cause: unknown, file: string): ClewError {
  if (cause instanceof ClewError) return cause;
  const systemCode = (cause as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';
  return new ClewError(
    'CLEW_FILE_UNREADABLE',
    `The file could not be read (${systemCode}).`,
    { file, systemCode },
    cause,
  );
}
