/**
 * A priority queue of (key, payload) pairs in two typed arrays: a 4-ary heap, smallest key first.
 *
 *     children of place i: 4i + 1 .. 4i + 4
 *
 * Keys are rows in chain order, so taking the smallest key means going on in chain order; they pass 2^32 and
 * are doubles, while payloads are records of one trace, u32. Pairs with the same key come in no particular
 * order; whoever takes them sorts them. Cost: about 4 * log4(n) comparisons per pop.
 */
export class RowHeap {
  #keys = new Float64Array(64);
  #payloads = new Uint32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The smallest key; only when `size` is above zero. */
  get firstKey(): number {
    return this.#keys[0]!;
  }

  /** The payload at a place below `size`, in heap order: to visit all that wait. */
  payloadAt(place: number): number {
    return this.#payloads[place]!;
  }

  push(key: number, payload: number): void {
    if (this.#size === this.#keys.length) this.#grow();
    const keys = this.#keys;
    const payloads = this.#payloads;
    let place = this.#size;
    this.#size += 1;
    while (place > 0) {
      const parent = Math.floor((place - 1) / 4);
      if (keys[parent]! <= key) break;
      keys[place] = keys[parent]!;
      payloads[place] = payloads[parent]!;
      place = parent;
    }
    keys[place] = key;
    payloads[place] = payload;
  }

  /** Take the pair with the smallest key away and return its payload; only when `size` is above zero. */
  pop(): number {
    const keys = this.#keys;
    const payloads = this.#payloads;
    const taken = payloads[0]!;
    const size = this.#size - 1;
    this.#size = size;
    const key = keys[size]!;
    let place = 0;
    for (;;) {
      const first = place * 4 + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let smallest = first;
      for (let child = first + 1; child < end; child += 1) {
        if (keys[child]! < keys[smallest]!) smallest = child;
      }
      if (keys[smallest]! >= key) break;
      keys[place] = keys[smallest]!;
      payloads[place] = payloads[smallest]!;
      place = smallest;
    }
    keys[place] = key;
    payloads[place] = payloads[size]!;
    return taken;
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    const payloads = new Uint32Array(this.#payloads.length * 2);
    payloads.set(this.#payloads);
    this.#payloads = payloads;
  }
}
