/**
 * What a scan keeps of every block: some 120 bytes in columns, no object, so that all of Bitcoin (900,000
 * blocks) takes about 110 MB.
 *
 *   row   one block, in the order in which the scan met it; a second copy of a block gets no row
 */
import type { ErrorFacts } from '../errors.ts';
import type { BlockPlace } from './raw-bytes.ts';

/** No such block in a scan: rows here are u32, unlike those of the ledger. */
export const NO_BLOCK = 0xffff_ffff;
/** A height that is not known. */
export const NO_HEIGHT = 0xffff_ffff;

const HASH_BYTES = 32;
/** A hash with its bytes reversed; valid during one call. */
const reversed = Buffer.alloc(HASH_BYTES);
const ROWS_MIN = 1024;
/** End of the chain of a block's copies. */
const NO_COPY = -1;

/** One block as the scan hands it over; hashes in internal order, copied. */
export interface ScannedBlock {
  readonly hash: Uint8Array;
  readonly prevHash: Uint8Array;
  readonly timeSeconds: number;
  readonly bits: number;
  /** The height that the coinbase names (BIP 34), or NO_HEIGHT. */
  readonly coinbaseHeight: number;
  /** Row of the file, from `addFile`. */
  readonly fileRow: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** False when only the header can be read. */
  readonly isWhole: boolean;
}

/** A further copy of a block. */
export interface OtherCopy extends BlockPlace {
  readonly row: number;
  /** Offset of its record. */
  readonly recordOffset: number;
}

interface ScannedFile {
  readonly file: string;
  /** Bytes between the start of a record and its block. */
  readonly frameBytes: number;
}

/** As `hashToDisplay`, but as one flat string: two million of them are kept, and ropes take ten times the room. */
function displayAt(hashes: Uint8Array, at: number): string {
  for (let i = 0; i < HASH_BYTES; i += 1) reversed[HASH_BYTES - 1 - i] = hashes[at + i]!;
  return reversed.toString('hex');
}

export class ScannedBlocks {
  count = 0;
  hashes = new Uint8Array(HASH_BYTES * ROWS_MIN);
  prevHashes = new Uint8Array(HASH_BYTES * ROWS_MIN);
  timeSeconds = new Uint32Array(ROWS_MIN);
  bits = new Uint32Array(ROWS_MIN);
  coinbaseHeight = new Uint32Array(ROWS_MIN);
  fileRow = new Uint32Array(ROWS_MIN);
  offsetBytes = new Float64Array(ROWS_MIN);
  lengthBytes = new Uint32Array(ROWS_MIN);
  isWhole = new Uint8Array(ROWS_MIN);

  readonly #files: ScannedFile[] = [];
  /** Rows by hash: open addressing, row + 1, 0 is free. */
  #slots = new Uint32Array(2 * ROWS_MIN);
  // Copies, in columns as well: whoever has every file twice has as many copies as blocks.
  readonly #copyRow: number[] = [];
  readonly #copyFile: number[] = [];
  readonly #copyOffset: number[] = [];
  readonly #copyLength: number[] = [];
  /** Last copy of a row, and the one before each copy: chains, so that a look-up costs what it finds. */
  readonly #lastCopy = new Map<number, number>();
  readonly #copyBefore: number[] = [];

  /** Name a file whose blocks will be added. */
  addFile(file: string, frameBytes: number): number {
    this.#files.push({ file, frameBytes });
    return this.#files.length - 1;
  }

  /**
   * Keep a block. Of two copies the first one counts, but a whole one before one that is cut off.
   *
   * @returns its row
   */
  add(block: ScannedBlock): number {
    const known = this.#find(block.hash, 0);
    if (known !== NO_BLOCK) {
      if (block.isWhole && this.isWhole[known] === 0) this.#place(known, block);
      else if (block.isWhole) this.#addCopy(known, block);
      return known;
    }
    const row = this.count;
    if (row === this.bits.length) this.#grow();
    this.hashes.set(block.hash, HASH_BYTES * row);
    this.prevHashes.set(block.prevHash, HASH_BYTES * row);
    this.timeSeconds[row] = block.timeSeconds;
    this.bits[row] = block.bits;
    this.#place(row, block);
    this.count = row + 1;
    this.#addSlot(row);
    return row;
  }

  /** Keep a block of another pool, with its place. */
  copyFrom(other: ScannedBlocks, row: number): void {
    const { file, frameBytes } = other.#files[other.fileRow[row]!]!;
    this.add({
      hash: other.hashes.subarray(HASH_BYTES * row, HASH_BYTES * (row + 1)),
      prevHash: other.prevHashes.subarray(HASH_BYTES * row, HASH_BYTES * (row + 1)),
      timeSeconds: other.timeSeconds[row]!,
      bits: other.bits[row]!,
      coinbaseHeight: other.coinbaseHeight[row]!,
      fileRow: this.addFile(file, frameBytes),
      offsetBytes: other.offsetBytes[row]!,
      lengthBytes: other.lengthBytes[row]!,
      isWhole: other.isWhole[row] === 1,
    });
  }

