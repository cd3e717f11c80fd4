/**
 * The file of one plane of a column: a checked header, then fixed-width rows in pages.
 *
 * Header (4,096 bytes, little-endian): magic "CLEWCOL1", format version u32, network magic u32, row bytes
 * u32, rows u64, then the column's name in ASCII, length first, then (at 4,088) the rows of a page and the
 * bytes that stand before the rows of each page. The rest is zero.
 *
 * The columns of the flow index never write their header again: how many rows count is said by whoever opens the file, and what
 * lies beyond is leftover of work that was cut off. Their field "rows" stays zero and every byte of the header is compared.
 * Files that are written once and whole (clustering runs) keep their row count in the field.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { PAGE_ROWS } from './page-budget.ts';

export const COLUMN_HEADER_BYTES = 4096;
export const COLUMN_FORMAT_VERSION = 3;
const MAGIC = 'CLEWCOL1';
const ROWS_AT = 20;
const NAME_AT = 28;
const PREFIX_AT = 4092;
const PAGE_ROWS_AT = 4088;

export interface ColumnFileSpec {
  readonly path: string;
  readonly name: string;
  readonly rowBytes: number;
  readonly networkMagic: number;
  /** Bytes before the rows of each page; none when absent. */
  readonly pagePrefixBytes?: number;
  /** Rows in a page; `PAGE_ROWS` when absent. */
  readonly pageRows?: number;
}

export interface ColumnFileOpening {
  /** Rows that count; what lies beyond is ignored and later overwritten. */
  readonly rows: number;
  readonly writable: boolean;
  /** A file that lacks its end is all right: what is missing is zero. */
  readonly sparse?: boolean;
}

export class ColumnFile {
  readonly #fd: number;
  readonly #spec: ColumnFileSpec;
  readonly #prefixBytes: number;
  readonly #pageRows: number;
  readonly #pageBytes: number;
  #rowCount: number;
  /** Something was written that may not be on the disk yet. */
  #isUnsynced = false;

  private constructor(fd: number, spec: ColumnFileSpec, rowCount: number) {
    this.#fd = fd;
    this.#spec = spec;
    this.#prefixBytes = spec.pagePrefixBytes ?? 0;
    this.#pageRows = spec.pageRows ?? PAGE_ROWS;
    this.#pageBytes = this.#prefixBytes + this.#pageRows * spec.rowBytes;
    this.#rowCount = rowCount;
  }

