/**
 * The part of a key index that changes: 64-bit hashes and their rows in one flat table.
 *
 * Open addressing with linear probing, four words a slot, so that a probe is one miss of the cache:
 *
 *   slots[4s] = low    slots[4s + 1] = high    slots[4s + 2] = row, low 32 bits
 *   slots[4s + 3] = row, next 8 bits, plus USED; 0 when the slot is free
 *
 * A hash belongs in the slot that the TOP bits of `high` name. Two things follow: growing reads and writes both
 * tables from front to end, and the hashes of each cluster (a stretch of used slots) are all smaller than those
 * of the next one, so that sorting the table for the disk is sorting each cluster by itself.
 *
 * Rows with the same hash stand along the probe path from newest to oldest. At most 0.66 of the slots are used:
 * 24 to 48 bytes an entry once it has grown.
 *
 * The hashes must be as good as random; hashes crafted to share their top bits cost time, never a wrong answer.
 */

const WORDS = 4;
/** Used slots, at most. */
export const FRONT_LOAD_MAX = 0.66;
const USED = 0x100;
const HIGH_UNIT = 0x1_0000_0000;
const CLUSTER_INSERTION_MAX = 512;

/** Bytes of a slot. */
export const FRONT_SLOT_BYTES = WORDS * 4;
export const FRONT_BITS_MIN = 8;
/** 2^28 slots are 4 GiB and 177 million entries. */
export const FRONT_BITS_MAX = 28;

/** A hash as its two halves. */
export interface KeyOfEntry {
  readonly low: number;
  readonly high: number;
}

/** A hash and its row. */
export interface KeyEntry extends KeyOfEntry {
  readonly row: number;
}

/** Below zero when the first hash is the smaller one, zero when they are the same. */
export function compareKeys(a: KeyOfEntry, b: KeyOfEntry): number {
  return a.high - b.high || a.low - b.low;
}

/** Takes entries in the order of (high, low, row). */
export interface KeySink {
  append(low: number, high: number, row: number): void;
}

export class KeyFront {
  #slots: Uint32Array;
  #bits: number;
  #shift: number;
  #mask: number;
  #room: number;
  #count = 0;

  /** @param bits the table gets 2^bits slots */
  constructor(bits = FRONT_BITS_MIN) {
    this.#slots = new Uint32Array(WORDS * 2 ** bits);
    this.#bits = bits;
    this.#shift = 32 - bits;
    this.#mask = 2 ** bits - 1;
    this.#room = Math.floor(2 ** bits * FRONT_LOAD_MAX);
  }

  get count(): number {
    return this.#count;
  }

  get bits(): number {
    return this.#bits;
  }

  get memoryBytes(): number {
    return this.#slots.byteLength;
  }

  /** True when the next insert must be preceded by `grow` or `clear`. */
  get isFull(): boolean {
    return this.#count >= this.#room;
  }

  /** Note a row. There must be room; rows with the same hash must come in rising order. */
  insert(low: number, high: number, row: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let rowLow = row >>> 0;
    let rowHigh = USED + Math.floor(row / HIGH_UNIT);
    let at = (high >>> this.#shift) * WORDS;
    const end = mask * WORDS + WORDS;
    for (;;) {
      const held = slots[at + 3]!;
      if (held === 0) break;
      if (slots[at] === low && slots[at + 1] === high) {
        // The newer row takes the older one's place, and the older one goes on along the path.
        const olderLow = slots[at + 2]!;
        slots[at + 2] = rowLow;
        slots[at + 3] = rowHigh;
        rowLow = olderLow;
        rowHigh = held;
      }
      at += WORDS;
      if (at === end) at = 0;
    }
    slots[at] = low;
    slots[at + 1] = high;
    slots[at + 2] = rowLow;
    slots[at + 3] = rowHigh;
    this.#count += 1;
  }

  /** Read the slot that a hash begins at, only to have it near; what comes back means nothing. */
  touch(high: number): number {
    return this.#slots[(high >>> this.#shift) * WORDS]!;
  }

  /** Place of the newest row with this hash, or -1. */
  find(low: number, high: number): number {
    return this.#search(low, high, (high >>> this.#shift) * WORDS);
  }

  /** Place of the next older row with the hash that stands at `place`, or -1. */
  findOlder(place: number): number {
    const slots = this.#slots;
    const next = place + WORDS;
    return this.#search(slots[place]!, slots[place + 1]!, next === slots.length ? 0 : next);
  }

  #search(low: number, high: number, from: number): number {
    const slots = this.#slots;
    const end = slots.length;
    let at = from;
    for (;;) {
      if (slots[at + 3] === 0) return -1;
      if (slots[at] === low && slots[at + 1] === high) return at;
      at += WORDS;
      if (at === end) at = 0;
    }
  }

