/**
 * CSV text as RFC 4180 has it: one header line, CRLF after each record, quotes where needed.
 *
 * The files begin with a UTF-8 byte order mark, because the spreadsheet that most readers will open
 * them with takes them for another encoding otherwise. A cell that a spreadsheet would take for a
 * formula (OWASP "CSV injection") gets a leading apostrophe; numbers of our own are never touched.
 */

export type CsvCell = string | number | undefined;

const BYTE_ORDER_MARK = '\ufeff';

/** Characters that begin a formula, full-width forms included, behind anything that can not be seen. */
const FORMULA = /^[\s\p{Cc}\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u;

/**
 * Text that a spreadsheet shows and does not compute.
 *
 * @example harmlessCell('=1+1') // "'=1+1"
 */
export function harmlessCell(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

function writeCell(cell: CsvCell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const text = harmlessCell(cell.toWellFormed());
  return /[",\r\n]/.test(text) || /^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A whole CSV file.
 *
 * @param header names of the columns
 * @param rows as many cells each as the header has
 * @throws {RangeError} when a row has another number of cells
 */
export function writeCsv(header: readonly string[], rows: Iterable<readonly CsvCell[]>): string {
  const lines = [header.map(writeCell).join(',')];
  for (const row of rows) {
    if (row.length !== header.length) {
      throw new RangeError(`a row of ${row.length} cells under ${header.length} columns`);
    }
    lines.push(row.map(writeCell).join(','));
  }
  return `${BYTE_ORDER_MARK}${lines.join('\r\n')}\r\n`;
}
