/** Rows in a page of a file that does not say otherwise. */
export const PAGE_ROWS = 65_536;
/**
 * `row >>> bits` is the page of a row up to here; of larger rows it is `Math.floor(row / rowsOfPage)`. The place
 * in the page is `row & mask` for all rows: the low bits of a whole number below 2^53 are taken exactly.
 */
export const ROW_INT_MAX = 0x7fff_ffff;

/** Whoever can give the memory of a page back. */
export interface PageOwner {
  /** Take a page off the table, but keep its bytes: the next use of it asks for it again. */
  rest?(pageIndex: number): void;
  /** Give a page's memory back, after writing what changed. Returns the bytes that became free. */
  evict(pageIndex: number): number | undefined;
}

/** A page in the order of leaving; its owner hands it back to `touch` when the page is used while it rests. */
export interface BudgetEntry {
  readonly owner: PageOwner;
  readonly pageIndex: number;
  readonly bytes: number;
  /** Where it stands: among the pages in use, at rest, or nowhere any more. */
  place: 'used' | 'resting' | 'gone';
}

/** The share of the bytes that pages in use may hold before the longest used ones are put to rest. */
const USED_SHARE = 2 / 3;
const COMPACT_AT = 4096;

/** A queue whose front is taken away in large steps. */
class EntryQueue {
  #entries: BudgetEntry[] = [];
  #head = 0;

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get first(): BudgetEntry | undefined {
    return this.#entries[this.#head];
  }

  push(entry: BudgetEntry): void {
    this.#entries.push(entry);
  }

  shift(): void {
    this.#head += 1;
    if (this.#head <= COMPACT_AT) return;
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }
}

/**
 * A limit on the bytes that loaded pages may hold, shared by all columns of a flow index.
 *
 * Pages leave with a second chance that costs a read of a row nothing: no mark is set when a page is
 * used. Instead, a third of the pages, the longest used ones, are *at rest*: still in memory, but off the table of
 * their column, so that the next use of one passes through the slow way of loading, finds the bytes there, and
 * puts the page at the end of the queue again. What is not used while it rests leaves.
 * (FIFO with a second chance by unmapping: Turner and Levy, "Segmented FIFO page replacement", 1981.)
 */
export class PageBudget {
  #maxBytes: number;
  #usedBytes = 0;
  #activeBytes = 0;
  readonly #active = new EntryQueue();
  readonly #resting = new EntryQueue();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that pages hold now: at most one page above the limit. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** Another limit; a smaller one makes pages leave at once. */
  set maxBytes(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#makeRoom();
  }

  /** Take note of a page that was just loaded, and make room when the limit is passed. */
  admit(owner: PageOwner, pageIndex: number, bytes: number): BudgetEntry {
    const entry = this.#enqueue(owner, pageIndex, bytes);
    this.#usedBytes += bytes;
    this.#makeRoom();
    return entry;
  }

  /** Put a page that was at rest behind all others again. Returns its new entry. */
  touch(entry: BudgetEntry): BudgetEntry {
    if (entry.place !== 'resting') return entry;
    entry.place = 'gone';
    const fresh = this.#enqueue(entry.owner, entry.pageIndex, entry.bytes);
    this.#makeRoom();
    return fresh;
  }

  /** A page grew or (negative) shrank by some bytes; room is made at the next `admit`. */
  charge(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Forget a page whose owner let go of it by itself. */
  release(entry: BudgetEntry, freedBytes: number): void {
    if (entry.place === 'gone') return;
    if (entry.place === 'used') this.#activeBytes -= entry.bytes;
    entry.place = 'gone';
    this.#usedBytes -= freedBytes;
  }

  #enqueue(owner: PageOwner, pageIndex: number, bytes: number): BudgetEntry {
    const entry: BudgetEntry = { owner, pageIndex, bytes, place: 'used' };
    this.#active.push(entry);
    this.#activeBytes += bytes;
    return entry;
  }

  /** The page admitted last is about to be used: it is never the one to leave. */
  #makeRoom(): void {
    while (this.#activeBytes > this.#maxBytes * USED_SHARE && this.#active.size > 1) {
      const entry = this.#active.first!;
      this.#active.shift();
      if (entry.place !== 'used') continue;
      this.#activeBytes -= entry.bytes;
      entry.place = 'resting';
      entry.owner.rest?.(entry.pageIndex);
      this.#resting.push(entry);
    }
    while (this.#usedBytes > this.#maxBytes && this.#resting.size > 0) {
      const entry = this.#resting.first!;
      if (entry.place === 'resting') {
        // A failed write throws here; the page then keeps its place and its bytes.
        this.#usedBytes -= entry.owner.evict(entry.pageIndex) ?? entry.bytes;
        entry.place = 'gone';
      }
      this.#resting.shift();
    }
  }
}
