/**
 * Finds rows from 64-bit hashes, for billions of them in a bounded amount of memory: transactions from txids,
 * scripts from their bytes.
 *
 * The caller computes the hash and compares the candidates with the real bytes, so hashes that agree by chance
 * or by craft cost time, never a wrong answer. Several rows may have one hash; the newest comes first. Runs keep
 * the upper 48 bits of a hash, so rows of another hash may be among the candidates, though hardly ever.
 *
 * Log-structured (after O'Neil et al., "The log-structured merge-tree", 1996):
 *
 *   front (`key-front.hot.ts`)   the newest rows, in a table in memory; when it may not grow any more, it becomes a
 *   run (`key-run.hot.ts`)       an immutable sorted file, read by blocks through one cache; each run has a
 *   filter (`key-filter.hot.ts`) in memory while there is room, so that a hash that is not there costs no read
 *
 * Four runs of a size become one (`key-merge-plan.ts`), when the caller is about to commit.
 *
 * Runs hold disjoint, rising ranges of rows, and the front the rows after them. The caller keeps `state` in its
 * manifest; after `open` it inserts the rows from `coveredRows` on again. Files that no state names are of
 * no use: they are deleted by `dropUnreferenced`, after the commit, and when the index is opened.
 */
import { mkdirSync } from 'node:fs';
import { ClewError } from '../errors.ts';
import { fileError } from '../file-error.ts';
import { NONE } from '../units/ids.ts';
import { KeyBlockCache } from './key-block-cache.ts';
import { type KeyFiles, nodeKeyFiles } from './key-files.ts';
import {
  compareKeys,
  FRONT_BITS_MAX,
  FRONT_BITS_MIN,
  FRONT_LOAD_MAX,
  FRONT_SLOT_BYTES,
  type KeyEntry,
  KeyFront,
  type KeyOfEntry,
} from './key-front.hot.ts';
import { KeyMerge } from './key-merge.hot.ts';
import { planMerge } from './key-merge-plan.ts';
import { KeyRun } from './key-run.hot.ts';
import { checkKeyRun } from './key-run-check.ts';
import type { KeyRunState } from './key-run-file.ts';
import { KeyRunWriter } from './key-run-writer.hot.ts';

const DEFAULT_MEMORY_BYTES = 512 * 1024 ** 2;
/** Rows end below the number that means "no such row". */
const ROW_END = 2 ** 40 - 1;
/** What the filters may take of the memory, and the front of the rest. */
const FILTER_SHARE = 0.75;
const FRONT_SHARE = 0.6;
/** After so many look-ups in runs without a filter, loading the filters pays. */
const PROBES_WITHOUT_FILTER = 64;
/** With so many runs, look-ups suffer: they are merged without waiting for a commit. */
const RUNS_MAX = 40;

export interface KeyIndexOptions {
  /**
   * Bytes that front, filters, lists of blocks and cached blocks may take together. The lists (8 bytes per 2 KiB
   * of a run) are taken whatever the limit is. While a run is written a few MB come on top.
   */
  readonly memoryBytes?: number;
  /** Nothing is written or deleted; what is inserted stays in memory. */
  readonly readOnly?: boolean;
  /** The file operations, for tests. */
  readonly files?: KeyFiles;
}

/** What the caller keeps in its manifest: plain JSON. */
export interface KeyIndexState {
  readonly version: 1;
  /** Oldest first. */
  readonly runs: readonly KeyRunState[];
}

/** A merge under way. */
interface Merging {
  readonly runs: readonly KeyRun[];
  readonly writer: KeyRunWriter;
  readonly merge: KeyMerge;
}

export class KeyIndex {
  readonly #front = new KeyFront();
  readonly #cache = new KeyBlockCache(0);
  /** Oldest first. */
  #runs: KeyRun[] = [];
  readonly #folder: string | undefined;
  readonly #name: string;
  readonly #files: KeyFiles;
  readonly #writable: boolean;
  #memoryBytes: number;
  #frontBitsMax = FRONT_BITS_MAX;
  /** Rows below this one are known; rows come in rising order. */
  #nextRow = 0;
  /** A row of the front than which none is older. */
  #frontRowFrom = 0;
  #sequence = 0;
  /** Files that the last `state` named. */
  #named: ReadonlySet<string> = new Set();
  #merging: Merging | undefined;
  #filtersWanted = false;
  #probesWithoutFilter = 0;
  // The cursor of first and next: a place in the front or -1, then a run or -1.
  #low = 0;
  #high = 0;
  #place = -1;
  #runAt = -1;

