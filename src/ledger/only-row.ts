import { ClewError } from '../errors.ts';

/**
 * The row of an answer that always has one: a count. A server that gives none, or several, is not to be believed.
 *
 * @throws {ClewError} CLEW_REMOTE_FORMAT
 * @example onlyRow([{ rows: '3' }]).rows // '3'
 */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  if (rows.length === 1 && typeof rows[0] === 'object' && rows[0] !== null) return rows[0];
  throw new ClewError(
    'CLEW_REMOTE_FORMAT',
    'The database answers with another number of rows than such a question has.',
    { rows: rows.length },
  );
}
