/** Comparing totals, which are bigints and so neither subtract into a number nor go through `Math.max`. */

/**
 * For `sort`: the larger total first.
 *
 * @example [1n, 3n].sort(largerFirst) // [3n, 1n]
 */
export function largerFirst(a: bigint, b: bigint): number {
  return a === b ? 0 : a > b ? -1 : 1;
}

/** The largest of the totals; 0 when there is none. */
export function largestOf(totals: Iterable<bigint>): bigint {
  let largest = 0n;
  for (const total of totals) if (total > largest) largest = total;
  return largest;
}
