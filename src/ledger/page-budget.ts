/** Rows in a page of every column: a format constant. */
export const PAGE_ROWS = 65_536;

/** Whoever can give the memory of a page back. */
export interface PageOwner {
  evict(pageIndex: number): void;
}

/**
 * A limit on the bytes that loaded pages may hold, shared by all columns of a flow index.
 * Pages leave in the order in which they came.
 */
export class PageBudget {
  readonly maxBytes: number;
  #usedBytes = 0;
  readonly #queue: { owner: PageOwner; pageIndex: number; bytes: number }[] = [];
  #head = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** Take note of a page that was just loaded, and make room when the limit is passed. */
  admit(owner: PageOwner, pageIndex: number, bytes: number): void {
    this.#queue.push({ owner, pageIndex, bytes });
    this.#usedBytes += bytes;
    // The page just admitted is about to be used: it is never the one to leave.
    while (this.#usedBytes > this.maxBytes && this.#head < this.#queue.length - 1) {
      const oldest = this.#queue[this.#head]!;
      this.#head += 1;
      oldest.owner.evict(oldest.pageIndex);
      this.#usedBytes -= oldest.bytes;
    }
    if (this.#head > 4096) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
