/**
 * A file seen through a window that moves forward: many small looks, few reads.
 *
 * Block files are mostly bodies that the scan skips. After a long jump 4 KiB are read, which hold a frame, a
 * header and the start of the coinbase; where records follow each other closely, 256 KiB at once.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { fileError } from '../file-error.ts';
import { readFully } from './raw-bytes.ts';
import { XOR_KEY_BYTES, xorInPlace } from './xor.hot.ts';

const NEAR_BYTES = 64 * 1024;
const SHORT_READ_BYTES = 4 * 1024;
export const LONG_READ_BYTES = 256 * 1024;

export class FileWindow {
  readonly file: string;
  readonly sizeBytes: number;
  readonly #fd: number;
  readonly #key: Uint8Array | undefined;
  readonly #buffer = new Uint8Array(LONG_READ_BYTES);
  #start = 0;
  #end = 0;

  /**
   * @param file absolute path
   * @param key XOR key of the file, if it has one
   * @throws {ClewError} CLEW_FILE_UNREADABLE
   */
  constructor(file: string, key: Uint8Array | undefined) {
    this.file = file;
    this.#key = key;
    try {
      this.#fd = openSync(file, 'r');
      this.sizeBytes = fstatSync(this.#fd).size;
    } catch (cause) {
      throw fileError(cause, file);
    }
  }

  /**
   * The plain bytes from `offset` on: `length` of them, or fewer when the file ends. Valid until the next call.
   *
   * @param length at most 256 KiB
   * @throws {ClewError} CLEW_FILE_UNREADABLE
   */
  at(offset: number, length: number): Uint8Array {
    const wantedEnd = Math.min(this.sizeBytes, offset + length);
    if (offset < this.#start || wantedEnd > this.#end) this.#load(offset, wantedEnd - offset);
    return this.#buffer.subarray(offset - this.#start, Math.max(offset, wantedEnd) - this.#start);
  }

  #load(offset: number, length: number): void {
    const isNear = offset >= this.#start && offset <= this.#end + NEAR_BYTES;
    const wanted = Math.max(length, isNear ? LONG_READ_BYTES : SHORT_READ_BYTES);
    const into = this.#buffer.subarray(0, Math.min(wanted, Math.max(0, this.sizeBytes - offset)));
    try {
      const got = readFully(this.#fd, into, offset);
      // A file that shrank meanwhile reads as zeros, which is padding.
      into.fill(0, got);
    } catch (cause) {
      throw fileError(cause, this.file);
    }
    if (this.#key !== undefined) xorInPlace(into, this.#key, offset);
    this.#start = offset;
    this.#end = offset + into.length;
  }

  /** Fresh plain bytes, of any length. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.sizeBytes - offset)));
    try {
      readFully(this.#fd, bytes, offset);
    } catch (cause) {
      throw fileError(cause, this.file);
    }
    if (this.#key !== undefined) xorInPlace(bytes, this.#key, offset);
    return bytes;
  }

  /**
   * Where the run of zero bytes that begins at `offset` ends. Core reserves room in its block files as
   * zeros on the disk, outside the XOR, so in a scrambled file zeros count before as well as after undoing it.
   */
  zerosEnd(offset: number): number {
    const key = this.#key;
    const first = this.at(offset, 1)[0];
    const isRaw = key !== undefined && first === key[offset % XOR_KEY_BYTES];
    if (!isRaw && first !== 0) return offset;
    let at = offset;
    while (at < this.sizeBytes) {
      const bytes = this.at(at, LONG_READ_BYTES);
      for (let i = 0; i < bytes.length; i += 1) {
        if (bytes[i] !== (isRaw ? key[(at + i) % XOR_KEY_BYTES]! : 0)) return at + i;
      }
      at += bytes.length;
    }
    return at;
  }

  close(): void {
    closeSync(this.#fd);
  }
}