  /** The row at a place that `find` gave. */
  rowAt(place: number): number {
    return this.#slots[place + 2]! + (this.#slots[place + 3]! - USED) * HIGH_UNIT;
  }

  /**
   * Note the entries whose hashes lie from one to another, both included; not in order, but after `max` of them only those that
   * stand close to the last.
   */
  collectBetween(from: KeyOfEntry, to: KeyOfEntry, max: number, into: KeyEntry[]): void {
    const slots = this.#slots;
    const lastHome = to.high >>> this.#shift;
    let left = max;
    let slot = from.high >>> this.#shift;
    for (let visited = 0; visited <= this.#mask; visited += 1) {
      const at = slot * WORDS;
      if (slots[at + 3] === 0) {
        // Between clusters: all of the one before are smaller than all that follow.
        if (left <= 0 || slot >= lastHome || visited > slot) return;
      } else {
        const entry = { low: slots[at]!, high: slots[at + 1]!, row: this.rowAt(at) };
        if (compareKeys(entry, from) >= 0 && compareKeys(entry, to) <= 0) {
          into.push(entry);
          left -= 1;
        }
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Twice the slots. Reads the old table from after a free slot on, so that each probe path keeps its order. */
  grow(): void {
    const old = this.#slots;
    const bits = this.#bits + 1;
    const slots = new Uint32Array(WORDS * 2 ** bits);
    const shift = 32 - bits;
    const end = slots.length;
    const first = firstFree(old);
    for (let step = WORDS; step < old.length; step += WORDS) {
      const from = first + step < old.length ? first + step : first + step - old.length;
      if (old[from + 3] === 0) continue;
      const high = old[from + 1]!;
      let at = (high >>> shift) * WORDS;
      while (slots[at + 3] !== 0) {
        at += WORDS;
        if (at === end) at = 0;
      }
      slots[at] = old[from]!;
      slots[at + 1] = high;
      slots[at + 2] = old[from + 2]!;
      slots[at + 3] = old[from + 3]!;
    }
    this.#slots = slots;
    this.#bits = bits;
    this.#shift = shift;
    this.#mask = 2 ** bits - 1;
    this.#room = Math.floor(2 ** bits * FRONT_LOAD_MAX);
  }

  /** Forget everything. @param bits slots from now on, as a power of two */
  clear(bits = this.#bits): void {
    this.#count = 0;
    if (bits === this.#bits) {
      this.#slots.fill(0);
      return;
    }
    this.#slots = new Uint32Array(WORDS * 2 ** bits);
    this.#bits = bits;
    this.#shift = 32 - bits;
    this.#mask = 2 ** bits - 1;
    this.#room = Math.floor(2 ** bits * FRONT_LOAD_MAX);
  }

  /** Forget the rows from `rowEnd` on: one pass over the table. */
  truncate(rowEnd: number): void {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += WORDS) {
      // What moves into the hole came from later on, so the place is looked at again.
      while (slots[at + 3] !== 0 && this.rowAt(at) >= rowEnd) this.#removeAt(at);
    }
  }

  /** Free a slot and close the gap: whatever may stand nearer to its own slot moves up. */
  #removeAt(place: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let hole = place / WORDS;
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & mask;
      const from = slot * WORDS;
      if (slots[from + 3] === 0) break;
      const home = slots[from + 1]! >>> this.#shift;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots.copyWithin(hole * WORDS, from, from + WORDS);
      hole = slot;
    }
    slots[hole * WORDS + 3] = 0;
    this.#count -= 1;
  }

