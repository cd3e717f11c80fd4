/**
 * The file of one column: a checked header, then fixed-width rows.
 *
 * Header (4,096 bytes, little-endian): magic "CLEWCOL1", format version u32, network magic u32, row bytes
 * u32, rows u64, then the column's name in ASCII, length first. The rest is zero. The row count in the
 * header says how many rows were flushed; the flow index's own manifest says how many count.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { PAGE_ROWS } from './page-budget.ts';

export const COLUMN_HEADER_BYTES = 4096;
export const COLUMN_FORMAT_VERSION = 1;
const MAGIC = 'CLEWCOL1';

export interface ColumnFileSpec {
  readonly path: string;
  readonly name: string;
  readonly rowBytes: number;
  readonly networkMagic: number;
}

export class ColumnFile {
  readonly #fd: number;
  readonly #spec: ColumnFileSpec;
  #rowCount: number;

  private constructor(fd: number, spec: ColumnFileSpec, rowCount: number) {
    this.#fd = fd;
    this.#spec = spec;
    this.#rowCount = rowCount;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** Make an empty column file; an old one at the same place is overwritten. */
  static create(spec: ColumnFileSpec): ColumnFile {
    try {
      const file = new ColumnFile(openSync(spec.path, 'w+', 0o600), spec, 0);
      file.#writeHeader();
      return file;
    } catch (cause) {
      throw fileError(cause, spec.path);
    }
  }

  /**
   * Open an existing column file.
   *
   * @throws {ClewError} CLEW_FLOW_FORMAT when it is missing, cut, of another version or network
   */
  static open(spec: ColumnFileSpec, writable: boolean): ColumnFile {
    let fd: number;
    try {
      fd = openSync(spec.path, writable ? 'r+' : 'r');
    } catch (cause) {
      throw new ClewError(
        'CLEW_FLOW_FORMAT',
        `The column ${spec.name} can not be opened.`,
        {
          path: spec.path,
        },
        cause,
      );
    }
    const header = Buffer.alloc(COLUMN_HEADER_BYTES);
    const found = readSync(fd, header, 0, COLUMN_HEADER_BYTES, 0);
    const nameLength = header.readUInt8(28);
    const rowCount = header.readUInt32LE(20) + header.readUInt32LE(24) * 0x1_0000_0000;
    const agrees =
      found === COLUMN_HEADER_BYTES &&
      header.toString('latin1', 0, 8) === MAGIC &&
      header.readUInt32LE(8) === COLUMN_FORMAT_VERSION &&
      header.readUInt32LE(12) === spec.networkMagic &&
      header.readUInt32LE(16) === spec.rowBytes &&
      header.toString('latin1', 29, 29 + nameLength) === spec.name &&
      fstatSync(fd).size >= COLUMN_HEADER_BYTES + rowCount * spec.rowBytes;
    if (!agrees) {
      closeSync(fd);
      throw new ClewError(
        'CLEW_FLOW_FORMAT',
        `The column ${spec.name} is cut, damaged, or of another version or network.`,
        { path: spec.path },
      );
    }
    return new ColumnFile(fd, spec, rowCount);
  }

  #writeHeader(): void {
    const header = Buffer.alloc(COLUMN_HEADER_BYTES);
    header.write(MAGIC, 0, 'latin1');
    header.writeUInt32LE(COLUMN_FORMAT_VERSION, 8);
    header.writeUInt32LE(this.#spec.networkMagic, 12);
    header.writeUInt32LE(this.#spec.rowBytes, 16);
    header.writeUInt32LE(this.#rowCount % 0x1_0000_0000, 20);
    header.writeUInt32LE(Math.floor(this.#rowCount / 0x1_0000_0000), 24);
    header.writeUInt8(this.#spec.name.length, 28);
    header.write(this.#spec.name, 29, 'latin1');
    this.#write(header, 0);
  }

  #write(bytes: Uint8Array, position: number): void {
    try {
      let done = 0;
      while (done < bytes.length) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (cause) {
      throw fileError(cause, this.#spec.path);
    }
  }

  #pagePosition(pageIndex: number): number {
    return COLUMN_HEADER_BYTES + pageIndex * PAGE_ROWS * this.#spec.rowBytes;
  }

  /** Read a page; what lies beyond the end of the file stays zero. */
  readPage(pageIndex: number, into: Uint8Array): void {
    let done = 0;
    const position = this.#pagePosition(pageIndex);
    try {
      for (;;) {
        const count = readSync(this.#fd, into, done, into.length - done, position + done);
        done += count;
        if (count === 0 || done === into.length) return;
      }
    } catch (cause) {
      throw fileError(cause, this.#spec.path);
    }
  }

  writePage(pageIndex: number, bytes: Uint8Array): void {
    this.#write(bytes, this.#pagePosition(pageIndex));
  }

  setRowCount(rowCount: number): void {
    this.#rowCount = rowCount;
    this.#writeHeader();
  }

  sync(): void {
    try {
      fsyncSync(this.#fd);
    } catch (cause) {
      throw fileError(cause, this.#spec.path);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}
