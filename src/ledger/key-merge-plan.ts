/** As many runs of one size make a larger one. */
const RUNS_TO_MERGE = 4;
/** Runs of fewer entries are all of the lowest size. */
const SIZE_UNIT = 4096;

/**
 * Which runs are to become one: size-tiered, four of a size make one of the next.
 *
 * Only neighbours are merged, so that runs stay in the order of their rows. A small run with a larger one after it
 * (a clean close leaves small ones) counts as large as that one, so it does not keep its neighbours
 * apart. At most three runs of a size remain, and an entry is written once for each size that it passes through.
 *
 * @param entries of each run, oldest first
 * @returns first run and the run after the last, or undefined when there is nothing to do
 * @example planMerge([90_000, 5_000, 5_000, 5_000, 5_000]) // { from: 1, end: 5 }
 */
export function planMerge(entries: readonly number[]): { from: number; end: number } | undefined {
  let end = entries.length;
  let size = 0;
  for (let i = entries.length - 1; i >= 0; i -= 1) {
    const own = sizeOf(entries[i]!);
    if (own <= size) continue;
    if (end - (i + 1) >= RUNS_TO_MERGE) return { from: i + 1, end };
    end = i + 1;
    size = own;
  }
  return end >= RUNS_TO_MERGE ? { from: 0, end } : undefined;
}

function sizeOf(entries: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, entries / SIZE_UNIT)) / 2));
}
