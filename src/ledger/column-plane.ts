/**
 * One plane of a column on the disk: the bytes of its pages in `<name>.col` and a CRC-32 for each page in `<name>.crc`.
 *
 * A column is one plane, or a plane of low halves and one of high bytes. In a sparse plane a page may be absent: it
 * is all zero, takes no room in the file, and its checksum is 0, which no page that is there has.
 *
 *     <name>.col   header | page 0 | page 1 | ... | rows of the last page
 *     <name>.crc   header | CRC of page 0 | CRC of page 1 | ... (full pages only)
 *
 * The CRC of the last page, which is not full, is kept by whoever keeps the row count (`ColumnState`).
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ClewError } from '../errors.ts';
import { ColumnFile } from './column-file.ts';
import type { ColumnDamage, ColumnPlace } from './column-state.ts';
import { PageChecksums } from './page-checksums.ts';
import { PageOverlay } from './page-overlay.ts';

/** What stands in for a checksum that happens to be 0. */
const CRC_ZERO = 0xffff_ffff;

export interface PlaneShape {
  /** What is added to the column's name; empty for the first plane. */
  readonly suffix: string;
  readonly rowBytes: number;
  /** Rows in a page: the same in all planes of a column. */
  readonly pageRows: number;
  /** Bytes before the rows of each page. */
  readonly prefixBytes: number;
  /** Pages of zeros alone may be absent. */
  readonly sparse: boolean;
}

export class ColumnPlane {
  readonly shape: PlaneShape;
  readonly pageBytes: number;
  readonly #name: string;
  readonly #file: ColumnFile;
  /** Checksum of each page as it is stored now (in the file or the overlay), over the rows stored. */
  readonly #checksums: PageChecksums;
  readonly #overlay: PageOverlay | undefined;
  /** The page whose checksum was taken last, and how many of its rows it covers. */
  #lastPage = -1;
  #lastRows = 0;

