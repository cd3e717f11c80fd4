/** `--keep-raw`: the blocks' bytes copied into the data folder, as block files of our own without an XOR key. */
import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Network } from '../chain/network.ts';
import { fileError } from '../file-error.ts';
import type { BlockPlace } from '../source/raw-bytes.ts';

const FRAME_BYTES = 8;
const FILE_BYTES_MAX = 128 * 1024 ** 2;

export class RawCopy {
  readonly #folder: string;
  readonly #network: Network;
  #fileNumber: number;
  #fd: number | undefined;
  #path = '';
  #length = 0;

  constructor(folder: string, network: Network) {
    this.#folder = folder;
    this.#network = network;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const numbers = readdirSync(folder).map((name) =>
        Number(/^blk(\d+)\.dat$/.exec(name)?.[1] ?? -1),
      );
      this.#fileNumber = Math.max(-1, ...numbers) + 1;
    } catch (cause) {
      throw fileError(cause, folder);
    }
  }

  /** True for a place that is in one of these copies already. */
  holds(place: BlockPlace): boolean {
    return dirname(place.file) === this.#folder;
  }

  /** Where the copy of the next block, of that many bytes, will stand. */
  nextPlace(lengthBytes: number): BlockPlace {
    if (this.#fd === undefined || this.#length + lengthBytes > FILE_BYTES_MAX) this.#nextFile();
    return { file: this.#path, offsetBytes: this.#length + FRAME_BYTES, lengthBytes };
  }

  /** Append the block whose place was asked for last. */
  add(block: Uint8Array): void {
    const frame = Buffer.alloc(FRAME_BYTES);
    frame.writeUInt32LE(this.#network.magic, 0);
    frame.writeUInt32LE(block.length, 4);
    try {
      writeSync(this.#fd!, frame);
      let done = 0;
      while (done < block.length) done += writeSync(this.#fd!, block, done, block.length - done);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
    this.#length += FRAME_BYTES + block.length;
  }

  #nextFile(): void {
    this.close();
    const name = `blk${String(this.#fileNumber).padStart(5, '0')}.dat`;
    this.#fileNumber += 1;
    this.#path = join(this.#folder, name);
    this.#length = 0;
    try {
      this.#fd = openSync(this.#path, 'wx', 0o600);
    } catch (cause) {
      throw fileError(cause, this.#path);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}
