/**
 * Pages of a column that were changed after the last checkpoint and had to leave memory before the next one.
 *
 * They stand in a scratch file beside the column, in slots of one page, in no order; the list of slots is in memory alone,
 * so a scratch file that is found when a column is opened is of no use and is dropped. Every page is checked
 * with a CRC-32 when it comes back.
 */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';

interface Slot {
  readonly index: number;
  bytes: number;
  crc: number;
}

export class PageOverlay {
  readonly #path: string;
  readonly #slotBytes: number;
  readonly #slots = new Map<number, Slot>();
  #fd: number | undefined;

  /** @param slotBytes bytes of the largest page */
  constructor(path: string, slotBytes: number) {
    this.#path = path;
    this.#slotBytes = slotBytes;
    this.#remove();
  }

  has(pageIndex: number): boolean {
    return this.#slots.has(pageIndex);
  }

  /** Pages that are here, in no order. */
  pages(): IterableIterator<number> {
    return this.#slots.keys();
  }

  write(pageIndex: number, bytes: Uint8Array): void {
    const slot = this.#slots.get(pageIndex) ?? { index: this.#slots.size, bytes: 0, crc: 0 };
    try {
      this.#fd ??= openSync(this.#path, 'w+', 0o600);
      let done = 0;
      const position = slot.index * this.#slotBytes;
      while (done < bytes.length) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
      }
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
    slot.bytes = bytes.length;
    slot.crc = crc32(bytes);
    this.#slots.set(pageIndex, slot);
  }

  /**
   * Bring a page back. Bytes beyond those that were written stay as they are in `into`.
   *
   * @throws {ClewError} CLEW_COLUMN_DAMAGED when the scratch file was altered
   */
  read(pageIndex: number, into: Uint8Array): void {
    const slot = this.#slots.get(pageIndex)!;
    const bytes = into.subarray(0, slot.bytes);
    let done = 0;
    try {
      while (done < bytes.length) {
        const position = slot.index * this.#slotBytes + done;
        const count = readSync(this.#fd!, bytes, done, bytes.length - done, position);
        if (count === 0) break;
        done += count;
      }
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
    if (done === bytes.length && crc32(bytes) === slot.crc) return;
    throw new ClewError('CLEW_COLUMN_DAMAGED', 'A changed page was altered on the disk.', {
      path: this.#path,
      page: pageIndex,
    });
  }

  /** Forget all pages: they are in the column's file now. */
  clear(): void {
    this.#slots.clear();
    if (this.#fd === undefined) return;
    try {
      ftruncateSync(this.#fd);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#slots.clear();
    this.#remove();
  }

  #remove(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }
}
