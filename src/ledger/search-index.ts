/**
 * Finds scripts by what the ledger itself never looks for: a derived index beside the flow index, made when it is first
 * needed, thrown away without harm.
 *
 *   <network>/search/<name>/   *.run        key indexes: rows of scripts by 64 bits (`key-index.hot.ts`)
 *                              search.json  which runs count, how far they go, and marks
 *
 * Rows of scripts are dense and in chain order, so the index is brought up to date by taking in the rows that follow. A *mark*
 * says: with this block the ledger had so many scripts. When blocks were undone since, the newest mark whose block is still
 * there tells which rows are the same, and the others are taken in again. When no mark holds, it is made anew.
 *
 * What is found is compared with the scripts themselves by whoever asks, so a stale row is never an answer; a row that is
 * missing is what marks and `isComplete` are for.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex } from '../bytes/hex.ts';
import { computeMerkle } from '../chain/merkle.ts';
import { type Clock, systemClock } from '../clock.ts';
import { fileError } from '../file-error.ts';
import type { FlowIndex } from './flow-index.ts';
import { type KeyFiles, nodeKeyFiles } from './key-files.ts';
import { KeyIndex, type KeyIndexOptions, type KeyIndexState } from './key-index.hot.ts';
import { lowerBound } from './lower-bound.ts';
import { blockTransactions } from './raw-places.ts';

const FORMAT = 'clew-search/1';
const MANIFEST = 'search.json';
/** Marks of the newest blocks that are kept, and of older ones every so many blocks. */
const MARKS_RECENT = 64;
const MARKS_APART = 512;
const MARKS_MAX = 128;
/** Rows between looks at the clock. */
const ROWS_AT_A_TIME = 256;
/** Entries of merging for each row taken in, so that runs do not pile up. */
const MERGED_PER_ROW = 12;
/** Rows taken in after which a mark is made: as many, and no more, are taken in again after blocks came or went meanwhile. */
const ROWS_PER_MARK = 250_000;
/** Rows taken in after which what there is goes to the disk for good. */
const ROWS_PER_COMMIT = 4_000_000;
/** Fewer new rows than these are not worth a file: they are taken in again at the next start. */
const ROWS_WORTH_A_FILE = 20_000;
/** The front is written when it is full, and meanwhile nobody else runs: a small one, of some 90,000 rows. */
const MEMORY_BYTES = 24 * 1024 ** 2;
/** Lists of blocks that are held of each script on the disk, of any memory: 8 bytes for 2 KiB. */
const LIST_BYTES_PER_SCRIPT = 0.05;

/** Nobody waits for the disk: after a power cut damage is found by its checksums, and the index is made again. */
const UNSYNCED_FILES: KeyFiles = { ...nodeKeyFiles, sync() {}, syncFolder() {} };

/** What an index is of. */
export interface SearchKeys {
  /** Name of its folder. */
  readonly name: string;
  /** Names of its key indexes: letters, digits, dashes. */
  readonly parts: readonly string[];
  /** Take a row of the scripts in. */
  insert(flow: FlowIndex, script: number, parts: readonly KeyIndex[]): void;
}

/** With block `block` (a row) the ledger had `scripts` scripts. */
interface Mark {
  readonly block: number;
  readonly merkleRoot: string;
  readonly scripts: number;
}

interface Manifest {
  readonly format: typeof FORMAT;
  readonly network: string;
  readonly name: string;
  /** Merkle root of the ledger's first block: rows mean something else in a ledger that begins elsewhere. */
  readonly firstBlock: string;
  readonly marks: readonly Mark[];
  readonly states: readonly KeyIndexState[];
}

export class SearchIndex {
  readonly #keys: SearchKeys;
  /** Undefined for an index in memory. */
  readonly #folder: string | undefined;
  readonly #memoryBytes: number;
  readonly #clock: Clock;
  #parts: KeyIndex[] = [];
  #marks: Mark[] = [];
  #firstBlock = '';
  /** Rows below this one are in. */
  #covered = 0;
  #committed = 0;
  #flow: FlowIndex | undefined;
  #isOpen = false;

