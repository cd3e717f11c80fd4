/**
 * What blocks spent, from the rev files that Bitcoin Core keeps beside its block files.
 *
 *   blk00012.dat   blocks, in the order in which they came
 *   rev00012.dat   undo data of the same blocks, in the order in which they were connected
 *
 * A record does not name its block. It belongs to one of the block file of the same number, has an entry for each of the
 * block's transactions, and its checksum is taken over the hash of the block before and the undo data. So the records with
 * the right count are tried in the order of the file, which is nearly always the first one; a match of the checksum is the
 * proof. Blocks of one parent (a stale block and its rival) can share a checksum: a record that fits both is not used.
 *
 * The checksum finds damage, not lies: what an input spent is not part of the block, and whoever writes the rev
 * file can write what he likes. `undo-check.ts` holds it against the block.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sha256 } from '../bytes/hash.ts';
import { bytesEqual, displayToHash } from '../bytes/hex.ts';
import { BlockColumns, readBlockColumns } from '../chain/block-columns.hot.ts';
import type { Network } from '../chain/network.ts';
import { ClewError, type ErrorFacts, type Problem } from '../errors.ts';
import type { BlockSource, SourceBlock } from './block-source.ts';
import { FileWindow, LONG_READ_BYTES } from './file-window.ts';
import { ProblemList } from './problem-list.ts';
import type { BlockPlace } from './raw-bytes.ts';
import { type BlockShape, hasShape, showsScriptsOf, undoFault } from './undo-check.ts';
import { CHECKSUM_BYTES, scanUndoFile, type UndoFrame } from './undo-frames.ts';
import { readUndoRecord, UndoColumns } from './undo-record.hot.ts';
import { readXorKey } from './xor-key.ts';

export interface UndoFiles {
  /**
   * What the inputs of a block spent.
   *
   * @param block the block
   * @param shape its transactions, inputs and outputs
   * @param into takes what was spent; what it held is lost
   * @param places where the block stands, if that is more than one place
   * @returns false when no rev file has it; when one should have it, that is a finding
   */
  read(
    block: SourceBlock,
    shape: BlockShape,
    into: UndoColumns,
    places?: readonly BlockPlace[],
  ): boolean;
  /** Findings so far: CLEW_UNDO_CUT, CLEW_UNDO_DAMAGED, CLEW_UNDO_MISSING, CLEW_FILE_UNREADABLE. Nothing here is fatal. */
  problems(): Problem[];
  close(): void;
}

/** Rev files whose frames are kept at hand; blocks come by height, so a few are enough. */
const FILES_OPEN_MAX = 16;
/** Records of one file whose checksum is tried in vain before it is given up: it belongs to other block files then. */
const TRIES_MAX = 1_000_000;
/** Records that are looked at to tell a damaged one from a missing one. */
const SUSPECTS_MAX = 8;

const BLOCK_FILE_NAME = /^blk(\d+\.dat)$/i;

/** The rev file that belongs to a block file, whether it is there or not. */
export function undoFileOf(blockFile: string): string | undefined {
  const number = BLOCK_FILE_NAME.exec(basename(blockFile))?.[1];
  return number === undefined ? undefined : join(dirname(blockFile), `rev${number}`);
}

/** The records of one file with the same count of transactions that belong to no block yet. */
interface FrameGroup {
  readonly rows: number[];
  /** Where the next one is likely: behind the one that was found last. */
  next: number;
}

/** One rev file and which of its records belong to which block. */
class UndoFile {
  readonly window: FileWindow;
  readonly #frames: readonly UndoFrame[];
  readonly #byTxCount = new Map<number, FrameGroup>();
  /** Row of the frame by block hash, of those that were found. */
  readonly #rowOf = new Map<string, number>();
  readonly #mayHaveMore: boolean;
  #triesLeft = TRIES_MAX;

  constructor(window: FileWindow, frames: readonly UndoFrame[], network: Network) {
    this.window = window;
    this.#frames = frames;
    // Litecoin puts the undo data of its extension block behind that of the transactions.
    this.#mayHaveMore = network.mweb;
    for (const [row, { txCount }] of frames.entries()) {
      const group = this.#byTxCount.get(txCount);
      if (group === undefined) this.#byTxCount.set(txCount, { rows: [row], next: 0 });
      else group.rows.push(row);
    }
  }

