/**
 * What SQLite reports, as errors of the catalogue.
 *
 * `node:sqlite` gives the result code in `errcode`, possibly extended: the low byte is the kind of
 * trouble (https://www.sqlite.org/rescode.html).
 */
import { basename } from 'node:path';
import { ClewError, type ErrorCode } from '../errors.ts';

const CODES: Readonly<Record<number, readonly [code: ErrorCode, what: string]>> = {
  5: ['CLEW_DATA_BUSY', 'is being written by another process'], // SQLITE_BUSY
  6: ['CLEW_DATA_BUSY', 'is being written by another connection'], // SQLITE_LOCKED
  8: ['CLEW_FILE_UNREADABLE', 'may not be written'], // SQLITE_READONLY
  10: ['CLEW_FILE_UNREADABLE', 'can not be read or written'], // SQLITE_IOERR
  11: ['CLEW_STORE_DAMAGED', 'does not agree with itself'], // SQLITE_CORRUPT
  13: ['CLEW_NO_SPACE', 'can not grow: the disk is full'], // SQLITE_FULL
  14: ['CLEW_FILE_UNREADABLE', 'can not be opened'], // SQLITE_CANTOPEN
  26: ['CLEW_DATA_FOREIGN', 'is not a database'], // SQLITE_NOTADB
};

/**
 * The same error in the words of the catalogue; what is not about the file comes back unchanged.
 *
 * @param error whatever was thrown
 * @param path the database file, of which messages name the last part
 * @example throw sqliteError(error, '/data/store.sqlite')
 */
export function sqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('errcode' in error)) return error;
  const result = Number(error.errcode);
  const known = CODES[result % 256];
  if (known === undefined) return error;
  const [code, what] = known;
  return new ClewError(code, `${basename(path)} ${what}.`, { path, sqlite: result }, error);
}
