/**
 * The records of one rev file, found by their frames.
 *
 *   record   [magic 4] [length u32] [undo data] [checksum 32]
 *
 * The length is that of the undo data alone. A file ends with its last record or with zeros: room that Core reserved.
 * What is no record is passed over and reported; where a length is damaged, the undo data itself tells how long it is.
 *
 * Source: Bitcoin Core `src/node/blockstorage.cpp`, `WriteBlockUndo`.
 */
import type { Network } from '../chain/network.ts';
import { ClewError, type ErrorCode, type ErrorFacts } from '../errors.ts';
import { FRAME_BYTES, magicHex } from './block-file.ts';
import { type FileWindow, LONG_READ_BYTES } from './file-window.ts';
import { UndoColumns, undoCountAt, walkUndoRecord } from './undo-record.hot.ts';

export const CHECKSUM_BYTES = 32;

const MAGIC_BYTES = 4;
/** A block of 4 MB has some 100,000 inputs, and a spent script 10,000 bytes at most; real records stay below 3 MB. */
const UNDO_BYTES_MAX = 64 * 1024 * 1024;
/** A record whose length is damaged is walked so far. */
const WALK_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes in which the count of transactions stands. */
const COUNT_BYTES = 5;

/** Where the undo data of a block stands in its file. */
export interface UndoFrame {
  /** Of the undo data, behind magic and length. */
  readonly dataOffset: number;
  readonly dataBytes: number;
  /** Transactions but the coinbase; -1 when the count is damaged. */
  readonly txCount: number;
}

export type ReportUndo = (code: ErrorCode, message: string, facts: ErrorFacts) => void;

class UndoFileScan {
  readonly #window: FileWindow;
  readonly #magic: Buffer;
  readonly #report: ReportUndo;
  readonly #size: number;
  readonly #frames: UndoFrame[] = [];
  readonly #columns = new UndoColumns();

  constructor(window: FileWindow, network: Network, report: ReportUndo) {
    this.#window = window;
    this.#magic = Buffer.from(magicHex(network.magic), 'hex');
    this.#report = report;
    this.#size = window.sizeBytes;
  }

  run(): UndoFrame[] {
    let at = 0;
    while (at < this.#size) at = this.#isMagicAt(at) ? this.#readRecord(at) : this.#passGap(at);
    return this.#frames;
  }

  #isMagicAt(at: number): boolean {
    return this.#magic.equals(this.#window.at(at, MAGIC_BYTES));
  }

