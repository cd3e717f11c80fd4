/**
 * Where the bytes of a block can be read, tried one after the other: where the ledger has it, where the source has it, and
 * further copies in the source. Checks them before anything is changed for their sake.
 */
import { hashToDisplay } from '../bytes/hex.ts';
import { BlockColumns, HEADER_BYTES, readBlockColumns } from '../chain/block-columns.hot.ts';
import { blockHash } from '../chain/header.ts';
import { ClewError, type ErrorFacts, type Problem } from '../errors.ts';
import { checkBlock } from '../ledger/prepare-block.hot.ts';
import type { BlockUndo } from '../ledger/spent-before.hot.ts';
import type { BlockSource, SourceBlock } from '../source/block-source.ts';
import { type BlockPlace, openRawReader } from '../source/raw-bytes.ts';
import { UndoReader } from './undo-reader.ts';

/** Magic and length before each block of a block file. */
const FRAME_BYTES = 8;

const DAMAGE = new Set(['CLEW_BLOCK_DAMAGED', 'CLEW_BLOCK_MERKLE', 'CLEW_BLOCK_WITNESS']);
const UNREADABLE = new Set(['CLEW_RAW_GONE', 'CLEW_FILE_UNREADABLE']);

/** True for an error that says: these bytes are not the block. */
export function isBlockDamage(error: unknown): error is ClewError {
  return error instanceof ClewError && DAMAGE.has(error.code);
}

/** True for an error that says: these bytes can not be read. */
export function isUnreadable(error: unknown): error is ClewError {
  return error instanceof ClewError && UNREADABLE.has(error.code);
}

/** One place of a block. */
export interface BlockCopy {
  readonly place: BlockPlace;
  /** What a finding about it names: file, offset of the record, height, hash, and which copy when there are several. */
  readonly facts: ErrorFacts;
}

export class BlockPlaces {
  readonly #source: BlockSource;
  readonly #ownBlocks = new Set<SourceBlock>();
  #offered: ReadonlyMap<string, SourceBlock> | undefined;
  readonly #reader = openRawReader();
  readonly #columns = new BlockColumns();
  readonly #undo: UndoReader;

  /** @param ownBlocks those whose places the ledger gave; all others are the source's */
  constructor(source: BlockSource, ownBlocks: readonly SourceBlock[]) {
    this.#source = source;
    this.#undo = new UndoReader(source);
    this.addOwn(ownBlocks);
  }

  /** More blocks whose places the ledger gave. */
  addOwn(ownBlocks: readonly SourceBlock[]): void {
    for (const block of ownBlocks) this.#ownBlocks.add(block);
  }

  /** The block as the source has it. */
  #findOffered(block: SourceBlock): SourceBlock | undefined {
    if (!this.#ownBlocks.has(block)) return block;
    this.#offered ??= new Map(this.#source.blocks.map((offered) => [offered.hash, offered]));
    return this.#offered.get(block.hash);
  }

  /** Every place of a block, best first. */
  copiesOf(block: SourceBlock): BlockCopy[] {
    const offered = this.#findOffered(block);
    const places: BlockPlace[] = [block];
    const add = (place: BlockPlace): void => {
      const isSame = ({ file, offsetBytes }: BlockPlace): boolean =>
        file === place.file && offsetBytes === place.offsetBytes;
      if (!places.some(isSame)) places.push(place);
    };
    if (offered !== undefined) {
      add(offered);
      for (const copy of this.#source.otherCopies(block.hash)) add(copy);
    }
    return places.map((place, i) => ({
      place,
      facts: {
        ...(place === offered ? this.#source.factsOf(offered) : recordFacts(block, place)),
        ...(places.length > 1 ? { copy: i + 1, copies: places.length } : {}),
      },
    }));
  }

  /**
   * What a block spent, as the rev files beside its copies tell.
   *
   * @param copies as `copiesOf` gave them
   */
  undoOf(block: SourceBlock, copies: readonly BlockCopy[]): BlockUndo {
    const places = copies.map(({ place }) => place);
    return this.#undo.of(block, places, copies[0]!.facts);
  }

  /** What was wrong with undo data so far. */
  undoProblems(): Problem[] {
    return this.#undo.problems();
  }

  /** @throws {ClewError} CLEW_RAW_GONE, CLEW_FILE_UNREADABLE */
  read(place: BlockPlace): Uint8Array {
    return this.#reader.read(place);
  }

  /**
   * That the header of a block can still be read somewhere. A reload takes blocks out of the ledger: what can not be read
   * again must be known before.
   *
   * @returns where it can be read
   * @throws {ClewError} CLEW_RAW_GONE
   */
  requireHeader(block: SourceBlock): BlockPlace {
    let first: unknown;
    for (const { place, facts } of this.copiesOf(block)) {
      try {
        const { file, offsetBytes } = place;
        const head = this.read({ file, offsetBytes, lengthBytes: HEADER_BYTES });
        if (hashToDisplay(blockHash(head, this.#source.network)) === block.hash) return place;
        throw new ClewError('CLEW_RAW_GONE', 'Where a block stood is something else now.', facts);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        first ??= error;
      }
    }
    throw first;
  }

  /** What is wrong with all copies of a block; nothing when one of them is whole. */
  damageOf(block: SourceBlock): Problem[] {
    const problems: Problem[] = [];
    for (const copy of this.copiesOf(block)) {
      try {
        const bytes = this.read(copy.place);
        readBlockColumns(bytes, this.#source.network, this.#columns);
        checkBlock(bytes, this.#columns, block, this.#source.network);
        return [];
      } catch (error) {
        if (!isBlockDamage(error) && !isUnreadable(error)) throw withFacts(error, copy);
        problems.push(damageProblem(error, copy, true));
      }
    }
    return problems;
  }

  close(): void {
    this.#reader.close();
    this.#undo.close();
  }
}

/** An error about a block that breaks the rules, with its place; others as they are. */
export function withFacts(error: unknown, copy: BlockCopy): unknown {
  if (!(error instanceof ClewError) || error.code !== 'CLEW_BLOCK_INVALID') return error;
  return new ClewError(error.code, error.message, copy.facts, error);
}

/** A damaged copy as a finding. @param isLeftOut false when another copy took its place */
export function damageProblem(error: ClewError, copy: BlockCopy, isLeftOut: boolean): Problem {
  const { code, message } = error;
  return { code, message, facts: { ...copy.facts, isLeftOut } };
}

/** The record of a block that the source has no row for. A block at the very start of its file has no frame. */
function recordFacts({ height, hash }: SourceBlock, place: BlockPlace): ErrorFacts {
  const { file, offsetBytes } = place;
  return {
    file,
    offset: offsetBytes < FRAME_BYTES ? offsetBytes : offsetBytes - FRAME_BYTES,
    hash,
    height,
  };
}
