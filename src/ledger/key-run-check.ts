import { KeyBlockEntries } from './key-block.hot.ts';
import type { KeyRun } from './key-run.hot.ts';
import { damagedRun } from './key-run-file.ts';

/**
 * Read a run from front to end and hold it against itself: checksums of filter and blocks, the order of the hashes,
 * every row in the range that the header states, as many entries as it states, all of them passed by the filter as far
 * as that is in memory. About ten million entries a second.
 *
 * @param progress is told after each block how many entries it had
 * @throws {ClewError} CLEW_COLUMN_DAMAGED naming file and part or block
 */
export function checkKeyRun(run: KeyRun, progress: (entries: number) => void = () => {}): void {
  run.checkFilter();
  const entries = new KeyBlockEntries();
  const reader = run.reader(entries);
  let low = 0;
  let high = 0;
  let total = 0;
  for (let block = 0; reader.nextBlock(); block += 1) {
    for (let i = 0; i < entries.count; i += 1) {
      const nextLow = entries.lows[i]!;
      const nextHigh = entries.highs[i]!;
      const row = entries.rows[i]!;
      const isInOrder = nextHigh > high || (nextHigh === high && nextLow >= low);
      const isInRange = row >= run.rowFrom && row < run.rowEnd;
      if (!isInOrder || !isInRange || !run.mayHold(nextLow, nextHigh)) {
        throw damagedRun(run.path, block, 'A block of a key run contradicts the rest of the run.');
      }
      low = nextLow;
      high = nextHigh;
    }
    total += entries.count;
    progress(entries.count);
  }
  if (total !== run.entries) {
    throw damagedRun(run.path, 'header', 'A key run has not as many entries as its header says.');
  }
}