  #announcedAt(at: number): number {
    const frame = this.#window.at(at, FRAME_BYTES);
    if (frame.length < FRAME_BYTES) return -1;
    return frame[4]! + frame[5]! * 0x100 + frame[6]! * 0x1_0000 + frame[7]! * 0x100_0000;
  }

  /** Where a record with undo data of that length ends, if one may end there. */
  #endOf(at: number, dataBytes: number): number | undefined {
    if (dataBytes < 1 || dataBytes > UNDO_BYTES_MAX) return undefined;
    const end = at + FRAME_BYTES + dataBytes + CHECKSUM_BYTES;
    if (end > this.#size) return undefined;
    if (end === this.#size || this.#isMagicAt(end) || this.#isPartOfMagic(end)) return end;
    const zerosEnd = this.#window.zerosEnd(end);
    if (zerosEnd === end) return undefined;
    return zerosEnd === this.#size || this.#isMagicAt(zerosEnd) ? end : undefined;
  }

  /** True when the file ends inside a magic here. */
  #isPartOfMagic(at: number): boolean {
    if (this.#size - at >= MAGIC_BYTES) return false;
    const rest = this.#window.at(at, MAGIC_BYTES);
    return this.#magic.subarray(0, rest.length).equals(rest);
  }

  #take(at: number, dataBytes: number): void {
    const dataOffset = at + FRAME_BYTES;
    const head = this.#window.at(dataOffset, Math.min(COUNT_BYTES, dataBytes));
    this.#frames.push({ dataOffset, dataBytes, txCount: undoCountAt(head, 0) });
  }

  /** Reads the record at `at`; returns where to go on. */
  #readRecord(at: number): number {
    const announced = this.#announcedAt(at);
    const end = this.#endOf(at, announced);
    if (end !== undefined) {
      this.#take(at, announced);
      return end;
    }
    const walked = this.#walk(at);
    const walkedBytes = FRAME_BYTES + (walked ?? 0) + CHECKSUM_BYTES;
    if (walked === announced && at + walkedBytes <= this.#size) {
      // The next record is damaged, or bytes of this one are lost: then it reaches into the next. The checksum tells.
      this.#take(at, announced);
      return Math.min(at + walkedBytes, this.#findRecord(at + 1));
    }
    const walkedEnd = walked === undefined ? undefined : this.#endOf(at, walked);
    if (walkedEnd !== undefined) {
      this.#report(
        'CLEW_UNDO_DAMAGED',
        `The frame says that the undo data has ${announced} bytes, but it has ${walked}; it was taken as it is.`,
        { ...this.#facts(at), announcedBytes: announced, presentBytes: walked! },
      );
      this.#take(at, walked!);
      return walkedEnd;
    }
    const next = this.#findRecord(at + 1);
    this.#reportUnusable(at, announced, next);
    return next;
  }

  /** A record that ends nowhere. */
  #reportUnusable(at: number, announced: number, next: number): void {
    const isCut = next === this.#size && (announced < 0 || announced <= UNDO_BYTES_MAX);
    if (!isCut) {
      const message = 'A record of undo data has no end that can be told; it was left out.';
      this.#report('CLEW_UNDO_DAMAGED', message, { ...this.#facts(at), bytes: next - at });
      return;
    }
    const announcedBytes = announced < 0 ? null : announced;
    const presentBytes = Math.max(0, next - at - FRAME_BYTES);
    const said = announcedBytes === null ? 'nothing yet' : `${announcedBytes} bytes`;
    this.#report(
      'CLEW_UNDO_CUT',
      `A record of undo data is cut off: it announces ${said} and a checksum, and ${presentBytes} bytes are there.`,
      { ...this.#facts(at), announcedBytes, presentBytes },
    );
  }

  #facts(offset: number): ErrorFacts {
    return { file: this.#window.file, offset };
  }

  /** The length of the undo data at `at` by its own structure, if that can be told. */
  #walk(at: number): number | undefined {
    try {
      const bytes = this.#window.read(at + FRAME_BYTES, WALK_BYTES_MAX);
      return walkUndoRecord(bytes, this.#columns);
    } catch (error) {
      if (error instanceof ClewError && error.code === 'CLEW_UNDO_DAMAGED') return undefined;
      throw error;
    }
  }

  /** There is no magic at `at`: the room at the end, or bytes that belong to no record. Returns where to go on. */
  #passGap(at: number): number {
    if (this.#window.zerosEnd(at) === this.#size) return this.#size;
    if (this.#isPartOfMagic(at)) {
      this.#reportUnusable(at, -1, this.#size);
      return this.#size;
    }
    const next = this.#findRecord(at);
    const bytes = next - at;
    const were = bytes === 1 ? '1 byte that belongs' : `${bytes} bytes that belong`;
    this.#report('CLEW_UNDO_DAMAGED', `${were} to no record of undo data passed over.`, {
      ...this.#facts(at),
      bytes,
    });
    return next;
  }

  /** The next record with an end, from `from` on. */
  #findRecord(from: number): number {
    let at = from;
    while (at + MAGIC_BYTES <= this.#size) {
      // A copy: looking at what was found moves the window.
      const piece = Buffer.from(this.#window.at(at, LONG_READ_BYTES));
      for (let found = piece.indexOf(this.#magic); found >= 0; ) {
        const place = at + found;
        if (this.#endOf(place, this.#announcedAt(place)) !== undefined) return place;
        found = piece.indexOf(this.#magic, found + 1);
      }
      at += Math.max(1, piece.length - MAGIC_BYTES + 1);
    }
    return this.#size;
  }
}

/**
 * The records of a rev file, in the order of the file. Nothing is checked yet but frames.
 *
 * @param window the file; not closed
 * @param report takes findings: CLEW_UNDO_CUT, CLEW_UNDO_DAMAGED
 * @throws {ClewError} CLEW_FILE_UNREADABLE
 * @example scanUndoFile(new FileWindow('/b/rev00000.dat', undefined), getNetwork('main'), report)[0]?.dataOffset // 8
 */
export function scanUndoFile(
  window: FileWindow,
  network: Network,
  report: ReportUndo,
): UndoFrame[] {
  return new UndoFileScan(window, network, report).run();
}
