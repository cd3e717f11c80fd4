/**
 * Labelled pieces of outputs, one behind the other in three typed arrays.
 *
 *     fifo:    start within the output, length, label    sorted by start, no overlap, equal neighbours merged
 *     haircut: 0, amount, label                           sorted by label, each label once
 *
 * A record owns a run of neighbouring rows. Rows are only added at the end; `moveLive` gives back what
 * XX
 */
const START_CAPACITY = 256;

export class SegmentPool {
  starts = new Float64Array(START_CAPACITY);
  lengths = new Float64Array(START_CAPACITY);
  labels = new Uint16Array(START_CAPACITY);
  length = 0;

  push(startSats: number, lengthSats: number, label: number): void {
    if (this.length === this.starts.length) this.#grow(this.length * 2);
    this.starts[this.length] = startSats;
    this.lengths[this.length] = lengthSats;
    this.labels[this.length] = label;
    this.length += 1;
  }

  /** As `push`, but grows the last piece when the new one continues it. `first` is where the run begins. */
  append(first: number, startSats: number, lengthSats: number, label: number): void {
    const last = this.length - 1;
    if (
      last >= first &&
      this.labels[last] === label &&
      this.starts[last]! + this.lengths[last]! === startSats
    ) {
      this.lengths[last] = this.lengths[last]! + lengthSats;
      return;
    }
    this.push(startSats, lengthSats, label);
  }

  /** Append a run of another pool; returns where it begins here. */
  copyRun(from: SegmentPool, first: number, count: number): number {
    const to = this.length;
    while (to + count > this.starts.length) this.#grow(this.starts.length * 2);
    // Runs are short: a loop is quicker than three views and three block copies.
    for (let row = 0; row < count; row += 1) {
      this.starts[to + row] = from.starts[first + row]!;
      this.lengths[to + row] = from.lengths[first + row]!;
      this.labels[to + row] = from.labels[first + row]!;
    }
    this.length = to + count;
    return to;
  }

  #grow(capacity: number): void {
    const starts = new Float64Array(capacity);
    starts.set(this.starts);
    this.starts = starts;
    const lengths = new Float64Array(capacity);
    lengths.set(this.lengths);
    this.lengths = lengths;
    const labels = new Uint16Array(capacity);
    labels.set(this.labels);
    this.labels = labels;
  }
}