  get path(): string {
    return this.#spec.path;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Make an empty column file; an old one at the same place is overwritten. */
  static create(spec: ColumnFileSpec): ColumnFile {
    try {
      const file = new ColumnFile(openSync(spec.path, 'w+', 0o600), spec, 0);
      file.writeAt(0, headerOf(spec, 0));
      return file;
    } catch (cause) {
      throw fileError(cause, spec.path);
    }
  }

  /**
   * Open an existing column file.
   *
   * @param opening the rows that count, or only whether it is writable when the header's own count is to be used
   * @throws {ClewError} CLEW_FLOW_FORMAT when it is missing, cut, of another version or network; CLEW_FILE_UNREADABLE
   *   when the disk refuses
   */
  static open(spec: ColumnFileSpec, opening: ColumnFileOpening | boolean): ColumnFile {
    const { rows, writable, sparse } =
      typeof opening === 'boolean'
        ? { rows: undefined, writable: opening, sparse: false }
        : { sparse: false, ...opening };
    const fd = openExisting(spec, writable);
    try {
      const header = Buffer.alloc(COLUMN_HEADER_BYTES);
      const found = readSync(fd, header, 0, COLUMN_HEADER_BYTES, 0);
      const kept = header.readUInt32LE(ROWS_AT) + header.readUInt32LE(ROWS_AT + 4) * 0x1_0000_0000;
      const file = new ColumnFile(fd, spec, rows ?? kept);
      // What an earlier process wrote before it was killed need not be on the disk.
      file.#isUnsynced = writable;
      const agrees =
        found === COLUMN_HEADER_BYTES &&
        header.equals(headerOf(spec, rows === undefined ? kept : 0)) &&
        (sparse || fstatSync(fd).size >= file.#endOf(file.#rowCount));
      if (agrees) return file;
    } catch (cause) {
      closeSync(fd);
      throw fileError(cause, spec.path);
    }
    closeSync(fd);
    throw new ClewError(
      'CLEW_FLOW_FORMAT',
      `The column ${spec.name} is cut, damaged, or of another version or network.`,
      { path: spec.path },
    );
  }

  #endOf(rows: number): number {
    const fullPages = Math.floor(rows / this.#pageRows);
    const tailRows = rows - fullPages * this.#pageRows;
    const tailBytes = tailRows === 0 ? 0 : this.#prefixBytes + tailRows * this.#spec.rowBytes;
    return this.pagePosition(fullPages) + tailBytes;
  }

  /** Where a page begins in the file, in bytes. */
  pagePosition(pageIndex: number): number {
    return COLUMN_HEADER_BYTES + pageIndex * this.#pageBytes;
  }

  /** Write bytes at a place in the file. */
  writeAt(position: number, bytes: Uint8Array): void {
    this.#isUnsynced = true;
    try {
      let done = 0;
      while (done < bytes.length) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (cause) {
      throw fileError(cause, this.#spec.path);
    }
  }

  /** Read bytes from a place in the file; what lies beyond its end stays as it is in `into`. */
  readAt(position: number, into: Uint8Array): void {
    let done = 0;
    try {
      while (done < into.length) {
        const count = readSync(this.#fd, into, done, into.length - done, position + done);
        if (count === 0) return;
        done += count;
      }
    } catch (cause) {
      throw fileError(cause, this.#spec.path);
    }
  }

  /** Read a page; what lies beyond the end of the file stays zero. */
  readPage(pageIndex: number, into: Uint8Array): void {
    this.readAt(this.pagePosition(pageIndex), into);
  }

  writePage(pageIndex: number, bytes: Uint8Array): void {
    this.writeAt(this.pagePosition(pageIndex), bytes);
  }

  /** Keep the row count in the header: for files that are written once and whole. */
  setRowCount(rowCount: number): void {
    this.#rowCount = rowCount;
    this.writeAt(0, headerOf(this.#spec, rowCount));
  }

  /**
   * Bring everything written to the disk; nothing is done when nothing was written.
   *
   * @param isForced also what another opening of the file wrote
   */
  sync(isForced = false): void {
    if (!this.#isUnsynced && !isForced) return;
    try {
      fdatasyncSync(this.#fd);
      this.#isUnsynced = false;
    } catch (cause) {
      throw fileError(cause, this.#spec.path);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function openExisting(spec: ColumnFileSpec, writable: boolean): number {
  try {
    return openSync(spec.path, writable ? 'r+' : 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(cause, spec.path);
    throw new ClewError(
      'CLEW_FLOW_FORMAT',
      `The column ${spec.name} is missing.`,
      { path: spec.path },
      cause,
    );
  }
}

function headerOf(spec: ColumnFileSpec, rows: number): Buffer {
  const header = Buffer.alloc(COLUMN_HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(COLUMN_FORMAT_VERSION, 8);
  header.writeUInt32LE(spec.networkMagic, 12);
  header.writeUInt32LE(spec.rowBytes, 16);
  header.writeUInt32LE(rows % 0x1_0000_0000, ROWS_AT);
  header.writeUInt32LE(Math.floor(rows / 0x1_0000_0000), ROWS_AT + 4);
  header.writeUInt8(spec.name.length, NAME_AT);
  header.write(spec.name, NAME_AT + 1, 'latin1');
  header.writeUInt32LE(spec.pageRows ?? PAGE_ROWS, PAGE_ROWS_AT);
  header.writeUInt32LE(spec.pagePrefixBytes ?? 0, PREFIX_AT);
  return header;
}