  constructor(place: ColumnPlace, shape: PlaneShape, mutable: boolean, tailCrc: number) {
    this.shape = shape;
    this.pageBytes = shape.prefixBytes + this.shape.pageRows * shape.rowBytes;
    this.#name = place.name + shape.suffix;
    const spec = {
      path: join(place.folder, `${this.#name}.col`),
      name: this.#name,
      rowBytes: shape.rowBytes,
      networkMagic: place.networkMagic,
      pagePrefixBytes: shape.prefixBytes,
      pageRows: shape.pageRows,
    };
    const writable = place.writable ?? true;
    if (mutable && writable) {
      this.#overlay = new PageOverlay(join(place.folder, `${this.#name}.overlay`), this.pageBytes);
    }
    const rows = place.state?.rows;
    const fullPages = rows === undefined ? undefined : Math.floor(rows / this.shape.pageRows);
    const opening = { writable, sparse: shape.sparse };
    this.#file =
      rows === undefined ? ColumnFile.create(spec) : ColumnFile.open(spec, { rows, ...opening });
    try {
      const name = `${this.#name}.crc`;
      const { networkMagic } = place;
      this.#checksums = new PageChecksums(
        { path: join(place.folder, name), name, networkMagic },
        fullPages,
        opening,
      );
    } catch (cause) {
      this.#file.close();
      throw cause;
    }
    if (fullPages !== undefined)
      this.#setCrc(fullPages, tailCrc, rows! - fullPages * this.shape.pageRows);
  }

  /** CRC of a page as stored; 0 when it is absent. */
  crcOf(pageIndex: number): number {
    return this.#checksums.at(pageIndex);
  }

  #setCrc(pageIndex: number, crc: number, rows: number): void {
    this.#checksums.set(pageIndex, crc);
    this.#lastPage = pageIndex;
    this.#lastRows = rows;
  }

  bytesOfRows(rows: number): number {
    return this.shape.prefixBytes + rows * this.shape.rowBytes;
  }

  /** True when a page has to be read: it is not a page of a sparse plane that is absent. */
  isThere(pageIndex: number): boolean {
    return !this.shape.sparse || this.crcOf(pageIndex) !== 0;
  }

  /**
   * Read the first `rows` rows of a page as they were stored last, and check them.
   *
   * @throws {ClewError} CLEW_COLUMN_DAMAGED when the bytes are not those that were written; CLEW_FILE_UNREADABLE
   */
  read(pageIndex: number, rows: number, into: Uint8Array): void {
    if (this.#overlay?.has(pageIndex)) {
      this.#overlay.read(pageIndex, into);
      return;
    }
    const bytes = into.subarray(0, this.bytesOfRows(rows));
    this.#file.readPage(pageIndex, bytes);
    if (checksum(bytes) === this.crcOf(pageIndex)) return;
    const damage = this.damageOf(pageIndex, rows);
    throw new ClewError(
      'CLEW_COLUMN_DAMAGED',
      `Page ${pageIndex} of the column ${damage.column} is not what was written.`,
      { ...damage },
    );
  }

  damageOf(pageIndex: number, rows: number): ColumnDamage {
    const rowMin = pageIndex * this.shape.pageRows;
    return {
      column: this.#name,
      path: this.#file.path,
      page: pageIndex,
      rowMin,
      rowMax: rowMin + rows - 1,
    };
  }

  /** True when a stored page is what was written. `scratch` holds at least a page. */
  isSound(pageIndex: number, rows: number, scratch: Uint8Array): boolean {
    if (this.#overlay?.has(pageIndex) || !this.isThere(pageIndex)) return true;
    const bytes = scratch.subarray(0, this.bytesOfRows(rows));
    bytes.fill(0);
    this.#file.readPage(pageIndex, bytes);
    return checksum(bytes) === this.crcOf(pageIndex);
  }

  /** Write the rows [from, to) of a page, which follow those that are stored. */
  append(pageIndex: number, page: Uint8Array, from: number, to: number): void {
    const end = this.bytesOfRows(to);
    const known = this.crcOf(pageIndex);
    // The whole page is written when its checksum can not be carried on: a page of a sparse plane that begins in the
    // middle, or one that was written by an earlier attempt which then failed in another plane.
    const goesOn =
      pageIndex === this.#lastPage &&
      from === this.#lastRows &&
      from > 0 &&
      known !== 0 &&
      known !== CRC_ZERO;
    const start = goesOn ? this.bytesOfRows(from) : 0;
    const bytes = page.subarray(start, end);
    this.#file.writeAt(this.#file.pagePosition(pageIndex) + start, bytes);
    this.#setCrc(pageIndex, goesOn ? mark(crc32(bytes, known)) : checksum(bytes), to);
    if (to === this.shape.pageRows) this.#checksums.keep(pageIndex);
  }

  /** A page of a sparse plane has no bytes (any more): whatever stands at its place in the file is left alone. */
  leaveOut(pageIndex: number, rows: number): void {
    this.#setCrc(pageIndex, 0, rows);
    if (rows === this.shape.pageRows) this.#checksums.keep(pageIndex);
  }

  /** Write the first `rows` rows of a page in place. */
  replace(pageIndex: number, page: Uint8Array, rows: number): void {
    const bytes = page.subarray(0, this.bytesOfRows(rows));
    this.#file.writePage(pageIndex, bytes);
    this.#setCrc(pageIndex, checksum(bytes), rows);
    if (rows === this.shape.pageRows) this.#checksums.keep(pageIndex);
  }

  /** A page of a sparse plane lost its bytes; the file keeps them until the next checkpoint. */
  forget(pageIndex: number, rows: number): void {
    this.#setCrc(pageIndex, 0, rows);
  }

  /** Keep a changed page beside the file until the next checkpoint. */
  setAside(pageIndex: number, page: Uint8Array, rows: number): void {
    const bytes = page.subarray(0, this.bytesOfRows(rows));
    this.#overlay!.write(pageIndex, bytes);
    this.#setCrc(pageIndex, checksum(bytes), rows);
  }

  /** The checksum that a page in memory has over its first rows. */
  measure(pageIndex: number, page: Uint8Array, rows: number): void {
    this.#setCrc(pageIndex, checksum(page.subarray(0, this.bytesOfRows(rows))), rows);
  }

  get overlay(): PageOverlay | undefined {
    return this.#overlay;
  }

  /** What a checkpoint must write for a page that the last one covers: the page and, when it is full, its checksum. */
  redo(pageIndex: number, page: Uint8Array, rows: number, write: RedoWriter): void {
    const bytes = page.subarray(0, this.bytesOfRows(rows));
    write(`${this.#name}.col`, this.#file.pagePosition(pageIndex), bytes);
    this.#setCrc(pageIndex, checksum(bytes), rows);
    if (rows < this.shape.pageRows) return;
    const word = Uint32Array.of(this.crcOf(pageIndex));
    write(`${this.#name}.crc`, this.#checksums.position(pageIndex), new Uint8Array(word.buffer));
  }

  /** What a checkpoint must write for a page of a sparse plane without bytes. */
  redoAbsent(pageIndex: number, rows: number, write: RedoWriter): void {
    this.#setCrc(pageIndex, 0, rows);
    if (rows < this.shape.pageRows) return;
    write(`${this.#name}.crc`, this.#checksums.position(pageIndex), new Uint8Array(4));
  }

  /** Hand the checksums of full pages to their file. */
  flush(): void {
    this.#checksums.flush();
  }

  sync(): void {
    this.#file.sync();
    this.#checksums.sync();
  }

  close(): void {
    this.#file.close();
    this.#overlay?.close();
  }
}

/** Receives what a checkpoint has to write: name of the file in the folder, place in it, bytes. */
export type RedoWriter = (fileName: string, position: number, bytes: Uint8Array) => void;

function mark(crc: number): number {
  return crc === 0 ? CRC_ZERO : crc;
}

function checksum(bytes: Uint8Array): number {
  return mark(crc32(bytes));
}
