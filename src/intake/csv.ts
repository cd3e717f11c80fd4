/**
 * CSV as people have it: RFC 4180 with any separator, and kind to what spreadsheets and hands make of it.
 *
 *   - A row ends with LF, CRLF or CR.
 *   - A cell is quoted when its first character, spaces aside, is a quote; a quote inside is doubled.
 *   - What stands between a closing quote and the next separator belongs to the cell, spaces at its end do not.
 *   - A quote inside a cell that does not begin with one is an ordinary character.
 */
import { ClewError, type ErrorCode } from '../errors.ts';

export interface CsvRow {
  /** Number of the line on which the row begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * More lines than that inside one pair of quotes is a quote that somebody forgot; going on would swallow the
 * rest of the list.
 */
const QUOTED_LINES_MAX = 100;

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;

class CsvReader {
  readonly #text: string;
  readonly #separator: number;
  readonly #code: ErrorCode;
  #at = 0;
  #line = 1;

  constructor(text: string, separator: string, code: ErrorCode) {
    this.#text = text;
    this.#code = code;
    this.#separator = separator.charCodeAt(0);
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  /** The next row. */
  row(): CsvRow {
    const line = this.#line;
    const cells: string[] = [];
    for (;;) {
      cells.push(this.#cell());
      if (this.isDone) break;
      const code = this.#text.charCodeAt(this.#at);
      this.#at += 1;
      if (code === this.#separator) continue;
      if (code === CR && this.#text.charCodeAt(this.#at) === LF) this.#at += 1;
      this.#line += 1;
      break;
    }
    return { line, cells };
  }

  #cell(): string {
    let at = this.#at;
    while (this.#text.charCodeAt(at) === SPACE) at += 1;
    if (this.#text.charCodeAt(at) !== QUOTE) return this.#plain();
    const quoted = this.#quoted(at + 1);
    return quoted + this.#plain().trimEnd();
  }

  /** Up to the next separator or end of line, which stay. */
  #plain(): string {
    const start = this.#at;
    let at = start;
    for (; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === this.#separator || code === LF || code === CR) break;
    }
    this.#at = at;
    return this.#text.slice(start, at);
  }

  #quoted(start: number): string {
    let from = start;
    let value = '';
    for (;;) {
      const end = this.#text.indexOf('"', from);
      if (end < 0) throw this.#unclosed(this.#line);
      value += this.#text.slice(from, end);
      if (this.#text.charCodeAt(end + 1) !== QUOTE) {
        this.#at = end + 1;
        break;
      }
      value += '"';
      from = end + 2;
    }
    const lines = value.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (lines > QUOTED_LINES_MAX) throw this.#unclosed(this.#line);
    this.#line += lines;
    return value;
  }

  #unclosed(line: number): ClewError {
    return new ClewError(
      this.#code,
      `A quote that opens on line ${line} is not closed; write a quote inside a cell twice.`,
      { line },
    );
  }
}

/**
 * The rows of a CSV text, blank ones included (as one empty cell).
 *
 * @param text without byte order mark
 * @param separator one character
 * @param code of the error for what is no CSV; that of seed files unless given
 * @throws {ClewError} the code with the line, when a quote is not closed within 100 lines
 * @example [...csvRows('a,"b, c"\n', ',')] // [{ line: 1, cells: ['a', 'b, c'] }]
 */
export function* csvRows(
  text: string,
  separator: string,
  code: ErrorCode = 'CLEW_SEEDS_FORMAT',
): Generator<CsvRow, void, void> {
  const reader = new CsvReader(text, separator, code);
  while (!reader.isDone) yield reader.row();
}
