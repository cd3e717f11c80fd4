/**
 * `truth.json`: what really happened in the simulated economy, one JSON object a line.
 *
 * The rows are described in `docs/methods/simulated-economy.md`. Above 100,000 transactions the file is
 * `truth.json.gz`, and `truth.json` is a link to it. Rows go out as they arise; nothing is kept.
 */

import { once } from 'node:events';
import {
  closeSync,
  createWriteStream,
  openSync,
  symlinkSync,
  type WriteStream,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import { fileError } from '../file-error.ts';

/** Larger economies have their truth gzipped. */
export const PLAIN_TRANSACTIONS_MAX = 100_000;
const CHUNK_BYTES = 1 << 20;

/** Takes the rows of the truth as they arise. */
export interface TruthSink {
  /** Add one row: a whole JSON object in ASCII without a line break. */
  row(json: string): void;
}

export class TruthWriter implements TruthSink {
  #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #length = 0;
  readonly #path: string;
  #file = -1;
  #gzip: Gzip | undefined;
  #stream: WriteStream | undefined;
  #done: Promise<void> | undefined;
  #isFull = false;
  #failure: unknown;
  /** Bytes before compression. */
  bytesWritten = 0;

  constructor(folder: string, isCompressed: boolean) {
    this.#path = join(folder, isCompressed ? 'truth.json.gz' : 'truth.json');
    try {
      if (isCompressed) {
        symlinkSync('truth.json.gz', join(folder, 'truth.json'));
        // Level 1: half of the bytes are txids, which no level makes smaller.
        this.#gzip = createGzip({ level: 1, chunkSize: 1 << 18 });
        this.#stream = createWriteStream(this.#path);
        this.#gzip.pipe(this.#stream);
        this.#done = finished(this.#stream);
        this.#done.catch((cause: unknown) => {
          this.#failure = cause;
        });
      } else {
        this.#file = openSync(this.#path, 'w');
      }
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  row(json: string): void {
    if (this.#length + json.length + 1 > CHUNK_BYTES) this.#flush();
    this.#length += this.#chunk.write(json, this.#length, 'latin1');
    this.#chunk[this.#length] = 0x0a;
    this.#length += 1;
  }

  #flush(): void {
    const bytes = this.#chunk.subarray(0, this.#length);
    this.bytesWritten += this.#length;
    this.#length = 0;
    if (this.#gzip !== undefined) {
      if (!this.#gzip.write(bytes)) this.#isFull = true;
      // The stream keeps the memory until it has compressed it.
      this.#chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      return;
    }
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  /** Wait until the compressor has caught up. Call between blocks, so that memory stays bounded. */
  async drain(): Promise<void> {
    if (this.#failure !== undefined) throw fileError(this.#failure, this.#path);
    if (!this.#isFull || this.#gzip === undefined) return;
    this.#isFull = false;
    await Promise.race([once(this.#gzip, 'drain'), this.#done]);
  }

  /** Write out the rest and close the file. */
  async close(): Promise<void> {
    this.#flush();
    if (this.#gzip === undefined) {
      closeSync(this.#file);
      return;
    }
    this.#gzip.end();
    try {
      await this.#done;
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }
}
