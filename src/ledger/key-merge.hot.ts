/**
 * Makes one key run of several that follow each other, without the rows that were forgotten.
 *
 * Every run is read from front to end once, in pieces of 64 blocks, and the smallest of the heads goes out:
 * memory is the same for a thousand entries and for a billion.
 */
import { KeyBlockEntries } from './key-block.hot.ts';
import type { KeySink } from './key-front.hot.ts';
import type { KeyRun, KeyRunReader } from './key-run.hot.ts';

/** A merge that can be done a piece at a time. */
export class KeyMerge {
  readonly #sink: KeySink;
  #heads: MergeHead[] | undefined;
  readonly #runs: readonly KeyRun[];

  /** @param runs oldest first, so that rows with the same hash stay in rising order; they must stay open */
  constructor(runs: readonly KeyRun[], sink: KeySink) {
    this.#runs = runs;
    this.#sink = sink;
  }

  /**
   * Hand the next entries over.
   *
   * @param entriesMax about so many
   * @returns how many there were; 0 when all are over
   * @throws {ClewError} CLEW_COLUMN_DAMAGED naming file and block
   */
  step(entriesMax: number): number {
    this.#heads ??= this.#runs.map((run) => new MergeHead(run)).filter((head) => head.advance());
    let done = 0;
    while (this.#heads.length > 0 && done < entriesMax) {
      done += mergeUntilOneEnds(this.#heads, this.#sink, entriesMax - done);
      this.#heads = this.#heads.filter((head) => !head.isAtEnd);
    }
    return done;
  }
}

function mergeUntilOneEnds(heads: readonly MergeHead[], sink: KeySink, entriesMax: number): number {
  const count = heads.length;
  let done = 0;
  while (done < entriesMax) {
    let best = heads[0]!;
    for (let i = 1; i < count; i += 1) {
      const head = heads[i]!;
      // Only a truly smaller one passes: of equal hashes the older run's rows go first.
      if (head.high > best.high) continue;
      if (head.high < best.high || head.low < best.low) best = head;
    }
    sink.append(best.low, best.high, best.row);
    done += 1;
    if (!best.advance()) break;
  }
  return done;
}

/** The entry of a run that is next. */
class MergeHead {
  low = 0;
  high = 0;
  row = 0;
  isAtEnd = false;
  readonly #limit: number;
  readonly #entries = new KeyBlockEntries();
  readonly #reader: KeyRunReader;
  #position = 0;

  constructor(run: KeyRun) {
    this.#limit = run.limit;
    this.#reader = run.reader(this.#entries);
  }

  /** Go to the next entry that counts; false when there is none. */
  advance(): boolean {
    const entries = this.#entries;
    for (;;) {
      if (this.#position === entries.count) {
        if (!this.#reader.nextBlock()) {
          this.isAtEnd = true;
          return false;
        }
        this.#position = 0;
      }
      const at = this.#position;
      this.#position = at + 1;
      const row = entries.rows[at]!;
      if (row >= this.#limit) continue;
      this.low = entries.lows[at]!;
      this.high = entries.highs[at]!;
      this.row = row;
      return true;
    }
  }
}