  #place(row: number, block: ScannedBlock): void {
    this.coinbaseHeight[row] = block.coinbaseHeight;
    this.fileRow[row] = block.fileRow;
    this.offsetBytes[row] = block.offsetBytes;
    this.lengthBytes[row] = block.lengthBytes;
    this.isWhole[row] = block.isWhole ? 1 : 0;
  }

  #addCopy(row: number, block: ScannedBlock): void {
    this.#copyBefore.push(this.#lastCopy.get(row) ?? NO_COPY);
    this.#lastCopy.set(row, this.#copyRow.length);
    this.#copyRow.push(row);
    this.#copyFile.push(block.fileRow);
    this.#copyOffset.push(block.offsetBytes);
    this.#copyLength.push(block.lengthBytes);
  }

  #grow(): void {
    const rows = 2 * this.bits.length;
    // `transfer` frees the old memory at once instead of at the next collection.
    this.hashes = new Uint8Array(this.hashes.buffer.transfer(HASH_BYTES * rows));
    this.prevHashes = new Uint8Array(this.prevHashes.buffer.transfer(HASH_BYTES * rows));
    this.timeSeconds = new Uint32Array(this.timeSeconds.buffer.transfer(4 * rows));
    this.bits = new Uint32Array(this.bits.buffer.transfer(4 * rows));
    this.coinbaseHeight = new Uint32Array(this.coinbaseHeight.buffer.transfer(4 * rows));
    this.fileRow = new Uint32Array(this.fileRow.buffer.transfer(4 * rows));
    this.offsetBytes = new Float64Array(this.offsetBytes.buffer.transfer(8 * rows));
    this.lengthBytes = new Uint32Array(this.lengthBytes.buffer.transfer(4 * rows));
    this.isWhole = new Uint8Array(this.isWhole.buffer.transfer(rows));
    this.#slots = new Uint32Array(2 * rows);
    for (let row = 0; row < this.count; row += 1) this.#addSlot(row);
  }

  /** The first bytes of a hash in internal order are as good as random; the last ones are zero. */
  #slotOf(hashes: Uint8Array, at: number): number {
    const word =
      hashes[at]! +
      hashes[at + 1]! * 0x100 +
      hashes[at + 2]! * 0x1_0000 +
      hashes[at + 3]! * 0x100_0000;
    return word % this.#slots.length;
  }

  #addSlot(row: number): void {
    let slot = this.#slotOf(this.hashes, HASH_BYTES * row);
    while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
    this.#slots[slot] = row + 1;
  }

  #find(hashes: Uint8Array, at: number): number {
    let slot = this.#slotOf(hashes, at);
    for (;;) {
      const row = this.#slots[slot]! - 1;
      if (row < 0) return NO_BLOCK;
      let i = 0;
      while (i < HASH_BYTES && this.hashes[HASH_BYTES * row + i] === hashes[at + i]) i += 1;
      if (i === HASH_BYTES) return row;
      slot = (slot + 1) % this.#slots.length;
    }
  }

  /** The row of the block with this hash (32 bytes, internal order), or NO_BLOCK. */
  rowOf(hash: Uint8Array): number {
    return this.#find(hash, 0);
  }

  /** The row of the parent, or NO_BLOCK when it was not met. */
  parentOf(row: number): number {
    return this.#find(this.prevHashes, HASH_BYTES * row);
  }

  hashOf(row: number): string {
    return displayAt(this.hashes, HASH_BYTES * row);
  }

  prevHashOf(row: number): string {
    return displayAt(this.prevHashes, HASH_BYTES * row);
  }

  /** Hashes that blocks name as their parent and that no block has. */
  missingParents(): Set<string> {
    const missing = new Set<string>();
    for (let row = 0; row < this.count; row += 1) {
      if (this.parentOf(row) === NO_BLOCK) missing.add(this.prevHashOf(row));
    }
    return missing;
  }

  fileOf(row: number): string {
    return this.#files[this.fileRow[row]!]!.file;
  }

  /** File, offset of the record, and hash: what a finding about the block names. */
  factsOf(row: number): ErrorFacts {
    const { file, frameBytes } = this.#files[this.fileRow[row]!]!;
    return { file, offset: this.offsetBytes[row]! - frameBytes, hash: this.hashOf(row) };
  }

  /** Every further copy of a block, in the order in which the scan met them. */
  *copies(): Generator<OtherCopy, void, void> {
    for (let copy = 0; copy < this.#copyRow.length; copy += 1) yield this.#copyAt(copy);
  }

  /** The further copies of one block. */
  copiesOf(row: number): OtherCopy[] {
    const found: OtherCopy[] = [];
    let copy = this.#lastCopy.get(row) ?? NO_COPY;
    for (; copy !== NO_COPY; copy = this.#copyBefore[copy]!) found.push(this.#copyAt(copy));
    return found.reverse();
  }

  #copyAt(copy: number): OtherCopy {
    const { file, frameBytes } = this.#files[this.#copyFile[copy]!]!;
    const offsetBytes = this.#copyOffset[copy]!;
    return {
      row: this.#copyRow[copy]!,
      file,
      offsetBytes,
      recordOffset: offsetBytes - frameBytes,
      lengthBytes: this.#copyLength[copy]!,
    };
  }
}
