/** What is to happen at a later block: a heap by height, and by order of entry within one. */

interface Entry {
  readonly height: number;
  readonly sequence: number;
  readonly run: () => void;
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.height !== b.height ? a.height < b.height : a.sequence < b.sequence;
}

export class Agenda {
  readonly #heap: Entry[] = [];
  #sequence = 0;

  get length(): number {
    return this.#heap.length;
  }

  /** Run the function once the chain has reached that height. */
  at(height: number, run: () => void): void {
    const heap = this.#heap;
    const entry = { height, sequence: this.#sequence, run };
    this.#sequence += 1;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = Math.floor((at - 1) / 2);
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  /** Take out the next one that is due at that height, if any. */
  next(height: number): (() => void) | undefined {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.height > height) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return top.run;
  }

  /** Put the entry at the top and let it sink to its place. */
  #sink(entry: Entry): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }
}
