/**
 * What all columns have in common: pages of 64 KiB that come from a file and leave for it under a budget.
 *
 * A row is read through a page table in the class of its kind: one array look-up when the page is in
 * memory, `load` when it is not. The kinds repeat `at`, `set` and `push` on purpose: a method shared by arrays of several
 * element kinds would be compiled for all of them and lose most of its speed. Rows below 2^31 take their page with a shift,
 * larger ones with a division: reading row after row costs 5.7 ns instead of 10.3 (rows by chance: bound by memory).
 *
 *     rows     0 ............ stored ............ length
 *              in the file    in memory alone       does not exist
 *
 * - *Append-only* columns write new rows behind the stored ones; a page that is full gets a checksum.
 *   Rows that are set again while they are still in memory alone cost nothing; others rewrite their page.
 * - *Mutable* columns leave their file as of the last checkpoint. Changed pages that must leave memory go to an overlay; only
 *   pages that begin beyond the checkpoint's rows, which nobody trusts yet, are written in place.
 *
 * Without a place (in memory only) pages never leave, and nothing is counted in the budget.
 */
import { ClewError } from '../errors.ts';
import { ColumnPlane, type PlaneShape, type RedoWriter } from './column-plane.ts';
import type { ColumnDamage, ColumnOptions, ColumnPlace, ColumnState } from './column-state.ts';
import type { BudgetEntry, PageBudget, PageOwner } from './page-budget.ts';

/** The bytes of a page in memory, one array for each plane; undefined for a page of a sparse plane that is absent. */
type Frame = (Uint8Array<ArrayBuffer> | undefined)[];

export abstract class PagedColumn implements PageOwner {
  /** Rows of the column. */
  length = 0;
  /** 1 for a page in which stored rows were set again; a plain array, since marking happens at every `set`. */
  protected readonly dirty: number[] = [];
  readonly #shapes: readonly PlaneShape[];
  readonly #pageRows: number;
  readonly #planes: readonly ColumnPlane[];
  readonly #budget: PageBudget;
  readonly #isMutable: boolean;
  readonly #frames: (Frame | undefined)[] = [];
  readonly #entries: (BudgetEntry | undefined)[] = [];
  /** Rows below are in the file (or overlay) unless their page is dirty. */
  #stored = 0;
  /** Rows that the last checkpoint covers. */
  #checkpointed = 0;
  #checkpointedTail: readonly number[];
  /** What the checkpoint that is being made will cover. */
  #staged: ColumnState | undefined;

  protected constructor(
    shapes: readonly PlaneShape[],
    place: ColumnPlace | undefined,
    budget: PageBudget,
    options: ColumnOptions = {},
  ) {
    this.#shapes = shapes;
    this.#pageRows = shapes[0]!.pageRows;
    this.#budget = budget;
    this.#isMutable = options.mutable ?? false;
    const tails = place?.state?.tailCrc ?? shapes.map(() => 0);
    this.#checkpointedTail = tails;
    this.#planes = place === undefined ? [] : openPlanes(shapes, place, this.#isMutable, tails);
    this.length = place?.state?.rows ?? 0;
    this.#stored = this.length;
    this.#checkpointed = this.length;
  }

  /** Put the arrays of a page on the table of the kind. */
  protected abstract show(pageIndex: number, frame: Frame): void;
  /** Take the arrays of a page off the table. */
  protected abstract hide(pageIndex: number): void;
  /** Make the table one page longer. */
  protected abstract widen(): void;

  get isMutable(): boolean {
    return this.#isMutable;
  }