  /**
   * @param networkFolder `<data>/<network>`; undefined for an index in memory
   * @param options.memoryBytes for each key index, while it is made
   */
  constructor(
    keys: SearchKeys,
    networkFolder: string | undefined,
    options: { readonly memoryBytes?: number; readonly clock?: Clock } = {},
  ) {
    this.#keys = keys;
    this.#folder = networkFolder && join(networkFolder, 'search', keys.name);
    this.#memoryBytes = options.memoryBytes ?? MEMORY_BYTES;
    this.#clock = options.clock ?? systemClock;
  }

  /** The key indexes in the order of `keys.parts`; valid until the next `use`. */
  get parts(): readonly KeyIndex[] {
    return this.#parts;
  }

  /** Rows of scripts that are in. */
  get covered(): number {
    return this.#covered;
  }

  /**
   * Make it an index of this state of the ledger: what does not hold any more is forgotten. To be called before each use, inside
   * the gate of the ledger's readers.
   *
   * @returns whether every script is in
   * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE
   */
  use(flow: FlowIndex): boolean {
    if (this.#flow !== flow) {
      if (!this.#isOpen) this.#open(flow);
      this.#isOpen = true;
      this.#flow = flow;
      this.#goBackTo(flow);
    }
    return this.#covered === flow.scriptCount;
  }

  /** The newest mark that holds says which rows are the same. */
  #goBackTo(flow: FlowIndex): void {
    if (flow.blockCount > 0 && rootOf(flow, 0) !== this.#firstBlock) this.#begin(flow);
    while (this.#marks.length > 0 && !holds(flow, this.#marks.at(-1)!)) this.#marks.pop();
    const same = this.#marks.at(-1)?.scripts ?? 0;
    if (same === this.#covered) return;
    for (const part of this.#parts) part.truncate(same);
    this.#covered = same;
    this.#committed = Math.min(this.#committed, same);
  }

  #open(flow: FlowIndex): void {
    const manifest = this.#readManifest();
    if (manifest === undefined || manifest.network !== flow.network.name) {
      this.#begin(flow);
      return;
    }
    try {
      for (const [i, name] of this.#keys.parts.entries()) {
        const state = manifest.states[i]!;
        this.#parts.push(KeyIndex.open(this.#folder!, name, state, this.#options(flow)));
      }
    } catch {
      // Damaged or cut: it is made from the ledger, and is made again.
      this.#begin(flow);
      return;
    }
    this.#marks = [...manifest.marks];
    this.#firstBlock = manifest.firstBlock;
    this.#covered = this.#marks.at(-1)?.scripts ?? 0;
    this.#committed = this.#covered;
    for (const part of this.#parts) part.truncate(this.#covered);
  }

  #options({ scriptCount }: FlowIndex): KeyIndexOptions {
    const memoryBytes = this.#memoryBytes + LIST_BYTES_PER_SCRIPT * scriptCount;
    return { memoryBytes, files: UNSYNCED_FILES };
  }

  #readManifest(): Manifest | undefined {
    if (this.#folder === undefined) return undefined;
    const path = join(this.#folder, MANIFEST);
    if (!existsSync(path)) return undefined;
    try {
      const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
      const isOurs = manifest.format === FORMAT && manifest.name === this.#keys.name;
      return isOurs && manifest.states.length === this.#keys.parts.length ? manifest : undefined;
    } catch {
      return undefined;
    }
  }

  /** Empty, for a ledger. */
  #begin(flow: FlowIndex): void {
    for (const part of this.#parts) part.close();
    const folder = this.#folder;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    this.#parts = this.#keys.parts.map((name) =>
      folder === undefined
        ? KeyIndex.inMemory()
        : KeyIndex.create(folder, name, this.#options(flow)),
    );
    this.#marks = [];
    this.#firstBlock = flow.blockCount > 0 ? rootOf(flow, 0) : '';
    this.#covered = 0;
    this.#committed = 0;
  }

  /**
   * Take rows in for so long. `use` must have been called with this flow index.
   *
   * @param milliseconds about; writing a full front takes longer
   * @returns whether every script is in
   * @throws {ClewError} CLEW_NO_SPACE, CLEW_FILE_UNREADABLE: what is in stays in
   */
  advance(flow: FlowIndex, milliseconds: number): boolean {
    const end = this.#clock.elapsedMs() + milliseconds;
    const total = flow.scriptCount;
    const begun = this.#covered;
    while (this.#covered < total && this.#clock.elapsedMs() < end) {
      const stop = Math.min(total, this.#covered + ROWS_AT_A_TIME);
      for (let row = this.#covered; row < stop; row += 1) {
        this.#keys.insert(flow, row, this.#parts);
        this.#covered = row + 1;
      }
    }
    this.#merge(MERGED_PER_ROW * (this.#covered - begun));
    const isComplete = this.#covered === total;
    if (isComplete && begun < total) this.#mark(flow, flow.blockCount - 1);
    else if (this.#covered - (this.#marks.at(-1)?.scripts ?? 0) >= ROWS_PER_MARK) {
      this.#mark(flow, lastBlockWithin(flow, this.#covered));
    }
    const uncommitted = this.#covered - this.#committed;
    if (uncommitted >= (isComplete ? ROWS_WORTH_A_FILE : ROWS_PER_COMMIT)) this.#commit(flow);
    return isComplete;
  }

  /** Merge runs that are due, about so many entries, of the part that has most of them. */
  #merge(entriesMax: number): void {
    if (entriesMax <= 0) return;
    const most = this.#parts.reduce((a, b) => (b.runCount > a.runCount ? b : a));
    most.prepareCommit(entriesMax);
  }

  /** Make it anew: something of it is damaged. `use` must be called again. */
  forget(flow: FlowIndex): void {
    this.#begin(flow);
    this.#flow = undefined;
    this.#isOpen = true;
  }

  #mark(flow: FlowIndex, block: number): void {
    if (block < 0 || block <= (this.#marks.at(-1)?.block ?? -1)) return;
    const scripts = scriptsThrough(flow, block);
    if (scripts > this.#covered) return;
    this.#marks.push({ block, merkleRoot: rootOf(flow, block), scripts });
    this.#marks = thinOut(this.#marks);
  }

  /** Put what is in on the disk: the runs first, then the manifest that names them. */
  #commit(flow: FlowIndex): void {
    const folder = this.#folder;
    this.#mark(flow, lastBlockWithin(flow, this.#covered));
    this.#committed = this.#covered;
    if (folder === undefined) return;
    for (const part of this.#parts) part.flushFront();
    const manifest: Manifest = {
      format: FORMAT,
      network: flow.network.name,
      name: this.#keys.name,
      firstBlock: this.#firstBlock,
      marks: this.#marks,
      states: this.#parts.map((part) => part.state()),
    };
    const path = join(folder, MANIFEST);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(`${path}.new`, JSON.stringify(manifest), { mode: 0o600, flush: true });
      renameSync(`${path}.new`, path);
    } catch (cause) {
      throw fileError(cause, path);
    }
    for (const part of this.#parts) part.dropUnreferenced();
  }

  close(): void {
    for (const part of this.#parts) part.close();
    this.#parts = [];
    this.#flow = undefined;
    this.#isOpen = false;
    this.#covered = 0;
  }
}

function rootOf(flow: FlowIndex, block: number): string {
  const { first, end } = blockTransactions(flow, block);
  return bytesToHex(computeMerkle(flow.txids.readRange(first, end), end - first).root);
}

/** Scripts seen up to the end of a block. */
function scriptsThrough(flow: FlowIndex, block: number): number {
  if (block + 1 >= flow.blockCount) return flow.scriptCount;
  const nextOutput = flow.txFirstOutput.at(flow.blockFirstTx.at(block + 1));
  return lowerBound(flow.scriptFirstOutput, 0, flow.scriptCount, nextOutput);
}

/** The last block all of whose scripts are below a row; -1 when there is none. */
function lastBlockWithin(flow: FlowIndex, scripts: number): number {
  let low = 0;
  let high = flow.blockCount;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (scriptsThrough(flow, middle) <= scripts) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function holds(flow: FlowIndex, mark: Mark): boolean {
  return (
    mark.block < flow.blockCount &&
    scriptsThrough(flow, mark.block) === mark.scripts &&
    rootOf(flow, mark.block) === mark.merkleRoot
  );
}

/** The newest, and some older ones for deep reorganisations. */
function thinOut(marks: readonly Mark[]): Mark[] {
  const kept: Mark[] = [];
  for (const [i, mark] of marks.entries()) {
    const isRecent = i >= marks.length - MARKS_RECENT;
    const isFar = mark.block - (kept.at(-1)?.block ?? Number.NEGATIVE_INFINITY) >= MARKS_APART;
    if (isRecent || isFar) kept.push(mark);
  }
  return kept.slice(-MARKS_MAX);
}