  /** Fills `into` with the record of a block. */
  find(block: SourceBlock, shape: BlockShape, into: UndoColumns): boolean {
    const prevHash = displayToHash(block.prevHash);
    const known = this.#rowOf.get(block.hash);
    if (known !== undefined) return this.#read(known, prevHash, shape, into);
    const group = this.#byTxCount.get(shape.txCount - 1);
    if (group === undefined) return false;
    const { rows } = group;
    for (let tried = 0; tried < rows.length && this.#triesLeft > 0; tried += 1) {
      const place = (group.next + tried) % rows.length;
      const row = rows[place]!;
      this.#triesLeft -= 1;
      if (!this.#read(row, prevHash, shape, into)) continue;
      this.#rowOf.set(block.hash, row);
      rows.splice(place, 1);
      group.next = place;
      return true;
    }
    return false;
  }

  /** Fills `into` with a record, if its checksum is that of a block with this parent and it has this shape. */
  #read(row: number, prevHash: Uint8Array, shape: BlockShape, into: UndoColumns): boolean {
    const { dataOffset, dataBytes } = this.#frames[row]!;
    const bytes = this.#bytesAt(dataOffset, dataBytes + CHECKSUM_BYTES);
    const data = bytes.subarray(0, dataBytes);
    const once = createHash('sha256').update(prevHash).update(data).digest();
    if (!bytesEqual(sha256(once), bytes.subarray(dataBytes))) return false;
    return this.#isReadable(data, into) && hasShape(into, shape);
  }

  #isReadable(data: Uint8Array, into: UndoColumns): boolean {
    try {
      readUndoRecord(data, into, this.#mayHaveMore);
      return true;
    } catch (error) {
      if (error instanceof ClewError && error.code === 'CLEW_UNDO_DAMAGED') return false;
      throw error;
    }
  }

  /** Valid until the next call. */
  #bytesAt(offset: number, length: number): Uint8Array {
    const isShort = length <= LONG_READ_BYTES;
    return isShort ? this.window.at(offset, length) : this.window.read(offset, length);
  }

  /**
   * Offset of the undo data that would be that of a block, were it not for the checksum; of a record that can not be read
   * at all, when there is one.
   *
   * @param isLike says whether undo data of the right shape is what the block spent
   */
  suspectOf(shape: BlockShape, isLike: (undo: UndoColumns) => boolean): number | undefined {
    const columns = new UndoColumns();
    const rows = this.#byTxCount.get(shape.txCount - 1)?.rows ?? [];
    for (const row of rows.slice(0, SUSPECTS_MAX)) {
      const { dataOffset, dataBytes } = this.#frames[row]!;
      const data = this.#bytesAt(dataOffset, dataBytes);
      if (!this.#isReadable(data, columns)) return dataOffset;
      if (hasShape(columns, shape) && isLike(columns)) return dataOffset;
    }
    return undefined;
  }
}

class FolderUndoFiles implements UndoFiles {
  readonly #source: BlockSource;
  /** By path, the one used last at the end; undefined for a file that is not there. */
  readonly #open = new Map<string, UndoFile | undefined>();
  readonly #scanned = new Set<string>();
  readonly #findings = new ProblemList();
  #staleByParent: Map<string, SourceBlock[]> | undefined;

  constructor(source: BlockSource) {
    this.#source = source;
  }

  read(
    block: SourceBlock,
    shape: BlockShape,
    into: UndoColumns,
    places: readonly BlockPlace[] = [block],
  ): boolean {
    if (shape.txCount === 1) {
      into.clear();
      return true;
    }
    const files: UndoFile[] = [];
    for (const path of new Set(places.map(({ file }) => undoFileOf(file)))) {
      const file = path === undefined ? undefined : this.#fileAt(path);
      if (file === undefined) continue;
      files.push(file);
      if (!this.#isFoundIn(file, block, shape, into)) continue;
      const fault = this.#faultOf(block, shape, into);
      if (fault === undefined) return true;
      const message = `The undo data of a block was left out: ${fault}.`;
      this.#report('CLEW_UNDO_DAMAGED', block, file, { message });
      return false;
    }
    if (files.length > 0) this.#reportMissing(block, shape, files);
    return false;
  }

  #isFoundIn(file: UndoFile, block: SourceBlock, shape: BlockShape, into: UndoColumns): boolean {
    try {
      return file.find(block, shape, into);
    } catch (error) {
      this.#passUnreadable(error, file.window.file);
      return false;
    }
  }