  /** Where the file of the column is, for messages; undefined in memory. */
  get #isStored(): boolean {
    return this.#planes.length > 0;
  }

  #bytesOf(frame: Frame): number {
    let bytes = 0;
    for (const plane of frame) bytes += plane?.length ?? 0;
    return bytes;
  }

  /** The slow way to a page: it is at rest, in the file, or new. */
  protected loadPage(pageIndex: number): void {
    const held = this.#frames[pageIndex];
    if (held !== undefined) {
      this.show(pageIndex, held);
      const entry = this.#entries[pageIndex];
      if (entry !== undefined) this.#entries[pageIndex] = this.#budget.touch(entry);
      return;
    }
    if (pageIndex * this.#pageRows > this.length) {
      throw new ClewError('CLEW_INTERNAL', 'A row is wanted that the column does not have.', {
        rows: this.length,
        rowMin: pageIndex * this.#pageRows,
      });
    }
    const frame = this.#read(pageIndex);
    while (this.dirty.length <= pageIndex) {
      this.dirty.push(0);
      this.#frames.push(undefined);
      this.#entries.push(undefined);
      this.widen();
    }
    this.#frames[pageIndex] = frame;
    this.show(pageIndex, frame);
    if (this.#isStored) {
      this.#entries[pageIndex] = this.#budget.admit(this, pageIndex, this.#bytesOf(frame));
    }
  }

  #read(pageIndex: number): Frame {
    const rows = Math.min(this.#pageRows, this.#stored - pageIndex * this.#pageRows);
    return this.#shapes.map((shape, k) => {
      const plane = this.#planes[k];
      if (plane === undefined || rows <= 0) return shape.sparse ? undefined : newPage(shape);
      if (!plane.isThere(pageIndex)) return undefined;
      const page = newPage(shape);
      plane.read(pageIndex, rows, page);
      return page;
    });
  }

  /** Make the page of a sparse plane that is absent so far. */
  protected makeAbsent(pageIndex: number, planeIndex: number): void {
    const frame = this.#frames[pageIndex]!;
    const page = newPage(this.#shapes[planeIndex]!);
    frame[planeIndex] = page;
    this.show(pageIndex, frame);
    if (this.#isStored) this.#budget.charge(page.length);
  }

  rest(pageIndex: number): void {
    this.hide(pageIndex);
  }

  evict(pageIndex: number): number {
    const frame = this.#frames[pageIndex];
    if (frame === undefined) return 0;
    this.#store(pageIndex);
    this.#frames[pageIndex] = undefined;
    this.#entries[pageIndex] = undefined;
    this.hide(pageIndex);
    return this.#bytesOf(frame);
  }

  /** Write what has changed in the pages up to this one. */
  #store(pageIndex: number): void {
    if (this.#isMutable) this.#storeMutable(pageIndex);
    else this.#storeAppended(pageIndex);
  }

  #storeAppended(lastPage: number): void {
    const end = Math.min(this.length, (lastPage + 1) * this.#pageRows);
    while (this.#stored < end) {
      const pageIndex = Math.floor(this.#stored / this.#pageRows);
      const first = pageIndex * this.#pageRows;
      const from = this.#stored - first;
      const to = Math.min(this.#pageRows, this.length - first);
      if (this.dirty[pageIndex] === 1) this.#replace(pageIndex, to);
      else this.#append(pageIndex, from, to);
      this.#stored = first + to;
    }
    if (this.dirty[lastPage] === 1) this.#replace(lastPage, this.#rowsIn(lastPage));
  }

  #append(pageIndex: number, from: number, to: number): void {
    const frame = this.#frames[pageIndex]!;
    for (let k = 0; k < this.#planes.length; k += 1) {
      const page = frame[k];
      if (page === undefined) this.#planes[k]!.leaveOut(pageIndex, to);
      else this.#planes[k]!.append(pageIndex, page, from, to);
    }
  }

  #replace(pageIndex: number, rows: number): void {
    const frame = this.#frames[pageIndex]!;
    for (let k = 0; k < this.#planes.length; k += 1) {
      const page = frame[k];
      if (page === undefined) this.#planes[k]!.leaveOut(pageIndex, rows);
      else this.#planes[k]!.replace(pageIndex, page, rows);
    }
    this.dirty[pageIndex] = 0;
  }

  #storeMutable(lastPage: number): void {
    const end = Math.min(this.length, (lastPage + 1) * this.#pageRows);
    while (this.#stored < end) {
      const pageIndex = Math.floor(this.#stored / this.#pageRows);
      this.#storeChanged(pageIndex);
      this.#stored = pageIndex * this.#pageRows + this.#rowsIn(pageIndex);
    }
    if (this.dirty[lastPage] === 1) this.#storeChanged(lastPage);
  }

  #storeChanged(pageIndex: number): void {
    const rows = this.#rowsIn(pageIndex);
    if (pageIndex * this.#pageRows >= this.#checkpointed) {
      this.#replace(pageIndex, rows);
      return;
    }
    const frame = this.#frames[pageIndex]!;
    for (let k = 0; k < this.#planes.length; k += 1) {
      const page = frame[k];
      if (page === undefined) this.#planes[k]!.forget(pageIndex, rows);
      else this.#planes[k]!.setAside(pageIndex, page, rows);
    }
    this.dirty[pageIndex] = 0;
  }

  #rowsIn(pageIndex: number): number {
    return Math.max(0, Math.min(this.#pageRows, this.length - pageIndex * this.#pageRows));
  }

  /**
   * Write the new rows of an append-only column to its file, without waiting for the disk.
   * A mutable column is written by checkpoints alone: nothing happens.
   *
   * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE; what was not written is still there and written next time
   */
  flush(): void {
    if (!this.#isStored || this.#isMutable) return;
    for (let pageIndex = 0; pageIndex < this.dirty.length; pageIndex += 1) {
      if (this.dirty[pageIndex] === 1) this.#storeAppended(pageIndex);
    }
    if (this.length > this.#stored)
      this.#storeAppended(Math.floor((this.length - 1) / this.#pageRows));
    for (const plane of this.#planes) plane.flush();
  }

  /** Wait until what was written is on the disk. */
  sync(): void {
    for (const plane of this.#planes) plane.sync();
  }

  close(): void {
    for (const plane of this.#planes) plane.close();
  }

  /** What opens more files for a column must not leave those open that it has, when it fails. */
  protected closingOnError<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      this.close();
      throw cause;
    }
  }

  /**
   * What to remember of the column: right after `flush()`, or, for a mutable column, as of its last checkpoint
   * (while a checkpoint is being made: as of that one).
   */
  state(): ColumnState {
    if (this.#isMutable) {
      return this.#staged ?? { rows: this.#checkpointed, tailCrc: this.#checkpointedTail };
    }
    return { rows: this.#stored, tailCrc: this.#tailCrcs(this.#stored) };
  }

  #tailCrcs(rows: number): number[] {
    const pageIndex = Math.floor(rows / this.#pageRows);
    const isFull = rows === pageIndex * this.#pageRows;
    return this.#shapes.map((_, k) => (isFull ? 0 : (this.#planes[k]?.crcOf(pageIndex) ?? 0)));
  }

  /**
   * Forget the rows from `length` on. The file keeps them until rows are pushed over them.
   *
   * @param length at most the length now
   */
  truncate(length: number): void {
    if (length >= this.length) return;
    const lastPage = Math.floor(length / this.#pageRows);
    const rows = length - lastPage * this.#pageRows;
    // The last page that stays is needed for its new checksum, and is most likely pushed to next.
    if (rows > 0 && length < this.#stored) {
      this.loadPage(lastPage);
      const frame = this.#frames[lastPage]!;
      for (let k = 0; k < this.#planes.length; k += 1) {
        const page = frame[k];
        if (page !== undefined) this.#planes[k]!.measure(lastPage, page, rows);
      }
      if (this.#isMutable) this.dirty[lastPage] = 1;
    }
    this.length = length;
    this.#stored = Math.min(this.#stored, length);
    for (let pageIndex = rows > 0 ? lastPage + 1 : lastPage; pageIndex < this.dirty.length; ) {
      this.#drop(pageIndex);
      pageIndex += 1;
    }
  }

  #drop(pageIndex: number): void {
    const frame = this.#frames[pageIndex];
    this.dirty[pageIndex] = 0;
    if (frame === undefined) return;
    const entry = this.#entries[pageIndex];
    if (entry !== undefined) this.#budget.release(entry, this.#bytesOf(frame));
    this.#frames[pageIndex] = undefined;
    this.#entries[pageIndex] = undefined;
    this.hide(pageIndex);
  }

  /**
   * Let an empty column in memory begin at a row: those before do not exist. For tests with large row numbers.
   */
  startAt(row: number): void {
    if (this.#isStored || this.length > 0) {
      throw new ClewError('CLEW_INTERNAL', 'Only an empty column in memory can begin at a row.');
    }
    this.length = row;
    this.#stored = row;
  }

  // --- checkpoints ---

  /**
   * Hand everything that the files lack to a checkpoint. Pages beyond the last checkpoint's rows are written in place.
   * The column's `state()` is the new one from here on.
   */
  stageCheckpoint(write: RedoWriter): void {
    const pages = Math.ceil(this.length / this.#pageRows);
    const aside = new Set<number>();
    for (const plane of this.#planes) for (const page of plane.overlay!.pages()) aside.add(page);
    for (let pageIndex = 0; pageIndex < pages; pageIndex += 1) {
      const isNew = this.length > this.#stored && (pageIndex + 1) * this.#pageRows > this.#stored;
      if (!isNew && this.dirty[pageIndex] !== 1 && !aside.has(pageIndex)) continue;
      if (pageIndex * this.#pageRows >= this.#checkpointed)
        this.#replace(pageIndex, this.#rowsIn(pageIndex));
      else this.#redo(pageIndex, write);
    }
    for (const plane of this.#planes) plane.flush();
    this.#staged = { rows: this.length, tailCrc: this.#tailCrcs(this.length) };
  }

  #redo(pageIndex: number, write: RedoWriter): void {
    const rows = this.#rowsIn(pageIndex);
    const frame = this.#frames[pageIndex] ?? this.#read(pageIndex);
    for (let k = 0; k < this.#planes.length; k += 1) {
      const page = frame[k];
      if (page !== undefined) this.#planes[k]!.redo(pageIndex, page, rows, write);
      else this.#planes[k]!.redoAbsent(pageIndex, rows, write);
    }
  }

  /** The staged checkpoint counts now, though the files may not have it yet. */
  commitCheckpoint(): void {
    if (this.#staged === undefined) return;
    this.#checkpointed = this.#staged.rows;
    this.#checkpointedTail = this.#staged.tailCrc;
    this.#staged = undefined;
  }

  /** The staged checkpoint could not be made. */
  abandonCheckpoint(): void {
    this.#staged = undefined;
  }

  /** The checkpoint is in the files: nothing differs from them any more. */
  settleCheckpoint(): void {
    this.#stored = this.length;
    this.dirty.fill(0);
    for (const plane of this.#planes) plane.overlay!.clear();
  }

  // --- checks ---

  /**
   * Read every page from the disk and compare it with its checksum.
   *
   * @param onProgress called after each page with pages done and pages in all
   * @returns the first page that is not what was written, or undefined when all are sound
   * @throws {ClewError} CLEW_FILE_UNREADABLE when the disk refuses
   */
  verify(onProgress?: (pagesDone: number, pagesTotal: number) => void): ColumnDamage | undefined {
    const pages = Math.ceil(this.#stored / this.#pageRows);
    const scratch = new Uint8Array(Math.max(0, ...this.#planes.map(({ pageBytes }) => pageBytes)));
    for (let pageIndex = 0; pageIndex < pages; pageIndex += 1) {
      const rows = Math.min(this.#pageRows, this.#stored - pageIndex * this.#pageRows);
      for (const plane of this.#planes) {
        if (!plane.isSound(pageIndex, rows, scratch)) return plane.damageOf(pageIndex, rows);
      }
      onProgress?.(pageIndex + 1, pages);
    }
    return undefined;
  }
}

function newPage(shape: PlaneShape): Uint8Array<ArrayBuffer> {
  return new Uint8Array(shape.prefixBytes + shape.pageRows * shape.rowBytes);
}

function openPlanes(
  shapes: readonly PlaneShape[],
  place: ColumnPlace,
  isMutable: boolean,
  tails: readonly number[],
): ColumnPlane[] {
  const planes: ColumnPlane[] = [];
  try {
    for (const [k, shape] of shapes.entries()) {
      planes.push(new ColumnPlane(place, shape, isMutable, tails[k] ?? 0));
    }
    return planes;
  } catch (cause) {
    for (const plane of planes) plane.close();
    throw cause;
  }
}
