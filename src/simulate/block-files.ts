/**
 * Block files as Bitcoin Core writes them: `blk00000.dat`, `blk00001.dat` and so on, each record the
 * network's magic, a length and a block, a new file before one would pass 128 MiB.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../file-error.ts';

/** Core's MAX_BLOCKFILE_SIZE. */
const FILE_BYTES_MAX = 0x800_0000;
const BUFFER_BYTES = 4 * 1024 * 1024;

export class BlockFiles {
  readonly #folder: string;
  readonly #magic: number;
  readonly #fileBytesMax: number;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #buffered = 0;
  #number = -1;
  #fileBytes = 0;
  #file = -1;
  #path = '';
  /** Bytes written to all files. */
  bytesWritten = 0;

  /**
   * @param folder made when it does not exist
   * @param magic the network's magic, read as a little-endian u32
   * @param fileBytesMax where a new file begins; smaller in tests
   */
  constructor(folder: string, magic: number, fileBytesMax = FILE_BYTES_MAX) {
    this.#folder = folder;
    this.#magic = magic;
    this.#fileBytesMax = fileBytesMax;
    mkdirSync(folder, { recursive: true });
    this.#open();
  }

  /** Number of files so far. */
  get files(): number {
    return this.#number + 1;
  }

  #open(): void {
    this.close();
    this.#number += 1;
    this.#fileBytes = 0;
    this.#path = join(this.#folder, `blk${String(this.#number).padStart(5, '0')}.dat`);
    try {
      this.#file = openSync(this.#path, 'w');
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  /** Add one block, given in parts that stand one after the other. */
  append(...parts: readonly Uint8Array[]): void {
    let length = 0;
    for (const part of parts) length += part.length;
    if (this.#fileBytes > 0 && this.#fileBytes + length + 8 > this.#fileBytesMax) this.#open();
    const prefix = Buffer.alloc(8);
    prefix.writeUInt32LE(this.#magic, 0);
    prefix.writeUInt32LE(length, 4);
    this.#write(prefix);
    for (const part of parts) this.#write(part);
    this.#fileBytes += length + 8;
    this.bytesWritten += length + 8;
  }

  #write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER_BYTES) {
      this.#flush();
      this.#writeOut(bytes);
      return;
    }
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.#flush();
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  #flush(): void {
    if (this.#buffered === 0) return;
    const length = this.#buffered;
    this.#buffered = 0;
    this.#writeOut(this.#buffer.subarray(0, length));
  }

  #writeOut(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  /** Write what is buffered and close the file. May be called twice. */
  close(): void {
    if (this.#file === -1) return;
    this.#flush();
    closeSync(this.#file);
    this.#file = -1;
  }
}