  /** A rev file that can not be read is like one that is not there: the blocks are. */
  #passUnreadable(error: unknown, path: string): void {
    if (!(error instanceof ClewError) || error.code !== 'CLEW_FILE_UNREADABLE') throw error;
    this.#findings.add(error.code, error.message, error.facts);
    this.#open.get(path)?.window.close();
    this.#open.set(path, undefined);
  }

  #faultOf(block: SourceBlock, shape: BlockShape, undo: UndoColumns): string | undefined {
    if (this.#fitsRival(block, undo)) return 'it fits two blocks of one parent';
    return undoFault(undo, shape, block.height, this.#source.network);
  }

  #reportMissing(block: SourceBlock, shape: BlockShape, files: readonly UndoFile[]): void {
    let bytes: Uint8Array | undefined;
    const isLike = (undo: UndoColumns): boolean => {
      const columns = this.#columnsOf(block);
      if (columns === undefined) return false;
      bytes ??= this.#source.readBlock(block);
      return showsScriptsOf(undo, bytes, columns);
    };
    for (const file of files) {
      const offset = file.suspectOf(shape, isLike);
      if (offset === undefined) continue;
      this.#report('CLEW_UNDO_DAMAGED', block, file, {
        message: 'The checksum of the undo data of a block is wrong; it was left out.',
        offset,
      });
      return;
    }
    this.#report('CLEW_UNDO_MISSING', block, files[0]!, {
      message: 'There is no undo data for a block that spends from before the ledger.',
    });
  }

  #report(
    code: 'CLEW_UNDO_DAMAGED' | 'CLEW_UNDO_MISSING',
    { height, hash }: SourceBlock,
    file: UndoFile,
    { message, ...facts }: ErrorFacts & { readonly message: string },
  ): void {
    this.#findings.add(code, message, { file: file.window.file, ...facts, height, hash });
  }

  #fileAt(path: string): UndoFile | undefined {
    const isKnown = this.#open.has(path);
    const file = isKnown ? this.#open.get(path) : this.#scan(path);
    this.#open.delete(path);
    this.#open.set(path, file);
    if (this.#open.size > FILES_OPEN_MAX) {
      const [oldest, oldestFile] = this.#open.entries().next().value!;
      this.#open.delete(oldest);
      oldestFile?.window.close();
    }
    return file;
  }

  #scan(path: string): UndoFile | undefined {
    if (!existsSync(path)) return undefined;
    // A file that is scanned again was reported before.
    const isNew = !this.#scanned.has(path);
    this.#scanned.add(path);
    try {
      const window = new FileWindow(path, readXorKey(dirname(path)));
      const frames = scanUndoFile(window, this.#source.network, (code, message, facts) => {
        if (isNew) this.#findings.add(code, message, facts);
      });
      return new UndoFile(window, frames, this.#source.network);
    } catch (error) {
      this.#passUnreadable(error, path);
      return undefined;
    }
  }

  /** True when undo data would also be that of another block of the same parent, with other transactions. */
  #fitsRival(block: SourceBlock, undo: UndoColumns): boolean {
    const rivals = this.#rivalsOf(block).filter(({ hash }) => hash !== block.hash);
    if (rivals.length === 0) return false;
    const ownTxids = this.#columnsOf(block);
    return rivals.some((rival) => {
      const columns = this.#columnsOf(rival);
      if (columns === undefined || !hasShape(undo, columns)) return false;
      const end = 32 * columns.txCount;
      return (
        ownTxids === undefined ||
        !bytesEqual(ownTxids.txids.subarray(32, end), columns.txids.subarray(32, end))
      );
    });
  }

  /** The blocks that the source has with the same parent, if any of them is stale. */
  #rivalsOf({ prevHash, height }: SourceBlock): SourceBlock[] {
    if (this.#staleByParent === undefined) {
      this.#staleByParent = new Map();
      for (const stale of this.#source.staleBlocks) {
        const others = this.#staleByParent.get(stale.prevHash);
        if (others === undefined) this.#staleByParent.set(stale.prevHash, [stale]);
        else others.push(stale);
      }
    }
    const stale = this.#staleByParent.get(prevHash);
    if (stale === undefined) return [];
    const best = blockAt(this.#source.blocks, height);
    return best?.prevHash === prevHash ? [best, ...stale] : stale;
  }

  /** Undefined when the block can not be read: then it was never connected. */
  #columnsOf(block: SourceBlock): BlockColumns | undefined {
    const columns = new BlockColumns();
    try {
      readBlockColumns(this.#source.readBlock(block), this.#source.network, columns);
      return columns;
    } catch (error) {
      if (error instanceof ClewError) return undefined;
      throw error;
    }
  }

  problems(): Problem[] {
    return this.#findings.finish();
  }

  close(): void {
    for (const file of this.#open.values()) file?.window.close();
    this.#open.clear();
  }
}

/** The block at a height among blocks by rising height. */
function blockAt(blocks: readonly SourceBlock[], height: number): SourceBlock | undefined {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (blocks[middle]!.height < height) low = middle + 1;
    else high = middle;
  }
  const found = blocks[low];
  return found?.height === height ? found : undefined;
}

/**
 * The undo data beside the block files of a source. Nothing is read before it is asked for.
 *
 * @example
 * const files = openUndoFiles(source);
 * if (files.read(block, columns, undo)) console.log(undo.valueSats[0]);
 */
export function openUndoFiles(source: BlockSource): UndoFiles {
  return new FolderUndoFiles(source);
}