  private constructor(folder: string | undefined, name: string, options: KeyIndexOptions) {
    this.#folder = folder;
    this.#name = name;
    this.#files = options.files ?? nodeKeyFiles;
    this.#writable = folder !== undefined && options.readOnly !== true;
    this.#memoryBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  }

  /** An index without files; its memory grows with what is inserted. */
  static inMemory(): KeyIndex {
    return new KeyIndex(undefined, '', {});
  }

  /**
   * A new, empty index.
   *
   * @param folder is made when it is missing; runs of an earlier index of that name are deleted
   * @param name letters, digits, dashes: the beginning of its files' names
   */
  static create(folder: string, name: string, options: KeyIndexOptions = {}): KeyIndex {
    return KeyIndex.open(folder, name, { version: 1, runs: [] }, options);
  }

  /**
   * Open the runs that a state names. The caller then inserts the rows from `coveredRows` on.
   *
   * @throws {ClewError} CLEW_COLUMN_DAMAGED (file and part), CLEW_FLOW_FORMAT (a run is missing or of
   *   another version)
   */
  static open(
    folder: string,
    name: string,
    state: KeyIndexState,
    options: KeyIndexOptions = {},
  ): KeyIndex {
    if (state.version !== 1) {
      throw new ClewError('CLEW_FLOW_FORMAT', 'A key index is of another version.', {
        folder,
        name,
      });
    }
    const index = new KeyIndex(folder, name, options);
    try {
      if (index.#writable) mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const run of state.runs) {
        index.#runs.push(KeyRun.open(index.#files, folder, name, run, index.#cache));
        index.#sequence = Math.max(index.#sequence, sequenceOf(run.file, name));
      }
      index.#named = new Set(state.runs.map((run) => run.file));
      index.dropUnreferenced();
    } catch (cause) {
      index.close();
      throw fileError(cause, folder);
    }
    index.#nextRow = index.coveredRows;
    index.#balance();
    return index;
  }

  /** Rows below this one are in runs (or have no hash); those from it on must be inserted after `open`. */
  get coveredRows(): number {
    return this.#runs.at(-1)?.limit ?? 0;
  }

  /** Entries held, those of forgotten rows in runs included. */
  get entryCount(): number {
    let count = this.#front.count;
    for (const run of this.#runs) count += run.entries;
    return count;
  }

  get frontCount(): number {
    return this.#front.count;
  }

  get runCount(): number {
    return this.#runs.length;
  }

  /** Bytes that are held in memory now. */
  get memoryBytes(): number {
    let bytes = this.#front.memoryBytes + this.#cache.memoryBytes;
    for (const run of this.#runs) bytes += run.indexBytes + run.filterBytesHeld;
    return bytes;
  }

  /**
   * Note the row of a hash. Rows must come in rising order, each once: that is what makes `coveredRows` true.
   *
   * @param low first half of the hash, u32
   * @param high second half, u32, as good as random in its top bits
   * @param row below 2^40 - 1
   * @throws {ClewError} CLEW_INTERNAL for a row out of order; CLEW_NO_SPACE, CLEW_FILE_UNREADABLE when the front is
   *   full and can not be written: nothing is lost, and it can be tried again
   */
  insert(low: number, high: number, row: number): void {
    if (row < this.#nextRow || row >= ROW_END) refuseRow(row, this.#nextRow);
    if (this.#front.isFull) this.#makeRoom();
    if (this.#front.count === 0) this.#frontRowFrom = row;
    this.#front.insert(low, high, row);
    this.#nextRow = row + 1;
  }

  /** Make room for rows that are expected, as far as the memory goes: growing step by step costs a pass each. */
  reserve(entries: number): void {
    const wanted = Math.ceil(Math.log2(Math.max(1, this.#front.count + entries) / FRONT_LOAD_MAX));
    const bits = Math.min(wanted, this.#frontBitsMax);
    if (bits <= this.#front.bits) return;
    if (this.#front.count === 0) this.#front.clear(bits);
    else while (this.#front.bits < bits) this.#front.grow();
  }

  #makeRoom(): void {
    if (this.#front.bits < this.#frontBitsMax || !this.#writable) {
      this.#front.grow();
      return;
    }
    this.flushFront();
    if (this.#runs.length > RUNS_MAX) this.prepareCommit();
  }

  /** Read where a hash would stand in memory, only to have it near for `first`; what comes back means nothing. */
  touch(high: number): number {
    return this.#front.touch(high);
  }

  /** The newest row that may have this hash, or NONE. Whoever needs to be sure compares the real bytes. */
  first(low: number, high: number): number {
    this.#low = low;
    this.#high = high;
    const place = this.#front.find(low, high);
    this.#place = place;
    if (place >= 0) return this.#front.rowAt(place);
    return this.#searchRuns(this.#runs.length - 1);
  }

  /** The next older row with the hash that `first` was asked for, or NONE. Nothing may be inserted in between. */
  next(): number {
    if (this.#place >= 0) {
      this.#place = this.#front.findOlder(this.#place);
      if (this.#place >= 0) return this.#front.rowAt(this.#place);
      return this.#searchRuns(this.#runs.length - 1);
    }
    if (this.#runAt < 0) return NONE;
    const row = this.#runs[this.#runAt]!.findOlder(this.#low, this.#high);
    return row === NONE ? this.#searchRuns(this.#runAt - 1) : row;
  }

  /** From one run on to the oldest. */
  #searchRuns(from: number): number {
    const runs = this.#runs;
    const low = this.#low;
    const high = this.#high;
    for (let i = from; i >= 0; i -= 1) {
      const run = runs[i]!;
      if (!run.mayHold(low, high)) continue;
      if (!this.#filtersWanted) this.#countProbe();
      const row = run.find(low, high);
      if (row === NONE) continue;
      this.#runAt = i;
      return row;
    }
    this.#runAt = -1;
    return NONE;
  }

  /** A reader that looks up one address needs no filter; who looks up many gets them. */
  #countProbe(): void {
    this.#probesWithoutFilter += 1;
    if (this.#probesWithoutFilter < PROBES_WITHOUT_FILTER) return;
    this.#filtersWanted = true;
    this.#balance();
  }

  /**
   * Entries whose hashes lie from one to another, both included, in the order of (high, low): runs keep the upper 48 bits,
   * so at the ends there may be some of hashes outside.
   *
   * @param max the first so many
   */
  between(from: KeyOfEntry, to: KeyOfEntry, max: number): KeyEntry[] {
    const found: KeyEntry[] = [];
    for (const run of this.#runs) run.collectBetween(from, to, max, found);
    this.#front.collectBetween(from, to, max, found);
    return found.sort((a, b) => compareKeys(a, b) || a.row - b.row).slice(0, max);
  }

  /** Forget the rows from `rowEnd` on for ever, also when new rows take their numbers. */
  truncate(rowEnd: number): void {
    if (rowEnd >= this.#nextRow) return;
    this.#front.truncate(rowEnd);
    if (this.#merging !== undefined && this.#merging.runs.at(-1)!.limit > rowEnd) {
      this.#abandonMerge();
    }
    for (let run = this.#runs.at(-1); run !== undefined && run.limit > rowEnd; ) {
      if (run.rowFrom < rowEnd) {
        run.limit = rowEnd;
        break;
      }
      run.close();
      this.#runs.pop();
      run = this.#runs.at(-1);
    }
    this.#nextRow = rowEnd;
    this.#balance();
  }

  /** Write the front as a run, so that a restart need not insert its rows again. Nothing is lost when it fails. */
  flushFront(): void {
    const entries = this.#front.count;
    if (entries === 0 || this.#folder === undefined || !this.#writable) return;
    const writer = this.#newWriter({
      entriesMax: entries,
      rowFrom: this.#frontRowFrom,
      rowEnd: this.#nextRow,
    });
    try {
      this.#front.writeSorted(writer);
      this.#runs.push(...this.#openWritten(writer));
    } catch (cause) {
      writer.abandon();
      throw cause;
    }
    this.#front.clear();
    this.#balance();
    if (this.#front.bits > this.#frontBitsMax) this.#front.clear(this.#frontBitsMax);
  }

  /**
   * Merge the runs that are due. To be called before `state` is committed.
   *
   * @param entriesMax stop after about so many entries (five to ten million take a second) and go on at the next
   *   call, for whoever can not wait; a merge that is not over changes nothing yet
   */
  prepareCommit(entriesMax = Number.POSITIVE_INFINITY): void {
    if (!this.#writable) return;
    let left = entriesMax;
    while (left > 0) {
      this.#merging ??= this.#beginMerge();
      if (this.#merging === undefined) return;
      try {
        const done = this.#merging.merge.step(left);
        left -= done;
        if (done === 0) this.#endMerge(this.#merging);
      } catch (cause) {
        this.#abandonMerge();
        throw cause;
      }
    }
  }

  #beginMerge(): Merging | undefined {
    const plan = planMerge(this.#runs.map((run) => run.entries));
    if (plan === undefined) return undefined;
    const runs = this.#runs.slice(plan.from, plan.end);
    const entriesMax = runs.reduce((sum, run) => sum + run.entries, 0);
    const rows = { entriesMax, rowFrom: runs[0]!.rowFrom, rowEnd: runs.at(-1)!.limit };
    const writer = this.#newWriter(rows);
    return { runs, writer, merge: new KeyMerge(runs, writer) };
  }

  #endMerge({ runs, writer }: Merging): void {
    const merged = this.#openWritten(writer);
    this.#merging = undefined;
    this.#runs.splice(this.#runs.indexOf(runs[0]!), runs.length, ...merged);
    for (const run of runs) run.close();
    this.#balance();
  }

  #abandonMerge(): void {
    this.#merging?.writer.abandon();
    this.#merging = undefined;
  }

  #newWriter(rows: { entriesMax: number; rowFrom: number; rowEnd: number }): KeyRunWriter {
    this.#sequence += 1;
    const fileName = `${this.#name}-${String(this.#sequence).padStart(6, '0')}.run`;
    const spec = { folder: this.#folder!, name: this.#name, fileName, ...rows };
    return new KeyRunWriter(this.#files, spec);
  }

  /** End a file and open it as a run; none when nothing came. */
  #openWritten(writer: KeyRunWriter): KeyRun[] {
    if (writer.entries === 0) {
      writer.abandon();
      return [];
    }
    const state = writer.finish();
    return [KeyRun.open(this.#files, this.#folder!, this.#name, state, this.#cache)];
  }

  /** What names the runs as they are now: for the manifest of the commit that is about to be made. */
  state(): KeyIndexState {
    const runs = this.#runs.map((run) => run.state);
    this.#named = new Set(runs.map((run) => run.file));
    return { version: 1, runs };
  }

  /**
   * Delete the runs that neither the last `state` names nor the index uses. To be called when the commit of that
   * state is on the disk; a commit that failed must not be followed by it.
   */
  dropUnreferenced(): void {
    if (this.#folder === undefined || !this.#writable) return;
    const inUse = new Set(this.#runs.map((run) => run.fileName));
    if (this.#merging !== undefined) inUse.add(`${this.#merging.writer.fileName}.new`);
    for (const file of this.#files.list(this.#folder)) {
      if (sequenceOf(file, this.#name) === 0 || inUse.has(file) || this.#named.has(file)) continue;
      this.#files.remove(`${this.#folder}/${file}`);
    }
  }

  /**
   * Read all runs and hold them against themselves. That they agree with the columns is for the caller to see.
   *
   * @param progress is told how many more entries were read
   * @throws {ClewError} CLEW_COLUMN_DAMAGED naming file and part or block
   */
  check(progress?: (entries: number) => void): void {
    for (const run of this.#runs) checkKeyRun(run, progress);
  }

  /** Another limit; takes effect at once (the front is written out when it is too large now). */
  setMemory(memoryBytes: number): void {
    this.#memoryBytes = memoryBytes;
    this.#balance();
    if (this.#front.bits > this.#frontBitsMax) this.flushFront();
  }

  /** Share the memory out: lists of blocks always, filters of the newest runs, then front and cached blocks. */
  #balance(): void {
    if (this.#folder === undefined) return;
    let left = this.#memoryBytes;
    for (const run of this.#runs) left -= run.indexBytes;
    let forFilters = Math.max(0, left * FILTER_SHARE);
    for (let i = this.#runs.length - 1; i >= 0; i -= 1) {
      const run = this.#runs[i]!;
      // What does not fit whole is held in part, by sixteenths, so that it is not copied each time that the rest moves.
      const unit = run.filterBytes / 16;
      const bytes = Math.min(run.filterBytes, Math.floor(forFilters / unit) * unit);
      if (this.#filtersWanted || bytes < run.filterBytesHeld) run.holdFilter(bytes);
      forFilters -= bytes;
      left -= bytes;
    }
    const slots = Math.max(1, (left * FRONT_SHARE) / FRONT_SLOT_BYTES);
    const bits = Math.floor(Math.log2(slots));
    this.#frontBitsMax = Math.min(FRONT_BITS_MAX, Math.max(FRONT_BITS_MIN, bits));
    this.#cache.setMax(left - 2 ** this.#frontBitsMax * FRONT_SLOT_BYTES);
  }

  /** Close the files. What is only in the front is lost, unless `flushFront` and a commit came before. */
  close(): void {
    this.#abandonMerge();
    for (const run of this.#runs) run.close();
    this.#runs = [];
    this.#front.clear(FRONT_BITS_MIN);
    this.#cache.clear();
  }
}

/** The number in the name of a file of this index, or 0 when it is none. */
function sequenceOf(file: string, name: string): number {
  if (!file.startsWith(`${name}-`)) return 0;
  const found = /^(\d+)\.run(?:\.new)?$/.exec(file.slice(name.length + 1));
  return found === null ? 0 : Number(found[1]);
}

function refuseRow(row: number, nextRow: number): never {
  throw new ClewError('CLEW_INTERNAL', 'A row came out of order for a key index.', {
    row,
    nextRow,
  });
}
