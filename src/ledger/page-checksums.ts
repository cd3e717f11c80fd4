/**
 * The CRC-32 of each full page of a plane, in memory and in `<name>.crc`: a header, then four bytes a page.
 *
 * Checksums are written when the column is flushed, not page by page, and the file is open only then:
 * an index has about a hundred of them.
 */
import { COLUMN_HEADER_BYTES, ColumnFile, type ColumnFileSpec } from './column-file.ts';

const CRC_BYTES = 4;

export class PageChecksums {
  readonly #spec: ColumnFileSpec;
  #crcs = new Uint32Array(64);
  /** Pages of which the file lacks the checksum lie in [from, to). */
  #from = Number.POSITIVE_INFINITY;
  #to = 0;
  #isUnsynced = false;

  /**
   * @param spec of the file
   * @param pages full pages that count; undefined to make a new file
   * @throws {ClewError} CLEW_FLOW_FORMAT when the file is cut or foreign
   */
  constructor(
    spec: Omit<ColumnFileSpec, 'rowBytes'>,
    pages: number | undefined,
    opening: { readonly writable: boolean; readonly sparse: boolean },
  ) {
    this.#spec = { ...spec, rowBytes: CRC_BYTES };
    if (pages === undefined) {
      const file = ColumnFile.create(this.#spec);
      this.#isUnsynced = true;
      file.close();
      return;
    }
    const file = ColumnFile.open(this.#spec, { rows: pages, ...opening });
    this.#isUnsynced = opening.writable;
    try {
      this.#reserve(pages);
      const bytes = new Uint8Array(this.#crcs.buffer, 0, pages * CRC_BYTES);
      file.readAt(file.pagePosition(0), bytes);
    } finally {
      file.close();
    }
  }

  #reserve(pageIndex: number): void {
    if (pageIndex < this.#crcs.length) return;
    const grown = new Uint32Array(2 ** Math.ceil(Math.log2(pageIndex + 1)));
    grown.set(this.#crcs);
    this.#crcs = grown;
  }

  at(pageIndex: number): number {
    return this.#crcs[pageIndex] ?? 0;
  }

  set(pageIndex: number, crc: number): void {
    this.#reserve(pageIndex);
    this.#crcs[pageIndex] = crc;
  }

  /** The page is full and in its file: its checksum is to be written at the next `flush`. */
  keep(pageIndex: number): void {
    this.#from = Math.min(this.#from, pageIndex);
    this.#to = Math.max(this.#to, pageIndex + 1);
  }

  /** Where the checksum of a page stands in the file. */
  position(pageIndex: number): number {
    return COLUMN_HEADER_BYTES + pageIndex * CRC_BYTES;
  }

  flush(): void {
    if (this.#from >= this.#to) return;
    const bytes = new Uint8Array(
      this.#crcs.buffer,
      this.#from * CRC_BYTES,
      (this.#to - this.#from) * CRC_BYTES,
    );
    this.#withFile((file) => file.writeAt(this.position(this.#from), bytes));
    this.#from = Number.POSITIVE_INFINITY;
    this.#to = 0;
    this.#isUnsynced = true;
  }

  sync(): void {
    this.flush();
    if (!this.#isUnsynced) return;
    this.#withFile((file) => file.sync(true));
    this.#isUnsynced = false;
  }

  #withFile(work: (file: ColumnFile) => void): void {
    const file = ColumnFile.open(this.#spec, { rows: 0, writable: true });
    try {
      work(file);
    } finally {
      file.close();
    }
  }
}