  /**
   * Hand all entries to a sink in the order of (high, low, row). The table stays as it is.
   *
   * The cluster that runs over the end of the table goes on at its beginning: what stands there before its own
   * slot belongs to the end, and is handed over with the last cluster.
   */
  writeSorted(sink: KeySink): void {
    const slots = this.#slots;
    const cluster = new Cluster();
    const wrapped = new Cluster();
    let at = 0;
    for (; slots[at + 3] !== 0; at += WORDS) {
      const home = (slots[at + 1]! >>> this.#shift) * WORDS;
      (home > at ? wrapped : cluster).take(slots, at);
    }
    for (; at < slots.length; at += WORDS) {
      if (slots[at + 3] !== 0) cluster.take(slots, at);
      else if (cluster.count > 0) cluster.handOver(sink);
    }
    cluster.takeAll(wrapped);
    cluster.handOver(sink);
  }
}

function firstFree(slots: Uint32Array): number {
  let at = 0;
  while (slots[at + 3] !== 0) at += WORDS;
  return at;
}

/** A few entries on their way to the disk. */
class Cluster {
  count = 0;
  #words = new Uint32Array(256 * WORDS);

  take(from: Uint32Array, at: number): void {
    const start = this.count * WORDS;
    if (start === this.#words.length) {
      const larger = new Uint32Array(2 * start);
      larger.set(this.#words);
      this.#words = larger;
    }
    const words = this.#words;
    words[start] = from[at]!;
    words[start + 1] = from[at + 1]!;
    words[start + 2] = from[at + 2]!;
    words[start + 3] = from[at + 3]!;
    this.count += 1;
  }

  takeAll(other: Cluster): void {
    for (let at = 0; at < other.count * WORDS; at += WORDS) this.take(other.#words, at);
  }

  handOver(sink: KeySink): void {
    const words = this.#words;
    const end = this.count * WORDS;
    this.#sort();
    for (let at = 0; at < end; at += WORDS) {
      const row = words[at + 2]! + (words[at + 3]! - USED) * HIGH_UNIT;
      sink.append(words[at]!, words[at + 1]!, row);
    }
    this.count = 0;
  }

  /** Insertion sort: a cluster is a few entries long and nearly in order, unless somebody crafted the hashes. */
  #sort(): void {
    if (this.count > CLUSTER_INSERTION_MAX) this.#sortLong();
    const words = this.#words;
    for (let next = WORDS; next < this.count * WORDS; next += WORDS) {
      const low = words[next]!;
      const high = words[next + 1]!;
      const rowLow = words[next + 2]!;
      const rowHigh = words[next + 3]!;
      let at = next;
      while (at > 0 && isAfter(words, at - WORDS, low, high, rowLow, rowHigh)) {
        words[at] = words[at - WORDS]!;
        words[at + 1] = words[at - WORDS + 1]!;
        words[at + 2] = words[at - WORDS + 2]!;
        words[at + 3] = words[at - WORDS + 3]!;
        at -= WORDS;
      }
      if (at === next) continue;
      words[at] = low;
      words[at + 1] = high;
      words[at + 2] = rowLow;
      words[at + 3] = rowHigh;
    }
  }

  #sortLong(): void {
    const old = this.#words.slice(0, this.count * WORDS);
    const places = Array.from({ length: this.count }, (_, i) => i * WORDS);
    places.sort((a, b) =>
      isAfter(old, a, old[b]!, old[b + 1]!, old[b + 2]!, old[b + 3]!) ? 1 : -1,
    );
    places.forEach((from, i) => {
      this.#words.set(old.subarray(from, from + WORDS), i * WORDS);
    });
  }
}

function isAfter(
  words: Uint32Array,
  at: number,
  low: number,
  high: number,
  rowLow: number,
  rowHigh: number,
): boolean {
  if (words[at + 1] !== high) return words[at + 1]! > high;
  if (words[at] !== low) return words[at]! > low;
  if (words[at + 3] !== rowHigh) return words[at + 3]! > rowHigh;
  return words[at + 2]! > rowLow;
}
