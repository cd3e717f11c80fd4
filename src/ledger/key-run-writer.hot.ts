/**
 * Writes a key run: entries in the order of (high, low, row) in, a file out.
 *
 * Filter and blocks are made at the same time and written to their two places as they fill up, so memory does
 * not grow with the run. The file has another name until it is whole and on the disk.
 */
import { crc32 } from 'node:zlib';
import {
  KEY_BLOCK_BYTES,
  KeyBlockEntries,
  type KeyBlockShape,
  keyBlockShapeFor,
  packKeyBlock,
} from './key-block.hot.ts';
import type { KeyFile, KeyFiles } from './key-files.ts';
import { KeyFilterWriter } from './key-filter.hot.ts';
import type { KeySink } from './key-front.hot.ts';
import {
  blocksStart,
  headerCrc,
  type KeyRunHeader,
  type KeyRunState,
  packRunHeader,
  RUN_HEADER_BYTES,
} from './key-run-file.ts';

const OUT_BLOCKS = 256;

export interface KeyRunSpec {
  readonly folder: string;
  /** Name of the index. */
  readonly name: string;
  readonly fileName: string;
  /** At most so many entries will come. */
  readonly entriesMax: number;
  readonly rowFrom: number;
  readonly rowEnd: number;
}

export class KeyRunWriter implements KeySink {
  readonly #files: KeyFiles;
  readonly #spec: KeyRunSpec;
  readonly #file: KeyFile;
  readonly #shape: KeyBlockShape;
  readonly #spanMax: number;
  readonly #capacity: number;
  readonly #filter: KeyFilterWriter;
  readonly #out: Uint8Array;
  #isOpen = true;
  #outBlocks = 0;
  #blocks = 0;
  #entries = 0;
  #position: number;
  #filterPosition = RUN_HEADER_BYTES;
  readonly #block = new KeyBlockEntries();
  #firsts = new Uint32Array(1024);

  /** Makes the file under a passing name. */
  constructor(files: KeyFiles, spec: KeyRunSpec) {
    this.#files = files;
    this.#spec = spec;
    this.#shape = keyBlockShapeFor(spec.entriesMax, spec.rowFrom, spec.rowEnd);
    this.#spanMax = 256 ** this.#shape.deltaBytes - 1;
    this.#capacity = this.#shape.capacity;
    this.#out = new Uint8Array(OUT_BLOCKS * KEY_BLOCK_BYTES);
    this.#filter = new KeyFilterWriter(spec.entriesMax, (bytes) => {
      files.write(this.#file, bytes, this.#filterPosition);
      this.#filterPosition += bytes.length;
    });
    this.#position = blocksStart(this.#filter.blocks);
    this.#file = files.create(`${spec.folder}/${spec.fileName}.new`);
  }

  get fileName(): string {
    return this.#spec.fileName;
  }

  get entries(): number {
    return this.#entries;
  }

  append(low: number, high: number, row: number): void {
    const block = this.#block;
    let count = block.count;
    if (count === this.#capacity || (count > 0 && high - block.highs[0]! > this.#spanMax)) {
      this.#endBlock();
      count = 0;
    }
    block.lows[count] = low;
    block.highs[count] = high;
    block.rows[count] = row;
    block.count = count + 1;
    this.#entries += 1;
    this.#filter.add(low, high);
  }

  #endBlock(): void {
    if (this.#blocks === this.#firsts.length) {
      const larger = new Uint32Array(2 * this.#firsts.length);
      larger.set(this.#firsts);
      this.#firsts = larger;
    }
    this.#firsts[this.#blocks] = this.#block.highs[0]!;
    packKeyBlock(
      this.#block,
      this.#shape,
      this.#blocks,
      this.#out,
      this.#outBlocks * KEY_BLOCK_BYTES,
    );
    this.#block.count = 0;
    this.#blocks += 1;
    this.#outBlocks += 1;
    if (this.#outBlocks === OUT_BLOCKS) this.#writeOut();
  }

  #writeOut(): void {
    const bytes = this.#out.subarray(0, this.#outBlocks * KEY_BLOCK_BYTES);
    this.#files.write(this.#file, bytes, this.#position);
    this.#position += bytes.length;
    this.#out.fill(0);
    this.#outBlocks = 0;
  }

  /** End the file, bring it to the disk and give it its name. @returns how the state is to name it */
  finish(): KeyRunState {
    const { folder, name, fileName, rowFrom, rowEnd } = this.#spec;
    if (this.#block.count > 0) this.#endBlock();
    this.#writeOut();
    this.#filter.finish();
    const list = new Uint8Array(this.#firsts.buffer, 0, 4 * this.#blocks);
    this.#files.write(this.#file, list, this.#position);
    const header: KeyRunHeader = {
      name,
      shape: this.#shape,
      entries: this.#entries,
      rowEnd,
      blocks: this.#blocks,
      filterBlocks: this.#filter.blocks,
      filterCrc: this.#filter.crc,
      indexCrc: crc32(list),
    };
    const bytes = packRunHeader(header);
    this.#files.write(this.#file, bytes, 0);
    this.#files.sync(this.#file);
    this.#close();
    this.#files.rename(this.#file.path, `${folder}/${fileName}`);
    this.#files.syncFolder(folder);
    return { file: fileName, entries: this.#entries, rowFrom, rowEnd, crc: headerCrc(bytes) };
  }

  /** Leave nothing behind, after an error or when nothing came. */
  abandon(): void {
    try {
      this.#close();
      this.#files.remove(this.#file.path);
    } catch {
      // What is left over goes when the index is opened next.
    }
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#files.close(this.#file);
  }
}
